package paranet.core.explore;

/**
 * How far an exploration goes.
 *
 * @param packets published at most, in all
 * @param holdTicks of the clock that a call may be held; 0 is a device that holds nothing
 * @param polls that the guest may begin without being called
 */
record Bounds(int packets, int holdTicks, int polls) {}
