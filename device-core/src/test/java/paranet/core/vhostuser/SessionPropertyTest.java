package paranet.core.vhostuser;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import paranet.core.linux.Fd;
import paranet.core.linux.Memfd;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * A million hostile conversations with codec and session.
 *
 * <p><em>Strategy</em>: a conversation is a correct one that is cut somewhere, followed by a few
 * requests drawn at random, most of them well formed with likely and unlikely numbers, some with a
 * byte changed, cut, lengthened, with descriptors too many or too few, some pure noise. Now and
 * then the host refuses, a ring breaks by itself, or everybody says that it stands elsewhere. One
 * conversation in a hundred sends real descriptors; the others send numbers that no process can
 * have open.
 *
 * <p><em>Invariants</em>: nothing is thrown but ProtocolException; every descriptor that came is
 * owned by the host or closed, after every message, and closed at the end; rings are started and
 * enabled as the model says; a request is refused when the model refuses it, and then changes
 * nothing; a reply comes exactly when it is due, with flags 5 and a true length.
 *
 * <p>A failure names its seed; -Dparanet.fuzz.seed=N -Dparanet.fuzz.conversations=1 replays it.
 */
class SessionPropertyTest {
    private static final long SEED = Long.getLong("paranet.fuzz.seed", 20260101);
    private static final int CONVERSATIONS =
            Integer.getInteger("paranet.fuzz.conversations", 1_000_000);
    private static final String PATTERN = "paranet-hostile";
    private static final int THREADS = 2;
    private static final int REAL_DESCRIPTORS_EVERY = 100;

    /** What conversations came to. */
    private record Counts(long broken, long refused, long replies, long started) {
        private Counts plus(Counts more) {
            return new Counts(
                    broken + more.broken,
                    refused + more.refused,
                    replies + more.replies,
                    started + more.started);
        }
    }

    @Test
    void survivesHostileConversations() throws Exception {
        Counts counts = new Counts(0, 0, 0, 0);
        try (Fd pattern = Memfd.create(PATTERN, 4096);
                ExecutorService threads = Executors.newFixedThreadPool(THREADS)) {
            List<Callable<Counts>> shares = new ArrayList<>();
            for (int share = 0; share < THREADS; share++) {
                int first = share;
                shares.add(() -> converse(first, pattern));
            }
            for (Future<Counts> each : threads.invokeAll(shares)) {
                counts = counts.plus(each.get());
            }
            assertEquals(1, openPatterns(), "duplicates of the pattern left open, and itself");
        }
        System.out.printf("%d conversations: %s%n", CONVERSATIONS, counts);
        if (CONVERSATIONS >= 1000) { // the generator reaches what it is meant to reach
            assertTrue(
                    Math.min(
                                    Math.min(counts.broken, counts.refused),
                                    Math.min(counts.replies, counts.started))
                            > CONVERSATIONS / 10,
                    counts.toString());
        }
    }

    private static Counts converse(int first, Fd pattern) {
        Counts counts = new Counts(0, 0, 0, 0);
        for (int i = first; i < CONVERSATIONS; i += THREADS) {
            long seed = SEED + i;
            HostileConversation conversation =
                    new HostileConversation(
                            seed, seed % REAL_DESCRIPTORS_EVERY == 0 ? pattern : null);
            try {
                conversation.run();
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError(
                        "seed %d (-Dparanet.fuzz.seed=%d -Dparanet.fuzz.conversations=1):%n%s"
                                .formatted(seed, seed, conversation.said()),
                        e);
            }
            counts =
                    counts.plus(
                            new Counts(
                                    conversation.broken ? 1 : 0,
                                    conversation.refused,
                                    conversation.replies,
                                    conversation.started));
        }
        return counts;
    }

    private static long openPatterns() throws IOException {
        long count = 0;
        try (DirectoryStream<Path> open = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
            for (Path each : open) {
                if (Files.isSymbolicLink(each)
                        && Files.readSymbolicLink(each).toString().contains(PATTERN)) {
                    count++;
                }
            }
        }
        return count;
    }
}
