package paranet.venet;

import paranet.core.ioq.Doorbell;
import paranet.core.ioq.ShmSignal;

/**
 * A signal that a guest registered: it is told through its event, and tells by its handle.
 *
 * <p>Threading: confined to one worker.
 */
final class BusSignal implements Doorbell {
    private final VbusConnection bus;
    private final BusEvent event;
    private final SecondLooks.Look look;
    private ShmSignal shmSignal;
    private SignalCalls calls;
    private int handle;
    private boolean ended;

    BusSignal(VbusConnection bus, long cookie, int priority) {
        this.bus = bus;
        this.event = BusEvent.ofSignal(cookie, priority);
        this.look = bus.secondLooks().look();
    }

    /** Once the ring it belongs to is attached. */
    void register(ShmSignal signal, int handle) {
        this.shmSignal = signal;
        this.handle = handle;
        this.look.of(
                signal,
                () -> {
                    if (calls == null) {
                        signal.inject();
                    } else {
                        calls.relook();
                    }
                });
    }

    /** Who decides when it is told. */
    void calls(SignalCalls decides) {
        calls = decides;
    }

    SignalCalls calls() {
        return calls;
    }

    BusEvent event() {
        return event;
    }

    ShmSignal shmSignal() {
        return shmSignal;
    }

    int handle() {
        return handle;
    }

    @Override
    public void ring() {
        if (!ended) { // what the guest was told is over stays over
            bus.announce(event);
        }
    }

    @Override
    public void skipped() {
        if (!ended) {
            look.arm();
        }
    }

    /** Tells the guest that its cookie is its own again. */
    void end() {
        ended = true;
        look.end();
        event.becomeClose();
        bus.announce(event);
    }
}
