#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# As the registry's image does: a new database gets the scripts of /docker-entrypoint-initdb.d, served on a socket only; then it serves.
set -eu
PATH=$(echo /usr/lib/postgresql/*/bin):$PATH
export PATH
data=/var/lib/postgresql/data
if [ "$(id -u)" -eq 0 ]; then
    mkdir -p $data /var/run/postgresql
    chown postgres $data /var/run/postgresql
    chmod 700 $data
    exec setpriv --reuid=postgres --regid=postgres --init-groups "$0"
fi
if [ ! -e $data/PG_VERSION ]; then
    # shellcheck disable=SC2086 # several words
    initdb -D $data -U postgres --pwfile="$POSTGRES_PASSWORD_FILE" --auth-host=scram-sha-256 --auth-local=trust --encoding=UTF8 --locale=C.UTF-8 \
        ${POSTGRES_INITDB_ARGS-} > /dev/null
    echo "host all all all scram-sha-256" >> $data/pg_hba.conf
    pg_ctl -D $data -w -o "-c listen_addresses= -c unix_socket_directories=/var/run/postgresql" start > /dev/null
    for script in /docker-entrypoint-initdb.d/*.sql; do
        psql -X -q -v ON_ERROR_STOP=1 -h /var/run/postgresql -U postgres -f "$script" > /dev/null
    done
    pg_ctl -D $data -m fast -w stop > /dev/null
fi
exec postgres -D $data -c "listen_addresses=*" -c unix_socket_directories=/var/run/postgresql
