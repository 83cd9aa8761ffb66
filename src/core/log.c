/* SPDX-License-Identifier: EUPL-1.2
 * One JSON object a line on standard error, in one write. */
#include "log.h"

#include "buffer.h"

#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "banned.h"

static atomic_int lowest = LOG_INFO;
static atomic_ullong lost; /* nobody is left to be told but who counts */

static const char *const LEVEL_NAMES[] = {[LOG_DEBUG] = "debug", [LOG_INFO] = "info", [LOG_WARNING] = "warning", [LOG_ERROR] = "error"};

void log_set_level(const char *name)
{
    int level = LOG_ERROR;
    while (level > LOG_DEBUG && strcmp(LEVEL_NAMES[level], name) != 0)
        level--;
    atomic_store(&lowest, level);
}

bool log_enabled(enum log_level level)
{
    return (int)level >= atomic_load_explicit(&lowest, memory_order_relaxed);
}

static void log_time(struct buffer *line)
{
    struct timespec now;
    struct tm utc;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    buffer_printf(line, "{\"time\":\"%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ\"", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
                  utc.tm_hour, utc.tm_min, utc.tm_sec, now.tv_nsec / 1000000);
}

static void log_value(struct buffer *line, const struct log_field *field)
{
    if (field->kind == LOG_INTEGER)
        buffer_printf(line, "%lld", field->integer);
    else if (field->kind == LOG_REAL)
        buffer_printf(line, "%.3f", field->real);
    else if (field->text)
        buffer_json_text(line, field->text);
    else
        buffer_puts(line, "null");
}

void log_write(enum log_level level, const char *event, const struct log_field *fields)
{
    if (!log_enabled(level))
        return;
    struct buffer line;
    buffer_init(&line);
    log_time(&line);
    buffer_printf(&line, ",\"level\":\"%s\",\"event\":", LEVEL_NAMES[level]);
    buffer_json_text(&line, event);
    for (; fields->name; fields++) {
        buffer_putc(&line, ',');
        buffer_json_text(&line, fields->name);
        buffer_putc(&line, ':');
        log_value(&line, fields);
    }
    buffer_puts(&line, "}\n");
    if (buffer_failed(&line) || write(STDERR_FILENO, line.bytes, line.length) != (ssize_t)line.length)
        atomic_fetch_add_explicit(&lost, 1, memory_order_relaxed);
    buffer_release(&line);
}

unsigned long long log_lost(void)
{
    return atomic_load_explicit(&lost, memory_order_relaxed);
}
