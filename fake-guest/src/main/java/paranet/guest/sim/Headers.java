package paranet.guest.sim;

import paranet.core.mitigation.FlowTable;
import paranet.core.mitigation.FrameClass;

/**
 * What the frames of one device are taken for: as a worker does, from their headers and what came
 * before. Flows of the models are TCP connections of one peer, told apart by its port.
 *
 * <p>Threading: confined to its simulation.
 */
final class Headers {
    static final int TRAINS = 1;
    static final int LARGE_FRAMES = 2;
    static final int STREAM = 3;

    /** Clients that ask take the numbers from here on. */
    static final int FIRST_CLIENT = 16;

    private static final int TYPE = 12;
    private static final int IP = 14;
    private static final int TCP = IP + 20;
    private static final int BYTES = TCP + 20;
    private static final int ACK = 0x10;
    private static final int PSH = 0x08;
    private static final byte PEER = 1;
    private static final byte GUEST = 2;

    private final FlowTable flows = new FlowTable();
    private final byte[] header = new byte[BYTES];
    private final VirtualClock clock;
    private int clients;

    Headers(VirtualClock clock) {
        this.clock = clock;
        header[TYPE] = 0x08;
        header[IP] = 0x45;
        header[IP + 9] = 6;
        header[TCP + 12] = 0x50;
    }

    int newClient() {
        return FIRST_CLIENT + clients++;
    }

    /** The class of a segment with so many bytes of payload; a push ends what its sender wrote. */
    FrameClass segment(int flow, boolean toGuest, int payload, boolean push) {
        return classify(flow, toGuest, payload, push, false);
    }

    /** The class of a frame that stands for several. */
    FrameClass large(int flow, int payload) {
        return classify(flow, true, payload, false, true);
    }

    private FrameClass classify(int flow, boolean toGuest, int payload, boolean push, boolean gso) {
        put16(IP + 2, Math.min(0xffff, 40 + payload));
        header[IP + 15] = toGuest ? PEER : GUEST;
        header[IP + 19] = toGuest ? GUEST : PEER;
        put16(toGuest ? TCP : TCP + 2, 1024 + flow);
        put16(toGuest ? TCP + 2 : TCP, 80);
        header[TCP + 13] = (byte) (push ? ACK | PSH : ACK);
        return flows.classify(
                header, BYTES, BYTES + (long) payload, gso, toGuest, clock.nowNanos());
    }

    private void put16(int at, int value) {
        header[at] = (byte) (value >> 8);
        header[at + 1] = (byte) value;
    }
}
