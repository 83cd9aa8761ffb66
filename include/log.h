/* SPDX-License-Identifier: EUPL-1.2
 * One JSON object a line on standard error. Personal data, tokens and addresses of people never go in. */
#ifndef WELCOME_LOG_H
#define WELCOME_LOG_H

#include <stdbool.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR };

struct log_field {
    const char *name; /* NULL ends a list */
    enum { LOG_TEXT, LOG_INTEGER, LOG_REAL } kind;
    const char *text;
    long long integer;
    double real;
};

static inline struct log_field log_text(const char *name, const char *text)
{
    return (struct log_field){.name = name, .kind = LOG_TEXT, .text = text};
}

static inline struct log_field log_integer(const char *name, long long integer)
{
    return (struct log_field){.name = name, .kind = LOG_INTEGER, .integer = integer};
}

static inline struct log_field log_real(const char *name, double real)
{
    return (struct log_field){.name = name, .kind = LOG_REAL, .real = real};
}

/* Whether a line of that level would be written: for those whose fields cost something. */
bool log_enabled(enum log_level level);

/* Lines below this level ("debug", "info", "warning", "error") are not written; info at first. */
void log_set_level(const char *name);

/* Writes {"time":...,"level":...,"event":event,<fields>} as one line, whole or not at all. Any thread may call it. */
void log_write(enum log_level level, const char *event, const struct log_field *fields);

/* How many lines could not be written, to a full disk for instance. */
unsigned long long log_lost(void);

/* log_info("mail_sent", log_text("template", t), log_integer("attempt", 2)) */
#define log_debug(event, ...) log_write(LOG_DEBUG, event, (const struct log_field[]){__VA_ARGS__ __VA_OPT__(, ) {.name = 0}})
#define log_info(event, ...) log_write(LOG_INFO, event, (const struct log_field[]){__VA_ARGS__ __VA_OPT__(, ) {.name = 0}})
#define log_warning(event, ...) log_write(LOG_WARNING, event, (const struct log_field[]){__VA_ARGS__ __VA_OPT__(, ) {.name = 0}})
#define log_error(event, ...) log_write(LOG_ERROR, event, (const struct log_field[]){__VA_ARGS__ __VA_OPT__(, ) {.name = 0}})

#endif
