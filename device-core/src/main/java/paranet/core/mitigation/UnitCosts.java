package paranet.core.mitigation;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What an interrupt and what goes with it cost on one generation of hardware, in nanoseconds. All
 * of them, with their sources, stand in one table here, which has a version; nothing is fitted to a
 * result unless its source says FITTED (docs/mitigation.md).
 *
 * @param name of the generation
 * @param lightNanos an exit that the kernel serves
 * @param deliverNanos what interrupting a running guest costs it: an exit, or nothing
 * @param eoiNanos what the end of interrupt costs it: an exit, or nothing
 * @param heavyNanos an exit that a program serves
 * @param callNanos what a call costs the device: the write to the eventfd and what hangs on it
 * @param irqNanos entry of the guest's handler, until its poll is scheduled
 * @param wakeNanos until a guest that slept runs
 * @param serviceNanos what the guest needs for a frame, before anything is measured
 */
public record UnitCosts(
        String name,
        long lightNanos,
        long deliverNanos,
        long eoiNanos,
        long heavyNanos,
        long callNanos,
        long irqNanos,
        long wakeNanos,
        long serviceNanos) {
    /** Changes with every number of the table. */
    public static final int VERSION = 1;

    /** The generation that is assumed where nobody says which. */
    public static final String DEFAULT = "pi2020";

    /**
     * era, symbol, nanoseconds, source. "mail" is the thread of 2009 that this project answers;
     * "assumed" is to be replaced by a measurement before a figure is published as one.
     */
    static final String TABLE =
            """
            woodcrest2006 light   1500 middle of 1-2 us, mail
            woodcrest2006 deliver 1500 light: no posted interrupts
            woodcrest2006 eoi     4500 middle of 4-5 us, mail
            woodcrest2006 heavy   11000 assumed
            woodcrest2006 call    2500 assumed
            woodcrest2006 irq     1500 assumed
            woodcrest2006 wake    12000 assumed
            woodcrest2006 service 1500 assumed
            nehalem2009   light   1500 assumed
            nehalem2009   deliver 1500 light: no posted interrupts
            nehalem2009   eoi     2000 upper bound, mail
            nehalem2009   heavy   5000 assumed
            nehalem2009   call    1500 assumed
            nehalem2009   irq     1000 assumed
            nehalem2009   wake    8000 assumed
            nehalem2009   service 1000 assumed
            apicv2014     light   700 about 780 cycles of round trip, Agesen 2012, from memory
            apicv2014     deliver 0 notification without an exit
            apicv2014     eoi     0 virtual APIC
            apicv2014     heavy   2100 5809 cycles, KVM nested measurements
            apicv2014     call    1200 assumed
            apicv2014     irq     900 assumed
            apicv2014     wake    6000 assumed
            apicv2014     service 700 assumed
            pi2020        light   600 about 1360 cycles, kernel mailing list 2020
            pi2020        deliver 0 posted interrupt
            pi2020        eoi     0 virtual APIC
            pi2020        heavy   1800 assumed
            pi2020        call    1000 assumed; a bare eventfd write was measured at 240
            pi2020        irq     800 assumed
            pi2020        wake    5000 assumed
            pi2020        service 600 assumed
            nested2019    light   4400 13142 cycles, KVM nested measurements
            nested2019    deliver 4400 light: an exit of the outer guest
            nested2019    eoi     4400 light: exits are back
            nested2019    heavy   15000 44826 cycles, KVM nested measurements
            nested2019    call    4000 assumed
            nested2019    irq     1000 assumed
            nested2019    wake    15000 assumed
            nested2019    service 1000 assumed
            """;

    private static final List<UnitCosts> ALL = parse(TABLE);

    /** All generations, the oldest first. */
    public static List<UnitCosts> all() {
        return ALL;
    }

    /**
     * The generation of a name.
     *
     * @throws IllegalArgumentException if there is none of that name, naming those there are
     */
    public static UnitCosts named(String name) {
        for (UnitCosts costs : ALL) {
            if (costs.name.equals(name)) {
                return costs;
            }
        }
        throw new IllegalArgumentException(
                "'%s' is none of %s"
                        .formatted(
                                name, String.join(", ", ALL.stream().map(c -> c.name).toList())));
    }

    static List<UnitCosts> parse(String table) {
        List<UnitCosts> parsed = new ArrayList<>();
        Map<String, Long> nanos = new HashMap<>();
        for (String line : table.lines().toList()) {
            String[] row = line.split(" +", 4);
            if (row.length != 4 || row[3].isBlank()) {
                throw new IllegalArgumentException("no source: " + line);
            }
            nanos.put(row[1], Long.parseLong(row[2]));
            if (nanos.size() == 8) {
                parsed.add(
                        new UnitCosts(
                                row[0],
                                nanos.get("light"),
                                nanos.get("deliver"),
                                nanos.get("eoi"),
                                nanos.get("heavy"),
                                nanos.get("call"),
                                nanos.get("irq"),
                                nanos.get("wake"),
                                nanos.get("service")));
                nanos.clear();
            }
        }
        return List.copyOf(parsed);
    }

    /** What one interrupt costs, guest and device together, in nanoseconds of a CPU. */
    public long interruptNanos() {
        return deliverNanos + eoiNanos + irqNanos + callNanos;
    }
}
