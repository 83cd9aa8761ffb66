#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# Unit tests, then pytest (its arguments may follow), inside with-cluster.sh. The last line sums up: "N passed, N failed", and
# ", N skipped" if any were. Fails too when nothing passed.
set -eu
cd "$(dirname "$0")/.."

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

# Interrupted rather than left behind should this script be killed, so that its fixtures end what they started.
status=0
env --default-signal=INT setpriv --pdeathsig INT /usr/bin/python3 -m pytest -q --junitxml="$LOCAL/pytest.xml" --ignore=tests/system "${@:-tests}" || status=$?
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
