package paranet.guest.compare;

import paranet.core.mitigation.FrameClass;
import paranet.guest.sim.Assumptions;
import paranet.guest.sim.Flow;

import java.util.List;

/**
 * Traffic with a name.
 *
 * <p>Threading: immutable.
 *
 * @param name short, for rows
 * @param label in words
 * @param linkBitsPerSecond of the wire behind each device
 */
record Workload(String name, String label, double linkBitsPerSecond, List<Flow> flows) {
    private static final double TEN_GBIT = 10e9;

    static final double[] DATAGRAM_RATES = {1e3, 3e3, 10e3, 30e3, 100e3, 300e3, 1e6};

    private static Workload of(String name, String label, Flow... flows) {
        return new Workload(name, label, TEN_GBIT, List.of(flows));
    }

    static Workload trains(double load) {
        return of(
                "W1a-%.1f".formatted(load),
                "inbound trains, load %.1f of 10 Gbit/s".formatted(load),
                new Flow.Trains(load));
    }

    static final Workload LARGE =
            of("W1b", "inbound frames of 64 KiB, load 0.9", new Flow.LargeFrames(0.9));
    static final Workload TCP_IN = of("W1c", "inbound TCP", new Flow.TcpToGuest());
    static final Workload TCP_OUT = of("W2", "outbound TCP", new Flow.TcpFromGuest(20_000));

    static Workload requests(int flows, int thinkMicros) {
        return of(
                "W3-%d-%d".formatted(flows, thinkMicros),
                "%d client%s, %d us between requests"
                        .formatted(flows, flows == 1 ? "" : "s", thinkMicros),
                new Flow.Requests(flows, thinkMicros * 1000L));
    }

    static Workload datagrams(double rate) {
        return of(
                "W4-%.0fk".formatted(rate / 1000),
                "%.0f thousand datagrams a second".formatted(rate / 1000),
                new Flow.Datagrams(rate, FrameClass.NORMAL, 64));
    }

    static final Workload BURSTS =
            of("W4-bursts", "30 thousand datagrams a second, in bursts", new Flow.Bursts(30e3, 64));
    static final Workload MIXED =
            of(
                    "W5",
                    "trains at 0.4, 16 clients, 20 thousand datagrams a second",
                    new Flow.Trains(0.4),
                    new Flow.Requests(16, 300_000),
                    new Flow.Datagrams(20e3, FrameClass.NORMAL, 64));
    static final Workload APART =
            of(
                    "W6-apart",
                    "10 thousand datagrams a second for each device",
                    new Flow.Datagrams(10e3, FrameClass.NORMAL, 64));
    static final Workload TOGETHER =
            of(
                    "W6-together",
                    "5 thousand events a second, each for all devices within 15 us",
                    new Flow.Together(5e3, 15_000));
    static final Workload BLOCKING =
            of("W7", "a sender that waits for each completion", new Flow.Blocking(1200));
    static final Workload FLOOD =
            new Workload("W8", "a sender as fast as it can", 40e9, List.of(new Flow.Flood(64)));

    /**
     * Interrupts as frequent as in the trace that paravirtual ends of interrupt were shown with.
     */
    static final Workload PV_EOI =
            of(
                    "W9-pveoi",
                    "2012: 31 thousand datagrams a second",
                    new Flow.Datagrams(31e3, FrameClass.NORMAL, 64));

    /** What the thread of 2009 measured, as far as it says. */
    static final Workload GIGABIT_2009 =
            new Workload(
                    "W9-1G",
                    "2009: TCP from the guest, 1 Gbit/s",
                    1e9,
                    List.of(new Flow.TcpFromGuest(Assumptions.shipped().of("peer-ack-nanos"))));

    /** Inbound at several rates, since 2009 does not say which. */
    static Workload tenGigabit2009(double rate) {
        return of(
                "W9-10G-%.0fk".formatted(rate / 1000),
                "2009: inbound, %.0f thousand frames a second".formatted(rate / 1000),
                new Flow.Datagrams(rate, FrameClass.BULK, 1514));
    }
}
