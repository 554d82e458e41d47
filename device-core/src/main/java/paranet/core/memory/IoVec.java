package paranet.core.memory;

/**
 * A native array of {@code struct iovec} (readv(2)): how a frame travels without being copied.
 *
 * <p>Guest memory gets in only through {@link GuestMemory#append}, so each element has passed the
 * range check; {@link #add} is for memory of our own. Neighbouring elements that touch are merged,
 * so that a frame in one stretch of memory is one element, and one plain {@code write}.
 *
 * <p>Threading: confined to one thread at a time.
 */
public final class IoVec implements AutoCloseable {
    /** The most elements one readv or writev takes (IOV_MAX of limits.h). */
    public static final int ELEMENTS_MAX = 1024;

    private static final int ELEMENT = 16; // iov_base, iov_len

    private final NativeBuffer elements;
    private final long address;
    private final int capacity;
    private int count;
    private long length;

    /** An empty list of at most {@code capacity} elements, 1 to {@link #ELEMENTS_MAX}. */
    public IoVec(int capacity) {
        if (capacity < 1 || capacity > ELEMENTS_MAX) {
            throw new IllegalArgumentException(
                    "capacity %d is not in 1..%d".formatted(capacity, ELEMENTS_MAX));
        }
        this.elements = NativeBuffer.allocate((long) capacity * ELEMENT);
        this.address = elements.address();
        this.capacity = capacity;
    }

    public void clear() {
        count = 0;
        length = 0;
    }

    /** Appends memory that is known to be good; false when there is no room for the element. */
    public boolean add(long base, long bytes) {
        if (bytes == 0) {
            return true;
        }
        if (count > 0 && baseOf(count - 1) + lengthOf(count - 1) == base) {
            SharedMemory.putLe64(at(count - 1) + 8, lengthOf(count - 1) + bytes);
        } else {
            if (count == capacity) {
                return false;
            }
            SharedMemory.putLe64(at(count), base);
            SharedMemory.putLe64(at(count) + 8, bytes);
            count++;
        }
        length += bytes;
        return true;
    }

    /** Appends what {@code other} lists from byte {@code skip} on; false when it does not fit. */
    public boolean addAll(IoVec other, long skip) {
        long left = skip;
        for (int i = 0; i < other.count; i++) {
            long bytes = other.lengthOf(i);
            if (left >= bytes) {
                left -= bytes;
            } else {
                if (!add(other.baseOf(i) + left, bytes - left)) {
                    return false;
                }
                left = 0;
            }
        }
        return true;
    }

    /** Where the elements lie, for readv(2) and writev(2). */
    public long address() {
        return address;
    }

    /** How many elements there are. */
    public int count() {
        return count;
    }

    /** How many bytes all elements have together. */
    public long length() {
        return length;
    }

    /** Host address of element {@code i}. */
    public long baseOf(int i) {
        return SharedMemory.le64(at(i));
    }

    /** Bytes of element {@code i}. */
    public long lengthOf(int i) {
        return SharedMemory.le64(at(i) + 8);
    }

    /**
     * Host address of byte {@code offset} when the {@code bytes} from there on lie in one element,
     * else {@link GuestMemory#NOT_MAPPED}.
     */
    public long contiguous(long offset, long bytes) {
        long left = offset;
        for (int i = 0; i < count; i++) {
            long here = lengthOf(i);
            if (left < here) {
                return bytes <= here - left ? baseOf(i) + left : GuestMemory.NOT_MAPPED;
            }
            left -= here;
        }
        return GuestMemory.NOT_MAPPED;
    }

    /** Cuts the list to its first {@code bytes} bytes, which it must have. */
    public void truncate(long bytes) {
        if (bytes > length) {
            throw new IllegalArgumentException("%d of %d bytes".formatted(bytes, length));
        }
        while (length > bytes) {
            long last = lengthOf(count - 1);
            long surplus = length - bytes;
            if (last <= surplus) {
                count--;
                length -= last;
            } else {
                SharedMemory.putLe64(at(count - 1) + 8, last - surplus);
                length = bytes;
            }
        }
    }

    /** Copies {@code bytes} from {@code offset} of the list to {@code to}; they must be there. */
    public void copyOut(long offset, long to, long bytes) {
        move(offset, to, bytes, true);
    }

    /** Likewise, into an array of our own. */
    public void copyOut(long offset, byte[] to, int bytes) {
        if (offset < 0 || bytes < 0 || offset > length || bytes > length - offset) {
            throw new IndexOutOfBoundsException(
                    "%d+%d of %d bytes".formatted(offset, bytes, length));
        }
        long skip = offset;
        int at = 0;
        for (int i = 0; at < bytes; i++) {
            long here = lengthOf(i);
            if (skip >= here) {
                skip -= here;
                continue;
            }
            int piece = (int) Math.min(bytes - at, here - skip);
            SharedMemory.copy(baseOf(i) + skip, to, at, piece);
            skip = 0;
            at += piece;
        }
    }

    /** Copies {@code bytes} from {@code from} to {@code offset} of the list; they must fit. */
    public void copyIn(long offset, long from, long bytes) {
        move(offset, from, bytes, false);
    }

    private void move(long offset, long flat, long bytes, boolean out) {
        if (offset < 0 || bytes < 0 || offset > length || bytes > length - offset) {
            throw new IndexOutOfBoundsException(
                    "%d+%d of %d bytes".formatted(offset, bytes, length));
        }
        long skip = offset;
        long at = flat;
        long left = bytes;
        for (int i = 0; left > 0; i++) {
            long here = lengthOf(i);
            if (skip >= here) {
                skip -= here;
                continue;
            }
            long piece = Math.min(left, here - skip);
            long base = baseOf(i) + skip;
            SharedMemory.copy(out ? base : at, out ? at : base, piece);
            skip = 0;
            at += piece;
            left -= piece;
        }
    }

    @Override
    public void close() {
        elements.close();
    }

    private long at(int i) {
        return address + (long) i * ELEMENT;
    }
}
