package paranet.core.virtqueue;

/**
 * Memory for a driver's indirect descriptor tables, one for each entry of its ring.
 *
 * @param hostAddress where the first table lies in this process
 * @param guestAddress the same byte's guest address, as it goes into descriptors
 * @param entries descriptors in each table; 0 for no tables at all
 *     <p>Threading: immutable.
 */
public record IndirectTables(long hostAddress, long guestAddress, int entries) {
    /** No tables: every chain lies in the ring. */
    public static final IndirectTables NONE = new IndirectTables(0, 0, 0);

    /** Bytes that the tables for a ring of {@code size} need. */
    public static long bytesFor(int size, int entries) {
        return (long) size * entries * VirtqDesc.BYTES;
    }

    long host(int table) {
        return hostAddress + bytesFor(table, entries);
    }

    long guest(int table) {
        return guestAddress + bytesFor(table, entries);
    }
}
