/* SPDX-License-Identifier: EUPL-1.2
 * The page /docs: swagger-ui where its files were brought (make swagger-ui), else how to bring them. */
#include "explorer.h"

#include "embed.h"
#include "log.h"
#include "operation_code.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "banned.h"

enum { FILE_MAX = 8 * 1024 * 1024, PATH_LENGTH_MAX = 4096 };

/* The page runs its own files and asks this server, nothing else. Swagger-ui draws its icons as data. */
#define POLICY \
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; " \
    "form-action 'none'; frame-ancestors 'none'"

/* Nothing of a request ever becomes part of a path. */
static struct page_file {
    const char *name, *type;
    const char *own; /* as embedded; NULL: of swagger-ui */
    char *bytes;     /* NULL: there are none */
    size_t length;
} FILES[] = {
    {"explorer.css", "text/css; charset=utf-8", "src/operation/explorer.css", NULL, 0},
    {"explorer.js", "text/javascript; charset=utf-8", "src/operation/explorer.js", NULL, 0},
    {"swagger-ui.css", "text/css; charset=utf-8", NULL, NULL, 0},
    {"swagger-ui-bundle.js", "text/javascript; charset=utf-8", NULL, NULL, 0},
};
enum { FILE_COUNT = sizeof FILES / sizeof *FILES };

static int file_read(struct page_file *file, const char *folder)
{
    char path[PATH_LENGTH_MAX];
    const int length = snprintf(path, sizeof path, "%s/%s", folder, file->name);
    if (length < 0 || length >= PATH_LENGTH_MAX)
        return ENAMETOOLONG;
    FILE *source = fopen(path, "re");
    if (!source)
        return errno;
    char *bytes = malloc(FILE_MAX);
    const size_t read = bytes ? fread(bytes, 1, FILE_MAX, source) : 0;
    int failed = bytes ? 0 : ENOMEM;
    if (bytes && ferror(source))
        failed = errno ? errno : EIO;
    else if (bytes && (read == 0 || read == FILE_MAX))
        failed = EFBIG;
    fclose(source);
    if (failed) {
        free(bytes);
        return failed;
    }
    char *fitting = realloc(bytes, read);
    file->bytes = fitting ? fitting : bytes;
    file->length = read;
    return 0;
}

void explorer_load(const char *folder)
{
    for (size_t i = 0; folder && i < FILE_COUNT; i++) {
        const int failed = FILES[i].own ? 0 : file_read(&FILES[i], folder);
        if (failed)
            log_warning("swagger_ui_missing", log_text("file", FILES[i].name), log_text("error", strerror(failed)));
    }
}

void explorer_release(void)
{
    for (size_t i = 0; i < FILE_COUNT; i++) {
        free(FILES[i].bytes);
        FILES[i].bytes = NULL;
    }
}

static bool explorer_complete(void)
{
    for (size_t i = 0; i < FILE_COUNT; i++)
        if (!FILES[i].own && !FILES[i].bytes)
            return false;
    return true;
}

static bool embedded_append(struct buffer *out, const char *path)
{
    const struct embedded *file = embedded_find(path);
    if (file)
        buffer_append(out, file->bytes, file->length);
    return file != NULL;
}

bool explorer_render(struct request *request, struct buffer *out, const char **type)
{
    *type = "text/html; charset=utf-8";
    request_served(request, "en");
    request_answer_header(request, "Content-Security-Policy", POLICY);
    return embedded_append(out, explorer_complete() ? "src/operation/explorer.html" : "src/operation/explorer_missing.html");
}

bool explorer_file_render(struct request *request, struct buffer *out, const char **type)
{
    const char *name = json_string_value(request_parameter(request, "file"));
    for (size_t i = 0; name && i < FILE_COUNT; i++) {
        if (strcmp(name, FILES[i].name) != 0)
            continue;
        *type = FILES[i].type;
        if (FILES[i].own)
            return embedded_append(out, FILES[i].own);
        if (!FILES[i].bytes)
            break;
        buffer_append(out, FILES[i].bytes, FILES[i].length);
        return true;
    }
    request_refuse(request, "not_found");
    return true;
}
