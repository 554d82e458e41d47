package paranet.guest;

import paranet.core.linux.EventFd;
import paranet.core.linux.FrameIo;
import paranet.core.memory.IoVec;
import paranet.core.memory.NativeBuffer;
import paranet.core.memory.SharedMemory;

/**
 * Counts what was signalled on an eventfd, by taking it (eventfd(2)).
 *
 * <p>Threading: confined to one thread at a time.
 */
final class CallCounter implements AutoCloseable {
    private final NativeBuffer counter = NativeBuffer.allocate(8);
    private final IoVec vec = new IoVec(1);

    /** What was signalled since this was last asked; 0 when nothing was. */
    long take(EventFd event) {
        vec.clear();
        vec.add(counter.address(), 8);
        return FrameIo.read(event.fd().number(), vec) == 8
                ? SharedMemory.le64(counter.address())
                : 0;
    }

    @Override
    public void close() {
        vec.close();
        counter.close();
    }
}
