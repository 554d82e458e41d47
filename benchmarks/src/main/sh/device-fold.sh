#!/bin/bash
# What 1, 2, 4, 8 and 16 devices cost on one connection: frames of the same guest echoed by a virtio-net device with so
# many queue pairs and by a bus with so many venet devices, in turn. Printed for each: frames (there and back) for a second
# of processor time of the back end, doorbells and interrupts a frame, and how many signals one interrupt stood for.
#
# usage: device-fold.sh [--rounds=N] [--seconds=N] [--warmup=N] [--size=BYTES] [--devices='N N ..']
#        rounds   of every combination; the medians are printed with the lowest and the highest (default 3)
#        seconds  measured, each (default 3)
#        warmup   seconds of the same traffic before, each (default 3)
#        size     of each frame, 64 to 1514 (default 1514)
#        devices  numbers of them (default '1 2 4 8 16')
#
# Status: 0 done, 1 failed, 2 wrong usage, 78 a prerequisite is missing (says which)

set -euo pipefail
export LC_ALL=C

rounds=3 seconds=3 warmup=3 size=1514 devices='1 2 4 8 16'
for option; do
    case $option in
        --rounds=[1-9]*) rounds=${option#*=} ;;
        --seconds=[1-9]*) seconds=${option#*=} ;;
        --warmup=[1-9]*) warmup=${option#*=} ;;
        --size=[1-9]*) size=${option#*=} ;;
        --devices=[1-9]*) devices=${option#*=} ;;
        *) sed -n '2,14s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
    esac
done
command -v python3 >/dev/null || { echo "device-fold: no python3; install the package python3" >&2; exit 78; }

paranet=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../../.." && pwd)/paranet
work=$(mktemp -d /tmp/paranet-bench.XXXXXX)
port=''

stop() {
    [ -z "$port" ] || { kill -TERM "$port" 2>/dev/null && wait "$port" 2>/dev/null || true; }
    port=''
}
finish() {
    stop
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 1' INT TERM

ticks() { sed 's/.*) //' "/proc/$port/stat" | awk '{ print $12 + $13 }'; }

# measure DEVICE COUNT: appends the JSON object of a run to the file of this combination, with the back end's ticks.
measure() {
    local serve guest before after
    if [ "$1" = venet ]; then
        serve=--device=venet=$2 guest=--device=venet=$2
    else
        serve=--queues=$2 guest=--queues=$2
    fi
    "$paranet" serve --socket-path="$work/port.sock" --echo "$serve" 2>"$work/port.log" &
    port=$!
    until [ -S "$work/port.sock" ]; do kill -0 "$port"; sleep 0.05; done
    "$paranet" loopback --socket-path="$work/port.sock" "$guest" --size="$size" --seconds="$warmup" >"$work/warm.log"
    before=$(ticks)
    "$paranet" loopback --socket-path="$work/port.sock" "$guest" --size="$size" --seconds="$seconds" --json >"$work/run.log"
    after=$(ticks)
    printf '%d %s\n' $((after - before)) "$(tail -1 "$work/run.log")" >>"$work/$1-$2"
    stop
}

"$paranet" --version >/dev/null # builds it now, if it must
for ((round = 0; round < rounds; round++)); do
    for count in $devices; do
        measure virtio-net "$count"
        measure venet "$count"
    done
done
python3 - "$work" "$(getconf CLK_TCK)" $devices <<'PYTHON'
import json, statistics, sys
work, hertz, counts = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
print("%-11s %7s %26s %10s %12s %10s %12s" % (
    "device", "queues", "frames a CPU second", "lost", "doorbells", "calls", "signals"))
print("%-11s %7s %26s %10s %12s %10s %12s" % ("", "", "", "", "a frame", "a frame", "a call"))
for count in counts:
    for device in ("virtio-net", "venet"):
        rates, doorbells, calls, fold, lost = [], [], [], [], 0
        for line in open("%s/%s-%s" % (work, device, count)):
            ticks, text = line.split(" ", 1)
            run = json.loads(text)
            rates.append(run["framesVerified"] / (int(ticks) / hertz))
            doorbells.append(run["kicksPerFrame"])
            calls.append(run["calls"] / run["framesVerified"])
            fold.append(run["foldFactor"])
            lost += run["lost"] + run["corrupt"] + run["reordered"]
        print("%-11s %7s %12s %13s %10d %12.4f %10.4f %12.2f" % (
            device, count, "{:,.0f}".format(statistics.median(rates)),
            "(%.2f-%.2f M)" % (min(rates) / 1e6, max(rates) / 1e6), lost,
            statistics.median(doorbells), statistics.median(calls), statistics.median(fold)))
PYTHON
