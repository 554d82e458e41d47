package paranet.launcher;

import paranet.core.host.BusCounters;
import paranet.core.mitigation.AvoidedBy;
import paranet.core.mitigation.CallLedger;
import paranet.core.mitigation.FrameClass;
import paranet.core.mitigation.OriginalCounters;
import paranet.core.mitigation.QueueReport;
import paranet.core.mitigation.UnitCosts;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.function.IntToLongFunction;
import java.util.function.ToDoubleFunction;

/**
 * What is known of when guests are called, in Prometheus' text form (docs/mitigation.md). A queue's
 * counters begin with its ring.
 *
 * <p>Threading: confined to the control thread.
 */
final class CoalesceMetrics {
    private static final double NANOS = 1e9;

    /** One port at one moment. */
    private record PortReport(BackEnd port, String name, List<QueueReport> queues) {}

    private final StringBuilder text = new StringBuilder();
    private final List<PortReport> ports = new ArrayList<>();

    private CoalesceMetrics() {}

    static String of(List<BackEnd> ports) {
        CoalesceMetrics metrics = new CoalesceMetrics();
        for (BackEnd port : ports) {
            metrics.ports.add(
                    new PortReport(port, "port=" + quoted(port.port().name()), port.queues()));
        }
        metrics.queues();
        metrics.holds();
        metrics.guests();
        metrics.original();
        metrics.modelled();
        return metrics.text.toString();
    }

    private void queues() {
        counter(
                "published_total",
                "frames, completions and control events",
                CallLedger::opportunities);
        counter("calls_total", "calls that told of something published", CallLedger::calls);
        counter(
                "signals_total",
                "looks at something new that found the guest armed",
                CallLedger::signals);
        family("suppressed_total", "counter", "what needed no call of its own, by the cause");
        forQueues(
                (labels, queue) -> {
                    for (AvoidedBy cause : AvoidedBy.values()) {
                        line(
                                "suppressed_total",
                                labels + ",cause=" + quoted(word(cause)),
                                queue.ledger().avoided(cause));
                    }
                });
        counter(
                "evaporated_total",
                "held, and the guest came by itself",
                ledger -> ledger.avoided(AvoidedBy.EVAPORATED));
        counter(
                "unconditional_calls_total",
                "calls that told of nothing new",
                CallLedger::unconditionalCalls);
        counter(
                "recalls_total",
                "calls repeated for a guest that did not answer",
                CallLedger::recalls);
        counter("relooks_total", "calls that a second look led to", CallLedger::relooks);
        counter(
                "watchdog_recalls_total",
                "repeated calls for what the guest had never been told of",
                CallLedger::watchdogRecalls);
        counter(
                "urgent_demoted_total",
                "urgent frames over the bound, taken for normal",
                CallLedger::urgentDemoted);
    }

    private void holds() {
        family(
                "hold_seconds",
                "histogram",
                "from publishing to the call, or to the guest's coming");
        forQueues(
                (labels, queue) -> {
                    for (FrameClass of : FrameClass.values()) {
                        CallLedger ledger = queue.ledger();
                        histogram(
                                "hold_seconds",
                                labels + ",class=" + quoted(word(of)),
                                bits -> ledger.held(of, bits),
                                ledger.heldNanos(of));
                    }
                });
        family("deadline_overrun_seconds", "histogram", "how late what was held was decided about");
        forQueues(
                (labels, queue) ->
                        histogram(
                                "deadline_overrun_seconds",
                                labels,
                                queue.ledger()::late,
                                queue.ledger().lateNanos()));
    }

    private void guests() {
        gauge("guest_wake_seconds", "mean from a call to the answer", q -> q.wakeNanos() / NANOS);
        gauge("guest_service_seconds", "mean work for a frame", q -> q.serviceNanos() / NANOS);
        gauge("gap_seconds", "how long a call may be held now", q -> q.gapNanos() / NANOS);
        gauge(
                "frames_max",
                "with how many frames a call comes at once",
                q -> q.framesMax() == Long.MAX_VALUE ? Double.POSITIVE_INFINITY : q.framesMax());
        family("queue_info", "gauge", "where a queue stands, and whose limits it obeys");
        forQueues(
                (labels, queue) ->
                        line(
                                "queue_info",
                                labels
                                        + ",state="
                                        + quoted(word(queue.state()))
                                        + ",rule="
                                        + quoted(word(queue.rule())),
                                1));
        family("policy_info", "gauge", "the operator's policy");
        for (PortReport each : ports) {
            CoalesceChoice choice = each.port().coalescing();
            line(
                    "policy_info",
                    each.name()
                            + ",policy="
                            + quoted(choice.options().name())
                            + ",era="
                            + quoted(choice.options().costs().name())
                            + ",requested="
                            + quoted(choice.text()),
                    1);
        }
    }

