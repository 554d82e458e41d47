package paranet.core.vhostuser;

import paranet.core.linux.Fd;

import java.util.List;

/**
 * Who maps the memory that a front end describes. Each method returns after every worker concerned
 * has acknowledged. Descriptors given to a method are its own from then on, also when it refuses.
 *
 * <p>Threading: called by the control thread alone.
 */
public interface MemoryHost {
    /**
     * Replaces the whole memory table; started rings go on in the new one at the same front-end
     * addresses and indices, and a ring that no longer lies in memory is stopped and its error
     * signalled. An empty list unmaps all.
     */
    void replaceMemory(List<MemoryRegion> regions, List<Fd> files) throws RequestRefused;

    /** Adds one region to the table. */
    void addMemory(MemoryRegion region, Fd file) throws RequestRefused;

    /** Removes the region with this guest address, front-end address and size. */
    void removeMemory(MemoryRegion region) throws RequestRefused;
}
