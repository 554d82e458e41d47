package paranet.core.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.util.List;

/** vhost-user facts 28 and 32: the whole range is checked, unsigned and without overflow. */
class GuestMemoryTest {
    private static final long GUEST = 0x8000_0000_0000_0000L; // over 2^63
    private static final long FRONTEND = 0x7f00_0000_0000L;
    private static final long HOST = 0x7e00_0000_0000L; // not touched here

    private final GuestMemory memory =
            GuestMemory.of(
                    List.of(
                            new GuestRegion(GUEST + 0x1000, FRONTEND, 0x1000, HOST),
                            new GuestRegion(
                                    GUEST + 0x2000, FRONTEND + 0x9000, 0x1000, HOST + 0x8000),
                            new GuestRegion(0, 0, 0x1000, HOST + 0x10000)));

    @Test
    void translatesARangeInsideOneRegion() {
        assertEquals(HOST, memory.translate(GUEST + 0x1000, 0x1000));
        assertEquals(HOST + 0xfff, memory.translate(GUEST + 0x1fff, 1));
        assertEquals(HOST + 0x8000, memory.translate(GUEST + 0x2000, 0));
        assertEquals(HOST + 0x10000, memory.translate(0, 8));
    }

    @Test
    void refusesARangeThatLeavesItsRegion() {
        assertEquals(GuestMemory.NOT_MAPPED, memory.translate(GUEST + 0x1fff, 2));
        assertEquals(GuestMemory.NOT_MAPPED, memory.translate(GUEST + 0x2000, 0x1001));
        assertEquals(GuestMemory.NOT_MAPPED, memory.translate(GUEST + 0xfff, 2));
        assertEquals(GuestMemory.NOT_MAPPED, memory.translate(GUEST + 0x3000, 0));
        assertEquals(GuestMemory.NOT_MAPPED, memory.translate(-1, 2));
    }

    @Test
    void refusesALengthThatOverflows() {
        assertEquals(GuestMemory.NOT_MAPPED, memory.translate(8, Long.MAX_VALUE));
        assertEquals(GuestMemory.NOT_MAPPED, memory.translate(8, -1));
        assertEquals(GuestMemory.NOT_MAPPED, memory.translate(8, Long.MIN_VALUE));
        assertEquals(GuestMemory.NOT_MAPPED, memory.translateFrontend(8, -8));
    }

    @Test
    void translatesFrontendAddressesByTheirOwnTable() {
        assertEquals(HOST + 0x8010, memory.translateFrontend(FRONTEND + 0x9010, 0xff0));
        assertEquals(GuestMemory.NOT_MAPPED, memory.translateFrontend(FRONTEND + 0x9010, 0xff1));
        assertEquals(GuestMemory.NOT_MAPPED, memory.translateFrontend(GUEST + 0x1000, 1));
    }

    @Test
    void splitsARangeOverNeighbouringRegions() {
        try (IoVec vec = new IoVec(2)) {
            assertEquals(GuestMemory.Append.DONE, memory.append(vec, GUEST + 0x1ff0, 0x20));
            assertEquals(2, vec.count());
            assertEquals(HOST + 0xff0, vec.baseOf(0));
            assertEquals(0x10, vec.lengthOf(0));
            assertEquals(HOST + 0x8000, vec.baseOf(1));
            assertEquals(0x20, vec.length());
        }
    }

    @Test
    void saysThatARangeHasNoMemoryOrTheListNoRoom() {
        try (IoVec vec = new IoVec(1)) {
            assertEquals(GuestMemory.Append.NOT_MAPPED, memory.append(vec, GUEST + 0x2fff, 2));
            vec.clear();
            assertEquals(GuestMemory.Append.NO_ROOM, memory.append(vec, GUEST + 0x1fff, 2));
            vec.clear();
            assertEquals(GuestMemory.Append.DONE, memory.append(vec, 0x999_9999, 0));
            assertEquals(0, vec.count());
        }
    }

    @Test
    void doesNotGoOnAt0AfterTheLastByteOf64Bits() {
        GuestMemory both =
                GuestMemory.of(
                        List.of(
                                new GuestRegion(-0x1000, 0x5000, 0x1000, HOST),
                                new GuestRegion(0, 0x1000, 0x1000, HOST + 0x1000)));
        try (IoVec vec = new IoVec(4)) {
            assertEquals(GuestMemory.Append.DONE, both.append(vec, -8, 8));
            assertEquals(GuestMemory.Append.NOT_MAPPED, both.append(vec, -8, 16));
            assertEquals(GuestMemory.NOT_MAPPED, both.translate(-8, 16));
        }
    }

    @Test
    void refusesRegionsThatOverlap() {
        GuestRegion first = new GuestRegion(0x1000, 0x1000, 0x1000, HOST);
        String guest = refusal(first, new GuestRegion(0x1fff, 0x9000, 1, HOST));
        assertTrue(guest.contains("guest") && guest.contains("0x1fff"), guest);
        String frontend = refusal(first, new GuestRegion(0x9000, 0xfff, 2, HOST));
        assertTrue(frontend.contains("front-end") && frontend.contains("0xfff"), frontend);
        assertEquals(
                2,
                GuestMemory.of(List.of(first, new GuestRegion(0x2000, 0, 0x1000, HOST)))
                        .regions()
                        .size());
    }

    private static String refusal(GuestRegion... regions) {
        return assertThrows(IllegalArgumentException.class, () -> GuestMemory.of(List.of(regions)))
                .getMessage();
    }

    @Test
    void refusesARegionThatWrapsAround() {
        new GuestRegion(-0x1000, -0x1000, 0x1000, HOST); // its last byte is the last there is
        assertThrows(
                IllegalArgumentException.class, () -> new GuestRegion(-0x1000, 0, 0x1001, HOST));
        assertThrows(
                IllegalArgumentException.class, () -> new GuestRegion(0, -0x1000, 0x1001, HOST));
        assertThrows(IllegalArgumentException.class, () -> new GuestRegion(0, 0, 0, HOST));
        assertThrows(IllegalArgumentException.class, () -> new GuestRegion(0, 0, -1, HOST));
        assertThrows(IllegalArgumentException.class, () -> new GuestRegion(0, 0, 1, 0));
        assertThrows(
                IllegalArgumentException.class, () -> new GuestRegion(0, 0, 2, Long.MAX_VALUE - 1));
    }

    @Test
    void mapsNothingWithoutARegion() {
        assertEquals(GuestMemory.NOT_MAPPED, GuestMemory.EMPTY.translate(0, 0));
        assertEquals(GuestMemory.NOT_MAPPED, GuestMemory.EMPTY.translateFrontend(0, 0));
    }
}
