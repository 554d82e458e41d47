# What qemu-tcp.sh and uml-tcp.sh share: sourced with their arguments, in a script with `set -euo pipefail` whose first
# comment is its usage. They define ticks and run.

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
# shellcheck source=guest-boot.bash
. "$(dirname "$(readlink -f "$0")")/guest-boot.bash"

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
    inside ping -c "$pings" "$@" 10.77.0.2 | sed -n 's/.*time=\([0-9.]*\) ms/\1/p' | median |
        awk '{ printf "%d\n", $1 * 1000 }'
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
