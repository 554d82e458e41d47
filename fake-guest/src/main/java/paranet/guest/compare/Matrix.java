package paranet.guest.compare;

import paranet.core.mitigation.UnitCosts;
import paranet.guest.sim.DeviceModel;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Which cells there are, in the order of the rows.
 *
 * <p>Threading: immutable.
 */
final class Matrix {
    static final String PI = "pi2020";
    static final List<String> ERAS = UnitCosts.all().stream().map(UnitCosts::name).toList();
    static final int[] DEVICES = {1, 2, 4, 8, 16};
    static final double[] RATES_2009 = {50e3, 100e3, 200e3, 300e3};
    static final int[] HOST_PERCENT = {25, 50, 100, 200, 400};

    /** The lines of plots, and the columns of the heat map. */
    static final List<String> POLICIES =
            List.of(
                    "none",
                    "fixed,rx-usecs=8,tx-usecs=8",
                    "fixed,rx-usecs=64,tx-usecs=64",
                    "throttle",
                    "dim",
                    "vic",
                    "spdk",
                    "pace",
                    "pace,preset=throughput",
                    "pace,preset=latency");

    /** Those that every device is simulated with. */
    static final List<String> BOTH = List.of("none", "pace");

    static final List<String> SPEED_POLICIES =
            List.of("none", "fixed,rx-usecs=64,tx-usecs=64", "pace");

    static final List<String> MORE_FIXED =
            List.of(
                    "fixed,rx-usecs=8,rx-frames=8",
                    "fixed,rx-usecs=20,rx-frames=8",
                    "fixed,rx-usecs=20",
                    "fixed,rx-usecs=64,rx-frames=8",
                    "fixed,rx-usecs=250,rx-frames=8",
                    "fixed,rx-usecs=250",
                    "throttle,rx-usecs=20",
                    "throttle,rx-usecs=250",
                    "dim,mode=cqe");

    private final Map<String, Cell> cells = new LinkedHashMap<>();

    private Matrix() {}

    /** Everything. */
    static List<Cell> full() {
        Matrix matrix = new Matrix();
        matrix.shared();
        for (String era : ERAS) {
            for (String policy : POLICIES) {
                for (Workload workload : single()) {
                    matrix.add(new Cell(DeviceModel.D3, policy, workload, era));
                }
            }
        }
        for (DeviceModel model : DeviceModel.values()) {
            for (Workload workload : single()) {
                for (String policy : BOTH) {
                    matrix.add(new Cell(model, policy, workload, PI));
                }
            }
        }
        return List.copyOf(matrix.cells.values());
    }

    /** What the report cannot do without. */
    static List<Cell> quick() {
        Matrix matrix = new Matrix();
        matrix.shared();
        return List.copyOf(matrix.cells.values());
    }

    /** One device, one CPU. */
    static List<Workload> single() {
        return List.of(
                Workload.trains(0.1),
                Workload.trains(0.5),
                Workload.trains(0.9),
                Workload.LARGE,
                Workload.TCP_IN,
                Workload.TCP_OUT,
                Workload.requests(1, 0),
                Workload.requests(8, 0),
                Workload.requests(64, 300),
                Workload.BURSTS,
                Workload.MIXED,
                Workload.BLOCKING);
    }

    /** All of them. */
    static List<Workload> workloads() {
        List<Workload> all = new ArrayList<>(single());
        for (double rate : Workload.DATAGRAM_RATES) {
            all.add(Workload.datagrams(rate));
        }
        for (double rate : RATES_2009) {
            all.add(Workload.tenGigabit2009(rate));
        }
        all.addAll(
                List.of(
                        Workload.APART,
                        Workload.TOGETHER,
                        Workload.FLOOD,
                        Workload.GIGABIT_2009,
                        Workload.PV_EOI));
        return all;
    }

    /** Four devices that send: from a program's virtio to a bus, and on, one change at a time. */
    static List<Cell> waterfall(String era) {
        return List.of(
                step(DeviceModel.D8, "none", era),
                step(DeviceModel.D1, "none", era),
                step(DeviceModel.D2, "none", era),
                step(DeviceModel.D3, "none", era),
                step(DeviceModel.D7, "none", era),
                step(DeviceModel.D6, "none", era),
                step(DeviceModel.D6, "none", era + Eras.PV_EOI),
                step(DeviceModel.D6, "none", era + Eras.NO_EXITS),
                step(DeviceModel.D6, "pace", era + Eras.NO_EXITS));
    }

    private static Cell step(DeviceModel model, String policy, String era) {
        return new Cell(model, policy, Workload.GIGABIT_2009, era).withDevices(4, 1);
    }

    private void add(Cell cell) {
        cells.putIfAbsent(cell.key(), cell);
    }

    private void shared() {
        for (String policy : POLICIES) {
            for (double rate : Workload.DATAGRAM_RATES) {
                add(new Cell(DeviceModel.D3, policy, Workload.datagrams(rate), PI));
            }
            for (Workload workload : single()) {
                add(new Cell(DeviceModel.D3, policy, workload, PI));
            }
        }
        for (String policy : MORE_FIXED) {
            add(new Cell(DeviceModel.D3, policy, Workload.MIXED, PI));
            add(new Cell(DeviceModel.D3, policy, Workload.requests(1, 0), PI));
        }
        for (String era : ERAS) {
            for (DeviceModel model : DeviceModel.values()) {
                add(new Cell(model, "none", Workload.GIGABIT_2009, era));
                for (double rate : RATES_2009) {
                    add(new Cell(model, "none", Workload.tenGigabit2009(rate), era));
                }
            }
            add(new Cell(DeviceModel.D3, "pace", Workload.GIGABIT_2009, era));
            add(new Cell(DeviceModel.D6, "pace", Workload.GIGABIT_2009, era));
            waterfall(era).forEach(this::add);
            for (int devices : DEVICES) {
                for (DeviceModel model : List.of(DeviceModel.D1, DeviceModel.D3, DeviceModel.D6)) {
                    for (Workload workload : List.of(Workload.APART, Workload.TOGETHER)) {
                        add(new Cell(model, "none", workload, era).withDevices(devices, 1));
                        add(new Cell(model, "pace", workload, era).withDevices(devices, 1));
                    }
                }
            }
        }
        Reference.ALL.forEach(reference -> reference.cells().forEach(this::add));
        for (int cpus : new int[] {2, 4}) {
            for (DeviceModel model : List.of(DeviceModel.D3, DeviceModel.D6)) {
                add(
                        new Cell(model, "none", Workload.TOGETHER, "nehalem2009")
                                .withDevices(16, cpus));
            }
        }
        for (int percent : HOST_PERCENT) {
            for (String policy : SPEED_POLICIES) {
                add(new Cell(DeviceModel.D3, policy, Workload.FLOOD, PI, 1, 1, percent));
            }
        }
    }
}
