package paranet.guest;

import paranet.core.linux.EventFd;
import paranet.core.linux.LinuxException;
import paranet.core.virtqueue.DriverVirtqueue;
import paranet.core.virtqueue.IndirectTables;
import paranet.core.virtqueue.RingFeature;
import paranet.core.virtqueue.RingLayout;
import paranet.core.virtqueue.VringBase;

/**
 * One ring of a guest: its driver side, where it lies, and the three descriptors that it shares
 * with the back end.
 *
 * <p>Threading: confined to one thread at a time.
 */
public final class GuestRing implements AutoCloseable {
    /** Buffers that an indirect table of ours can list. */
    public static final int TABLE_ENTRIES = 24;

    private static final int ALIGNMENT = 4096;

    private final int index;
    private final long features;
    private final DriverVirtqueue queue;
    private final long descFrontend;
    private final long driverFrontend;
    private final long deviceFrontend;
    private final EventFd kick;
    private final EventFd call;
    private final EventFd err;
    private final CallCounter counter = new CallCounter();
    private long kicks;
    private long calls;
    private boolean running;

    private GuestRing(
            int index, long features, DriverVirtqueue queue, long[] frontend, EventFd[] events) {
        this.index = index;
        this.features = features;
        this.queue = queue;
        this.descFrontend = frontend[0];
        this.driverFrontend = frontend[1];
        this.deviceFrontend = frontend[2];
        this.kick = events[0];
        this.call = events[1];
        this.err = events[2];
    }

    /** A fresh ring; its three parts lie in regions of their own choice. */
    static GuestRing open(GuestRam ram, int index, int size, long features) throws LinuxException {
        boolean packed = RingFeature.isPacked(features);
        long desc = ram.allocate(RingLayout.descBytes(size), ALIGNMENT);
        long driver = ram.allocate(RingLayout.driverBytes(size, packed), 64);
        long device = ram.allocate(RingLayout.deviceBytes(size, packed), 64);
        RingLayout layout =
                new RingLayout(
                        size,
                        ram.host(desc, RingLayout.descBytes(size)),
                        ram.host(driver, RingLayout.driverBytes(size, packed)),
                        ram.host(device, RingLayout.deviceBytes(size, packed)),
                        ram.memory());
        IndirectTables tables = IndirectTables.NONE;
        if ((features & RingFeature.INDIRECT_DESC) != 0) {
            long bytes = IndirectTables.bytesFor(size, TABLE_ENTRIES);
            long at = ram.allocate(bytes, ALIGNMENT);
            tables = new IndirectTables(ram.host(at, bytes), at, TABLE_ENTRIES);
        }
        EventFd[] events = new EventFd[3];
        for (int i = 0; i < events.length; i++) {
            events[i] = EventFd.open();
        }
        return new GuestRing(
                index,
                features,
                DriverVirtqueue.open(layout, features, tables),
                new long[] {ram.frontend(desc), ram.frontend(driver), ram.frontend(device)},
                events);
    }

    public int index() {
        return index;
    }

    /** The driver side. */
    public DriverVirtqueue queue() {
        return queue;
    }

    /** Publishes what was staged and kicks the device if it wants that. */
    public void publish() {
        queue.publish();
        if (queue.needsKick()) {
            kick();
        }
    }

    /** Kicks whether wanted or not. */
    public void kick() {
        kicks++;
        kick.signal();
    }

    /** Kicks sent so far. */
    public long kicks() {
        return kicks;
    }

    /** Interrupts that the device sent so far, as far as they were looked for. */
    public long calls() {
        calls += counter.take(call);
        return calls;
    }

    /** Whether the device said that it gave the ring up; reading it forgets it. */
    public boolean tookError() {
        return counter.take(err) > 0;
    }

    /** The descriptor that becomes readable with an interrupt; not the caller's to close. */
    public EventFd callEvent() {
        return call;
    }

    public EventFd kickEvent() {
        return kick;
    }

    public EventFd errEvent() {
        return err;
    }

    /** Whether the back end has been told to start it and not to stop it. */
    public boolean isRunning() {
        return running;
    }

    void running(boolean now) {
        running = now;
    }

    long descFrontend() {
        return descFrontend;
    }

    long driverFrontend() {
        return driverFrontend;
    }

    long deviceFrontend() {
        return deviceFrontend;
    }

    /** SET_VRING_BASE for a device that knows nothing of what is in flight. */
    int base() {
        return (int) VringBase.encode(queue.position(), features);
    }

    @Override
    public void close() {
        kick.close();
        call.close();
        err.close();
        counter.close();
    }
}
