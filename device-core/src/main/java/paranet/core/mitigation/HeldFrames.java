package paranet.core.mitigation;

import java.util.Arrays;

/**
 * What was published and not yet notified, in order: one batch per class and duty cycle. When there
 * is no room for another batch, the newest takes it in and becomes the more urgent of the two; so a
 * deadline may come early, and never late.
 *
 * <p>Threading: confined to one QueueWorker.
 */
final class HeldFrames {
    static final int BATCHES = 64;

    private static final FrameClass[] CLASSES = FrameClass.values();
    private static final int MASK = BATCHES - 1;

    private final long[] publishedNanos = new long[BATCHES];
    private final long[] frames = new long[BATCHES];
    private final FrameClass[] classes = new FrameClass[BATCHES];
    private final long[] framesOf = new long[CLASSES.length];
    private final long[] oldestOf = new long[CLASSES.length];

    private int head;
    private int batches;
    private long total;

    HeldFrames() {
        Arrays.fill(oldestOf, QueueView.NEVER);
    }

    void add(FrameClass kind, long count, long nowNanos) {
        int last = (head + batches - 1) & MASK;
        total += count;
        if (batches == BATCHES) {
            absorb(last, kind, count);
            return;
        }
        if (batches != 0 && classes[last] == kind && publishedNanos[last] == nowNanos) {
            frames[last] += count;
        } else {
            int at = (head + batches++) & MASK;
            publishedNanos[at] = nowNanos;
            frames[at] = count;
            classes[at] = kind;
        }
        countIn(kind, count, nowNanos);
    }

    private void absorb(int last, FrameClass kind, long count) {
        FrameClass was = classes[last];
        FrameClass now = was.compareTo(kind) <= 0 ? was : kind;
        if (now != was) {
            framesOf[was.slot] -= frames[last];
            countIn(now, frames[last], publishedNanos[last]);
            classes[last] = now;
        }
        frames[last] += count;
        countIn(now, count, publishedNanos[last]);
    }

    /** The oldest are held no longer: so many frames, at most those of the oldest batch. */
    void removeOldest(long count) {
        FrameClass kind = classes[head];
        frames[head] -= count;
        framesOf[kind.slot] -= count;
        total -= count;
        if (frames[head] == 0) {
            head = (head + 1) & MASK;
            batches--;
            if (framesOf[kind.slot] != 0) {
                oldestOf[kind.slot] = publishedAt(firstOf(kind));
            }
        }
    }

    private int firstOf(FrameClass kind) {
        int place = 0;
        while (classAt(place) != kind) {
            place++;
        }
        return place;
    }

    private void countIn(FrameClass kind, long count, long nanos) {
        int of = kind.slot;
        if (framesOf[of] == 0) {
            oldestOf[of] = nanos;
        }
        framesOf[of] += count;
    }

    long total() {
        return total;
    }

    int batches() {
        return batches;
    }

    long frames(FrameClass kind) {
        return framesOf[kind.slot];
    }

    /** When the oldest of a class was published; says nothing if there is none. */
    long oldestNanos(FrameClass kind) {
        return oldestOf[kind.slot];
    }

    long oldestNanos() {
        return batches == 0 ? QueueView.NEVER : publishedNanos[head];
    }

    /** Of the batch at this place, counted from the oldest. */
    long framesAt(int place) {
        return frames[(head + place) & MASK];
    }

    FrameClass classAt(int place) {
        return classes[(head + place) & MASK];
    }

    long publishedAt(int place) {
        return publishedNanos[(head + place) & MASK];
    }

    void clear() {
        head = (head + batches) & MASK;
        batches = 0;
        total = 0;
        Arrays.fill(framesOf, 0);
    }
}
