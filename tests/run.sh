#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# What `make test` does: unit tests, then pytest (its arguments may follow), all against a sanitized build and a PostgreSQL of its
# own. The last line sums up: "N passed, N failed" and ", N skipped" if any were.
# Tests find in the environment: WELCOMED (the program), LOCAL (this run's folder), PGHOST and PGUSER (its PostgreSQL's superuser).
set -eu
cd "$(dirname "$0")/.."
unset MAKEFLAGS MAKELEVEL

src/operation/packages.sh test
make -s -j "$(nproc)" SANITIZE=address,undefined all unit-tests

LOCAL=$(mktemp -d "${TMPDIR:-/tmp}/welcomed-test.XXXXXX")
chmod 711 "$LOCAL" # PostgreSQL's user goes through
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
export PGHOST PGUSER=postgres WELCOMED="$PWD/build/sanitized/welcomed"
export ASAN_OPTIONS="${ASAN_OPTIONS-detect_stack_use_after_return=1}" UBSAN_OPTIONS="${UBSAN_OPTIONS-print_stacktrace=1}"

passed=0 failed=0 skipped=0

# The figure N of a line "[  WORD  ] N test(s)" that cmocka prints.
count() {
    sed -n "s/^\[ *$1 *\] \([0-9]*\) test(s).*/\1/p" "$LOCAL/unit.log" | awk '{ n += $1 } END { print n + 0 }'
}

for source in tests/unit/test_*.c; do
    [ -e "$source" ] || continue
    status=0
    "build/sanitized/tests/$(basename "$source" .c)" > "$LOCAL/unit.log" 2>&1 || status=$?
    wrong=$(count FAILED)
    [ $status -eq 0 ] || [ "$wrong" -gt 0 ] || wrong=1 # it crashed
    [ "$wrong" -eq 0 ] || { echo "$source (exit status $status)" && cat "$LOCAL/unit.log"; }
    passed=$((passed + $(count PASSED))) failed=$((failed + wrong)) skipped=$((skipped + $(count SKIPPED)))
done

status=0
/usr/bin/python3 -m pytest -q --junitxml="$LOCAL/pytest.xml" "${@:-tests}" || status=$?
counts=$(/usr/bin/python3 - "$LOCAL/pytest.xml" << 'END' || echo 0 0 0
import sys
import xml.etree.ElementTree as ElementTree
suites = ElementTree.parse(sys.argv[1]).getroot().iter("testsuite")
total, failed, skipped = map(sum, zip(*((int(s.get("tests")), int(s.get("failures")) + int(s.get("errors")),
                                         int(s.get("skipped"))) for s in suites)))
print(max(total - failed - skipped, 0), failed, skipped)
END
)
read -r right wrong left << END
$counts
END
[ $status -eq 0 ] || [ "$wrong" -gt 0 ] || wrong=1 # it ended otherwise than by a test
passed=$((passed + right)) failed=$((failed + wrong)) skipped=$((skipped + left))

[ $skipped -eq 0 ] && left='' || left=", $skipped skipped"
echo "$passed passed, $failed failed$left"
[ $passed -gt 0 ] && [ $failed -eq 0 ]
