#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# with-cluster.sh COMMAND...: runs the command beside a PostgreSQL of its own that is deleted afterwards. The command finds in its
# environment: LOCAL, a folder for this run that cluster.sh understands; PGHOST and PGUSER, the way to the server as its superuser.
set -eu
cluster=$(dirname "$0")/cluster.sh

LOCAL=$(mktemp -d "${TMPDIR:-/tmp}/welcomed-cluster.XXXXXX")
chmod 711 "$LOCAL" # the server's user passes through
export LOCAL
command=
finish() {
    status=$?
    trap '' HUP INT TERM
    [ -z "$command" ] || kill -s TERM "$command" 2> /dev/null || true
    wait
    "$cluster" remove || true
    rm -rf "$LOCAL"
    exit "$status"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM

"$cluster" start
PGHOST=$("$cluster" where)
export PGHOST PGUSER=postgres
# In the background, where this shell hears signals while it waits.
setpriv --pdeathsig TERM "$@" &
command=$!
wait "$command"
