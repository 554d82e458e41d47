package paranet.core.mitigation;

/**
 * Why something published needed no call of its own. Each has exactly one cause: the first of these
 * that applies when it is notified or consumed (docs/mitigation.md).
 */
public enum AvoidedBy {
    /** The call was due, and the guest's budget of interrupts held it back. */
    BUDGET(0),
    /** The guest polled and said so, or had not asked to hear of it. */
    PEER_POLLING(1),
    /** It was held, and the guest came by itself: no call of the device's receive queue led it. */
    EVAPORATED(2),
    /** A call made before has not been answered; the guest finds this with it. */
    CALL_PENDING(3),
    /** A held completion that the guest took after a call for the same device's received frames. */
    TX_RIDES_RX(4),
    /** One injection of an event queue told of this and of another signal. */
    OTHER_DEVICE(5),
    /** It shared a call that came because enough frames were held. */
    FRAME_CAP(6),
    /** It shared a call of its queue. */
    SAME_QUEUE_HOLD(7);

    /** Place in tables of counters. */
    final int slot;

    AvoidedBy(int slot) {
        this.slot = slot;
    }
}
