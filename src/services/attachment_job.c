/* SPDX-License-Identifier: EUPL-1.2
 * Removes attachments from the directory: at once those whose row is gone, and once an hour what is older than a day and never had one. */
#include "attachment.h"
#include "jobs.h"
#include "log.h"
#include "sql_type.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "banned.h"

enum { BATCH = 100, BATCHES_MAX = 1000, ID_LENGTH = 36, HOUR = 3600, DAY = 24 * HOUR };

static bool refuse(struct job_run *run, const char *what, int failed)
{
    snprintf(run->error, sizeof run->error, "%s: %s", what, strerror(failed));
    return false;
}

static PGresult *query_ids(struct job_run *run, const char *statement, const char *const *ids, size_t count)
{
    struct arena arena;
    arena_init(&arena, 0);
    const char *list = sql_text_array(ids, count, &arena);
    PGresult *result = list ? database_query(run->db, statement, 1, &list) : NULL;
    arena_release(&arena);
    return result;
}

/* A batch of those whose row is gone; how many there were, -1: something failed. */
static int gone_remove(struct job_run *run)
{
    const char *ids[BATCH];
    PGresult *gone = database_query(run->db, "SELECT g FROM attachments_gone() g", 0, NULL);
    const int count = gone ? PQntuples(gone) : -1;
    int failed = 0;
    for (int i = 0; i < count && i < BATCH && !failed; i++) {
        ids[i] = PQgetvalue(gone, i, 0);
        failed = attachment_remove(run->config->attachments, ids[i]);
    }
    bool done = gone && !failed;
    if (failed)
        refuse(run, "a file cannot be removed", failed);
    if (done && count > 0) {
        PGresult *told = query_ids(run, "SELECT attachments_removed($1)", ids, (size_t)count);
        done = told != NULL;
        PQclear(told);
    }
    PQclear(gone);
    return done ? count : -1;
}

/* Files of one folder that are old enough to have had a row. */
struct found {
    char ids[BATCH][ID_LENGTH + 1];
    size_t count;
};

/* Those of them without a row are removed. */
static bool found_settle(struct job_run *run, struct found *found)
{
    const char *ids[BATCH];
    for (size_t i = 0; i < found->count; i++)
        ids[i] = found->ids[i];
    PGresult *kept = found->count ? query_ids(run, "SELECT k FROM attachments_kept($1) k", ids, found->count) : NULL;
    bool done = kept || found->count == 0;
    for (size_t i = 0; kept && done && i < found->count; i++) {
        bool has_row = false;
        for (int k = 0; k < PQntuples(kept); k++)
            has_row = has_row || strcmp(PQgetvalue(kept, k, 0), ids[i]) == 0;
        const int failed = has_row ? 0 : attachment_remove(run->config->attachments, ids[i]);
        done = !failed || refuse(run, "a file cannot be removed", failed);
        if (!has_row && done)
            log_info("attachment_orphan_removed", log_text("attachment", ids[i]));
    }
    PQclear(kept);
    found->count = 0;
    return done;
}

/* Our names alone: whatever else lies there is somebody's. */
static bool is_id(const char *name)
{
    return strlen(name) == ID_LENGTH && strspn(name, "0123456789abcdef-") == ID_LENGTH;
}

static bool folder_sweep(struct job_run *run, const char *path)
{
    struct found found = {.count = 0};
    DIR *folder = opendir(path);
    bool done = folder != NULL;
    for (struct dirent *entry; done && (entry = readdir(folder));) {
        struct stat stat;
        const bool unfinished = strncmp(entry->d_name, ATTACHMENT_UNFINISHED, 1) == 0 && is_id(entry->d_name + 1);
        if ((!unfinished && !is_id(entry->d_name)) || fstatat(dirfd(folder), entry->d_name, &stat, AT_SYMLINK_NOFOLLOW) != 0 ||
            !S_ISREG(stat.st_mode) || stat.st_mtime > time(NULL) - DAY)
            continue;
        if (unfinished)
            unlinkat(dirfd(folder), entry->d_name, 0);
        else
            memcpy(found.ids[found.count++], entry->d_name, ID_LENGTH + 1);
        if (found.count == BATCH)
            done = found_settle(run, &found);
    }
    const int failed = folder ? 0 : errno;
    if (folder)
        closedir(folder);
    return (failed ? refuse(run, "a folder cannot be read", failed) : done) && found_settle(run, &found);
}

/* Two levels of folders of two digits. */
static bool orphans_remove(struct job_run *run)
{
    static const char hex[] = "0123456789abcdef";
    char path[PATH_MAX];
    bool done = true;
    for (unsigned n = 0; n < 0x10000 && done && !atomic_load(run->stopping); n++) {
        snprintf(path, sizeof path, "%s/%c%c", run->config->attachments, hex[n >> 12], hex[n >> 8 & 15]);
        if (access(path, F_OK) != 0) {
            n |= 0xFF;
            continue;
        }
        snprintf(path, sizeof path, "%s/%c%c/%c%c", run->config->attachments, hex[n >> 12], hex[n >> 8 & 15], hex[n >> 4 & 15], hex[n & 15]);
        done = access(path, F_OK) != 0 || folder_sweep(run, path);
    }
    return done;
}

static bool attachments_run(struct job_run *run)
{
    static time_t swept; /* one thread runs this */
    int count = BATCH;
    if (!run->config->attachments)
        return true;
    for (int i = 0; i < BATCHES_MAX && count == BATCH && !atomic_load(run->stopping); i++)
        count = gone_remove(run);
    if (count < 0 || time(NULL) - swept < HOUR)
        return count >= 0;
    const time_t begun = time(NULL);
    const bool done = orphans_remove(run);
    if (done)
        swept = begun;
    return done;
}

const struct job ATTACHMENTS_JOB = {.name = "attachments", .exclusive = true, .pause = job_pause, .run = attachments_run};
