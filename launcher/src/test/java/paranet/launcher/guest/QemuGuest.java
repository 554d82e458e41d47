package paranet.launcher.guest;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * A Linux guest under QEMU's own translator (no KVM needed), inside a namespace: its memory a
 * shared memfd, its console a serial port, and a QMP socket.
 *
 * <p>Two vCPUs at the least even where one would do: with one possible vCPU the translator leaves
 * out the guest's memory barriers, on which the rings' notifications depend.
 *
 * <p>Threading: confined to the test's thread.
 */
final class QemuGuest implements AutoCloseable {
    private static final Duration BOOTED_WITHIN = Duration.ofMinutes(2);
    private static final Duration ENDED_WITHIN = Duration.ofSeconds(30);
    private static final int MEMORY_MIB = 512;

    private final String name;
    private final Program qemu;
    private final GuestConsole console;
    private final SocketChannel qmp;
    private final BufferedReader qmpReader;

    private QemuGuest(String name, Program qemu, GuestConsole console, SocketChannel qmp)
            throws IOException {
        this.name = name;
        this.qemu = qemu;
        this.console = console;
        this.qmp = qmp;
        this.qmpReader =
                new BufferedReader(
                        new InputStreamReader(
                                Channels.newInputStream(qmp), StandardCharsets.UTF_8));
        qmpReader.readLine(); // the greeting
        qmp("{\"execute\":\"qmp_capabilities\"}");
    }

    /** An archive with the modules and programs that the tests use in a guest. */
    static Path initramfs(Namespace namespace) {
        Provisioned provisioned = Provisioned.load();
        Path archive = namespace.file("initramfs.cpio");
        new Initramfs(provisioned.path("busybox"))
                .programs(
                        Path.of("/bin/bash"),
                        provisioned.path("ethtool"),
                        provisioned.path("iperf3"),
                        provisioned.path("ping"),
                        provisioned.path("socat"))
                .modules(provisioned.path("linux.modules"), "virtio_pci", "virtio_net")
                .write(archive);
        return archive;
    }

    /**
     * The options of a vhost-user interface with the id {@code n0}. Both strings of options are
     * empty or start with a comma.
     */
    static List<String> vhostUser(
            Path socket, int queuePairs, String chardevOptions, String deviceOptions) {
        String vectors = queuePairs > 1 ? ",mq=on,vectors=" + (2 * queuePairs + 2) : "";
        return List.of(
                "-chardev",
                "socket,id=c0,path=" + socket + chardevOptions,
                "-netdev",
                "vhost-user,id=n0,chardev=c0,queues=" + queuePairs,
                "-device",
                "virtio-net-pci,netdev=n0" + vectors + deviceOptions);
    }

    /** Starts QEMU and returns at once; see {@link #awaitBoot}. */
    static QemuGuest start(
            Namespace namespace, String name, Path initramfs, List<String> deviceOptions) {
        Provisioned provisioned = Provisioned.load();
        Path consoleSocket = namespace.file(name + "-console.sock");
        Path qmpSocket = namespace.file(name + "-qmp.sock");
        List<String> command =
                new ArrayList<>(
                        List.of(
                                provisioned.path("qemu").toString(),
                                "-nodefaults",
                                "-no-user-config",
                                "-display",
                                "none",
                                "-L",
                                provisioned.path("qemu.data").toString(),
                                "-L",
                                provisioned.path("qemu.seabios").toString(),
                                "-L",
                                provisioned.path("qemu.roms").toString(),
                                "-machine",
                                "q35",
                                "-accel",
                                "tcg,thread=multi",
                                "-cpu",
                                "max",
                                "-smp",
                                "2,maxcpus=2",
                                "-m",
                                MEMORY_MIB + "M",
                                "-object",
                                "memory-backend-memfd,id=m0,share=on,size=" + MEMORY_MIB + "M",
                                "-numa",
                                "node,memdev=m0",
                                "-kernel",
                                provisioned.path("linux.kernel").toString(),
                                "-initrd",
                                initramfs.toString(),
                                "-append",
                                "console=ttyS0 paranet.console=ttyS1 quiet panic=1 mitigations=off"
                                        + " no_timer_check", // it stops a boot when we are slow
                                "-serial",
                                "file:" + namespace.file(name + "-kernel.log"),
                                "-serial",
                                "unix:" + consoleSocket + ",server=on,wait=off",
                                "-qmp",
                                "unix:" + qmpSocket + ",server=on,wait=off"));
        command.addAll(deviceOptions);
        Program qemu = namespace.start(namespace.file(name + ".log"), command);
        try {
            SocketChannel console = connect(consoleSocket, qemu);
            SocketChannel qmp = connect(qmpSocket, qemu);
            return new QemuGuest(
                    name,
                    qemu,
                    new GuestConsole(
                            name,
                            Channels.newInputStream(console),
                            Channels.newOutputStream(console)),
                    qmp);
        } catch (IOException e) {
            qemu.close();
            throw new UncheckedIOException(qemu.tail(), e);
        }
    }

    /** Waits until the guest's init listens: after the start, and after each reboot. */
    void awaitBoot() {
        console.awaitReady(BOOTED_WITHIN);
    }

    GuestConsole console() {
        return console;
    }

    /**
     * Sends one QMP command and returns the line that answers it; an error is an AssertionError.
     */
    String qmp(String command) {
        try {
            qmp.write(ByteBuffer.wrap((command + "\n").getBytes(StandardCharsets.UTF_8)));
            while (true) {
                String line = qmpReader.readLine();
                if (line == null || line.startsWith("{\"error\"")) {
                    throw new AssertionError(command + ": " + line + "\n" + describe());
                }
                if (line.startsWith("{\"return\"")) { // events come between
                    return line;
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(describe(), e);
        }
    }

    /** Pulls or plugs the cable of an interface, as a user of the monitor does. */
    void setLink(String netdev, boolean up) {
        qmp(
                "{\"execute\":\"set_link\",\"arguments\":{\"name\":\"%s\",\"up\":%s}}"
                        .formatted(netdev, up));
    }

    /**
     * Reboots the machine from inside, without any orderly end of the driver, and waits for the
     * next boot.
     */
    void reboot() {
        console.send("reboot -f");
        awaitBoot();
    }

    /** SIGKILL. */
    void kill() {
        qemu.kill();
    }

    /** Powers the guest off from inside and expects QEMU to end with status 0. */
    void powerOff() {
        console.send("poweroff -f");
        qemu.expectSuccess(ENDED_WITHIN);
    }

    boolean isAlive() {
        return qemu.isAlive();
    }

    long pid() {
        return qemu.pid();
    }

    /** QEMU's messages and the end of the console, for a failure's message. */
    String describe() {
        return "QEMU "
                + name
                + (qemu.isAlive() ? " (alive)" : " (ended)")
                + ":\n"
                + qemu.tail()
                + "\n"
                + console.tail();
    }

    @Override
    public void close() {
        qemu.close();
        try {
            qmp.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static SocketChannel connect(Path path, Program qemu) throws IOException {
        Await.until(
                Duration.ofSeconds(30),
                () -> path.toFile().exists() || !qemu.isAlive(),
                () -> path + ", QEMU says:\n" + qemu.tail());
        if (!qemu.isAlive()) {
            throw new IOException("QEMU has ended");
        }
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        channel.connect(UnixDomainSocketAddress.of(path));
        return channel;
    }
}
