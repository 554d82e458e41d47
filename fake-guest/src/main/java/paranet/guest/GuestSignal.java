package paranet.guest;

import paranet.core.ioq.Doorbell;
import paranet.core.ioq.ShmSignal;
import paranet.core.linux.EventFd;

/**
 * One signal of a guest on a bus: its cookie, by which the host tells it, and its handle, by which
 * it tells the host.
 *
 * <p>What is rung before the host has said the handle is rung once when it has.
 *
 * <p>Threading: confined to the thread of its bus.
 */
final class GuestSignal implements Doorbell {
    static final int NO_HANDLE = -1;

    private final BusFrontend bus;
    private final long cookie;
    private ShmSignal shmSignal;
    private int handle = NO_HANDLE;
    private EventFd kick;
    private boolean rungEarly;

    GuestSignal(BusFrontend bus, long cookie) {
        this.bus = bus;
        this.cookie = cookie;
    }

    long cookie() {
        return cookie;
    }

    int handle() {
        return handle;
    }

    /** The descriptor that tells it, or null. */
    EventFd kick() {
        return kick;
    }

    ShmSignal shmSignal() {
        return shmSignal;
    }

    void of(ShmSignal signal) {
        shmSignal = signal;
    }

    /** The host has said the handle; {@code descriptor} is bound to it, or null. */
    void bind(int said, EventFd descriptor) {
        handle = said;
        kick = descriptor;
        if (rungEarly) {
            rungEarly = false;
            ring();
        }
    }

    @Override
    public void ring() {
        if (handle == NO_HANDLE) {
            rungEarly = true;
        } else {
            bus.ring(this);
        }
    }

    /** Its cookie is ours again. */
    void close() {
        if (kick != null) {
            kick.close();
        }
    }
}
