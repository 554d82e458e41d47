package paranet.core.host;

import paranet.core.device.FrameSorter;
import paranet.core.mitigation.DeviceCalls;
import paranet.core.mitigation.PolicyOptions;
import paranet.core.mitigation.QueueCalls;
import paranet.core.mitigation.QueueView;

/**
 * How the queues of one lane are called for: the policy they have now, what they have in common,
 * and who tells their frames apart.
 *
 * <p>Threading: confined to one QueueWorker.
 */
final class LaneCalls {
    private final int lanes;
    private final FrameSorter sorter = new FrameSorter();
    private PolicyOptions options;
    private DeviceCalls device;

    /**
     * @param lanes of the device, which share what a guest has as a whole
     */
    LaneCalls(PolicyOptions options, int lanes) {
        this.lanes = lanes;
        options(options);
    }

    private void options(PolicyOptions next) {
        options = next;
        device = next.guestCalls(lanes).device();
    }

    FrameSorter sorter() {
        return sorter;
    }

    /** Of a queue that begins: nobody knows what its guest was told before. */
    QueueCalls begin(QueueView.Kind kind, int size) {
        QueueCalls calls =
                new QueueCalls(
                        kind,
                        size,
                        options.policy(kind, size, device),
                        device,
                        null,
                        options.costs());
        calls.forget();
        return calls;
    }

    /** Another policy for all queues of the lane; each of them is given it by {@link #change}. */
    void change(PolicyOptions next, Iterable<ServedVring> vrings) {
        options(next);
        for (ServedVring vring : vrings) {
            QueueCalls calls = vring.queueCalls();
            calls.policy(options.policy(calls.view().kind(), calls.view().size(), device), device);
        }
        sort(vrings);
    }

    /** Frames are told apart while any policy that decides about received ones wants it. */
    void sort(Iterable<ServedVring> vrings) {
        boolean wanted = false;
        for (ServedVring vring : vrings) {
            wanted |= vring.queueCalls().policy().classifies();
        }
        sorter.wanted(wanted);
    }

    /** Whether a queue of the lane was called in this duty cycle. */
    boolean wasCalled(long nowNanos) {
        return device.guestCallNanos() == nowNanos;
    }
}
