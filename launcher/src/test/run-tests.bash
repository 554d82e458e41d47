# `./paranet test`, sourced by ./paranet: every test, phase by phase.
# shellcheck shell=bash

test_usage() {
    cat <<'USAGE'
Usage: paranet test [--fast | --long | --only=NAME]
Runs every test, phase by phase. As root it first installs what the tests need.
  --fast        leaves out the real guests (QEMU, User-Mode Linux, DPDK)
  --long        instead, those that are small otherwise at full size: explorers, litmus, property
                and fuzz tests; hours. What passed is not repeated with the same sources, so it can
                be ended and begun again. Writes docs/long-run.txt when all has passed.
  --only=NAME   one test class, pattern or method: NAME or NAME#method, as Maven's -Dtest
With CI=true in the environment a skipped test is a failure.
Status: 0 all passed, 1 something failed, 2 wrong usage, 78 a prerequisite is missing.
USAGE
}

run_tests() {
    local fast='' long='' only='' argument
    for argument; do
        case $argument in
            --fast) fast=yes ;;
            --long) long=yes ;;
            --only=?*) only=${argument#*=} ;;
            -h | --help)
                test_usage
                return
                ;;
            *)
                test_usage >&2
                fail 2 "unknown argument '$argument'"
                ;;
        esac
    done
    [[ ${fast:+1}${long:+1}${only:+1} != 11* ]] || fail 2 "--fast, --long and --only exclude each other"

    reports=$here/target/test-reports passed=0 failed=0 skipped=0 phases=''
    rm -rf "$reports"
    mkdir -p "$reports"
    if [[ $(id -u) != 0 ]] && unshare --user --map-root-user true 2>/dev/null; then
        prefix=(unshare --user --map-root-user) # in there, tests may make network namespaces,
        export MAVEN_OPTS="${MAVEN_OPTS-} -Duser.home=$HOME" # and a JVM takes itself for root
    fi

    [[ -n $fast || -n $long ]] || phase provision provision
    phase build ensure_built
    if [[ -n $long ]]; then
        long_run
    elif [[ -n $only ]]; then
        phase only maven_tests -DexcludedGroups=none -Dtest="$only" -Dsurefire.failIfNoSpecifiedTests=false
    else
        phase verify maven_tests -DexcludedGroups=guest
        phase bounded-memory maven_tests -DexcludedGroups=tap,guest -Dparanet.memory=bounded \
            -pl '!launcher,!benchmarks'
        [[ -n $fast ]] || phase real-guests maven_tests -DexcludedGroups=none -Dgroups=guest
    fi
    summary
}

# The tests that have a full size. A phase that passed leaves what it printed in $remembered.
long_run() {
    local remembered
    remembered=$here/target/long-run/$(tests_hash)
    mkdir -p "$remembered"
    long_phase explorers 'LostWakeUpExplorerTest,DecisionExplorerTest'
    long_phase litmus 'ShmSignalLitmusTest,WakeUpRaceTest'
    long_phase properties '*PropertyTest'
    long_phase fuzz '*FuzzTest'
    [[ $failed == 0 ]] || return 0
    {
        echo "./paranet test --long: the last run that passed. Lines are what its tests say they did."
        echo "$(nproc) processors, $("$jdk/bin/java" --version | head -n 1), $(uname -sr)"
        cat "$remembered"/{explorers,litmus,properties,fuzz}
    } >"$here/docs/long-run.txt"
    say "written: docs/long-run.txt"
}

# long_phase NAME TESTS
long_phase() {
    local name=$1 failed_before=$failed passed_before=$passed start=$SECONDS
    if [[ -e $remembered/$name ]]; then
        say "== $name has passed with these sources: $(head -n 1 "$remembered/$name")"
        return
    fi
    phase "$name" maven_tests -DexcludedGroups=tap,guest -Dparanet.long=true -Dsurefire.heap=-Xmx2g \
        -Dtest="$2" -Dsurefire.failIfNoSpecifiedTests=false -pl device-core,virtio-net-backend,venet-backend -am
    [[ $failed == "$failed_before" && $passed != "$passed_before" ]] || return 0
    {
        echo "$name: $(date -u +%Y-%m-%dT%H:%MZ), $((passed - passed_before)) passed in $((SECONDS - start)) s"
        sed -n 's/^.*\(did: .*\)$/  \1/p' "$reports/$name.log"
    } >"$remembered/$name.new"
    mv "$remembered/$name.new" "$remembered/$name"
}

