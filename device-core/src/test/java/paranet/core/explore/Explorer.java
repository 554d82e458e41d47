package paranet.core.explore;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Visits every state of a model once, in the order of their distance from the first, until a step
 * breaks a rule or a state at rest is wrong. So what it finds is a shortest way there.
 *
 * <p>States are kept packed, with the number of the one each was reached from.
 *
 * <p>Threading: confined to one thread.
 */
final class Explorer implements Model.Steps {
    /**
     * What was found: {@code broken} is null if all is well, and {@code rests} are the states that
     * nothing has to follow.
     */
    record Outcome(int states, int rests, String broken, List<String> steps) {
        @Override
        public String toString() {
            return broken == null
                    ? states + " states"
                    : "%s, after %s (%d states)"
                            .formatted(broken, String.join("; ", steps), states);
        }
    }

    private static final int CHUNK_BITS = 18;
    private static final int CHUNK = 1 << CHUNK_BITS;

    private final Model model;
    private final int wordCount;
    private final List<long[]> packed = new ArrayList<>();
    private final List<int[]> parents = new ArrayList<>();
    private final long[] key;
    private int[] table = new int[1 << 12]; // numbers of states and 1; 0 is nobody
    private int states;
    private int rests;

    private int expanding;
    private boolean moved;
    private String last;
    private boolean naming; // only looking for the name of the step to:
    private int wanted;
    private String found;

    private Explorer(Model model) {
        this.model = model;
        this.wordCount = model.wordCount();
        this.key = new long[wordCount];
    }

    static Outcome explore(Model model) {
        return new Explorer(model).explore();
    }

    private Outcome explore() {
        int[] state = model.blank();
        model.begin(state);
        model.pack(state, key);
        expanding = -1;
        visit();
        for (expanding = 0; expanding < states; expanding++) {
            load(expanding, state);
            moved = false;
            model.moves(state, this);
            if (model.broken() != null) {
                return outcome(model.broken(), last);
            }
            if (!moved) {
                rests++;
                String wrong = model.atRest(state);
                if (wrong != null) {
                    return outcome(wrong, null);
                }
            }
        }
        return new Outcome(states, rests, null, List.of());
    }

    @Override
    public void step(String name, int[] to, boolean optional) {
        if (model.broken() != null && last != null) {
            return; // of more than one, the first counts
        }
        model.pack(to, key);
        if (naming) {
            if (found == null && number() == wanted + 1) {
                found = name;
            }
            return;
        }
        if (model.broken() != null) {
            last = name;
            return;
        }
        int before = states;
        boolean elsewhere = visit() != expanding;
        moved |= elsewhere && !optional;
        assert states == before || elsewhere;
    }

    /** The number of the state in {@link #key}, which is new or not. */
    private int visit() {
        int at = place();
        if (table[at] != 0) {
            return table[at] - 1;
        }
        int chunk = states >>> CHUNK_BITS;
        if (chunk == packed.size()) {
            packed.add(new long[CHUNK * wordCount]);
            parents.add(new int[CHUNK]);
        }
        int in = states & (CHUNK - 1);
        System.arraycopy(key, 0, packed.get(chunk), in * wordCount, wordCount);
        parents.get(chunk)[in] = expanding;
        table[at] = ++states;
        if (states > table.length / 8 * 5) {
            grow();
        }
        return states - 1;
    }

    private int number() {
        return table[place()];
    }

    private int place() {
        int mask = table.length - 1;
        int at = hash() & mask;
        while (table[at] != 0 && !isKey(table[at] - 1)) {
            at = (at + 1) & mask;
        }
        return at;
    }

    private int hash() {
        long hash = 0;
        for (long word : key) {
            hash = (hash ^ word) * 0x9e3779b97f4a7c15L;
            hash ^= hash >>> 32;
        }
        return (int) (hash ^ hash >>> 17);
    }

    private boolean isKey(int state) {
        long[] chunk = packed.get(state >>> CHUNK_BITS);
        int at = (state & (CHUNK - 1)) * wordCount;
        return Arrays.equals(chunk, at, at + wordCount, key, 0, wordCount);
    }

    private void grow() {
        table = new int[2 * table.length];
        for (int state = 0; state < states; state++) {
            read(state);
            table[place()] = state + 1;
        }
    }

    private void read(int state) {
        long[] chunk = packed.get(state >>> CHUNK_BITS);
        System.arraycopy(chunk, (state & (CHUNK - 1)) * wordCount, key, 0, wordCount);
    }

    private void load(int number, int[] state) {
        read(number);
        model.unpack(key, state);
    }

    private Outcome outcome(String broken, String lastStep) {
        ArrayDeque<String> steps = new ArrayDeque<>();
        if (lastStep != null) {
            steps.add(lastStep);
        }
        naming = true;
        last = null;
        int[] state = model.blank();
        for (int at = expanding; ; at = wanted) {
            int parent = parents.get(at >>> CHUNK_BITS)[at & (CHUNK - 1)];
            if (parent < 0) {
                return new Outcome(states, rests, broken, List.copyOf(steps));
            }
            wanted = at;
            found = null;
            load(parent, state);
            model.moves(state, this);
            steps.addFirst(found);
            wanted = parent;
        }
    }
}
