#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# run.sh SECONDS ci|on TARGET...: replays what is kept for each target (seeds/<target>), then fuzzes it for so many seconds from there, as
# many targets at once as there are cores (JOBS). ci: the same way each time; on: from what earlier runs found, too (build/fuzz/corpus).
# Tells of each how many inputs it had; the last line sums up: "N passed, N failed".
set -u
cd "$(dirname "$0")/../.." || exit
seconds=$1 way=$2
shift 2

figure() { sed -n "s/^stat::$1: *//p" "$log"; }

# One target; fails when an input breaks what it asks for, takes 25 s, or 4 GB.
one() {
    name=$1 kept=tests/fuzz/seeds/$1 log=build/fuzz/$1.log dictionary=tests/fuzz/dictionaries/$1.dict
    corpus=build/fuzz/corpus/$name seed=0
    if [ "$way" = ci ]; then
        corpus=build/fuzz/ci/$name seed=1
        rm -rf "$corpus"
    fi
    mkdir -p "$corpus" build/fuzz/found
    set -- -timeout=25 -rss_limit_mb=4096 -print_final_stats=1 "-artifact_prefix=build/fuzz/found/$name-"
    [ ! -f "$dictionary" ] || set -- "$@" "-dict=$dictionary"
    if [ -n "$(ls -A "$kept")" ] && "build/fuzz/$name" "$@" -runs=0 "$kept" > "$log" 2>&1 &&
        "build/fuzz/$name" "$@" "-seed=$seed" "-max_total_time=$seconds" "$corpus" "$kept" > "$log" 2>&1; then
        echo "$name: $(figure number_of_executed_units) executions, $(figure average_exec_per_sec) a second, $(find "$kept" -type f | wc -l) inputs kept"
    else
        echo "$name: FAILED, $log says"
        grep -av '^#[0-9]' "$log" | tail -n 40
        return 1
    fi
}

if [ "${ONE-}" ]; then
    one "$ONE"
    exit
fi
results=$(printf '%s\n' "$@" | xargs -P "${JOBS-$(nproc)}" -I {} env ONE={} "$0" "$seconds" "$way" 2>&1)
echo "$results"
passed=$(echo "$results" | grep -c ' executions, ')
echo "$passed passed, $(($# - passed)) failed"
[ "$passed" -eq $# ] && [ "$passed" -gt 0 ]
