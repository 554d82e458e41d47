package paranet.tap;

import paranet.core.frame.DropReason;
import paranet.core.frame.FrameBridge;
import paranet.core.memory.IoVec;
import paranet.core.memory.NativeBuffer;
import paranet.core.memory.SharedMemory;

/** A device in miniature: one pair's frames through memory of our own. */
final class GuestSide implements AutoCloseable {
    private final FrameBridge bridge;
    private final int pair;
    private final NativeBuffer buffer = NativeBuffer.allocate(80_000);
    private final IoVec vec = new IoVec(200);

    GuestSide(FrameBridge bridge, int pair) {
        this.bridge = bridge;
        this.pair = pair;
    }

    /** Offers header and frame in one stretch of memory. */
    DropReason offer(byte[] headerAndFrame) {
        return offer(headerAndFrame, headerAndFrame.length);
    }

    /** Offers header and frame in pieces of at most this many bytes, apart from each other. */
    DropReason offer(byte[] headerAndFrame, int pieceBytes) {
        vec.clear();
        long to = buffer.address();
        for (int at = 0; at < headerAndFrame.length; at += pieceBytes) {
            int bytes = Math.min(pieceBytes, headerAndFrame.length - at);
            SharedMemory.copy(headerAndFrame, at, to, bytes);
            if (!vec.add(to, bytes)) {
                throw new AssertionError("too many pieces");
            }
            to += bytes + 1;
        }
        return bridge.sink(pair).offer(vec);
    }

    /** What poll answers, with the frame, or an array of no bytes. */
    byte[] poll() {
        return poll(bridge.frameBytesMax());
    }

    byte[] poll(int roomBytes) {
        int bytes = pollBytes(roomBytes);
        byte[] frame = new byte[Math.max(bytes, 0)];
        SharedMemory.copy(buffer.address(), frame, 0, frame.length);
        return frame;
    }

    int pollBytes(int roomBytes) {
        vec.clear();
        vec.add(buffer.address(), roomBytes);
        return bridge.source(pair).poll(vec);
    }

    /** The next frame of this EtherType; the kernel queues it before the sender's call returns. */
    byte[] take(int etherType) {
        int header = headerBytes;
        while (true) {
            byte[] frame = poll();
            if (frame.length == 0) {
                throw new AssertionError("no frame of type 0x%x".formatted(etherType));
            }
            if (Frames.etherType(frame, header) == etherType) {
                return frame;
            }
        }
    }

    private int headerBytes = 12;

    GuestSide headerBytes(int bytes) {
        headerBytes = bytes;
        return this;
    }

    @Override
    public void close() {
        vec.close();
        buffer.close();
    }
}
