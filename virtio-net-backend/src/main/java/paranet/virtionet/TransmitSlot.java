package paranet.virtionet;

import paranet.core.memory.IoVec;
import paranet.core.memory.NativeBuffer;
import paranet.core.virtqueue.ChainFault;
import paranet.core.virtqueue.DescriptorChain;
import paranet.core.virtqueue.DeviceVirtqueue;

/**
 * Room for one chain of a transmitq and, when its frame is short, for a copy of it.
 *
 * <p>The guest wrote the frame on another processor a moment ago. Fetching it from there costs the
 * kernel's copy more than it costs ours, and least when the copies of a batch follow one another
 * with no system call between them (docs/decisions/0005). A copied frame is also out of the guest's
 * reach before its header is checked.
 *
 * <p>Threading: confined to one QueueWorker.
 */
final class TransmitSlot implements AutoCloseable {
    /** Frames up to this size are copied, virtio-net header included: any of a plain MTU. */
    static final int COPIED_BYTES_MAX = 2048;

    /** Nothing is written to a transmitq: enough to name the mistake of a guest that expects it. */
    private static final int WRITABLE_PIECES_MAX = 64;

    private final IoVec readable = new IoVec(IoVec.ELEMENTS_MAX);
    private final IoVec writable = new IoVec(WRITABLE_PIECES_MAX);
    private final NativeBuffer copy = NativeBuffer.allocate(COPIED_BYTES_MAX);
    private final IoVec copied = new IoVec(1);
    private final DescriptorChain chain = DescriptorChain.ofSender(readable, writable);
    private IoVec frame = readable;

    /** Takes the next chain; false when there is none. */
    boolean take(DeviceVirtqueue queue) {
        readable.clear();
        writable.clear();
        if (!queue.next(chain)) {
            return false;
        }
        frame = readable;
        long bytes = readable.length();
        if (bytes <= COPIED_BYTES_MAX && chain.fault() == ChainFault.NONE) {
            readable.copyOut(0, copy.address(), bytes);
            copied.clear();
            copied.add(copy.address(), bytes);
            frame = copied;
        }
        return true;
    }

    DescriptorChain chain() {
        return chain;
    }

    /** The frame of the chain, header first: the guest's memory or the copy. */
    IoVec frame() {
        return frame;
    }

    @Override
    public void close() {
        readable.close();
        writable.close();
        copy.close();
        copied.close();
    }
}
