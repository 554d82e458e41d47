package paranet.launcher;

import java.util.OptionalInt;

/**
 * One port as {@code paranet serve} was asked for it, checked: any instance can be served as far as
 * the command line can tell.
 *
 * <p>Threading: immutable.
 *
 * @param mac the guest's address, given or derived from the endpoint; of the first device where
 *     there are many, which have the following ones
 * @param mtuBytes 68 to 65535 if the user said one; else the network side's own
 * @param coalescing when the guest is called
 */
record PortOptions(
        Endpoint endpoint,
        DeviceOptions device,
        MacAddress mac,
        OptionalInt mtuBytes,
        CoalesceChoice coalescing) {}
