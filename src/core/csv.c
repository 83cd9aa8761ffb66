/* SPDX-License-Identifier: EUPL-1.2
 * Cells of comma-separated values. */
#include "csv.h"

#include <string.h>

#include "banned.h"

void csv_cell(struct buffer *out, const char *text)
{
    if (!text || !*text)
        return;
    const bool formula = strchr("=+-@\t\r", *text) != NULL, quoted = strpbrk(text, ",\"\r\n") != NULL;
    if (quoted)
        buffer_putc(out, '"');
    if (formula)
        buffer_putc(out, '\'');
    for (const char *end; (end = strchr(text, '"')) != NULL; text = end + 1) {
        buffer_append(out, text, (size_t)(end - text) + 1);
        buffer_putc(out, '"');
    }
    buffer_puts(out, text);
    if (quoted)
        buffer_putc(out, '"');
}
