package paranet.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import static java.nio.charset.StandardCharsets.UTF_8;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * The script {@code ./paranet}, in a checkout of its own where JDKs and Maven are shell scripts
 * that tell how they were called.
 */
@Timeout(60)
class ScriptTest {
    private static final Path PROJECT = Path.of("").toAbsolutePath().getParent();
    private static final String RUNS_MAIN = "paranet.launcher.Main";

    private static final String FLAKY =
            """
            <testcase name="wavers" classname="a.XTest" time="0.0">
            <flakyFailure message="too late" type="E"/>
            </testcase>
            <testcase name="skips\"\
            """;

    /** All that the script needs beside a JDK: what a minimal Debian has. */
    private static final List<String> NEEDED_TOOLS =
            List.of(
                    "bash",
                    "sh",
                    "env",
                    "find",
                    "sort",
                    "xargs",
                    "sha256sum",
                    "readlink",
                    "mkdir",
                    "rm",
                    "mv",
                    "cp",
                    "tee",
                    "sed",
                    "grep",
                    "flock",
                    "timeout",
                    "tail",
                    "cut");

    private record Result(int status, String out, String err) {}

    @TempDir private Path temp;
    private Path checkout;
    private Path jdk;
    private final Map<String, String> environment = new HashMap<>();

    @BeforeEach
    void makeCheckout() throws IOException {
        checkout = Files.createDirectory(temp.resolve("checkout"));
        Files.copy(PROJECT.resolve("paranet"), checkout.resolve("paranet"));
        executable("checkout/mvnw", "echo wrapper >> $0.calls; exec mvn-of-the-wrapper");
        write("checkout/pom.xml", "<project/>");
        write("checkout/.mvn/wrapper/maven-wrapper.properties", "pinned");
        write("checkout/launcher/pom.xml", "<project/>");
        write("checkout/launcher/src/main/java/Main.java", "class Main {}");
        Files.createDirectories(checkout.resolve("launcher/src/test/guests"));
        Files.copy(
                PROJECT.resolve("launcher/src/test/run-tests.bash"),
                checkout.resolve("launcher/src/test/run-tests.bash"));
        executable("checkout/launcher/src/test/guests/provision.sh", "echo provisioned");
        maven("");
        jdk = jdk("jdk-25", "25.0.3");
        environment.put("PATH", temp.resolve("bin") + ":/usr/bin:/bin");
        environment.put("JAVA_HOME", jdk.toString());
        environment.put("HOME", temp.toString());
    }

    @Test
    void buildsOnceAndThenRunsAtOnce() throws Exception {
        Result first = paranet("serve", "--mtu=1500");
        Result second = paranet("serve", "two words");

        assertTrue(first.err.contains("building with " + jdk), first.err);
        assertTrue(first.out.startsWith(jdk + "/bin/java "), first.out);
        assertTrue(first.out.endsWith(RUNS_MAIN + "|serve|--mtu=1500|\n"), first.out);
        assertEquals("", second.err);
        assertTrue(second.out.endsWith(RUNS_MAIN + "|serve|two words|\n"), second.out);
        assertEquals(1, mavenCalls().size());
    }

    @Test
    void buildsAgainAfterAChangeOfContentOnly() throws Exception {
        paranet();
        Path source = checkout.resolve("launcher/src/main/java/Main.java");
        Files.setLastModifiedTime(source, FileTime.fromMillis(0));
        Files.writeString(checkout.resolve("launcher/src/test/run-tests.bash"), "", UTF_8);
        paranet();
        assertEquals(1, mavenCalls().size(), "neither a touch nor a test builds");

        String original = Files.readString(source);
        Files.writeString(source, "class Main { }");
        assertTrue(paranet().err.contains("building"));
        assertEquals(2, mavenCalls().size());
        Files.writeString(source, original);
        paranet();
        assertEquals(2, mavenCalls().size(), "the build of the original is still there");
        write("checkout/launcher/src/main/java/New.java", "class New {}");
        write("checkout/pom.xml", "<project></project>");
        paranet();
        assertEquals(3, mavenCalls().size());
    }

