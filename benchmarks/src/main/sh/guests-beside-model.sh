#!/bin/bash
# Real guests under each policy, beside what the model says of the same policy: interrupts as the guest
# counts them, and frames; the back end's calls, kicks and CPU time, and why calls were avoided; throughput and round trips.
# One boot of each guest sees all policies, changed while it runs. For comparison, the same QEMU guest on QEMU's own
# virtio-net (peer-qemu) and on DPDK's vhost and TAP drivers (peer-dpdk).
#
# The TAP segments nothing, so that bulk into the guest comes in frames of the MTU, as it does in the model.
#
# usage: guests-beside-model.sh [--quick] [--seconds=N] [--policies=LIST] [--guests=LIST] [--out=FILE]        as root
#        quick     3 policies, 2 s a measurement
#        seconds   length of a measurement (default 5)
#        policies  as `paranet coalesce set` takes them, separated by spaces or semicolons (default: seven)
#        guests    of uml, qemu, peer-qemu and peer-dpdk, separated likewise (default: all)
#        out       where the rows go as CSV, each as it is measured (default: nowhere)
# It takes 5 minutes with --quick and 25 without at most: what is not measured then, is left out, and said so.
# The environment variable PARANET names another checkout's ./paranet.
#
# Status: 0 done, 1 failed, 2 wrong usage, 78 a prerequisite is missing (says which)

set -euo pipefail

seconds=5 out='' limit=1400
policies='none fixed,rx-usecs=8,tx-usecs=8 fixed,rx-usecs=64,tx-usecs=64 throttle dim vic pace'
guests='uml qemu peer-qemu peer-dpdk'
for option; do
    case $option in
        --quick) seconds=2 limit=270 policies='none fixed,rx-usecs=64,tx-usecs=64 pace' ;;
        --seconds=[1-9]*) seconds=${option#*=} ;;
        --policies=?*) policies=${option#*=} policies=${policies//;/ } ;;
        --guests=?*) guests=${option#*=} guests=${guests//;/ } ;;
        --out=?*) out=${option#*=} ;;
        *) sed -n '2,/^$/s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
    esac
done
# shellcheck source=guest-boot.bash
. "$(dirname "$(readlink -f "$0")")/guest-boot.bash"

workloads='tcp-in tcp-out rr udp-in'
datagrams=10000 # a second
model=()
header=guest,policy,workload,seconds,frames,interrupts,calls,kicks,throughput_bits,rtt_p50_nanos,backend_cpu_nanos
header+=,guest_cpu_nanos,received,published,avoided
hz=$(getconf CLK_TCK)

# In the guest: port 7 returns what it gets, port 9 tells what was counted.
programs=(socat)
services='/bin/busybox cat >/bin/counts <<"COUNTS"
#!/bin/busybox sh
cd /sys/class/net/eth0/statistics
/bin/busybox cat /proc/interrupts rx_packets tx_packets
COUNTS
/bin/busybox chmod +x /bin/counts
/bin/socat TCP-LISTEN:7,fork,reuseaddr,nodelay PIPE &
/bin/socat TCP-LISTEN:9,fork,reuseaddr EXEC:/bin/counts &'

# guest_counts: prints interrupts of the device's queues, frames received, frames sent. Asking is a few frames itself.
guest_counts() {
    inside socat -u -T 30 TCP:10.77.0.2:9 - | tr -d '\r' | awk '
        /virtio.*(input|output|requests)/ { for (i = 2; $i ~ /^[0-9]+$/; i++) interrupts += $i }
        NF == 1 && /^[0-9]+$/ { count[++n] = $1 }
        END { if (n != 2) { print "the guest told no counts" >"/dev/stderr"; exit 1 } printf "%d %d %d\n", interrupts, count[1], count[2] }'
}

# ask REQUEST..: of the port's control socket.
ask() {
    local answer
    answer=$(echo "$*" | "$(property socat)" -t 30 - "UNIX-CONNECT:$work/control.sock")
    [[ $answer == ok* ]] || { echo "$script: $*: $answer" >&2; exit 1; }
    printf '%s\n' "$answer"
}

# back_end_counts: prints published, calls, kicks, and every cause with its count; nothing of a peer.
back_end_counts() {
    case $kind in
        peer-*) ;;
        *)
            ask show json | sed -n \
                's/.*"published":\([0-9]*\),"calls":\([0-9]*\),.*"avoided":{\([^}]*\)}.*"inject":\([0-9]*\).*/\1 \2 \4 \3/p' |
                tr -d '"' | tr ':,' '= '
            ;;
    esac
}

