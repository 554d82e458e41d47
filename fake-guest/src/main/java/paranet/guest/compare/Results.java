package paranet.guest.compare;

import paranet.core.mitigation.UnitCosts;
import paranet.guest.sim.Assumptions;
import paranet.guest.sim.DeviceModel;
import paranet.guest.sim.Outcome;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * What came of the cells, in the matrix's order.
 *
 * <p>Threading: confined to its caller.
 */
final class Results {
    /** One row. */
    record Row(Cell cell, Outcome outcome, double exits, double cores) {
        boolean isCalibrated() {
            return Results.isCalibrated(cell);
        }

        double interruptsPerFrame() {
            return outcome.received() == 0 ? 0 : outcome.interrupts() / outcome.received();
        }
    }

    private final Map<String, Row> rows = new LinkedHashMap<>();
    private final long seed;
    private final Assumptions assumptions;
    private final Function<String, UnitCosts> costs;

    /**
     * @param costs of an era
     */
    Results(long seed, Assumptions assumptions, Function<String, UnitCosts> costs) {
        this.seed = seed;
        this.assumptions = assumptions;
        this.costs = costs;
    }

    /** Whether a number that was fitted to an observation decides what comes of it. */
    static boolean isCalibrated(Cell cell) {
        return cell.workload().equals(Workload.GIGABIT_2009);
    }

    void add(Cell cell, Outcome outcome) {
        UnitCosts of = costs.apply(cell.era());
        double exits = outcome.exits(of, assumptions);
        double cores = outcome.notificationCores(of, cell.model() == DeviceModel.D8);
        put(new Row(cell, outcome, exits, cores));
    }

    /** In place of the row of its cell. */
    void put(Row row) {
        rows.put(row.cell().key(), row);
    }

    UnitCosts costs(String era) {
        return costs.apply(era);
    }

    long seed() {
        return seed;
    }

    Assumptions assumptions() {
        return assumptions;
    }

    List<Row> rows() {
        return List.copyOf(rows.values());
    }

    Row of(Cell cell) {
        Row row = rows.get(cell.key());
        if (row == null) {
            throw new IllegalArgumentException("no cell " + cell.key());
        }
        return row;
    }

    Row of(DeviceModel model, String policy, Workload workload, String era) {
        return of(new Cell(model, policy, workload, era));
    }

    /** The same cell with policy none: what others are compared with. */
    Row base(Row row) {
        Cell c = row.cell();
        return rows.get(
                new Cell(
                                c.model(),
                                "none",
                                c.workload(),
                                c.era(),
                                c.devices(),
                                c.cpus(),
                                c.hostPercent())
                        .key());
    }
}
