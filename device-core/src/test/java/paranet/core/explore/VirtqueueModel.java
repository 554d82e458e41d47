package paranet.core.explore;

/**
 * A virtqueue of four entries between a device that holds calls and a guest that polls and sleeps,
 * as {@code DeviceVirtqueue}, {@code DriverVirtqueue} and {@code QueueCalls} go about it.
 *
 * <p>The device publishes one or two entries, looks at the arm state, and calls or holds; which of
 * them, and for how long, is any policy's choice within the deadline. It looks again when a hold is
 * due. The clock goes on only while a call is held, and a worker is never late. Once in a run the
 * device may begin anew, and once lower its limits to nothing.
 *
 * <p>The guest, once interrupted, disarms, takes what it finds, posts the buffers again, arms and
 * looks once more. Under EVENT_IDX it may leave the arm state alone instead of disarming, as Linux
 * does.
 */
public final class VirtqueueModel extends TwoCores {
    /** How entries are passed and arm states told. */
    public enum Format {
        SPLIT_FLAGS(false, false),
        SPLIT_EVENT_IDX(false, true),
        PACKED_FLAGS(true, false),
        PACKED_EVENT(true, true);

        final boolean packed;
        final boolean eventIdx;

        Format(boolean packed, boolean eventIdx) {
            this.packed = packed;
            this.eventIdx = eventIdx;
        }
    }

    private static final int SIZE = 4;

    /** Indices begin here, so that they pass the largest signed and, later, unsigned number. */
    private static final int START = 0x7ffe;

    // Arm states beside a place, which is told relative to the start.
    static final int ENABLE = 13;
    static final int DISABLE = 14;

    private static final int NEVER = 7; // a due time that does not come

    private enum DeviceAt {
        IDLE,
        WRITE_SECOND,
        PUBLISH,
        LOOK,
        CALL
    }

    private enum GuestAt {
        ASLEEP,
        DISARM,
        POLL,
        TAKE,
        POST,
        ARM,
        LOOK_AGAIN
    }

    private final Format format;
    private final Bounds bounds;
    private final Mutant mutant;

    private final int used; // of split
    private final int avail; // of split: buffers posted again
    private final int arm;
    private final int[] slot = new int[SIZE]; // what it carries and 1; packed: 0 is the device's

    private final int device = field(DeviceAt.values().length);
    private final int published;
    private final int batch = field(2);
    private final int old;
    private final int postedSeen;
    private final int held = field(1);
    private final int due = field(NEVER);
    private final int age = field(NEVER); // of what is held
    private final int begunAnew = field(1);
    private final int limited = field(1);

    private final int guest = field(GuestAt.values().length);
    private final int consumed;
    private final int polls = field(3);
    private final int line = field(1);

    VirtqueueModel(Format format, Order order, Bounds bounds, Mutant mutant) {
        super(order);
        this.format = format;
        this.bounds = bounds;
        this.mutant = mutant;
        int most = bounds.packets();
        used = variable(format.packed ? 0 : most);
        avail = variable(format.packed || most <= SIZE ? 0 : most);
        arm = variable(VALUE_MAX);
        for (int i = 0; i < SIZE; i++) {
            slot[i] = variable(most + 1);
        }
        published = field(most);
        old = field(most);
        postedSeen = field(format.packed || most <= SIZE ? 0 : most);
        consumed = field(most);
    }

    @Override
    void begin(int[] state) {
        putInMemory(state, arm, format.eventIdx ? 0 : ENABLE);
    }

    @Override
    String atRest(int[] s) {
        return s[consumed] == s[published] ? null : "lost wake-up";
    }

    @Override
    void moves() {
        drains();
        clock();
        device();
        guest();
    }

    private void clock() {
        if (now[held] == 0 || now[due] == 0 || now[device] != place(DeviceAt.IDLE)) {
            return;
        }
        int[] s = step("the clock goes on");
        s[age]++;
        s[due] -= now[due] == NEVER ? 0 : 1;
        boolean outOfBuffers = !format.packed && now[published] == SIZE + inMemory(now, avail);
        if (s[age] > holdMax() || outOfBuffers) {
            breaks("deadline");
        }
        done(s);
    }

    private int holdMax() {
        return now[limited] != 0 ? 0 : bounds.holdTicks();
    }

