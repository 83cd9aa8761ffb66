/* SPDX-License-Identifier: EUPL-1.2
 * Search: the passage that shows why something was found, and what nobody found. */
#include "codes.h"

#include "demand.h"
#include "passage.h"

#include <string.h>

#include "banned.h"

/* The column's value: the words to mark, a separator, the text (search.sql). */
enum { SEPARATOR = 0x1e };

static bool highlight_write(struct buffer *out, const char *value, const char *language)
{
    const char *separator = strchr(value, SEPARATOR);
    struct buffer words, html;
    (void)language;
    buffer_init(&words);
    buffer_init(&html);
    buffer_append(&words, value, separator ? (size_t)(separator - value) : 0);
    const char *marked = buffer_text(&words);
    if (marked)
        passage_write(&html, marked, separator ? separator + 1 : value);
    const char *passage = marked ? buffer_text(&html) : NULL;
    if (passage)
        buffer_json_text(out, passage);
    buffer_release(&words);
    buffer_release(&html);
    return passage != NULL;
}

static const struct column_code FOUND_COLUMNS[] = {{"highlight", highlight_write}, {0}};

const struct operation_code SEARCH_CODES[] = {
    {.operation = "search", .columns = FOUND_COLUMNS, .answered = demand_search},
    {.operation = "get_article", .answered = demand_read},
    {0},
};
