#!/bin/bash
# Everything the tests with real guests need on Debian 12: packages of the system, and beside the system
# (unpacked, never installed) QEMU 10 from the backports suite and a small guest kernel.
#
# usage: provision.sh            installs what is missing (root), unpacks what is missing, and writes
#                                guests.properties in the cache directory, which the Java harness reads;
#                                the only line on stdout is that file's name
#
# Environment: PARANET_GUESTS    the cache directory; default ${XDG_CACHE_HOME:-$HOME/.cache}/paranet/guests
# Status: 0 done, 1 failed, 78 a prerequisite is missing and installing it needs root (says what)
#
# Nothing here names a mirror: the second, private apt list is derived from the one apt already uses.

set -euo pipefail
export LC_ALL=C DEBIAN_FRONTEND=noninteractive
PATH=$PATH:/usr/sbin:/sbin

# Debian 12's own QEMU comes first only for its libraries and data, which the newer one uses as well.
PACKAGES=(
    qemu-system-x86 ipxe-qemu seabios
    user-mode-linux
    dpdk-dev librte-mempool-ring23 librte-net-pcap23 librte-net-tap23 librte-net-vhost23 librte-net-virtio23
    bubblewrap busybox-static ethtool iperf3 iproute2 iputils-ping procps socat tcpdump
)
QEMU_PACKAGES=(qemu-system-x86 qemu-system-common qemu-system-data seabios)
KERNEL_META=linux-image-cloud-amd64

cache=${PARANET_GUESTS:-${XDG_CACHE_HOME:-$HOME/.cache}/paranet/guests}
properties=$cache/guests.properties
recipe=$(sha256sum "${BASH_SOURCE[0]}" | cut -c1-16)

phase() { printf '==> guests: %s\n' "$*" >&2; }
fail() { printf 'guests: %s\n' "$1" >&2; exit "${2:-1}"; }

# Prints the packages of PACKAGES which are not installed.
missing_packages() {
    { dpkg-query -W -f='${db:Status-Status} ${Package}\n' "${PACKAGES[@]}" 2>/dev/null || true; } |
        awk -v wanted="${PACKAGES[*]}" '
            $1 == "installed" { have[$2] = 1 }
            END { n = split(wanted, w, " "); for (i = 1; i <= n; i++) if (!(w[i] in have)) print w[i] }'
}

# True if the properties were written by this version of the recipe and everything they name is still there.
complete() {
    [ -r "$properties" ] && grep -qx "recipe=$recipe" "$properties" || return 1
    local key value
    while IFS='=' read -r key value; do
        case $key in
            recipe | '#'* | *.version | '') ;;
            *) [ -e "$value" ] || return 1 ;;
        esac
    done <"$properties"
}

