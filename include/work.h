/* SPDX-License-Identifier: EUPL-1.2
 * One thread beside a loop for what would hold the loop up (pictures, documents): one piece after another. */
#ifndef WELCOME_WORK_H
#define WELCOME_WORK_H

#include <stdbool.h>

#define WORK_MAX 16 /* pieces waiting for one thread */

/* The caller keeps it, untouched, until done(). */
struct work_item {
    void (*run)(struct work_item *item);  /* on the thread */
    void (*done)(struct work_item *item); /* in work_collect() or work_stop() */
    bool cancelled;                       /* in done(): the loop is ending; it may not have run */
    struct work_item *next;
};

struct work;

/* Starts the thread; each end of a piece is written to wake_fd (an eventfd). NULL when it cannot be had. */
struct work *work_start(int wake_fd);

/* False: too much is waiting. */
bool work_submit(struct work *work, struct work_item *item);

/* Calls done() of what has ended, on the caller's thread. */
void work_collect(struct work *work);

/* Waits for the piece at hand, ends the thread, calls done() of all that is left, cancelled. Takes NULL. */
void work_stop(struct work *work);

#endif
