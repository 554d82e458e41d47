package paranet.tap;

import paranet.core.frame.DropReason;
import paranet.core.frame.FrameBridge;
import paranet.core.frame.FrameFormat;
import paranet.core.frame.FrameOffload;
import paranet.core.frame.FrameSink;
import paranet.core.frame.FrameSource;

/**
 * A network side that gives each frame back to the guest, on the pair it came from.
 *
 * <p>It loses no frame: when a pair's buffer is full, its sink answers SINK_FULL until the guest
 * has taken frames out. A frame keeps the offloads its sender left unfinished.
 *
 * <p>Threading: as {@link FrameBridge} says; sink and source of one pair belong to the same
 * QueueWorker.
 */
public final class EchoBridge implements FrameBridge {
    /** An IP packet of 65535 bytes in an Ethernet frame with two VLAN tags. */
    static final int ETHERNET_FRAME_MAX = 65535 + 14 + 8;

    private final EchoQueue[] queues;
    private volatile FrameFormat format = new FrameFormat(12, FrameOffload.NONE);
    private volatile int mtu = 1500;

    /** An echo for this many queue pairs, 1 to 128. */
    public EchoBridge(int queuePairs) {
        this.queues = new EchoQueue[PairCount.require(queuePairs)];
        for (int i = 0; i < queuePairs; i++) {
            queues[i] = new EchoQueue(format.headerBytes());
        }
    }

    @Override
    public int queuePairs() {
        return queues.length;
    }

    @Override
    public FrameSink sink(int pair) {
        return queues[pair];
    }

    @Override
    public FrameSource source(int pair) {
        return queues[pair];
    }

    @Override
    public int sinkOffloads() {
        return FrameOffload.ALL;
    }

    @Override
    public int sourceOffloads() {
        return FrameOffload.ALL;
    }

    /** Frames in the buffer get the new header size when they are taken out. */
    @Override
    public void format(FrameFormat format) {
        this.format = format;
        for (EchoQueue queue : queues) {
            queue.headerBytes(format.headerBytes());
        }
    }

    @Override
    public void usePairs(int pairs) {
        PairCount.requireWithin(pairs, queues.length);
        for (int i = 0; i < queues.length; i++) {
            queues[i].inUse(i < pairs);
        }
    }

    /** What the guest may send, whatever it accepts: the device segments for it. */
    @Override
    public int frameBytesMax() {
        return format.headerBytes() + ETHERNET_FRAME_MAX;
    }

    @Override
    public int mtu() {
        return mtu;
    }

    @Override
    public boolean mtu(int bytes) {
        mtu = bytes;
        return true;
    }

    /** Nobody is there to hear it. */
    @Override
    public DropReason announce(byte[] frame) {
        return DropReason.NONE;
    }

    @Override
    public String describe() {
        return "echo, %d pair%s".formatted(queues.length, queues.length == 1 ? "" : "s");
    }

    /** Frees the buffers; no worker may use them any more. */
    @Override
    public void close() {
        for (EchoQueue queue : queues) {
            queue.close();
        }
    }
}
