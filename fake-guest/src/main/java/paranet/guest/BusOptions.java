package paranet.guest;

import paranet.core.device.Bus;
import paranet.core.ioq.IoqRingHead;
import paranet.core.ioq.ShmSignal;

/**
 * How a front end uses a bus, and the memory of its guest.
 *
 * @param kicks how signals are told
 * @param eventqs event queues, 1 to 8; more than 1 by priority
 * @param eventqSize events that each can hold, 1 to 2048
 * @param inBand whether event queues go without descriptors
 * @param fastcall whether calls go through memory and two descriptors rather than by message
 * @param fences of all signals: the driver of 2009 lacked two
 * @param regions memory regions, 1 to 8 with gaps between them; or 0 for a single one at guest
 *     address 0, as the trace in the documentation has it
 * @param ramBytes all of them together
 * @param memorySlots whether regions are told one by one (ADD_MEM_REG) instead of in a table
 * @param seed of addresses and gaps
 *     <p>Threading: immutable.
 */
public record BusOptions(
        KickMode kicks,
        int eventqs,
        int eventqSize,
        boolean inBand,
        boolean fastcall,
        ShmSignal.Fences fences,
        int regions,
        long ramBytes,
        boolean memorySlots,
        long seed) {
    /** Events of the only event queue that Linux registered. */
    public static final int EVENTQ_SIZE_ORIGINAL = 1024;

    public BusOptions {
        require("event queues", eventqs, 1, Bus.EVENTQ_COUNT_MAX);
        require("event queue size", eventqSize, 1, IoqRingHead.COUNT_MAX);
        require("regions", regions, 0, 8);
    }

    private static void require(String what, int value, int min, int max) {
        if (value < min || value > max) {
            throw new IllegalArgumentException(
                    "%s %d is not in %d..%d".formatted(what, value, min, max));
        }
    }

    /** One event queue, a descriptor for each signal, three regions with gaps, full fences. */
    public static BusOptions usual(long seed) {
        return new BusOptions(
                KickMode.DESCRIPTOR,
                1,
                EVENTQ_SIZE_ORIGINAL,
                false,
                false,
                ShmSignal.Fences.FULL,
                3,
                96L << 20,
                false,
                seed);
    }

    public BusOptions withKicks(KickMode mode) {
        return new BusOptions(
                mode,
                eventqs,
                eventqSize,
                inBand,
                fastcall,
                fences,
                regions,
                ramBytes,
                memorySlots,
                seed);
    }

    public BusOptions withEventqs(int count, int size) {
        return new BusOptions(
                kicks, count, size, inBand, fastcall, fences, regions, ramBytes, memorySlots, seed);
    }

    public BusOptions withInBand() {
        return new BusOptions(
                kicks,
                eventqs,
                eventqSize,
                true,
                fastcall,
                fences,
                regions,
                ramBytes,
                memorySlots,
                seed);
    }

    public BusOptions withFastcall() {
        return new BusOptions(
                kicks,
                eventqs,
                eventqSize,
                inBand,
                true,
                fences,
                regions,
                ramBytes,
                memorySlots,
                seed);
    }

    public BusOptions withFences(ShmSignal.Fences chosen) {
        return new BusOptions(
                kicks,
                eventqs,
                eventqSize,
                inBand,
                fastcall,
                chosen,
                regions,
                ramBytes,
                memorySlots,
                seed);
    }

    public BusOptions withMemory(int regionCount, long bytes, boolean slots) {
        return new BusOptions(
                kicks,
                eventqs,
                eventqSize,
                inBand,
                fastcall,
                fences,
                regionCount,
                bytes,
                slots,
                seed);
    }

    /** The capabilities that these choices need. */
    long capabilities() {
        return (eventqs > 1 ? Bus.MULTI_EVENTQ : 0)
                | (kicks == KickMode.BITMAP ? Bus.DOORBELL_BITMAP : 0)
                | (fastcall ? Bus.FASTCALL : 0)
                | (inBand ? Bus.INBAND : 0);
    }
}
