package paranet.venet;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import paranet.core.frame.DropReason;
import paranet.core.memory.NativeBuffer;
import paranet.core.memory.SharedMemory;

/** What a host refuses of a venet_sg; each test starts with a good one of two pieces. */
class TransmitDescriptorTest {
    private static final int ALL = 0x1f;
    private static final int PLAIN_MAX = 1514;

    private final NativeBuffer memory = NativeBuffer.allocate(512);
    private final long at = memory.address();
    private final TransmitDescriptor descriptor = new TransmitDescriptor();

    @BeforeEach
    void layOut() {
        SharedMemory.fill(at, 512, 0);
        SharedMemory.putLe64(at, 0x1122334455667788L);
        SharedMemory.putLe32(at + 8, 3); // NEEDS_CSUM, GSO
        SharedMemory.putLe32(at + 12, 3066);
        SharedMemory.putLe16(at + 16, 34);
        SharedMemory.putLe16(at + 18, 16);
        SharedMemory.putLe8(at + 20, 0); // TCP over IPv4
        SharedMemory.putLe16(at + 22, 66);
        SharedMemory.putLe16(at + 24, 1448);
        SharedMemory.putLe32(at + 28, 2);
        piece(0, 66, 0x1000);
        piece(1, 3000, 0x2000);
    }

    @AfterEach
    void free() {
        descriptor.close();
        memory.close();
    }

    private void piece(int i, int length, long ptr) {
        SharedMemory.putLe32(at + 32 + 16L * i, length);
        SharedMemory.putLe64(at + 40 + 16L * i, ptr);
    }

    private DropReason inspect(int bytes) {
        descriptor.copy(at, bytes);
        return descriptor.inspect(ALL, PLAIN_MAX);
    }

    private DropReason inspect() {
        return inspect(64);
    }

    @Test
    void saysTheSameAsAHeader() {
        assertEquals(DropReason.NONE, inspect());
        assertEquals(0x1122334455667788L, descriptor.cookie());
        assertEquals(2, descriptor.count());
        assertEquals(3066, descriptor.frameBytes());
        assertEquals(3000, descriptor.pieceBytes(1));
        assertEquals(0x2000, descriptor.pieceAddress(1));
        assertEquals(0x0022_05a8_0042_0101L, descriptor.word());
        assertEquals(16, descriptor.csumOffset());
    }

    @Test
    void isNotReadTwice() {
        inspect();
        SharedMemory.fill(at, 512, 0xff);
        assertEquals(2, descriptor.count());
        assertEquals(3066, descriptor.frameBytes());
    }

    @ParameterizedTest
    @CsvSource({"3,0,1", "7,0,0x81", "3,2,4", "7,2,0x84", "3,1,3"})
    void knowsTheKindsOfSegmentation(int flags, int type, String gsoType) {
        SharedMemory.putLe32(at + 8, flags);
        SharedMemory.putLe8(at + 20, type);
        SharedMemory.putLe16(at + 18, type == 1 ? 6 : 16);
        assertEquals(DropReason.NONE, inspect());
        assertEquals(Integer.decode(gsoType), (int) (descriptor.word() >> 8) & 0xff);
    }

    @Test
    void theHeaderLengthPassedOnIsNoLongerThanTheFrame() {
        SharedMemory.putLe16(at + 22, 0xffff);
        assertEquals(DropReason.NONE, inspect());
        assertEquals(3066, (int) (descriptor.word() >> 16) & 0xffff);
    }

    @Test
    void withoutFlagsNothingIsPassedOn() {
        SharedMemory.putLe32(at + 8, 4); // ECN says nothing of a frame that is whole
        SharedMemory.putLe32(at + 12, 1066);
        piece(1, 1000, 0x2000);
        assertEquals(DropReason.NONE, inspect());
        assertEquals(0, descriptor.word());
    }

    @Test
    void refusesWhatContradictsItself() {
        assertEquals(DropReason.CHAIN_CONTRADICTORY, inspect(47));
        assertEquals(DropReason.CHAIN_CONTRADICTORY, inspect(0));
        assertEquals(DropReason.CHAIN_CONTRADICTORY, inspect(63), "too short for two pieces");
        SharedMemory.putLe32(at + 12, 3067);
        assertEquals(DropReason.CHAIN_CONTRADICTORY, inspect());
        SharedMemory.putLe32(at + 28, 0);
        assertEquals(DropReason.CHAIN_CONTRADICTORY, inspect());
    }

