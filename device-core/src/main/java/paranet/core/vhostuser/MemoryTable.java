package paranet.core.vhostuser;

import paranet.core.linux.Fd;

import java.util.List;

/**
 * The memory of one session: what the front end described, and the host that maps it. A change that
 * either refuses changes nothing.
 *
 * <p>Threading: confined to the control thread.
 */
final class MemoryTable {
    private final MemoryHost host;
    private MemorySlots slots = MemorySlots.EMPTY;

    MemoryTable(MemoryHost host) {
        this.host = host;
    }

    List<MemoryRegion> regions() {
        return slots.regions();
    }

    void replace(List<MemoryRegion> regions, List<Fd> files) throws RequestRefused {
        MemorySlots next = MemorySlots.of(regions);
        host.replaceMemory(regions, files);
        slots = next;
    }

    void add(MemoryRegion region, Fd file) throws RequestRefused {
        MemorySlots next = slots.with(region);
        host.addMemory(region, file);
        slots = next;
    }

    void remove(MemoryRegion region) throws RequestRefused {
        MemorySlots next = slots.without(region);
        host.removeMemory(region);
        slots = next;
    }

    /** Unmaps all, at the end of the session. */
    void release() {
        if (slots.regions().isEmpty()) {
            return;
        }
        slots = MemorySlots.EMPTY;
        try {
            host.replaceMemory(List.of(), List.of());
        } catch (RequestRefused impossible) {
            throw new IllegalStateException("memory was not unmapped", impossible);
        }
    }
}
