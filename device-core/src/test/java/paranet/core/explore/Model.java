package paranet.core.explore;

import java.util.Arrays;

/**
 * A protocol as numbers and steps. A state is one small number for each field; {@link #moves} tells
 * every step that is possible from {@link #now}, each with the state that it leads to.
 *
 * <p>Threading: confined to one thread.
 */
abstract class Model {
    /** Hears of the steps. */
    interface Steps {
        /**
         * One of them; {@code optional} if it may as well never be taken, as a packet's arrival.
         */
        void step(String name, int[] to, boolean optional);
    }

    private final int[] words = new int[64];
    private final int[] shifts = new int[64];
    private final long[] masks = new long[64];
    private int fields;
    private int bits;

    private Steps steps;
    private int[] scratch;
    private String name;
    private boolean optional;

    /** The state that steps start from; {@link #moves} leaves it as it is. */
    int[] now;

    /** What the last step broke, or null. */
    private String broken;

    /** Makes room for a number from 0 to {@code max}; that many bits never straddle two words. */
    final int field(int max) {
        int width = 32 - Integer.numberOfLeadingZeros(max);
        if ((bits & 63) + width > 64) {
            bits = (bits + 63) & -64;
        }
        words[fields] = bits >>> 6;
        shifts[fields] = bits & 63;
        masks[fields] = (1L << width) - 1;
        bits += width;
        return fields++;
    }

    /** Where an actor stands, as a number. */
    @SuppressWarnings("EnumOrdinal") // a state is made of numbers, and forgotten with its run
    static int place(Enum<?> at) {
        return at.ordinal();
    }

    final int wordCount() {
        return (bits + 63) >>> 6;
    }

    final int[] blank() {
        scratch = new int[fields];
        return new int[fields];
    }

    final void pack(int[] state, long[] into) {
        Arrays.fill(into, 0);
        for (int i = 0; i < fields; i++) {
            into[words[i]] |= (state[i] & masks[i]) << shifts[i];
        }
    }

    final void unpack(long[] from, int[] state) {
        for (int i = 0; i < fields; i++) {
            state[i] = (int) (from[words[i]] >>> shifts[i] & masks[i]);
        }
    }

    final void moves(int[] from, Steps to) {
        now = from;
        steps = to;
        moves();
    }

    /** Tells each step from {@link #now}: {@link #step} or {@link #may}, changes, {@link #done}. */
    abstract void moves();

    /** Writes the first state into zeroes. */
    abstract void begin(int[] state);

    /** What is wrong with a state that nothing has to follow, or null. */
    abstract String atRest(int[] state);

    /** A step that is taken sooner or later; answers a copy of {@link #now} to change. */
    final int[] step(String title) {
        return copy(title, false);
    }

    /** A step that may never be taken. */
    final int[] may(String title) {
        return copy(title, true);
    }

    private int[] copy(String title, boolean mayRest) {
        System.arraycopy(now, 0, scratch, 0, fields);
        name = title;
        optional = mayRest;
        return scratch;
    }

    final void done(int[] state) {
        steps.step(name, state, optional);
    }

    /** The step being told breaks a rule. */
    final void breaks(String rule) {
        broken = rule;
    }

    final String broken() {
        return broken;
    }
}
