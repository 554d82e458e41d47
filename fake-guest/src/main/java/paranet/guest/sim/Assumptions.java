package paranet.guest.sim;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What the models take for granted beside {@link paranet.core.mitigation.UnitCosts}: one table with
 * a source for each number. None is fitted to a result unless its source says FITTED; what such a
 * number decides is printed as calibrated.
 *
 * <p>Threading: immutable.
 */
public final class Assumptions {
    /** Changes with every number of the table. */
    public static final int VERSION = 1;

    static final String TABLE =
            """
            window-permille    20    assumed: share of interrupts that meet a guest which masks them
            service-byte-ps    100   assumed: 10 GB/s, for what a frame has over 1514 bytes, in ps
            guest-send-nanos   600   assumed: the guest's work to send a frame
            guest-reap-nanos   100   assumed: the guest's work to take back a buffer
            guest-answer-nanos 1500  assumed: a server's work between request and answer
            guest-event-nanos  150   assumed: the guest's work for one record of the event queue
            host-frame-nanos   500   assumed: the device's work for a frame of the guest's
            host-wake-nanos    4000  assumed: until the device's thread looks after a kick
            wire-nanos         6000  assumed: one way between the device and its peer
            peer-ack-nanos     65900 FITTED: a peer's card tells of acknowledgements; 15.2 k/s in 2009
            send-window-bytes  262144 assumed: of a TCP sender
            small-queue-bytes  131072 assumed: of a socket below the transport, two sends of 64 KiB
            segment-bytes      1448  TCP payload of a frame of 1514 bytes with time stamps
            """;

    private static final Assumptions SHIPPED = parse(TABLE);

    private final Map<String, Long> values;
    private final Map<String, String> sources;

    private Assumptions(Map<String, Long> values, Map<String, String> sources) {
        this.values = values;
        this.sources = sources;
    }

    /** Those that every run uses, unless a test scales one. */
    public static Assumptions shipped() {
        return SHIPPED;
    }

    static Assumptions parse(String table) {
        Map<String, Long> values = new LinkedHashMap<>();
        Map<String, String> sources = new LinkedHashMap<>();
        for (String line : table.lines().toList()) {
            String[] row = line.split(" +", 3);
            if (row.length != 3 || row[2].isBlank()) {
                throw new IllegalArgumentException("no source: " + line);
            }
            values.put(row[0], Long.parseLong(row[1]));
            sources.put(row[0], row[2]);
        }
        return new Assumptions(values, sources);
    }

    /** The same, with one number replaced. */
    public Assumptions with(String name, long value) {
        of(name);
        Map<String, Long> changed = new LinkedHashMap<>(values);
        changed.put(name, value);
        return new Assumptions(changed, sources);
    }

    /**
     * One of them.
     *
     * @throws IllegalArgumentException if there is none of that name
     */
    public long of(String name) {
        Long value = values.get(name);
        if (value == null) {
            throw new IllegalArgumentException("no assumption '%s'".formatted(name));
        }
        return value;
    }

    /** Names, values and sources, in the table's order. */
    public Map<String, String> described() {
        Map<String, String> described = new LinkedHashMap<>();
        values.forEach((name, value) -> described.put(name, value + ", " + sources.get(name)));
        return described;
    }

    /** Whether a number was fitted to an observation. */
    public boolean isFitted(String name) {
        of(name);
        return sources.get(name).startsWith("FITTED");
    }
}
