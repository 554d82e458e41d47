package paranet.guest.demo;

import org.HdrHistogram.Histogram;

import paranet.core.frame.DropReason;

import java.util.List;
import java.util.Map;

/**
 * What there is to show of one guest.
 *
 * @param title its device and its addresses
 * @param drops frames that the back end lost from the start, by reason
 *     <p>Threading: read by the thread that draws.
 */
record SideView(
        String title,
        Rates rates,
        Histogram roundTrips,
        Map<DropReason, Long> drops,
        List<Check> checks) {}
