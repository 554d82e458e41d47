package paranet.launcher.guest;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Files of captured Ethernet frames in the classic pcap format (pcap-savefile(5)), in the byte
 * order of this machine.
 *
 * <p>Threading: immutable.
 */
final class Pcap {
    private static final int MAGIC_MICROSECONDS = 0xa1b2c3d4;
    private static final int MAGIC_NANOSECONDS = 0xa1b23c4d;
    private static final int FILE_HEADER_BYTES = 24;
    private static final int FRAME_HEADER_BYTES = 16;
    private static final int SNAPLEN = 65_535;
    private static final int ETHERNET = 1;

    private Pcap() {}

    /** Writes frames into a file, in this order, their time the count of those before. */
    static void write(Path file, List<byte[]> frames) {
        int size = FILE_HEADER_BYTES;
        for (byte[] frame : frames) {
            size += FRAME_HEADER_BYTES + frame.length;
        }
        ByteBuffer out = ByteBuffer.allocate(size).order(ByteOrder.nativeOrder());
        out.putInt(MAGIC_MICROSECONDS).putShort((short) 2).putShort((short) 4);
        out.putInt(0).putInt(0).putInt(SNAPLEN).putInt(ETHERNET);
        int count = 0;
        for (byte[] frame : frames) {
            out.putInt(count++).putInt(0).putInt(frame.length).putInt(frame.length).put(frame);
        }
        try {
            Files.write(file, out.array());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * The frames of a file in its order; the last one may still be being written and is left out.
     */
    static List<byte[]> read(Path file) {
        ByteBuffer in;
        try {
            in = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.nativeOrder());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        List<byte[]> frames = new ArrayList<>();
        if (in.remaining() < FILE_HEADER_BYTES) {
            return frames;
        }
        int magic = in.getInt(0);
        if (magic != MAGIC_MICROSECONDS && magic != MAGIC_NANOSECONDS) {
            throw new IllegalArgumentException("%s starts with %08x".formatted(file, magic));
        }
        in.position(FILE_HEADER_BYTES);
        while (in.remaining() >= FRAME_HEADER_BYTES) {
            int captured = in.getInt(in.position() + 8);
            if (in.remaining() < FRAME_HEADER_BYTES + captured) {
                break;
            }
            in.position(in.position() + FRAME_HEADER_BYTES);
            byte[] frame = new byte[captured];
            in.get(frame);
            frames.add(frame);
        }
        return frames;
    }
}
