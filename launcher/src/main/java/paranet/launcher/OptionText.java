package paranet.launcher;

import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Texts on the command line that are neither numbers nor features: checked, with the bounds that
 * the kernel has.
 *
 * <p>Threading: immutable.
 */
final class OptionText {
    /** sun_path of struct sockaddr_un holds 108 bytes with its closing zero (unix(7)). */
    private static final int SOCKET_PATH_BYTES_MAX = 107;

    /** IFNAMSIZ is 16 with its closing zero (linux/if.h). */
    private static final int INTERFACE_NAME_BYTES_MAX = 15;

    /** What every tool can handle; the kernel alone would allow more. */
    private static final Pattern INTERFACE_NAME = Pattern.compile("[A-Za-z0-9_.-]+");

    private OptionText() {}

    static Path socketPath(String text) throws OptionException {
        return socketPath("--socket-path", text);
    }

    static Path socketPath(String option, String text) throws OptionException {
        int length = text.getBytes(StandardCharsets.UTF_8).length;
        if (length == 0) {
            throw new OptionException(option + " is empty; name a path, as in /run/vm1.sock");
        }
        if (length > SOCKET_PATH_BYTES_MAX) {
            throw new OptionException(
                    "%s=%s has %d bytes, 1 to %d are possible; use a shorter directory"
                            .formatted(option, text, length, SOCKET_PATH_BYTES_MAX));
        }
        Path path = path(option, text);
        if (path.getFileName() == null) {
            throw new OptionException(
                    option + "=" + text + " names no file; name one, as in /run/vm1.sock");
        }
        return path;
    }

    /** A file of the user's; whether it can be written shows when it is opened. */
    static Path file(String option, String text) throws OptionException {
        if (text.isEmpty()) {
            throw new OptionException(option + " is empty; name a file");
        }
        return path(option, text);
    }

    private static Path path(String option, String text) throws OptionException {
        try {
            return Path.of(text);
        } catch (InvalidPathException e) {
            throw new OptionException(option + "=" + text + " is no path: " + e.getReason(), e);
        }
    }

    static long seed(String text) throws OptionException {
        try {
            return Long.parseLong(text);
        } catch (NumberFormatException e) {
            throw new OptionException(
                    "--seed=" + text + " is not a whole number of -2^63 to 2^63-1", e);
        }
    }

    private static void interfaceName(String text) throws OptionException {
        int length = text.getBytes(StandardCharsets.UTF_8).length;
        if (length == 0 || length > INTERFACE_NAME_BYTES_MAX) {
            throw new OptionException(
                    "--tap=%s has %d bytes, 1 to %d are possible; choose another name"
                            .formatted(text, length, INTERFACE_NAME_BYTES_MAX));
        }
        if (!INTERFACE_NAME.matcher(text).matches() || text.equals(".") || text.equals("..")) {
            throw new OptionException(
                    "--tap="
                            + text
                            + " is no interface name; use letters, digits, '.', '_' and '-'");
        }
    }

    /** The name of the only interface. */
    static List<String> interfaceNames(List<String> texts) throws OptionException {
        return distinct(texts, 1, "");
    }

    /** The names of {@code count} interfaces: one each, or one with %d for the number from 0. */
    static List<String> interfaceNames(List<String> texts, int count) throws OptionException {
        if (texts.size() > 1 || !texts.getFirst().contains("%d")) {
            return distinct(texts, count, ", or one with %d for the number");
        }
        List<String> names = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            names.add(texts.getFirst().replaceFirst("%d", Integer.toString(i)));
        }
        return distinct(names, count, "");
    }

    private static List<String> distinct(List<String> names, int count, String otherwise)
            throws OptionException {
        for (String name : names) {
            interfaceName(name);
            if (names.indexOf(name) != names.lastIndexOf(name)) {
                throw new OptionException(
                        "--tap=%s is named twice; once is enough".formatted(name));
            }
        }
        if (names.size() != count) {
            throw new OptionException(
                    "--tap names %d interfaces, %d %s: name each%s"
                            .formatted(
                                    names.size(),
                                    count,
                                    count == 1 ? "is possible" : "are needed",
                                    otherwise));
        }
        return names;
    }

    static List<Integer> tapDescriptors(String text) throws OptionException {
        List<Integer> descriptors = new ArrayList<>();
        for (String item : text.split(",", -1)) {
            int descriptor = IntBound.TAP_FD.parse(item);
            if (descriptors.contains(descriptor)) {
                throw new OptionException(
                        "--tap-fd=%s names %d twice; each queue pair needs its own"
                                .formatted(text, descriptor));
            }
            descriptors.add(descriptor);
        }
        if (descriptors.size() > IntBound.QUEUES.max()) {
            throw new OptionException(
                    "--tap-fd names %d descriptors, at most %d are possible; one per queue pair"
                            .formatted(descriptors.size(), IntBound.QUEUES.max()));
        }
        return descriptors;
    }
}
