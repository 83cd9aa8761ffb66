/* SPDX-License-Identifier: EUPL-1.2
 * `welcomed match --dry-run FILE`: solves a snapshot and prints what would be proposed; touches no database. */
#include "command.h"
#include "matching_json.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "banned.h"

#define SNAPSHOT_MAX ((size_t)256 << 20)

struct dry_run {
    const char *path; /* "-": standard input */
    bool greedy;      /* compare */
    bool whole;       /* not city by city, whatever the size */
};

static int match_usage(void)
{
    fputs("usage: welcomed match --dry-run FILE|- [--greedy] [--whole]\n"
          "  FILE      a snapshot as JSON: {\"at\", \"seed\", \"guides\", \"requests\", \"edges\"}; - reads standard input\n"
          "  --greedy  compare with giving each request, oldest first, the best guide left\n"
          "  --whole   solve all at once, even above 5,000 requests\n", stderr);
    return COMMAND_USAGE;
}

static bool dry_run_read(struct dry_run *run, int argc, char **argv)
{
    bool dry = false;
    *run = (struct dry_run){.path = NULL};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--dry-run") == 0)
            dry = true;
        else if (strcmp(argv[i], "--greedy") == 0)
            run->greedy = true;
        else if (strcmp(argv[i], "--whole") == 0)
            run->whole = true;
        else if (!run->path && (argv[i][0] != '-' || argv[i][1] == '\0'))
            run->path = argv[i];
        else
            return false;
    }
    return dry && run->path;
}

/* The whole file; says what is wrong and returns false, or leaves it to the caller to release text either way. */
static bool file_read(const char *path, struct buffer *text)
{
    char piece[1 << 14];
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    size_t length = 1;
    while (file && length && !buffer_failed(text) && text->length <= SNAPSHOT_MAX) {
        length = fread(piece, 1, sizeof piece, file);
        buffer_append(text, piece, length);
    }
    const bool read = file && !ferror(file);
    if (file && file != stdin)
        fclose(file);
    if (!read)
        fprintf(stderr, "welcomed match: %s cannot be read\n", path);
    else if (buffer_failed(text) || text->length > SNAPSHOT_MAX)
        fprintf(stderr, "welcomed match: %s is too large\n", path);
    return read && !buffer_failed(text) && text->length <= SNAPSHOT_MAX;
}

static void faults_tell(const char *path, const struct faults *faults)
{
    for (size_t i = 0; i < faults->count; i++) {
        const struct fault *fault = &faults->items[i];
        fprintf(stderr, "%s: %s%s%s\n", path, fault->pointer ? fault->pointer : "", fault->pointer && *fault->pointer ? ": " : "",
                matching_fault_sentence(fault, faults->arena));
    }
    if (faults->failed)
        fputs("welcomed match: out of memory\n", stderr);
}

/* Solves and prints. A result that is not proved is printed too, and the status says so. */
static int snapshot_match(const struct dry_run *run, struct matching_instance *instance)
{
    const struct matching_settings settings = {.whole_max = run->whole ? MATCHING_REQUESTS_MAX : 0};
    struct matching_result result, greedy;
    if (!matching_solve(instance, &settings, &result)) {
        fputs("welcomed match: out of memory\n", stderr);
        return COMMAND_FAILED;
    }
    const bool compared = run->greedy && matching_greedy(instance, &greedy);
    struct buffer out;
    buffer_init(&out);
    matching_write(&out, instance, &result, compared ? &greedy : NULL);
    const char *text = buffer_text(&out);
    const bool printed = text && (compared || !run->greedy) && fputs(text, stdout) >= 0 && fflush(stdout) == 0;
    const bool clean = result.certificate.clean;
    if (!printed)
        fputs("welcomed match: out of memory, or standard output cannot be written\n", stderr);
    if (!clean)
        fprintf(stderr, "welcomed match: the result is not proved: %s\n", result.certificate.fault);
    buffer_release(&out);
    if (compared)
        matching_result_release(&greedy);
    matching_result_release(&result);
    return printed && clean ? COMMAND_OK : COMMAND_FAILED;
}

int command_match(const struct config *config, int argc, char **argv)
{
    struct matching_instance instance;
    struct dry_run run;
    struct faults faults;
    struct buffer text;
    struct arena arena;
    int status = COMMAND_FAILED;
    (void)config;
    if (!dry_run_read(&run, argc, argv))
        return match_usage();
    arena_init(&arena, 16 << 10);
    faults_init(&faults, &arena);
    buffer_init(&text);
    if (!texts_load()) {
        fputs("welcomed match: out of memory\n", stderr);
    } else if (file_read(run.path, &text)) {
        if (matching_read(&instance, text.bytes ? text.bytes : "", text.length, &faults)) {
            status = snapshot_match(&run, &instance);
            matching_instance_release(&instance);
        } else {
            faults_tell(run.path, &faults);
        }
    }
    buffer_release(&text);
    arena_release(&arena);
    texts_release();
    return status;
}
