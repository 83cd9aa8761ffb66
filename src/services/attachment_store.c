/* SPDX-License-Identifier: EUPL-1.2
 * Attachments in a directory: written beside their place, made safe on the disk, then renamed. */
#include "attachment.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "banned.h"

enum { ID_LENGTH = 36 };

bool attachment_path(char *path, size_t size, const char *folder, const char *id, const char *prefix)
{
    const char *digits = id + ID_LENGTH - 4; /* random ones, so that folders fill alike */
    const int length = snprintf(path, size, "%s/%.2s/%.2s/%s%s", folder, digits, digits + 2, prefix, id);
    return length >= 0 && (size_t)length < size;
}

/* Makes the folders above path, whose last two may be missing, and has each made known to the disk. */
static int folders_make(const char *path, const char *folder)
{
    char above[PATH_MAX];
    for (const char *slash = path + strlen(folder); (slash = strchr(slash + 1, '/'));) {
        snprintf(above, sizeof above, "%.*s", (int)(slash - path), path);
        if (mkdir(above, 0700) != 0 && errno != EEXIST)
            return errno;
    }
    return 0;
}

/* A rename, and a folder, lasts once the folder it stands in is on the disk. */
static int folder_sync(const char *path, size_t length)
{
    char above[PATH_MAX];
    snprintf(above, sizeof above, "%.*s", (int)length, path);
    const int fd = open(above, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const int failed = fd < 0 || fsync(fd) != 0 ? errno : 0;
    if (fd >= 0)
        close(fd);
    return failed;
}

static int folders_sync(const char *path, const char *folder)
{
    int failed = 0;
    for (const char *slash = path + strlen(folder); slash && !failed; slash = strchr(slash + 1, '/'))
        failed = folder_sync(path, (size_t)(slash - path));
    return failed;
}

static int bytes_write(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        const ssize_t written = write(fd, bytes, length);
        if (written < 0 && errno != EINTR)
            return errno;
        bytes += written > 0 ? written : 0;
        length -= written > 0 ? (size_t)written : 0;
    }
    return fsync(fd) != 0 ? errno : 0;
}

int attachment_write(const char *folder, const char *id, const void *bytes, size_t length)
{
    char unfinished[PATH_MAX], path[PATH_MAX];
    if (strlen(id) != ID_LENGTH || !attachment_path(unfinished, sizeof unfinished, folder, id, ATTACHMENT_UNFINISHED) ||
        !attachment_path(path, sizeof path, folder, id, ""))
        return ENAMETOOLONG;
    int failed = folders_make(path, folder);
    const int fd = failed ? -1 : open(unfinished, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (failed || fd < 0)
        return failed ? failed : errno;
    failed = bytes_write(fd, bytes, length);
    if (close(fd) != 0 && !failed)
        failed = errno;
    if (!failed && rename(unfinished, path) != 0)
        failed = errno;
    if (failed)
        unlink(unfinished);
    return failed ? failed : folders_sync(path, folder);
}

int attachment_length(const char *folder, const char *id, size_t *length)
{
    char path[PATH_MAX];
    struct stat file;
    if (strlen(id) != ID_LENGTH || !attachment_path(path, sizeof path, folder, id, ""))
        return ENAMETOOLONG;
    if (lstat(path, &file) != 0)
        return errno;
    *length = (size_t)file.st_size;
    return S_ISREG(file.st_mode) && *length <= ATTACHMENT_BYTES_MAX ? 0 : EFBIG;
}

int attachment_read(const char *folder, const char *id, unsigned char *bytes, size_t *length)
{
    char path[PATH_MAX];
    size_t have = 0;
    ssize_t got = -1;
    if (strlen(id) != ID_LENGTH || !attachment_path(path, sizeof path, folder, id, ""))
        return ENAMETOOLONG;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return errno;
    while (have < *length && ((got = read(fd, bytes + have, *length - have)) > 0 || (got < 0 && errno == EINTR)))
        have += got > 0 ? (size_t)got : 0;
    const int failed = got < 0 ? errno : 0;
    const bool more = have == *length;
    close(fd);
    *length = have;
    return failed ? failed : more ? EFBIG : 0;
}

int attachment_remove(const char *folder, const char *id)
{
    char path[PATH_MAX];
    if (strlen(id) != ID_LENGTH || !attachment_path(path, sizeof path, folder, id, ""))
        return ENAMETOOLONG;
    return unlink(path) == 0 || errno == ENOENT ? 0 : errno;
}
