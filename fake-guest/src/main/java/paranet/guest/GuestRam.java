package paranet.guest;

import paranet.core.linux.Fd;
import paranet.core.linux.Mapping;
import paranet.core.linux.Memfd;
import paranet.core.memory.GuestMemory;
import paranet.core.memory.GuestRegion;
import paranet.core.vhostuser.MemoryRegion;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/**
 * A guest's memory: regions of memfds with gaps between them, at guest addresses, front-end
 * addresses and file offsets that have nothing to do with each other, so that a back end which
 * mixes two of them up is found out.
 *
 * <p>Threading: confined to one thread at a time; the memory itself is shared with the back end.
 */
public final class GuestRam implements AutoCloseable {
    private static final long PAGE = 4096;
    private static final long GUEST_START = 0x1_0000_0000L;
    private static final long FRONTEND_START = 0x7e00_0000_0000L;
    private static final int GAP_PAGES_MAX = 64;

    /** One region: how the front end describes it, and where it is here. */
    private static final class Piece {
        private final MemoryRegion region;
        private final Fd file;
        private final Mapping mapping;
        private long used;

        private Piece(MemoryRegion region, Fd file, Mapping mapping) {
            this.region = region;
            this.file = file;
            this.mapping = mapping;
        }

        private GuestRegion mapped() {
            return new GuestRegion(
                    region.guestAddress(),
                    region.frontendAddress(),
                    region.size(),
                    mapping.address() + region.mmapOffset());
        }
    }

    private final Random random;
    private final List<Piece> pieces = new ArrayList<>();
    private GuestMemory memory = GuestMemory.EMPTY;
    private long nextGuest = GUEST_START;
    private long nextFrontend = FRONTEND_START;

    private GuestRam(long seed) {
        this.random = new Random(seed);
    }

    /**
     * {@code regions} regions (1 to 8) of {@code regionBytes} each, in one file, in an order of its
     * own in each address space.
     */
    public static GuestRam create(int regions, long regionBytes, long seed) throws IOException {
        GuestRam ram = new GuestRam(seed);
        long bytes = (regionBytes + PAGE - 1) / PAGE * PAGE;
        long gap = ram.gap();
        List<Integer> order = new ArrayList<>();
        for (int i = 0; i < regions; i++) {
            order.add(i);
        }
        Collections.shuffle(order, ram.random);
        Fd file = Memfd.create("guest", PAGE + regions * (bytes + gap));
        Mapping mapping = null;
        try {
            mapping = Mapping.map(file, PAGE + regions * (bytes + gap));
        } finally {
            if (mapping == null) {
                file.close();
            }
        }
        long[] frontend = new long[regions];
        for (int i : order) {
            frontend[i] = ram.frontendAddress(bytes);
        }
        Collections.shuffle(order, ram.random);
        for (int i = 0; i < regions; i++) {
            MemoryRegion region =
                    new MemoryRegion(
                            ram.guestAddress(bytes),
                            bytes,
                            frontend[i],
                            PAGE + order.get(i) * (bytes + gap));
            ram.pieces.add(new Piece(region, file, mapping));
        }
        ram.changed();
        return ram;
    }

    /** One region at guest address 0 and file offset 0, whose first page nobody is given. */
    public static GuestRam createAtZero(long bytes, long seed) throws IOException {
        GuestRam ram = new GuestRam(seed);
        Fd file = Memfd.create("guest", pages(bytes));
        Mapping mapping = null;
        try {
            mapping = Mapping.map(file, pages(bytes));
        } finally {
            if (mapping == null) {
                file.close();
            }
        }
        Piece piece =
                new Piece(
                        new MemoryRegion(0, pages(bytes), ram.frontendAddress(pages(bytes)), 0),
                        file,
                        mapping);
        piece.used = PAGE;
        ram.pieces.add(piece);
        ram.changed();
        return ram;
    }

    private long gap() {
        return PAGE * (1 + random.nextInt(GAP_PAGES_MAX));
    }

    private long guestAddress(long bytes) {
        long address = nextGuest;
        nextGuest += bytes + gap();
        return address;
    }

    private long frontendAddress(long bytes) {
        long address = nextFrontend;
        nextFrontend += bytes + gap();
        return address;
    }

    private void changed() {
        memory = GuestMemory.of(pieces.stream().map(Piece::mapped).toList());
    }

