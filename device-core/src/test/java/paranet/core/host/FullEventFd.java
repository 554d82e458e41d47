package paranet.core.host;

import static org.junit.jupiter.api.Assertions.assertEquals;

import paranet.core.linux.EventFd;
import paranet.core.linux.FrameIo;
import paranet.core.memory.IoVec;
import paranet.core.memory.NativeBuffer;
import paranet.core.memory.SharedMemory;

/** What a front end can make of the counter that interrupts it. */
final class FullEventFd {
    private FullEventFd() {}

    /** Leaves the counter one below its maximum, where adding one would wait (eventfd(2)). */
    static void fill(EventFd counter) {
        counter.drain();
        try (NativeBuffer most = NativeBuffer.allocate(8);
                IoVec vec = new IoVec(1)) {
            SharedMemory.putLe64(most.address(), -2);
            vec.add(most.address(), 8);
            assertEquals(8, FrameIo.write(counter.fd().number(), vec));
        }
    }
}
