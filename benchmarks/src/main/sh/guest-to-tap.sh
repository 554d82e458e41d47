#!/bin/bash
# From a guest to a TAP on one core: frames per CPU second of the back end, for `paranet serve` and for
# DPDK's own vhost and TAP drivers, with DPDK's virtio_user as the same guest for both. The two take turns,
# so that both meet the same minutes of the machine.
#
# usage: guest-to-tap.sh [--size=BYTES] [--rounds=N] [--seconds=N] [--warmup=N] [--packed]
#
#   --size=BYTES   of a frame, 64 to 1514 (default 64)
#   --rounds=N     measurements of each back end (default 5)
#   --seconds=N    of one measurement (default 5), after
#   --warmup=N     seconds (default 5)
#   --packed       a packed ring; the default is a split one
#
# Needs root and two CPUs: the back end has the first to itself, the guest the last. Frames are counted by
# the TAP (received by its kernel side, or dropped there), CPU time is utime + stime of the back end's
# process with all its threads. Creates a network namespace and removes it.
# Status: 0 done, 1 failed, 2 wrong usage, 78 a prerequisite is missing.

set -euo pipefail
export LC_ALL=C
PATH=$PATH:/usr/sbin:/sbin

size=64 rounds=5 seconds=5 warmup=5 ring=packed_vq=0
for option; do
    case $option in
        --size=*) size=${option#*=} ;;
        --rounds=*) rounds=${option#*=} ;;
        --seconds=*) seconds=${option#*=} ;;
        --warmup=*) warmup=${option#*=} ;;
        --packed) ring=packed_vq=1 ;;
        *) sed -n '2,/^$/s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
    esac
done

missing() { printf 'guest-to-tap: %s\n' "$1" >&2; exit 78; }
[ "$(id -u)" = 0 ] || missing "run it as root: it needs a network namespace and TAP devices"
[ "$(nproc)" -ge 2 ] || missing "two CPUs are needed, here is $(nproc)"
for tool in dpdk-testpmd ip stdbuf taskset; do
    command -v "$tool" >/dev/null || missing "no $tool; run launcher/src/test/guests/provision.sh"
done

paranet=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../../.." && pwd)/paranet
work=$(mktemp -d /tmp/paranet-bench.XXXXXX)
ns=${work##*/}
backend_cpu=0
guest_cpu=$(($(nproc) - 1))
ticks=$(getconf CLK_TCK)
backend='' guest=''

stop() {
    local pid
    for pid in $guest $backend; do
        kill -KILL "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || true
    done
    guest='' backend=''
    rm -rf "$work"/*.sock "$work"/*.stdin "/var/run/dpdk/$ns-"*
}
finish() {
    stop
    ip netns delete "$ns" 2>/dev/null || true
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 1' INT TERM

inside() { exec ip netns exec "$ns" "$@"; }

# until SECONDS COMMAND..: looks every 50 ms.
until_true() {
    local left=$(($1 * 20))
    shift
    until "$@"; do
        [ $((left--)) -gt 0 ] || { printf 'guest-to-tap: timed out: %s\n' "$*" >&2; tail -n 20 "$work"/*.log >&2; exit 1; }
        sleep 0.05
    done
}

# testpmd NAME CPU ARGUMENT..: two threads on one CPU; its commands are read from $work/NAME.stdin.
testpmd() {
    local name=$1 cpu=$2
    shift 2
    mkfifo "$work/$name.stdin"
    inside stdbuf -oL dpdk-testpmd --lcores "0@$cpu,1@$cpu" --no-pci --no-huge -m 128 --file-prefix "$ns-$name" "$@" \
        <>"$work/$name.stdin" >"$work/$name.log" 2>&1
}

start_paranet() {
    (inside taskset -c "$backend_cpu" "$paranet" serve --socket-path="$work/port.sock" --tap=tap0 \
        >"$work/backend.log" 2>&1) &
    backend=$!
    until_true 120 test -S "$work/port.sock"
}

start_dpdk() {
    (testpmd backend "$backend_cpu" --vdev="net_vhost0,iface=$work/port.sock" --vdev=net_tap0,iface=tap0 \
        -- --interactive --total-num-mbufs=8192 --disable-link-check) &
    backend=$!
    until_true 60 grep -qs 'testpmd> ' "$work/backend.log"
    echo start >"$work/backend.stdin"
}

start_guest() {
    (testpmd guest "$guest_cpu" --vdev="net_virtio_user0,$ring,path=$work/port.sock" \
        -- --interactive --total-num-mbufs=8192 --disable-link-check --forward-mode=txonly --txpkts="$size") &
    guest=$!
    until_true 60 grep -qs 'testpmd> ' "$work/guest.log"
    echo start >"$work/guest.stdin"
}

frames() {
    ip netns exec "$ns" cat /sys/class/net/tap0/statistics/rx_packets /sys/class/net/tap0/statistics/rx_dropped |
        awk '{ n += $1 } END { print n }'
}
cpu_ticks() { sed 's/.*) //' "/proc/$1/stat" | awk '{ print $12 + $13 }'; }
flowing() { [ "$(frames)" -gt 1000 ]; }

# measure NAME: one line "frames-per-CPU-second frames-per-second CPU-percent".
measure() {
    rm -f "$work"/*.log
    "start_$1"
    ip -n "$ns" link set tap0 up
    start_guest
    until_true 60 flowing
    sleep "$warmup"
    local f0 c0 t0 f1 c1 t1
    f0=$(frames) c0=$(cpu_ticks "$backend") t0=$(date +%s%N)
    sleep "$seconds"
    f1=$(frames) c1=$(cpu_ticks "$backend") t1=$(date +%s%N)
    stop
    awk -v f=$((f1 - f0)) -v c=$((c1 - c0)) -v t=$((t1 - t0)) -v hz="$ticks" \
        'BEGIN { printf "%.0f %.0f %.0f\n", f / (c / hz), f / (t / 1e9), 100 * (c / hz) / (t / 1e9) }'
}

median() { sort -n | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

"$paranet" --version >/dev/null # builds it now, if it must
ip netns add "$ns"
ip netns exec "$ns" sysctl -qw net.ipv6.conf.default.disable_ipv6=1

printf 'guest to TAP, %s B, %s, one core: %s, Linux %s\n' "$size" "$ring" \
    "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" "$(uname -r)"
printf '%-6s %-8s %16s %12s %6s\n' round backend frames/CPU-s frames/s CPU%
for ((round = 1; round <= rounds; round++)); do
    for name in paranet dpdk; do
        result=$(measure "$name")
        read -r per_cpu per_second cpu <<<"$result"
        echo "$per_cpu" >>"$work/$name.results"
        printf '%-6s %-8s %16s %12s %6s\n' "$round" "$name" "$per_cpu" "$per_second" "$cpu"
    done
done
ours=$(median <"$work/paranet.results")
theirs=$(median <"$work/dpdk.results")
printf '%-6s %-8s %16s\n%-6s %-8s %16s\n' median paranet "$ours" median dpdk "$theirs"
awk -v a="$ours" -v b="$theirs" 'BEGIN { printf "paranet / dpdk: %.3f\n", a / b }'
