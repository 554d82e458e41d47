package paranet.core.mitigation;

/**
 * How long and for how many frames a call may be held back, counted from the first frame held.
 *
 * @param micros longest hold in microseconds, 0 to {@link #MICROS_MAX}
 * @param frames most frames held, 0 to {@link #FRAMES_MAX}
 * @param zero what a 0 means
 */
public record Coalescing(long micros, long frames, Zero zero) {
    /** The two meanings of 0: they are opposites. */
    public enum Zero {
        /** ethtool: that criterion is not used. */
        NO_CRITERION,
        /** VIRTIO_NET_F_NOTF_COAL: notify after every packet (virtio 1.3, 5.1.6.5.8). */
        EVERY_FRAME
    }

    /** A second: nobody waits longer for a frame. */
    public static final long MICROS_MAX = 1_000_000;

    /** A virtqueue holds no more (virtio 1.3, 2.7); a guest may say more, and gets this. */
    public static final long FRAMES_MAX = 32_768;

    /** What a guest that limits nothing is taken for. */
    public static final Coalescing NO_LIMITS =
            new Coalescing(MICROS_MAX, FRAMES_MAX, Zero.EVERY_FRAME);

    /** No hold at all, as ethtool says it. */
    public static final Coalescing OFF = new Coalescing(0, 1, Zero.NO_CRITERION);

    /**
     * @throws IllegalArgumentException if a value is out of bounds, or frames alone would be waited
     *     for that may never come
     */
    public Coalescing {
        requireWithin("usecs", micros, MICROS_MAX);
        requireWithin("frames", frames, FRAMES_MAX);
        if (zero == Zero.NO_CRITERION && micros == 0 && frames == 0) {
            throw new IllegalArgumentException(
                    "usecs 0 and frames 0 would never notify (ethtool's rule: 0 is no criterion);"
                            + " for no coalescing say usecs 0, frames 1");
        }
        if (zero == Zero.NO_CRITERION && micros == 0 && frames > 1) {
            throw new IllegalArgumentException(
                    ("usecs 0 and frames %d would wait for frames that may never come (ethtool's"
                                    + " rule: 0 is no criterion); give usecs 1 to %d, or frames 1")
                            .formatted(frames, MICROS_MAX));
        }
    }

    private static void requireWithin(String name, long value, long most) {
        if (value < 0 || value > most) {
            throw new IllegalArgumentException(
                    "%s is %d, and must be 0 to %d".formatted(name, value, most));
        }
    }

    /** A guest's command: le32 values without a sign, and larger ones mean the largest. */
    public static Coalescing command(long maxUsecs, long maxPackets) {
        return new Coalescing(
                Math.min(maxUsecs, MICROS_MAX), Math.min(maxPackets, FRAMES_MAX), Zero.EVERY_FRAME);
    }

    /** Whether nothing is ever held. */
    public boolean isOff() {
        return zero == Zero.EVERY_FRAME ? micros == 0 || frames <= 1 : frames == 1;
    }

    /** Longest hold in nanoseconds. */
    public long holdNanos() {
        return isOff() ? 0 : micros * 1000;
    }

    /** Frames at which a call is made at the latest. */
    public long framesMax() {
        return isOff() ? 1 : frames == 0 ? Long.MAX_VALUE : frames;
    }

    /** What takes effect, in words. */
    public String effective() {
        String rule = zero == Zero.NO_CRITERION ? "ethtool" : "virtio";
        if (isOff()) {
            return "every packet (%s rule)".formatted(rule);
        }
        return frames == 0
                ? "timer only, %d us after the first packet (%s rule)".formatted(micros, rule)
                : "%d us after the first packet or at %d packets (%s rule)"
                        .formatted(micros, frames, rule);
    }
}