    @Test
    void runsFromAnotherDirectoryThroughASymbolicLink() throws Exception {
        Path elsewhere = Files.createDirectory(temp.resolve("else where"));
        Path link =
                Files.createSymbolicLink(elsewhere.resolve("link"), checkout.resolve("paranet"));
        Path linkToLink = Files.createSymbolicLink(elsewhere.resolve("other"), link);

        Result result = run(elsewhere, linkToLink.toString(), "demo", "--help");

        assertEquals(0, result.status, result.err);
        assertTrue(result.out.endsWith(RUNS_MAIN + "|demo|--help|\n"), result.out);
        assertTrue(result.out.contains(elsewhere + "|"), "keeps the directory: " + result.out);
        assertTrue(Files.isDirectory(checkout.resolve("target/run")));
    }

    @Test
    void prefersParanetJavaHomeThenJavaHomeThenThePath() throws Exception {
        Path other = jdk("other-25", "25");
        environment.put("PARANET_JAVA_HOME", other.toString());
        assertTrue(paranet().out.startsWith(other.toString()));

        environment.put("PARANET_JAVA_HOME", "");
        assertTrue(paranet().out.startsWith(jdk.toString()));

        environment.remove("JAVA_HOME");
        Files.createSymbolicLink(temp.resolve("bin/javac"), other.resolve("bin/javac"));
        assertTrue(paranet().out.startsWith(other.toString()));
    }

    @Test
    void passesOverWhatIsNoJdk25() throws Exception {
        Path seventeen = jdk("jdk-17", "17.0.15");
        Path newer = jdk("jdk-26", "26");
        Path two = jdk("jdk-2", "2.5");
        Path noCompiler = jdk("jre-25", "25.0.3");
        Files.delete(noCompiler.resolve("bin/javac"));
        Path noRelease = jdk("bare", "25");
        Files.delete(noRelease.resolve("release"));
        for (Path wrong : List.of(seventeen, newer, two, noCompiler, noRelease, temp)) {
            environment.put("PARANET_JAVA_HOME", wrong.toString());
            assertTrue(paranet().out.startsWith(jdk.toString()), wrong::toString);
        }
        assertTrue(mavenCalls().getFirst().startsWith(jdk + " "), "Maven runs on it too");
    }

    @Test
    @Tag("tap") // needs root: hides /usr/lib/jvm in a mount namespace
    void namesThePrerequisitesWhereThereIsNoJdk25() throws Exception {
        environment.remove("JAVA_HOME");

        Result result =
                run(
                        temp,
                        "unshare",
                        "--mount",
                        "sh",
                        "-c",
                        "mount -t tmpfs none /usr/lib/jvm && exec " + checkout.resolve("paranet"));

        assertEquals(78, result.status, result.err);
        for (String word : List.of("git", "JDK 25", "PARANET_JAVA_HOME", "temurin-25-jdk")) {
            assertTrue(result.err.contains(word), result.err);
        }
    }

    @Test
    void givesTheJvmItsOptionsAndTheUsersLast() throws Exception {
        environment.put("PARANET_JAVA_OPTS", "-Xmx1g -Dx=y");

        String out = paranet().out;

        assertTrue(
                out.contains(
                        "|-XX:+UseSerialGC|-Xms64m|-Xmx64m|--enable-native-access=ALL-UNNAMED|"),
                out);
        assertTrue(out.contains("|-Xmx1g|-Dx=y|-cp|"), out);
    }

    @Test
    void givesACompareMoreMemory() throws Exception {
        assertTrue(
                paranet("compare")
                        .out
                        .contains("|-Xmx64m|--enable-native-access=ALL-UNNAMED|-Xmx1g|"));
        assertFalse(paranet("serve").out.contains("|-Xmx1g|"));
    }

    @Test
    void runsAllJarsInOneOrderAndTheCacheOfTheirClasses() throws Exception {
        String out = paranet().out;

        Path built = onlyBuild();
        assertTrue(
                out.contains("|-cp|%1$s/a.jar:%1$s/b.jar:%1$s/launcher-1.jar|".formatted(built)),
                out);
        assertTrue(out.contains("|-XX:AOTCache=" + built + "/aot|"), out);
    }

    @Test
    void doesWithoutACacheThatCouldNotBeMade() throws Exception {
        executable(
                "jdk-25/bin/java",
                """
                case "$*" in *AOTCacheOutput*) exit 1 ;; esac
                printf '%s ' "$0"; printf '%s|' "$@"; echo\
                """);

        Result result = paranet();

        assertEquals(0, result.status, result.err);
        assertFalse(result.out.contains("AOTCache"), result.out);
    }

