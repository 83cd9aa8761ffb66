/* SPDX-License-Identifier: EUPL-1.2
 * One thread beside a loop for what would hold the loop up: a queue in, a list out, a word to the loop's eventfd. */
#include "work.h"

#include "log.h"

#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "banned.h"

struct work {
    pthread_mutex_t mutex; /* guards all below */
    pthread_cond_t changed;
    struct work_item *waiting, *ended; /* oldest first */
    unsigned count;                    /* waiting */
    bool stopping;
    int wake_fd;
    pthread_t thread;
};

static void item_append(struct work_item **list, struct work_item *item)
{
    item->next = NULL;
    while (*list)
        list = &(*list)->next;
    *list = item;
}

static struct work_item *item_take(struct work *work)
{
    while (!work->waiting && !work->stopping)
        pthread_cond_wait(&work->changed, &work->mutex);
    struct work_item *item = work->stopping ? NULL : work->waiting;
    if (item) {
        work->waiting = item->next;
        work->count--;
    }
    return item;
}

static void *work_run(void *cls)
{
    struct work *work = cls;
    const uint64_t one = 1;
    struct work_item *item;
    pthread_mutex_lock(&work->mutex);
    while ((item = item_take(work))) {
        pthread_mutex_unlock(&work->mutex);
        item->run(item);
        pthread_mutex_lock(&work->mutex);
        item_append(&work->ended, item);
        if (write(work->wake_fd, &one, sizeof one) < 0)
            log_error("wake_failed", log_integer("errno", errno)); /* the next tick notices */
    }
    pthread_mutex_unlock(&work->mutex);
    return NULL;
}

struct work *work_start(int wake_fd)
{
    struct work *work = calloc(1, sizeof *work);
    if (!work)
        return NULL;
    pthread_mutex_init(&work->mutex, NULL);
    pthread_cond_init(&work->changed, NULL);
    work->wake_fd = wake_fd;
    if (pthread_create(&work->thread, NULL, work_run, work) == 0)
        return work;
    free(work);
    return NULL;
}

bool work_submit(struct work *work, struct work_item *item)
{
    pthread_mutex_lock(&work->mutex);
    const bool taken = work->count < WORK_MAX;
    if (taken) {
        item_append(&work->waiting, item);
        work->count++;
        pthread_cond_signal(&work->changed);
    }
    pthread_mutex_unlock(&work->mutex);
    return taken;
}

static void items_done(struct work_item *item, bool cancelled)
{
    while (item) {
        struct work_item *next = item->next;
        item->cancelled = cancelled;
        item->done(item);
        item = next;
    }
}

void work_collect(struct work *work)
{
    pthread_mutex_lock(&work->mutex);
    struct work_item *ended = work->ended;
    work->ended = NULL;
    pthread_mutex_unlock(&work->mutex);
    items_done(ended, false);
}

void work_stop(struct work *work)
{
    if (!work)
        return;
    pthread_mutex_lock(&work->mutex);
    work->stopping = true;
    pthread_cond_signal(&work->changed);
    pthread_mutex_unlock(&work->mutex);
    pthread_join(work->thread, NULL);
    items_done(work->ended, true);
    items_done(work->waiting, true);
    pthread_cond_destroy(&work->changed);
    pthread_mutex_destroy(&work->mutex);
    free(work);
}
