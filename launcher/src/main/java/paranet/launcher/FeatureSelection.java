package paranet.launcher;

import java.util.Map;

/**
 * The features that the user added to or took from those a port offers by itself.
 *
 * <p>Threading: immutable.
 *
 * @param added masks of the device's features; none of them is in {@code removed}
 */
record FeatureSelection(long added, long removed) {
    static final FeatureSelection DEFAULT = new FeatureSelection(0, 0);

    FeatureSelection {
        if ((added & removed) != 0) {
            throw new IllegalArgumentException("both added and removed: " + (added & removed));
        }
    }

    /** Parses {@code [+|-]name,..} of the features of a device; a bare name is added. */
    static FeatureSelection parse(String text, Map<String, Long> known) throws OptionException {
        long added = 0;
        long removed = 0;
        for (String item : text.split(",", -1)) {
            boolean remove = item.startsWith("-");
            String name = remove || item.startsWith("+") ? item.substring(1) : item;
            Long mask = known.get(name);
            if (mask == null) {
                throw new OptionException(
                        "--features: '"
                                + name
                                + "' is no feature; known are "
                                + String.join(", ", known.keySet()));
            }
            if (((added | removed) & mask) != 0) {
                throw new OptionException(
                        "--features: " + name + " is named twice; once is enough");
            }
            if (remove) {
                removed |= mask;
            } else {
                added |= mask;
            }
        }
        return new FeatureSelection(added, removed);
    }

    /** What a port offers that would offer {@code features} by itself. */
    long applyTo(long features) {
        return (features | added) & ~removed;
    }

    boolean removes(long mask) {
        return (removed & mask) == mask;
    }
}
