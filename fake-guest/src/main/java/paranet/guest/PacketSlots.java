package paranet.guest;

import paranet.core.offload.VirtioNetHdr;
import paranet.core.virtqueue.RingFeature;
import paranet.guest.frame.FrameHdr;
import paranet.guest.frame.GuestFrame;
import paranet.virtionet.wire.VirtioNetFeature;

import java.util.SplittableRandom;

/**
 * Packet buffers of one ring in guest memory: a slot each, cut into pieces with gaps between them,
 * so that a back end cannot pass by reading on.
 *
 * <p>Threading: confined to one thread at a time.
 */
final class PacketSlots {
    /** Pieces of one packet; an indirect table of {@link GuestRing} holds them. */
    static final int PIECES_MAX = 8;

    private static final int ALIGNMENT = 64;

    private final PieceSlots slots;
    private final int headerBytes;
    private final boolean anyLayout;
    private final boolean indirectAllowed;
    private final SplittableRandom random;
    private final boolean[] indirect;
    private final byte[] header = new byte[VirtioNetHdr.BYTES];

    /** Scratch for {@code DriverVirtqueue.add}: the pieces cut last. */
    final long[] addresses;

    final long[] lengths;

    PacketSlots(GuestRam ram, long features, int count, int packetBytesMax, long seed) {
        this.headerBytes = VirtioNetFeature.headerBytes(features);
        this.anyLayout = (features & (RingFeature.VERSION_1 | RingFeature.ANY_LAYOUT)) != 0;
        this.indirectAllowed = (features & RingFeature.INDIRECT_DESC) != 0;
        this.random = new SplittableRandom(seed);
        this.slots = new PieceSlots(ram, count, packetBytesMax, PIECES_MAX, ALIGNMENT, random);
        this.indirect = new boolean[count];
        this.addresses = slots.addresses;
        this.lengths = slots.lengths;
    }

    int count() {
        return slots.count();
    }

    /** Moves a slot to memory that was plugged in later. */
    void moveToNewest(int slot) {
        slots.moveToNewest(slot);
    }

    /**
     * Cuts a slot for {@code packetBytes}, header included, into at most {@code piecesMax} pieces
     * that lie in the ring, or more behind an indirect descriptor; {@link #addresses} and {@link
     * #lengths} say where they are.
     *
     * @return the number of pieces, or 0 when {@code piecesMax} is too few
     */
    int cut(int slot, int packetBytes, ChainShape wanted, int piecesMax) {
        ChainShape shape = permitted(wanted);
        indirect[slot] = shape == ChainShape.INDIRECT;
        int most = Math.min(indirect[slot] ? PIECES_MAX : piecesMax, PIECES_MAX);
        if (most == 0 || piecesMax == 0) {
            return 0;
        }
        if (!anyLayout || shape == ChainShape.HEADER_APART) {
            if (most < 2) {
                return anyLayout ? slots.whole(slot, packetBytes) : 0;
            }
            return slots.two(slot, headerBytes, packetBytes - headerBytes);
        }
        if (shape == ChainShape.WHOLE || most == 1) {
            return slots.whole(slot, packetBytes);
        }
        return slots.scattered(slot, packetBytes, 1, most);
    }

    private ChainShape permitted(ChainShape wanted) {
        ChainShape shape = wanted;
        if (shape == ChainShape.MIXED) {
            shape =
                    switch (random.nextInt(4)) {
                        case 0 -> ChainShape.WHOLE;
                        case 1 -> ChainShape.HEADER_APART;
                        case 2 -> ChainShape.SCATTERED;
                        default -> ChainShape.INDIRECT;
                    };
        }
        return shape == ChainShape.INDIRECT && !indirectAllowed ? ChainShape.SCATTERED : shape;
    }

    boolean isIndirect(int slot) {
        return indirect[slot];
    }

    /** Writes header and frame into a slot that was cut for them. */
    void write(int slot, GuestFrame frame) {
        encode(frame.hdr());
        slots.write(slot, 0, header, 0, headerBytes);
        slots.write(slot, headerBytes, frame.bytes(), 0, frame.length());
    }

    private void encode(FrameHdr hdr) {
        put8(VirtioNetHdr.FLAGS, hdr.flags());
        put8(VirtioNetHdr.GSO_TYPE, hdr.gsoType());
        put16(VirtioNetHdr.HDR_LEN, hdr.hdrLen());
        put16(VirtioNetHdr.GSO_SIZE, hdr.gsoSize());
        put16(VirtioNetHdr.CSUM_START, hdr.csumStart());
        put16(VirtioNetHdr.CSUM_OFFSET, hdr.csumOffset());
        put16(VirtioNetHdr.NUM_BUFFERS, 0); // the driver must write 0 (virtio 1.3, 5.1.6.2.1)
    }

    private void put8(int at, int value) {
        header[at] = (byte) value;
    }

    private void put16(int at, int value) {
        header[at] = (byte) value;
        header[at + 1] = (byte) (value >>> 8);
    }

    /** Copies {@code bytes} from byte {@code from} of a slot's pieces on. */
    void read(int slot, int from, byte[] to, int at, int bytes) {
        int done = slots.read(slot, from, to, at, bytes);
        if (done < bytes) {
            throw new IllegalStateException(
                    "device says that it wrote %d bytes into a buffer of %d"
                            .formatted(from + bytes, from + done));
        }
    }

    /** num_buffers of the header at the start of a slot; 1 where there is no such field. */
    int readHeader(int slot, boolean mergeable) {
        read(slot, 0, header, 0, headerBytes);
        return mergeable ? le16(VirtioNetHdr.NUM_BUFFERS) : 1;
    }

    /** The header read last. */
    FrameHdr decoded() {
        int flags = header[VirtioNetHdr.FLAGS] & 0xff;
        int gsoType = header[VirtioNetHdr.GSO_TYPE] & 0xff;
        if ((flags & VirtioNetHdr.F_NEEDS_CSUM) == 0 && gsoType == VirtioNetHdr.GSO_NONE) {
            return (flags & VirtioNetHdr.F_DATA_VALID) == 0 ? FrameHdr.NONE : FrameHdr.VALID;
        }
        return new FrameHdr(
                flags,
                gsoType,
                le16(VirtioNetHdr.HDR_LEN),
                le16(VirtioNetHdr.GSO_SIZE),
                le16(VirtioNetHdr.CSUM_START),
                le16(VirtioNetHdr.CSUM_OFFSET));
    }

    private int le16(int at) {
        return (header[at] & 0xff) | (header[at + 1] & 0xff) << 8;
    }
}
