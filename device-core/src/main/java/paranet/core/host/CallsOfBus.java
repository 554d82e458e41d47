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
                        bus.describe(vector, length, guestAddress),
                        () -> bus.describe(vector, length, guestAddress),
                        () -> bus.call(channel, vector, length, guestAddress))
                : bus.call(channel, vector, length, guestAddress);
    }

    /** A channel in memory, as long as it is not dropped. */
    Channel channel(int channel) {
        return new Channel(channel);
    }

    /**
     * The calls of one channel in memory. No message says what they came to, as it does of others.
     */
    final class Channel {
        private final int channel;
        private String late; // the call that is not answered yet, for the trace, or null

        private Channel(int channel) {
            this.channel = channel;
        }

        /** As {@link Bus#fastcall}. */
        void call() {
            if (!traces) {
                var _ = bus.fastcall(channel);
                return;
            }
            String start = "= FASTCALL channel=%d ".formatted(channel);
            String words = bus.describeFastcall(channel);
            int result =
                    traced(
                            start,
                            words,
                            () -> bus.describeFastcall(channel),
                            () -> bus.fastcall(channel));
            if (result == BusControl.LATER) {
                late = start + words;
            }
        }

        /** What the last call came to, which its own line said unless it came later. */
        void answered(int result) {
            if (late != null) {
                trace.line("%s -> %d".formatted(late, result));
                late = null;
            }
        }
    }

    private int traced(String start, String before, Supplier<String> after, IntSupplier call) {
        int result = call.getAsInt();
        StringBuilder line = new StringBuilder(start).append(before).append(" -> ");
        line.append(result == BusControl.LATER ? "later" : Integer.toString(result));
        List<String> known = List.of(before.split(" ", -1));
        for (String word : after.get().split(" ", -1)) {
            if (!known.contains(word)) {
                line.append(' ').append(word);
            }
        }
        trace.line(line.toString());
        return result;
    }
}
