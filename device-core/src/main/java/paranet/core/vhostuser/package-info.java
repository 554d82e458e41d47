/**
 * The vhost-user protocol, back-end side: bytes to records, request in, reply out; no socket.
 *
 * <p>Start with {@code FrontendRequest} and {@code Reply}, one record per message, those to a vbus
 * in {@code BusRequest}; {@code MessageCodec} checks form, {@code Session} or {@code BusSession}
 * values and the moment. A port speaks one {@code Dialect}. docs/messages.md lists them all.
 *
 * <p>Pure: no I/O, no threads. May import: {@code memory}, {@code virtqueue}, {@code device}, and
 * {@code Fd} of {@code linux}. Threading: a session is confined to the control thread.
 */
package paranet.core.vhostuser;
