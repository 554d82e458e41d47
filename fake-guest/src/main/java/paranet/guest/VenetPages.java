package paranet.guest;

import paranet.core.ioq.Doorbell;
import paranet.core.ioq.IoqIdx;
import paranet.core.ioq.IoqRingHead;
import paranet.core.ioq.IoqRole;
import paranet.core.ioq.NorthIoq;
import paranet.core.ioq.NorthIterator;
import paranet.core.ioq.ShmSignal;
import paranet.core.ioq.SignalWiring;
import paranet.core.ioq.WakeupQueue;

/**
 * Empty pages for the host to put the rest of large frames in: the page queue of L4RO.
 *
 * <p>Threading: confined to the thread of its bus.
 */
final class VenetPages {
    static final int PAGE_BYTES = 4096;

    private final int size;
    private final long ringGuest;
    private final long ringHost;
    private final long[] pageGuest;
    private final long[] pageHost;
    private final long[] posted; // by page: its cookie, or 0
    private final int[] free;
    private int freeCount;
    private long lastCookie;
    private NorthIoq ring;
    private NorthIterator out;

    VenetPages(GuestRam ram, int size) {
        this.size = size;
        this.ringGuest = ram.allocate(IoqRingHead.bytes(size), IoqRingHead.ALIGNMENT);
        this.ringHost = ram.host(ringGuest, IoqRingHead.bytes(size));
        this.pageGuest = new long[size];
        this.pageHost = new long[size];
        this.posted = new long[size];
        this.free = new int[size];
        for (int i = 0; i < size; i++) {
            pageGuest[i] = ram.allocate(PAGE_BYTES, PAGE_BYTES);
            pageHost[i] = ram.host(pageGuest[i], PAGE_BYTES);
        }
    }

    long ringGuest() {
        return ringGuest;
    }

    long ringBytes() {
        return IoqRingHead.bytes(size);
    }

    /** A fresh ring full of pages. */
    NorthIoq layOut(Doorbell doorbell, WakeupQueue wakeups, ShmSignal.Fences fences) {
        ring =
                NorthIoq.layOut(
                        ringHost,
                        size,
                        IoqRole.PRODUCER,
                        new SignalWiring(doorbell, () -> {}, wakeups),
                        fences);
        out = ring.iterator(IoqIdx.INUSE, 0);
        for (int page = 0; page < size; page++) {
            free[page] = size - 1 - page;
            posted[page] = 0;
        }
        freeCount = size;
        push();
        return ring;
    }

    private boolean push() {
        boolean pushed = false;
        while (freeCount > 0 && !ring.isSown(out.slot())) {
            int page = free[--freeCount];
            posted[page] = ++lastCookie << Integer.SIZE | page + 1;
            ring.putCookie(out.slot(), posted[page]);
            ring.putPtr(out.slot(), pageGuest[page]);
            ring.putLength(out.slot(), PAGE_BYTES);
            ring.putValid(out.slot(), true);
            out.push();
            pushed = true;
        }
        return pushed;
    }

    /** Posts what is free, and tells the host once. */
    void refill() {
        if (push()) {
            ring.signal().inject();
        }
    }

    /**
     * Takes a page back that the host says it filled.
     *
     * @return where it is here, until {@link #refill}; or 0 when it is none that the host had
     */
    long take(long cookie) {
        long page = (cookie & 0xffff_ffffL) - 1;
        if (cookie == 0 || page < 0 || page >= size || posted[(int) page] != cookie) {
            return 0;
        }
        posted[(int) page] = 0;
        free[freeCount++] = (int) page;
        return pageHost[(int) page];
    }
}
