package paranet.launcher.guest;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Properties;

/**
 * What {@code launcher/src/test/guests/provision.sh} prepared: front ends, kernels and tools by the
 * keys of its properties file.
 *
 * <p>Threading: immutable.
 */
final class Provisioned {
    private static final String SCRIPT = "launcher/src/test/guests/provision.sh";

    private final Properties properties;

    private Provisioned(Properties properties) {
        this.properties = properties;
    }

    /**
     * What is prepared, or why nothing can be used: one sentence with the command that cures it.
     */
    static Optional<String> obstacle() {
        if (!"root".equals(System.getProperty("user.name"))) {
            return Optional.of("real guests need root: namespaces and TAP devices");
        }
        if (!Files.isReadable(file())) {
            return Optional.of(file() + " does not exist; run " + SCRIPT);
        }
        return Optional.empty();
    }

    /**
     * Reads the properties file.
     *
     * @throws UncheckedIOException if there is none
     */
    static Provisioned load() {
        Properties properties = new Properties();
        try (var reader = Files.newBufferedReader(file())) {
            properties.load(reader);
        } catch (IOException e) {
            throw new UncheckedIOException("run " + SCRIPT, e);
        }
        return new Provisioned(properties);
    }

    /** The file or directory of a key such as {@code qemu} or {@code linux.modules}. */
    Path path(String key) {
        String value = properties.getProperty(key);
        if (value == null) {
            throw new IllegalArgumentException(file() + " has no " + key + "; run " + SCRIPT);
        }
        return Path.of(value);
    }

    /** The root of the source tree, found upwards of the working directory. */
    static Path projectRoot() {
        Path start = Path.of("").toAbsolutePath();
        for (Path at = start; at != null; at = at.getParent()) {
            if (Files.isExecutable(at.resolve(SCRIPT))) {
                return at;
            }
        }
        throw new IllegalStateException("no " + SCRIPT + " in or above " + start);
    }

    private static Path file() {
        String cache = System.getenv("PARANET_GUESTS");
        if (cache != null) {
            return Path.of(cache, "guests.properties");
        }
        String xdg = System.getenv("XDG_CACHE_HOME");
        Path base = xdg != null ? Path.of(xdg) : Path.of(System.getenv("HOME"), ".cache");
        return base.resolve("paranet/guests/guests.properties");
    }
}