install_packages() {
    local missing
    mapfile -t missing < <(missing_packages)
    [ ${#missing[@]} -gt 0 ] || return 0
    if [ "$(id -u)" != 0 ]; then
        fail "run as root, then start again:
    apt-get update && apt-get install --no-install-recommends ${missing[*]}" 78
    fi
    phase "installing ${missing[*]}"
    quietly apt-get -o DPkg::Lock::Timeout=600 update
    quietly apt-get -o DPkg::Lock::Timeout=600 -y --no-install-recommends install "${missing[@]}"
}

# Runs a command and shows what it said only if it fails.
quietly() {
    local log
    log=$(mktemp)
    if ! "$@" >"$log" 2>&1; then
        cat "$log" >&2
        rm -f "$log"
        fail "failed: $*"
    fi
    rm -f "$log"
}

# The base address of the archive apt uses for Debian's main component.
archive() {
    apt-get indextargets --format '$(REPO_URI)' \
        'Created-By: Packages' 'Origin: Debian' "Codename: $codename" 'Component: main' |
        grep -v '^cdrom:' | head -n 1
}

# apt-get or apt-cache with lists and cache of our own; root needs no other privilege and users need none.
private_apt() {
    local tool=$1
    shift
    "$tool" -o Dir::Etc::SourceList="$apt/sources.list" -o Dir::Etc::SourceParts=/dev/null \
        -o Dir::State::Lists="$apt/lists" -o Dir::Cache="$apt/cache" -o APT::Sandbox::User="$(id -un)" \
        -o Acquire::Retries=3 "$@"
}

prepare_private_apt() {
    [ -z "${apt:-}" ] || return 0
    local uri key=/usr/share/keyrings/debian-archive-keyring.gpg options='[arch=amd64]'
    uri=$(archive)
    if [ -z "$uri" ] && [ "$(id -u)" = 0 ]; then
        phase "updating apt's lists"
        quietly apt-get -o DPkg::Lock::Timeout=600 update
        uri=$(archive)
    fi
    [ -n "$uri" ] || fail "apt knows no Debian archive for $codename; as root: apt-get update" 78
    [ ! -r "$key" ] || options="[arch=amd64 signed-by=$key]"
    apt=$work/apt
    mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
    printf 'deb %s %s %s main\n' "$options" "$uri" "$codename" "$options" "$uri" "$codename-backports" \
        >"$apt/sources.list"
    phase "reading the lists of $codename and $codename-backports"
    quietly private_apt apt-get update
}

# unpack NAME PACKAGE..: downloads the packages and unpacks them together as $cache/NAME-VERSION; prints that.
unpack() {
    local name=$1 version tree
    shift
    version=$(private_apt apt-cache show "${1%/*}" ${release:+-t "$release"} --no-all-versions |
        sed -n 's/^Version: //p' | head -n 1)
    [ -n "$version" ] || fail "$1 is in no list of this archive"
    tree=$cache/$name-$(tr -c 'A-Za-z0-9.+~\n' '_' <<<"$version")
    if [ ! -d "$tree" ]; then
        phase "unpacking $name $version"
        mkdir -p "$work/$name/debs" "$work/$name/tree"
        (cd "$work/$name/debs" && quietly private_apt apt-get ${release:+-t "$release"} download "$@")
        local deb
        for deb in "$work/$name/debs"/*.deb; do
            dpkg-deb -x "$deb" "$work/$name/tree"
        done
        rm -rf "$work/$name/tree/usr/share/doc" "$work/$name/tree/usr/share/man"
        mv "$work/$name/tree" "$tree"
    fi
    printf '%s\n' "$tree"
}

# only FILE..: prints the one existing file of a pattern.
only() {
    [ $# = 1 ] && [ -e "$1" ] || fail "expected one file, found: $*"
    printf '%s\n' "$1"
}

main() {
    local missing
    missing=$(missing_packages)
    if [ -z "$missing" ] && complete; then
        printf '%s\n' "$properties"
        return 0
    fi

    # shellcheck disable=SC1091
    codename=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}")
    [ "$codename" = bookworm ] || fail "made for Debian 12 (bookworm); this is '${codename:-unknown}'" 78
    [ "$(dpkg --print-architecture)" = amd64 ] || fail "made for amd64; this is $(dpkg --print-architecture)" 78

    mkdir -p "$cache"
    exec 9>"$cache/.lock"
    flock 9
    install_packages
    work=$(mktemp -d "$cache/.work.XXXXXX")
    trap 'rm -rf "$work"' EXIT

    prepare_private_apt
    local qemu linux kernel
    release=$codename-backports
    qemu=$(unpack qemu "${QEMU_PACKAGES[@]}")
    release=
    kernel=$(private_apt apt-cache show --no-all-versions "$KERNEL_META" | sed -n 's/^Depends: \(linux-image-[^ ]*\).*/\1/p')
    [ -n "$kernel" ] || fail "$KERNEL_META names no kernel package"
    linux=$(unpack linux "$kernel")

    local emulator=$qemu/usr/bin/qemu-system-x86_64
    "$emulator" --version >/dev/null || fail "$emulator does not start; libraries it lacks: $(ldd "$emulator" | grep 'not found')"
    {
        printf 'recipe=%s\n' "$recipe"
        printf 'qemu=%s\n' "$emulator"
        printf 'qemu.version=%s\n' "$("$emulator" --version | sed -n 's/.*version \([0-9.]*\).*/\1/p')"
        printf 'qemu.data=%s\n' "$qemu/usr/share/qemu"
        printf 'qemu.seabios=%s\n' "$qemu/usr/share/seabios"
        printf 'qemu.roms=%s\n' /usr/lib/ipxe/qemu
        printf 'linux.version=%s\n' "${kernel#linux-image-}"
        printf 'linux.kernel=%s\n' "$(only "$linux"/boot/vmlinuz-*)"
        printf 'linux.modules=%s\n' "$(only "$linux"/lib/modules/*)"
        printf 'uml=%s\n' "$(command -v linux.uml)"
        printf 'uml.modules=%s\n' "$(only /usr/lib/uml/modules/*)"
        printf 'testpmd=%s\n' "$(command -v dpdk-testpmd)"
        local tool
        for tool in bridge busybox bwrap ethtool ip iperf3 ping socat tcpdump; do
            printf '%s=%s\n' "$tool" "$(command -v "$tool")"
        done
    } >"$work/guests.properties"
    mv "$work/guests.properties" "$properties"
    complete || fail "something named in $properties does not exist"
    phase "ready in $cache"
    printf '%s\n' "$properties"
}

main "$@"