tests_hash() {
    local hash
    hash=$(cd "$here" && find paranet pom.xml ./*/pom.xml ./*/src -type f -print0 | LC_ALL=C sort -z |
        xargs -0 sha256sum | sha256sum)
    printf '%.16s' "$hash"
}

# phase NAME COMMAND..: runs the command, keeps its reports and adds them up.
phase() {
    local phase=$1 status start=$SECONDS p=0 f=0 s=0
    shift
    say "== $phase"
    rm -rf "$here"/*/target/surefire-reports
    set +e # `|| status=$?` would switch -e off inside the command as well
    (
        set -e
        "$@"
    )
    status=$?
    set -e
    [[ $status != 78 ]] || exit 78
    keep_reports
    [[ $status == 0 || $f -gt 0 ]] || f=1 # a phase that broke before or beside its tests
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    phases+=$(printf '%-16s %5d s %6d passed %4d failed %4d skipped' "$phase" $((SECONDS - start)) $p $f $s)$'\n'
    say "== $phase took $((SECONDS - start)) s"
}

provision() {
    "$here/launcher/src/test/guests/provision.sh" >&2
}

# A failed test runs once more; one that passes then is listed as flaky (docs/decisions/0023).
maven_tests() {
    maven "$reports/$phase.log" verify -Dmaven.test.failure.ignore=true -Dsurefire.rerunFailingTestsCount=1 "$@"
}

progress() { # instead of the one for builds
    sed -nu -e '/offline mode/,$d' -e 's/\x1b\[[0-9;]*m//g' -e '/^\[INFO\] Tests run:.* -- in/p' -e '/^\[INFO\]/d' -e '/^WARNING: /d' -e '/^\[WARNING\] \*/d' -e '/./p'
}

# Moves the phase's reports aside and counts them into p, f and s.
keep_reports() {
    local report
    mkdir "$reports/$phase"
    for report in "$here"/*/target/surefire-reports/TEST-*.xml; do
        [[ -e $report ]] || continue
        count "$report"
        mv "$report" "$reports/$phase/"
    done
}

count() {
    local line tests errors failures skips
    line=$(tr '\n' ' ' <"$1" | grep -o -m1 '<testsuite [^>]*>')
    tests=$(attribute tests) errors=$(attribute errors) failures=$(attribute failures) skips=$(attribute skipped)
    p=$((p + tests - errors - failures - skips)) f=$((f + errors + failures)) s=$((s + skips))
}

attribute() { sed -n "s/.* $1=\"\([0-9]*\)\".*/\1/p" <<<"$line"; }

summary() {
    printf '\n%s\n' "$phases"
    list failed '(failure|error)'
    list flaky '(flakyFailure|flakyError)'
    list skipped skipped
    if [[ $((passed + failed)) == 0 && -z $long ]]; then
        echo "no test ran"
        failed=1
    fi
    [[ $skipped == 0 || ${CI-} != true ]] || echo "a skipped test is a failure here, because CI=true"
    printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
    [[ $failed == 0 && ($skipped == 0 || ${CI-} != true) ]]
}

# list WORD ELEMENT: the tests whose report has the element, with its message.
list() {
    find "$reports" -name 'TEST-*.xml' -exec awk -v word="$1" -v element="<$2[ >/]" '
        function value(name) {
            if (!match($0, " " name "=\"[^\"]*")) return ""
            return substr($0, RSTART + length(name) + 3, RLENGTH - length(name) - 3)
        }
        /<testcase / { test = value("classname") "." value("name") }
        $0 ~ element { print word ": " test ": " value("message") }' {} +
}
