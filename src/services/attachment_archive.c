/* SPDX-License-Identifier: EUPL-1.2
 * Office documents are ZIP archives: whether one is what it is said to be, and no trap, found out from its list. */
#define _GNU_SOURCE /* strcasestr() */
#include "attachment.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <zip.h>

#include "banned.h"

enum { TYPES_MAX = 256 * 1024, UNIX = 3 /* who made it (APPNOTE 4.4.2) */ };

#define RATIO_FREE (1ul << 20) /* unpacked bytes from which the ratio counts */

/* What an archive of each type has: OOXML lists the kinds of its parts, OpenDocument begins with its own name. main NULL: OpenDocument. */
static const struct document {
    const char *type;
    const char *main; /* media type of the part a document without macros begins with */
} DOCUMENTS[] = {
    {"application/vnd.openxmlformats-officedocument.wordprocessingml.document",
     "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"},
    {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
     "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"},
    {"application/vnd.oasis.opendocument.text", NULL},
    {"application/vnd.oasis.opendocument.spreadsheet", NULL},
};

struct archive {
    zip_t *zip;
    const struct document *document;
    size_t length;
    zip_uint64_t count, unpacked;
    const char *names[ARCHIVE_ENTRIES_MAX];
};

/* Names that lead out of the folder somebody unpacks to, or that readers may understand differently. */
static bool name_sane(const char *name)
{
    if (*name == '\0' || *name == '/')
        return false;
    for (const char *segment = name; segment; segment = strchr(segment, '/')) {
        segment += *segment == '/';
        const size_t length = strcspn(segment, "/");
        if ((length == 2 && strncmp(segment, "..", 2) == 0) || (length == 1 && *segment == '.'))
            return false;
    }
    for (const char *c = name; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7F || *c == '\\' || *c == ':')
            return false;
    return true;
}

/* Where programs of either family look for macros. */
static bool name_of_macros(const char *name, bool open_document)
{
    return strcasestr(name, "vbaProject") || strcasestr(name, "vbaData") || strcasestr(name, "macrosheets/") ||
           (open_document && (strncasecmp(name, "Basic/", 6) == 0 || strncasecmp(name, "Scripts/", 8) == 0));
}

static bool entry_check(struct archive *archive, zip_uint64_t index, struct attachment_fault *fault)
{
    const zip_uint64_t wanted = ZIP_STAT_SIZE | ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD;
    zip_stat_t stat;
    zip_uint8_t system = 0;
    zip_uint32_t attributes = 0;
    const char *name = archive->names[index] = zip_get_name(archive->zip, index, ZIP_FL_ENC_RAW);
    if (!name || zip_stat_index(archive->zip, index, 0, &stat) != 0 || (stat.valid & wanted) != wanted ||
        zip_file_get_external_attributes(archive->zip, index, 0, &system, &attributes) != 0)
        return attachment_refuse(fault, "media_damaged", NULL);
    if (stat.encryption_method != ZIP_EM_NONE)
        return attachment_refuse(fault, "media_encrypted", NULL);
    if (!name_sane(name) || (system == UNIX && S_ISLNK(attributes >> 16)))
        return attachment_refuse(fault, "archive_names", NULL);
    if (name_of_macros(name, !archive->document->main))
        return attachment_refuse(fault, "archive_macros", NULL);
    if (stat.comp_method != ZIP_CM_STORE && stat.comp_method != ZIP_CM_DEFLATE)
        return attachment_refuse(fault, "media_damaged", NULL);
    if (stat.size > ARCHIVE_UNPACKED_MAX || (archive->unpacked += stat.size) > ARCHIVE_UNPACKED_MAX)
        return attachment_refuse(fault, "archive_too_large", "100 MB");
    return true;
}

static int names_compare(const void *a, const void *b)
{
    return strcasecmp(*(const char *const *)a, *(const char *const *)b);
}

