/* SPDX-License-Identifier: EUPL-1.2
 * The folder of an export: written beside the old one, then put in its place. */
#define _GNU_SOURCE /* renameat2(), syncfs() */
#include "export.h"

#include "content_file.h"
#include "media.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "banned.h"

enum { DESCRIPTORS = 16 };

/* What an export writes into its folder. */
static const char *const FOLDERS[] = {"places", "articles", "news", "events", "stories", "media"};

enum { FOLDER_COUNT = sizeof FOLDERS / sizeof *FOLDERS };

static volatile sig_atomic_t interrupted;

static void interrupt(int signal)
{
    (void)signal;
    interrupted = 1;
}

static bool refuse(const char *format, ...) __attribute__((format(printf, 1, 2)));

static bool refuse(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("welcomed export: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    return false;
}

static bool refuse_path(const char *path)
{
    return refuse("%s: %s", path, strerror(errno));
}

static const char *path_in(struct export *export, const char *folder, const char *name)
{
    const char *path = arena_printf(&export->arena, "%s/%s", folder, name);
    if (!path)
        refuse("out of memory");
    return path;
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* Calls suits with each visible name in the folder until one does not; that is told. */
static bool all_suit(struct export *export, const char *folder, bool (*suits)(struct export *, const char *, const char *))
{
    struct dirent **entries = NULL;
    const int count = scandir(folder, &entries, is_visible, alphasort);
    bool done = count >= 0 || refuse_path(folder);
    for (int i = 0; i < count; i++) {
        done = done && suits(export, folder, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    return done;
}

static bool refuse_foreign(const char *folder, const char *name)
{
    return refuse("%s/%s is nothing that an export writes; --force removes it", folder, name);
}

/* Of "articles/<key>": its name says what its file of all languages is. */
static bool file_suits(struct export *export, const char *folder, const char *name)
{
    const char *ending = strrchr(name, '.');
    (void)export;
    if (ending && (strcmp(ending, ".md") == 0 || strcmp(ending, ".yaml") == 0))
        return true;
    return refuse_foreign(folder, name);
}

static bool thing_suits(struct export *export, const char *folder, const char *name)
{
    struct stat found;
    const char *path = path_in(export, folder, name);
    if (!path)
        return false;
    if (lstat(path, &found) != 0)
        return refuse_path(path);
    return S_ISDIR(found.st_mode) ? all_suit(export, path, file_suits) : refuse_foreign(folder, name);
}

static bool media_suits(struct export *export, const char *folder, const char *name)
{
    const char *ending = strrchr(name, '.');
    (void)export;
    return (ending && (media_type(ending + 1) || strcmp(ending, ".yaml") == 0)) || refuse_foreign(folder, name);
}

/* Whether the old folders hold nothing but what an export writes; tells whether there is any. */
static bool folders_suit(struct export *export)
{
    bool done = true;
    export->empty = true;
    for (size_t i = 0; i < FOLDER_COUNT && done; i++) {
        const char *path = path_in(export, export->folder, FOLDERS[i]);
        if (!path)
            return false;
        if (access(path, F_OK) != 0)
            continue;
        export->empty = false;
        done = export->force || all_suit(export, path, strcmp(FOLDERS[i], "media") == 0 ? media_suits : thing_suits);
    }
    return done;
}

static bool nothing_suits(struct export *export, const char *folder, const char *name)
{
    (void)export;
    return refuse("%s holds %s but no content; --force writes beside it", folder, name);
}

static bool folder_make(struct export *export)
{
    if (mkdir(export->folder, 0777) == 0)
        return export->created = export->empty = true;
    if (errno != EEXIST)
        return refuse_path(export->folder);
    if (!folders_suit(export))
        return false;
    return !export->empty || export->force || all_suit(export, export->folder, nothing_suits);
}

static int entry_remove(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)type;
    return walk->level == 0 ? 0 : remove(path);
}

/* Only one export writes to a folder; what an interrupted one left goes. */
static bool partial_make(struct export *export)
{
    const char *path = path_in(export, export->folder, ".welcomed-export");
    if (!path)
        return false;
    if (mkdir(path, 0777) != 0 && errno != EEXIST)
        return refuse_path(path);
    export->lock = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (export->lock < 0)
        return refuse_path(path);
    if (flock(export->lock, LOCK_EX | LOCK_NB) != 0)
        return refuse("another export is writing to %s", export->folder);
    export->partial = path;
    return nftw(path, entry_remove, DESCRIPTORS, FTW_DEPTH | FTW_PHYS) == 0 || refuse_path(path);
}

bool export_begin(struct export *export)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    const struct sigaction action = {.sa_handler = interrupt};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        sigaction(signals[i], &action, NULL);
    return folder_make(export) && partial_make(export);
}

/* Makes the folders above a file. */
static bool parents_make(char *path, size_t from)
{
    for (char *slash = strchr(path + from, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        const bool made = mkdir(path, 0777) == 0 || errno == EEXIST;
        *slash = '/';
        if (!made)
            return false;
    }
    return true;
}

static bool bytes_write(int file, const char *bytes, size_t length)
{
    while (length > 0) {
        const ssize_t written = write(file, bytes, length);
        if (written < 0 && errno != EINTR)
            return false;
        bytes += written > 0 ? written : 0;
        length -= written > 0 ? (size_t)written : 0;
    }
    return true;
}

bool export_file(struct export *export, const char *path, const char *bytes, size_t length)
{
    static const int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
    char whole[4096];
    const int size = snprintf(whole, sizeof whole, "%s/%s", export->partial, path);
    if (interrupted)
        return refuse("interrupted");
    if (size < 0 || (size_t)size >= sizeof whole)
        return refuse("%s: the path is too long", path);
    int file = open(whole, flags, 0666);
    if (file < 0 && errno == ENOENT && parents_make(whole, strlen(export->partial) + 1))
        file = open(whole, flags, 0666);
    if (file < 0)
        return refuse_path(whole);
    const bool written = bytes_write(file, bytes, length);
    if (!written)
        refuse_path(whole);
    export->files++;
    return (close(file) == 0 || (written && refuse_path(whole))) && written;
}

/* In one step where the file system knows how. The old one, if there is one, ends up in partial. */
static bool folder_swap(struct export *export, const char *name)
{
    const char *made = path_in(export, export->partial, name), *old = path_in(export, export->folder, name);
    const char *aside = made ? arena_printf(&export->arena, "%s.old", made) : NULL;
    if (!old || !aside)
        return false;
    const bool is_made = access(made, F_OK) == 0, is_old = access(old, F_OK) == 0;
    if (is_made && is_old) {
        if (renameat2(AT_FDCWD, made, AT_FDCWD, old, RENAME_EXCHANGE) == 0)
            return true;
        return (rename(old, aside) == 0 && rename(made, old) == 0) || refuse_path(old);
    }
    if (is_made)
        return rename(made, old) == 0 || refuse_path(old);
    return !is_old || rename(old, made) == 0 || refuse_path(old);
}

bool export_finish(struct export *export)
{
    bool done = syncfs(export->lock) == 0 || refuse_path(export->partial);
    for (size_t i = 0; i < FOLDER_COUNT && done; i++)
        done = folder_swap(export, FOLDERS[i]);
    export->created = export->created && !done;
    return done;
}

void export_release(struct export *export)
{
    if (export->partial) {
        nftw(export->partial, entry_remove, DESCRIPTORS, FTW_DEPTH | FTW_PHYS);
        rmdir(export->partial);
    }
    if (export->lock >= 0)
        close(export->lock);
    if (export->created)
        rmdir(export->folder);
}
