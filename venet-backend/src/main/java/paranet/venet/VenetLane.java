package paranet.venet;

import paranet.core.device.BusLane;
import paranet.core.device.FrameSorter;
import paranet.core.frame.DropCounters;
import paranet.core.frame.DropReason;
import paranet.core.frame.FrameBridge;
import paranet.core.frame.FrameSource;
import paranet.core.memory.GuestMemory;

import java.util.concurrent.atomic.AtomicLong;

/**
 * The frames of one device: its transmit and its receive ring, from LINKUP on.
 *
 * <p>Threading: confined to the worker of its bus; the counters may be read by any thread.
 */
final class VenetLane implements BusLane, AutoCloseable {
    private final FrameBridge bridge;
    private final FrameSource source;
    private final DropCounters drops = new DropCounters();
    private final AtomicLong transmitted = new AtomicLong(); // written by the worker alone
    private final AtomicLong received = new AtomicLong();

    private final FrameSorter sorter = new FrameSorter();

    private GuestMemory memory = GuestMemory.EMPTY;
    private Segment transmitPool;
    private VenetLink link; // null until the link is up
    private VenetEvents events; // or null
    private VenetTransmit transmit;
    private VenetReceive receive;
    private boolean up;
    private boolean closing;
    private boolean networkUp = true;
    private boolean woken;

    VenetLane(FrameBridge bridge) {
        this.bridge = bridge;
        this.source = bridge.source(0);
    }

    DropCounters drops() {
        return drops;
    }

    /** Who tells the frames apart. */
    FrameSorter sorter() {
        return sorter;
    }

    void memory(GuestMemory memory) {
        this.memory = memory;
    }

    /** Where descriptors of the transmit ring lie from now on. */
    void transmitPool(Segment pool) {
        transmitPool = pool;
    }

    /** Opens the lane; {@code events} tells of completed frames if {@code completes}. */
    void open(
            VenetLink link,
            VenetEvents events,
            boolean completes,
            int txMitigation,
            SignalCalls transmitCalls,
            SignalCalls receiveCalls) {
        release(DropReason.LINK_DOWN);
        this.link = link;
        this.events = events;
        Completions completions =
                new Completions(transmitCalls, completes ? events : null, txMitigation);
        transmit = new VenetTransmit(bridge, drops, link, completions);
        receive = new VenetReceive(source, drops, link, receiveCalls);
        transmit.sorter(sorter);
        receive.sorter(sorter);
    }

    boolean isOpen() {
        return link != null;
    }

    /** Frames flow. */
    void up() {
        up = true;
        link.transmit().signal().enable();
        woken = true;
    }

    /** Frames for the guest are thrown away; what it has posted stays in the ring. */
    void down() {
        stop();
        if (receive != null) {
            receive.discard();
        }
    }

    /** Frames flow no more; guest memory is touched to say so, and for nothing else. */
    void stop() {
        if (!up) {
            return;
        }
        halt();
        link.transmit().signal().disable();
        receive.quieten();
        receive.dropHeld(DropReason.LINK_DOWN);
    }

    /** Frames flow no more; the rings are left as they are. */
    void halt() {
        up = false;
        woken = true; // so that whoever watches for frames looks again
    }

    /** What the guest posted goes on, and nothing else does. */
    void beginClose() {
        closing = true;
        woken = true;
    }

    boolean isUp() {
        return up;
    }

    /** Whether the next {@link #drainTransmit} moves something. */
    boolean isTransmitReady() {
        return up && transmit.isReady();
    }

    /** Whether frames that the guest posted can still leave. */
    boolean hasPosted() {
        return up && transmit.hasPosted();
    }

    /** Drops what is left of frames that the guest posted. */
    void dropPosted() {
        transmit.drop(memory, transmitPool, DropReason.DEVICE_CLOSED);
    }

    /** Gives all memory back; what is held is dropped. */
    @Override
    public void close() {
        up = false;
        closing = false;
        woken = true;
        transmitPool = null;
        events = null;
        release(DropReason.DEVICE_CLOSED);
    }

    private void release(DropReason why) {
        if (link != null) {
            receive.dropHeld(why);
            transmit.dropHeld(why);
            receive.close();
            transmit.close();
            link = null;
            receive = null;
            transmit = null;
        }
    }

    /** The network side has a link, or none. */
    void networkUp(boolean isUp) {
        networkUp = isUp;
        woken = true;
    }

    void flushReceive() {
        receive.flush();
        woken = true;
    }

    /** The guest told one of the signals. */
    void wake() {
        woken = true;
    }

    /** Takes frames now, because the guest rang after a pause; wakes the lane if there are more. */
    void burst() {
        if (up) {
            drainTransmit();
            woken |= !armTransmit() || transmit.isSinkFull(); // which has to be watched
        }
    }

    /** Whether a received frame waits for pages, and nothing says until when. */
    boolean lacksPages() {
        return up && receive.isWaiting();
    }

    /** Which of all frames that waited for pages it is. */
    int waits() {
        return receive.waits();
    }

    /** The frame that waits for pages has to go without. */
    void stopWaiting() {
        receive.stopWaiting();
        woken = true;
    }

    @Override
    public boolean takeWoken() {
        boolean taken = woken;
        woken = false;
        return taken;
    }

    @Override
    public int drainTransmit() {
        if (events != null && events.isResumable()) {
            events.resume();
        }
        if (!up) {
            return 0;
        }
        if (link.transmit().signal().isEnabled()) {
            link.transmit().signal().disable();
        }
        int moved = transmit.drain(memory, transmitPool, networkUp);
        if (moved > 0) {
            transmitted.setOpaque(transmitted.getPlain() + transmit.sent());
        }
        return moved;
    }

    private boolean isReceiving() {
        return up && networkUp && !closing;
    }

    @Override
    public int fillReceive() {
        if (!isReceiving()) {
            return 0;
        }
        int moved = receive.fill(memory);
        if (moved > 0) {
            received.setOpaque(received.getPlain() + receive.given());
        }
        return moved;
    }

    @Override
    public boolean arm() {
        boolean eventsQuiet = events == null || events.arm();
        boolean transmitQuiet = armTransmit();
        boolean receiveQuiet = !isReceiving() || receive.arm();
        return eventsQuiet && transmitQuiet && receiveQuiet;
    }

    private boolean armTransmit() {
        if (!up) {
            return true;
        }
        link.transmit().signal().enable();
        return !transmit.isReady();
    }

    @Override
    public void disarm() {
        if (up) {
            if (link.transmit().signal().isEnabled()) {
                link.transmit().signal().disable();
            }
            receive.quieten();
        }
    }

    @Override
    public int sourceDescriptor() {
        return isReceiving() ? receive.sourceDescriptor() : NO_DESCRIPTOR;
    }

    @Override
    public int sinkDescriptor() {
        return up ? transmit.sinkDescriptor() : NO_DESCRIPTOR;
    }

    @Override
    public long transmittedFrames() {
        return transmitted.getOpaque();
    }

    @Override
    public long receivedFrames() {
        return received.getOpaque();
    }
}
