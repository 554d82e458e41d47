package paranet.core.mitigation;

/** Why a guest was called, or was not. */
public enum CallReason {
    /** Nothing to decide yet. */
    NONE,
    /** Called: nothing holds calls back, or nothing did for long enough. */
    IMMEDIATE,
    /** Called: something urgent was published. */
    URGENT,
    /** Called: enough frames were held. */
    FRAME_CAP,
    /** Called: something had been held for as long as it may be. */
    DEADLINE,
    /** Called: the guest runs out of buffers and has to refill. */
    LOW_WATER,
    /** Called: another queue of the guest was called, and this one was due soon. */
    COMPANION,
    /** Called: the ring started, was moved or changed hands, so what was told is not known. */
    UNCONDITIONAL,
    /** Called again: the guest did not answer the last call. */
    STALL,
    /** Called: the queue is about to stop. */
    FLUSH,
    /** Not called: held until a time. */
    HELD,
    /** Not called: due, but for the guest's budget of interrupts. */
    OVER_BUDGET,
    /** Not called: the guest does not ask for it. */
    NOT_WANTED
}
