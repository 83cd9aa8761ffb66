/* SPDX-License-Identifier: EUPL-1.2
 * The formats a string may be asked to keep. */
#ifndef WELCOME_FORMAT_H
#define WELCOME_FORMAT_H

#include <stdbool.h>
#include <stddef.h>

/* The predicate of a format: whether text keeps it. context is what format_register() was given. */
typedef bool (*format_check)(const char *text, size_t length, const void *context);

struct format {
    const char *name;
    format_check check;
    const void *context;
    const char *code; /* of the fault */
};

/* Makes a format known to schema_compile() under name with the fault code that schema_check() then uses ("format" when NULL).
 * Built in: uuid, date, date-time, email, uri, language-tag. The texts must live as long as the program. Call before any
 * compiling; not thread-safe. Returns false when full or known already. */
bool format_register(const char *name, format_check check, const void *context, const char *code);

/* The format of that name, or NULL. */
const struct format *format_find(const char *name);

#endif
