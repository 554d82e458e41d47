package paranet.guest.demo;

import paranet.guest.NetworkDriver;

import java.io.IOException;
import java.net.Inet4Address;
import java.util.function.Supplier;

/**
 * One guest of a demo and the kernel behind its TAP.
 *
 * @param device its name for people
 * @param opener of the guest's driver, which the demo closes
 * @param kernelAddress the TAP's own address, set already
 * @param guestAddress an address beside it, which the guest takes
 * @param backend asked a few times a second
 *     <p>Threading: immutable.
 */
public record DemoSide(
        String device,
        Opener opener,
        Inet4Address kernelAddress,
        Inet4Address guestAddress,
        Supplier<BackendFigures> backend) {
    /** Connects a driver to its back end. */
    @FunctionalInterface
    public interface Opener {
        NetworkDriver open() throws IOException;
    }

    String title() {
        return "%s: guest %s, kernel %s"
                .formatted(device, guestAddress.getHostAddress(), kernelAddress.getHostAddress());
    }
}
