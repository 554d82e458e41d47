package paranet.core.linux;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import paranet.core.memory.NativeBuffer;

@Tag("tap")
final class LinkChangesTest {
    private static final int TAP = TunDevice.IFF_TAP | TunDevice.IFF_NO_PI;

    private interface Inside {
        void run(NetworkLink links, LinkChanges changes) throws Exception;
    }

    private static void inNamespace(Inside inside) throws Exception {
        NetworkNamespace.run(
                () -> {
                    try (NetworkLink links = NetworkLink.open();
                            LinkChanges changes = LinkChanges.open()) {
                        inside.run(links, changes);
                    }
                });
    }

    /** The kernel sends the message before the call that changes something returns. */
    private static boolean hasChanges(LinkChanges changes) throws LinuxException {
        boolean readable = OpenDescriptors.isReadable(changes.fd());
        changes.drain();
        assertFalse(OpenDescriptors.isReadable(changes.fd()), "drained");
        return readable;
    }

    @Test
    void tellsOfInterfacesMadeSwitchedAndDeleted() throws Exception {
        inNamespace(
                (links, changes) -> {
                    assertFalse(hasChanges(changes));
                    try (TunDevice tap = TunDevice.open()) {
                        tap.attach("tap0", TAP);
                        assertTrue(hasChanges(changes));
                        links.up("tap0", true);
                        assertTrue(hasChanges(changes));
                        assertFalse(hasChanges(changes));
                        links.up("tap0", false);
                        assertTrue(hasChanges(changes));
                    }
                    assertTrue(hasChanges(changes));
                    assertFalse(hasChanges(changes));
                });
    }

    @Test
    void goesOnAfterMessagesWereLost() throws Exception {
        inNamespace(
                (links, changes) -> {
                    loseMessages(links);
                    try (var one = NativeBuffer.allocate(1)) {
                        assertTrue(
                                Native.LIBC.read(changes.fd().number(), one.address(), 1) < 0
                                        && Native.errno() == Errno.ENOBUFS,
                                "more than the socket holds");
                    }
                    changes.drain();
                    loseMessages(links);
                    assertTrue(hasChanges(changes));
                    links.up("lo", true);
                    assertTrue(hasChanges(changes));
                });
    }

    private static void loseMessages(NetworkLink links) throws LinuxException {
        for (int i = 0; i < 1_000; i++) {
            links.up("lo", i % 2 == 0);
        }
    }

    @Test
    void neitherBlocksNorOutlivesAnExec() throws Exception {
        inNamespace(
                (links, changes) -> {
                    assertTrue(OpenDescriptors.isNonBlocking(changes.fd()));
                    assertTrue(OpenDescriptors.closesOnExec(changes.fd()));
                    changes.close();
                    assertTrue(changes.fd().isClosed());
                });
    }
}
