#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# with-cluster.sh COMMAND...: installs what tests need, builds with sanitizers, and runs the command beside a PostgreSQL of its own, as
# src/operation/with-cluster.sh says; WELCOMED is the program.
set -eu
cd "$(dirname "$0")/.."
unset MAKEFLAGS MAKELEVEL # the build below shares no job slots with the make that called

src/operation/packages.sh test
make -s -j "$(nproc)" SANITIZE=address,undefined all unit-tests

export WELCOMED="$PWD/build/sanitized/welcomed"
export PRELOAD=pg_stat_statements # test_sign_in_equal.py asks it
export ASAN_OPTIONS="${ASAN_OPTIONS-detect_stack_use_after_return=1}" UBSAN_OPTIONS="${UBSAN_OPTIONS-print_stacktrace=1}"
exec src/operation/with-cluster.sh "$@"
