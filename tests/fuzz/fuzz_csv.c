/* SPDX-License-Identifier: EUPL-1.2
 * Lines as cells come back as they were, but for the apostrophe that disarms formulas; any bytes as a file are refused or rows of as many
 * cells as its first line has names. */
#define _GNU_SOURCE /* memfd_create(), strsep() */
#include "csv.h"
#include "fuzz.h"
#include "import.h"
#include "target.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "banned.h"

enum { CELLS_MAX = 8 };

static const struct node *rows_of(struct import *import, const char *bytes, size_t length)
{
    char path[64];
    const int fd = memfd_create("rows.csv", MFD_CLOEXEC);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    require(fd >= 0 && write(fd, bytes, length) == (ssize_t)length);
    const struct node *rows = import_csv(import, path);
    close(fd);
    return rows;
}

static void any_file(struct import *import, const char *bytes, size_t length)
{
    const struct node *rows = rows_of(import, bytes, length);
    for (size_t i = 0; rows && i < rows->count; i++) {
        require(rows->items[i]->kind == NODE_MAPPING && rows->items[i]->count == rows->items[0]->count && rows->items[i]->line > 0);
        for (size_t k = 0; k < rows->items[i]->count; k++)
            require(rows->items[i]->items[k]->text && rows->items[i]->keys[k]);
    }
}

static void come_back(struct import *import, char *text)
{
    struct buffer out;
    char *cells[CELLS_MAX] = {text};
    size_t count = 0;
    buffer_init(&out);
    while (text && count < CELLS_MAX)
        cells[count++] = strsep(&text, "\n");
    for (size_t row = 0; row < 2; row++)
        for (size_t i = 0; i < count; i++) {
            csv_cell(&out, cells[i]);
            buffer_puts(&out, i + 1 < count ? "," : "\r\n");
        }
    const struct node *rows = rows_of(import, out.bytes, out.length);
    require(!rows || (rows->count == 1 && rows->items[0]->count == count));
    for (size_t i = 0; rows && i < count; i++) {
        const char *read = rows->items[0]->items[i]->text;
        require(!*read || !strchr("=+-@\t\r", *read));
        require(strcmp(read + (*read == '\'' && *cells[i] != '\''), cells[i]) == 0);
    }
    buffer_release(&out);
}

int LLVMFuzzerInitialize(int *argc, char ***argv);

/* What is wrong with files is told on standard error, which is for the fuzzer. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    stderr = fopen("/dev/null", "we");
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct import import = {.folder = "."};
    arena_init(&import.arena, 0);
    char *text = arena_copy(&import.arena, (const char *)data, size);
    any_file(&import, (const char *)data, size);
    if (utf8_valid(text, strlen(text)))
        come_back(&import, text);
    arena_release(&import.arena);
    return 0;
}
