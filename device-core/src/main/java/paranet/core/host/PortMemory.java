package paranet.core.host;

import paranet.core.linux.Fd;
import paranet.core.linux.FileIdentity;
import paranet.core.linux.LinuxException;
import paranet.core.linux.Mapping;
import paranet.core.memory.GuestMemory;
import paranet.core.memory.GuestRegion;
import paranet.core.vhostuser.MemoryRegion;
import paranet.core.vhostuser.RequestRefused;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * The mappings behind one memory table. A change makes a new table that shares what stays mapped;
 * the mappings it does not share are closed by whoever knows that nobody uses them any more.
 *
 * <p>Threading: confined to the control thread; {@link #memory} is immutable.
 */
final class PortMemory {
    static final PortMemory EMPTY = new PortMemory(List.of(), GuestMemory.EMPTY);

    private record Mapped(MemoryRegion region, FileIdentity file, Mapping mapping) {}

    private final List<Mapped> mapped;
    private final GuestMemory memory;

    private PortMemory(List<Mapped> mapped, GuestMemory memory) {
        this.mapped = mapped;
        this.memory = memory;
    }

    GuestMemory memory() {
        return memory;
    }

    /** A table of these regions alone. The descriptors are closed, also when it is refused. */
    static PortMemory of(List<MemoryRegion> regions, List<Fd> files) throws RequestRefused {
        List<Mapped> mapped = new ArrayList<>();
        try {
            for (int i = 0; i < regions.size(); i++) {
                mapped.add(map(regions.get(i), files.get(i)));
            }
            return table(mapped);
        } catch (RequestRefused e) {
            mapped.forEach(each -> each.mapping().close());
            throw e;
        } finally {
            files.forEach(Fd::close);
        }
    }

    /** This table and one region more. The descriptor is closed, also when it is refused. */
    PortMemory with(MemoryRegion region, Fd file) throws RequestRefused {
        Mapped added;
        try (file) {
            added = map(region, file);
        }
        List<Mapped> grown = new ArrayList<>(mapped);
        grown.add(added);
        try {
            return table(grown);
        } catch (RequestRefused e) {
            added.mapping().close();
            throw e;
        }
    }

    /** This table without the region; its offset does not matter (vhost-user, REM_MEM_REG). */
    PortMemory without(MemoryRegion region) throws RequestRefused {
        List<Mapped> shrunk = new ArrayList<>(mapped);
        boolean found =
                shrunk.removeIf(
                        each ->
                                each.region().guestAddress() == region.guestAddress()
                                        && each.region().frontendAddress()
                                                == region.frontendAddress()
                                        && each.region().size() == region.size());
        if (!found) {
            throw new RequestRefused(
                    "no region has guest address 0x%x, front-end address 0x%x and size 0x%x"
                            .formatted(
                                    region.guestAddress(),
                                    region.frontendAddress(),
                                    region.size()));
        }
        return table(shrunk);
    }

    /** Whether this region of the table is mapped from this file. */
    boolean isSameFile(MemoryRegion region, Fd file) {
        try {
            FileIdentity identity = FileIdentity.of(file);
            return mapped.stream()
                    .anyMatch(each -> each.region().equals(region) && each.file().equals(identity));
        } catch (LinuxException e) {
            return false; // it is no file at all, so mapping it says why
        }
    }

    /** Unmaps what {@code next} does not share; nobody may use this table's memory any more. */
    void release(PortMemory next) {
        for (Mapped each : mapped) {
            if (!next.mapped.contains(each)) {
                each.mapping().close();
            }
        }
    }

    private static PortMemory table(List<Mapped> mapped) throws RequestRefused {
        List<GuestRegion> regions = new ArrayList<>();
        try {
            for (Mapped each : mapped) {
                MemoryRegion region = each.region();
                regions.add(
                        new GuestRegion(
                                region.guestAddress(),
                                region.frontendAddress(),
                                region.size(),
                                each.mapping().address() + region.mmapOffset()));
            }
            return new PortMemory(List.copyOf(mapped), GuestMemory.of(regions));
        } catch (IllegalArgumentException e) {
            throw new RequestRefused(e.getMessage(), e);
        }
    }

    private static Mapped map(MemoryRegion region, Fd file) throws RequestRefused {
        long end = region.mmapOffset() + region.size();
        if (region.size() <= 0 || region.mmapOffset() < 0 || end < 0) {
            throw new RequestRefused(
                    "region of size 0x%x at file offset 0x%x is not in 1..2^63-1"
                            .formatted(region.size(), region.mmapOffset()));
        }
        try {
            return new Mapped(region, FileIdentity.of(file), Mapping.map(file, end));
        } catch (IOException e) {
            throw new RequestRefused(
                    "region at guest address 0x%x cannot be mapped: %s"
                            .formatted(region.guestAddress(), e.getMessage()),
                    e);
        }
    }
}
