#!/bin/bash
# One QEMU guest, alternately on QEMU's own virtio-net with a TAP (vhost=off) and on ./paranet serve with the same TAP:
# TCP out of the guest and into it with the CPU time it costs, and the median round trip: of requests that each follow the
# answer to the last one (rr), and of one every 2 ms, so that everything has gone to sleep in between (ping). Prints every
# run, then medians and ratios.
#
# usage: qemu-tcp.sh [--rounds=N] [--seconds=N] [--pings=N]      as root
#        rounds   pairs of runs, own first and Paranet second (default 3)
#        seconds  length of each TCP measurement (default 5)
#        pings    echo requests for the round trip (default 2000)
# The environment variable PARANET names another back end that takes the options of `paranet serve`.
#
# Status: 0 done, 1 failed, 2 wrong usage, 78 a prerequisite is missing (says which)

set -euo pipefail
# shellcheck source=guest-tcp.bash
. "$(dirname "$(readlink -f "$0")")/guest-tcp.bash"

# The CPU time in clock ticks of all processes started for this run.
ticks() { process_ticks "${started[@]}"; }

# run KIND: one boot and all measurements; appends a line to runs.
run() {
    make_tap
    if [ "$1" = qemu ]; then
        start_qemu -netdev tap,id=n0,ifname=tap0,script=no,downscript=no,vhost=off
    else
        start_port
        start_qemu "${vhost_user[@]}"
    fi
    await_guest
    local out into rr ping
    out=$(tcp -R)
    into=$(tcp)
    rr=$(round_trip -A)
    ping=$(round_trip -i 0.002)
    end_run "$1" "$out" "$into" "$rr" "$ping"
}

make_qemu_initramfs
make_namespace

printf '# %s, %s, %s s a measurement\n' "$("$(property qemu)" --version | head -n 1)" "$(uname -r), $(nproc) CPUs" "$seconds"
printf '%-8s %8s %10s %10s %10s %10s %10s\n' backend out/Mbit s/Gbit in/Mbit s/Gbit rr50/us ping50/us
for ((round = 1; round <= rounds; round++)); do
    run qemu
    run paranet
done
summary qemu paranet
