package paranet.core.vhostuser;

/**
 * The protocol features of one session: what is offered, what was chosen, and which requests that
 * allows.
 *
 * <p>Threading: confined to the control thread.
 */
final class ProtocolChoice {
    private final long offered;
    private long chosen;

    ProtocolChoice(long offered) {
        this.offered = offered;
    }

    long offered() {
        return offered;
    }

    boolean has(long feature) {
        return (chosen & feature) != 0;
    }

    void choose(long features) throws RequestRefused {
        requireOffered(features, offered);
        chosen = features;
    }

    /** Refuses features, of the device or of the protocol, beside the ones offered. */
    static void requireOffered(long features, long offered) throws RequestRefused {
        long alien = features & ~offered;
        if (alien != 0) {
            throw new RequestRefused(
                    "bits 0x%x were not offered (0x%x were)".formatted(alien, offered));
        }
    }

    /**
     * Whether a request that asks for it is acknowledged. REPLY_ACK counts already for the very
     * message that negotiates it: UML relies on it.
     */
    boolean acknowledges(FrontendRequest request) {
        long bits = chosen;
        if (request instanceof FrontendRequest.SetProtocolFeatures(long more)) {
            bits |= more;
        }
        return (bits & ProtocolFeature.REPLY_ACK) != 0
                && request.type().answer() != MessageType.Answer.NONE;
    }

    void requireNegotiated(MessageType type) throws RequestRefused {
        if (type.answer() == MessageType.Answer.ACK && (type.needs() & chosen) != type.needs()) {
            throw new RequestRefused(
                    "protocol feature %s was not negotiated (0x%x was)"
                            .formatted(ProtocolFeature.name(type.needs()), chosen));
        }
    }
}
