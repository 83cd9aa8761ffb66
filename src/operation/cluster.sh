#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# cluster.sh start|stop|status|where|remove: a private PostgreSQL for the folder LOCAL (.local), reached through a Unix socket only.
# `where` prints the socket's folder, `remove` stops and deletes all data. Data lie in LOCAL/data and the socket in LOCAL/run, or, where the server's user may not
# enter or the path does not suit a socket, below /var/tmp; LOCAL/where names that place.
# The socket's folder is the wall: whoever may enter it may be any role. PRELOAD names a library that the server loads, if there is one of that name.
set -eu
export LC_ALL=C.UTF-8
unset PGHOST PGPORT PGUSER PGDATABASE PGDATA PGOPTIONS PGSERVICE

root=$(cd "$(dirname "$0")/../.." && pwd -P)
LOCAL=${LOCAL:-$root/.local}

fail() {
    echo "cluster.sh: $*" >&2
    exit 1
}

# PostgreSQL refuses root, so root hands it to the owner of the data, or to postgres. $as_server precedes a command.
choose_user() {
    user=$(id -un)
    as_server=
    if [ -e "$base/data" ]; then
        owner=$(stat -c %U "$base/data")
        [ "$user" = root ] || [ "$user" = "$owner" ] ||
            fail "$base/data belongs to $owner: become $owner or root, or choose another LOCAL"
        user=$owner
    elif [ "$user" = root ]; then
        user=postgres
    fi
    [ "$(id -u "$user" 2> /dev/null || echo 0)" -ne 0 ] || fail "no user $user to run PostgreSQL: install the package postgresql"
    group=$(id -gn "$user")
    [ "$user" = "$(id -un)" ] || as_server="setpriv --reuid $user --regid $group --init-groups --"
}

# Paths in a connection string need no quoting this way, and a socket's may have 107 bytes.
suits() {
    case $1 in *[!A-Za-z0-9/._+@-]*) return 1 ;; esac
    [ "$(printf %s "$1/run/.s.PGSQL.5432" | wc -c)" -le 107 ] && $as_server test -x "$1"
}

choose_place() {
    base=$local
    [ ! -f "$local/where" ] || base=$(cat "$local/where")
    choose_user
    if ! suits "$base"; then
        [ ! -e "$base/data" ] || fail "$base was moved to where $user may not enter, or its name does not suit a socket"
        base=/var/tmp/welcomed-$(id -u)-$(printf %s "$local" | sha256sum | cut -c 1-16)
        choose_user
    fi
    data=$base/data
    run=$base/run
}

make_folder() {
    [ -d "$1" ] || mkdir -m 700 "$1"
    [ -z "$as_server" ] || chown "$user:$group" "$1"
}

make_place() {
    if [ "$base" != "$local" ]; then
        [ -d "$base" ] || mkdir -m 711 "$base"
        # Anybody may have put something there before us.
        if [ ! -O "$base" ] || [ -L "$base" ]; then fail "$base belongs to somebody else"; fi
        [ -f "$local/where" ] || printf '%s\n' "$base" > "$local/where"
        # The server inherits this lock: systemd-tmpfiles would otherwise remove files that were not used for a month.
        exec 8< "$base"
        flock -s 8
    fi
    make_folder "$run"
}

# The binaries that made the data, or the newest.
find_server() {
    version=$(cat "$data/PG_VERSION" 2> /dev/null ||
        find /usr/lib/postgresql -mindepth 1 -maxdepth 1 -printf '%f\n' 2> /dev/null | sort -n | tail -n 1)
    bin=/usr/lib/postgresql/$version/bin
    [ -x "$bin/postgres" ] || bin=$(pg_config --bindir 2> /dev/null) || bin=
    [ -x "$bin/postgres" ] || fail "PostgreSQL $version is not installed"
}

ready() {
    "$bin/pg_isready" -q -h "$run" -d postgres -U postgres -t 2
}

