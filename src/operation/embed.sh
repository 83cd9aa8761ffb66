#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# embed.sh OUTPUT FILE...: writes the table of include/embed.h as assembly that takes in the files themselves.
# The output is touched only when the list of files changed; what is in them is read when it is assembled.
set -eu
export LC_ALL=C # embedded_find() relies on the order of bytes

output=$1
shift

table() {
    printf '/* Written by src/operation/embed.sh. */\n    .section .data.rel.ro, "aw"\n    .balign 8\n'
    printf '    .globl EMBEDDED, EMBEDDED_COUNT\nEMBEDDED_COUNT:\n    .dc.a %d\nEMBEDDED:\n' $#
    i=0
    for file; do
        i=$((i + 1))
        printf '    .dc.a .Lpath%d, .Lbytes%d, .Lend%d - .Lbytes%d\n' $i $i $i $i
    done
    printf '    .section .rodata\n'
    i=0
    for file; do
        i=$((i + 1))
        printf '.Lpath%d:\n    .asciz "%s"\n.Lbytes%d:\n    .incbin "%s"\n.Lend%d:\n    .byte 0\n' $i "$file" $i "$file" $i
    done
    printf '    .section .note.GNU-stack, "", %%progbits\n'
}

for file; do
    case $file in
    *[!A-Za-z0-9._/-]*) echo "embed.sh: $file: a file name may hold letters, digits and ._/- only" >&2 && exit 1 ;;
    esac
done
# shellcheck disable=SC2046 # the names hold no blanks
table $([ $# -eq 0 ] || printf '%s\n' "$@" | sort) > "$output.new"
if cmp -s "$output.new" "$output"; then
    rm "$output.new"
else
    mv "$output.new" "$output"
fi
