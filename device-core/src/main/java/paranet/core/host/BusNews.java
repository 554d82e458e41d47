package paranet.core.host;

import paranet.core.device.Bus;

import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/**
 * What the worker of a bus has for the control thread, which is woken once for all of it and takes
 * it when it gets there.
 *
 * <p>Threading: the worker adds, the control thread takes.
 */
final class BusNews {
    private final Runnable wake;
    private final AtomicBoolean woken = new AtomicBoolean();
    private final AtomicInteger interrupts = new AtomicInteger();
    private final ConcurrentLinkedQueue<Bus.Answer> answers = new ConcurrentLinkedQueue<>();
    private final AtomicReference<String> fault = new AtomicReference<>();

    /** {@code wake} makes the control thread call {@link #begin} and take, soon. */
    BusNews(Runnable wake) {
        this.wake = wake;
    }

    void interrupt(int eventq) {
        interrupts.accumulateAndGet(1 << eventq, (before, bit) -> before | bit);
        tell();
    }

    void answer(Bus.Answer answer) {
        answers.add(answer);
        tell();
    }

    /** The connection has to end. */
    void fault(String why) {
        fault.set(why);
        tell();
    }

    private void tell() {
        if (!woken.getAndSet(true)) {
            wake.run();
        }
    }

    /** What is added from now on wakes again. */
    void begin() {
        woken.set(false);
    }

    /** Event queues to interrupt in-band, a bit each. */
    int takeInterrupts() {
        return interrupts.getAndSet(0);
    }

    /** The next late answer, or null. */
    Bus.Answer takeAnswer() {
        return answers.poll();
    }

    /** Why the connection has to end, or null. */
    String takeFault() {
        return fault.getAndSet(null);
    }

    /** Forgets what is about a bus that started over; the worker adds nothing meanwhile. */
    void clear() {
        interrupts.set(0);
        answers.clear();
        fault.set(null);
    }
}
