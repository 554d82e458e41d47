package paranet.guest.demo;

import paranet.core.frame.DropReason;

import java.util.Map;

/**
 * What the back end counted so far.
 *
 * @param calls interrupts sent to the guest
 * @param kicks wake-ups by the guest
 * @param drops frames lost, by reason
 *     <p>Threading: immutable.
 */
public record BackendFigures(long calls, long kicks, Map<DropReason, Long> drops) {
    public BackendFigures {
        drops = Map.copyOf(drops);
    }
}
