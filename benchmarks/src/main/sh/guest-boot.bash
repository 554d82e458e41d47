# What the scripts with real guests share: sourced, in a script with `set -euo pipefail` that has made sure of its options.
# Guests are made in a namespace of the script's own; at its end, all that it started is ended, and all that it made is gone.
#
# Before make_initramfs, `services` may hold a script that the guest runs beside its iperf3, `programs` what that needs.

export LC_ALL=C

script=$(basename "$0")
[ "$(id -u)" = 0 ] || { echo "$script: needs root: a namespace and a TAP" >&2; exit 78; }

root=$(cd "$(dirname "$(readlink -f "$0")")/../../../.." && pwd)
backend=${PARANET:-$root/paranet}
properties=$("$root/launcher/src/test/guests/provision.sh")
property() { sed -n "s/^$1=//p" "$properties"; }

"$backend" --version >/dev/null # builds it now, if it must

namespace=paranet-${script%.sh}-$$
work=$(mktemp -d)
started=() # processes to end
sandbox=   # in which a guest of User-Mode Linux runs
guest=     # its kernel, which leads a process group of its helpers and its own processes
services=
programs=()

stop_all() {
    local pid
    if [ -n "$sandbox" ]; then
        find_guest 2>/dev/null || true
        for pid in ${guest:+-"$guest" "$guest"} "$sandbox"; do kill -9 -- "$pid" 2>/dev/null || true; done
        wait "$sandbox" 2>/dev/null || true
    fi
    sandbox='' guest=''
    for pid in ${started[@]+"${started[@]}"}; do kill -9 "$pid" 2>/dev/null || true; done
    for pid in ${started[@]+"${started[@]}"}; do wait "$pid" 2>/dev/null || true; done
    started=()
}
clean_up() {
    stop_all
    ip netns delete "$namespace" 2>/dev/null || true
    rm -rf "$work" "/var/run/dpdk/$namespace"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

inside() { ip netns exec "$namespace" "$@"; }

make_namespace() {
    ip netns add "$namespace"
    inside ip link set lo up
}

# make_initramfs NAME DIRECTORY MODULE..: $work/NAME.cpio, a file system with the kernel's modules of a directory, whose init
# takes up the guest's interface, vec0 or eth0, and serves iperf3.
make_initramfs() {
    local tree=$work/$1 archive=$work/$1.cpio directory=$2 program library module
    shift 2
    mkdir -p "$tree"/{bin,dev,proc,sys,tmp,modules}
    cp "$(property busybox)" "$tree/bin/busybox"
    for program in iperf3 ${programs[@]+"${programs[@]}"}; do
        cp "$(property "$program")" "$tree/bin/$program"
        ldd "$(property "$program")" | grep -o '/[^ ]*' | while read -r library; do
            mkdir -p "$tree$(dirname "$library")"
            cp "$library" "$tree$library"
        done
    done
    for module; do
        cp "$(find "$directory" -name "$module.ko")" "$tree/modules/"
    done
    cat >"$tree/init" <<END
#!/bin/busybox sh
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sys /sys
for module in $*; do /bin/busybox insmod /modules/\$module.ko; done
/bin/busybox ip link set lo up
for interface in vec0 eth0; do
    [ -e /sys/class/net/\$interface ] || continue
    /bin/busybox ip link set \$interface up
    /bin/busybox ip address add 10.77.0.2/24 dev \$interface
done
$services
/bin/iperf3 -s
END
    chmod +x "$tree/init"
    (cd "$tree" && find . | "$(property busybox)" cpio -o -H newc 2>/dev/null) >"$archive"
}

make_qemu_initramfs() {
    make_initramfs qemu "$(property linux.modules)" failover net_failover virtio_ring virtio virtio_pci_modern_dev \
        virtio_pci_legacy_dev virtio_pci virtio_net
}

make_uml_initramfs() {
    make_initramfs uml "$(property uml.modules)" failover net_failover virtio_net
}

# await SECONDS WHAT COMMAND..: repeats the command until it succeeds.
await() {
    local deadline=$((SECONDS + $1)) what=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        if [ "$SECONDS" -ge "$deadline" ]; then
            tail -n 20 "$work"/*.log >&2
            echo "$script: $what did not happen" >&2
            exit 1
        fi
        sleep 0.1
    done
}

await_guest() { await 180 'an answer of the guest' inside ping -c 1 -W 1 10.77.0.2; }

# start_qemu NETWORK-OPTION..: a guest with one virtio-net device, whose -netdev has the id n0. More options of the device
# are in `device`.
device=
start_qemu() {
    ip netns exec "$namespace" "$(property qemu)" -nodefaults -no-user-config -display none \
        -L "$(property qemu.data)" -L "$(property qemu.seabios)" -L "$(property qemu.roms)" \
        -machine q35 -accel tcg,thread=multi -cpu max -smp 2,maxcpus=2 -m 512M \
        -object memory-backend-memfd,id=m0,share=on,size=512M -numa node,memdev=m0 \
        -kernel "$(property linux.kernel)" -initrd "$work/qemu.cpio" \
        -append 'console=ttyS0 quiet panic=1 mitigations=off no_timer_check' -serial "file:$work/console.log" \
        "$@" -device "virtio-net-pci,netdev=n0,mac=52:54:00:12:34:56$device" >"$work/qemu.log" 2>&1 &
    started+=($!)
}

# The network of start_qemu that a back end behind $work/port.sock serves.
vhost_user=(-chardev "socket,id=c0,path=$work/port.sock" -netdev vhost-user,id=n0,chardev=c0)

# UML as old as Debian 12's dies on processors with AMX unless ptrace refuses it the registers beyond SSE's, and then the C
# library in the guest must leave those alone: see docs/attach-uml.md.
start_uml() {
    printf '\x20\0\0\0\0\0\0\0\x15\0\0\x06\x65\0\0\0\x20\0\0\0\x10\0\0\0\x15\0\x01\0\x04\x42\0\0\x15\0\0\x03\x05\x42\0\0%b' \
        '\x20\0\0\0\x20\0\0\0\x15\0\0\x01\x02\x02\0\0\x06\0\0\0\x16\0\x05\0\x06\0\0\0\0\0\xff\x7f' >"$work/ptrace.bpf"
    ip netns exec "$namespace" "$(property bwrap)" --die-with-parent --dev-bind / / --seccomp 9 \
        "$(property uml)" mem=256M "initrd=$work/uml.cpio" "uml_dir=$work/uml.d/" con=null ssl=null stderr=1 \
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

# process_ticks PID..: the CPU time in clock ticks of these processes, without their children.
process_ticks() {
    local pid
    for pid; do
        sed 's/.*) //' "/proc/$pid/stat"
    done | awk '{ sum += $12 + $13 } END { print sum + 0 }'
}

# The same of every process of User-Mode Linux, those that have ended included.
uml_ticks() {
    local pid
    for pid in $(pgrep -g "$guest"); do
        sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null || true
    done | awk '{ sum += $12 + $13 + $14 + $15 } END { print sum + 0 }'
}

# Makes the TAP that back ends use in turn.
make_tap() {
    inside ip tuntap add dev tap0 mode tap vnet_hdr
    take_up_tap
}
take_up_tap() {
    inside ip address add 10.77.0.1/24 dev tap0
    inside ip link set tap0 up
}

# start_port OPTION..: starts the port and returns once guests can attach to $work/port.sock.
start_port() {
    rm -f "$work/port.sock"
    ip netns exec "$namespace" "$backend" serve --socket-path="$work/port.sock" --tap=tap0 "$@" >"$work/port.log" 2>&1 &
    started+=($!)
    await 120 "the socket of $backend" test -S "$work/port.sock"
}

# median: of the numbers on standard input, the lower of two.
median() { sort -n | awk '{ v[NR] = $1 } END { if (NR) print v[int((NR + 1) / 2)] }'; }