# The CPU time of what serves the device, and of what runs the guest. QEMU serves its own device in its main thread.
back_end_ticks() {
    case $kind in
        peer-qemu) process_ticks "$emulator/task/$emulator" ;;
        *) process_ticks "$port" ;;
    esac
}
guest_ticks() {
    case $kind in
        uml) uml_ticks ;;
        peer-qemu) echo $(($(process_ticks "$emulator") - $(process_ticks "$emulator/task/$emulator"))) ;;
        *) process_ticks "$emulator" ;;
    esac
}

# load WORKLOAD: prints bits a second, and the median round trip in nanoseconds.
load() {
    local bits='' rtt ping
    if [ "$1" = rr ]; then
        inside timeout $((seconds + 30)) bash -c '
            exec 3<>/dev/tcp/10.77.0.2/7
            until=$((${EPOCHREALTIME/./} + $1 * 1000000)) now=0
            while ((now < until)); do
                asked=${EPOCHREALTIME/./}
                printf x >&3
                read -rN1 -u3 _
                now=${EPOCHREALTIME/./}
                echo $((now - asked))
            done' bash "$seconds" >"$work/times"
        echo "$(($(wc -l <"$work/times") * 8 / seconds)) $(($(median <"$work/times") * 1000))"
        return
    fi
    inside ping -i 0.02 -w $((seconds + 30)) 10.77.0.2 >"$work/ping" &
    ping=$!
    await 60 "a measurement by the guest's iperf3" client "$1"
    kill -INT "$ping"
    wait "$ping" || true
    bits=$(awk '/receiver/ { printf "%d", $7 * 1000 }' "$work/iperf3.out")
    rtt=$(sed -n 's/.*time=\([0-9.]*\) ms/\1/p' "$work/ping" | median)
    echo "$bits $(awk -v ms="$rtt" 'BEGIN { printf "%d", ms * 1e6 }')"
}

# The guest's iperf3 refuses connections for a moment after each client, so this may have to be tried again.
client() {
    local options=()
    case $1 in
        tcp-out) options=(-R) ;;
        udp-in) options=(-u -l 22 -b $((datagrams * 22 * 8)) --pacing-timer 100) ;;
    esac
    inside timeout $((seconds + 30)) iperf3 -c 10.77.0.2 -t "$seconds" -f k ${options[@]+"${options[@]}"} >"$work/iperf3.out"
}

# measure POLICY WORKLOAD: one row, to the file of rows and for people.
measure() {
    local before after bits rtt
    before="$(guest_counts) $(back_end_ticks) $(guest_ticks) $(back_end_counts)"
    read -r bits rtt <<<"$(load "$2")"
    after="$(back_end_ticks) $(guest_ticks) $(back_end_counts)"
    after="$(guest_counts) $after"
    printf '%s\n%s\n' "$before" "$after" | awk -v name="$kind,\"$1\",$2,$seconds" -v kind="$kind" -v bits="$bits" -v rtt="$rtt" -v hz="$hz" '
        NR == 1 { for (i = 1; i <= NF; i++) { was[i] = $i; split($i, part, "="); if (i > 8) was[i] = part[2] } }
        NR == 2 {
            cpu = ($4 - was[4]) * 1e9 / hz
            if (kind !~ /^peer/) {
                published = $6 - was[6]; calls = $7 - was[7]; kicks = $8 - was[8]
                for (i = 9; i <= NF; i++) {
                    split($i, part, "=")
                    if (part[2] != was[i]) avoided = avoided (avoided ? " " : "") part[1] "=" part[2] - was[i]
                }
            }
            guest = kind ~ /^peer/ ? "qemu" name : name
            sub(/^qemupeer-[a-z]*/, "qemu", guest)
            printf "%s,%d,%d,%s,%s,%d,%d,%d,%d,%d,%s,\"%s\"\n", guest, $2 - was[2] + $3 - was[3], $1 - was[1], calls, kicks, bits, rtt, \
                cpu, ($5 - was[5]) * 1e9 / hz, $2 - was[2], published, avoided
        }' | tee -a "$rows" | for_people
}

