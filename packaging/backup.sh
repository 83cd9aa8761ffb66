#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# backup.sh FOLDER [DATABASE]: dumps the database (welcome) into FOLDER as its superuser, makes sure that the dump can be read, and keeps the
# newest KEEP (14). PGHOST and the like say where the server is.
set -eu
[ $# -ge 1 ] || { echo "usage: backup.sh FOLDER [DATABASE]" >&2 && exit 2; }
database=${2:-welcome}
umask 077
mkdir -p "$1"
cd "$1"

# Its name only when it is whole; a stopped one is not taken for a backup.
dump=$database-$(date -u +%Y%m%dT%H%M%SZ).dump
trap 'rm -f "$dump.part"' EXIT
trap 'exit 1' HUP INT TERM
pg_dump --format=custom --file="$dump.part" "$database"
pg_restore --list "$dump.part" > /dev/null
sync "$dump.part"
mv "$dump.part" "$dump"
echo "$1/$dump"

# Names sort by time.
find . -maxdepth 1 -name "$database-????????T??????Z.dump" | sort -r | tail -n "+$((${KEEP:-14} + 1))" | while read -r old; do
    rm -f "$old"
done
