package paranet.launcher;

import java.util.List;

/**
 * A port's network side.
 *
 * <p>Threading: immutable.
 */
sealed interface Network {
    /** What no other port may have as well, as the command line says it. */
    default List<String> exclusive() {
        return List.of();
    }

    /** Creates the TAP, or attaches to one that is there; it stays behind if {@code persist}. */
    record Tap(String name, boolean persist) implements Network {
        @Override
        public List<String> exclusive() {
            return List.of("--tap=" + name);
        }
    }

    /** One open descriptor of a TAP for each queue pair; this process opens nothing. */
    record TapDescriptors(List<Integer> descriptors) implements Network {
        public TapDescriptors {
            descriptors = List.copyOf(descriptors);
        }

        @Override
        public List<String> exclusive() {
            return descriptors.stream().map("--tap-fd=%d"::formatted).toList();
        }
    }

    /** Every frame goes back to the guest. */
    record Echo() implements Network {}

    /** Frames are counted and dropped. */
    record Sink() implements Network {}

    /** Frames without end for the guest. */
    record Source(int frameBytes) implements Network {}
}
