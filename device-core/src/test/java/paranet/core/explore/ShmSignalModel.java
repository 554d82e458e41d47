package paranet.core.explore;

/**
 * A shm-signal through which a host tells a guest of what it published, as {@code ShmSignal} and
 * {@code SignalCalls} go about it. The host may hold what the guest asks for; what it rang nobody
 * for it looks at a second time, if it is told to.
 *
 * <p>The guest's consumer takes what it finds, or masks itself and polls afterwards, as its driver
 * for Linux did. A legacy guest has no fence after it enables and after it acknowledges. By the
 * time of a second look all stores have landed.
 */
final class ShmSignalModel extends TwoCores {
    /** What the guest is like, and whether the host looks again. */
    record Guest(boolean polls, boolean legacy, boolean secondLooks) {}

    private enum HostAt {
        IDLE,
        MARK,
        ENABLED,
        PENDING,
        DUE,
        MISSED_ENABLED,
        MISSED_PENDING,
        RING,
        DOORBELL
    }

    private enum GuestAt {
        IDLE,
        WAKE_DIRTY,
        WAKE_PENDING,
        CLEAR,
        CONSUME,
        MASK,
        AGAIN,
        ACKNOWLEDGE,
        POLL,
        ENABLE,
        ENABLED_DIRTY,
        ENABLED_PENDING
    }

    private final Guest kind;
    private final Bounds bounds;
    private final Mutant mutant;

    private final int data;
    private final int enabled = variable(1);
    private final int pending = variable(1);
    private final int dirty = variable(1);

    private final int host = field(HostAt.values().length);
    private final int published;
    private final int held = field(1);
    private final int due = field(7);
    private final int age = field(7);
    private final int look = field(1);
    private final int looking = field(1);

    private final int guest = field(GuestAt.values().length);
    private final int consumed;
    private final int enabledHere = field(1);
    private final int polling = field(1);
    private final int polls = field(3);
    private final int served = field(1); // with pending set, and not acknowledged
    private final int line = field(1);

    ShmSignalModel(Guest kind, Order order, Bounds bounds, Mutant mutant) {
        super(order);
        this.kind = kind;
        this.bounds = bounds;
        this.mutant = mutant;
        data = variable(bounds.packets());
        published = field(bounds.packets());
        consumed = field(bounds.packets());
    }

    @Override
    void begin(int[] state) {
        putInMemory(state, enabled, 1);
        state[enabledHere] = 1;
    }

    @Override
    String atRest(int[] s) {
        return s[consumed] == s[published] ? null : "lost wake-up";
    }

    @Override
    void moves() {
        drains();
        if (now[held] != 0 && now[due] != 0 && isAt(HostAt.IDLE)) {
            int[] s = step("the clock goes on");
            s[age]++;
            s[due]--;
            if (s[age] > bounds.holdTicks()) {
                breaks("deadline");
            }
            done(s);
        }
        host();
        if (hasRoom(GUEST)) {
            guest();
        }
    }

    private boolean isAt(HostAt at) {
        return now[host] == place(at);
    }

    private boolean isFenced(int core) {
        boolean weak =
                core == DEVICE
                        ? mutant == Mutant.NO_FENCE || mutant == Mutant.STORE_FENCE_ONLY
                        : kind.legacy();
        return weak || isDrained(core);
    }

    private void to(int[] s, HostAt at) {
        s[host] = place(at);
        done(s);
    }

