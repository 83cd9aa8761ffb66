#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# What `make run` does: packages, build, PostgreSQL, configuration, data, and the daemon until Ctrl-C; then nothing is left running.
# PORT, ADMIN_PORT and LOCAL come from the environment, as may any WELCOME_* key, which then wins over the file written here.
set -eu
cd "$(dirname "$0")/../.."
unset MAKEFLAGS MAKELEVEL # the build below shares no job slots with the make that called

src/operation/packages.sh run
echo "Building build/release/welcomed"
make -s -j "$(nproc)"

mkdir -p "${LOCAL:=.local}"
LOCAL=$(cd "$LOCAL" && pwd -P)
export LOCAL
exec 7> "$LOCAL/run.lock"
flock -n 7 || { echo "$LOCAL is in use by another make run; choose another with LOCAL=" >&2 && exit 1; }

daemon=
stop() {
    status=$?
    trap '' HUP INT TERM
    if [ -n "$daemon" ]; then
        kill -s TERM "$daemon" 2> /dev/null || true
        wait "$daemon" && status=0 || status=$?
    fi
    src/operation/cluster.sh stop
    exit "$status"
}
trap stop EXIT
trap 'exit 1' HUP INT TERM

echo "Starting PostgreSQL"
src/operation/cluster.sh start 7>&-
WELCOME_DATABASE_URL=${WELCOME_DATABASE_URL:-host=$(src/operation/cluster.sh where) dbname=welcome user=welcome}
export WELCOME_DATABASE_URL # also when WELCOME_CONFIG names another file: no other database may be meant
cat > "$LOCAL/welcomed.conf" << END
# Written by each make run, for it and for commands called by hand such as: build/release/welcomed mail last ADDRESS
WELCOME_PORT=${PORT:-8080}
WELCOME_ADMIN_PORT=${ADMIN_PORT:-9080}
WELCOME_DATABASE_URL=$WELCOME_DATABASE_URL
WELCOME_MAIL_DIRECTORY=$LOCAL/mail
WELCOME_PORTAL_URL=http://localhost:3000/?
WELCOME_PORTAL_ORIGINS=http://localhost:*,http://127.0.0.1:*
WELCOME_CONTENT_DIRECTORY=$PWD/content
END
[ ! -d build/swagger-ui ] || echo "WELCOME_SWAGGER_UI=$PWD/build/swagger-ui" >> "$LOCAL/welcomed.conf"

welcomed=build/release/welcomed
$welcomed migrate
if [ -n "${WELCOME_SMTP_URL-}" ] || grep -qs '^ *WELCOME_SMTP_URL *= *[^ ]' "${WELCOME_CONFIG-}"; then
    echo "A mail server is configured, so the invented people of content/demo stay out."
    $welcomed import
else
    $welcomed import --demo
fi

# Should this script be killed outright, the daemon ends too.
setpriv --pdeathsig TERM $welcomed serve 7>&- &
daemon=$!

public=http://127.0.0.1:${WELCOME_PORT:-${PORT:-8080}}
admin=http://127.0.0.1:${WELCOME_ADMIN_PORT:-${ADMIN_PORT:-9080}}
tries=0
until curl -sf -o /dev/null "$admin/health/ready" || [ $tries -eq 300 ]; do
    kill -0 "$daemon" 2> /dev/null || exit 1
    tries=$((tries + 1))
    sleep 0.05
done
cat << END

  Serving $public; Ctrl-C stops it and its PostgreSQL. In another terminal:

    curl -s $public/v1/cities
    curl -s '$public/v1/articles?lang=en'
    curl -s '$public/v1/guides?city=essen&language=ar'
    curl -s $admin/health/ready
    build/release/welcomed mail last ADDRESS      # mails go to $LOCAL/mail

    python3 -m http.server 3000 --bind 127.0.0.1 -d examples/portal      # a sample portal: http://localhost:3000

  The contract, to be read and tried out: $public/docs (make swagger-ui brings what it needs).
  README.md has the first journey, from a question to a match.

END
wait "$daemon" && status=0 || status=$?
daemon=
[ "$status" -eq 0 ]
