package paranet.guest.sim;

import paranet.core.mitigation.AvoidedBy;

import java.util.EnumMap;
import java.util.Map;

/**
 * Sums of the accounts of all queues.
 *
 * <p>Threading: confined to its simulation.
 */
final class Accounts {
    long opportunities;
    long signals;
    long told; // calls that an opportunity is labelled with
    long watchdogRecalls;
    long demoted;
    long recalls;
    long unconditional;
    long completions;
    long completionsInterrupting; // that were told of by a call of their queue, or shared one
    final Map<AvoidedBy, Long> avoided = new EnumMap<>(AvoidedBy.class);

    Accounts since(Accounts before) {
        Accounts since = new Accounts();
        since.opportunities = opportunities - before.opportunities;
        since.signals = signals - before.signals;
        since.told = told - before.told;
        since.watchdogRecalls = watchdogRecalls - before.watchdogRecalls;
        since.demoted = demoted - before.demoted;
        since.recalls = recalls - before.recalls;
        since.unconditional = unconditional - before.unconditional;
        since.completions = completions - before.completions;
        since.completionsInterrupting = completionsInterrupting - before.completionsInterrupting;
        avoided.forEach(
                (cause, count) ->
                        since.avoided.put(cause, count - before.avoided.getOrDefault(cause, 0L)));
        return since;
    }
}
