package paranet.core.offload;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

import paranet.core.memory.NativeBuffer;
import paranet.core.memory.SharedMemory;
import paranet.core.packet.Packets;

import java.util.Arrays;
import java.util.random.RandomGenerator;

class InternetChecksumTest {
    @Test
    void sumsTheExampleOfRfc1071() {
        byte[] example = {0x00, 0x01, (byte) 0xf2, 0x03, (byte) 0xf4, (byte) 0xf5, (byte) 0xf6, -9};
        try (NativeBuffer memory = NativeBuffer.allocate(8)) {
            SharedMemory.copy(example, 0, memory.address(), 8);
            long sum = InternetChecksum.sum(0, memory.address(), 8);
            assertEquals(0xddf2, InternetChecksum.word(InternetChecksum.fold(sum)));
            assertEquals(0x220d, InternetChecksum.word(InternetChecksum.complement(sum)));
        }
    }

    @Test
    void agreesWithTwoBytesAtATimeForEveryLengthAndAlignment() {
        RandomGenerator random = RandomGenerator.of("L64X128MixRandom");
        try (NativeBuffer memory = NativeBuffer.allocate(4096)) {
            byte[] bytes = new byte[4096];
            random.nextBytes(bytes);
            SharedMemory.copy(bytes, 0, memory.address(), bytes.length);
            for (int length = 0; length < 300; length++) {
                for (int at = 0; at < 9; at++) {
                    assertEquals(
                            Packets.sum16(0, bytes, at, length),
                            InternetChecksum.word(
                                    InternetChecksum.fold(
                                            InternetChecksum.sum(
                                                    0, memory.address() + at, length))),
                            length + " bytes at " + at);
                }
            }
        }
    }

    @Test
    void doesNotOverflowOnTheLargestFrameOfOnes() {
        int length = 65534;
        byte[] ones = new byte[length];
        Arrays.fill(ones, (byte) 0xff);
        try (NativeBuffer memory = NativeBuffer.allocate(length)) {
            SharedMemory.copy(ones, 0, memory.address(), length);
            long sum = InternetChecksum.sum(0xffff_ffffL, memory.address(), length);
            assertEquals(0xffff, InternetChecksum.fold(sum));
            assertEquals(0, InternetChecksum.complement(sum));
        }
    }
}
