package paranet.guest.sim;

import java.util.function.LongSupplier;

/**
 * An interrupt of a virtual CPU. While one is on its way, another is the same one.
 *
 * <p>Threading: confined to its simulation.
 */
final class InterruptLine {
    private final VirtualCpu cpu;
    private final LongSupplier workNanos;
    private final Runnable handler;
    private boolean onItsWay;

    /**
     * @param workNanos what the handler takes beside the entry, asked when it begins
     * @param handler what has happened at its end
     */
    InterruptLine(VirtualCpu cpu, LongSupplier workNanos, Runnable handler) {
        this.cpu = cpu;
        this.workNanos = workNanos;
        this.handler = handler;
    }

    /** The device writes the eventfd. */
    void raise() {
        cpu.tally().calls++;
        if (!onItsWay) {
            onItsWay = true;
            cpu.interrupt(this);
        }
    }

    long taken() {
        onItsWay = false;
        return workNanos.getAsLong();
    }

    void handle() {
        handler.run();
    }
}
