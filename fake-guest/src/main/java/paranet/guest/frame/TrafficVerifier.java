package paranet.guest.frame;

/**
 * Judges one stream of numbered frames: which arrived, whole, once and in order. Numbers start at
 * 0.
 *
 * <p>Threading: confined to one thread.
 */
public final class TrafficVerifier {
    /** How far behind the newest number a late frame is still told from a duplicate. */
    public static final int WINDOW = 1 << 16;

    private final int stream;
    private final TestFrame frames;
    private final long[] seen = new long[WINDOW / 64];
    private long next; // one past the highest number seen
    private long received;
    private long verified;
    private long corrupt;
    private long reordered;
    private long duplicated;
    private long foreign;

    public TrafficVerifier(int stream, TestFrame frames) {
        this.stream = stream;
        this.frames = frames;
    }

    /** What {@link #accept} found. */
    public enum Verdict {
        /** The next one, whole. */
        IN_ORDER,
        /** Whole, after some that were skipped. */
        AFTER_GAP,
        /** Whole, but a later one came before. */
        LATE,
        DUPLICATE,
        /** Ours, and changed on the way. */
        CORRUPT,
        /** Not a numbered frame of this stream. */
        FOREIGN
    }

    public Verdict accept(GuestFrame frame) {
        if (!TestFrame.isOurs(frame)) {
            foreign++;
            return Verdict.FOREIGN;
        }
        received++;
        if (!frames.isWhole(frame)) {
            corrupt++;
            return Verdict.CORRUPT;
        }
        if (TestFrame.stream(frame) != stream) {
            received--;
            foreign++;
            return Verdict.FOREIGN;
        }
        return place(TestFrame.sequence(frame));
    }

    private Verdict place(long sequence) {
        if (sequence >= next) {
            boolean gap = sequence > next;
            for (long skipped = Math.max(next, sequence - WINDOW + 1);
                    skipped < sequence;
                    skipped++) {
                mark(skipped, false);
            }
            mark(sequence, true);
            next = sequence + 1;
            verified++;
            return gap ? Verdict.AFTER_GAP : Verdict.IN_ORDER;
        }
        if (next - sequence <= WINDOW && isMarked(sequence)) {
            duplicated++;
            return Verdict.DUPLICATE;
        }
        mark(sequence, true);
        reordered++;
        verified++;
        return Verdict.LATE;
    }

    private void mark(long sequence, boolean value) {
        int slot = (int) (sequence & (WINDOW - 1));
        if (value) {
            seen[slot >> 6] |= 1L << slot;
        } else {
            seen[slot >> 6] &= ~(1L << slot);
        }
    }

    private boolean isMarked(long sequence) {
        int slot = (int) (sequence & (WINDOW - 1));
        return (seen[slot >> 6] & 1L << slot) != 0;
    }

    /** Numbered frames that arrived, whole or not. */
    public long received() {
        return received;
    }

    /** Distinct frames that arrived whole. */
    public long verified() {
        return verified;
    }

    public long corrupt() {
        return corrupt;
    }

    /** Frames that came after one with a higher number. */
    public long reordered() {
        return reordered;
    }

    public long duplicated() {
        return duplicated;
    }

    /** Frames that were not ours. */
    public long foreign() {
        return foreign;
    }

    /** Of {@code sent} frames, those that did not arrive at all. */
    public long lost(long sent) {
        return Math.max(0, sent - verified - corrupt);
    }
}