# The server and its children work in the data folder. What a crash left in postmaster.pid says nothing: that process id may
# be another program's by now.
processes() {
    find /proc/[0-9]*/cwd -maxdepth 0 -printf '%h %l\n' 2> /dev/null | sed -n "s|^/proc/\([0-9]*\) $data\$|\1|p"
}

# Its first process; nothing when that died and left children.
main_process() {
    processes | grep -x "$(head -n 1 "$data/postmaster.pid" 2> /dev/null || echo none)" || true
}

signal_server() {
    pids=$(main_process)
    [ -n "$pids" ] || pids=$(processes)
    # shellcheck disable=SC2086 # one or several
    [ -z "$pids" ] || kill -s "$1" $pids 2> /dev/null || true
}

create() {
    [ ! -f "$data/PG_VERSION" ] || return 0
    rm -rf "$data.new" # of a start that was killed
    make_folder "$data.new"
    $as_server "$bin/initdb" -D "$data.new" -U postgres --auth trust --encoding UTF8 --locale C.UTF-8 --data-checksums \
        >> "$local/postgresql.log" 2>&1 || fail "initdb failed, see $local/postgresql.log"
    echo "local all all trust" > "$data.new/pg_hba.conf"
    mv "$data.new" "$data"
}

# Called while nobody works in the data folder, so leftover lock files are stale. Details of errors stay out of the log: they
# quote rows.
launch() {
    rm -f "$data/postmaster.pid" "$run"/.s.PGSQL.5432*
    preload=
    [ ! -e "$bin/../lib/${PRELOAD-}.so" ] || preload="-c shared_preload_libraries=$PRELOAD"
    # shellcheck disable=SC2086 # several words or none
    setsid $as_server "$bin/postgres" -D "$data" -k "$run" -c listen_addresses= -c max_connections=200 \
        -c log_error_verbosity=terse $preload < /dev/null >> "$local/postgresql.log" 2>&1 9>&- &
    server=$!
}

start() {
    make_place
    create
    server=
    deadline=$(($(date +%s) + 60))
    until ready; do
        [ "$(date +%s)" -lt $deadline ] || fail "PostgreSQL does not answer, see $local/postgresql.log"
        if [ -n "$server" ] && ! kill -0 "$server" 2> /dev/null; then
            fail "PostgreSQL ended, see $local/postgresql.log"
        elif [ -z "$server" ] && [ -z "$(main_process)" ]; then
            signal_server QUIT
            [ -n "$(processes)" ] || launch
        fi
        sleep 0.05
    done
    "$bin/psql" -X -q -h "$run" -U postgres -d postgres -v ON_ERROR_STOP=1 -f "$root/migrations/roles.sql" > /dev/null
}

stop() {
    for signal in INT QUIT KILL; do
        signal_server $signal
        tries=0
        while [ $tries -lt 200 ]; do
            [ -n "$(processes)" ] || return 0
            tries=$((tries + 1))
            sleep 0.1
        done
    done
    fail "PostgreSQL does not end: $(processes)"
}

remove() {
    stop
    rm -rf "$data" "$data.new" "$run" "$local/where"
    [ "$base" = "$local" ] || [ ! -d "$base" ] || rmdir "$base"
}

case ${1-} in
start) mkdir -p "$LOCAL" ;;
stop | remove) [ -d "$LOCAL" ] || exit 0 ;;
status | where) [ -d "$LOCAL" ] || fail "there is no $LOCAL" ;;
*) echo "usage: cluster.sh start|stop|status|where|remove" >&2 && exit 2 ;;
esac
local=$(cd "$LOCAL" && pwd -P)
cd / # the server's user may not be allowed where we are
case $1 in start | stop | remove)
    exec 9> "$local/cluster.lock"
    flock 9
    ;;
esac
choose_place
case $1 in
start) find_server && start ;;
stop | remove) "$1" ;;
status) find_server && ready ;;
where) echo "$run" ;;
esac