static bool entries_check(struct archive *archive, struct attachment_fault *fault)
{
    if (archive->count > ARCHIVE_ENTRIES_MAX)
        return attachment_refuse(fault, "archive_too_many", "2000");
    for (zip_uint64_t i = 0; i < archive->count; i++)
        if (!entry_check(archive, i, fault))
            return false;
    if (archive->unpacked > RATIO_FREE && archive->unpacked / ARCHIVE_RATIO_MAX > archive->length)
        return attachment_refuse(fault, "archive_ratio", "200");
    qsort(archive->names, archive->count, sizeof *archive->names, names_compare);
    for (zip_uint64_t i = 1; i < archive->count; i++)
        if (names_compare(&archive->names[i - 1], &archive->names[i]) == 0)
            return attachment_refuse(fault, "archive_names", NULL); /* which of both is meant? */
    return true;
}

/* The first bytes of an entry, unpacked, terminated: how many, -1: it cannot be read. */
static zip_int64_t entry_read(struct archive *archive, zip_int64_t index, char *text, size_t size)
{
    zip_file_t *file = index < 0 ? NULL : zip_fopen_index(archive->zip, (zip_uint64_t)index, 0);
    const zip_int64_t length = file ? zip_fread(file, text, size - 1) : -1;
    if (file)
        zip_fclose(file);
    text[length < 0 ? 0 : length] = '\0';
    return length;
}

/* [Content_Types].xml is what programs go by, whatever parts are called. */
static bool parts_check(struct archive *archive, char *types, struct attachment_fault *fault)
{
    const zip_int64_t length = entry_read(archive, zip_name_locate(archive->zip, "[Content_Types].xml", 0), types, TYPES_MAX);
    if (length < 0 || length == TYPES_MAX - 1 || strlen(types) != (size_t)length)
        return attachment_refuse(fault, "media_type", archive->document->type);
    if (strcasestr(types, "macroEnabled") || strcasestr(types, "vbaProject"))
        return attachment_refuse(fault, "archive_macros", NULL);
    return strstr(types, archive->document->main) || attachment_refuse(fault, "media_type", archive->document->type);
}

/* The entry mimetype comes first and is not packed (OpenDocument 1.2, part 3, 3.3). */
static bool mimetype_check(struct archive *archive, char *text, struct attachment_fault *fault)
{
    const char *type = archive->document->type;
    const bool first = zip_name_locate(archive->zip, "mimetype", 0) == 0 && zip_name_locate(archive->zip, "content.xml", 0) > 0;
    const zip_int64_t length = first ? entry_read(archive, 0, text, TYPES_MAX) : -1;
    return (length == (zip_int64_t)strlen(type) && strcmp(text, type) == 0) || attachment_refuse(fault, "media_type", type);
}

static bool document_check(struct archive *archive, struct attachment_fault *fault)
{
    char *text = malloc(TYPES_MAX);
    if (!text)
        return attachment_refuse(fault, NULL, NULL);
    const bool fits = archive->document->main ? parts_check(archive, text, fault) : mimetype_check(archive, text, fault);
    free(text);
    return fits;
}

/* With the list compared with what stands before each entry; NULL: *fault says why. */
static zip_t *archive_open(const void *bytes, size_t length, struct attachment_fault *fault)
{
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t *source = zip_source_buffer_create(bytes, length, 0, &error);
    zip_t *zip = source ? zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, &error) : NULL;
    if (!zip && source)
        zip_source_free(source);
    if (!zip)
        attachment_refuse(fault, zip_error_code_zip(&error) == ZIP_ER_MEMORY ? NULL : "media_damaged", NULL);
    zip_error_fini(&error);
    return zip;
}

bool archive_check(const char *type, const void *bytes, size_t length, struct attachment_fault *fault)
{
    struct archive archive = {.length = length};
    for (size_t i = 0; i < sizeof DOCUMENTS / sizeof *DOCUMENTS; i++)
        if (strcmp(DOCUMENTS[i].type, type) == 0)
            archive.document = &DOCUMENTS[i];
    if (!archive.document || length < 4 || memcmp(bytes, "PK\3\4", 4) != 0)
        return attachment_refuse(fault, "media_type", archive.document ? archive.document->type : NULL);
    archive.zip = archive_open(bytes, length, fault);
    if (!archive.zip)
        return false;
    archive.count = (zip_uint64_t)zip_get_num_entries(archive.zip, 0);
    const bool fine = entries_check(&archive, fault) && document_check(&archive, fault);
    zip_discard(archive.zip);
    return fine;
}
