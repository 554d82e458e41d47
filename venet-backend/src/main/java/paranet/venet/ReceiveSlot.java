package paranet.venet;

import paranet.core.frame.DropReason;
import paranet.core.ioq.SouthIoq;
import paranet.core.memory.GuestMemory;
import paranet.core.memory.NativeBuffer;
import paranet.core.memory.SharedMemory;
import paranet.core.offload.FrameHeaders;
import paranet.core.offload.HeldFrame;
import paranet.core.offload.VirtioNetHdr;
import paranet.venet.wire.VenetIov;
import paranet.venet.wire.VenetSg;

/**
 * The next slot of the receive ring: a buffer that its descriptor names, or one that a venet_sg in
 * the pool names, which is then built anew in private and copied out whole.
 *
 * <p>Threading: confined to one worker.
 */
final class ReceiveSlot implements AutoCloseable {
    private final VenetLink link;
    private final NativeBuffer memory = NativeBuffer.allocate(VenetSg.BYTES_MAX);
    private final long built = memory.address();
    private long shared; // where the guest's venet_sg lies, or NOT_MAPPED
    private long guestAddress; // of the buffer
    private long address;
    private long bytes;

    ReceiveSlot(VenetLink link) {
        this.link = link;
    }

    /** Reads the slot that was looked at; or says why it is of no use. */
    DropReason take(GuestMemory guest) {
        SouthIoq ring = link.receive();
        shared = GuestMemory.NOT_MAPPED;
        guestAddress = ring.ptr();
        bytes = ring.length();
        if (link.receivePool() != null) {
            shared = link.receivePool().locate(ring.ptr(), VenetSg.BYTES_MAX);
            if (shared == GuestMemory.NOT_MAPPED) {
                return DropReason.CHAIN_UNMAPPED;
            }
            long iov = shared + VenetSg.iov(0);
            guestAddress = SharedMemory.le64(iov + VenetIov.PTR);
            bytes = Integer.toUnsignedLong(SharedMemory.le32(iov + VenetIov.LEN));
        }
        if (Long.compareUnsigned(bytes, HeldFrame.FRAME_BYTES_MAX) > 0) {
            bytes = HeldFrame.FRAME_BYTES_MAX; // no frame needs more
        }
        if (bytes < FrameHeaders.ETHERNET_BYTES) {
            return DropReason.BUFFER_TOO_SMALL;
        }
        address = guest.translate(guestAddress, bytes);
        return address == GuestMemory.NOT_MAPPED ? DropReason.CHAIN_UNMAPPED : DropReason.NONE;
    }

    /** Host address of the buffer. */
    long address() {
        return address;
    }

    /** Bytes of the buffer. */
    long bytes() {
        return bytes;
    }

    /** Hands the slot that was looked at back, empty. */
    void refuse() {
        SouthIoq ring = link.receive();
        if (link.receivePool() != null) {
            long at = link.receivePool().locate(ring.ptr(), VenetSg.BYTES_MAX);
            if (at != GuestMemory.NOT_MAPPED) {
                SharedMemory.putLe32(at + VenetSg.LEN, 0);
            }
        }
        ring.putLength(0);
        ring.push();
    }

    /**
     * Describes the frame that lies in the buffer and, behind it, in pages.
     *
     * @return how many pages
     */
    int write(int frameBytes, long word, int csumOffset, PageRing pages) {
        if (shared == GuestMemory.NOT_MAPPED) {
            link.receive().putLength(frameBytes);
            return 0;
        }
        long here = Math.min(frameBytes, bytes);
        putPiece(0, here, guestAddress);
        int used = 0;
        for (long left = frameBytes - here; left > 0; left -= here) {
            here = Math.min(left, pages.bytes(used));
            putPiece(used + 1, here, pages.cookie(used));
            used++;
        }
        putHeader(frameBytes, word, csumOffset);
        SharedMemory.putLe32(built + VenetSg.COUNT, 1 + used);
        // The cookie before it is the guest's own.
        SharedMemory.copy(
                built + VenetSg.FLAGS,
                shared + VenetSg.FLAGS,
                VenetSg.iov(1 + used) - VenetSg.FLAGS);
        return used;
    }

    private void putPiece(int piece, long length, long ptr) {
        long iov = built + VenetSg.iov(piece);
        SharedMemory.putLe64(iov + VenetIov.LEN, length); // and the padding behind it
        SharedMemory.putLe64(iov + VenetIov.PTR, ptr);
    }

    private void putHeader(int frameBytes, long word, int csumOffset) {
        boolean needsChecksum = (VirtioNetHdr.flags(word) & VirtioNetHdr.F_NEEDS_CSUM) != 0;
        int type = VirtioNetHdr.gsoType(word);
        boolean segmented = type != VirtioNetHdr.GSO_NONE;
        int flags = needsChecksum ? VenetSg.F_NEEDS_CSUM : 0;
        flags |= segmented ? VenetSg.F_GSO : 0;
        flags |= (type & VirtioNetHdr.GSO_ECN) != 0 ? VenetSg.F_ECN : 0;
        SharedMemory.putLe32(built + VenetSg.FLAGS, flags);
        SharedMemory.putLe32(built + VenetSg.LEN, frameBytes);
        SharedMemory.putLe16(
                built + VenetSg.CSUM_START, needsChecksum ? VirtioNetHdr.csumStart(word) : 0);
        SharedMemory.putLe16(built + VenetSg.CSUM_OFFSET, needsChecksum ? csumOffset : 0);
        SharedMemory.putLe16(built + VenetSg.GSO_TYPE, gsoType(type)); // and the padding behind it
        SharedMemory.putLe16(built + VenetSg.GSO_HDRLEN, segmented ? VirtioNetHdr.hdrLen(word) : 0);
        SharedMemory.putLe32(built + VenetSg.GSO_SIZE, segmented ? VirtioNetHdr.gsoSize(word) : 0);
    }

    /** Only what the guest accepts gets here. */
    private static int gsoType(int type) {
        return switch (type & ~VirtioNetHdr.GSO_ECN) {
            case VirtioNetHdr.GSO_TCPV6 -> VenetSg.GSO_TCPV6;
            case VirtioNetHdr.GSO_UDP -> VenetSg.GSO_UDP;
            default -> VenetSg.GSO_TCPV4;
        };
    }

    @Override
    public void close() {
        memory.close();
    }
}
