/* SPDX-License-Identifier: EUPL-1.2
 * What a loop's epoll instance calls when a file descriptor is ready, and the clock it lives by. */
#ifndef WELCOME_WATCH_H
#define WELCOME_WATCH_H

#include <stdint.h>
#include <time.h>

/* epoll_event.data.ptr of everything registered points at one of these. */
struct watch {
    void (*ready)(struct watch *watch, uint32_t events);
};

/* Milliseconds of the monotonic clock. */
static inline int64_t clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Microseconds of the same clock. */
static inline int64_t clock_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

#endif
