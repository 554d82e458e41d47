package paranet.core.vhostuser;

import paranet.core.linux.Fd;

/**
 * What a front end asks of a vbus (docs/messages.md, 0x7600 to 0x7609): one record per message, as
 * it stood on the wire. Numbers of 32 bits are unsigned, guest addresses are unsigned 64 bits.
 *
 * <p>Threading: immutable, but for the descriptors.
 */
public sealed interface BusRequest extends FrontendRequest {
    /** Opens the bus, or resets it: devices, signals and event queues are gone, memory stays. */
    record Negotiate(int magic, int version, long capabilities) implements BusRequest {
        @Override
        public MessageType type() {
            return MessageType.NEGOTIATE;
        }
    }

    /**
     * Adds an event queue: {@code count} slots in the ring at {@code ring}, as many records at
     * {@code data}. Both descriptors are null when the front end is told and tells in-band.
     */
    record SetEventq(int index, int flags, int count, long ring, long data, Fd call, Fd kick)
            implements BusRequest {
        @Override
        public MessageType type() {
            return MessageType.SET_EVENTQ;
        }

        @Override
        public void close() {
            if (call != null) {
                call.close();
                kick.close();
            }
        }
    }

    /** All event queues are set: events may flow. */
    record Ready(int eventqCount) implements BusRequest {
        @Override
        public MessageType type() {
            return MessageType.READY;
        }
    }

    /** A call to the bus with {@code length} bytes of arguments at {@code guestAddress}. */
    record Call(int channel, int vector, int length, long guestAddress) implements BusRequest {
        @Override
        public MessageType type() {
            return MessageType.CALL;
        }
    }

    /** From now on {@code kick} stands for SHMSIGNAL of this handle. */
    record SignalKick(int handle, Fd kick) implements BusRequest {
        @Override
        public MessageType type() {
            return MessageType.SIGNAL_KICK;
        }

        @Override
        public void close() {
            kick.close();
        }
    }

    /** From now on {@code kick} stands for the signals whose bits are set in this bitmap. */
    record SetDoorbell(long guestAddress, int bits, Fd kick) implements BusRequest {
        @Override
        public MessageType type() {
            return MessageType.SET_DOORBELL;
        }

        @Override
        public void close() {
            kick.close();
        }
    }

    /** The guest signalled; no reply. */
    record ShmSignal(int handle) implements BusRequest {
        @Override
        public MessageType type() {
            return MessageType.SHMSIGNAL;
        }
    }

    /** The guest made room in an event queue; no reply. */
    record EventqKick(int index) implements BusRequest {
        @Override
        public MessageType type() {
            return MessageType.EVENTQ_KICK;
        }
    }

    /**
     * Adds a channel for calls whose descriptor of {@code length} bytes stays at {@code
     * guestAddress}: {@code start} asks for one, {@code done} tells its end.
     */
    record FastcallAdd(int channel, int length, long guestAddress, Fd start, Fd done)
            implements BusRequest {
        @Override
        public MessageType type() {
            return MessageType.FASTCALL_ADD;
        }

        @Override
        public void close() {
            start.close();
            done.close();
        }
    }

    record FastcallDrop(int channel) implements BusRequest {
        @Override
        public MessageType type() {
            return MessageType.FASTCALL_DROP;
        }
    }
}
