package paranet.launcher;

import java.nio.file.Path;

/**
 * Where a port's front end is met.
 *
 * <p>Threading: immutable.
 */
sealed interface Endpoint {
    /** How the command line says it. */
    String option();

    /** Listens at the path, for one front end after the other. */
    record Listen(Path path) implements Endpoint {
        @Override
        public String option() {
            return "--socket-path=" + path;
        }
    }

    /** Connects to a front end that listens at the path, again whenever it is lost. */
    record Connect(Path path) implements Endpoint {
        @Override
        public String option() {
            return "--socket-path=" + path;
        }
    }

    /** Uses a connected socket that this process was started with. */
    record Inherited(int descriptor) implements Endpoint {
        @Override
        public String option() {
            return "--fd=" + descriptor;
        }
    }
}
