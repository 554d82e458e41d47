package paranet.core.vhostuser;

/**
 * One front end's connection, without the socket: request in, reply out.
 *
 * <p>Threading: confined to the control thread.
 */
public abstract sealed class FrontendSession implements AutoCloseable permits Session, BusSession {
    /** VHOST_USER_F_PROTOCOL_FEATURES, a virtio feature bit; offering it is what counts. */
    public static final long F_PROTOCOL_FEATURES = 1L << 30;

    /** Memory regions a front end may describe; the same for every session. */
    public static final int MEMORY_SLOTS_MAX = MemorySlots.COUNT_MAX;

    final MemoryTable memory;
    final ProtocolChoice protocol;
    private boolean closed;

    FrontendSession(MemoryHost host, long protocolFeatures) {
        this.memory = new MemoryTable(host);
        this.protocol = new ProtocolChoice(protocolFeatures);
    }

    /**
     * What a request came to.
     *
     * @param reply what to send, or null when nothing is due
     * @param refused the one line to log, naming message, rule and value, or null
     *     <p>Threading: immutable.
     */
    public record Outcome(Reply reply, String refused) {}

    /** The messages that it knows, for the codec. */
    public abstract Dialect dialect();

    /**
     * Does what a request asks, or refuses. Takes the descriptors of the request either way.
     *
     * @param needReply whether its header asked for an acknowledgement
     * @throws ProtocolException when the connection cannot go on
     */
    public final Outcome handle(FrontendRequest request, boolean needReply)
            throws ProtocolException {
        if (closed) {
            request.close();
            throw new IllegalStateException("session is closed");
        }
        boolean acknowledges = needReply && protocol.acknowledges(request);
        try {
            protocol.requireNegotiated(request.type());
            Reply own = perform(request);
            if (own == null && acknowledges) {
                return new Outcome(new Reply.Ack(request.id(), 0), null);
            }
            return new Outcome(own, null);
        } catch (RequestRefused refused) {
            request.close();
            return new Outcome(
                    refusal(request, refused, acknowledges),
                    MessageHeader.nameOf(request.type(), request.id())
                            + " refused: "
                            + refused.getMessage());
        }
    }

    /**
     * The reply a message has of its own, or null.
     *
     * @throws ProtocolException when the connection cannot go on
     */
    abstract Reply perform(FrontendRequest request) throws RequestRefused, ProtocolException;

    /** What a refused request is answered, or null. */
    Reply refusal(FrontendRequest request, RequestRefused refused, boolean acknowledges)
            throws ProtocolException {
        return acknowledges ? new Reply.Ack(request.id(), 1) : null;
    }

    /** The end of the connection. Closing again does nothing. */
    @Override
    public final void close() {
        if (!closed) {
            closed = true;
            end();
        }
    }

    /** Lets go of everything, memory last but for what forgets without it. */
    abstract void end();
}