    /** The names of 2009, and what an event queue did. */
    private void original() {
        original("events_total", "records of event queues", OriginalCounters::events);
        original("qnotify_total", "interrupts", OriginalCounters::qnotify);
        original("qinject_total", "notifications of event queues", OriginalCounters::qinject);
        original("notify_total", "signals to guests", OriginalCounters::notified);
        original("inject_total", "signals from guests", OriginalCounters::inject);
        eventqs("eventq_events_total", "records put into the queue", BusCounters.Eventq::events);
        eventqs("eventq_calls_total", "interrupts of the queue", BusCounters.Eventq::interrupts);
        eventqs("eventq_kicks_total", "notifications of the queue", BusCounters.Eventq::kicks);
    }

    private void modelled() {
        family("kicks_total", "counter", "wake-ups by guests that were seen");
        for (PortReport each : ports) {
            line("kicks_total", each.name(), each.port().figures().kicks());
        }
        family(
                "modelled_exits_total",
                "counter",
                "exits that this hardware would have had: no measurement");
        forEras((labels, cost) -> line("modelled_exits_total", labels, cost.exits()));
        family(
                "modelled_cpu_seconds_total",
                "counter",
                "CPU time that calls, interrupts and kicks would have cost: no measurement");
        forEras(
                (labels, cost) ->
                        line("modelled_cpu_seconds_total", labels, cost.cpuNanos() / NANOS));
    }

    @FunctionalInterface
    private interface OfQueue {
        void print(String labels, QueueReport queue);
    }

    @FunctionalInterface
    private interface OfEra {
        void print(String labels, ModelledCost cost);
    }

    private void forQueues(OfQueue each) {
        for (PortReport port : ports) {
            for (QueueReport queue : port.queues()) {
                each.print(port.name() + ",queue=" + quoted(queue.name()), queue);
            }
        }
    }

    private void forEras(OfEra each) {
        for (PortReport port : ports) {
            var figures = port.port().figures();
            for (UnitCosts costs : UnitCosts.all()) {
                each.print(
                        port.name() + ",era=" + quoted(costs.name()),
                        ModelledCost.of(costs, figures.kicks(), figures.calls()));
            }
        }
    }

    private void counter(String name, String help, Function<CallLedger, Long> count) {
        family(name, "counter", help);
        forQueues((labels, queue) -> line(name, labels, count.apply(queue.ledger())));
    }

    private void gauge(String name, String help, ToDoubleFunction<QueueReport> value) {
        family(name, "gauge", help);
        forQueues((labels, queue) -> line(name, labels, value.applyAsDouble(queue)));
    }

    private void original(String name, String help, Function<OriginalCounters, Long> count) {
        family(name, "counter", help + ", by the name of 2009");
        for (PortReport each : ports) {
            line(name, each.name(), count.apply(each.port().original()));
        }
    }

    private void eventqs(String name, String help, Function<BusCounters.Eventq, Long> count) {
        family(name, "counter", help);
        for (PortReport port : ports) {
            List<BusCounters.Eventq> queues = port.port().eventqs();
            for (int i = 0; i < queues.size(); i++) {
                if (queues.get(i).events() != 0) {
                    line(
                            name,
                            port.name() + ",queue=" + quoted("evq" + i),
                            count.apply(queues.get(i)));
                }
            }
        }
    }

    /** Buckets of under 2^n nanoseconds; nothing for what never happened. */
    private void histogram(String name, String labels, IntToLongFunction bucket, long sumNanos) {
        long all = 0;
        for (int bits = 0; bits < CallLedger.HOLD_CLASSES; bits++) {
            all += bucket.applyAsLong(bits);
        }
        if (all == 0) {
            return;
        }
        long under = 0;
        for (int bits = 0; bits < CallLedger.HOLD_CLASSES - 1; bits++) {
            under += bucket.applyAsLong(bits);
            double bound = bits == 0 ? 0 : (1L << bits) / NANOS;
            line(name + "_bucket", labels + ",le=" + quoted(number(bound)), under);
        }
        line(name + "_bucket", labels + ",le=\"+Inf\"", all);
        line(name + "_sum", labels, sumNanos / NANOS);
        line(name + "_count", labels, all);
    }

    private void family(String name, String type, String help) {
        text.append("# HELP paranet_").append(name).append(' ').append(help).append('\n');
        text.append("# TYPE paranet_").append(name).append(' ').append(type).append('\n');
    }

    private void line(String name, String labels, long value) {
        line(name, labels, Long.toString(value));
    }

    private void line(String name, String labels, double value) {
        line(name, labels, number(value));
    }

    private void line(String name, String labels, String value) {
        text.append("paranet_").append(name).append('{').append(labels).append("} ");
        text.append(value).append('\n');
    }

    private static String number(double value) {
        if (value == Double.POSITIVE_INFINITY) {
            return "+Inf";
        }
        return value == Math.rint(value) ? Long.toString((long) value) : Double.toString(value);
    }

    private static String word(Enum<?> each) {
        return each.name().toLowerCase(Locale.ROOT);
    }

    private static String quoted(String value) {
        return '"' + value.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n") + '"';
    }
}
