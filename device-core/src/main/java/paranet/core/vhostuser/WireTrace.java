package paranet.core.vhostuser;

/**
 * Takes what passes between a front end and its port, a line each (docs/messages.md): a message of
 * the front end's begins with {@code >}, one of ours with {@code <}, and a call to a bus, with what
 * it changed in the guest's memory behind the arrow, with {@code =}. Lines hold no times and no
 * descriptor numbers, so that a conversation can be compared.
 *
 * <p>Threading: any thread may call it.
 */
@FunctionalInterface
public interface WireTrace {
    /** Takes nothing. */
    WireTrace NONE = line -> {};

    /** One line, without its end. */
    void line(String line);
}
