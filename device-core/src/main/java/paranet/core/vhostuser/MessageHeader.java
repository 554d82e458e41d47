package paranet.core.vhostuser;

/**
 * A request's header, its form checked (vhost-user, Header).
 *
 * @param type its row in the dialect of the port that it came to
 * @param id the request's number, unsigned
 * @param payloadBytes bytes that follow, within the bounds of its {@link MessageType}
 * @param needReply whether the front end asks for an acknowledgement
 *     <p>Threading: immutable.
 */
public record MessageHeader(MessageType type, int id, int payloadBytes, boolean needReply) {
    /** The message's name for a log line, its number if it has none. */
    String messageName() {
        return nameOf(type, id);
    }

    static String nameOf(MessageType type, int id) {
        return type == MessageType.UNKNOWN
                ? "request " + Integer.toUnsignedString(id)
                : type.name();
    }
}
