package paranet.core.vhostuser;

/**
 * What a back end says unasked: on the back-end channel (vhost-user, Back-end message types), and
 * on the socket itself what a bus tells in-band.
 *
 * <p>Threading: immutable.
 */
public sealed interface BackendRequest {
    /** The request's number, which a reply repeats if it has one. */
    int id();

    /** Configuration space changed; the front end may read it again. */
    record ConfigChangeMsg() implements BackendRequest {
        public static final int ID = 2;

        @Override
        public int id() {
            return ID;
        }
    }

    /** In place of a call descriptor: an event queue of a vbus has news. Never answered. */
    record Interrupt(int eventq) implements BackendRequest {
        public static final int ID = 0x7680;

        @Override
        public int id() {
            return ID;
        }
    }
}
