package paranet.core.vhostuser;

import java.util.ArrayDeque;
import java.util.TreeMap;

/**
 * Channels whose last call the bus answers later, and the calls that wait behind it.
 *
 * <p>Threading: confined to the control thread.
 */
final class LateCalls {
    /** Calls that may wait, over all channels. */
    static final int WAITING_MAX = 64;

    private final TreeMap<Integer, ArrayDeque<BusRequest.Call>> channels = new TreeMap<>();
    private int waiting;

    /** Whether a call of this channel is not answered yet. */
    boolean isBusy(int channel) {
        return channels.containsKey(channel);
    }

    /** The bus answers a call of this channel later, and then come those that wait already. */
    void begin(int channel, ArrayDeque<BusRequest.Call> waited) {
        channels.put(channel, waited);
        waiting += waited.size();
    }

    /** Has a call wait until its channel, which is busy, is not. */
    void add(BusRequest.Call call) throws ProtocolException {
        if (waiting == WAITING_MAX) {
            throw new ProtocolException(
                    MessageHeader.nameOf(call.type(), call.id()),
                    "more than %d calls wait for one that is not answered yet"
                            .formatted(WAITING_MAX));
        }
        waiting++;
        channels.get(call.channel()).add(call);
    }

    /** The channel's call is answered; the calls that waited, in their order. */
    ArrayDeque<BusRequest.Call> end(int channel) {
        ArrayDeque<BusRequest.Call> ended = channels.remove(channel);
        waiting -= ended.size();
        return ended;
    }

    /** The lowest channel that is busy, or null. */
    Integer first() {
        return channels.isEmpty() ? null : channels.firstKey();
    }
}
