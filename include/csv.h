/* SPDX-License-Identifier: EUPL-1.2
 * Comma-separated values for spreadsheets: RFC 4180, UTF-8 with its mark in front, lines that end in CRLF. */
#ifndef WELCOME_CSV_H
#define WELCOME_CSV_H

#include "buffer.h"

/* What a file begins with, so that spreadsheets take it for UTF-8. */
#define CSV_MARK "\xEF\xBB\xBF"

/* Appends one cell, quoted where it must be; text NULL is an empty one. What a spreadsheet would run as a formula (= + - @, tab or CR in
 * front) gets an apostrophe in front. Commas and line ends are the caller's. */
void csv_cell(struct buffer *out, const char *text);

#endif
