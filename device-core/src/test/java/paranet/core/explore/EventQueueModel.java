package paranet.core.explore;

/**
 * Two devices of a bus that tell their guest by events in one queue, each through a shm-signal, and
 * the queue through a shm-signal of its own. What is held is put into the queue along with what is
 * told, before its one injection. The guest drains the queue and serves each device it finds there.
 *
 * <p>All signals stay enabled. A legacy guest has no fence after it acknowledges, at either level;
 * by the time of a second look all stores have landed.
 */
final class EventQueueModel extends TwoCores {
    private static final int DEVICES = 2;
    private static final int SLOTS = 4;

    private enum HostAt {
        IDLE,
        MARK,
        LOOK,
        HELD_DIRTY,
        HELD_PENDING,
        RING,
        PUSH,
        PUSHED,
        QUEUE_MARK,
        QUEUE_LOOK,
        QUEUE_RING,
        DOORBELL
    }

    private enum GuestAt {
        IDLE,
        QUEUE_DIRTY,
        QUEUE_PENDING,
        QUEUE_CLEAR,
        DRAIN,
        TAKE,
        DIRTY,
        PENDING,
        CLEAR,
        CONSUME,
        AGAIN,
        ACKNOWLEDGE,
        QUEUE_AGAIN,
        QUEUE_ACKNOWLEDGE
    }

    private final boolean legacy;
    private final boolean secondLooks;
    private final Bounds bounds; // packets: of each device
    private final Mutant mutant;

    private final int[] data = new int[DEVICES];
    private final int[] dirty = new int[DEVICES];
    private final int[] pending = new int[DEVICES];
    private final int events = variable(VALUE_MAX);
    private final int[] slot = new int[SLOTS];
    private final int queueDirty = variable(1);
    private final int queuePending = variable(1);

    private final int host = field(HostAt.values().length);
    private final int about = field(1);
    private final int[] published = new int[DEVICES];
    private final int[] held = new int[DEVICES];
    private final int[] look = new int[DEVICES];
    private final int queueLook = field(1);
    private final int due = field(7);
    private final int age = field(7);
    private final int pushed = field(1); // and not injected
    private final int eventsPushed = field(VALUE_MAX);

    private final int guest = field(GuestAt.values().length);
    private final int serving = field(1);
    private final int taken = field(VALUE_MAX);
    private final int[] consumed = new int[DEVICES];
    private final int served = field(1); // with the queue's pending set, and not acknowledged
    private final int line = field(1);

    EventQueueModel(
            boolean legacy, boolean secondLooks, Order order, Bounds bounds, Mutant mutant) {
        super(order);
        this.legacy = legacy;
        this.secondLooks = secondLooks;
        this.bounds = bounds;
        this.mutant = mutant;
        for (int i = 0; i < DEVICES; i++) {
            data[i] = variable(bounds.packets());
            dirty[i] = variable(1);
            pending[i] = variable(1);
            published[i] = field(bounds.packets());
            consumed[i] = field(bounds.packets());
            held[i] = field(1);
            look[i] = field(1);
        }
        for (int i = 0; i < SLOTS; i++) {
            slot[i] = variable(1);
        }
    }

    @Override
    void begin(int[] state) {}

    @Override
    String atRest(int[] s) {
        for (int i = 0; i < DEVICES; i++) {
            if (s[consumed[i]] != s[published[i]]) {
                return "lost wake-up";
            }
        }
        return null;
    }

    @Override
    void moves() {
        drains();
        if (isHeld() && now[due] != 0 && now[host] == place(HostAt.IDLE)) {
            int[] s = step("the clock goes on");
            s[age]++;
            s[due]--;
            if (s[age] > bounds.holdTicks()) {
                breaks("deadline");
            }
            done(s);
        }
        if (hasRoom(DEVICE)) {
            host();
        }
        if (hasRoom(GUEST)) {
            guest();
        }
    }

    private boolean isHeld() {
        return now[held[0]] + now[held[1]] != 0;
    }

    private boolean isFenced(int core) {
        boolean weak =
                core == DEVICE
                        ? mutant == Mutant.NO_FENCE || mutant == Mutant.STORE_FENCE_ONLY
                        : legacy;
        return weak || isDrained(core);
    }

    private void to(int[] s, HostAt at) {
        s[host] = place(at);
        done(s);
    }