    private void device() {
        switch (DeviceAt.values()[now[device]]) {
            case IDLE -> idle();
            case WRITE_SECOND -> {
                if (hasRoom(DEVICE)) {
                    int[] s = step("device writes a second entry");
                    write(s, now[published] + 1);
                    s[device] = place(DeviceAt.PUBLISH);
                    done(s);
                }
            }
            case PUBLISH -> {
                if (hasRoom(DEVICE)) {
                    int[] s = step("device publishes");
                    if (mutant != Mutant.NO_FENCE) {
                        fenceStores(s, DEVICE); // the release
                    }
                    if (format.packed) {
                        write(s, now[published]);
                    } else {
                        store(s, DEVICE, used, now[published] + now[batch]);
                    }
                    publishes(s);
                    done(s);
                }
            }
            case LOOK -> {
                if (mutant == Mutant.NO_FENCE
                        || mutant == Mutant.STORE_FENCE_ONLY
                        || isDrained(DEVICE)) {
                    decide();
                }
            }
            case CALL -> {
                if (isDrained(DEVICE)) { // by the system call, if by nothing before
                    int[] s = step("device calls");
                    call(s);
                    done(s);
                }
            }
        }
    }

    private void idle() {
        if (now[held] != 0 && now[due] == 0) {
            int[] s = step("what is held is due");
            boolean looks = mutant != Mutant.NO_RECHECK_AT_DUE;
            s[device] = place(looks ? DeviceAt.LOOK : DeviceAt.CALL);
            if (!looks && !isAsked(inMemory(now, arm))) {
                breaks("interrupt count: a call that the guest does not ask for");
            }
            done(s);
        }
        if (hasRoom(DEVICE)) {
            for (int chains = 1; chains <= 2; chains++) {
                if (now[published] + chains <= bounds.packets() && hasBuffers(chains)) {
                    arrive(chains);
                }
            }
        }
        if (!format.packed && load(DEVICE, avail) != now[postedSeen]) {
            int[] s = may("device sees more buffers");
            s[postedSeen] = load(DEVICE, avail);
            done(s);
        }
        if (now[begunAnew] == 0 && isDrained(DEVICE) && now[published] != 0) {
            int[] s = may("device begins anew");
            s[begunAnew] = 1;
            release(s);
            s[line] = mutant == Mutant.RESET_WITHOUT_CALL ? now[line] : 1;
            done(s);
        }
        if (now[limited] == 0 && now[held] != 0) {
            int[] s = may("limits become zero");
            s[limited] = 1;
            if (mutant != Mutant.LIMITS_NOT_REEVALUATED) {
                s[device] = place(DeviceAt.LOOK);
                s[due] = 0;
            }
            done(s);
        }
    }

    private boolean hasBuffers(int chains) {
        if (!format.packed) {
            return now[published] + chains <= SIZE + now[postedSeen];
        }
        for (int i = 0; i < chains; i++) {
            if (load(DEVICE, slot[(now[published] + i) % SIZE]) != 0) {
                return false;
            }
        }
        return true;
    }

    private void arrive(int chains) {
        int[] s = may(chains == 1 ? "a packet arrives" : "two packets arrive");
        s[batch] = chains;
        if (!format.packed) {
            write(s, now[published]);
            s[device] = place(chains == 1 ? DeviceAt.PUBLISH : DeviceAt.WRITE_SECOND);
        } else if (chains == 1) {
            write(s, now[published]);
            publishes(s);
        } else { // the first one last
            write(s, now[published] + 1);
            s[device] = place(DeviceAt.PUBLISH);
        }
        done(s);
    }

    private void write(int[] s, int packet) {
        store(s, DEVICE, slot[packet % SIZE], packet + 1);
    }

    private void publishes(int[] s) {
        if (mutant == Mutant.STORE_FENCE_ONLY) {
            fenceStores(s, DEVICE);
        }
        s[published] = now[published] + now[batch];
        if (now[device] == place(DeviceAt.IDLE)) {
            s[published] = now[published] + 1;
        }
        s[batch] = 0;
        s[device] = place(DeviceAt.LOOK);
    }

    private void decide() {
        int state = load(DEVICE, arm);
        if (!isAsked(state)) {
            int[] s = step("device finds the guest not armed");
            release(s);
            s[device] = place(DeviceAt.IDLE);
            done(s);
            return;
        }
        boolean atDue = now[held] != 0 && now[due] == 0;
        if (!atDue || mutant != Mutant.BUDGET_BEFORE_DEADLINE) {
            int[] s = step("device decides to call");
            s[device] = place(DeviceAt.CALL);
            done(s);
        }
        boolean outOfBuffers =
                !format.packed
                        && mutant != Mutant.HELD_WITHOUT_BUFFERS
                        && now[published] == SIZE + load(DEVICE, avail);
        if (atDue) {
            if (mutant == Mutant.BUDGET_BEFORE_DEADLINE) {
                hold(1);
            }
        } else if (!outOfBuffers && holdMax() != 0) {
            int longest = now[held] != 0 ? now[due] : holdMax();
            for (int ticks = 1; ticks <= longest; ticks++) {
                hold(ticks);
            }
            if (mutant == Mutant.URGENT_WAITS_FOR_TOKEN) {
                hold(NEVER);
            }
        }
    }

