#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# What `make bench` does: a PostgreSQL of its own with the imported content, the measurements of bench.py, and bench/RESULTS.md.
set -eu
cd "$(dirname "$0")/.."

src/operation/packages.sh bench

LOCAL=$(mktemp -d "${TMPDIR:-/tmp}/welcomed-bench.XXXXXX")
chmod 711 "$LOCAL" # the server's user passes through
export LOCAL
finish() {
    status=$?
    trap '' HUP INT TERM
    src/operation/cluster.sh remove || true
    rm -rf "$LOCAL"
    exit "$status"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM

src/operation/cluster.sh start
PGHOST=$(src/operation/cluster.sh where)
export PGHOST PGUSER=postgres PGDATABASE=welcome
export WELCOME_DATABASE_URL="host=$PGHOST dbname=welcome user=welcome" WELCOME_CONTENT_DIRECTORY="$PWD/content"
export WELCOMED="${WELCOMED:-build/release/welcomed}" WELCOME_LOG_LEVEL=warning
"$WELCOMED" migrate > "$LOCAL/migrate.log"
"$WELCOMED" import > "$LOCAL/import.log"
gcc -O2 -o "$LOCAL/bare_http" bench/bare_http.c -lmicrohttpd
PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 bench/bench.py "$@"
