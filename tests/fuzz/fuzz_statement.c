/* SPDX-License-Identifier: EUPL-1.2
 * Any operation file: refused with a sentence, or split into statements whose parameters are all known by name. */
#include "fuzz.h"
#include "statement.h"

#include <string.h>

#include "banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct statement_file file;
    struct tree_error error = {0};
    arena_init(&arena, 0);
    const char *text = arena_copy(&arena, (const char *)data, size);
    if (statement_file_parse(&file, "src/module/name.sql", text, size, &arena, &error)) {
        require(file.count > 0 && file.name_count <= STATEMENT_PARAMETERS_MAX);
        for (size_t i = 0; i < file.count; i++) {
            const struct statement *statement = &file.statements[i];
            require(statement->name && statement->sql && statement->bare && statement->line > 0);
            for (size_t k = 0; k < statement->parameter_count; k++)
                require(statement->parameters[k] < file.name_count);
        }
    } else
        require(error.message[0] != '\0');
    arena_release(&arena);
    return 0;
}
