package paranet.launcher;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;

import org.slf4j.LoggerFactory;

/**
 * How much this process logs.
 *
 * <p>Threading: any thread.
 */
final class LogLevel {
    private LogLevel() {}

    /** Commands with output of their own tell about connections there; a log would tear it. */
    static void onlyWarnings() {
        ((Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME)).setLevel(Level.WARN);
    }
}
