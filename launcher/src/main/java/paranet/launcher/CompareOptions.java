package paranet.launcher;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What {@code paranet compare} was asked for, checked.
 *
 * <p>Threading: immutable.
 *
 * @param quick the shorter matrix, and less virtual time for each cell
 * @param out directory of what is written
 * @param only names of reference results to reproduce; none for the whole matrix
 * @param measured counts of real guests, to be shown beside
 */
record CompareOptions(
        boolean quick, long seed, Path out, List<String> only, Optional<Path> measured) {}
