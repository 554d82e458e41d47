package paranet.venet;

import paranet.venet.wire.VbusCall;

/**
 * The arguments of DEVSHM as the guest wrote them, copied once; 32 bits are unsigned.
 *
 * <p>Threading: immutable.
 */
record ShmRequest(
        int id, int length, int signalOffset, int priority, long cookie, long guestAddress) {
    boolean hasSignal() {
        return signalOffset != VbusCall.SHM_NO_SIGNAL;
    }
}
