package paranet.core.explore;

/** Mistakes that a model can make, one at a time. */
public enum Mutant {
    NONE,
    /** The device looks at the arm state with no fence after it published, not even of stores. */
    NO_FENCE,
    /** As shipped in 2009: a fence of stores where one of stores and loads is needed. */
    STORE_FENCE_ONLY,
    /** What was told goes on when a call is held. */
    OLD_ADVANCED_ON_HOLD,
    /** A held call is made when it is due, without another look. */
    NO_RECHECK_AT_DUE,
    /** Free-running indices are compared as signed numbers. */
    SIGNED_COMPARE,
    /** An event queue's pending is cleared before its events are taken. */
    PENDING_CLEARED_FIRST,
    /** A guest over its budget of interrupts waits for that, whatever the deadline. */
    BUDGET_BEFORE_DEADLINE,
    /** A device that begins anew takes what lies in the ring for told. */
    RESET_WITHOUT_CALL,
    /** Other limits count for what is published from then on, not for what is held. */
    LIMITS_NOT_REEVALUATED,
    /** An urgent frame beyond its bound waits until it may be urgent. */
    URGENT_WAITS_FOR_TOKEN,
    /** A call is held although the guest has no buffer posted. */
    HELD_WITHOUT_BUFFERS
}
