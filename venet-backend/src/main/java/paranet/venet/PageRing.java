package paranet.venet;

import paranet.core.ioq.SouthIoq;
import paranet.core.memory.GuestMemory;
import paranet.core.memory.IoVec;
import paranet.venet.wire.VenetSg;

/**
 * The empty pages that a driver posted for what does not fit a receive slot's own buffer. They are
 * looked at before any is taken: a page that is popped and named in no frame is lost to the guest.
 *
 * <p>Threading: confined to one worker.
 */
final class PageRing {
    /** Pages of one frame: all pieces but the slot's own buffer. */
    static final int PAGES_MAX = VenetSg.COUNT_MAX - 1;

    private static final long PAGE_BYTES_MAX = 65_536;

    private final SouthIoq ring;
    private final long[] cookies = new long[PAGES_MAX];
    private final long[] lengths = new long[PAGES_MAX];
    private int count; // looked at

    PageRing(SouthIoq ring) {
        this.ring = ring;
    }

    /** Looks again from the first page on. */
    void forget() {
        count = 0;
    }

    /** Pages looked at. */
    int count() {
        return count;
    }

    /** What the guest knows a page by. */
    long cookie(int page) {
        return cookies[page];
    }

    /** Bytes of a page, 1 to 65,536. */
    long bytes(int page) {
        return lengths[page];
    }

    /** What came of {@link #addNext}. */
    enum Next {
        ADDED,
        /** The guest has posted no other page. */
        NONE,
        /** No frame can have another page. */
        LIMIT,
        /** The next page is not guest memory; it has to be {@link #discard}ed once it is first. */
        BAD
    }

    /** Looks at the next page and appends it to {@code room}. */
    Next addNext(GuestMemory memory, IoVec room) {
        if (count == PAGES_MAX || count == ring.size()) {
            return Next.LIMIT;
        }
        if (count == 0 ? !ring.look() : !ring.look(count)) {
            return Next.NONE;
        }
        long bytes = ring.length();
        if (Long.compareUnsigned(bytes, PAGE_BYTES_MAX) > 0) {
            bytes = PAGE_BYTES_MAX;
        }
        long at = memory.translate(ring.ptr(), bytes);
        if (bytes == 0 || at == GuestMemory.NOT_MAPPED || !room.add(at, bytes)) {
            return Next.BAD;
        }
        cookies[count] = ring.cookie();
        lengths[count] = bytes;
        count++;
        return Next.ADDED;
    }

    /** Hands the first {@code pages} of those looked at to the guest, filled. */
    void take(int pages) {
        for (int i = 0; i < pages; i++) {
            ring.pop();
        }
        count = 0;
    }

    /** Hands the page at the front back, unused; nothing was looked at before. */
    void discard() {
        if (ring.look()) {
            ring.pop();
        }
        count = 0;
    }

    /** Whether there are more pages than those looked at. */
    boolean hasMore() {
        return ring.owned(count + 1) > count;
    }

    /** Asks the guest to tell of pages, or not to. */
    void ask(boolean on) {
        if (on) {
            ring.signal().enable();
        } else if (ring.signal().isEnabled()) {
            ring.signal().disable();
        }
    }
}
