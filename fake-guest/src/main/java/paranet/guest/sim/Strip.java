package paranet.guest.sim;

import paranet.core.mitigation.DimPolicy;
import paranet.core.mitigation.FrameClass;
import paranet.core.mitigation.MitigationPolicy;

import java.util.ArrayList;
import java.util.List;

/**
 * What one receive queue went through, moment by moment, to be drawn. Times are of the virtual
 * clock.
 *
 * <p>Threading: confined to its simulation.
 */
public final class Strip {
    /** A frame came from the network. */
    public record Arrival(long nanos, FrameClass of) {}

    /** A stretch of time; its end is known once it is over. */
    public record Stretch(long fromNanos, long toNanos) {}

    /** From here on, policy {@code dim} was in this profile. */
    public record Profile(long nanos, int profile) {}

    private static final long NOT_NOW = -1;

    private final List<Arrival> arrivals = new ArrayList<>();
    private final List<Long> calls = new ArrayList<>();
    private final List<Stretch> holds = new ArrayList<>();
    private final List<Stretch> polls = new ArrayList<>();
    private final List<Profile> profiles = new ArrayList<>();
    private long heldSince = NOT_NOW;
    private long polledSince = NOT_NOW;

    void arrived(long nanos, FrameClass of) {
        arrivals.add(new Arrival(nanos, of));
    }

    void decided(long nanos, boolean called, boolean held, MitigationPolicy policy) {
        if (called) {
            calls.add(nanos);
        }
        if (held && heldSince == NOT_NOW) {
            heldSince = nanos;
        } else if (!held && heldSince != NOT_NOW) {
            holds.add(new Stretch(heldSince, nanos));
            heldSince = NOT_NOW;
        }
        if (policy instanceof DimPolicy dim
                && (profiles.isEmpty() || profiles.getLast().profile() != dim.tuner().profile())) {
            profiles.add(new Profile(nanos, dim.tuner().profile()));
        }
    }

    void polls(long nanos) {
        polledSince = nanos;
    }

    void rests(long nanos) {
        if (polledSince != NOT_NOW) {
            polls.add(new Stretch(polledSince, nanos));
            polledSince = NOT_NOW;
        }
    }

    public List<Arrival> arrivals() {
        return arrivals;
    }

    /** When the guest was called. */
    public List<Long> calls() {
        return calls;
    }

    /** While an armed guest's call waited. */
    public List<Stretch> holds() {
        return holds;
    }

    /** From an interrupt to the end of the poll that it scheduled. */
    public List<Stretch> polls() {
        return polls;
    }

    /** The profiles of policy {@code dim}, none of others. */
    public List<Profile> profiles() {
        return profiles;
    }
}
