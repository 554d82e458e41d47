#!/bin/bash
# What a port costs while nothing happens: milliseconds from the start of `./paranet serve` to its first accepted
# connection, resident memory, and processor time of an idle port, first alone, then with a guest attached that is silent.
#
# usage: port-cost.sh [--starts=N] [--seconds=N]      as root
#        starts   starts measured (default 5)
#        seconds  of idleness measured, each (default 30)
#
# Status: 0 done, 1 failed, 2 wrong usage, 78 a prerequisite is missing (says which)

set -euo pipefail
export LC_ALL=C
PATH=$PATH:/usr/sbin:/sbin

starts=5 seconds=30
for option; do
    case $option in
        --starts=[1-9]*) starts=${option#*=} ;;
        --seconds=[1-9]*) seconds=${option#*=} ;;
        *) sed -n '2,10s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
    esac
done
missing() { printf 'port-cost: %s\n' "$1" >&2; exit 78; }
[ "$(id -u)" = 0 ] || missing "run it as root: it needs a network namespace and a TAP"
for tool in dpdk-testpmd ip python3; do
    command -v "$tool" >/dev/null || missing "no $tool; run launcher/src/test/guests/provision.sh"
done

paranet=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../../.." && pwd)/paranet
work=$(mktemp -d /tmp/paranet-bench.XXXXXX)
ns=${work##*/}
port='' guest=''

stop() {
    local pid
    for pid in $guest $port; do
        kill -KILL "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || true
    done
    guest='' port=''
    rm -rf "$work"/*.sock "/var/run/dpdk/$ns-"*
}
finish() {
    stop
    ip netns delete "$ns" 2>/dev/null || true
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 1' INT TERM

# Prints the milliseconds until a connection to the socket is accepted and answers GET_FEATURES.
accepted() {
    python3 - "$work/port.sock" <<'PYTHON'
import socket, sys, time
begin = time.monotonic()
while time.monotonic() - begin < 120:
    try:
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(sys.argv[1])
            s.settimeout(10)
            s.sendall(bytes([1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]))
            if len(s.recv(20)) == 20:
                print(round((time.monotonic() - begin) * 1000))
                sys.exit(0)
    except OSError:
        time.sleep(0.002)
sys.exit("no answer within 120 s")
PYTHON
}

start() {
    ip netns exec "$ns" "$paranet" serve --socket-path="$work/port.sock" --tap=tap0 >"$work/port.log" 2>&1 &
    port=$!
}
resident() { awk '/^VmRSS/ { printf "%d", $2 / 1024 }' "/proc/$port/status"; }
ticks() { sed 's/.*) //' "/proc/$port/stat" | awk '{ print $12 + $13 }'; }

# idle NAME: the share of a core that passes by in so many seconds.
idle() {
    local before after
    before=$(ticks)
    sleep "$seconds"
    after=$(ticks)
    awk -v name="$1" -v t=$((after - before)) -v hz="$(getconf CLK_TCK)" -v s="$seconds" -v m="$(resident)" \
        'BEGIN { printf "%-18s %6.3f %% of a core (%d ticks in %d s), %d MiB resident\n", name, 100 * t / hz / s, t, s, m }'
}

"$paranet" --version >/dev/null # builds it now, if it must
ip netns add "$ns"
ip netns exec "$ns" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1

for ((i = 0; i < starts; i++)); do
    start
    accepted >>"$work/starts"
    stop
done
sort -n "$work/starts" | awk '{ v[NR] = $1 } END { printf "start to answer     %d ms median, %d to %d (%d starts)\n", v[int((NR + 1) / 2)], v[1], v[NR], NR }'

start
accepted >/dev/null
ip -n "$ns" link set tap0 up
sleep 5 # the JVM settles
idle "idle, no guest"
ip netns exec "$ns" dpdk-testpmd --no-pci --no-huge -m 128 --file-prefix "$ns-guest" \
    --vdev="net_virtio_user0,path=$work/port.sock" -- --total-num-mbufs=8192 --forward-mode=rxonly \
    --auto-start --stats-period=3600 </dev/null >"$work/guest.log" 2>&1 &
guest=$!
sleep 15
grep -q 'rw-s.*memfd' "/proc/$port/maps" || { cat "$work"/*.log >&2; exit 1; }
idle "idle, guest"
