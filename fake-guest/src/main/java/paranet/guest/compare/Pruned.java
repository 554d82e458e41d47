package paranet.guest.compare;

import paranet.guest.sim.DeviceModel;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Cells of one device and one CPU that the axes allow and that were not simulated, each with the
 * reason.
 *
 * <p>Threading: immutable.
 */
final class Pruned {
    private Pruned() {}

    static String of(Results results) {
        Set<String> there = new HashSet<>();
        results.rows().forEach(row -> there.add(row.cell().key()));
        Set<String> full = new HashSet<>();
        Matrix.full().forEach(cell -> full.add(cell.key()));
        StringBuilder text = new StringBuilder("model,policy,workload,era,reason\n");
        for (Cell cell : axes()) {
            if (!there.contains(cell.key())) {
                String reason = full.contains(cell.key()) ? "left out by --quick" : reason(cell);
                text.append(
                        Verdict.text(
                                "%s,\"%s\",%s,%s,%s%n",
                                cell.model(),
                                cell.policy(),
                                cell.workload().name(),
                                cell.era(),
                                reason));
            }
        }
        return text.toString();
    }

    private static String reason(Cell cell) {
        if (cell.workload().equals(Workload.FLOOD)) {
            return "speeds are swept with D3 on pi2020";
        }
        if (Matrix.MORE_FIXED.contains(cell.policy())) {
            return "more settings of a policy are tried with W5 and W3-1-0 of D3 on pi2020";
        }
        if (cell.model() != DeviceModel.D3 && !Matrix.BOTH.contains(cell.policy())) {
            return "policies are compared on D3";
        }
        return cell.era().equals(Matrix.PI)
                ? "devices are compared on the workloads of one device and those of 2009"
                : "eras are applied to counts; simulated anew are D3 and what a cost feeds back into";
    }

    private static List<Cell> axes() {
        List<String> policies = new ArrayList<>(Matrix.POLICIES);
        policies.addAll(Matrix.MORE_FIXED);
        List<Cell> cells = new ArrayList<>();
        for (DeviceModel model : DeviceModel.values()) {
            for (String policy : policies) {
                for (Workload workload : Matrix.workloads()) {
                    int hostPercent = workload.equals(Workload.FLOOD) ? 100 : Cell.HOST_AS_ASSUMED;
                    for (String era : Matrix.ERAS) {
                        cells.add(new Cell(model, policy, workload, era, 1, 1, hostPercent));
                    }
                }
            }
        }
        return cells;
    }
}