    private void host() {
        int device = now[about];
        switch (HostAt.values()[now[host]]) {
            case IDLE -> idle();
            case MARK -> {
                int[] s = step("host marks a device dirty");
                mark(s, dirty[device]);
                to(s, HostAt.LOOK);
            }
            case LOOK -> {
                if (isFenced(DEVICE)) {
                    look(device);
                }
            }
            case HELD_DIRTY -> {
                boolean yes = load(DEVICE, dirty[device]) != 0;
                int[] s = step("host reads dirty of what is held");
                s[held[device]] = 0;
                if (yes) {
                    to(s, HostAt.HELD_PENDING);
                } else {
                    next(s);
                }
            }
            case HELD_PENDING -> {
                boolean yes = load(DEVICE, pending[device]) == 0;
                int[] s = step("host reads pending of what is held");
                if (yes) {
                    to(s, HostAt.RING);
                } else {
                    next(s);
                }
            }
            case RING -> {
                int[] s = step("host sets a device's pending");
                store(s, DEVICE, pending[device], 1);
                to(s, HostAt.PUSH);
            }
            case PUSH -> {
                if (((now[eventsPushed] - now[taken]) & VALUE_MAX) < SLOTS) {
                    int[] s = step("host writes an event");
                    store(s, DEVICE, slot[now[eventsPushed] % SLOTS], device);
                    to(s, HostAt.PUSHED);
                }
            }
            case PUSHED -> {
                int[] s = step("host publishes the event");
                if (mutant != Mutant.NO_FENCE) {
                    fenceStores(s, DEVICE); // the release
                }
                s[eventsPushed] = (now[eventsPushed] + 1) & VALUE_MAX;
                store(s, DEVICE, events, s[eventsPushed]);
                s[pushed] = 1;
                next(s);
            }
            case QUEUE_MARK -> {
                int[] s = step("host marks the queue dirty");
                mark(s, queueDirty);
                s[pushed] = 0;
                to(s, HostAt.QUEUE_LOOK);
            }
            case QUEUE_LOOK -> {
                if (isFenced(DEVICE)) {
                    boolean rings = load(DEVICE, queuePending) == 0;
                    if (rings && now[served] != 0) {
                        breaks("interrupt count: a second ring while the first is served");
                    }
                    int[] s = step("host reads the queue's pending");
                    s[queueLook] = !rings && secondLooks ? 1 : 0;
                    to(s, rings ? HostAt.QUEUE_RING : HostAt.IDLE);
                }
            }
            case QUEUE_RING -> {
                int[] s = step("host sets the queue's pending");
                store(s, DEVICE, queuePending, 1);
                to(s, HostAt.DOORBELL);
            }
            case DOORBELL -> {
                if (isDrained(DEVICE)) { // by the system call, if by nothing before
                    int[] s = step("host rings");
                    s[line] = 1;
                    to(s, HostAt.IDLE);
                }
            }
        }
    }

    private void mark(int[] s, int which) {
        if (mutant != Mutant.NO_FENCE) {
            fenceStores(s, DEVICE); // the release
        }
        store(s, DEVICE, which, 1);
        if (mutant == Mutant.STORE_FENCE_ONLY) {
            fenceStores(s, DEVICE);
        }
    }

    private void idle() {
        for (int i = 0; i < DEVICES; i++) {
            if (now[published[i]] < bounds.packets()) {
                int[] s = may("a packet arrives");
                s[about] = i;
                s[published[i]]++;
                store(s, DEVICE, data[i], s[published[i]]);
                to(s, HostAt.MARK);
            }
        }
        if (isHeld() && now[due] == 0) {
            next(step("what is held is due"));
        }
        if (isDrained(DEVICE) && isDrained(GUEST)) {
            secondLook();
        }
    }

    private void secondLook() {
        for (int i = 0; i < DEVICES; i++) {
            if (now[look[i]] != 0 && now[held[i]] == 0) {
                int[] s = step("host looks at a device a second time");
                s[look[i]] = 0;
                s[about] = i;
                boolean missed = load(DEVICE, dirty[i]) != 0 && load(DEVICE, pending[i]) == 0;
                to(s, missed ? HostAt.MARK : HostAt.IDLE);
            }
        }
        if (now[queueLook] != 0) {
            int[] s = step("host looks at the queue a second time");
            s[queueLook] = 0;
            boolean missed = load(DEVICE, queueDirty) != 0 && load(DEVICE, queuePending) == 0;
            to(s, missed ? HostAt.QUEUE_MARK : HostAt.IDLE);
        }
    }

    private void look(int device) {
        if (load(DEVICE, pending[device]) != 0) {
            int[] s = step("host finds a device's ring pending");
            s[held[device]] = 0;
            if (now[held[1 - device]] == 0) {
                s[due] = 0;
                s[age] = 0;
            }
            s[look[device]] = secondLooks ? 1 : 0;
            to(s, HostAt.IDLE);
            return;
        }
        int[] rings = step("host decides to tell");
        rings[held[device]] = 0;
        to(rings, HostAt.RING);
        int longest = isHeld() ? now[due] : bounds.holdTicks();
        for (int ticks = 1; ticks <= longest; ticks++) {
            int[] s = step("host holds a device's ring");
            s[held[device]] = 1;
            s[due] = ticks;
            to(s, HostAt.IDLE);
        }
    }