    @Test
    void asksForDownloadsOnlyIfOfflineIsNotEnough() throws Exception {
        maven(
                """
                case "$*" in *--offline*)
                    echo '[ERROR] Cannot access central in offline mode -> [Help 1]'; exit 1 ;;
                esac\
                """);

        Result result = paranet();

        assertEquals(0, result.status, result.err);
        assertTrue(result.err.contains("downloading"), result.err);
        assertFalse(result.err.contains("ERROR"), result.err);
        assertEquals(2, mavenCalls().size());
        assertTrue(mavenCalls().getFirst().contains(" --offline "));
    }

    @Test
    void showsWhyABuildFailedAndRunsNothing() throws Exception {
        maven("echo '[INFO] hm'; echo '[ERROR] Main.java:[7,3] ; expected'; exit 1");

        Result result = paranet();

        assertEquals(1, result.status);
        assertEquals("", result.out);
        assertTrue(result.err.contains("[ERROR] Main.java:[7,3] ; expected"), result.err);
        assertFalse(result.err.contains("hm"), result.err);
        assertEquals(1, mavenCalls().size(), "a second try would fail alike");
    }

    @Test
    void usesTheWrapperWhereThereIsNoMaven() throws Exception {
        Path tools = Files.createDirectory(temp.resolve("tools"));
        for (String tool : NEEDED_TOOLS) {
            Files.createSymbolicLink(tools.resolve(tool), Path.of("/usr/bin", tool));
        }
        Files.move(temp.resolve("bin/mvn"), tools.resolve("mvn-of-the-wrapper"));
        environment.put("PATH", tools.toString());

        Result result = paranet();

        assertEquals(0, result.status, result.err);
        assertEquals("wrapper\n", Files.readString(checkout.resolve("mvnw.calls")));
    }

    @Test
    void buildsOnceWhenTwoStartTogether() throws Exception {
        maven(": > started; until [ -e go ]; do sleep 0.01; done");
        Process first = start(temp, checkout + "/paranet");
        awaitFile(checkout.resolve("started"));
        Process second = start(temp, checkout + "/paranet");
        // The second says so as soon as it waits, and no sooner.
        assertEquals("paranet: waiting for another build", second.errorReader().readLine());
        write("checkout/go", "");

        assertEquals(0, finish(first).status);
        Result result = finish(second);
        assertEquals(0, result.status, result.err);
        assertTrue(result.out.contains(RUNS_MAIN), result.out);
        assertEquals(1, mavenCalls().size());
    }

    @Test
    void refusesTheDemoWhereThereIsNoNamespaceToBeHad() throws Exception {
        executable("bin/unshare", "exit 1");

        Result result = paranet("demo");

        assertEquals(78, result.status);
        assertTrue(result.err.matches("(?s).*namespace.*(sysctl -w|Run it as root).*"), result.err);
        assertFalse(result.out.contains(RUNS_MAIN), result.out);
    }

    @Test
    void addsUpTheReportsOfEveryPhase() throws Exception {
        maven(report(10, 0, 0));

        Result result = paranet("test");

        assertEquals(0, result.status, result.err);
        assertTrue(result.out.endsWith("\n30 passed, 0 failed, 0 skipped\n"), result.out);
        List<String> phases = mavenCalls().stream().filter(c -> c.contains("verify")).toList();
        assertTrue(phases.get(0).contains("-DexcludedGroups=guest"), phases.get(0));
        assertTrue(phases.get(1).contains("-Dparanet.memory=bounded"), phases.get(1));
        assertTrue(phases.get(2).contains("-Dgroups=guest"), phases.get(2));
    }

    @Test
    void leavesOutTheRealGuestsIfAsked() throws Exception {
        maven(report(10, 0, 0));
        executable("checkout/launcher/src/test/guests/provision.sh", "exit 1");

        Result result = paranet("test", "--fast");

        assertEquals(0, result.status, result.err);
        assertTrue(result.out.endsWith("\n20 passed, 0 failed, 0 skipped\n"), result.out);
    }

