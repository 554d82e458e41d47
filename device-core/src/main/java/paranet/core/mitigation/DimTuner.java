package paranet.core.mitigation;

/**
 * The dynamic interrupt moderation of Linux (lib/dim), as a state machine of numbers: measures over
 * 64 events, compares bytes, then packets, then events, and steps along five profiles.
 *
 * <p>Counters wrap as there: events at 16 bits, packets and bytes at 32, microseconds at 32. A
 * profile once decided is taken to be applied before the next event; measuring begins with that
 * one, as it does there when the driver applied it.
 *
 * <p>Threading: confined to one QueueWorker.
 */
public final class DimTuner {
    /** Where the search for the best profile stands. */
    public enum TuneState {
        PARKING_ON_TOP,
        PARKING_TIRED,
        GOING_RIGHT,
        GOING_LEFT
    }

    private enum Verdict {
        WORSE,
        SAME,
        BETTER
    }

    /** Events (interrupts) of one measurement. */
    public static final int EVENTS = 64;

    public static final int PROFILES = 5;

    /** The profile of a queue that nothing is known of. */
    public static final int PROFILE_START = 1;

    static final int TIRED_STEPS = PROFILES * 2;

    private static final long SIGNIFICANT_PERCENT = 10;

    private TuneState state = TuneState.PARKING_ON_TOP;
    private int profile = PROFILE_START;
    private int stepsRight;
    private int stepsLeft;
    private int tired;
    private boolean measuring;

    private long startNanos;
    private int startEvents;
    private int startPackets;
    private int startBytes;

    private long bytesPerMilli;
    private long packetsPerMilli;
    private long eventsPerMilli;
    private long bytesBefore;
    private long packetsBefore;
    private long eventsBefore;

    /**
     * An event; the counters are free-running.
     *
     * @return whether the profile changed
     */
    public boolean event(int events, int packets, int bytes, long nowNanos) {
        if (measuring) {
            if (((events - startEvents) & 0xffff) < EVENTS) {
                return false;
            }
            if (!measure(packets, bytes, nowNanos)) {
                return false;
            }
            if (decide()) {
                measuring = false;
                return true;
            }
        }
        startNanos = nowNanos;
        startEvents = events;
        startPackets = packets;
        startBytes = bytes;
        measuring = true;
        return false;
    }

    /** False when no time passed: the measurement goes on. */
    private boolean measure(int packets, int bytes, long nowNanos) {
        long micros = Math.floorDiv(nowNanos - startNanos, 1000L) & 0xffff_ffffL;
        if (micros == 0) {
            return false;
        }
        packetsPerMilli = perMilli(Integer.toUnsignedLong(packets - startPackets), micros);
        bytesPerMilli = perMilli(Integer.toUnsignedLong(bytes - startBytes), micros);
        eventsPerMilli = perMilli(EVENTS, micros);
        return true;
    }

    private static long perMilli(long count, long micros) {
        return (count * 1000 + micros - 1) / micros;
    }

    private boolean decide() {
        TuneState stateBefore = state;
        int profileBefore = profile;
        switch (state) {
            case PARKING_ON_TOP -> {
                if (compare() != Verdict.SAME) {
                    leaveParking();
                }
            }
            case PARKING_TIRED -> {
                if (--tired == 0) {
                    leaveParking();
                }
            }
            case GOING_RIGHT, GOING_LEFT -> search();
        }
        if (stateBefore != TuneState.PARKING_ON_TOP || state != TuneState.PARKING_ON_TOP) {
            bytesBefore = bytesPerMilli;
            packetsBefore = packetsPerMilli;
            eventsBefore = eventsPerMilli;
        }
        return profile != profileBefore;
    }

    private void search() {
        if (compare() != Verdict.BETTER) {
            turn();
        }
        if (isOnTop()) {
            parkOnTop();
        } else if (tired == TIRED_STEPS) {
            park(TuneState.PARKING_TIRED);
        } else if (isAtEdge()) {
            parkOnTop();
        } else {
            step();
        }
    }

    private void parkOnTop() {
        park(TuneState.PARKING_ON_TOP);
        tired = 0;
    }

    /** More bytes are better, then more packets, then fewer events; over 10 % count. */
    private Verdict compare() {
        if (bytesBefore == 0) {
            return bytesPerMilli != 0 ? Verdict.BETTER : Verdict.SAME;
        }
        if (isSignificant(bytesPerMilli, bytesBefore)) {
            return bytesPerMilli > bytesBefore ? Verdict.BETTER : Verdict.WORSE;
        }
        if (packetsBefore == 0) {
            return packetsPerMilli != 0 ? Verdict.BETTER : Verdict.SAME;
        }
        if (isSignificant(packetsPerMilli, packetsBefore)) {
            return packetsPerMilli > packetsBefore ? Verdict.BETTER : Verdict.WORSE;
        }
        if (eventsBefore != 0 && isSignificant(eventsPerMilli, eventsBefore)) {
            return eventsPerMilli < eventsBefore ? Verdict.BETTER : Verdict.WORSE;
        }
        return Verdict.SAME;
    }

    private static boolean isSignificant(long value, long reference) {
        return 100 * Math.abs(value - reference) / reference > SIGNIFICANT_PERCENT;
    }

    private void turn() {
        if (state == TuneState.GOING_RIGHT) {
            state = TuneState.GOING_LEFT;
            stepsLeft = 0;
        } else {
            state = TuneState.GOING_RIGHT;
            stepsRight = 0;
        }
    }

    private boolean isOnTop() {
        return state == TuneState.GOING_RIGHT
                ? stepsLeft > 1 && stepsRight == 1
                : stepsRight > 1 && stepsLeft == 1;
    }

    private boolean isAtEdge() {
        return profile == (state == TuneState.GOING_RIGHT ? PROFILES - 1 : 0);
    }

    private void step() {
        if (state == TuneState.GOING_RIGHT) {
            profile++;
            stepsRight++;
        } else {
            profile--;
            stepsLeft++;
        }
        tired++;
    }

    private void leaveParking() {
        state = profile == 0 ? TuneState.GOING_RIGHT : TuneState.GOING_LEFT;
        step();
    }

    private void park(TuneState where) {
        stepsRight = 0;
        stepsLeft = 0;
        state = where;
    }

    /** Index of the profile in force, 0 to 4. */
    public int profile() {
        return profile;
    }

    public TuneState state() {
        return state;
    }
}