    private void host() {
        switch (HostAt.values()[now[host]]) {
            case IDLE -> idle();
            case MARK -> {
                if (hasRoom(DEVICE)) {
                    int[] s = step("host marks the signal dirty");
                    if (mutant != Mutant.NO_FENCE) {
                        fenceStores(s, DEVICE); // the release
                    }
                    store(s, DEVICE, dirty, 1);
                    if (mutant == Mutant.STORE_FENCE_ONLY) {
                        fenceStores(s, DEVICE);
                    }
                    to(s, HostAt.ENABLED);
                }
            }
            case ENABLED -> {
                if (isFenced(DEVICE)) {
                    if (load(DEVICE, enabled) != 0) {
                        to(step("host finds the guest enabled"), HostAt.PENDING);
                    } else {
                        skip("host finds the guest masked");
                    }
                }
            }
            case PENDING -> {
                if (load(DEVICE, pending) == 0) {
                    decide();
                } else {
                    skip("host finds a ring pending");
                }
            }
            case DUE -> {
                boolean yes = load(DEVICE, dirty) != 0;
                int[] s = step(yes ? "host finds the guest dirty" : "host finds it clean");
                end(s, yes ? HostAt.MISSED_ENABLED : HostAt.IDLE);
            }
            case MISSED_ENABLED -> {
                boolean yes = load(DEVICE, enabled) != 0;
                int[] s = step(yes ? "host finds it enabled" : "host finds it masked");
                end(s, yes ? HostAt.MISSED_PENDING : HostAt.IDLE);
            }
            case MISSED_PENDING -> {
                boolean rings = load(DEVICE, pending) == 0;
                boolean marks = now[looking] != 0;
                int[] s = step(rings ? "host finds nothing pending" : "host finds it pending");
                end(s, !rings ? HostAt.IDLE : marks ? HostAt.MARK : HostAt.RING);
            }
            case RING -> {
                if (hasRoom(DEVICE)) {
                    int[] s = step("host sets pending");
                    store(s, DEVICE, pending, 1);
                    to(s, HostAt.DOORBELL);
                }
            }
            case DOORBELL -> {
                if (isDrained(DEVICE)) { // by the system call, if by nothing before
                    int[] s = step("host rings");
                    s[line] = 1;
                    release(s);
                    to(s, HostAt.IDLE);
                }
            }
        }
    }

    /** Goes on with a held or a second look, or ends it. */
    private void end(int[] s, HostAt at) {
        if (at == HostAt.IDLE && now[looking] == 0) {
            release(s);
        }
        if (at == HostAt.IDLE || at == HostAt.MARK) {
            s[looking] = 0;
        }
        to(s, at);
    }

    private void idle() {
        if (now[published] < bounds.packets() && hasRoom(DEVICE)) {
            int[] s = may("a packet arrives");
            s[published]++;
            store(s, DEVICE, data, s[published]);
            to(s, HostAt.MARK);
        }
        if (now[held] != 0 && now[due] == 0) {
            boolean looks = mutant != Mutant.NO_RECHECK_AT_DUE;
            boolean asked =
                    inMemory(now, dirty) != 0
                            && inMemory(now, enabled) != 0
                            && inMemory(now, pending) == 0;
            if (!looks && !asked) {
                breaks("interrupt count: a call that the guest does not ask for");
            }
            to(step("what is held is due"), looks ? HostAt.DUE : HostAt.RING);
        }
        if (now[look] != 0 && now[held] == 0 && isDrained(DEVICE) && isDrained(GUEST)) {
            int[] s = step("host looks a second time");
            s[look] = 0;
            s[looking] = 1;
            to(s, HostAt.DUE);
        }
    }

    private void skip(String title) {
        int[] s = step(title);
        release(s);
        s[look] = kind.secondLooks() ? 1 : 0;
        to(s, HostAt.IDLE);
    }

    private void decide() {
        if (now[served] != 0) {
            breaks("interrupt count: a second ring while the first is served");
        }
        to(step("host decides to ring"), HostAt.RING);
        int longest = now[held] != 0 ? now[due] : bounds.holdTicks();
        for (int ticks = 1; ticks <= longest; ticks++) {
            int[] s = step("host holds the ring");
            s[held] = 1;
            s[due] = ticks;
            to(s, HostAt.IDLE);
        }
    }

    private void release(int[] s) {
        s[held] = 0;
        s[due] = 0;
        s[age] = 0;
    }

    private void to(int[] s, GuestAt at) {
        s[guest] = place(at);
        done(s);
    }

