/* SPDX-License-Identifier: EUPL-1.2
 * Files that people send each other about a service request: what they may be, and where they are kept. They are handed on as they came;
 * nobody is shown them but by saving them. */
#ifndef WELCOME_ATTACHMENT_H
#define WELCOME_ATTACHMENT_H

#include <stdbool.h>
#include <stddef.h>

#define ATTACHMENT_BYTES_MAX 10485760 /* as add_service_request_attachment takes */
#define ARCHIVE_ENTRIES_MAX 2000
#define ARCHIVE_UNPACKED_MAX (100ul << 20)
#define ARCHIVE_RATIO_MAX 200 /* counts from a megabyte on */

/* Why something is refused: a code of content/texts/problems.json, both static; code NULL: out of memory. */
struct attachment_fault {
    const char *code;
    const char *limit;
};

/* Fills fault; returns false. */
bool attachment_refuse(struct attachment_fault *fault, const char *code, const char *limit);

/* The endings a file of this media type may have (".jpg, .jpeg"; the first is the usual one), static; NULL: no type of attachments. */
const char *attachment_endings(const char *type);

/* Whether the name ends in one of them, capitals or not, with something in front. */
bool attachment_name_fits(const char *type, const char *name);

/* Whether bytes are what their media type says: libmagic looks at them, text has to be UTF-8, archives are looked through. May take some
 * hundred milliseconds. Any thread. */
bool attachment_check(const char *type, const void *bytes, size_t length, struct attachment_fault *fault);

/* Whether an archive is an office document of that type and nothing in it is meant to harm who opens it: its list is read, its entries are
 * not unpacked, except for the one that says what they are, and of that 256 KB at most. */
bool archive_check(const char *type, const void *bytes, size_t length, struct attachment_fault *fault);

/* The directory: two levels of folders by the last four digits of the id, files named by it, for nobody else to read. Ids are UUIDs in small
 * letters. Each returns 0 or an errno. */
int attachment_write(const char *folder, const char *id, const void *bytes, size_t length); /* whole and on the disk, or not at all */
int attachment_length(const char *folder, const char *id, size_t *length);
int attachment_read(const char *folder, const char *id, unsigned char *bytes, size_t *length); /* less than *length; else EFBIG */
int attachment_remove(const char *folder, const char *id); /* what is not there is removed */

/* A path below folder ("<folder>/3a/f0/<prefix><id>"); false: it is longer than paths may be. */
bool attachment_path(char *path, size_t size, const char *folder, const char *id, const char *prefix);

#define ATTACHMENT_UNFINISHED "." /* prefix of a file that is being written */

#endif
