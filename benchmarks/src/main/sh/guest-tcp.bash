# What qemu-tcp.sh and uml-tcp.sh share: sourced with their arguments, in a script with `set -euo pipefail` whose first
# comment is its usage. They define start_guest, ticks and run, and stop_guest where stop_all does not know all to end.

export LC_ALL=C

script=$(basename "$0")
rounds=3 seconds=5 pings=2000
for option in "$@"; do
    case $option in
        --rounds=[1-9]*) rounds=${option#*=} ;;
        --seconds=[1-9]*) seconds=${option#*=} ;;
        --pings=[1-9]*) pings=${option#*=} ;;
        *) sed -n '2,/^$/s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
    esac
done
[ "$(id -u)" = 0 ] || { echo "$script: needs root: a namespace and a TAP" >&2; exit 78; }

root=$(cd "$(dirname "$(readlink -f "$0")")/../../../.." && pwd)
backend=${PARANET:-$root/paranet}
properties=$("$root/launcher/src/test/guests/provision.sh")
property() { sed -n "s/^$1=//p" "$properties"; }

namespace=paranet-${script%.sh}-$$
work=$(mktemp -d)
started=() # processes to end
stop_guest() { :; }
stop_all() {
    local pid
    stop_guest
    for pid in "${started[@]}"; do kill -9 "$pid" 2>/dev/null || true; done
    for pid in "${started[@]}"; do wait "$pid" 2>/dev/null || true; done
    started=()
}
clean_up() {
    stop_all
    ip netns delete "$namespace" 2>/dev/null || true
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

inside() { ip netns exec "$namespace" "$@"; }

# make_initramfs DIRECTORY MODULE..: a file system with the kernel's modules of a directory, whose init takes up the guest's
# interface, vec0 or eth0, and serves iperf3.
make_initramfs() {
    local tree=$work/tree directory=$1 tool module
    shift
    mkdir -p "$tree"/{bin,dev,proc,sys,tmp,modules}
    cp "$(property busybox)" "$tree/bin/busybox"
    cp "$(property iperf3)" "$tree/bin/iperf3"
    ldd "$(property iperf3)" | grep -o '/[^ ]*' | while read -r tool; do
        mkdir -p "$tree$(dirname "$tool")"
        cp "$tool" "$tree$tool"
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
/bin/iperf3 -s
END
    chmod +x "$tree/init"
    (cd "$tree" && find . | "$(property busybox)" cpio -o -H newc 2>/dev/null) >"$work/initramfs.cpio"
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

# tcp [-R]: prints Mbit/s as the receiver saw them, and CPU seconds for each Gbit carried.
tcp() {
    await 60 "a measurement by the guest's iperf3" measure "$@"
    awk -v ticks=$((after - before)) -v hz="$(getconf CLK_TCK)" -v s="$seconds" \
        '/receiver/ { printf "%d %.2f\n", $7, ticks / hz / ($7 * s / 1000) }' "$work/iperf3.log"
}

# The guest's iperf3 refuses connections for a moment after each client, so this may have to be tried again.
measure() {
    before=$(ticks)
    inside iperf3 -c 10.77.0.2 -t "$seconds" -f m "$@" >"$work/iperf3.log" || return
    after=$(ticks)
}

# round_trip PING-OPTION..: prints the median round trip in microseconds.
round_trip() {
    inside ping -q -c 50 -A 10.77.0.2 >/dev/null
    inside ping -c "$pings" "$@" 10.77.0.2 | sed -n 's/.*time=\([0-9.]*\) ms/\1/p' | sort -n |
        awk '{ t[NR] = $1 } END { printf "%d\n", t[int((NR + 1) / 2)] * 1000 }'
}

# Makes the TAP that both back ends use in turn.
make_tap() {
    inside ip tuntap add dev tap0 mode tap vnet_hdr
    inside ip address add 10.77.0.1/24 dev tap0
    inside ip link set tap0 up
}

# Starts the port and returns once guests can attach to $work/port.sock.
start_port() {
    rm -f "$work/port.sock"
    ip netns exec "$namespace" "$backend" serve --socket-path="$work/port.sock" --tap=tap0 >"$work/port.log" 2>&1 &
    started+=($!)
    await 120 "the socket of $backend" test -S "$work/port.sock"
}

# What the fields of a line of runs look like for people, in awk.
row='function row(    f) {
    printf "%-8s %8d", $1, $2
    for (f = 3; f <= NF; f++) printf f == 3 || f == 5 ? " %10.2f" : " %10d", $f
    print ""
}'

# end_run KIND FIGURE..: appends a line to runs and prints it, and takes down what the run needed.
end_run() {
    echo "$*" | tee -a "$work/runs" | awk "$row { row() }"
    stop_all
    inside ip link delete tap0
}

# summary KIND..: the medians of each kind, and the ratio of paranet, the last one, to each of the others.
summary() {
    awk -v kinds="$*" "$row"'
    function median(kind, field,    n, i, j, t, v) {
        n = count[kind]
        for (i = 1; i <= n; i++) v[i] = value[kind, field, i]
        for (i = 2; i <= n; i++)
            for (j = i; j > 1 && v[j - 1] > v[j]; j--) { t = v[j]; v[j] = v[j - 1]; v[j - 1] = t }
        return n % 2 ? v[(n + 1) / 2] : (v[n / 2] + v[n / 2 + 1]) / 2
    }
    { count[$1]++; fields = NF; for (f = 2; f <= NF; f++) value[$1, f, count[$1]] = $f }
    END {
        n = split(kinds, kind, " ")
        print "# medians"
        for (k = 1; k <= n; k++) {
            $0 = kind[k]
            for (f = 2; f <= fields; f++) $f = m[k, f] = median(kind[k], f)
            row()
        }
        for (k = 1; k < n; k++) {
            printf "%-8s", n == 2 ? "ratio" : "/ " kind[k]
            for (f = 2; f <= fields; f++) printf f == 2 ? " %8.2f" : " %10.2f", m[n, f] / m[k, f]
            print ""
        }
    }' "$work/runs"
}
