#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# with-cluster.sh COMMAND...: installs what tests need, builds with sanitizers, and runs the command beside a PostgreSQL of its own
# that is deleted afterwards. The command finds in its environment: WELCOMED, the program; LOCAL, a folder for this run that
# cluster.sh understands; PGHOST and PGUSER, the way to the server as its superuser.
set -eu
cd "$(dirname "$0")/.."
unset MAKEFLAGS MAKELEVEL # the build below shares no job slots with the make that called

src/operation/packages.sh test
make -s -j "$(nproc)" SANITIZE=address,undefined all unit-tests

LOCAL=$(mktemp -d "${TMPDIR:-/tmp}/welcomed-test.XXXXXX")
chmod 711 "$LOCAL" # the server's user passes through
export LOCAL
command=
finish() {
    status=$?
    trap '' HUP INT TERM
    [ -z "$command" ] || kill -s TERM "$command" 2> /dev/null || true
    wait
    src/operation/cluster.sh remove || true
    rm -rf "$LOCAL"
    exit "$status"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM

src/operation/cluster.sh start
PGHOST=$(src/operation/cluster.sh where)
export PGHOST PGUSER=postgres WELCOMED="$PWD/build/sanitized/welcomed"
export ASAN_OPTIONS="${ASAN_OPTIONS-detect_stack_use_after_return=1}" UBSAN_OPTIONS="${UBSAN_OPTIONS-print_stacktrace=1}"
# In the background, where this shell hears signals while it waits.
setpriv --pdeathsig TERM "$@" &
command=$!
wait "$command"
