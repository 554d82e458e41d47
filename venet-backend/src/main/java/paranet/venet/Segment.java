package paranet.venet;

import paranet.core.memory.GuestMemory;

/**
 * Guest memory that stays registered: {@code length} bytes at a guest address, and where they are
 * mapped here.
 *
 * <p>Threading: confined to one worker.
 */
final class Segment {
    private final long guestAddress;
    private final long length;
    private long address;

    Segment(long guestAddress, long length, long address) {
        this.guestAddress = guestAddress;
        this.length = length;
        this.address = address;
    }

    long guestAddress() {
        return guestAddress;
    }

    long length() {
        return length;
    }

    /** Host address. */
    long address() {
        return address;
    }

    /**
     * Host address of {@code bytes} (at least 0) at an offset that a guest wrote, or {@link
     * GuestMemory#NOT_MAPPED} unless they lie in the segment.
     */
    long locate(long offset, long bytes) {
        return offset >= 0 && offset <= length && bytes >= 0 && bytes <= length - offset
                ? address + offset
                : GuestMemory.NOT_MAPPED;
    }

    void relocate(GuestMemory memory) {
        address = require(memory, guestAddress, length);
    }

    /** The host address of what memory was promised to keep. */
    static long require(GuestMemory memory, long guestAddress, long length) {
        long address = memory.translate(guestAddress, length);
        if (address == GuestMemory.NOT_MAPPED) {
            throw new IllegalStateException(
                    "0x%x bytes at guest address 0x%x went away in use"
                            .formatted(length, guestAddress));
        }
        return address;
    }
}
