package paranet.guest.demo;

/**
 * What happened in one interval, ready to be shown.
 *
 * @param toKernelBits bits a second from guest to kernel, Ethernet frames
 * @param toKernelFrames frames a second
 * @param toGuestBits bits a second from kernel to guest
 * @param toGuestFrames frames a second
 * @param callsPerFrame interrupts per frame in either direction
 * @param kicksPerFrame kicks per frame in either direction
 *     <p>Threading: immutable.
 */
record Rates(
        double toKernelBits,
        double toKernelFrames,
        double toGuestBits,
        double toGuestFrames,
        double callsPerFrame,
        double kicksPerFrame) {
    /** All counts at one moment. */
    record Counts(
            long nanos,
            long framesOut,
            long bytesOut,
            long framesIn,
            long bytesIn,
            long calls,
            long kicks) {}

    static Rates between(Counts before, Counts after) {
        double seconds = Math.max(1, after.nanos - before.nanos) / 1e9;
        long framesOut = after.framesOut - before.framesOut;
        long framesIn = after.framesIn - before.framesIn;
        double frames = Math.max(1, framesOut + framesIn);
        return new Rates(
                (after.bytesOut - before.bytesOut) * 8 / seconds,
                framesOut / seconds,
                (after.bytesIn - before.bytesIn) * 8 / seconds,
                framesIn / seconds,
                (after.calls - before.calls) / frames,
                (after.kicks - before.kicks) / frames);
    }
}
