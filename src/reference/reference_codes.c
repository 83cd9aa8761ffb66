/* SPDX-License-Identifier: EUPL-1.2
 * The column of list_languages that PostgreSQL cannot write. */
#include "codes.h"
#include "language.h"

#include "banned.h"

static bool name_write(struct buffer *out, const char *tag, const char *reader)
{
    char name[LANGUAGE_NAME_MAX];
    language_name(tag, reader, name);
    buffer_json_text(out, name);
    return true;
}

static const struct column_code LANGUAGE_COLUMNS[] = {{"name", name_write}, {0}};

const struct operation_code REFERENCE_CODES[] = {
    {.operation = "list_languages", .columns = LANGUAGE_COLUMNS},
    {0},
};
