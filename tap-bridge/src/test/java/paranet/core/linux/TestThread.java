package paranet.core.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.slf4j.LoggerFactory;

import paranet.core.memory.NativeBuffer;
import paranet.core.memory.SharedMemory;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** What a test does to the thread it runs on, which ends with it, and asks of the kernel. */
public final class TestThread {
    public static final int NOBODY = 65534;

    private static final int IFF_RUNNING = 0x40;
    private static final int POLLIN = 1;
    private static final int CLONE_NEWNS = 0x20000;
    private static final long TUNSETSNDBUF = 0x400454d4L;
    private static final long SETRESUID = System.getProperty("os.arch").equals("amd64") ? 117 : 147;

    private TestThread() {}

    /** Gives up root, and every capability with it, for this thread alone. */
    public static void becomeNobody() {
        LoggerFactory.getLogger(TestThread.class); // reads files that nobody may not
        assertEquals(0, TestLibC.LIBC.syscall(SETRESUID, NOBODY, NOBODY, NOBODY));
    }

    /** Hides /dev/net behind an empty directory from this thread and its children. */
    public static void hideDevNet() throws Exception {
        assertEquals(0, Native.LIBC.unshare(CLONE_NEWNS));
        run("mount", "--make-rprivate", "/");
        run("mount", "-t", "tmpfs", "none", "/dev/net");
    }

    /** Keeps interfaces made from now on in this namespace from sending frames by themselves. */
    public static void silenceIpv6() throws IOException {
        Files.writeString(Path.of("/proc/sys/net/ipv6/conf/default/disable_ipv6"), "1");
    }

    /**
     * Waits until an interface carries frames: the kernel starts one whose carrier came later, such
     * as a veth, in a work item of its own.
     */
    public static void awaitRunning(String name) throws IOException, InterruptedException {
        try (NetworkLink links = NetworkLink.open()) {
            long deadline = System.nanoTime() + 10_000_000_000L;
            while ((links.flags(name) & IFF_RUNNING) == 0) {
                assertTrue(System.nanoTime() < deadline, name + " does not come up");
                Thread.onSpinWait();
            }
        }
        run("ip", "link", "set", name, "txqueuelen", "1000"); // comes after the item's own lock
    }

    /** Runs a program in this thread's namespaces and expects status 0. */
    public static String run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), List.of(command) + ": " + output);
        return output;
    }

    /** Bounds how much a TAP queue's writer may have on its way (TUNSETSNDBUF). */
    public static void sendBuffer(int descriptor, int bytes) {
        try (NativeBuffer number = NativeBuffer.allocate(4)) {
            SharedMemory.putLe32(number.address(), bytes);
            assertEquals(0, Native.LIBC.ioctl(descriptor, TUNSETSNDBUF, number.address()));
        }
    }

    /** Whether a read would find something now (poll(2)). */
    public static boolean isReadable(int descriptor) {
        try (NativeBuffer poll = NativeBuffer.allocate(8)) {
            SharedMemory.putLe32(poll.address(), descriptor);
            SharedMemory.putLe16(poll.address() + 4, POLLIN);
            return Native.LIBC.poll(poll.address(), 1, 0) == 1;
        }
    }

    public static boolean isOpen(int descriptor) {
        return Native.LIBC.fcntl(descriptor, 1, 0) >= 0; // F_GETFD
    }

    public static boolean isNonBlocking(int descriptor) {
        return (Native.LIBC.fcntl(descriptor, Flags.F_GETFL, 0) & Flags.O_NONBLOCK) != 0;
    }

    /** Opens a file, for reading and writing, and does not own what comes out. */
    public static int open(String path) {
        return Native.LIBC.open(path, Flags.O_RDWR | Flags.O_CLOEXEC, 0);
    }
}
