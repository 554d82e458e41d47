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

start_guest() {
    ip netns exec "$namespace" "$(property qemu)" -nodefaults -no-user-config -display none \
        -L "$(property qemu.data)" -L "$(property qemu.seabios)" -L "$(property qemu.roms)" \
        -machine q35 -accel tcg,thread=multi -cpu max -smp 2,maxcpus=2 -m 512M \
        -object memory-backend-memfd,id=m0,share=on,size=512M -numa node,memdev=m0 \
        -kernel "$(property linux.kernel)" -initrd "$work/initramfs.cpio" \
        -append 'console=ttyS0 quiet panic=1 mitigations=off' -serial "file:$work/console.log" \
        "$@" -device virtio-net-pci,netdev=n0,mac=52:54:00:12:34:56 >"$work/qemu.log" 2>&1 &
    started+=($!)
}

# The CPU time in clock ticks of all processes started for this run.
ticks() {
    local pid sum=0 stat
    for pid in "${started[@]}"; do
        stat=$(sed 's/.*) //' "/proc/$pid/stat")
        # shellcheck disable=SC2086
        set -- $stat
        sum=$((sum + ${12} + ${13}))
    done
    echo "$sum"
}

# run KIND: one boot and all measurements; appends a line to runs.
run() {
    make_tap
    if [ "$1" = qemu ]; then
        start_guest -netdev tap,id=n0,ifname=tap0,script=no,downscript=no,vhost=off
    else
        start_port
        start_guest -chardev "socket,id=c0,path=$work/port.sock" -netdev vhost-user,id=n0,chardev=c0
    fi
    await 60 'an answer of the guest' inside ping -c 1 -W 1 10.77.0.2
    local out into rr ping
    out=$(tcp -R)
    into=$(tcp)
    rr=$(round_trip -A)
    ping=$(round_trip -i 0.002)
    end_run "$1" "$out" "$into" "$rr" "$ping"
}

make_initramfs "$(property linux.modules)" failover net_failover virtio_ring virtio virtio_pci_modern_dev virtio_pci_legacy_dev \
    virtio_pci virtio_net
ip netns add "$namespace"
inside ip link set lo up

printf '# %s, %s, %s s a measurement\n' "$("$(property qemu)" --version | head -n 1)" "$(uname -r), $(nproc) CPUs" "$seconds"
printf '%-8s %8s %10s %10s %10s %10s %10s\n' backend out/Mbit s/Gbit in/Mbit s/Gbit rr50/us ping50/us
for ((round = 1; round <= rounds; round++)); do
    run qemu
    run paranet
done
summary qemu paranet
