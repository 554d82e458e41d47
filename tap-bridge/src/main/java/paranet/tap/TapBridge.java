package paranet.tap;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import paranet.core.frame.DropReason;
import paranet.core.frame.FrameBridge;
import paranet.core.frame.FrameFormat;
import paranet.core.frame.FrameOffload;
import paranet.core.frame.FrameSink;
import paranet.core.frame.FrameSource;
import paranet.core.linux.LinuxException;
import paranet.core.memory.IoVec;
import paranet.core.memory.NativeBuffer;
import paranet.core.memory.SharedMemory;

/**
 * The Linux network as the network side of a port, through a TAP (docs/tap.md).
 *
 * <p>All pairs are in use until {@link #usePairs} says otherwise. When somebody deletes the
 * interface, one line is logged, sinks drop with LINK_DOWN and sources fall silent; the port lives.
 *
 * <p>Threading: any thread; one lock guards the TAP, as workers come for a command of their guest,
 * and when a queue's interface or a frame's size surprises them. What {@link #sink} and {@link
 * #source} return belongs to one QueueWorker each, but {@link #announce} may write beside it.
 */
public final class TapBridge implements FrameBridge {
    private static final Logger LOG = LoggerFactory.getLogger(TapBridge.class);

    private static final int ETHERNET_BYTES = 14;
    private static final int VLAN_BYTES = 8; // a tag within a tag
    private static final int SEGMENTED =
            FrameOffload.TSO4
                    | FrameOffload.TSO6
                    | FrameOffload.UFO
                    | FrameOffload.USO4
                    | FrameOffload.USO6;
    private static final int UNSEGMENTED_MAX = 65535; // gso_max_size of a TAP, Ethernet included

    private final TapDevice tap;
    private final TapQueue[] queues;
    private volatile FrameFormat format = new FrameFormat(12, FrameOffload.NONE);
    private volatile int mtu;
    private boolean hasCarrier = true;
    private boolean goneLogged;

    /** Bridges to this TAP, and closes it when closed itself. */
    public TapBridge(TapDevice tap) {
        this.tap = tap;
        this.queues = new TapQueue[tap.queues()];
        for (int i = 0; i < queues.length; i++) {
            queues[i] = new TapQueue(this, i, tap.descriptor(i));
        }
        this.mtu = tap.mtu();
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

    /** All that this kernel knows: a TAP takes any frame whose header describes it well. */
    @Override
    public int sinkOffloads() {
        return tap.offloadsKnown();
    }

    @Override
    public int sourceOffloads() {
        return tap.offloadsKnown();
    }

    @Override
    public synchronized void format(FrameFormat format) {
        this.format = format;
        try {
            tap.headerBytes(format.headerBytes());
            tap.offloads(format.offloads());
        } catch (LinuxException e) {
            refused(e);
        }
    }

    @Override
    public synchronized void usePairs(int pairs) {
        if (pairs < 1 || pairs > queues.length) {
            throw new IllegalArgumentException(
                    "%d pairs are not in 1..%d".formatted(pairs, queues.length));
        }
        // A queue is closed to its worker before it is detached, and opened after it is attached.
        for (int i = pairs; i < queues.length; i++) {
            queues[i].inUse(false);
        }
        try {
            tap.useQueues(pairs);
        } catch (LinuxException e) {
            refused(e);
        }
        for (int i = 0; i < pairs; i++) {
            queues[i].inUse(true);
        }
    }

    /**
     * One byte more than the largest frame, so that a frame which fills its room is known to be
     * cut.
     */
    @Override
    public int frameBytesMax() {
        FrameFormat now = format;
        int frame = mtu + ETHERNET_BYTES + VLAN_BYTES;
        if ((now.offloads() & SEGMENTED) != 0) {
            frame = Math.max(frame, UNSEGMENTED_MAX + VLAN_BYTES);
        }
        return now.headerBytes() + frame + 1;
    }

    @Override
    public synchronized int mtu() {
        mtu = tap.mtu();
        return mtu;
    }

    @Override
    public synchronized boolean mtu(int bytes) {
        try {
            tap.mtu(bytes);
            mtu = bytes;
            return true;
        } catch (TapException e) {
            LOG.warn("{}", e.getMessage());
            return false;
        }
    }

    @Override
    public synchronized DropReason announce(byte[] frame) {
        int header = format.headerBytes();
        try (NativeBuffer buffer = NativeBuffer.allocate(header + frame.length);
                IoVec vec = new IoVec(1)) {
            SharedMemory.copy(frame, 0, buffer.address() + header, frame.length);
            vec.add(buffer.address(), buffer.bytes());
            return queues[0].offer(vec);
        }
    }

    @Override
    public synchronized int linkDescriptor() {
        return tap.changesDescriptor();
    }

    /**
     * Whether the interface is switched on; never again once it was deleted. Where the TAP is in a
     * namespace that we do not see, always.
     */
    @Override
    public synchronized boolean linkUp() {
        return tap.isUp();
    }

    @Override
    public synchronized void carrier(boolean on) {
        if (on != hasCarrier) {
            hasCarrier = on;
            try {
                tap.carrier(on);
            } catch (LinuxException e) {
                refused(e);
            }
        }
    }

    @Override
    public synchronized String describe() {
        return tap.toString();
    }

    @Override
    public synchronized void close() {
        carrier(true); // whoever has the TAP next finds it as we did
        tap.close();
    }

    /** A frame was larger than the MTU we know: somebody raised it. */
    synchronized void refreshMtu() {
        mtu = tap.mtu();
    }

    /** Asks the kernel whether a queue that answered EBADFD lost its interface; logs it once. */
    synchronized boolean isGone(int queue) {
        if (tap.isAttached(queue) || queue >= tap.queuesInUse()) {
            return false;
        }
        if (!goneLogged) {
            goneLogged = true;
            LOG.warn("{} was deleted: the port has no network until it is restarted", this);
        }
        return true;
    }

    private void refused(LinuxException e) {
        if (!isGone(0)) {
            LOG.warn("{}: {}", this, e.getMessage());
        }
    }

    @Override
    public String toString() {
        return describe();
    }
}
