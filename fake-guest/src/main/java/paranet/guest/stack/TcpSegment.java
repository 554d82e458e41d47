package paranet.guest.stack;

import paranet.guest.frame.GuestFrame;

/**
 * One received TCP segment, read out of its packet once (RFC 9293, 3.1).
 *
 * @param sequence as on the wire
 * @param acknowledgment as on the wire
 * @param flags FIN, SYN, RST, PSH, ACK
 * @param window not yet scaled
 * @param mss of the option, or 0 without it
 * @param windowShift of the option (RFC 7323), or -1 without it
 * @param frame that holds the payload
 * @param payloadAt offset of the payload in the frame
 * @param payloadBytes its length
 *     <p>Threading: immutable but for the frame.
 */
record TcpSegment(
        int sequence,
        int acknowledgment,
        int flags,
        int window,
        int mss,
        int windowShift,
        GuestFrame frame,
        int payloadAt,
        int payloadBytes) {
    static final int HEADER_BYTES = 20;
    static final int FIN = 1;
    static final int SYN = 2;
    static final int RST = 4;
    static final int PSH = 8;
    static final int ACK = 16;

    // Offsets from the start of the TCP header.
    static final int SOURCE_PORT = 0;
    static final int DESTINATION_PORT = 2;
    static final int SEQUENCE = 4;
    static final int ACKNOWLEDGMENT = 8;
    static final int DATA_OFFSET = 12;
    static final int FLAGS = 13;
    static final int WINDOW = 14;
    static final int CHECKSUM = 16;
    static final int URGENT = 18;
    static final int OPTIONS = 20;

    static final int OPTION_END = 0;
    static final int OPTION_NOP = 1;
    static final int OPTION_MSS = 2;
    static final int OPTION_WINDOW_SCALE = 3;
    private static final int WINDOW_SHIFT_MAX = 14;

    /** The segment of {@code bytes} bytes at {@code at}, or null when it contradicts itself. */
    static TcpSegment parse(GuestFrame frame, int at, int bytes) {
        if (bytes < HEADER_BYTES) {
            return null;
        }
        int headerBytes = (frame.u8(at + DATA_OFFSET) >>> 4) * 4;
        if (headerBytes < HEADER_BYTES || headerBytes > bytes) {
            return null;
        }
        int mss = 0;
        int windowShift = -1;
        int option = at + OPTIONS;
        int end = at + headerBytes;
        while (option < end && frame.u8(option) != OPTION_END) {
            if (frame.u8(option) == OPTION_NOP) {
                option++;
                continue;
            }
            if (option + 1 >= end) {
                return null;
            }
            int length = frame.u8(option + 1);
            if (length < 2 || length > end - option) {
                return null;
            }
            if (frame.u8(option) == OPTION_MSS && length == 4) {
                mss = frame.u16(option + 2);
            } else if (frame.u8(option) == OPTION_WINDOW_SCALE && length == 3) {
                windowShift = Math.min(frame.u8(option + 2), WINDOW_SHIFT_MAX);
            }
            option += length;
        }
        return new TcpSegment(
                frame.u32(at + SEQUENCE),
                frame.u32(at + ACKNOWLEDGMENT),
                frame.u8(at + FLAGS) & 0x3f,
                frame.u16(at + WINDOW),
                mss,
                windowShift,
                frame,
                end,
                bytes - headerBytes);
    }

    boolean has(int flag) {
        return (flags & flag) != 0;
    }
}
