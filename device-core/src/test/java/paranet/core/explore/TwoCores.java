package paranet.core.explore;

/**
 * Two cores with a store buffer each, and variables in the memory between them. A core sees its own
 * stores at once and the other one's when they leave its buffer, at any time later.
 *
 * <p>Under {@code TSO}, as on x86, they leave in order; under {@code PSO} stores to different
 * variables may leave out of order, but for a fence of stores. Loads are never early: where a load
 * passes an earlier store is all that x86 reorders, and that is what a buffer does.
 *
 * <p>Threading: confined to one thread.
 */
abstract class TwoCores extends Model {
    enum Order {
        TSO,
        PSO
    }

    static final int DEVICE = 0;
    static final int GUEST = 1;

    /** Of a variable: the largest value. */
    static final int VALUE_MAX = 15;

    private static final int VARIABLES_MAX = 15;
    private static final int FENCE = VARIABLES_MAX; // in a buffer: no variable has this number
    private static final int CAPACITY = 4;
    private static final String[] DRAINS = {"device's store lands", "guest's store lands"};

    private final Order order;
    private final int[] count = new int[2];
    private final int[][] entries = new int[2][CAPACITY]; // of fields: variable << 4 | value
    private final int[] memory = new int[VARIABLES_MAX];
    private int variables;

    TwoCores(Order order) {
        this.order = order;
        for (int core = 0; core < 2; core++) {
            count[core] = field(CAPACITY);
            for (int i = 0; i < CAPACITY; i++) {
                entries[core][i] = field(FENCE << 4 | VALUE_MAX);
            }
        }
    }

    /** A variable for numbers from 0 to {@code max}. */
    final int variable(int max) {
        if (variables == VARIABLES_MAX || max > VALUE_MAX) {
            throw new IllegalArgumentException("no room for another, up to " + max);
        }
        memory[variables] = field(max);
        return variables++;
    }

    /** What a core sees in {@link #now}. */
    final int load(int core, int variable) {
        for (int i = now[count[core]] - 1; i >= 0; i--) {
            int entry = now[entries[core][i]];
            if (entry >>> 4 == variable) {
                return entry & VALUE_MAX;
            }
        }
        return inMemory(now, variable);
    }

    final int inMemory(int[] state, int variable) {
        return state[memory[variable]];
    }

    final void putInMemory(int[] state, int variable, int value) {
        state[memory[variable]] = value;
    }

    /** Whether a core has room for another store, and the fences of stores around it. */
    final boolean hasRoom(int core) {
        return now[count[core]] <= CAPACITY - (order == Order.TSO ? 1 : 3);
    }

    /** Whether all of a core's stores have landed: what a full fence waits for. */
    final boolean isDrained(int core) {
        return now[count[core]] == 0;
    }

    final void store(int[] state, int core, int variable, int value) {
        state[entries[core][state[count[core]]++]] = variable << 4 | value;
    }

    /** A fence of stores: those before it land before those after it. */
    final void fenceStores(int[] state, int core) {
        int length = state[count[core]];
        if (order == Order.PSO && length != 0 && state[entries[core][length - 1]] >>> 4 != FENCE) {
            state[entries[core][state[count[core]]++]] = FENCE << 4;
        }
    }

    /** One step for each store that may land next. */
    final void drains() {
        for (int core = 0; core < 2; core++) {
            int last = order == Order.TSO ? Math.min(1, now[count[core]]) : now[count[core]];
            for (int i = 0; i < last; i++) {
                int variable = now[entries[core][i]] >>> 4;
                if (variable == FENCE) {
                    break;
                }
                if (isFirstOf(core, i, variable)) {
                    int[] s = step(DRAINS[core]);
                    land(s, core, i);
                    done(s);
                }
            }
        }
    }

    private boolean isFirstOf(int core, int entry, int variable) {
        for (int i = 0; i < entry; i++) {
            if (now[entries[core][i]] >>> 4 == variable) {
                return false;
            }
        }
        return true;
    }

    private void land(int[] s, int core, int entry) {
        int landing = s[entries[core][entry]];
        s[memory[landing >>> 4]] = landing & VALUE_MAX;
        remove(s, core, entry);
        if (s[count[core]] != 0 && s[entries[core][0]] >>> 4 == FENCE) {
            remove(s, core, 0);
        }
    }

    private void remove(int[] s, int core, int entry) {
        int length = --s[count[core]];
        for (int i = entry; i < length; i++) {
            s[entries[core][i]] = s[entries[core][i + 1]];
        }
        s[entries[core][length]] = 0;
    }
}
