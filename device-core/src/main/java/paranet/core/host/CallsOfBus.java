package paranet.core.host;

import paranet.core.device.Bus;
import paranet.core.device.BusControl;
import paranet.core.vhostuser.WireTrace;

import java.util.List;
import java.util.function.IntSupplier;
import java.util.function.Supplier;

/**
 * The calls of one connection to a bus, by message and through channels in memory, each told to the
 * connection's trace. What a call changed in the words about it stands behind the arrow.
 *
 * <p>Threading: confined to one QueueWorker.
 */
final class CallsOfBus {
    private final Bus bus;
    private final WireTrace trace;
    private final boolean traces;

    CallsOfBus(Bus bus, WireTrace trace) {
        this.bus = bus;
        this.trace = trace;
        this.traces = !trace.equals(WireTrace.NONE);
    }

    /** As {@link BusControl#call}. */
    int call(int channel, int vector, int length, long guestAddress) {
        return traces
                ? traced(
                        "= ",
                        () -> bus.describe(vector, length, guestAddress),
                        () -> bus.call(channel, vector, length, guestAddress))
                : bus.call(channel, vector, length, guestAddress);
    }

    /** As {@link Bus#fastcall}. */
    void fastcall(int channel) {
        if (traces) {
            var _ =
                    traced(
                            "= FASTCALL channel=%d ".formatted(channel),
                            () -> bus.describeFastcall(channel),
                            () -> bus.fastcall(channel));
        } else {
            var _ = bus.fastcall(channel);
        }
    }

    private int traced(String start, Supplier<String> words, IntSupplier call) {
        String before = words.get();
        int result = call.getAsInt();
        StringBuilder line = new StringBuilder(start).append(before).append(" -> ");
        line.append(result == BusControl.LATER ? "later" : Integer.toString(result));
        List<String> known = List.of(before.split(" ", -1));
        for (String word : words.get().split(" ", -1)) {
            if (!known.contains(word)) {
                line.append(' ').append(word);
            }
        }
        trace.line(line.toString());
        return result;
    }
}
