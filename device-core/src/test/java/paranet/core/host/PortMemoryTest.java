package paranet.core.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import paranet.core.linux.Fd;
import paranet.core.linux.LinuxException;
import paranet.core.linux.Memfd;
import paranet.core.memory.GuestMemory;
import paranet.core.memory.SharedMemory;
import paranet.core.vhostuser.MemoryRegion;
import paranet.core.vhostuser.RequestRefused;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Facts 27, 28, 30 and 31 of the front ends: docs/spec-coverage.md. */
class PortMemoryTest {
    private static final MemoryRegion LOW = new MemoryRegion(0x1000, 0x3000, 0x7f0000001000L, 0);
    private static final MemoryRegion HIGH =
            new MemoryRegion(0x100000, 0x2000, 0x7f0000101000L, 0x1000);

    private static Fd file(String name, long bytes) throws LinuxException {
        return Memfd.create(name, bytes);
    }

    @Test
    void mapsEachFileFromItsStartAndAddsTheOffset() throws Exception {
        Fd low = file("paranet-low", 0x3000);
        Fd high = file("paranet-high", 0x3000);
        PortMemory table = PortMemory.of(List.of(LOW, HIGH), List.of(low, high));
        long lowHost = table.memory().translate(0x1000, 0x3000);
        long highHost = table.memory().translate(0x100000, 0x2000);
        SharedMemory.putLe64(lowHost + 0x2ff8, 42);
        SharedMemory.putLe64(highHost + 0x1ff8, 43);
        assertEquals(42, SharedMemory.le64(table.memory().translate(0x3ff8, 8)));
        assertEquals(43, SharedMemory.le64(table.memory().translateFrontend(0x7f0000102ff8L, 8)));
        assertTrue(low.isClosed());
        assertTrue(high.isClosed());
        table.release(PortMemory.EMPTY);
        assertEquals(0, mappings("paranet-low") + mappings("paranet-high"));
    }

    @Test
    void refusesAFileThatEndsBeforeItsRegionAndKeepsNothing() throws Exception {
        Fd good = file("paranet-good", 0x3000);
        Fd cut = file("paranet-cut", 0x2fff);
        RequestRefused refused =
                assertThrows(
                        RequestRefused.class,
                        () -> PortMemory.of(List.of(LOW, HIGH), List.of(good, cut)));
        assertTrue(refused.getMessage().contains("has 12287 bytes, region needs 12288"));
        assertTrue(good.isClosed());
        assertTrue(cut.isClosed());
        assertEquals(0, mappings("paranet-good") + mappings("paranet-cut"));
    }

    @Test
    void refusesRegionsThatOverlapInEitherAddressSpace() throws Exception {
        assertRefused(LOW, new MemoryRegion(0x3fff, 0x1000, 0x1000, 0), "overlap in guest");
        assertRefused(
                LOW,
                new MemoryRegion(0x900000, 0x1000, 0x7f0000003fffL, 0),
                "overlap in front-end");
    }

    @Test
    void refusesRegionsThatWrapAround() throws Exception {
        assertRefused(LOW, new MemoryRegion(-0x1000, 0x2000, 0x1000, 0), "wraps around");
        assertRefused(LOW, new MemoryRegion(0x900000, 0x2000, -0x1000, 0), "wraps around");
        assertRefused(
                LOW,
                new MemoryRegion(0x900000, Long.MAX_VALUE, 0x1000, 0x1000),
                "not in 1..2^63-1");
        assertRefused(LOW, new MemoryRegion(0x900000, 0, 0x1000, 0), "not in 1..2^63-1");
        assertRefused(LOW, new MemoryRegion(0x900000, 0x1000, 0x1000, -1), "not in 1..2^63-1");
    }

    private static void assertRefused(MemoryRegion first, MemoryRegion second, String why)
            throws LinuxException {
        RequestRefused refused =
                assertThrows(
                        RequestRefused.class,
                        () ->
                                PortMemory.of(
                                        List.of(first, second),
                                        List.of(file("a", 0x10000), file("b", 0x10000))));
        assertTrue(refused.getMessage().contains(why), refused.getMessage());
    }

    @Test
    void mayEndAtTheLastAddress() throws Exception {
        PortMemory table =
                PortMemory.of(
                        List.of(new MemoryRegion(-0x1000, 0x1000, -0x1000, 0)),
                        List.of(file("top", 0x1000)));
        assertNotEquals(GuestMemory.NOT_MAPPED, table.memory().translate(-8, 8));
        assertEquals(GuestMemory.NOT_MAPPED, table.memory().translate(-8, 9));
        table.release(PortMemory.EMPTY);
    }

    @Test
    void addsAndRemovesOneRegionWithoutTouchingTheOthers() throws Exception {
        PortMemory one = PortMemory.EMPTY.with(LOW, file("paranet-one", 0x3000));
        PortMemory two = one.with(HIGH, file("paranet-two", 0x3000));
        long host = one.memory().translate(0x1000, 1);
        one.release(two);
        assertEquals(host, two.memory().translate(0x1000, 1));
        PortMemory without = two.without(new MemoryRegion(0x100000, 0x2000, 0x7f0000101000L, 77));
        two.release(without);
        assertEquals(0, mappings("paranet-two"));
        assertEquals(1, mappings("paranet-one"));
        assertEquals(GuestMemory.NOT_MAPPED, without.memory().translate(0x100000, 1));
        assertThrows(RequestRefused.class, () -> without.without(HIGH));
        without.release(PortMemory.EMPTY);
        assertEquals(0, mappings("paranet-one"));
    }

    @Test
    void closesTheDescriptorOfARegionItRefusesToAdd() throws Exception {
        PortMemory table = PortMemory.EMPTY.with(LOW, file("paranet-base", 0x3000));
        Fd again = file("paranet-again", 0x3000);
        assertThrows(RequestRefused.class, () -> table.with(LOW, again));
        assertTrue(again.isClosed());
        assertEquals(0, mappings("paranet-again"));
        assertFalse(table.memory().regions().isEmpty());
        table.release(PortMemory.EMPTY);
    }

    /** How often a file of this name is mapped into this process. */
    private static long mappings(String memfd) throws IOException {
        try (var lines = Files.lines(Path.of("/proc/self/maps"))) {
            return lines.filter(line -> line.contains("memfd:" + memfd + " ")).count();
        }
    }
}
