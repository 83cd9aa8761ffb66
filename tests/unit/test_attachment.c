/* SPDX-License-Identifier: EUPL-1.2
 * Attachments: names that fit their type, archives known by their list alone, files in the directory. */
#include "unit.h"

#include "attachment.h"
#include "buffer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "banned.h"

#define DOCX "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
#define ODT "application/vnd.oasis.opendocument.text"
#define TYPES "<Types ContentType=\"" DOCX ".main+xml\"/>"

/* An entry of an archive; what is said of it may differ from what is so. */
struct part {
    const char *name, *data;
    unsigned unpacked; /* as claimed; 0: as it is */
    unsigned flags, method;
    unsigned mode; /* of Unix; 0: made elsewhere */
};

static void put(struct buffer *out, unsigned long value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        buffer_putc(out, (char)(value >> (8 * i) & 0xFF));
}

/* What a part's two records have in common (APPNOTE 4.3.7, 4.3.12). */
static void part_put(struct buffer *out, const struct part *part)
{
    const size_t length = strlen(part->data);
    put(out, 20, 2);
    put(out, part->flags, 2);
    put(out, part->method, 2);
    put(out, 0, 2);
    put(out, 0x21, 2);
    put(out, crc32(0, (const unsigned char *)part->data, (unsigned)length), 4);
    put(out, length, 4);
    put(out, part->unpacked ? part->unpacked : length, 4);
    put(out, strlen(part->name), 2);
    put(out, 0, 2);
}

static void archive_put(struct buffer *out, const struct part *parts, size_t count)
{
    unsigned long places[16];
    for (size_t i = 0; i < count; i++) {
        places[i] = out->length;
        buffer_append(out, "PK\3\4", 4);
        part_put(out, &parts[i]);
        buffer_puts(out, parts[i].name);
        buffer_puts(out, parts[i].data);
    }
    const size_t start = out->length;
    for (size_t i = 0; i < count; i++) {
        buffer_append(out, "PK\1\2", 4);
        put(out, parts[i].mode ? 3 << 8 | 20 : 20, 2);
        part_put(out, &parts[i]);
        put(out, 0, 2 + 2 + 2);
        put(out, (unsigned long)parts[i].mode << 16, 4);
        put(out, places[i], 4);
        buffer_puts(out, parts[i].name);
    }
    const size_t end = out->length;
    buffer_append(out, "PK\5\6", 4);
    put(out, 0, 4);
    put(out, count, 2);
    put(out, count, 2);
    put(out, end - start, 4);
    put(out, start, 4);
    put(out, 0, 2);
}

/* The code an archive of these parts is refused with, "" when it is taken. */
static const char *told(const char *type, const struct part *parts, size_t count)
{
    struct attachment_fault fault = {NULL, NULL};
    struct buffer out;
    buffer_init(&out);
    archive_put(&out, parts, count);
    assert_false(buffer_failed(&out));
    const bool fine = archive_check(type, out.bytes, out.length, &fault);
    buffer_release(&out);
    return fine ? "" : fault.code;
}

#define TOLD(type, ...) told((type), (const struct part[]){__VA_ARGS__}, sizeof((const struct part[]){__VA_ARGS__}) / sizeof(struct part))
#define LIST {.name = "[Content_Types].xml", .data = TYPES}
#define WITH(...) TOLD(DOCX, LIST, {__VA_ARGS__})

static void test_documents_are_known_by_what_is_in_them(void **state)
{
    (void)state;
    assert_string_equal(TOLD(DOCX, LIST), "");
    assert_string_equal(TOLD(DOCX, {.name = "word/document.xml", .data = "x"}, LIST), "");
    assert_string_equal(TOLD(ODT, LIST), "media_type");
    assert_string_equal(TOLD(DOCX, {.name = "[Content_Types].xml", .data = "<Types/>"}), "media_type");
    assert_string_equal(TOLD(ODT, {.name = "mimetype", .data = ODT}, {.name = "content.xml", .data = "x"}), "");
    assert_string_equal(TOLD(ODT, {.name = "mimetype", .data = ODT "-template"}, {.name = "content.xml", .data = "x"}), "media_type");
    assert_string_equal(TOLD(ODT, {.name = "content.xml", .data = "x"}, {.name = "mimetype", .data = ODT}), "media_type");
    assert_string_equal(TOLD("application/zip", LIST), "media_type");
}

