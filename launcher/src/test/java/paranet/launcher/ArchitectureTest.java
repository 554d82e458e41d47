package paranet.launcher;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaCall.Predicates.target;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.simpleName;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.nameMatching;
import static com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With.owner;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.List;

/**
 * The arrows between modules and packages, and the rooms (docs/architecture.md). Main code only;
 * benchmarks, which the launcher must not see, are held by their module's dependencies.
 */
@AnalyzeClasses(packages = "paranet", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    private static final String CORE = "paranet.core.";

    @ArchTest
    static void seesEveryModule(JavaClasses all) {
        for (String module :
                List.of("core.memory", "virtionet", "venet", "tap", "guest", "launcher")) {
            assertTrue(
                    all.stream().anyMatch(c -> c.getPackageName().startsWith("paranet." + module)),
                    module);
        }
    }

    @ArchTest static final ArchRule MEMORY_STANDS_ALONE = core("memory");

    @ArchTest static final ArchRule VIRTQUEUE_KNOWS_MEMORY = core("virtqueue", "memory");

    @ArchTest static final ArchRule IOQ_KNOWS_MEMORY = core("ioq", "memory");

    @ArchTest static final ArchRule MITIGATION_STANDS_ALONE = core("mitigation");

    @ArchTest static final ArchRule FRAME_KNOWS_MEMORY = core("frame", "memory");

    @ArchTest
    static final ArchRule OFFLOAD_KNOWS_MEMORY_AND_FRAMES = core("offload", "memory", "frame");

    @ArchTest
    static final ArchRule DEVICE_KNOWS_RINGS_AND_FRAMES =
            core("device", "memory", "virtqueue", "ioq", "frame", "mitigation");

    @ArchTest static final ArchRule LINUX_KNOWS_MEMORY = core("linux", "memory");

    /** Descriptors arrive in messages, so a message owns them: Fd and what is thrown at it. */
    @ArchTest
    static final ArchRule VHOSTUSER_KNOWS_DEVICES_AND_DESCRIPTORS =
            classes()
                    .that()
                    .resideInAPackage(CORE + "vhostuser")
                    .should()
                    .onlyDependOnClassesThat(
                            outsideParanet()
                                    .or(
                                            resideInAnyPackage(
                                                    CORE + "vhostuser",
                                                    CORE + "device",
                                                    CORE + "virtqueue",
                                                    CORE + "ioq",
                                                    CORE + "memory"))
                                    .or(linux("Fd"))
                                    .or(linux("LinuxException")));

    @ArchTest static final ArchRule VIRTIO_NET_KNOWS_RINGS_AND_FRAMES = device("virtionet");

    @ArchTest static final ArchRule VENET_KNOWS_RINGS_AND_FRAMES = device("venet");

    @ArchTest
    static final ArchRule TAP_KNOWS_FRAMES_AND_NATIVE_CALLS =
            onlyKnows(
                    "paranet.tap..",
                    CORE + "frame",
                    CORE + "memory",
                    CORE + "linux",
                    CORE + "device");

    @ArchTest
    static final ArchRule FAKE_GUEST_KNOWS_THE_CORE_AND_WIRE_STRUCTS =
            onlyKnows(
                    "paranet.guest..",
                    "paranet.core..",
                    "paranet.virtionet.wire",
                    "paranet.venet.wire");

    /** No socket and no worker: time is virtual there. */
    @ArchTest
    static final ArchRule THE_SIMULATION_KNOWS_RINGS_AND_POLICIES =
            onlyKnows(
                    "paranet.guest.sim",
                    CORE + "memory",
                    CORE + "virtqueue",
                    CORE + "ioq",
                    CORE + "mitigation");

    @ArchTest
    static final ArchRule THE_COMPARISON_KNOWS_THE_SIMULATION =
            onlyKnows("paranet.guest.compare", "paranet.guest.sim", CORE + "mitigation");

    @ArchTest
    static final ArchRule NOTHING_KNOWS_THE_LAUNCHER =
            noClasses()
                    .that()
                    .resideOutsideOfPackage("paranet.launcher..")
                    .should()
                    .dependOnClassesThat()
                    .resideInAPackage("paranet.launcher..");

    @ArchTest
    static final ArchRule ONLY_LINUX_CALLS_NATIVE_CODE =
            noClasses()
                    .that()
                    .resideOutsideOfPackage(CORE + "linux")
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage("jnr..", "com.kenai..")
                    .orShould()
                    .dependOnClassesThat(linux("LibC"));

    @ArchTest
    static final ArchRule ONLY_HOST_KNOWS_NETTY =
            noClasses()
                    .that()
                    .resideOutsideOfPackage(CORE + "host")
                    .should()
                    .dependOnClassesThat()
                    .resideInAPackage("io.netty..");

    @ArchTest
    static final ArchRule ONLY_MEMORY_TOUCHES_MEMORY =
            noClasses()
                    .that()
                    .resideOutsideOfPackage(CORE + "memory")
                    .should()
                    .dependOnClassesThat()
                    .resideInAPackage("java.lang.foreign..");

    /** VarHandles of counters, on arrays of our own, are none of this. */
    @ArchTest
    static final ArchRule ONLY_MEMORY_VIEWS_BYTES_AND_FENCES =
            noClasses()
                    .that()
                    .resideOutsideOfPackage(CORE + "memory")
                    .should()
                    .callMethodWhere(
                            target(
                                            owner(
                                                    assignableTo(MethodHandles.class)
                                                            .or(assignableTo(VarHandle.class))))
                                    .and(
                                            target(
                                                    nameMatching(
                                                            "byte(Array|Buffer)ViewVarHandle|.*Fence"))));

    @ArchTest
    static final ArchRule NOBODY_USES_UNSAFE =
            noClasses().should().dependOnClassesThat().haveNameMatching(".*\\.Unsafe");

    /** No I/O, no threads, no clock; java.io's exceptions are only words. */
    @ArchTest
    static final ArchRule THE_PURE_ROOMS_NEITHER_WAIT_NOR_TELL_THE_TIME =
            noClasses()
                    .that()
                    .resideInAnyPackage(
                            CORE + "memory",
                            CORE + "virtqueue",
                            CORE + "ioq",
                            CORE + "device",
                            CORE + "vhostuser",
                            CORE + "mitigation",
                            CORE + "frame",
                            CORE + "offload",
                            "paranet.virtionet..",
                            "paranet.venet..",
                            "paranet.guest.sim")
                    .should()
                    .dependOnClassesThat(
                            resideInAnyPackage(
                                            "java.io..",
                                            "java.net..",
                                            "java.nio.channels..",
                                            "java.nio.file..",
                                            "java.time..",
                                            "java.util.concurrent")
                                    .and(not(nameMatching(".*Exception"))))
                    .orShould()
                    .dependOnClassesThat()
                    .haveFullyQualifiedName("java.lang.Thread")
                    .orShould()
                    .callMethod(System.class, "nanoTime")
                    .orShould()
                    .callMethod(System.class, "currentTimeMillis");

    @ArchTest
    static final ArchRule RINGS_DO_NOT_LOG =
            noClasses()
                    .that()
                    .resideInAnyPackage(
                            CORE + "memory",
                            CORE + "virtqueue",
                            CORE + "ioq",
                            CORE + "mitigation",
                            CORE + "frame",
                            CORE + "offload")
                    .should()
                    .dependOnClassesThat()
                    .resideInAPackage("org.slf4j..");

    @ArchTest
    static final ArchRule PACKAGES_ARE_FEATURES =
            noClasses()
                    .should()
                    .resideInAnyPackage(
                            "..util..",
                            "..helper..",
                            "..common..",
                            "..impl..",
                            "..model..",
                            "..exceptions..");

    @ArchTest
    static final ArchRule CLASSES_SAY_WHAT_THEY_HOLD_OR_DECIDE =
            noClasses().should().haveNameMatching(".*(Manager|Helper|Handler|Utils?|Impl)");

    /** A package of the core, and those beside it that it may import. */
    private static ArchRule core(String room, String... others) {
        String[] known = new String[others.length];
        for (int i = 0; i < known.length; i++) {
            known[i] = CORE + others[i];
        }
        return onlyKnows(CORE + room, known);
    }

    private static ArchRule device(String name) {
        return onlyKnows(
                "paranet." + name + "..",
                CORE + "memory",
                CORE + "virtqueue",
                CORE + "ioq",
                CORE + "device",
                CORE + "frame",
                CORE + "offload",
                CORE + "mitigation");
    }

    private static ArchRule onlyKnows(String room, String... others) {
        return classes()
                .that()
                .resideInAPackage(room)
                .should()
                .onlyDependOnClassesThat(
                        outsideParanet()
                                .or(resideInAnyPackage(room))
                                .or(resideInAnyPackage(others)))
                .allowEmptyShould(true);
    }

    private static DescribedPredicate<JavaClass> outsideParanet() {
        return not(resideInAnyPackage("paranet.."));
    }

    private static DescribedPredicate<JavaClass> linux(String name) {
        return resideInAnyPackage(CORE + "linux").and(simpleName(name));
    }
}
