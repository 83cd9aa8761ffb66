#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# Sends what schemathesis makes up from the contract, right and wrong, to a daemon with the invented people, first without a session,
# then as an administrator, and holds the answers against the contract. Runs inside with-cluster.sh; needs PyPI once.
set -eu
cd "$(dirname "$0")/../.."
src/operation/packages.sh contract

venv=$PWD/build/schemathesis
if ! cmp -s tests/contract/requirements.txt "$venv/requirements.txt"; then
    rm -rf "$venv"
    /usr/bin/python3 -m venv "$venv"
    "$venv/bin/pip" install -q --disable-pip-version-check --require-hashes -r tests/contract/requirements.txt
    cp tests/contract/requirements.txt "$venv/requirements.txt"
fi

free_ports() {
    /usr/bin/python3 -c '
import socket
sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
print(*(s.getsockname()[1] for s in sockets))'
}
read -r port admin_port << END
$(free_ports)
END
export WELCOME_PORT="$port" WELCOME_ADMIN_PORT="$admin_port" WELCOME_LOG_LEVEL=warning WELCOME_MATCHING_PAUSE=0
export WELCOME_DATABASE_URL="host=$PGHOST dbname=welcome user=welcome" WELCOME_CHECK_ANSWERS=true
WELCOME_SECRET_KEY=$(head -c 32 /dev/urandom | base64)
export WELCOME_SECRET_KEY
export WELCOME_RATE_READ=0 WELCOME_RATE_SEARCH=0 WELCOME_RATE_FORM=0 WELCOME_RATE_FORM_PER_ADDRESS=0 WELCOME_RATE_SIGN_IN=0 WELCOME_RATE_SIGN_IN_PER_ADDRESS=0
$WELCOMED migrate
$WELCOMED import
$WELCOMED import --demo

setpriv --pdeathsig TERM "$WELCOMED" serve &
daemon=$!
trap 'kill -s TERM $daemon 2> /dev/null; wait $daemon || echo "the daemon ended with status $?" >&2' EXIT
api=http://127.0.0.1:$port
curl -sf --retry 50 --retry-delay 1 --retry-connrefused --retry-max-time 50 -o /dev/null "http://127.0.0.1:$admin_port/health/ready"

# A session the way everybody gets one.
sign_in() {
    $WELCOMED account create --role admin --email "$1" > /dev/null
    curl -sf -o /dev/null -H 'Content-Type: application/json' -d "{\"email\":\"$1\"}" "$api/v1/sign-in"
    mailed=$($WELCOMED mail last "$1" --token --wait 30)
    curl -sf -H 'Content-Type: application/json' -d "{\"token\":\"$mailed\"}" "$api/v1/sessions" |
        /usr/bin/python3 -c 'import json, sys; print(json.load(sys.stdin)["access_token"])'
}
token=$(sign_in schemathesis@example.org)

# Deterministic, so that what fails here fails again; bounded, so that CI may wait for it. The session must outlive the run, and
# schemathesis takes openapi.yaml for what it says instead of for a text.
explore() {
    (cd "$LOCAL" && exec setpriv --pdeathsig TERM "$venv/bin/schemathesis" run "$api/v1/openapi.json" --max-time 140 --max-examples 40 --continue-on-failure \
        --generation-deterministic --no-color --exclude-path /v1/sessions/current --exclude-path /v1/openapi.yaml \
        --checks not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance "$@")
}
status=0
explore || status=1
explore -H "Authorization: Bearer $token" || status=1
kill -0 $daemon 2> /dev/null || status=1
exit $status
