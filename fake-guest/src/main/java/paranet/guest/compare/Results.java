package paranet.guest.compare;

import paranet.guest.sim.Assumptions;
import paranet.guest.sim.DeviceModel;
import paranet.guest.sim.Outcome;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What came of the cells, in the matrix's order.
 *
 * <p>Threading: confined to its caller.
 */
final class Results {
    /** One row. */
    record Row(Cell cell, Outcome outcome, double exits, double cores) {
        /** Whether a number that was fitted to an observation decides it. */
        boolean isCalibrated() {
            return cell.workload().equals(Workload.GIGABIT_2009);
        }

        double interruptsPerFrame() {
            return outcome.received() == 0 ? 0 : outcome.interrupts() / outcome.received();
        }
    }

    private final Map<String, Row> rows = new LinkedHashMap<>();
    private final long seed;
    private final Assumptions assumptions;

    Results(long seed, Assumptions assumptions) {
        this.seed = seed;
        this.assumptions = assumptions;
    }

    void add(Cell cell, Outcome outcome) {
        double exits = outcome.exits(Eras.costs(cell.era()), assumptions);
        double cores =
                outcome.notificationCores(Eras.costs(cell.era()), cell.model() == DeviceModel.D8);
        rows.put(cell.key(), new Row(cell, outcome, exits, cores));
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