    /** Plugs in one region more, with a file of its own. */
    public MemoryRegion grow(long regionBytes) throws IOException {
        return plug(pages(regionBytes), guestAddress(pages(regionBytes)));
    }

    /**
     * The same where the newest region ends in guest addresses and nowhere else, so that a buffer
     * may lie in both.
     */
    public MemoryRegion growBehind(long regionBytes) throws IOException {
        MemoryRegion newest = pieces.getLast().region;
        long behind = newest.guestAddress() + newest.size();
        nextGuest = Math.max(nextGuest, behind + pages(regionBytes) + gap());
        return plug(pages(regionBytes), behind);
    }

    private MemoryRegion plug(long bytes, long guestAddress) throws IOException {
        long offset = gap();
        Fd file = Memfd.create("more", offset + bytes);
        MemoryRegion region = new MemoryRegion(guestAddress, bytes, frontendAddress(bytes), offset);
        pieces.add(new Piece(region, file, Mapping.map(file, offset + bytes)));
        changed();
        return region;
    }

    private static long pages(long bytes) {
        return (bytes + PAGE - 1) / PAGE * PAGE;
    }

    /** Takes the region away that {@link #grow} added last; nobody may use it any more. */
    public MemoryRegion shrink() {
        Piece last = pieces.removeLast();
        changed();
        if (pieces.stream().noneMatch(each -> each.mapping == last.mapping)) {
            last.mapping.close();
            last.file.close();
        }
        return last.region;
    }

    /** The regions as the front end describes them. */
    public List<MemoryRegion> regions() {
        return pieces.stream().map(each -> each.region).toList();
    }

    /** The file of each region, which stays this object's. */
    public List<Fd> files() {
        return pieces.stream().map(each -> each.file).toList();
    }

    /** The same memory, mapped here. */
    public GuestMemory memory() {
        return memory;
    }

    /**
     * Guest address of {@code bytes} zeroes in one region, drawn at random among those with room.
     *
     * @throws IllegalStateException when no region has room
     */
    public long allocate(long bytes, long alignment) {
        List<Piece> fitting = new ArrayList<>();
        for (Piece piece : pieces) {
            long start = (piece.used + alignment - 1) / alignment * alignment;
            if (bytes <= piece.region.size() - start) {
                fitting.add(piece);
            }
        }
        if (fitting.isEmpty()) {
            throw new IllegalStateException("no region has %d bytes left".formatted(bytes));
        }
        return take(fitting.get(random.nextInt(fitting.size())), bytes, alignment);
    }

    /** The same in the newest region. */
    public long allocateInNewest(long bytes, long alignment) {
        return take(pieces.getLast(), bytes, alignment);
    }

    private static long take(Piece piece, long bytes, long alignment) {
        long start = (piece.used + alignment - 1) / alignment * alignment;
        if (bytes > piece.region.size() - start) {
            throw new IllegalStateException("the region has no %d bytes left".formatted(bytes));
        }
        piece.used = start + bytes;
        return piece.region.guestAddress() + start;
    }

    /** Where {@code bytes} of guest memory are in this process. */
    public long host(long guestAddress, long bytes) {
        long host = memory.translate(guestAddress, bytes);
        if (host == GuestMemory.NOT_MAPPED) {
            throw new IllegalArgumentException("0x%x+%d".formatted(guestAddress, bytes));
        }
        return host;
    }

    /** The front end's own address of a byte of guest memory. */
    public long frontend(long guestAddress) {
        for (Piece piece : pieces) {
            long offset = guestAddress - piece.region.guestAddress();
            if (offset >= 0 && offset < piece.region.size()) {
                return piece.region.frontendAddress() + offset;
            }
        }
        throw new IllegalArgumentException("0x%x".formatted(guestAddress));
    }

    /** Cuts the first file to {@code bytes}: whoever touches what lay behind gets a fault. */
    public void truncate(long bytes) throws IOException {
        Memfd.resize(pieces.getFirst().file, bytes);
    }

    @Override
    public void close() {
        while (!pieces.isEmpty()) {
            Piece last = pieces.removeLast();
            if (pieces.stream().noneMatch(each -> each.mapping == last.mapping)) {
                last.mapping.close();
                last.file.close();
            }
        }
        memory = GuestMemory.EMPTY;
    }
}
