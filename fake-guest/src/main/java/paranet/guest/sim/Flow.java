package paranet.guest.sim;

import paranet.core.mitigation.FrameClass;

/**
 * One kind of traffic. Rates are of each device, per second; times in nanoseconds.
 *
 * <p>Threading: immutable.
 */
public sealed interface Flow {
    /** Datagrams that come independently of each other. */
    record Datagrams(double rate, FrameClass of, int bytes) implements Flow {}

    /** The same, at ten times the rate for a tenth of the time: 1 ms of 10. */
    record Bursts(double rate, int bytes) implements Flow {}

    /** Runs of 8 to 45 full segments as a link of 10 Gbit/s brings them; a share of its load. */
    record Trains(double load) implements Flow {}

    /** Frames of 64 KiB that stand for 45 segments; a share of the load of 10 Gbit/s. */
    record LargeFrames(double load) implements Flow {}

    /** Requests and answers of clients that wait for each other. */
    record Requests(int flows, long thinkNanos) implements Flow {}

    /** The same, with answers that leave by another way: nothing is completed here. */
    record Questions(int flows, long thinkNanos) implements Flow {}

    /** TCP to the guest: congestion window, an acknowledgement for two segments. */
    record TcpToGuest() implements Flow {}

    /**
     * TCP from the guest: sends of 64 KiB, congestion window, small-queue limit.
     *
     * @param ackNanos mean time between acknowledgements, while the peer receives; half to one and
     *     a half of it
     */
    record TcpFromGuest(long ackNanos) implements Flow {}

    /** Datagrams, and an answer of the guest's to every so manieth. */
    record Answered(double rate, int every) implements Flow {}

    /** One event that brings a frame to every device, within a spread. */
    record Together(double rate, long spreadNanos) implements Flow {}

    /** A sender that waits for each completion. */
    record Blocking(int bytes) implements Flow {}

    /** A sender as fast as its CPU and the ring let it. */
    record Flood(int bytes) implements Flow {}
}
