#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# packages.sh build|run|deb|test|system|contract|fuzz|bench: installs what is missing of the packages that building, running or one kind of tests needs.
# Debian 12 and 13, Ubuntu 24.04. Where nothing is missing it changes nothing and needs no rights.
set -eu
export LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive

# "a|b": either will do, the first is installed.
build="gcc libc6-dev make pkgconf
    libmicrohttpd-dev libpq-dev libjansson-dev libyaml-dev libicu-dev libsodium-dev libxxhash-dev
    libcurl4-openssl-dev|libcurl4-gnutls-dev|libcurl4-nss-dev libcmark-dev libpcre2-dev zlib1g-dev
    libical-dev libmagic-dev libturbojpeg0-dev|libturbojpeg-dev libexif-dev libpng-dev libwebp-dev libqpdf-dev
    liboath-dev librhonabwy-dev libzip-dev libsystemd-dev"
run="$build curl ca-certificates postgresql"
test="git clang g++ liblemon-dev python3-scipy shellcheck pyflakes3 libcmocka-dev json-schema-test-suite python3 python3-pytest python3-httpx
    python3-psycopg python3-hypothesis python3-aiosmtpd python3-jsonschema python3-yaml
    nginx-light|nginx python3-cryptography python3-dateutil python3-icalendar python3-feedparser python3-html5lib python3-pil"
# Of tests/system, a line a part.
installed_system="build-essential debhelper fakeroot lintian mandoc man-db debootstrap systemd systemd-container util-linux
    podman podman-compose buildah netavark aardvark-dns iptables"
cluster_system="" # patroni and etcd-server are unpacked, below
watched_system="libfaketime" # so is what brings promtool
# npm comes with some distributions' nodejs of their own, and Ubuntu has no chromium outside snap.
browser_system="python3-selenium"
command -v npm > /dev/null || browser_system="$browser_system nodejs npm"
grep -qs '^ID=ubuntu' /etc/os-release || browser_system="$browser_system chromium chromium-driver"

case ${1-} in
run) wanted=$run ;;
build) wanted=$build ;;
deb) wanted="$run build-essential debhelper fakeroot" ;;
test) wanted="$run $test" ;;
system) wanted="$run $test $installed_system $cluster_system $watched_system $browser_system" ;;
contract) wanted="$run $test python3-venv" ;;
fuzz) wanted="$run clang libclang-rt-dev" ;;
bench) wanted="$run python3 wrk nghttp2-client g++ liblemon-dev" ;;
*) echo "usage: packages.sh build|run|deb|test|system|contract|fuzz|bench" >&2 && exit 2 ;;
esac

if ! command -v dpkg-query > /dev/null || ! command -v apt-get > /dev/null; then
    echo "This system has no apt-get; what is needed goes by these names in Debian: $wanted" >&2
    exit 0 # perhaps it is all there; if not, the compiler will say what is missing
fi

# Any server since version 15 will do: the distribution's is not put beside another one.
server_present() {
    for server in /usr/lib/postgresql/*/bin/postgres; do
        version=${server#/usr/lib/postgresql/}
        [ -x "$server" ] && [ "${version%%[!0-9]*}" -ge 15 ] && return 0
    done
    return 1
}

installed=" $(dpkg-query -W -f '${db:Status-Status} ${Package}\n' | sed -n 's/^installed //p' | tr '\n' ' ')"

present() {
    [ "$1" = postgresql ] && { server_present && return 0 || return 1; }
    for name in $(echo "$1" | tr '|' ' '); do
        case $installed in *" $name "*) return 0 ;; esac
    done
    return 1
}

missing=
for package in $wanted; do
    present "$package" || missing="$missing ${package%%|*}"
done

# Packages that would start services are unpacked into build/FOLDER, with those of their libraries that are missing, rather than installed.
# unpack FOLDER PROGRAM "what is left out without it" PACKAGE...
unpack() {
    folder=$(dirname "$0")/../../build/$1 program=$2 without=$3
    shift 3
    if [ -d "$folder" ]; then return 0; fi
    names=$(apt-get -s --no-install-recommends install "$@" 2> /dev/null | sed -n 's/^Inst \([^ ]*\) (.*/\1/p')
    rm -rf "$folder.new"
    mkdir -p "$folder.new/packages"
    for name in $names; do
        (cd "$folder.new/packages" && apt-get -qq download "$name" > /dev/null 2>&1) || continue
    done
    for package in "$folder.new/packages/"*.deb; do
        [ ! -e "$package" ] || dpkg-deb -x "$package" "$folder.new"
    done
    rm -rf "$folder.new/packages"
    if [ -x "$folder.new/usr/bin/$program" ]; then
        mv "$folder.new" "$folder"
    else
        echo "The package of $program cannot be had here; $without." >&2
    fi
}
unpack_services() {
    [ "$1" != test ] || unpack glewlwyd glewlwyd "one test of OpenID Connect is skipped" glewlwyd dbconfig-no-thanks
    [ "$1" != system ] || unpack promtool promtool "what it says of metrics and alerts is not tested" prometheus
    [ "$1" != system ] || unpack cluster patroni "the test of a failover is skipped" patroni etcd-server python3-etcd
}

[ -n "$missing" ] || { unpack_services "$1" && exit 0; }

if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo > /dev/null; then
        echo "Missing:$missing" >&2
        echo "There is no sudo here; as root call: apt-get install --no-install-recommends$missing" >&2
        exit 1
    fi
    echo "Installing with sudo:$missing" >&2
    sudo -- "$0" "$@"
    unpack_services "$1"
    exit 0
fi
echo "Installing:$missing" >&2

# The server's package would create and start a cluster "main", which nobody asked for.
dropin=/etc/postgresql-common/createcluster.d/welcomed.conf
trap 'rm -f $dropin' EXIT
trap 'exit 1' HUP INT TERM
mkdir -p "${dropin%/*}"
echo 'create_main_cluster = false' > $dropin

apt() {
    apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@"
}
log=$(mktemp)
# shellcheck disable=SC2086 # a list of names
install() {
    apt install --no-install-recommends $missing > "$log" 2>&1
}
# Old or absent lists of packages are the usual reason to fail.
if ! install && ! { apt update && install; }; then
    cat "$log" >&2
    echo "Installing failed; the log stands above." >&2
    exit 1
fi
rm -f "$log"
unpack_services "$1"
