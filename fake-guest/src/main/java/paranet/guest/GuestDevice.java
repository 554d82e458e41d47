package paranet.guest;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;

/**
 * Which device a guest drives.
 *
 * <p>Threading: immutable.
 */
public enum GuestDevice {
    VIRTIO_NET {
        @Override
        public NetworkDriver openLarge(Path path, long seed) throws IOException {
            return VirtioNetDriver.open(
                    FakeFrontend.connect(path, FrontendOptions.usual(seed)),
                    DriverOptions.large(seed));
        }
    },
    VENET {
        @Override
        public NetworkDriver openLarge(Path path, long seed) throws IOException {
            return VenetGuest.open(
                    BusFrontend.connect(path, BusOptions.usual(seed)),
                    VenetDriverOptions.usual(seed),
                    1);
        }
    };

    /** A driver with one port, which leaves segments to the device if that takes them. */
    public abstract NetworkDriver openLarge(Path path, long seed) throws IOException;

    /** The name on a command line. */
    public String word() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
