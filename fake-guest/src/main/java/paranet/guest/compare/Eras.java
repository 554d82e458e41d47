package paranet.guest.compare;

import paranet.core.mitigation.UnitCosts;

/**
 * Generations of hardware, and what each would be with one of its exits taken away.
 *
 * <p>Threading: immutable.
 */
final class Eras {
    /** The end of interrupt without an exit, as the paravirtual one of 2012. */
    static final String PV_EOI = "+pveoi";

    /** Neither the end of interrupt nor the interruption of a running guest exits. */
    static final String NO_EXITS = "+apicv";

    private Eras() {}

    /** The hardware itself, whatever was taken away. */
    static String hardware(String era) {
        int plus = era.indexOf('+');
        return plus < 0 ? era : era.substring(0, plus);
    }

    static UnitCosts costs(String era) {
        UnitCosts of = UnitCosts.named(hardware(era));
        if (era.equals(of.name())) {
            return of;
        }
        return new UnitCosts(
                era,
                of.lightNanos(),
                era.endsWith(NO_EXITS) ? 0 : of.deliverNanos(),
                0,
                of.heavyNanos(),
                of.callNanos(),
                of.irqNanos(),
                of.wakeNanos(),
                of.serviceNanos());
    }
}