    private void hold(int ticks) {
        int[] s = step("device holds the call");
        s[held] = 1;
        s[due] = ticks;
        if (mutant == Mutant.OLD_ADVANCED_ON_HOLD) {
            s[old] = now[published];
        }
        s[device] = place(DeviceAt.IDLE);
        done(s);
    }

    private void call(int[] s) {
        s[line] = 1;
        release(s);
        s[device] = place(DeviceAt.IDLE);
    }

    /** All that was published is told, or needs not to be. */
    private void release(int[] s) {
        s[old] = now[published];
        s[held] = 0;
        s[due] = 0;
        s[age] = 0;
    }

    /** Whether an arm state asks for a call about what was published and not told. */
    private boolean isAsked(int state) {
        int behind = now[published] - now[old];
        return state == ENABLE
                ? behind != 0
                : state != DISABLE && isPassed(state, now[published], behind);
    }

    private boolean isPassed(int event, int to, int behind) {
        if (format.packed) {
            return packedNeedsEvent(SIZE, to % (2 * SIZE), event, behind);
        }
        if (mutant == Mutant.SIGNED_COMPARE) {
            short from = (short) (START + to - behind);
            return (short) (START + event) >= from
                    && (short) (START + event) < (short) (START + to);
        }
        return splitNeedsEvent(START + to, START + event, behind);
    }

    /** vring_need_event (virtio 1.3, 2.7.10): of 16 bits, whatever lies above them. */
    public static boolean splitNeedsEvent(int to, int event, int behind) {
        return (to - event - 1 & 0xffff) < behind;
    }

    /** Likewise of offsets with a wrap counter, which count up to twice the size. */
    public static boolean packedNeedsEvent(int size, int to, int event, int behind) {
        return Math.floorMod(to - event - 1, 2 * size) < behind;
    }

    private void guest() {
        GuestAt at = GuestAt.values()[now[guest]];
        if (!hasRoom(GUEST)) {
            return;
        }
        switch (at) {
            case ASLEEP -> {
                if (now[line] != 0) {
                    int[] s = step("guest is interrupted");
                    s[line] = 0;
                    s[guest] = place(GuestAt.DISARM);
                    done(s);
                }
                if (now[polls] < bounds.polls()) {
                    int[] s = may("guest looks by itself");
                    s[polls]++;
                    s[guest] = place(GuestAt.DISARM);
                    done(s);
                }
            }
            case DISARM -> {
                int[] s = step("guest disarms");
                store(s, GUEST, arm, DISABLE);
                s[guest] = place(GuestAt.POLL);
                done(s);
                if (format == Format.SPLIT_EVENT_IDX) {
                    s = step("guest leaves an event behind");
                    s[guest] = place(GuestAt.POLL);
                    done(s);
                }
            }
            case POLL -> look(GuestAt.ARM);
            case TAKE -> take();
            case POST -> {
                int[] s = step("guest posts a buffer");
                if (format.packed) {
                    store(s, GUEST, slot[(now[consumed] - 1) % SIZE], 0);
                } else {
                    store(s, GUEST, avail, now[consumed]);
                }
                s[guest] = place(GuestAt.POLL);
                done(s);
            }
            case ARM -> {
                int[] s = step("guest arms");
                store(s, GUEST, arm, armed());
                s[guest] = place(GuestAt.LOOK_AGAIN);
                done(s);
            }
            case LOOK_AGAIN -> {
                if (isDrained(GUEST)) {
                    look(GuestAt.ASLEEP);
                }
            }
        }
    }

    private int armed() {
        if (!format.eventIdx) {
            return ENABLE;
        }
        return format.packed ? now[consumed] % (2 * SIZE) : now[consumed];
    }

    /** It polls what it finds, else goes on to {@code otherwise}. */
    private void look(GuestAt otherwise) {
        boolean found =
                format.packed
                        ? load(GUEST, slot[now[consumed] % SIZE]) == now[consumed] + 1
                        : load(GUEST, used) != now[consumed];
        int[] s = step(found ? "guest finds an entry" : "guest finds nothing");
        GuestAt next = now[guest] == place(GuestAt.POLL) ? GuestAt.TAKE : GuestAt.DISARM;
        s[guest] = place(found ? next : otherwise);
        done(s);
    }

    private void take() {
        int[] s = step("guest takes it");
        if (load(GUEST, slot[now[consumed] % SIZE]) != now[consumed] + 1) {
            breaks("an entry that was not written");
        }
        s[consumed]++;
        boolean posts = bounds.packets() > SIZE;
        s[guest] = place(posts ? GuestAt.POST : GuestAt.POLL);
        done(s);
    }

    @Override
    public String toString() {
        return format + " " + bounds;
    }
}
