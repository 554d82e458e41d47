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

# The CPU time in clock ticks of the back end and of the guest.
ticks() { echo $(($(process_ticks ${started[@]+"${started[@]}"}) + $(uml_ticks))); }

# run KIND: one boot and all measurements; appends a line to runs.
run() {
    make_tap
    if [ "$1" = paranet ]; then
        start_port
        start_uml "virtio_uml.device=$work/port.sock:1"
    else
        start_uml "vec0:transport=$1,ifname=tap0,depth=128,gro=1"
    fi
    await_guest
    local out into rr
    out=$(tcp -R)
    into=$(tcp)
    rr=$(round_trip -A)
    end_run "$1" "$out" "$into" "$rr"
}

make_uml_initramfs
make_namespace

printf '# UML %s, %s, %s s a measurement\n' "$("$(property uml)" --version)" "$(uname -r), $(nproc) CPUs" "$seconds"
printf '%-8s %8s %10s %10s %10s %10s\n' backend out/Mbit s/Gbit in/Mbit s/Gbit rr50/us
for ((round = 1; round <= rounds; round++)); do
    run tap
    run hybrid
    run paranet
done
summary tap hybrid paranet
