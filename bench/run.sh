#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# Fills the database with the imported content, measures (bench.py, articles.py) and writes bench/RESULTS.md. Runs inside with-cluster.sh.
set -eu
cd "$(dirname "$0")/.."

export PGDATABASE=welcome WELCOME_DATABASE_URL="host=$PGHOST dbname=welcome user=welcome" WELCOME_CONTENT_DIRECTORY="$PWD/content"
export WELCOMED="${WELCOMED:-build/release/welcomed}" WELCOME_LOG_LEVEL=warning
"$WELCOMED" migrate > "$LOCAL/migrate.log"
"$WELCOMED" import > "$LOCAL/import.log"
# A web server to compare with, unpacked where it is not installed: its package would start a service.
if ! command -v nginx > /dev/null && [ ! -x build/nginx/usr/sbin/nginx ]; then
    mkdir -p build/nginx
    (cd build/nginx && apt-get -qq download nginx > /dev/null && dpkg-deb -x nginx_*.deb .)
fi
NGINX=$(command -v nginx || echo "$PWD/build/nginx/usr/sbin/nginx")
export NGINX
gcc -O2 -o "$LOCAL/bare_http" bench/bare_http.c -lmicrohttpd
PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 bench/bench.py "$@"
