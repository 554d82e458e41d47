package paranet.guest;

import paranet.core.memory.SharedMemory;

import java.util.SplittableRandom;

/**
 * Buffers in guest memory, a slot each, cut into pieces with gaps between them, so that a back end
 * cannot pass by reading on.
 *
 * <p>Threading: confined to one thread at a time.
 */
final class PieceSlots {
    private static final int GAP_MAX = 24;

    private final GuestRam ram;
    private final int piecesMax;
    private final int alignment;
    private final SplittableRandom random;
    private final long[] slotGuest;
    private final long[] slotHost;
    private final int slotBytes;

    // The pieces of each slot, piecesMax apart.
    private final int[] pieceOffset;
    private final int[] pieceBytes;
    private final int[] pieces;

    /** The pieces cut last: guest addresses and bytes. */
    final long[] addresses;

    final long[] lengths;

    /**
     * {@code count} slots of at most {@code bytesMax} bytes in at most {@code piecesMax} pieces.
     */
    PieceSlots(
            GuestRam ram,
            int count,
            int bytesMax,
            int piecesMax,
            int alignment,
            SplittableRandom random) {
        this.ram = ram;
        this.piecesMax = piecesMax;
        this.alignment = alignment;
        this.random = random;
        this.slotGuest = new long[count];
        this.slotHost = new long[count];
        this.slotBytes = bytesMax + piecesMax * GAP_MAX;
        this.pieceOffset = new int[count * piecesMax];
        this.pieceBytes = new int[count * piecesMax];
        this.pieces = new int[count];
        this.addresses = new long[piecesMax];
        this.lengths = new long[piecesMax];
        for (int slot = 0; slot < count; slot++) {
            slotGuest[slot] = ram.allocate(slotBytes, alignment);
            slotHost[slot] = ram.host(slotGuest[slot], slotBytes);
        }
    }

    int count() {
        return slotGuest.length;
    }

    /** Moves a slot to memory that was plugged in later. */
    void moveToNewest(int slot) {
        slotGuest[slot] = ram.allocateInNewest(slotBytes, alignment);
        slotHost[slot] = ram.host(slotGuest[slot], slotBytes);
    }

    /** One piece. */
    int whole(int slot, int bytes) {
        pieceBytes[slot * piecesMax] = bytes;
        return place(slot, 1);
    }

    /** A first piece of so many bytes, and the rest. */
    int two(int slot, int first, int rest) {
        pieceBytes[slot * piecesMax] = first;
        pieceBytes[slot * piecesMax + 1] = rest;
        return place(slot, 2);
    }

    /** 1 to {@code most} pieces cut anywhere but in the first bytes; early cuts likely. */
    int scattered(int slot, int bytes, int firstMin, int most) {
        int base = slot * piecesMax;
        int count = 1 + random.nextInt(most);
        int left = bytes;
        int made = 0;
        while (made < count - 1 && left > 1) {
            int bound = random.nextBoolean() ? Math.min(left, 30) : left;
            int piece = 1 + random.nextInt(Math.max(1, bound - 1));
            if (made == 0) {
                piece = Math.max(piece, firstMin);
                if (piece >= left) {
                    break;
                }
            }
            pieceBytes[base + made] = piece;
            left -= piece;
            made++;
        }
        pieceBytes[base + made] = left;
        return place(slot, made + 1);
    }

    private int place(int slot, int count) {
        int base = slot * piecesMax;
        int at = 0;
        for (int i = 0; i < count; i++) {
            pieceOffset[base + i] = at;
            addresses[i] = slotGuest[slot] + at;
            lengths[i] = pieceBytes[base + i];
            at += pieceBytes[base + i] + (count == 1 ? 0 : random.nextInt(GAP_MAX));
        }
        pieces[slot] = count;
        return count;
    }

    /** Writes bytes into a slot that was cut for them, from its byte {@code at} on. */
    void write(int slot, int at, byte[] from, int fromIndex, int bytes) {
        int done = move(slot, at, from, fromIndex, bytes, true);
        if (done < bytes) {
            throw new IllegalStateException("%d bytes do not fit behind %d".formatted(bytes, at));
        }
    }

    /**
     * Reads bytes of a slot.
     *
     * @return how many it has there
     */
    int read(int slot, int at, byte[] to, int toIndex, int bytes) {
        return move(slot, at, to, toIndex, bytes, false);
    }

    private int move(int slot, int at, byte[] array, int index, int bytes, boolean writing) {
        int base = slot * piecesMax;
        int skip = at;
        int done = 0;
        for (int i = 0; i < pieces[slot] && done < bytes; i++) {
            int here = pieceBytes[base + i];
            if (skip >= here) {
                skip -= here;
                continue;
            }
            int piece = Math.min(bytes - done, here - skip);
            long host = slotHost[slot] + pieceOffset[base + i] + skip;
            if (writing) {
                SharedMemory.copy(array, index + done, host, piece);
            } else {
                SharedMemory.copy(host, array, index + done, piece);
            }
            done += piece;
            skip = 0;
        }
        return done;
    }
}
