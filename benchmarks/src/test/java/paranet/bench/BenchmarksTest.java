package paranet.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.VerboseMode;

import java.util.Collection;

/** Runs each benchmark once, in this process: it works, and says nothing about speed. */
class BenchmarksTest {
    @ParameterizedTest
    @CsvSource({
        "NextChainBenchmark,12",
        "NeedsNotificationBenchmark,8",
        "DecideBenchmark,12",
        "BackendBenchmark,16"
    })
    void runs(String benchmark, int combinations) throws RunnerException {
        Options once =
                new OptionsBuilder()
                        .include("paranet\\.bench\\." + benchmark)
                        .forks(0)
                        .mode(Mode.SingleShotTime)
                        .warmupIterations(0)
                        .measurementIterations(1)
                        .shouldFailOnError(true)
                        .verbosity(VerboseMode.SILENT)
                        .build();

        Collection<RunResult> results = new Runner(once).run();

        assertEquals(combinations, results.size());
    }
}