    /** On with whatever is still held, else with the injection of what was pushed. */
    private void next(int[] s) {
        for (int i = 0; i < DEVICES; i++) {
            if (s[held[i]] != 0) {
                s[about] = i;
                to(s, HostAt.HELD_DIRTY);
                return;
            }
        }
        s[due] = 0;
        s[age] = 0;
        to(s, s[pushed] != 0 ? HostAt.QUEUE_MARK : HostAt.IDLE);
    }

    private void to(int[] s, GuestAt at) {
        s[guest] = place(at);
        done(s);
    }

    private void guest() {
        int device = now[serving];
        switch (GuestAt.values()[now[guest]]) {
            case IDLE -> {
                if (now[line] != 0) {
                    int[] s = step("guest is interrupted");
                    s[line] = 0;
                    to(s, GuestAt.QUEUE_DIRTY);
                }
            }
            case QUEUE_DIRTY -> {
                if (isFenced(GUEST)) {
                    boolean yes = load(GUEST, queueDirty) != 0;
                    GuestAt at = yes ? GuestAt.QUEUE_CLEAR : GuestAt.QUEUE_PENDING;
                    to(step("guest reads the queue's dirty"), at);
                }
            }
            case QUEUE_PENDING -> {
                boolean yes = load(GUEST, queuePending) != 0;
                GuestAt at = yes ? GuestAt.QUEUE_CLEAR : GuestAt.IDLE;
                to(step("guest reads the queue's pending"), at);
            }
            case QUEUE_CLEAR -> {
                int[] s = step("guest clears the queue's dirty");
                store(s, GUEST, queueDirty, 0);
                s[served] = load(GUEST, queuePending);
                if (mutant == Mutant.PENDING_CLEARED_FIRST) {
                    store(s, GUEST, queuePending, 0);
                }
                to(s, GuestAt.DRAIN);
            }
            case DRAIN -> {
                if (isDrained(GUEST)) {
                    boolean found = load(GUEST, events) != now[taken];
                    GuestAt at = found ? GuestAt.TAKE : GuestAt.QUEUE_AGAIN;
                    to(step(found ? "guest finds an event" : "guest finds no event"), at);
                }
            }
            case TAKE -> {
                int[] s = step("guest takes the event");
                s[serving] = load(GUEST, slot[now[taken] % SLOTS]);
                s[taken] = (now[taken] + 1) & VALUE_MAX;
                to(s, GuestAt.DIRTY);
            }
            case DIRTY -> {
                if (isFenced(GUEST)) {
                    boolean yes = load(GUEST, dirty[device]) != 0;
                    to(step("guest reads dirty"), yes ? GuestAt.CLEAR : GuestAt.PENDING);
                }
            }
            case PENDING -> {
                boolean yes = load(GUEST, pending[device]) != 0;
                to(step("guest reads pending"), yes ? GuestAt.CLEAR : GuestAt.DRAIN);
            }
            case CLEAR -> {
                int[] s = step("guest clears dirty");
                store(s, GUEST, dirty[device], 0);
                to(s, GuestAt.CONSUME);
            }
            case CONSUME -> {
                if (isDrained(GUEST)) {
                    int[] s = step("guest takes what is there");
                    s[consumed[device]] = load(GUEST, data[device]);
                    to(s, GuestAt.AGAIN);
                }
            }
            case AGAIN -> {
                boolean again = load(GUEST, dirty[device]) != 0;
                to(step("guest reads dirty"), again ? GuestAt.CLEAR : GuestAt.ACKNOWLEDGE);
            }
            case ACKNOWLEDGE -> {
                int[] s = step("guest acknowledges");
                store(s, GUEST, pending[device], 0);
                to(s, GuestAt.DIRTY);
            }
            case QUEUE_AGAIN -> {
                boolean again = load(GUEST, queueDirty) != 0;
                GuestAt at = again ? GuestAt.QUEUE_CLEAR : GuestAt.QUEUE_ACKNOWLEDGE;
                to(step("guest reads the queue's dirty"), at);
            }
            case QUEUE_ACKNOWLEDGE -> {
                int[] s = step("guest acknowledges the queue");
                if (mutant != Mutant.PENDING_CLEARED_FIRST) {
                    store(s, GUEST, queuePending, 0);
                }
                s[served] = 0;
                to(s, GuestAt.QUEUE_DIRTY);
            }
        }
    }

    @Override
    public String toString() {
        return "EVENT_QUEUE " + bounds;
    }
}
