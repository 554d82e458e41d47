package paranet.launcher.guest;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A {@link Testpmd} which sends the frames of files to a back end that returns them, and writes
 * what comes back into other files: virtio_user is its port 0, and port 1 are the files, a pair for
 * each queue.
 *
 * <p>It waits for room in a full ring rather than drop, and every frame is expected back, so
 * nothing is in flight any more when a round ends.
 *
 * <p>Threading: confined to the test's thread.
 */
final class EchoingGuest implements AutoCloseable {
    private static final int VIRTIO_PORT = 0;
    private static final int FILE_PORT = 1;
    private static final Duration ECHOED_WITHIN = Duration.ofSeconds(60);

    private final Testpmd testpmd;
    private final List<Path> sent = new ArrayList<>();
    private final List<Path> returned = new ArrayList<>();

    private EchoingGuest(Testpmd testpmd, List<Path> sent, List<Path> returned) {
        this.testpmd = testpmd;
        this.sent.addAll(sent);
        this.returned.addAll(returned);
    }

    /**
     * Starts it and returns at once; see {@link #awaitPrompt}.
     *
     * @param device the options of the virtio_user device, its socket among them
     */
    static EchoingGuest start(
            Namespace namespace,
            String name,
            String device,
            int queuePairs,
            Testpmd.Memory memory,
            String... options) {
        List<Path> sent = files(namespace, name + "-sent", queuePairs);
        List<Path> returned = files(namespace, name + "-returned", queuePairs);
        StringBuilder files = new StringBuilder("net_pcap0");
        for (Path file : sent) {
            Pcap.write(file, List.of());
            files.append(",rx_pcap=").append(file);
        }
        for (Path file : returned) {
            files.append(",tx_pcap=").append(file);
        }
        List<String> all = new ArrayList<>(List.of("--rxq=" + queuePairs, "--txq=" + queuePairs));
        all.addAll(List.of(options));
        Testpmd testpmd =
                Testpmd.start(
                        namespace,
                        name,
                        memory,
                        List.of(
                                "net_virtio_user0,queues=" + queuePairs + "," + device,
                                files.toString()),
                        all);
        return new EchoingGuest(testpmd, sent, returned);
    }

    /** Waits until testpmd is ready; with {@code server=1} its back end has connected then. */
    void awaitPrompt() {
        testpmd.awaitPrompt();
        testpmd.waitForRoom();
    }

    /** Sends the frames of each queue and expects exactly them back: content, order and count. */
    void expectEcho(List<List<byte[]>> framesOfQueue) {
        startRound(framesOfQueue);
        awaitEcho(framesOfQueue.stream().mapToLong(List::size).sum());
        testpmd.command("stop");
        testpmd.command("port stop " + FILE_PORT); // closes the files
        for (int queue = 0; queue < framesOfQueue.size(); queue++) {
            expectSame("queue " + queue, framesOfQueue.get(queue), Pcap.read(returned.get(queue)));
        }
    }

    /** Expects one list of frames to equal another: content, order and count. */
    static void expectSame(String where, List<byte[]> expected, List<byte[]> actual) {
        int common = Math.min(expected.size(), actual.size());
        for (int number = 0; number < common; number++) {
            byte[] frame = actual.get(number);
            if (!Arrays.equals(expected.get(number), frame)) {
                assertArrayEquals(
                        expected.get(number),
                        frame,
                        "%s: frame %d of %d (what came was sent as number %d)"
                                .formatted(
                                        where, number, expected.size(), indexOf(expected, frame)));
            }
        }
        assertEquals(expected.size(), actual.size(), () -> where + ": how many frames");
    }

    Testpmd testpmd() {
        return testpmd;
    }

    /** True if virtio_user has its back end. */
    boolean isLinkUp() {
        return testpmd.command("show port info " + VIRTIO_PORT).contains("Link status: up");
    }

    @Override
    public void close() {
        testpmd.close();
    }

    /** The files are read from their beginning, and overwritten, when their port starts. */
    private void startRound(List<List<byte[]>> framesOfQueue) {
        testpmd.command("port stop " + FILE_PORT);
        for (int queue = 0; queue < framesOfQueue.size(); queue++) {
            Pcap.write(sent.get(queue), framesOfQueue.get(queue));
        }
        testpmd.command("port start " + FILE_PORT);
        testpmd.command("clear port stats all");
        testpmd.command("start");
    }

    private void awaitEcho(long frames) {
        Await.until(
                ECHOED_WITHIN,
                () -> testpmd.statistics(FILE_PORT).sent() >= frames,
                () ->
                        "%d frames back; the files: %s, virtio: %s%n%s"
                                .formatted(
                                        frames,
                                        testpmd.statistics(FILE_PORT),
                                        testpmd.statistics(VIRTIO_PORT),
                                        testpmd.describe()));
    }

    /** Tells a frame in the wrong place from one with wrong content, which is at -1. */
    private static int indexOf(List<byte[]> frames, byte[] wanted) {
        return IntStream.range(0, frames.size())
                .filter(index -> Arrays.equals(frames.get(index), wanted))
                .findFirst()
                .orElse(-1);
    }

    private static List<Path> files(Namespace namespace, String name, int count) {
        return IntStream.range(0, count)
                .mapToObj(queue -> namespace.file(name + "-" + queue + ".pcap"))
                .toList();
    }
}
