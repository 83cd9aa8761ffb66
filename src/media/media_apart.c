/* SPDX-License-Identifier: EUPL-1.2
 * Documents are cleaned by a process of their own: parts of a PDF may be packed, a megabyte into gigabytes, and qpdf unpacks without a limit. That
 * process may use so much memory and time, has no secrets in its environment and no file open but the two it works on. */
#define _GNU_SOURCE /* memfd_create(), posix_spawn_file_actions_addclosefrom_np() */
#include "command.h"
#include "media.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "banned.h"

#define MEMORY_MAX (512ul << 20)
#define SECONDS_MAX 10
#define OUTPUT_MAX (4 * MEDIA_BYTES_MAX)

#ifdef __SANITIZE_ADDRESS__ /* gcc */
#define SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) /* clang */
#define SANITIZED
#endif
#endif

enum { REFUSED = 3 /* exit status; the code stands in the output */, CODE_MAX = 64 };

static bool write_all(int fd, const void *bytes, size_t length)
{
    for (size_t done = 0; done < length;) {
        const ssize_t count = write(fd, (const char *)bytes + done, length - done);
        if (count < 0 && errno != EINTR)
            return false;
        done += count > 0 ? (size_t)count : 0;
    }
    return true;
}

/* From its beginning; failed when there is more than most. */
static void read_all(int fd, size_t most, struct buffer *out)
{
    char chunk[65536];
    ssize_t count = 0;
    lseek(fd, 0, SEEK_SET);
    while (out->length <= most && ((count = read(fd, chunk, sizeof chunk)) > 0 || (count < 0 && errno == EINTR)))
        if (count > 0)
            buffer_append(out, chunk, (size_t)count);
    out->failed = out->failed || count < 0 || out->length > most;
}

/* The exit status of this program as `welcomed clean`; -1: it could not be started, or was ended by a signal. */
static int clean_run(int in, int out)
{
    /* Address sanitizers reserve terabytes: they have a limit of their own. */
    char *const environment[] = {
#ifdef SANITIZED
        "ASAN_OPTIONS=hard_rss_limit_mb=512",
#endif
        NULL};
    char *const arguments[] = {"welcomed", "clean", NULL};
    posix_spawn_file_actions_t actions;
    pid_t child;
    int status = -1;
    if (posix_spawn_file_actions_init(&actions) != 0)
        return -1;
    if (posix_spawn_file_actions_adddup2(&actions, in, 0) == 0 && posix_spawn_file_actions_adddup2(&actions, out, 1) == 0 &&
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0) == 0 && posix_spawn_file_actions_addclosefrom_np(&actions, 3) == 0 &&
        posix_spawn(&child, "/proc/self/exe", &actions, NULL, arguments, environment) == 0)
        while (waitpid(child, &status, 0) < 0 && errno == EINTR)
            ;
    posix_spawn_file_actions_destroy(&actions);
    return status != -1 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Codes are static: of those that came the one we know. */
static const char *code_known(const struct buffer *told)
{
    static const char *const codes[] = {"media_damaged", "media_encrypted", "media_dynamic_form"};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (told->length == strlen(codes[i]) && memcmp(told->bytes, codes[i], told->length) == 0)
            return codes[i];
    return NULL;
}

bool media_clean_apart(struct media_input input, struct media_output *output, struct media_fault *fault)
{
    const int in = memfd_create("document", MFD_CLOEXEC), out = memfd_create("cleaned", MFD_CLOEXEC);
    const char *code = NULL;
    bool done = false;
    if (in >= 0 && out >= 0 && write_all(in, input.bytes, input.length)) {
        lseek(in, 0, SEEK_SET);
        const int status = clean_run(in, out);
        read_all(out, status == COMMAND_OK ? OUTPUT_MAX : CODE_MAX, &output->bytes);
        done = status == COMMAND_OK && !buffer_failed(&output->bytes);
        code = status == REFUSED ? code_known(&output->bytes) : "media_unpacks";
    }
    if (in >= 0)
        close(in);
    if (out >= 0)
        close(out);
    return done || media_refuse(fault, code, NULL);
}

static void bounds_set(void)
{
#ifndef SANITIZED
    setrlimit(RLIMIT_AS, &(struct rlimit){MEMORY_MAX, MEMORY_MAX});
#endif
    setrlimit(RLIMIT_CPU, &(struct rlimit){SECONDS_MAX, SECONDS_MAX});
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){OUTPUT_MAX, OUTPUT_MAX});
}

int command_clean(const struct config *config, int argc, char **argv)
{
    struct buffer document;
    struct media_output output = {.width = 0};
    struct media_fault fault = {NULL, NULL};
    (void)config, (void)argv;
    if (argc > 1) {
        fputs("usage: welcomed clean < DOCUMENT > CLEANED\n", stderr);
        return COMMAND_USAGE;
    }
    bounds_set();
    buffer_init(&document);
    buffer_init(&output.bytes);
    read_all(0, MEDIA_BYTES_MAX, &document);
    const struct media_input input = {(const unsigned char *)document.bytes, document.length};
    int status = COMMAND_FAILED;
    if (!buffer_failed(&document) && media_clean_pdf(input, &output, &fault))
        status = write_all(1, output.bytes.bytes, output.bytes.length) ? COMMAND_OK : COMMAND_FAILED;
    else if (fault.code)
        status = write_all(1, fault.code, strlen(fault.code)) ? REFUSED : COMMAND_FAILED;
    buffer_release(&document);
    buffer_release(&output.bytes);
    return status;
}
