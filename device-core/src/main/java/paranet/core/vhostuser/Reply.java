package paranet.core.vhostuser;

/**
 * What goes back to a front end: one record per reply.
 *
 * <p>Threading: immutable.
 */
public sealed interface Reply {
    /** The number of the request that this answers. */
    int request();

    /** Virtio features offered, and bit 30. */
    record Features(long features) implements Reply {
        @Override
        public int request() {
            return MessageType.GET_FEATURES.id();
        }
    }

    record ProtocolFeatures(long features) implements Reply {
        @Override
        public int request() {
            return MessageType.GET_PROTOCOL_FEATURES.id();
        }
    }

    /** Queue pairs: QEMU, DPDK and VPP count pairs, and what counts rings has twice as many. */
    record QueueNum(int pairs) implements Reply {
        @Override
        public int request() {
            return MessageType.GET_QUEUE_NUM.id();
        }
    }

    /** Where a ring stood when it stopped (vhost-user, Vring descriptor index). */
    record VringBase(int vring, int base) implements Reply {
        @Override
        public int request() {
            return MessageType.GET_VRING_BASE.id();
        }
    }

    /** As many bytes of configuration space as were asked for, 1 to 256. */
    @SuppressWarnings("ArrayRecordComponent") // written once, never compared
    record Config(int offset, int flags, byte[] body) implements Reply {
        @Override
        public int request() {
            return MessageType.GET_CONFIG.id();
        }
    }

    /** Configuration space could not be read: a message without payload. */
    record ConfigFailed() implements Reply {
        @Override
        public int request() {
            return MessageType.GET_CONFIG.id();
        }
    }

    record MaxMemSlots(int slots) implements Reply {
        @Override
        public int request() {
            return MessageType.GET_MAX_MEM_SLOTS.id();
        }
    }

    /** Device status, 0 to 255. */
    record Status(int status) implements Reply {
        @Override
        public int request() {
            return MessageType.GET_STATUS.id();
        }
    }

    /** REPLY_ACK: {@code error} is 0 for done. */
    record Ack(int request, long error) implements Reply {}

    /** Of any request of a bus but NEGOTIATE: {@code result} is negative for an error. */
    record BusResult(int request, int result, int aux) implements Reply {}

    /** {@code result} is the version, or negative and then {@code capabilities} is 0. */
    record Negotiated(int result, long capabilities) implements Reply {
        @Override
        public int request() {
            return MessageType.NEGOTIATE.id();
        }
    }
}
