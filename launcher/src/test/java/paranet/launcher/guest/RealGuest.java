package paranet.launcher.guest;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;

import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Marks a test class that boots a real guest: tag {@code guest}, and skipped with a reason where
 * that cannot be done.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@Inherited
@Tag("guest")
@ExtendWith(RealGuest.Condition.class)
@interface RealGuest {

    /** Threading: immutable. */
    final class Condition implements ExecutionCondition {
        @Override
        public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
            return Provisioned.obstacle()
                    .map(ConditionEvaluationResult::disabled)
                    .orElseGet(
                            () -> ConditionEvaluationResult.enabled("root, and guests are there"));
        }
    }
}
