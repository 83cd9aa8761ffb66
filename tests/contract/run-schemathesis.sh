#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# Sends what schemathesis makes up from the contract, right and wrong, to a daemon with the invented people, without a session and as an
# administrator; then goes the ways that the contract's links show, as each kind of person. Holds the answers against the contract. Runs
# inside with-cluster.sh, six to nine minutes; needs PyPI once.
set -eu
cd "$(dirname "$0")/../.."
src/operation/packages.sh contract

venv=$PWD/build/schemathesis folder=$PWD/tests/contract
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
export WELCOME_PORT="$port" WELCOME_ADMIN_PORT="$admin_port" WELCOME_LOG_LEVEL=warning WELCOME_MATCHING_PAUSE=0 WELCOME_QUEUE_SECONDS=10
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

# redeem ADDRESS PATH: the token of the mail that is on its way; prints the session it gives. An older mail's is tried in vain.
redeem() {
    for _ in $(seq 60); do
        mailed=$($WELCOMED mail last "$1" --token --wait 30)
        if session=$(curl -sf -H 'Content-Type: application/json' -d "{\"token\":\"$mailed\"}" "$api$2"); then
            echo "$session" | /usr/bin/python3 -c 'import json, sys; print(json.load(sys.stdin)["access_token"])'
            return
        fi
        sleep 0.5
    done
    echo "No mail to $1 opens $2." >&2
    return 1
}

# What GET /v1/me answers to a token.
answered() {
    curl -s -o /dev/null -w '%{http_code}' --retry 5 -H "Authorization: Bearer $1" "$api/v1/me"
}

# A session the way everybody gets one. The newest mail may be about something else that has just happened, and open that alone.
sign_in() {
    for _ in 1 2 3 4 5; do
        curl -sf -o /dev/null -H 'Content-Type: application/json' -d "{\"email\":\"$1\"}" "$api/v1/sign-in"
        session=$(redeem "$1" /v1/sessions || true)
        [ "$(answered "$session")" != 200 ] || break
    done
    echo "$session"
}

# A service request of one of the invented newcomers, for the advisors.
curl -sf -o /dev/null -H 'Content-Type: application/json' "$api/v1/service-requests" -d '{"service": "first-orientation", "city": "dortmund",
    "contact": {"name": "Deniz", "email": "deniz@newcomer.example.org", "language": "en"}, "answers": {}, "consent": true}'
redeem deniz@newcomer.example.org /v1/confirmations > /dev/null

# explore PHASES SECONDS [OPTIONS...]: deterministic, so that what fails here fails again; bounded, so that CI may wait for it. Ends of
# sessions and accounts are left out: the session must outlive the run. schemathesis takes openapi.yaml for what it says instead of for
# a text.
explore() {
    phases=$1 seconds=$2
    shift 2
    (cd "$LOCAL" && exec setpriv --pdeathsig TERM "$venv/bin/schemathesis" --config-file "$folder/schemathesis.toml" run "$api/v1/openapi.json" --phases "$phases" --max-time "$seconds" \
        --max-examples 40 --continue-on-failure --generation-deterministic --no-color --warnings off \
        --exclude-path /v1/sessions/current --exclude-path /v1/openapi.yaml --exclude-operation-id delete_me \
        --checks not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance "$@")
}

# follow ROLE SECONDS [OPTIONS...]: what that role may call (nobody: what needs no session; the others: all but what everybody reads), one
# call after the other by the contract's links, with values that are right.
follow() {
    role=$1 seconds=$2
    shift 2
    operations=$(curl -sf "$api/v1/openapi.json" | /usr/bin/python3 -c '
import json, sys
role = sys.argv[1]
for path in json.load(sys.stdin)["paths"].values():
    for method, operation in path.items():
        if method == "parameters":
            continue
        roles = [roles for scheme in operation.get("security", ()) for name, roles in scheme.items() if name == "session"]
        public = not operation.get("security")
        if public and (role == "nobody" or method != "get") or role != "nobody" and any(not one or role in one for one in roles):
            print(operation["operationId"])' "$role" | paste -s -d '|')
    (export PYTHONPATH="$folder" PYTHONDONTWRITEBYTECODE=1 SCHEMATHESIS_HOOKS=schemathesis_hooks
        explore stateful "$seconds" --mode positive --include-operation-id-regex "^($operations)\$" "$@")
}

# as ADDRESS: who asks from here on.
as() {
    echo "As $1:"
    token=$(sign_in "$1")
}
signed() {
    "$@" -H "Authorization: Bearer $token" || status=1
    now=$(answered "$token")
    [ "$now" = 200 ] || { echo "The session did not outlive the run: /v1/me answers $now." && status=1; }
}

status=0
explore examples,coverage,fuzzing 55 || status=1
follow nobody 10 || status=1
as admin@portal.example.org
signed explore examples,coverage,fuzzing 65
signed follow admin 30
as deniz@newcomer.example.org
signed follow newcomer 25
as selam@guide.example.org
signed follow guide 25
as service@dortmund.example.org
signed follow advisor 35
as koordination@portal.example.org
signed follow coordinator 30
as redaktion@portal.example.org
signed follow editor 30
kill -0 $daemon 2> /dev/null || status=1
exit $status
