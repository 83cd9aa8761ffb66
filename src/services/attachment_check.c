/* SPDX-License-Identifier: EUPL-1.2
 * Which kinds of files people may send each other, and whether bytes are what they are said to be. */
#include "attachment.h"

#include "sniff.h"

#include <string.h>
#include <strings.h>
#include <unicode/utf8.h>

#include "banned.h"

enum kind { SNIFFED, TEXT, ARCHIVE };

static const struct {
    const char *type;
    enum kind kind;
    const char *endings;
} KINDS[] = {
    {"application/pdf", SNIFFED, ".pdf"},
    {"image/jpeg", SNIFFED, ".jpg, .jpeg"},
    {"image/png", SNIFFED, ".png"},
    {"image/webp", SNIFFED, ".webp"},
    {"text/plain", TEXT, ".txt"},
    {"application/vnd.openxmlformats-officedocument.wordprocessingml.document", ARCHIVE, ".docx"},
    {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ARCHIVE, ".xlsx"},
    {"application/vnd.oasis.opendocument.text", ARCHIVE, ".odt"},
    {"application/vnd.oasis.opendocument.spreadsheet", ARCHIVE, ".ods"},
};

enum { KIND_COUNT = sizeof KINDS / sizeof *KINDS };

bool attachment_refuse(struct attachment_fault *fault, const char *code, const char *limit)
{
    *fault = (struct attachment_fault){code, limit};
    return false;
}

static int kind_of(const char *type)
{
    for (int i = 0; i < KIND_COUNT; i++)
        if (strcmp(KINDS[i].type, type) == 0)
            return i;
    return -1;
}

const char *attachment_endings(const char *type)
{
    const int i = kind_of(type);
    return i < 0 ? NULL : KINDS[i].endings;
}

bool attachment_name_fits(const char *type, const char *name)
{
    const char *endings = attachment_endings(type);
    const size_t length = strlen(name);
    while (endings && *endings) {
        const size_t span = strcspn(endings, ", ");
        if (length > span && strncasecmp(name + length - span, endings, span) == 0)
            return true;
        endings += span + strspn(endings + span, ", ");
    }
    return false;
}

/* UTF-8 without control characters but those that order text on a page. */
static bool text_whole(const unsigned char *bytes, size_t length)
{
    if (length == 0 || length > ATTACHMENT_BYTES_MAX)
        return false;
    for (int32_t i = 0; (size_t)i < length;) {
        UChar32 c;
        U8_NEXT(bytes, i, (int32_t)length, c);
        if (c <= 0 || c == 0x7F || (c < 0x20 && !strchr("\t\n\f\r", c)))
            return false;
    }
    return true;
}

/* Letters, lists, logs and source text are text, whatever libmagic reads into them, but not what programs run or draw. */
static bool text_check(const unsigned char *bytes, size_t length, const char *found)
{
    static const char *const refused[] = {"text/html", "text/xml", "text/rtf", "application/pdf", "application/postscript"};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (strcmp(found, refused[i]) == 0)
            return false;
    return strncmp(found, "image/", 6) != 0 && text_whole(bytes, length);
}

bool attachment_check(const char *type, const void *bytes, size_t length, struct attachment_fault *fault)
{
    char found[SNIFF_MAX];
    const int i = kind_of(type);
    if (i >= 0 && KINDS[i].kind == ARCHIVE) /* libmagic goes by the order of entries, which says little */
        return archive_check(type, bytes, length, fault);
    if (!sniff(length ? bytes : "", length, found))
        return attachment_refuse(fault, NULL, NULL);
    const bool fits = i >= 0 && (KINDS[i].kind == TEXT ? text_check(bytes, length, found) : strcmp(found, type) == 0);
    return fits || attachment_refuse(fault, "media_type", i < 0 ? NULL : KINDS[i].type);
}
