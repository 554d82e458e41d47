package paranet.core.mitigation;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.lang.management.ManagementFactory;

/** Deciding makes no garbage. */
class MitigationAllocationTest {
    private static final int FRAMES = 200_000;
    private static final FrameClass[] CLASSES = FrameClass.values();

    private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private long now;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "none",
                "fixed",
                "throttle",
                "dim,adaptive-tx=on",
                "vic",
                "pace",
                "pace,irq-budget=50"
            })
    void allocatesNothingPerFrame(String text) {
        PolicyOptions options = CoalesceText.parse(text);
        DeviceCalls device = options.guestCalls().device();
        EventFold fold = new EventFold();
        QueueCalls[] queues = {
            queue(options, QueueView.Kind.RECEIVE, device, null),
            queue(options, QueueView.Kind.TRANSMIT, device, null),
            queue(options, QueueView.Kind.RECEIVE, device, fold),
        };
        pass(queues, fold);

        long before = threads.getCurrentThreadAllocatedBytes();
        pass(queues, fold);
        long allocated = threads.getCurrentThreadAllocatedBytes() - before;

        assertTrue(allocated < FRAMES, allocated + " bytes for " + FRAMES + " frames");
    }

    private static QueueCalls queue(
            PolicyOptions options, QueueView.Kind kind, DeviceCalls device, EventFold fold) {
        return new QueueCalls(
                kind, 256, options.policy(kind, 256, device), device, fold, options.costs());
    }

    private void pass(QueueCalls[] queues, EventFold fold) {
        for (int i = 0; i < FRAMES; i++) {
            now += 1000 + i % 7 * 3000;
            QueueCalls queue = queues[i % queues.length];
            if (i % 5 != 0) {
                queue.published(CLASSES[i % CLASSES.length], 1, 100, now);
            }
            queue.ring(i % 3 != 0, i % 3 == 0, i, 100, i, now);
            queue.decide(now);
            fold.injected(i % 2 == 0);
        }
    }

    @Test
    void tellsFramesApartWithoutGarbage() {
        FlowTable flows = new FlowTable();
        byte[] header = new byte[FlowTable.HEADER_BYTES_MAX];
        header[12] = 8;
        header[14] = 0x45;
        header[23] = 6;
        header[46] = 0x50;
        classify(flows, header);
        long before = threads.getCurrentThreadAllocatedBytes();
        int urgent = classify(flows, header);
        long allocated = threads.getCurrentThreadAllocatedBytes() - before;
        assertTrue(allocated < FRAMES, allocated + " bytes for " + FRAMES + " frames");
        assertTrue(urgent > 0);
    }

    private static int classify(FlowTable flows, byte[] header) {
        int urgent = 0;
        for (int i = 0; i < FRAMES; i++) {
            header[17] = (byte) i;
            header[37] = (byte) (i >> 4);
            FrameClass of = flows.classify(header, 64, 64 + i % 1400, i % 9 == 0, i % 2 == 0, i);
            urgent += of == FrameClass.URGENT ? 1 : 0;
        }
        return urgent;
    }
}
