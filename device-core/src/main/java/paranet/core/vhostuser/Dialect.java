package paranet.core.vhostuser;

/**
 * Which messages a port understands. What the other dialect adds is unknown to it, form included.
 *
 * <p>Threading: immutable.
 */
public enum Dialect {
    /** A virtio device: rings are described and kicked by messages. */
    VIRTIO("virtio"),
    /**
     * A vbus (protocol feature {@link ProtocolFeature#VBUS}): rings are registered by calls to the
     * bus, so a message about a vring shows that the front end expects another device.
     */
    VBUS("vbus");

    private final String words;

    Dialect(String words) {
        this.words = words;
    }

    /** As docs/messages.md puts it. */
    String words() {
        return words;
    }

    /** The row of a request number in this dialect, {@link MessageType#UNKNOWN} if it has none. */
    MessageType type(int id) throws ProtocolException {
        MessageType type = MessageType.of(id);
        if (type.isSpokenIn(this)) {
            return type;
        }
        if (this == VBUS && type.isAboutVrings()) {
            throw new ProtocolException(
                    type.name(),
                    "this port serves a vbus, which has no vrings; --device=virtio-net has");
        }
        return MessageType.UNKNOWN;
    }
}