    private void guest() {
        switch (GuestAt.values()[now[guest]]) {
            case IDLE -> {
                if (now[line] != 0) {
                    int[] s = step("guest is interrupted");
                    s[line] = 0;
                    to(s, GuestAt.WAKE_DIRTY);
                }
                if (kind.polls() && now[polls] < bounds.polls()) {
                    int[] s = may("guest polls by itself");
                    s[polls]++;
                    mask(s);
                    to(s, GuestAt.POLL);
                }
            }
            case WAKE_DIRTY -> {
                if (now[enabledHere] == 0) {
                    to(step("guest's wakeup ends, masked"), asleep());
                } else if (isFenced(GUEST)) {
                    boolean yes = load(GUEST, dirty) != 0;
                    to(step("guest reads dirty"), yes ? GuestAt.CLEAR : GuestAt.WAKE_PENDING);
                }
            }
            case WAKE_PENDING -> {
                boolean yes = load(GUEST, pending) != 0;
                to(step("guest reads pending"), yes ? GuestAt.CLEAR : asleep());
            }
            case CLEAR -> {
                int[] s = step("guest clears dirty");
                store(s, GUEST, dirty, 0);
                s[served] = load(GUEST, pending);
                if (mutant == Mutant.PENDING_CLEARED_FIRST) {
                    store(s, GUEST, pending, 0);
                }
                to(s, kind.polls() ? GuestAt.MASK : GuestAt.CONSUME);
            }
            case CONSUME -> {
                if (isDrained(GUEST)) {
                    int[] s = step("guest takes what is there");
                    s[consumed] = load(GUEST, data);
                    to(s, GuestAt.AGAIN);
                }
            }
            case MASK -> {
                if (isDrained(GUEST)) {
                    int[] s = step("guest masks itself");
                    mask(s);
                    s[polling] = 1;
                    to(s, GuestAt.AGAIN);
                }
            }
            case AGAIN -> {
                if (isDrained(GUEST)) {
                    boolean again = now[enabledHere] != 0 && load(GUEST, dirty) != 0;
                    to(step("guest reads dirty"), again ? GuestAt.CLEAR : GuestAt.ACKNOWLEDGE);
                }
            }
            case ACKNOWLEDGE -> {
                int[] s = step("guest acknowledges");
                if (mutant != Mutant.PENDING_CLEARED_FIRST) {
                    store(s, GUEST, pending, 0);
                }
                s[served] = 0;
                to(s, GuestAt.WAKE_DIRTY);
            }
            case POLL -> {
                if (isDrained(GUEST)) {
                    boolean more = load(GUEST, data) != now[consumed];
                    int[] s = step("guest polls");
                    s[consumed] = load(GUEST, data);
                    s[polling] = 0;
                    to(s, more ? GuestAt.POLL : GuestAt.ENABLE);
                }
            }
            case ENABLE -> {
                int[] s = step("guest enables");
                store(s, GUEST, enabled, 1);
                s[enabledHere] = 1;
                to(s, GuestAt.ENABLED_DIRTY);
            }
            case ENABLED_DIRTY -> {
                if (isFenced(GUEST)) {
                    boolean yes = load(GUEST, dirty) != 0;
                    to(
                            step("guest reads dirty"),
                            yes ? GuestAt.WAKE_DIRTY : GuestAt.ENABLED_PENDING);
                }
            }
            case ENABLED_PENDING -> {
                boolean yes = load(GUEST, pending) != 0;
                to(step("guest reads pending"), yes ? GuestAt.WAKE_DIRTY : GuestAt.IDLE);
            }
        }
    }

    private void mask(int[] s) {
        store(s, GUEST, enabled, 0);
        s[enabledHere] = 0;
    }

    private GuestAt asleep() {
        return now[polling] != 0 ? GuestAt.POLL : GuestAt.IDLE;
    }

    @Override
    public String toString() {
        return "SHM_SIGNAL " + kind + " " + bounds;
    }
}
