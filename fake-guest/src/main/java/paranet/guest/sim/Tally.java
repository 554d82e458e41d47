package paranet.guest.sim;

import paranet.core.mitigation.FrameClass;

import java.util.EnumMap;
import java.util.Map;

/**
 * What a simulation counts beside the accounts of its queues.
 *
 * <p>Threading: confined to its simulation.
 */
final class Tally {
    long calls;
    long interrupts;
    long runningInterrupts; // that met a CPU at work
    long accompanyingInterrupts; // of these, on their way together with another of the CPU's
    long isrReads;
    long halts;
    long kicks;
    long guestBusyNanos;
    long received;
    long receivedBytes;
    long sent;
    long sentBytes;
    long dropped;
    long transactions;
    long longestHoldNanos;
    final LongSamples latencies = new LongSamples();
    private final Map<FrameClass, LongSamples> latenciesByClass = new EnumMap<>(FrameClass.class);

    Tally() {
        for (FrameClass of : FrameClass.values()) {
            latenciesByClass.put(of, new LongSamples());
        }
    }

    LongSamples latencies(FrameClass of) {
        return latenciesByClass.get(of);
    }

    /** Forgets what happened while things settled. */
    void clear() {
        calls = 0;
        interrupts = 0;
        runningInterrupts = 0;
        accompanyingInterrupts = 0;
        isrReads = 0;
        halts = 0;
        kicks = 0;
        guestBusyNanos = 0;
        received = 0;
        receivedBytes = 0;
        sent = 0;
        sentBytes = 0;
        dropped = 0;
        transactions = 0;
        longestHoldNanos = 0;
        latencies.clear();
        latenciesByClass.values().forEach(LongSamples::clear);
    }
}