for_people() {
    # A comma within quotes, as in a policy with keys, separates nothing.
    awk '{
        n = split($0, part, "\""); line = ""
        for (i = 1; i <= n; i++) { if (i % 2 == 0) gsub(",", "\001", part[i]); line = line part[i] }
        split(line, v, ","); gsub("\001", ",", v[2])
        printf "%-5s %-28s %-8s %8.0f %9.4f %9s %9s %9.1f %8.0f %9.1f %9.1f  %s\n", v[1], v[2], v[3], v[5] / v[4], v[6] / v[5], \
            v[7] == "" ? "-" : sprintf("%.4f", v[7] / v[5]), v[8] == "" ? "-" : sprintf("%.4f", v[8] / v[5]), v[9] / 1e6, v[10] / 1e3, \
            v[11] / v[5] / 1e3, v[12] / v[5] / 1e3, v[15]
    }'
}

# Sets `model` to what runs a class of the back end's own jars, for the model is one of them.
find_model() {
    local word words=()
    while read -rd '' word; do
        [ "$word" != paranet.launcher.Main ] || model=("${words[@]}")
        words+=("$word")
    done <"/proc/$port/cmdline"
}

# boot KIND: the guest, and what serves it.
boot() {
    kind=$1 port='' emulator=''
    case $kind in
        peer-dpdk)
            mkfifo "$work/testpmd.in"
            ip netns exec "$namespace" stdbuf -oL "$(property testpmd)" --lcores 0@0,1@1 --no-pci --no-huge -m 128 \
                --file-prefix "$namespace" --vdev="net_vhost0,iface=$work/port.sock" --vdev=net_tap0,iface=tap0 \
                -- --interactive --total-num-mbufs=8192 --disable-link-check <>"$work/testpmd.in" >"$work/testpmd.log" 2>&1 &
            port=$!
            started+=("$port")
            await 60 'the prompt of testpmd' grep -q 'testpmd> ' "$work/testpmd.log"
            echo start >"$work/testpmd.in"
            take_up_tap
            ;;
        peer-qemu) make_tap ;;
        *)
            make_tap
            start_port --control-socket="$work/control.sock"
            port=${started[-1]}
            find_model
            ;;
    esac
    case $kind in
        uml) start_uml "virtio_uml.device=$work/port.sock:1" ;;
        qemu) start_qemu "${vhost_user[@]}" ;;
        peer-qemu) start_qemu -netdev tap,id=n0,ifname=tap0,script=no,downscript=no,vhost=off ;;
        # Its TAP driver passes frames on as they are, so nothing may be left for anybody to finish.
        peer-dpdk) device=,csum=off,guest_csum=off start_qemu "${vhost_user[@]}" ;;
    esac
    [ "$kind" = uml ] || emulator=${started[-1]}
    await_guest
    await 60 "the guest's counts" guest_counts
    inside "$(property ethtool)" -K tap0 tso off gso off >/dev/null # now, for a guest's driver turns them on as it starts
}

end_boot() {
    stop_all
    rm -f "$work/testpmd.in" "$work/port.sock" "$work/control.sock"
    ! ip -n "$namespace" link show tap0 >/dev/null 2>&1 || inside ip link delete tap0
}

for each in $guests; do
    case $each in
        uml | qemu | peer-qemu | peer-dpdk) ;;
        *) echo "$script: '$each' is none of uml, qemu, peer-qemu and peer-dpdk" >&2; exit 2 ;;
    esac
done
make_qemu_initramfs
make_uml_initramfs
make_namespace
inside sysctl -qw net.ipv6.conf.default.disable_ipv6=1
rows=${out:-$work/rows}
echo "$header" >"$rows"
limit=$((SECONDS + limit))

printf '# %s, UML %s, Linux %s, %s CPUs, load %s; %s s a measurement\n' "$("$(property qemu)" --version | head -n 1)" \
    "$("$(property uml)" --version)" "$(uname -r)" "$(nproc)" "$(cut -d' ' -f1 /proc/loadavg)" "$seconds"
printf '%-5s %-28s %-8s %8s %9s %9s %9s %9s %8s %9s %9s  %s\n' guest policy workload frames/s irq/fr calls/fr kicks/fr Mbit/s rtt50/us \
    be-us/fr guest-us '(avoided calls by cause)'
for each in $guests; do
    boot "$each"
    case $each in
        peer-*) list=$each ;;
        *) list=$policies ;;
    esac
    for policy in $list; do
        [ "$policy" = "$each" ] || ask set 1 "$policy" >/dev/null
        for workload in $workloads; do
            if [ "$SECONDS" -ge "$limit" ]; then
                echo "$script: time is up before $each $policy $workload, and the rest is left out" >&2
                break 3
            fi
            measure "$policy" "$workload"
        done
    done
    end_boot
done

if [ ${#model[@]} -gt 0 ]; then
    echo
    "${model[@]}" paranet.guest.compare.BesideModel "$rows"
fi
