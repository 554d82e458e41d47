package paranet.core.mitigation;

import java.util.List;

/**
 * The counters of the thread of 2009, by their names there (debugfs of the guest's bridge driver),
 * as the host sees what that guest counted.
 *
 * @param events records of the event queue: signals, and devices that come and go
 * @param qnotify interrupts of the event queue
 * @param qinject the guest's notifications of the event queue
 * @param notified signals of devices, host to guest; there "notify", which no record may have
 * @param inject signals of devices, guest to host
 */
public record OriginalCounters(
        long events, long qnotify, long qinject, long notified, long inject) {
    /**
     * Of a bus.
     *
     * @param other records that are no signals
     * @param eventKicks notifications of the event queue by the guest
     * @param deviceKicks notifications of device rings by the guest
     */
    public static OriginalCounters ofBus(
            EventFold fold, long other, long eventKicks, long deviceKicks) {
        return new OriginalCounters(
                fold.events() + other, fold.injections(), eventKicks, fold.events(), deviceKicks);
    }

    /**
     * Of a device whose queues are called one by one: what would have been a signal, against what
     * was a call. There is no event queue, so nobody notifies it.
     */
    public static OriginalCounters ofQueues(List<CallLedger> queues, long kicks) {
        long signals = 0;
        long calls = 0;
        for (CallLedger ledger : queues) {
            signals += ledger.signals();
            calls += ledger.calls();
        }
        return new OriginalCounters(signals, calls, 0, signals, kicks);
    }

    /** Share of signals that needed no interrupt, 0 to 1: 1 - qnotify/notify. */
    public double saved() {
        return notified == 0 ? 0 : 1 - (double) qnotify / notified;
    }

    /** One line, in the words of 2009. */
    public String inOriginalWords() {
        return "events %d qnotify %d qinject %d notify %d inject %d"
                .formatted(events, qnotify, qinject, notified, inject);
    }
}