    @Test
    @Timeout(180) // runs the script three times, with four phases each
    void aLongRunRepeatsNothingThatPassed() throws Exception {
        Files.createDirectory(checkout.resolve("docs"));
        maven(
                report(10, 0, 0)
                        + "\ncase \"$*\" in *Fuzz*) "
                        + report(10, 1, 0)
                        + " ;; esac; echo 'did: 7 states'");

        Result broken = paranet("test", "--long");

        assertEquals(1, broken.status, broken.err);
        assertFalse(Files.exists(checkout.resolve("docs/long-run.txt")));
        List<String> phases = mavenCalls().stream().filter(c -> c.contains("-Dtest=")).toList();
        assertEquals(4, phases.size());
        assertTrue(
                phases.stream().allMatch(c -> c.contains("-Dparanet.long=true")), phases::toString);

        maven(report(10, 0, 0) + "\necho 'did: 8 states'");
        Result resumed = paranet("test", "--long");

        assertEquals(0, resumed.status, resumed.err);
        assertTrue(resumed.err.contains("explorers has passed with these sources"), resumed.err);
        assertEquals(
                5, mavenCalls().stream().filter(c -> c.contains("-Dtest=")).count(), "fuzz alone");
        String written = Files.readString(checkout.resolve("docs/long-run.txt"));
        assertTrue(written.contains("did: 7 states"), written);
        assertTrue(written.contains("did: 8 states"), written);

        write("checkout/launcher/src/main/java/Main.java", "class Other {}");
        assertEquals(0, paranet("test", "--long").status);
        assertEquals(9, mavenCalls().stream().filter(c -> c.contains("-Dtest=")).count());
    }

    @Test
    void failsOnAFailedTestAndNamesIt() throws Exception {
        maven(report(10, 3, 0));

        Result result = paranet("test", "--only=XTest");

        assertEquals(1, result.status);
        assertTrue(result.out.contains("failed: a.XTest.breaks: because"), result.out);
        assertTrue(result.out.endsWith("\n7 passed, 3 failed, 0 skipped\n"), result.out);
    }

    @Test
    void passesAndNamesATestThatPassedWhenRunAgain() throws Exception {
        maven(report(10, 0, 0).replace("<testcase name=\"skips\"", FLAKY));

        Result result = paranet("test", "--only=XTest");

        assertEquals(0, result.status, result.out);
        assertTrue(mavenCalls().getLast().contains(" -Dsurefire.rerunFailingTestsCount=1 "));
        assertTrue(result.out.contains("flaky: a.XTest.wavers: too late"), result.out);
        assertFalse(result.out.contains("failed: "), result.out);
        assertTrue(result.out.endsWith("\n10 passed, 0 failed, 0 skipped\n"), result.out);
    }

    @Test
    void failsOnASkippedTestInContinuousIntegrationOnly() throws Exception {
        maven(report(10, 0, 1));

        Result here = paranet("test", "--only=XTest");
        environment.put("CI", "true");
        Result there = paranet("test", "--only=XTest");

        assertEquals(0, here.status, here.err);
        assertEquals(1, there.status);
        assertTrue(there.out.contains("skipped: a.XTest.skips: no TAP"), there.out);
        assertTrue(there.out.endsWith("\n9 passed, 0 failed, 1 skipped\n"), there.out);
    }

    @Test
    void failsIfAPhaseBreaksOrNoTestRuns() throws Exception {
        maven("case \"$*\" in *verify*) exit 1 ;; esac");
        Result broken = paranet("test", "--fast");
        assertEquals(1, broken.status);
        assertTrue(broken.out.endsWith("\n0 passed, 2 failed, 0 skipped\n"), broken.out);

        maven("");
        Result nothing = paranet("test", "--only=Nothing");
        assertEquals(1, nothing.status);
        assertTrue(nothing.out.contains("no test ran"), nothing.out);
    }

    @Test
    void saysWhatTheTestsLackWithStatus78() throws Exception {
        executable(
                "checkout/launcher/src/test/guests/provision.sh", "echo install this >&2; exit 78");

        Result result = paranet("test");

        assertEquals(78, result.status);
        assertTrue(result.err.contains("install this"), result.err);
    }

    @Test
    void refusesUnknownArgumentsOfTest() throws Exception {
        assertEquals(2, paranet("test", "--slow").status);
        assertEquals(2, paranet("test", "--fast", "--only=X").status);
        Result help = paranet("test", "--help");
        assertEquals(0, help.status);
        assertTrue(help.out.contains("--fast"), help.out);
        assertFalse(Files.exists(temp.resolve("mvn.calls")));
    }

