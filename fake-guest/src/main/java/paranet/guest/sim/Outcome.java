package paranet.guest.sim;

import paranet.core.mitigation.AvoidedBy;
import paranet.core.mitigation.FrameClass;
import paranet.core.mitigation.UnitCosts;

import java.util.EnumMap;
import java.util.Map;

/**
 * What happened in a stretch of virtual time. All of it is modelled.
 *
 * <p>Threading: immutable.
 */
public final class Outcome {
    private static final double NANOS = 1e9;

    private final long nanos;
    private final Accounts accounts;
    private final Counts counts;
    private final Quantiles latencies;
    private final Map<FrameClass, Quantiles> latenciesByClass = new EnumMap<>(FrameClass.class);
    private final double windowNanos;
    private final int dimProfile;
    private final int cpus;

    private record Counts(
            long calls,
            long interrupts,
            long runningInterrupts,
            long accompanyingInterrupts,
            long isrReads,
            long halts,
            long kicks,
            long guestBusyNanos,
            long received,
            long receivedBytes,
            long sent,
            long sentBytes,
            long dropped,
            long transactions,
            long longestHoldNanos) {}

    Outcome(
            long nanos,
            Accounts accounts,
            Tally tally,
            double windowNanos,
            int dimProfile,
            int cpus) {
        this.nanos = nanos;
        this.accounts = accounts;
        this.counts =
                new Counts(
                        tally.calls,
                        tally.interrupts,
                        tally.runningInterrupts,
                        tally.accompanyingInterrupts,
                        tally.isrReads,
                        tally.halts,
                        tally.kicks,
                        tally.guestBusyNanos,
                        tally.received,
                        tally.receivedBytes,
                        tally.sent,
                        tally.sentBytes,
                        tally.dropped,
                        tally.transactions,
                        tally.longestHoldNanos);
        this.latencies = new Quantiles(tally.latencies.sorted());
        for (FrameClass of : FrameClass.values()) {
            latenciesByClass.put(of, new Quantiles(tally.latencies(of).sorted()));
        }
        this.windowNanos = windowNanos;
        this.dimProfile = dimProfile;
        this.cpus = cpus;
    }

    private double perSecond(long count) {
        return count * NANOS / nanos;
    }

    /** Everything published to a queue, a second. */
    public double opportunities() {
        return perSecond(accounts.opportunities);
    }

    /** Moments at which something new met an armed guest; of a bus, events; a second. */
    public double signals() {
        return perSecond(accounts.signals);
    }

    /** Writes of eventfds, a second. */
    public double calls() {
        return perSecond(counts.calls);
    }

    /** Taken by the guest, a second. */
    public double interrupts() {
        return perSecond(counts.interrupts);
    }

    /** Of these, those that met a CPU at work, a second. */
    public double runningInterrupts() {
        return perSecond(counts.runningInterrupts);
    }

    /** Of these, those whose call was made while another one of the CPU's was on its way. */
    public double accompanyingInterrupts() {
        return perSecond(counts.accompanyingInterrupts);
    }

    /** Of the guest to the device, a second. */
    public double kicks() {
        return perSecond(counts.kicks);
    }

    /** Times that the guest's CPUs went to sleep, a second. */
    public double halts() {
        return perSecond(counts.halts);
    }

    /** Reads of the ISR status, a second. */
    public double isrReads() {
        return perSecond(counts.isrReads);
    }

    /** What needed no call of its own for a cause, a second. */
    public double avoided(AvoidedBy cause) {
        return perSecond(accounts.avoided.getOrDefault(cause, 0L));
    }

    /** Calls and causes, less opportunities: what was open at the ends of the stretch. */
    public long unbalanced() {
        long sum = accounts.told - accounts.opportunities;
        for (long avoided : accounts.avoided.values()) {
            sum += avoided;
        }
        return sum;
    }

    /** Share of signals that needed no interrupt, 0 to 1: the 1 - qnotify/notify of 2009. */
    public double saved() {
        return accounts.signals == 0 ? 0 : 1 - (double) counts.interrupts / accounts.signals;
    }

    /** Frames that the guest handled, a second. */
    public double received() {
        return perSecond(counts.received);
    }

    /** Frames on the wire, a second. */
    public double sent() {
        return perSecond(counts.sent);
    }

    /** Both directions, in bits a second. */
    public double goodputBits() {
        return perSecond(8 * (counts.receivedBytes + counts.sentBytes));
    }

    /** Frames for which the guest had no buffer, in all. */
    public long dropped() {
        return counts.dropped;
    }

    /** Answers that went out, or completions waited for, a second. */
    public double transactions() {
        return perSecond(counts.transactions);
    }

    /** Repeated calls after which a guest went on for what it was never told of. */
    public long watchdogRecalls() {
        return accounts.watchdogRecalls;
    }

    /** Calls repeated for a guest that did not answer, in all. */
    public long recalls() {
        return accounts.recalls;
    }

    /** Calls that told of nothing new, in all: another worker took a queue over. */
    public long unconditionalCalls() {
        return accounts.unconditional;
    }

    /** Share of completions that the guest took without being interrupted for them, 0 to 1. */
    public double completionsTakenAlong() {
        return accounts.completions == 0
                ? 0
                : 1 - (double) accounts.completionsInterrupting / accounts.completions;
    }

    /** Urgent frames taken for normal ones, in all. */
    public long demoted() {
        return accounts.demoted;
    }

    /** The longest time from publishing to a call for it. */
    public long longestHoldNanos() {
        return counts.longestHoldNanos;
    }

    /** Mean time that the event queue's signal is pending; 0 without one. */
    public double windowNanos() {
        return windowNanos;
    }

    /** Of policy {@code dim} and the first receive queue, most of the time; -1 of others. */
    public int dimProfile() {
        return dimProfile;
    }

    /** Share of the guest's CPUs that was at work. */
    public double guestBusy() {
        return (double) counts.guestBusyNanos / nanos / cpus;
    }

    /** From arrival at the device to the end of the guest's work; of a share of 0 to 1. */
    public long latencyNanos(double share) {
        return latencies.of(share);
    }

    /** The same, of frames that somebody waits for. */
    public long urgentLatencyNanos(double share) {
        return latencyNanos(FrameClass.URGENT, share);
    }

    /** The same, of frames of a class; 0 if there were none. */
    public long latencyNanos(FrameClass of, double share) {
        return latenciesByClass.get(of).of(share);
    }

    /** Frames that latencies are known of. */
    public int samples() {
        return latencies.count();
    }

    /** Exits of the guest, a second, as the era has them. */
    public double exits(UnitCosts costs, Assumptions assumptions) {
        long exits = counts.kicks + counts.isrReads + counts.halts;
        if (costs.deliverNanos() != 0) {
            exits += counts.runningInterrupts;
        }
        if (costs.eoiNanos() != 0) {
            exits += counts.interrupts;
        }
        long windows = counts.interrupts * assumptions.of("window-permille") / 1000;
        return perSecond(exits + windows);
    }

    /** CPU time that calls, interrupts and kicks cost guest and device, as a share of one core. */
    public double notificationCores(UnitCosts costs, boolean heavyKick) {
        double spent =
                (double) counts.calls * costs.callNanos()
                        + (double) counts.kicks
                                * (heavyKick ? costs.heavyNanos() : costs.lightNanos())
                        + (double) counts.interrupts * (costs.irqNanos() + costs.eoiNanos())
                        + (double) counts.runningInterrupts * costs.deliverNanos()
                        + (double) counts.isrReads * costs.heavyNanos()
                        + (double) counts.halts * costs.lightNanos();
        return spent / nanos;
    }
}
