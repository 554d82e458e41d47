package paranet.guest;

import paranet.core.linux.LinuxException;
import paranet.core.linux.Readiness;
import paranet.guest.frame.GuestFrame;
import paranet.virtionet.wire.VirtioNetFeature;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * One pair of a fake guest's network driver: frames out, frames in, and waiting for either.
 *
 * <p>{@link #send} and {@link #receive} stage; {@link #flush} publishes and kicks.
 *
 * <p>Threading: confined to one thread at a time.
 */
public final class NetQueuePair implements FramePort, AutoCloseable {
    private static final long SLOT_BYTES_TOGETHER = 8L << 20;
    private static final int MILLION = 1_000_000;

    private final GuestRing receiveRing;
    private final GuestRing transmitRing;
    private final DriverOptions options;
    private final int headerBytes;
    private final boolean mergeable;
    private final PacketSlots receiveSlots;
    private final PacketSlots transmitSlots;
    private final int receivePacketBytes;
    private final int[] freeTransmit;
    private int freeTransmitCount;
    private final int[] freeReceive; // chains that found no descriptors yet
    private int freeReceiveCount;
    private final Readiness readiness = new Readiness(2);
    private final Deque<GuestFrame> settled = new ArrayDeque<>();
    private int buffersLeft; // of a frame of which only a part has come
    private int frameBytes;
    private boolean receiveStaged;
    private boolean transmitStaged;
    private long framesSent;
    private long framesReceived;

    private NetQueuePair(
            FakeFrontend frontend,
            GuestRing receiveRing,
            GuestRing transmitRing,
            DriverOptions options) {
        long features = frontend.features();
        this.receiveRing = receiveRing;
        this.transmitRing = transmitRing;
        this.options = options;
        this.headerBytes = VirtioNetFeature.headerBytes(features);
        this.mergeable = (features & VirtioNetFeature.MRG_RXBUF) != 0;
        int packetBytesMax = headerBytes + options.frameBytesMax();
        this.receivePacketBytes = mergeable ? options.receiveBufferBytes() : packetBytesMax;
        this.receiveSlots =
                new PacketSlots(
                        frontend.ram(),
                        features,
                        slots(receiveRing.queue().size(), receivePacketBytes),
                        receivePacketBytes,
                        options.seed() + receiveRing.index());
        this.transmitSlots =
                new PacketSlots(
                        frontend.ram(),
                        features,
                        slots(transmitRing.queue().size(), packetBytesMax),
                        packetBytesMax,
                        options.seed() + transmitRing.index());
        this.freeTransmit = all(transmitSlots.count());
        this.freeTransmitCount = freeTransmit.length;
        this.freeReceive = all(receiveSlots.count());
        this.freeReceiveCount = freeReceive.length;
    }

    private static int slots(int ringSize, int bytes) {
        return Math.clamp(SLOT_BYTES_TOGETHER / bytes, 2, ringSize);
    }

    private static int[] all(int count) {
        int[] slots = new int[count];
        for (int i = 0; i < count; i++) {
            slots[i] = i;
        }
        return slots;
    }

    /** Opens both rings of a pair, not started, with every receive buffer in place. */
    static NetQueuePair open(FakeFrontend frontend, int pair, DriverOptions options)
            throws IOException {
        int size = frontend.options().ringSize();
        NetQueuePair opened =
                new NetQueuePair(
                        frontend,
                        frontend.openRing(2 * pair, size),
                        frontend.openRing(2 * pair + 1, size),
                        options);
        opened.refill();
        opened.receiveRing.queue().publish();
        opened.receiveStaged = false;
        opened.receiveRing.queue().disableInterrupts();
        opened.transmitRing.queue().disableInterrupts();
        return opened;
    }

    public GuestRing receiveRing() {
        return receiveRing;
    }

    public GuestRing transmitRing() {
        return transmitRing;
    }

    /**
     * Stages one frame of at most frameBytesMax bytes.
     *
     * @return false when there is no room until the device has used some
     */
    @Override
    public boolean send(GuestFrame frame) {
        if (freeTransmitCount == 0 || transmitRing.queue().freeDescriptors() == 0) {
            reclaim();
        }
        if (freeTransmitCount == 0) {
            return false;
        }
        int slot = freeTransmit[freeTransmitCount - 1];
        int pieces =
                transmitSlots.cut(
                        slot,
                        headerBytes + frame.length(),
                        options.transmitShape(),
                        transmitRing.queue().freeDescriptors());
        if (pieces == 0) {
            return false;
        }
        transmitSlots.write(slot, frame);
        boolean added =
                transmitRing
                        .queue()
                        .add(
                                transmitSlots.addresses,
                                transmitSlots.lengths,
                                pieces,
                                0,
                                slot,
                                transmitSlots.isIndirect(slot));
        if (!added) {
            return false;
        }
        freeTransmitCount--;
        transmitStaged = true;
        framesSent++;
        return true;
    }

    /** Whether {@link #send} would take a frame. */
    @Override
    public boolean hasRoom() {
        if (freeTransmitCount == 0 || transmitRing.queue().freeDescriptors() < 2) {
            reclaim();
        }
        return freeTransmitCount > 0 && transmitRing.queue().freeDescriptors() >= 2;
    }

    /** Takes back what the device has sent. */
    public void reclaim() {
        while (transmitRing.queue().poll()) {
            freeTransmit[freeTransmitCount++] = transmitRing.queue().token();
        }
    }

    /** Frames the device has not given back. */
    public int transmitOutstanding() {
        reclaim();
        return transmitRing.queue().outstanding();
    }

    /** Takes the next frame that arrived, if one has wholly. */
    @Override
    public boolean receive(GuestFrame into) {
        GuestFrame waiting = settled.poll();
        if (waiting != null) {
            into.reserve(waiting.length());
            System.arraycopy(waiting.bytes(), 0, into.bytes(), 0, waiting.length());
            into.set(waiting.length(), waiting.hdr());
            return true;
        }
        return takeUsed(into);
    }

    private boolean takeUsed(GuestFrame into) {
        while (receiveRing.queue().poll()) {
            int slot = receiveRing.queue().token();
            int written = (int) receiveRing.queue().writtenBytes();
            int from = 0;
            if (buffersLeft == 0) {
                if (written < headerBytes) {
                    throw new IllegalStateException(
                            "device wrote %d bytes, less than a header".formatted(written));
                }
                buffersLeft = receiveSlots.readHeader(slot, mergeable);
                if (buffersLeft == 0) {
                    throw new IllegalStateException("num_buffers is 0");
                }
                into.set(0, receiveSlots.decoded());
                frameBytes = 0;
                from = headerBytes;
            }
            into.reserve(frameBytes + written - from);
            receiveSlots.read(slot, from, into.bytes(), frameBytes, written - from);
            frameBytes += written - from;
            freeReceive[freeReceiveCount++] = slot;
            if (freeReceiveCount * 8 >= freeReceive.length) {
                refill();
            }
            if (--buffersLeft == 0) {
                into.set(frameBytes, into.hdr());
                framesReceived++;
                return true;
            }
        }
        if (freeReceiveCount > 0) {
            refill();
        }
        return false;
    }

    /** Takes all that the device has used; frames among it wait for {@link #receive}. */
    void settle() {
        reclaim();
        GuestFrame frame = new GuestFrame(2048);
        while (takeUsed(frame)) {
            settled.add(frame);
            frame = new GuestFrame(2048);
        }
    }

    private void refill() {
        while (freeReceiveCount > 0) {
            int slot = freeReceive[freeReceiveCount - 1];
            int pieces =
                    receiveSlots.cut(
                            slot,
                            receivePacketBytes,
                            options.receiveShape(),
                            receiveRing.queue().freeDescriptors());
            if (pieces == 0
                    || !receiveRing
                            .queue()
                            .add(
                                    receiveSlots.addresses,
                                    receiveSlots.lengths,
                                    0,
                                    pieces,
                                    slot,
                                    receiveSlots.isIndirect(slot))) {
                return;
            }
            freeReceiveCount--;
            receiveStaged = true;
        }
    }

    /** Publishes what was staged in both directions, with a kick where the device wants one. */
    @Override
    public void flush() {
        if (transmitStaged) {
            transmitStaged = false;
            transmitRing.publish();
        }
        if (receiveStaged) {
            receiveStaged = false;
            receiveRing.publish();
        }
    }

    /** Moves every transmit buffer that is not in flight to memory plugged in last. */
    public void moveTransmitToNewest() {
        reclaim();
        for (int i = 0; i < freeTransmitCount; i++) {
            transmitSlots.moveToNewest(freeTransmit[i]);
        }
    }

    /**
     * Waits for a frame, or for room too, by interrupts.
     *
     * @param nanosMax 0 or more; rounded up to milliseconds
     * @return whether something may have happened
     */
    public boolean await(long nanosMax, boolean forRoom) throws LinuxException {
        readiness.clear();
        boolean happened = !arm(readiness, forRoom) || readiness.await(millis(nanosMax));
        disarm(forRoom);
        return happened;
    }

    static int millis(long nanos) {
        return (int) Math.min((nanos + MILLION - 1) / MILLION, Integer.MAX_VALUE);
    }

    /** Asks for interrupts and adds their descriptors. Returns whether it is safe to wait. */
    boolean arm(Readiness into, boolean forRoom) {
        boolean quiet = receiveRing.queue().enableInterrupts();
        into.watch(receiveRing.callEvent().fd());
        if (forRoom) {
            quiet &= transmitRing.queue().enableInterrupts();
            into.watch(transmitRing.callEvent().fd());
        }
        return quiet;
    }

    void disarm(boolean forRoom) {
        calls();
        receiveRing.queue().disableInterrupts();
        if (forRoom) {
            transmitRing.queue().disableInterrupts();
        }
    }

    /** Interrupts that the device sent. */
    public long calls() {
        return receiveRing.calls() + transmitRing.calls();
    }

    /** Kicks sent to the device. */
    public long kicks() {
        return receiveRing.kicks() + transmitRing.kicks();
    }

    @Override
    public long framesSent() {
        return framesSent;
    }

    @Override
    public long framesReceived() {
        return framesReceived;
    }

    @Override
    public void close() {
        readiness.close();
    }
}
