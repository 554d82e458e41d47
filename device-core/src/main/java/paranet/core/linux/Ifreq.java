package paranet.core.linux;

import paranet.core.memory.NativeBuffer;
import paranet.core.memory.SharedMemory;

import java.nio.charset.StandardCharsets;

/**
 * struct ifreq of netdevice(7): an interface's name and one value, which its request gives a
 * meaning. Offsets in bytes, numbers in the machine's own order, which is little-endian here.
 *
 * <p>Threading: confined to one thread.
 */
final class Ifreq implements AutoCloseable {
    static final int SIZE = 40;
    static final int NAME = 0; // char[16], the last one zero
    static final int VALUE = 16; // union of 24 bytes: short flags, int mtu, sockaddr, pointer

    /** Longest interface name in bytes: IFNAMSIZ less the final zero. */
    static final int NAME_BYTES_MAX = 15;

    private final NativeBuffer memory = NativeBuffer.allocate(SIZE);

    /** All zeroes but the name, which must fit. */
    Ifreq(String name) {
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        if (bytes.length > NAME_BYTES_MAX) {
            memory.close();
            throw new IllegalArgumentException(
                    "interface name of %d bytes is longer than %d: %s"
                            .formatted(bytes.length, NAME_BYTES_MAX, name));
        }
        SharedMemory.copy(bytes, 0, memory.address() + NAME, bytes.length);
    }

    long address() {
        return memory.address();
    }

    long valueAddress() {
        return memory.address() + VALUE;
    }

    String name() {
        byte[] bytes = new byte[NAME_BYTES_MAX];
        SharedMemory.copy(memory.address() + NAME, bytes, 0, NAME_BYTES_MAX);
        int length = 0;
        while (length < NAME_BYTES_MAX && bytes[length] != 0) {
            length++;
        }
        return new String(bytes, 0, length, StandardCharsets.UTF_8);
    }

    @Override
    public void close() {
        memory.close();
    }
}
