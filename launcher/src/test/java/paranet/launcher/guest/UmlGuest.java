package paranet.launcher.guest;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A guest that is an ordinary process: User-Mode Linux, inside a namespace, its console on its
 * standard streams. Its virtio-net driver runs at native speed, and config space and control queue
 * are the back end's own.
 *
 * <p>UML saves its processes' registers through the host's ptrace, and a version as old as Debian
 * 12's cannot hold what a processor with AMX has to save: its first process dies. So it runs behind
 * a seccomp filter which refuses it that way, on every machine alike; it then uses the older one,
 * which keeps only the SSE registers, and therefore the C library in the guest is told to leave the
 * wider ones alone.
 *
 * <p>Threading: confined to the test's thread.
 */
final class UmlGuest implements AutoCloseable {
    private static final Duration BOOTED_WITHIN = Duration.ofMinutes(1);
    private static final Duration ENDED_WITHIN = Duration.ofSeconds(20);
    private static final String MEMORY = "mem=192M";
    private static final String NO_WIDE_REGISTERS =
            "GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX,-AVX2,-AVX512F,-AVX512BW,-AVX512VL,-FMA,-AVX_Fast_Unaligned_Load";

    private final String name;
    private final Path log;
    private final Process process;
    private final GuestConsole console;
    private long mainPid;

    private UmlGuest(String name, Path log, Process process) {
        this.name = name;
        this.log = log;
        this.process = process;
        this.console = new GuestConsole(name, process.getInputStream(), process.getOutputStream());
    }

    /** An archive with the modules and programs that the tests use in a guest. */
    static Path initramfs(Namespace namespace) {
        Provisioned provisioned = Provisioned.load();
        Path archive = namespace.file("uml-initramfs.cpio");
        new Initramfs(provisioned.path("busybox"))
                .programs(
                        Path.of("/bin/bash"),
                        provisioned.path("bridge"),
                        provisioned.path("ethtool"),
                        provisioned.path("ip"),
                        provisioned.path("iperf3"),
                        provisioned.path("ping"),
                        provisioned.path("socat"),
                        provisioned.path("tcpdump"))
                .modules(provisioned.path("uml.modules"), "virtio_net", "8021q")
                .file("etc/passwd", "root:x:0:0::/:/bin/sh\n".getBytes(StandardCharsets.US_ASCII))
                .write(archive);
        return archive;
    }

    /** The kernel's parameter for a virtio network interface behind a vhost-user socket. */
    static String virtioNet(Path socket) {
        return "virtio_uml.device=" + socket + ":1";
    }

    /** Starts UML with parameters of the kernel and returns at once; see {@link #awaitBoot}. */
    static UmlGuest start(Namespace namespace, String name, Path initramfs, String... parameters) {
        Provisioned provisioned = Provisioned.load();
        Path filter = namespace.file(name + "-ptrace.bpf");
        Path log = namespace.file(name + "-kernel.log");
        List<String> command =
                new ArrayList<>(
                        List.of(
                                "bash",
                                "-c",
                                "exec \"$@\" 9<" + filter,
                                name,
                                provisioned.path("bwrap").toString(),
                                "--dev-bind",
                                "/",
                                "/",
                                "--seccomp",
                                "9",
                                provisioned.path("uml").toString(),
                                MEMORY,
                                "initrd=" + initramfs,
                                "uml_dir=" + namespace.file(name + "-uml") + "/",
                                "stderr=1",
                                "con=null",
                                "con1=fd:0,fd:1",
                                "ssl=null",
                                "paranet.console=tty1",
                                NO_WIDE_REGISTERS));
        command.addAll(List.of(parameters));
        try {
            Files.write(filter, withoutExtendedRegisters());
            Process process =
                    new ProcessBuilder(namespace.inside(command))
                            .redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()))
                            .start();
            return new UmlGuest(name, log, process);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot start " + command, e);
        }
    }

    /** Waits until the guest's init listens. */
    void awaitBoot() {
        try {
            console.awaitReady(BOOTED_WITHIN);
        } catch (AssertionError e) {
            throw new AssertionError(describe(), e);
        }
        mainPid = onlyChild(process.pid()); // its sandbox waits for it
    }

    GuestConsole console() {
        return console;
    }

    /**
     * The process id of the kernel, which is that of its process group as well: the guest's own
     * processes and the kernel's helpers are in it.
     */
    long pid() {
        return mainPid;
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** SIGKILL to the whole process group, and waits until it is gone. */
    void kill() {
        signalGroup("KILL");
        awaitEnd();
    }

    /**
     * SIGKILL to the kernel only. Its helpers live on and hold its socket, eventfds and memory, so
     * no peer sees it end; {@link #close} ends them.
     */
    void killKernelOnly() {
        ProcessHandle.of(mainPid).ifPresent(ProcessHandle::destroyForcibly);
        awaitEnd();
    }

    /** Powers the guest off from inside. */
    void powerOff() {
        console.send("poweroff -f");
        awaitEnd();
    }

    /** The end of the kernel's messages and of the console, for a failure's message. */
    String describe() {
        return "UML "
                + name
                + (isAlive() ? " (alive)" : " (ended)")
                + ":\n"
                + Program.tail(log)
                + "\n"
                + console.tail();
    }

    @Override
    public void close() {
        if (mainPid == 0) { // it did not boot; its group may not exist yet
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        } else {
            signalGroup("KILL");
        }
        awaitEnd();
    }

    /** A group that has ended already is no error. */
    private void signalGroup(String signal) {
        String script = "kill -%s -- -%d 2>/dev/null || true".formatted(signal, mainPid);
        Program.run(ENDED_WITHIN, List.of("bash", "-c", script));
    }

    private static long onlyChild(long pid) {
        Path file = Path.of("/proc", Long.toString(pid), "task", Long.toString(pid), "children");
        try {
            return Long.parseLong(Files.readString(file, StandardCharsets.US_ASCII).strip());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * A seccomp program (struct sock_filter of linux/filter.h, struct seccomp_data of
     * linux/seccomp.h): ptrace's GETREGSET and SETREGSET of NT_X86_XSTATE fail with EINVAL, all
     * else passes.
     */
    private static byte[] withoutExtendedRegisters() {
        int load = 0x20; // BPF_LD | BPF_W | BPF_ABS: k is the offset
        int ifEqual = 0x15; // BPF_JMP | BPF_JEQ | BPF_K: skip this many if so, if not so
        int end = 0x06; // BPF_RET | BPF_K
        int[][] program = {
            {load, 0, 0, 0}, // the number of the call
            {ifEqual, 0, 6, 101}, // ptrace
            {load, 0, 0, 16}, // its request
            {ifEqual, 1, 0, 0x4204}, // PTRACE_GETREGSET
            {ifEqual, 0, 3, 0x4205}, // PTRACE_SETREGSET
            {load, 0, 0, 32}, // its addr
            {ifEqual, 0, 1, 0x202}, // NT_X86_XSTATE
            {end, 0, 0, 0x0005_0000 | 22}, // SECCOMP_RET_ERRNO, EINVAL
            {end, 0, 0, 0x7fff_0000}, // SECCOMP_RET_ALLOW
        };
        ByteBuffer bytes = ByteBuffer.allocate(8 * program.length).order(ByteOrder.nativeOrder());
        for (int[] step : program) {
            bytes.putShort((short) step[0]).put((byte) step[1]).put((byte) step[2]).putInt(step[3]);
        }
        return bytes.array();
    }

    private void awaitEnd() {
        try {
            if (!process.waitFor(ENDED_WITHIN.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new AssertionError("still runs: " + describe());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted: " + describe(), e);
        }
    }
}