    /** A JDK whose java prints its own path, the directory and its arguments. */
    private Path jdk(String name, String version) throws IOException {
        write(name + "/release", "IMPLEMENTOR=\"X\"\nJAVA_VERSION=\"" + version + "\"\n");
        executable(name + "/bin/javac", "exit 1");
        executable(
                name + "/bin/java",
                """
                for argument; do
                    case $argument in -XX:AOTCacheOutput=*) : > "${argument#*=}" ;; esac
                done
                printf '%s ' "$0"; printf '%s|' "$PWD" "$@"; echo\
                """);
        return temp.resolve(name);
    }

    /** A Maven that notes its JDK and arguments, does {@code first}, and then builds three jars. */
    private void maven(String first) throws IOException {
        executable(
                "bin/mvn",
                """
                echo "$JAVA_HOME $*" >> %s/mvn.calls
                %s
                mkdir -p launcher/target/lib
                : > launcher/target/launcher-1.jar
                : > launcher/target/lib/b.jar
                : > launcher/target/lib/a.jar\
                """
                        .formatted(temp, first));
    }

    private static String report(int tests, int failures, int skipped) {
        return """
        case "$*" in *verify*)
            mkdir -p launcher/target/surefire-reports
            cat > launcher/target/surefire-reports/TEST-a.XTest.xml <<'XML'
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuite xmlns:xsi="x" version="3.0" name="a.XTest" time="0.1" tests="%d" errors="0" skipped="%d"
            failures="%d" flakes="0">
          <testcase name="breaks" classname="a.XTest" time="0.0">
            %s
          </testcase>
          <testcase name="skips" classname="a.XTest" time="0.0">
            %s
          </testcase>
        </testsuite>
        XML
        esac
        """
                .formatted(
                        tests,
                        skipped,
                        failures,
                        failures > 0 ? "<failure message=\"because\" type=\"E\">" : "",
                        skipped > 0 ? "<skipped message=\"no TAP\"/>" : "");
    }

    private List<String> mavenCalls() throws IOException {
        return Files.readAllLines(temp.resolve("mvn.calls"));
    }

    private Path onlyBuild() throws IOException {
        try (var builds = Files.list(checkout.resolve("target/run"))) {
            List<Path> all = builds.toList();
            assertEquals(1, all.size(), all::toString);
            return all.getFirst();
        }
    }

    private void write(String name, String text) throws IOException {
        Path file = temp.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text, UTF_8);
    }

    private void executable(String name, String script) throws IOException {
        Path file = temp.resolve(name);
        Files.createDirectories(file.getParent());
        // Renamed into place: the kernel refuses to run a file that is open for writing, and a
        // child forked by another thread may hold it open for a moment.
        Path fresh = file.resolveSibling(file.getFileName() + ".new");
        Files.writeString(fresh, "#!/bin/sh\n" + script + "\n", UTF_8, StandardOpenOption.CREATE);
        Files.setPosixFilePermissions(fresh, PosixFilePermissions.fromString("rwxr-xr-x"));
        Files.move(fresh, file, StandardCopyOption.REPLACE_EXISTING);
    }

    private static void awaitFile(Path file) throws Exception {
        try (var watcher = file.getFileSystem().newWatchService()) {
            file.getParent().register(watcher, StandardWatchEventKinds.ENTRY_CREATE);
            while (!Files.exists(file)) {
                var key = watcher.poll(30, TimeUnit.SECONDS);
                assertTrue(key != null, file + " did not come");
                key.reset();
            }
        }
    }

    private Result paranet(String... arguments) throws Exception {
        String[] command = new String[arguments.length + 1];
        command[0] = checkout + "/paranet";
        System.arraycopy(arguments, 0, command, 1, arguments.length);
        return run(temp, command);
    }

    private Result run(Path directory, String... command) throws Exception {
        return finish(start(directory, command));
    }

    private Process start(Path directory, String... command) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command).directory(directory.toFile());
        builder.environment().clear();
        builder.environment().putAll(environment);
        return builder.start();
    }

    /** Both streams of these scripts fit into a pipe, so they may be read one after the other. */
    private static Result finish(Process process) throws Exception {
        process.getOutputStream().close();
        String out = new String(process.getInputStream().readAllBytes(), UTF_8);
        String err = new String(process.getErrorStream().readAllBytes(), UTF_8);
        return new Result(process.waitFor(), out, err);
    }
}
