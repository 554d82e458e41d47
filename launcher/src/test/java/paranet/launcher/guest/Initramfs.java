package paranet.launcher.guest;

import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A guest's whole file system as a cpio archive (Linux
 * Documentation/driver-api/early-userspace/buffer-format.rst, "newc"): a static busybox, host
 * programs with their shared libraries, kernel modules, and an {@code init} that loads the modules
 * and then serves a {@link GuestConsole}.
 *
 * <p>The kernel's parameter {@code paranet.console=} names the terminal of the console, such as
 * {@code ttyS1}.
 *
 * <p>Threading: confined to the test's thread.
 */
final class Initramfs {
    /** Starts the line by which init says that it listens. */
    static final String READY = "@@ready";

    /** Starts the line that ends a script's output; its number and exit status follow. */
    static final String END = "@@end";

    private static final int DIRECTORY = 0040755;
    private static final int EXECUTABLE = 0100755;
    private static final int SYMBOLIC_LINK = 0120777;
    private static final int CHARACTER_DEVICE = 0020600;
    private static final Duration QUICK = Duration.ofSeconds(20);
    private static final Pattern LIBRARY = Pattern.compile("(/\\S+) \\(0x");
    private static final Pattern DEPENDS = Pattern.compile("\u0000depends=([^\u0000]*)\u0000");

    private static final String INIT =
            """
            #!/bin/busybox sh
            /bin/busybox mount -t devtmpfs dev /dev
            /bin/busybox mount -t proc proc /proc
            /bin/busybox mount -t sysfs sys /sys
            /bin/busybox mkdir -p /dev/shm /tmp /run /etc
            /bin/busybox --install -s /busybox
            export PATH=/bin:/busybox HOME=/ LC_ALL=C
            for module in $(cat /modules/order); do
                insmod /modules/$module.ko || echo "init: cannot load $module"
            done
            ip link set lo up
            console=/dev/$(sed -n 's/.*paranet\\.console=\\([^ ]*\\).*/\\1/p' /proc/cmdline)
            stty raw -echo <$console
            sh /console <$console >$console
            echo "init: the console has ended"
            poweroff -f
            """;

    // Not in init itself: its orphans' ends would interrupt "read", which then forgets half a line.
    private static final String CONSOLE =
            """
            echo "@@ready"
            while read -r number limit script; do
                echo "$script" | base64 -d >/run/script
                timeout -s KILL $limit sh /run/script </dev/null 2>&1
                echo "@@end $number $?"
            done
            """;

    private final Map<String, byte[]> files = new LinkedHashMap<>();
    private final Set<String> modules = new LinkedHashSet<>();

    /** One with busybox and the console's init, and nothing else. */
    Initramfs(Path busybox) {
        files.put("init", INIT.getBytes(StandardCharsets.UTF_8));
        files.put("console", CONSOLE.getBytes(StandardCharsets.UTF_8));
        files.put("bin/busybox", read(busybox));
    }

    /**
     * Adds host programs, found by their absolute path, as {@code /bin/NAME} with the libraries
     * that ldd names.
     */
    Initramfs programs(Path... programs) {
        for (Path program : programs) {
            files.put("bin/" + program.getFileName(), read(program));
            Matcher library =
                    LIBRARY.matcher(Program.run(QUICK, List.of("ldd", program.toString())));
            while (library.find()) {
                files.computeIfAbsent(
                        library.group(1).substring(1), name -> read(Path.of("/" + name)));
            }
        }
        return this;
    }

    /**
     * Adds kernel modules and, before them, those they depend on; init loads them in this order.
     */
    Initramfs modules(Path moduleTree, String... names) {
        Map<String, Path> tree;
        try (Stream<Path> walk = Files.walk(moduleTree)) {
            tree =
                    walk.filter(path -> path.toString().endsWith(".ko"))
                            .collect(Collectors.toMap(Initramfs::moduleName, path -> path));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        for (String name : names) {
            addModule(tree, name);
        }
        return this;
    }

    /** Adds a file, by its name without a leading slash, executable. */
    Initramfs file(String name, byte[] content) {
        files.put(name, content.clone());
        return this;
    }

    /** Writes the archive, uncompressed: a guest under emulation copies faster than it inflates. */
    void write(Path archive) {
        files.put("modules/order", String.join("\n", modules).getBytes(StandardCharsets.UTF_8));
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(archive))) {
            int inode = 1;
            for (String directory : directories()) {
                out.write(entry(inode++, directory, DIRECTORY, 0, 0, new byte[0]));
            }
            out.write(entry(inode++, "dev/console", CHARACTER_DEVICE, 5, 1, new byte[0]));
            out.write(entry(inode++, "etc/mtab", SYMBOLIC_LINK, 0, 0, ascii("/proc/mounts")));
            for (Map.Entry<String, byte[]> file : files.entrySet()) {
                out.write(entry(inode++, file.getKey(), EXECUTABLE, 0, 0, file.getValue()));
            }
            out.write(entry(inode, "TRAILER!!!", 0, 0, 0, new byte[0]));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void addModule(Map<String, Path> tree, String name) {
        Path path = tree.get(name);
        if (path == null) {
            throw new IllegalArgumentException("no module " + name + " among " + tree.size());
        }
        byte[] content = read(path);
        Matcher depends = DEPENDS.matcher(new String(content, StandardCharsets.ISO_8859_1));
        if (depends.find() && !depends.group(1).isEmpty()) {
            for (String other : depends.group(1).split(",", -1)) {
                addModule(tree, other);
            }
        }
        if (modules.add(name)) {
            files.put("modules/" + name + ".ko", content);
        }
    }

    /** Every directory above a file, parents first, and the mount points. */
    private Set<String> directories() {
        Set<String> directories =
                new LinkedHashSet<>(List.of("busybox", "dev", "etc", "proc", "run", "sys", "tmp"));
        for (String file : files.keySet()) {
            List<String> above = new ArrayList<>();
            for (Path at = Path.of(file).getParent(); at != null; at = at.getParent()) {
                above.addFirst(at.toString());
            }
            directories.addAll(above);
        }
        return directories;
    }

    /**
     * One member: 110 characters of header, the name with its NUL, the content, each padded to 4
     * bytes.
     */
    private static byte[] entry(
            int inode, String name, int mode, int major, int minor, byte[] content) {
        int links = 1;
        int time = 0;
        int nameBytes = name.length() + 1;
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(ascii("070701"));
        int[] fields = {
            inode, mode, 0, 0, links, time, content.length, 0, 0, major, minor, nameBytes, 0
        };
        for (int field : fields) {
            out.writeBytes(ascii("%08x".formatted(field)));
        }
        out.writeBytes(ascii(name + "\0"));
        pad(out);
        out.writeBytes(content);
        pad(out);
        return out.toByteArray();
    }

    private static void pad(ByteArrayOutputStream out) {
        while (out.size() % 4 != 0) {
            out.write(0);
        }
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static String moduleName(Path path) {
        String file = path.getFileName().toString();
        return file.substring(0, file.length() - ".ko".length()).replace('-', '_');
    }

    private static byte[] read(Path path) {
        try {
            return Files.readAllBytes(path);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
