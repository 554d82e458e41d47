package paranet.tap;

import paranet.core.frame.DropReason;
import paranet.core.frame.FrameSink;
import paranet.core.frame.FrameSource;
import paranet.core.linux.Errno;
import paranet.core.linux.FrameIo;
import paranet.core.memory.IoVec;

/**
 * One queue of a TAP: a system call moves a frame from or to the memory it is given.
 *
 * <p>A queue that is not in use, or whose interface was deleted, names no descriptor: its
 * descriptor would be ready with an error for ever.
 *
 * <p>Threading: confined to one QueueWorker, but for inUse(boolean), which whoever calls the bridge
 * calls, and offer, by which the bridge announces: it keeps nothing from one frame to the next.
 */
final class TapQueue implements FrameSink, FrameSource {
    private static final int NO_FD = -1; // NO_DESCRIPTOR of both interfaces

    private final TapBridge bridge;
    private final int queue;
    private final int fd;

    private volatile boolean inUse = true;
    private volatile boolean gone;
    private DropReason loss = DropReason.NONE;

    TapQueue(TapBridge bridge, int queue, int fd) {
        this.bridge = bridge;
        this.queue = queue;
        this.fd = fd;
    }

    @Override
    public DropReason offer(IoVec frame) {
        if (!inUse) {
            return DropReason.QUEUE_DISABLED;
        }
        long result = FrameIo.write(fd, frame);
        return result >= 0 ? DropReason.NONE : refused((int) -result);
    }

    private DropReason refused(int errno) {
        return switch (errno) {
            case Errno.EAGAIN -> DropReason.SINK_FULL; // the send buffer (TUNSETSNDBUF) is full
            case Errno.EIO -> DropReason.LINK_DOWN; // the interface is not IFF_UP
            case Errno.EBADFD -> afterDetached() ? DropReason.QUEUE_DISABLED : DropReason.LINK_DOWN;
            case Errno.ENOMEM, Errno.ENOBUFS -> DropReason.NETWORK_OUT_OF_MEMORY;
            case Errno.EFAULT -> DropReason.MEMORY_GONE; // the front end cut its file short
            default -> DropReason.NETWORK_REFUSED; // EINVAL: the header contradicts the frame
        };
    }

    @Override
    public int poll(IoVec room) {
        if (!inUse || gone) {
            return 0;
        }
        long bytes = FrameIo.read(fd, room);
        if (bytes > 0) {
            // The kernel cuts without a word. The largest frame is smaller than its room.
            return bytes < room.length() ? (int) bytes : lost(DropReason.TOO_BIG_FOR_BUFFERS);
        }
        if (bytes == -Errno.EFAULT) {
            return lost(DropReason.MEMORY_GONE);
        }
        if (bytes == -Errno.EBADFD) {
            afterDetached();
        }
        return 0;
    }

    private int lost(DropReason reason) {
        loss = reason;
        if (reason == DropReason.TOO_BIG_FOR_BUFFERS) {
            bridge.refreshMtu();
        }
        return LOST;
    }

    @Override
    public DropReason loss() {
        return loss;
    }

    @Override
    public int descriptor() {
        return inUse && !gone ? fd : NO_FD;
    }

    @Override
    public boolean ready() {
        return false;
    }

    /** Whether EBADFD came of a queue taken out of use this moment, not of a deleted interface. */
    private boolean afterDetached() {
        if (gone) {
            return false;
        }
        gone = bridge.isGone(queue);
        return !gone;
    }

    void inUse(boolean on) {
        inUse = on;
    }
}
