package paranet.core.offload;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import paranet.core.memory.NativeBuffer;
import paranet.core.memory.SharedMemory;
import paranet.core.packet.Packets;

import java.util.random.RandomGenerator;

class ChecksumOffloadTest {
    private final RandomGenerator random = RandomGenerator.of("L64X128MixRandom");

    @Test
    void completesTcpAndUdpOfBothInternetProtocols() {
        for (int i = 0; i < 400; i++) {
            Packets.Shape shape =
                    new Packets.Shape(
                            random.nextBoolean(),
                            random.nextBoolean(),
                            random.nextInt(3),
                            0,
                            random.nextInt(4),
                            random.nextInt(1500));
            byte[] frame = Packets.unfinished(random, shape, 0);
            try (NativeBuffer memory = NativeBuffer.allocate(frame.length)) {
                SharedMemory.copy(frame, 0, memory.address(), frame.length);
                assertTrue(
                        ChecksumOffload.complete(
                                memory.address(),
                                frame.length,
                                shape.transportAt(),
                                shape.tcp() ? 16 : 6));
                SharedMemory.copy(memory.address(), frame, 0, frame.length);
                Packets.requireChecksums(frame);
            }
        }
    }

    @Test
    void writesNoZeroBecauseInUdpThatMeansNone() {
        try (NativeBuffer memory = NativeBuffer.allocate(16)) {
            SharedMemory.putLe16(memory.address(), 0xffff); // the sum, so its complement is 0
            assertTrue(ChecksumOffload.complete(memory.address(), 4, 0, 2));
            assertEquals(0xffff, SharedMemory.le16(memory.address() + 2));
        }
    }

    @Test
    void writesNothingOutsideTheFrame() {
        try (NativeBuffer memory = NativeBuffer.allocate(200)) {
            byte[] before = new byte[200];
            for (int[] fields :
                    new int[][] {
                        {99, 0}, {98, 1}, {0, 99}, {65535, 0}, {0, 65535}, {65535, 65535}, {50, 49}
                    }) {
                assertFalse(ChecksumOffload.complete(memory.address(), 100, fields[0], fields[1]));
            }
            byte[] after = new byte[200];
            SharedMemory.copy(memory.address(), after, 0, 200);
            assertArrayEquals(before, after);
            assertTrue(ChecksumOffload.complete(memory.address(), 100, 98, 0));
        }
    }
}
