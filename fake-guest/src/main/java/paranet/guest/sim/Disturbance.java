package paranet.guest.sim;

/** What goes wrong beside the traffic, at times drawn at random. */
public enum Disturbance {
    /** One CPU of the guest does nothing for 10 ms; every 50 ms, in the mean. */
    PREEMPTION(50_000_000),
    /** All of its CPUs do nothing for up to 80 ms; every 200 ms. */
    STALL(200_000_000),
    /** Another worker takes a device over within a millisecond; every 20 ms. */
    RECONNECT(20_000_000),
    /** The guest writes something into the words that ask for calls; every 20 us. */
    HOSTILE(20_000);

    final long meanNanos;

    Disturbance(long meanNanos) {
        this.meanNanos = meanNanos;
    }
}
