package paranet.core.vhostuser;

/**
 * One region as a front end describes it (vhost-user, Memory region description).
 *
 * @param guestAddress guest physical address
 * @param size bytes
 * @param frontendAddress address in the front end's own address space
 * @param mmapOffset where the region starts in the descriptor that came with it
 *     <p>Threading: immutable.
 */
public record MemoryRegion(long guestAddress, long size, long frontendAddress, long mmapOffset) {}
