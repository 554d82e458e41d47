package paranet.core.host;

/**
 * How long a worker polls on for an idle lane before it sleeps. Being woken costs 25-40 us, polling
 * costs processor time, though a worker that polls in vain yields it (docs/decisions/0004).
 *
 * @param nanos 0 or more: since the lane's last frame
 * @param framesPerMilli only for a lane that had at least so many in the last millisecond; 0 for
 *     any
 *     <p>Threading: immutable.
 */
public record BusyPoll(long nanos, int framesPerMilli) {
    /** A guest's time to answer, while frames are frequent. */
    public static final BusyPoll ADAPTIVE = new BusyPoll(150_000, 4);

    /** So many microseconds after every frame, however rare frames are; 0 for no polling. */
    public static BusyPoll always(int micros) {
        return new BusyPoll(micros * 1000L, 0);
    }
}
