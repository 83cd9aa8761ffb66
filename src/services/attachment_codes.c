/* SPDX-License-Identifier: EUPL-1.2
 * Attachments on their way in, looked at and kept beside the loop, and on their way out, to be saved and never shown. */
#include "codes.h"

#include "attachment.h"
#include "config.h"
#include "log.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "banned.h"

/* What lies in the directory for a request that is under way. */
struct kept {
    const char *folder, *id; /* brought; folder NULL: in the database */
    size_t length;           /* fetched */
    unsigned char bytes[];
};

static void name_prepare(struct request *request)
{
    const char *type = request_content_type(request);
    const char *name = json_string_value(request_parameter(request, "name"));
    if (type && !attachment_name_fits(type, name))
        faults_add(request_faults(request), (struct fault){.parameter = "name", .code = "name_ending", .limit = attachment_endings(type)});
}

/* Into the directory, or as a parameter. False: out of memory, or refused. */
static bool bytes_keep(struct request *request, const char *id, const void *bytes, size_t length)
{
    struct arena *arena = request_arena(request);
    const char *folder = request_config(request)->attachments;
    struct kept *kept = arena_alloc(arena, sizeof *kept);
    if (!kept)
        return false;
    *kept = (struct kept){.folder = folder, .id = id};
    if (!folder) {
        const char *text = sql_bytes_text(bytes, length, arena);
        request_derive(request, "bytes", text);
        return text != NULL;
    }
    const int failed = attachment_write(folder, id, bytes, length);
    if (failed) {
        log_error("attachment_not_written", log_text("attachment", id), log_text("error", strerror(failed)));
        request_refuse(request, "unavailable");
    } else
        request_keep(request, kept);
    return !failed;
}

static void add_work(struct request *request)
{
    struct arena *arena = request_arena(request);
    struct attachment_fault fault = {NULL, NULL};
    size_t length;
    const void *bytes = request_bytes(request, &length);
    const char *id = request_made_id(request), *size = arena_printf(arena, "%zu", length);
    const bool fits = attachment_check(request_content_type(request), bytes, length, &fault);
    if (!fits && fault.code) {
        faults_add(request_faults(request), (struct fault){.pointer = "", .code = fault.code, .limit = fault.limit});
        return;
    }
    request_derive(request, "type", request_content_type(request));
    request_derive(request, "size", size);
    if (!fits || !id || !size || !bytes_keep(request, id, bytes, length))
        request_refuse(request, "overloaded");
}

/* No row tells of the file; a repeated request's lies under an id of its own. */
static void add_undo(struct request *request)
{
    const struct kept *kept = request_kept(request);
    const int failed = kept ? attachment_remove(kept->folder, kept->id) : 0;
    if (failed)
        log_warning("attachment_not_removed", log_text("attachment", kept->id), log_text("error", strerror(failed)));
}

/* The file into the request's memory, if there is one of that name. 0 or an errno. */
static int file_fetch(struct request *request, const char *folder, const char *id)
{
    size_t length = 0;
    int failed = attachment_length(folder, id, &length);
    struct kept *kept = failed ? NULL : arena_alloc(request_arena(request), sizeof *kept + length + 1);
    if (failed || !kept)
        return failed ? failed : ENOMEM;
    kept->length = length + 1;
    failed = attachment_read(folder, id, kept->bytes, &kept->length);
    if (!failed)
        request_keep(request, kept);
    return failed;
}

/* Whether the caller may have it is found out later, by the row; so is whether there should be a file at all. */
static void get_work(struct request *request)
{
    const char *folder = request_config(request)->attachments;
    char *id = arena_text(request_arena(request), json_string_value(request_parameter(request, "attachment")));
    for (char *c = id; c && *c; c++)
        *c = (char)tolower((unsigned char)*c);
    const int failed = !id ? ENOMEM : folder ? file_fetch(request, folder, id) : ENOENT;
    if (failed == ENOMEM)
        request_refuse(request, "overloaded");
    else if (failed && failed != ENOENT && failed != ENOTDIR)
        log_error("attachment_not_read", log_text("attachment", id), log_text("error", strerror(failed)));
}

/* RFC 8187 §3.2; the plain name is for those who do not know the other one (RFC 6266 §4.3). */
static const char *disposition(struct request *request, const char *type, const char *name)
{
    static const char plain[] = "!#$&+-.^_`|~";
    static const char hex[] = "0123456789ABCDEF";
    const char *endings = attachment_endings(type);
    char *coded = arena_alloc(request_arena(request), 3 * strlen(name) + 1), *to = coded;
    for (const unsigned char *from = (const unsigned char *)name; coded && *from; from++) {
        if (*from < 0x80 && (isalnum(*from) || strchr(plain, *from)))
            *to++ = (char)*from;
        else {
            *to++ = '%';
            *to++ = hex[*from >> 4];
            *to++ = hex[*from & 0x0F];
        }
    }
    return !coded ? NULL : arena_printf(request_arena(request), "attachment; filename=\"attachment%.*s\"; filename*=UTF-8''%s",
                                        (int)strcspn(endings ? endings : "", ","), endings ? endings : "", coded);
}

/* A file opens in no page of ours, and nowhere else as a page: whatever is in it belongs to no origin. */
static bool get_write(struct request *request, const PGresult *rows, struct buffer *out, const char **type)
{
    const struct kept *kept = request_kept(request);
    const char *kind = row_text(rows, 0, "type"), *size = row_text(rows, 0, "size");
    const bool inside = row_text(rows, 0, "bytes") != NULL;
    if (!inside && (!kept || kept->length != (size_t)strtoul(size, NULL, 10))) {
        log_error("attachment_missing", log_text("attachment", json_string_value(request_parameter(request, "attachment"))));
        request_refuse(request, "unavailable");
        return true;
    }
    const char *handling = disposition(request, kind, row_text(rows, 0, "name"));
    *type = arena_printf(request_arena(request), "%s%s", kind, strcmp(kind, "text/plain") == 0 ? "; charset=utf-8" : "");
    if (!handling || !*type)
        return false;
    request_answer_header(request, "Content-Disposition", handling);
    request_answer_header(request, "Content-Security-Policy", "sandbox; default-src 'none'");
    if (inside)
        return row_bytes(rows, 0, "bytes", out);
    buffer_append(out, (const char *)kept->bytes, kept->length);
    return !buffer_failed(out);
}

const struct operation_code ATTACHMENT_CODES[] = {
    {.operation = "add_service_request_attachment",
     .derived = {{"type", SQL_TEXT}, {"size", SQL_INT4}, {"bytes", SQL_BYTEA}},
     .prepare = name_prepare,
     .work = add_work,
     .undo = add_undo},
    {.operation = "get_service_request_attachment", .work = get_work, .write = get_write},
    {0},
};