    @ParameterizedTest
    @ValueSource(ints = {19, -1, Integer.MIN_VALUE})
    void refusesMorePiecesThan18(int count) {
        SharedMemory.putLe32(at + 28, count);
        assertEquals(DropReason.CHAIN_TOO_MANY_PIECES, inspect(320));
    }

    @Test
    void takes18Pieces() {
        SharedMemory.putLe32(at + 28, 18);
        for (int i = 2; i < 18; i++) {
            piece(i, 100, 0);
        }
        SharedMemory.putLe32(at + 12, 4666);
        assertEquals(DropReason.NONE, inspect(320));
    }

    @Test
    void lengthsThatWrapTo32BitsAreNoSum() {
        piece(0, 0x8000_0000, 0x1000);
        piece(1, 0x8000_0000 + 3066, 0x2000);
        assertEquals(DropReason.CHAIN_TOO_LONG, inspect());
        piece(0, -1, 0x1000);
        piece(1, 3067, 0x2000);
        assertEquals(DropReason.CHAIN_TOO_LONG, inspect());
    }

    @ParameterizedTest
    @CsvSource({
        "0,13,CHAIN_TOO_SHORT",
        "0,14,NONE",
        "0,1514,NONE",
        "0,1515,CHAIN_TOO_LONG",
        "2,65536,NONE",
        "2,65537,CHAIN_TOO_LONG"
    })
    void boundsTheFrame(int flags, int bytes, DropReason reason) {
        SharedMemory.putLe32(at + 8, flags);
        SharedMemory.putLe32(at + 12, bytes);
        piece(0, 1, 0x1000);
        piece(1, bytes - 1, 0x2000);
        assertEquals(reason, inspect());
    }

    @ParameterizedTest
    @CsvSource({
        "34,16,66,NONE",
        "48,16,66,NONE",
        "49,16,66,BAD_CHECKSUM_FIELDS",
        "65535,16,66,BAD_CHECKSUM_FIELDS",
        "34,65535,66,BAD_CHECKSUM_FIELDS",
        "34,16,51,BAD_CHECKSUM_FIELDS"
    })
    void theChecksumLiesInTheFirstPiece(int start, int offset, int first, DropReason reason) {
        SharedMemory.putLe32(at + 8, 1);
        SharedMemory.putLe32(at + 12, first + 100);
        SharedMemory.putLe16(at + 16, start);
        SharedMemory.putLe16(at + 18, offset);
        piece(0, first, 0x1000);
        piece(1, 100, 0x2000);
        assertEquals(reason, inspect());
    }

    @Test
    void refusesSegmentationThatCannotBe() {
        SharedMemory.putLe16(at + 24, 0);
        assertEquals(DropReason.BAD_GSO_FIELDS, inspect(), "segments of no bytes");
        layOut();
        for (int type : new int[] {3, 4, 255}) {
            SharedMemory.putLe8(at + 20, type);
            assertEquals(DropReason.BAD_GSO_FIELDS, inspect(), "type " + type);
        }
        layOut();
        SharedMemory.putLe32(at + 8, 7);
        SharedMemory.putLe8(at + 20, 1);
        SharedMemory.putLe16(at + 18, 6);
        assertEquals(DropReason.BAD_GSO_FIELDS, inspect(), "UDP has no ECN");
        layOut();
        SharedMemory.putLe16(at + 18, 6);
        assertEquals(DropReason.BAD_GSO_FIELDS, inspect(), "TCP's checksum is elsewhere");
    }

    @ParameterizedTest
    @CsvSource({"0x01,3,0", "0x05,3,0", "0x03,3,2", "0x07,7,0", "0x0f,3,1"})
    void refusesASegmentationThatWasNotGranted(String allowed, int flags, int type) {
        SharedMemory.putLe32(at + 8, flags);
        SharedMemory.putLe8(at + 20, type);
        SharedMemory.putLe16(at + 18, type == 1 ? 6 : 16);
        descriptor.copy(at, 64);
        assertEquals(
                DropReason.BAD_GSO_FIELDS, descriptor.inspect(Integer.decode(allowed), PLAIN_MAX));
    }
}
