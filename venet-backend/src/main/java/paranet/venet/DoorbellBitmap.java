package paranet.venet;

import paranet.core.device.AtomicBits;
import paranet.core.device.BusError;
import paranet.core.memory.GuestMemory;
import paranet.core.memory.SharedMemory;

import java.util.function.IntConsumer;

/**
 * The bitmap in guest memory by which one kick tells many signals: bit <em>h</em> is the signal of
 * handle <em>h</em> (docs/venet.md).
 *
 * <p>Threading: confined to one worker.
 */
final class DoorbellBitmap {
    private static final int BITS_MIN = 64;
    private static final int BITS_MAX = 65_536;

    /** Looks at one word, while its guest keeps setting bits. */
    private static final int WORD_LOOKS_MAX = 4;

    private final AtomicBits atomicBits;
    private final IntConsumer signalled;
    private Segment bitmap; // null until there is one
    private boolean left; // bits that came while we looked

    /** {@code signalled} takes the handle of each bit that the guest set. */
    DoorbellBitmap(AtomicBits atomicBits, IntConsumer signalled) {
        this.atomicBits = atomicBits;
        this.signalled = signalled;
    }

    /** Replaces the bitmap; 0, or an error and the one before stays. */
    int replace(GuestMemory memory, long guestAddress, int bits) {
        if (bits < BITS_MIN || bits > BITS_MAX || bits % Long.SIZE != 0) {
            return BusError.EINVAL;
        }
        long bytes = bits / Byte.SIZE;
        long address = memory.translate(guestAddress, bytes);
        if (address == GuestMemory.NOT_MAPPED) {
            return BusError.EFAULT;
        }
        if (((guestAddress | address) & (Long.BYTES - 1)) != 0) {
            return BusError.EINVAL;
        }
        bitmap = new Segment(guestAddress, bytes, address);
        return 0;
    }

    /** Tells every signal whose bit is set, and clears it. */
    void look() {
        left = false;
        if (bitmap == null) {
            return;
        }
        for (long at = 0; at < bitmap.length(); at += Long.BYTES) {
            lookAtWord(bitmap.address() + at, (int) at * Byte.SIZE);
        }
    }

    /**
     * Tells the signals of one word, until all of it is 0: only who finds it so kicks, and what is
     * set beside a bit that is not cleared yet is for us to find.
     */
    private void lookAtWord(long address, int firstHandle) {
        for (int look = 0; look < WORD_LOOKS_MAX; look++) {
            long bits = SharedMemory.opaqueLe64(address);
            if (bits == 0) {
                return;
            }
            for (long unseen = bits; unseen != 0; unseen &= unseen - 1) {
                int bit = Long.numberOfTrailingZeros(unseen);
                long half = bit < Integer.SIZE ? address : address + Integer.BYTES;
                if (!atomicBits.clear(half, bit % Integer.SIZE)) {
                    return; // the memory is gone; whoever reads it next says so
                }
                signalled.accept(firstHandle + bit);
            }
        }
        left = true;
    }

    /** Whether there is more to look at though nobody kicks. */
    boolean hasLeft() {
        return left;
    }

    /** What is registered, or null. */
    Segment segment() {
        return bitmap;
    }

    void relocate(GuestMemory memory) {
        if (bitmap != null) {
            bitmap.relocate(memory);
        }
    }

    void forget() {
        bitmap = null;
        left = false;
    }
}
