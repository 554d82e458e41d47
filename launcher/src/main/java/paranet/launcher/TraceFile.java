package paranet.launcher;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import paranet.core.vhostuser.WireTrace;

import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * The file that {@code --trace} names: a line for each message, there as soon as it passed. When it
 * cannot be written any more, the ports go on without.
 *
 * <p>Threading: any thread may write; the one that opened it closes it.
 */
final class TraceFile implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(TraceFile.class);

    private final Path path;
    private final BufferedWriter writer; // guarded by itself
    private boolean failed; // guarded by writer

    /** Creates the file, or empties it. */
    TraceFile(Path path) throws IOException {
        this.path = path;
        try {
            this.writer = Files.newBufferedWriter(path, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new IOException("--trace=%s cannot be written: %s".formatted(path, why(e)), e);
        }
    }

    private static String why(IOException e) {
        return switch (e) {
            case NoSuchFileException _ -> "its directory is not there";
            case AccessDeniedException _ -> "permission denied";
            case FileSystemException other when other.getReason() != null -> other.getReason();
            default -> e.toString();
        };
    }

    /** A trace whose lines begin with {@code prefix}. */
    WireTrace withPrefix(String prefix) {
        return line -> write(prefix + line);
    }

    private void write(String line) {
        synchronized (writer) {
            if (failed) {
                return;
            }
            try {
                writer.write(line);
                writer.newLine();
                writer.flush();
            } catch (IOException e) {
                failed = true;
                LOG.warn("{}: the trace ends: {}", path, e.getMessage());
            }
        }
    }

    @Override
    public void close() {
        synchronized (writer) {
            failed = true;
            try {
                writer.close();
            } catch (IOException e) {
                LOG.warn("{}: the trace's end is lost: {}", path, e.getMessage());
            }
        }
    }
}
