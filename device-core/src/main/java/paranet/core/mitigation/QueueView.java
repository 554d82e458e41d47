package paranet.core.mitigation;

/**
 * What a policy may see of one queue when it decides. One mutable object per queue, filled before
 * each decision.
 *
 * <p>Threading: confined to one QueueWorker.
 */
public final class QueueView {
    /** Whether the queue carries frames to the guest (receive) or completions (transmit). */
    public enum Kind {
        RECEIVE,
        TRANSMIT,
        CONTROL
    }

    /** A time before all others. */
    public static final long NEVER = Long.MIN_VALUE / 4;

    /** What a ring does not say. */
    public static final long UNKNOWN = -1;

    private final Kind kind;
    private final int size;
    final HeldFrames held = new HeldFrames();
    final GuestProgress progress;

    boolean wanted;
    boolean declined;
    long consumed = UNKNOWN;
    long posted = UNKNOWN;
    long inFlight = UNKNOWN;
    long published;
    long bytes;
    long fresh;
    boolean askedBefore;
    long lastCallNanos = NEVER;
    long lastTakenNanos = NEVER;
    long receiveCallNanos = NEVER;
    long guestCallNanos = NEVER;
    private long unnotified = UNKNOWN;
    private long oldestNanos;

    public QueueView(Kind kind, int size) {
        this(kind, size, new GuestProgress(0, 0));
    }

    QueueView(Kind kind, int size, GuestProgress progress) {
        this.kind = kind;
        this.size = size;
        this.progress = progress;
    }

    /** Fills the view where nothing but counts and times is known of what is held. */
    public void fill(boolean wanted, long unnotified, long oldestNanos, long lastCallNanos) {
        this.wanted = wanted;
        this.unnotified = unnotified;
        this.oldestNanos = oldestNanos;
        this.lastCallNanos = lastCallNanos;
    }

    public Kind kind() {
        return kind;
    }

    /** Entries of the ring. */
    public int size() {
        return size;
    }

    /** Whether the guest is armed for what was published (DeviceVirtqueue.needsNotification). */
    public boolean wanted() {
        return wanted;
    }

    /** Whether the ring itself says that the guest wants no calls: it polls. */
    public boolean declined() {
        return declined;
    }

    /** Chains published since the last call. */
    public long unnotified() {
        return unnotified == UNKNOWN ? held.total() : unnotified;
    }

    /** Worker's clock when the oldest of them was published. */
    public long oldestNanos() {
        return unnotified == UNKNOWN ? held.oldestNanos() : oldestNanos;
    }

    /** Those of one class. */
    public long unnotified(FrameClass of) {
        return held.frames(of);
    }

    /** Worker's clock when the oldest of a class was published; only if there is one. */
    public long oldestNanos(FrameClass of) {
        return held.oldestNanos(of);
    }

    /** Chains published since the policy was last asked. */
    public long fresh() {
        return fresh;
    }

    /** Whether something of what is held was held when the policy was last asked. */
    public boolean askedBefore() {
        return askedBefore;
    }

    /** Chains ever published, and so to be compared with {@link #consumed}. */
    public long published() {
        return published;
    }

    /** Bytes of frames ever published. */
    public long bytes() {
        return bytes;
    }

    /** A lower bound of the published chains that the guest is done with, or UNKNOWN. */
    public long consumed() {
        return consumed;
    }

    /** Buffers that the guest has posted and the device not taken, or UNKNOWN. */
    public long posted() {
        return posted;
    }

    /** Chains that the device has taken and not published, or UNKNOWN. */
    public long inFlight() {
        return inFlight;
    }

    /** Worker's clock at the last call of this queue, or NEVER. */
    public long lastCallNanos() {
        return lastCallNanos;
    }

    /** Worker's clock when the guest last gave something, as far as the worker saw; or NEVER. */
    public long lastTakenNanos() {
        return lastTakenNanos;
    }

    /** Worker's clock at the last call for received frames of the same device, or NEVER. */
    public long receiveCallNanos() {
        return receiveCallNanos;
    }

    /** Worker's clock at the last call of any queue of the guest, or NEVER. */
    public long guestCallNanos() {
        return guestCallNanos;
    }

    /** Mean time that the guest needs for a frame while it polls, in nanoseconds. */
    public double serviceNanos() {
        return progress.serviceNanos();
    }

    /** Mean time from a call until the guest answers it, in nanoseconds. */
    public double wakeNanos() {
        return progress.wakeNanos();
    }

    /** Frames published per nanosecond, lately. */
    public double framesPerNano(long nowNanos) {
        return progress.framesPerNano(nowNanos);
    }
}
