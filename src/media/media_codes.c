/* SPDX-License-Identifier: EUPL-1.2
 * Media on their way in, cleaned beside the loop, and on their way out, as what they are. */
#include "codes.h"

#include "media.h"

#include <pthread.h>
#include <sodium.h>
#include <string.h>

#include "banned.h"

static bool upload_derive(struct request *request, const struct media_output *output)
{
    struct arena *arena = request_arena(request);
    unsigned char hash[crypto_hash_sha256_BYTES];
    char *name = arena_alloc(arena, 2 * sizeof hash + 1);
    const char *bytes = sql_bytes_text(output->bytes.bytes, output->bytes.length, arena);
    const char *width = arena_printf(arena, "%u", output->width), *height = arena_printf(arena, "%u", output->height);
    if (!name || !bytes || !width || !height)
        return false;
    crypto_hash_sha256(hash, (const unsigned char *)output->bytes.bytes, output->bytes.length);
    request_derive(request, "hash", sodium_bin2hex(name, 2 * sizeof hash + 1, hash, sizeof hash));
    request_derive(request, "type", request_content_type(request));
    request_derive(request, "bytes", bytes);
    request_derive(request, "width", output->width ? width : NULL);
    request_derive(request, "height", output->width ? height : NULL);
    return true;
}

/* One at a time in the whole process: the largest pictures need half a gigabyte each. */
static void upload_work(struct request *request)
{
    static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
    struct media_output output = {0};
    struct media_fault fault = {NULL, NULL};
    struct media_input input;
    input.bytes = request_bytes(request, &input.length);
    buffer_init(&output.bytes);
    pthread_mutex_lock(&turn);
    const bool clean = media_clean(request_content_type(request), input, &output, &fault);
    pthread_mutex_unlock(&turn);
    if (!clean && fault.code)
        faults_add(request_faults(request), (struct fault){.pointer = "", .code = fault.code, .limit = fault.limit});
    else if (!clean || buffer_failed(&output.bytes) || !upload_derive(request, &output))
        request_refuse(request, "overloaded");
    buffer_release(&output.bytes);
}

/* A document opens in no page of ours: whatever is in it belongs to no origin, and is saved rather than shown. */
static bool bytes_write(struct request *request, const PGresult *rows, struct buffer *out, const char **type)
{
    const char *kind = row_text(rows, 0, "type");
    const char *hash = json_string_value(request_parameter(request, "hash"));
    const char *ending = strchr(kind, '/') + 1, *handling = strcmp(ending, "pdf") == 0 ? "attachment" : "inline";
    const char *disposition = arena_printf(request_arena(request), "%s; filename=\"%.12s.%s\"", handling, hash, ending);
    char *own = arena_text(request_arena(request), kind);
    if (!disposition || !own)
        return false;
    *type = own;
    request_answer_header(request, "Content-Disposition", disposition);
    request_answer_header(request, "Content-Security-Policy", "default-src 'none'; sandbox");
    return row_bytes(rows, 0, "bytes", out);
}

const struct operation_code MEDIA_CODES[] = {
    {.operation = "get_media", .write = bytes_write},
    {.operation = "upload_media",
     .derived = {{"hash", SQL_TEXT}, {"type", SQL_TEXT}, {"bytes", SQL_BYTEA}, {"width", SQL_INT4}, {"height", SQL_INT4}},
     .work = upload_work},
    {0},
};
