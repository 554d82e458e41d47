package paranet.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import paranet.core.memory.GuestMemory;
import paranet.core.memory.SharedMemory;
import paranet.core.vhostuser.MemoryRegion;

import java.util.HashSet;
import java.util.Set;

class GuestRamTest {
    private static final int PAGE = 4096;

    @Test
    void leavesGapsBetweenRegionsAndMixesNoAddressUp() throws Exception {
        for (long seed = 0; seed < 20; seed++) {
            try (GuestRam ram = GuestRam.create(5, 3 * PAGE, seed)) {
                for (MemoryRegion region : ram.regions()) {
                    assertNotEquals(region.guestAddress(), region.frontendAddress());
                    assertNotEquals(region.guestAddress(), region.mmapOffset());
                    long end = region.guestAddress() + region.size();
                    assertEquals(GuestMemory.NOT_MAPPED, ram.memory().translate(end, 1));
                    assertEquals(
                            GuestMemory.NOT_MAPPED,
                            ram.memory()
                                    .translateFrontend(
                                            region.frontendAddress() + region.size(), 1));
                }
            }
        }
    }

    @Test
    void givesEachByteOutOnceUntilNoRegionHasRoom() throws Exception {
        try (GuestRam ram = GuestRam.create(3, 4 * PAGE, 1)) {
            Set<Long> given = new HashSet<>();
            for (int i = 0; i < 12; i++) {
                long address = ram.allocate(PAGE, PAGE);
                assertTrue(given.add(address));
                SharedMemory.putLe64(ram.host(address, PAGE), i);
                assertEquals(
                        ram.host(address, PAGE),
                        ram.memory().translateFrontend(ram.frontend(address), PAGE));
            }
            assertThrows(IllegalStateException.class, () -> ram.allocate(1, 1));
        }
    }

    @Test
    void growsAndShrinksByARegionWithAFileOfItsOwn() throws Exception {
        try (GuestRam ram = GuestRam.create(1, PAGE, 1)) {
            MemoryRegion more = ram.grow(2 * PAGE);
            long address = ram.allocateInNewest(PAGE, 1);
            assertEquals(more.guestAddress(), address);
            assertNotEquals(ram.files().getFirst().number(), ram.files().getLast().number());

            assertEquals(more, ram.shrink());
            assertEquals(GuestMemory.NOT_MAPPED, ram.memory().translate(address, 1));
        }
    }
}
