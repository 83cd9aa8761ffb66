#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
# What `make lint` does: both compilers with warnings as errors, each header on its own, scripts, and our own rules.
set -u
shopt -s lastpipe # so that a loop at the end of a pipe counts
cd "$(dirname "$0")/.." || exit 1
unset MAKEFLAGS MAKELEVEL
export LC_ALL=C.UTF-8

src/operation/packages.sh test || exit 1

faults=0
complain() {
    echo "lint: $*" >&2
    faults=$((faults + 1))
}
# refuse WORDS: complains about each line of the input.
refuse() {
    while read -r line; do complain "$line: $1"; done
}

for compiler in gcc clang; do
    settings=("CC=$compiler" CFLAGS=-Werror "BUILD=build/lint-$compiler")
    [ "$compiler" = gcc ] || settings+=(HARDEN=-O1) # with _FORTIFY_SOURCE clang sees macros where banned.h expects functions
    make -s -k -j "$(nproc)" "${settings[@]}" all unit-tests || complain "$compiler is not content"
    command=$(make -s "${settings[@]}" flags)
    for header in include/*.h; do
        # shellcheck disable=SC2086 # a command and its arguments
        $command -fsyntax-only -x c - <<< "#include \"${header#include/}\"" || complain "$header does not compile alone with $compiler"
    done
done

mapfile -t files < <(git ls-files --cached --others --exclude-standard | while read -r file; do [ ! -f "$file" ] || echo "$file"; done)
mapfile -t sources < <(printf '%s\n' "${files[@]}" | grep -E '\.(c|h|sh|py|sql|ya?ml|html|css|m?js|ts)$|^Makefile$|^\.ci/run$' | grep -v ^content/)
mapfile -t scripts < <(printf '%s\n' "${sources[@]}" | grep -E '\.sh$|^\.ci/run$')
mapfile -t pythons < <(printf '%s\n' "${sources[@]}" | grep -E '\.py$')

[ ${#scripts[@]} -eq 0 ] || shellcheck "${scripts[@]}" || complain "shellcheck is not content"
[ ${#pythons[@]} -eq 0 ] || pyflakes3 "${pythons[@]}" || complain "pyflakes is not content"

for file in "${sources[@]}"; do
    head -n 3 "$file" | grep -q 'SPDX-License-Identifier: EUPL-1.2' || echo "$file"
done | refuse "has no SPDX line"
for file in "${sources[@]}"; do
    case $file in src/*.[ch] | include/*.h) [ "$(wc -l < "$file")" -le 500 ] || echo "$file" ;; esac
done | refuse "has more than 500 lines"
grep -nwE '(TO)DO|(FIX)ME|(XX)X|(HA)CK' "${files[@]}" | refuse "finish it or open an issue"
grep -nE '(^|[^[:alnum:]_-])(\.\./)?shar[e]d/|/wor[k]/' "${files[@]}" | refuse "names a folder that is not part of the project"
grep -nE '[[:blank:]]+$' "${sources[@]}" | refuse "ends in blanks"

[ $faults -eq 0 ] || { echo "lint: $faults faults" >&2 && exit 1; }
echo "lint: clean"