static void test_names_lead_nowhere(void **state)
{
    (void)state;
    const char *const wrong[] = {"../x", "a/../b", "a/..", "/x", "./x", "a/./b", "a\\b", "C:x", "a\tb", "a\x7f"};
    const char *const right[] = {"a..b", "..a", "a/b..", "a/...", "word/media/Bild 1.png", "Größe.xml", "dir/"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_string_equal(WITH(.name = wrong[i], .data = ""), "archive_names");
    for (size_t i = 0; i < sizeof right / sizeof *right; i++)
        assert_string_equal(WITH(.name = right[i], .data = ""), "");
    assert_string_equal(WITH(.name = "[content_types].XML", .data = ""), "archive_names");
    assert_string_equal(WITH(.name = "link", .data = "/etc/passwd", .mode = S_IFLNK | 0777), "archive_names");
    assert_string_equal(WITH(.name = "file", .data = "x", .mode = S_IFREG | 0644), "");
}

static void test_claims_are_added_up_and_nothing_is_unpacked(void **state)
{
    (void)state;
    assert_string_equal(WITH(.name = "a", .data = "x", .method = 8, .unpacked = 0xFFFFFFF0), "archive_too_large");
    assert_string_equal(WITH(.name = "a", .data = "x", .method = 8, .unpacked = 100 << 20), "archive_too_large");
    assert_string_equal(WITH(.name = "a", .data = "x", .method = 8, .unpacked = 50 << 20), "archive_ratio");
    assert_string_equal(WITH(.name = "a", .data = "x", .method = 8, .unpacked = 1 << 19), "");
    assert_string_equal(WITH(.name = "a", .data = "12 of its key and x", .unpacked = 7, .flags = 1), "media_encrypted");
    assert_string_equal(WITH(.name = "a", .data = "x", .method = 12), "media_damaged");
}

static void test_macros_are_refused_wherever_they_are(void **state)
{
    (void)state;
    assert_string_equal(WITH(.name = "word/vbaProject.bin", .data = "x"), "archive_macros");
    assert_string_equal(WITH(.name = "VBAPROJECT.BIN", .data = "x"), "archive_macros");
    assert_string_equal(WITH(.name = "xl/macrosheets/sheet1.xml", .data = "x"), "archive_macros");
    assert_string_equal(TOLD(DOCX, {.name = "[Content_Types].xml", .data = TYPES "application/vnd.ms-word.document.macroEnabled.main+xml"}), "archive_macros");
    assert_string_equal(TOLD(ODT, {.name = "mimetype", .data = ODT}, {.name = "content.xml", .data = ""}, {.name = "Basic/x.xml", .data = ""}), "archive_macros");
    assert_string_equal(WITH(.name = "Basic/x.xml", .data = ""), "");
}

static void test_names_end_as_their_type_does(void **state)
{
    (void)state;
    assert_true(attachment_name_fits("image/jpeg", "a.jpg") && attachment_name_fits("image/jpeg", "a.JPEG") && attachment_name_fits(DOCX, "a.b.docx"));
    assert_false(attachment_name_fits("image/jpeg", ".jpg") || attachment_name_fits("image/jpeg", "jpg") || attachment_name_fits("image/jpeg", "a.jpg.exe"));
    assert_false(attachment_name_fits("text/html", "a.html") || attachment_name_fits("text/plain", "a.html"));
}

static void test_text_is_utf_8_without_control_characters(void **state)
{
    (void)state;
    struct attachment_fault fault;
    assert_true(attachment_check("text/plain", "a", 1, &fault) && attachment_check("text/plain", "Größe\r\n\t王", 13, &fault));
    const char *const wrong[] = {"", "\x1b[0m", "a\x7f", "\xc3", "\xed\xa0\x80", "<!DOCTYPE html><html></html>"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(attachment_check("text/plain", wrong[i], strlen(wrong[i]), &fault));
    assert_false(attachment_check("text/plain", "a\0b", 3, &fault));
}

static void test_files_are_whole_or_not_there(void **state)
{
    (void)state;
    const char *id = "01935f1e-5b00-7c3a-9f10-6d1c2b3a4e05";
    char folder[] = "/tmp/attachments.XXXXXX", path[128];
    unsigned char bytes[8];
    size_t length = sizeof bytes;
    assert_non_null(mkdtemp(folder));
    assert_int_equal(attachment_read(folder, id, bytes, &length), ENOENT);
    assert_int_equal(attachment_length(folder, id, &length), ENOENT);
    length = sizeof bytes;
    assert_int_equal(attachment_write(folder, id, "words", 5), 0);
    assert_true(attachment_path(path, sizeof path, folder, id, ""));
    assert_string_equal(path + strlen(folder), "/4e/05/01935f1e-5b00-7c3a-9f10-6d1c2b3a4e05");
    assert_true(attachment_length(folder, id, &length) == 0 && length == 5);
    length = sizeof bytes;
    assert_int_equal(attachment_read(folder, id, bytes, &length), 0);
    assert_true(length == 5 && memcmp(bytes, "words", 5) == 0);
    length = 5;
    assert_int_equal(attachment_read(folder, id, bytes, &length), EFBIG);
    assert_int_equal(attachment_remove(folder, id), 0);
    assert_int_equal(attachment_remove(folder, id), 0);
    assert_int_equal(attachment_write(folder, "../../etc/passwd", "x", 1), ENAMETOOLONG);
    assert_int_equal(attachment_write("/proc", id, "x", 1), ENOENT);
    for (int level = 0; level < 3; level++) {
        *strrchr(path, '/') = '\0';
        assert_int_equal(rmdir(path), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_documents_are_known_by_what_is_in_them),
        cmocka_unit_test(test_names_lead_nowhere),
        cmocka_unit_test(test_claims_are_added_up_and_nothing_is_unpacked),
        cmocka_unit_test(test_macros_are_refused_wherever_they_are),
        cmocka_unit_test(test_names_end_as_their_type_does),
        cmocka_unit_test(test_text_is_utf_8_without_control_characters),
        cmocka_unit_test(test_files_are_whole_or_not_there),
    };
    return cmocka_run_group_tests(tests, arena_setup, arena_teardown);
}
