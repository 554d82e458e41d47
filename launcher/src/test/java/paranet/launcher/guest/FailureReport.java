package paranet.launcher.guest;

import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.LifecycleMethodExecutionExceptionHandler;
import org.junit.jupiter.api.extension.TestExecutionExceptionHandler;

import java.util.function.Supplier;

/**
 * Adds to a failure what the guest and the back end said last.
 *
 * <p>Threading: confined to the test's thread.
 */
final class FailureReport
        implements TestExecutionExceptionHandler, LifecycleMethodExecutionExceptionHandler {
    private final Supplier<String> state;

    FailureReport(Supplier<String> state) {
        this.state = state;
    }

    @Override
    public void handleTestExecutionException(ExtensionContext context, Throwable failure)
            throws Throwable {
        throw withState(failure);
    }

    @Override
    public void handleBeforeAllMethodExecutionException(ExtensionContext context, Throwable failure)
            throws Throwable {
        throw withState(failure);
    }

    private Throwable withState(Throwable failure) {
        failure.addSuppressed(new AssertionError("at that time:\n" + state.get()));
        return failure;
    }
}
