#!/bin/bash
# One User-Mode Linux guest, in turn on UML's own vector transport with a TAP, first as `tap` and then as `hybrid` (which
# receives by a packet socket, many frames a system call), and on ./paranet serve with the same TAP: TCP out of the guest
# and into it with the CPU time it costs, and the median round trip of requests that each follow the answer to the last one.
# Prints every run, then medians and Paranet's ratio to each of the other two.
#
# Both vector transports have gro=1: without it UML takes no segments, and the host's TCP, which sends them, crawls.
#
# usage: uml-tcp.sh [--rounds=N] [--seconds=N] [--pings=N]      as root
#        rounds   runs of each of the three (default 3)
#        seconds  length of each TCP measurement (default 5)
#        pings    echo requests for the round trip (default 2000)
# The environment variable PARANET names another back end that takes the options of `paranet serve`.
#
# Status: 0 done, 1 failed, 2 wrong usage, 78 a prerequisite is missing (says which)

set -euo pipefail
# shellcheck source=guest-tcp.bash
. "$(dirname "$(readlink -f "$0")")/guest-tcp.bash"

sandbox= # in which the guest runs
guest=   # the guest's kernel, which leads a process group of its helpers and its own processes
stop_guest() {
    local pid
    if [ -n "$sandbox" ]; then
        find_guest 2>/dev/null || true
        for pid in ${guest:+-"$guest" "$guest"} "$sandbox"; do kill -9 -- "$pid" 2>/dev/null || true; done
        wait "$sandbox" 2>/dev/null || true
    fi
    sandbox='' guest=''
}

# UML as old as Debian 12's dies on processors with AMX unless ptrace refuses it the registers beyond SSE's, and then the C
# library in the guest must leave those alone: see docs/attach-uml.md.
start_guest() {
    printf '\x20\0\0\0\0\0\0\0\x15\0\0\x06\x65\0\0\0\x20\0\0\0\x10\0\0\0\x15\0\x01\0\x04\x42\0\0\x15\0\0\x03\x05\x42\0\0%b' \
        '\x20\0\0\0\x20\0\0\0\x15\0\0\x01\x02\x02\0\0\x06\0\0\0\x16\0\x05\0\x06\0\0\0\0\0\xff\x7f' >"$work/ptrace.bpf"
    ip netns exec "$namespace" "$(property bwrap)" --die-with-parent --dev-bind / / --seccomp 9 \
        "$(property uml)" mem=256M "initrd=$work/initramfs.cpio" "uml_dir=$work/uml/" con=null ssl=null stderr=1 \
        GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX,-AVX2,-AVX512F,-AVX512BW,-AVX512VL,-FMA,-AVX_Fast_Unaligned_Load \
        "$@" >"$work/uml.log" 2>&1 </dev/null 9<"$work/ptrace.bpf" &
    sandbox=$!
    await 10 'the start of the guest' find_guest
}

# Sets `guest`, the sandbox's only child, once it leads a process group.
find_guest() {
    read -r guest <"/proc/$sandbox/task/$sandbox/children" || [ -n "$guest" ] || return 1
    guest=${guest%% *}
    [ "$(ps -o pgid= -p "$guest" | tr -d ' ')" = "$guest" ]
}

# The CPU time in clock ticks of the back end and of every process of the guest, those that have ended included.
ticks() {
    local pid
    for pid in "${started[@]}" $(pgrep -g "$guest"); do
        sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null || true
    done | awk '{ sum += $12 + $13 + $14 + $15 } END { print sum }'
}

# run KIND: one boot and all measurements; appends a line to runs.
run() {
    make_tap
    if [ "$1" = paranet ]; then
        start_port
        start_guest "virtio_uml.device=$work/port.sock:1"
    else
        start_guest "vec0:transport=$1,ifname=tap0,depth=128,gro=1"
    fi
    await 60 'an answer of the guest' inside ping -c 1 -W 1 10.77.0.2
    local out into rr
    out=$(tcp -R)
    into=$(tcp)
    rr=$(round_trip -A)
    end_run "$1" "$out" "$into" "$rr"
}

make_initramfs "$(property uml.modules)" failover net_failover virtio_net
ip netns add "$namespace"
inside ip link set lo up

printf '# UML %s, %s, %s s a measurement\n' "$("$(property uml)" --version)" "$(uname -r), $(nproc) CPUs" "$seconds"
printf '%-8s %8s %10s %10s %10s %10s\n' backend out/Mbit s/Gbit in/Mbit s/Gbit rr50/us
for ((round = 1; round <= rounds; round++)); do
    run tap
    run hybrid
    run paranet
done
summary tap hybrid paranet
