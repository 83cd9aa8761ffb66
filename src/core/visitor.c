/* SPDX-License-Identifier: EUPL-1.2
 * The patience with clients: a time for each turn of theirs, however busy they seem, and no more connections or memory than there may be. */
#include "visitor.h"

#include "config.h"
#include "watch.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "banned.h"

#define REST_MS 75000   /* longer than the minute for which proxies keep a connection, so that it is theirs to close */
#define LOOK_MS 1000
#define LEAST_RATE 4096 /* bytes a second, beside the time that every turn has */

static void unlink_visitor(struct visitors *visitors, struct visitor *visitor)
{
    *(visitor->older ? &visitor->older->newer : &visitors->oldest) = visitor->newer;
    *(visitor->newer ? &visitor->newer->older : &visitors->newest) = visitor->older;
}

static void link_newest(struct visitors *visitors, struct visitor *visitor)
{
    visitor->older = visitors->newest;
    visitor->newer = NULL;
    *(visitors->newest ? &visitors->newest->newer : &visitors->oldest) = visitor;
    visitors->newest = visitor;
}

static int64_t patience_ms(const struct visitors *visitors)
{
    const struct config *config = *visitors->config;
    return config->patience_seconds * INT64_C(1000);
}

/* MHD notices the end of the connection by itself and gives everything back. */
static void cut(struct visitors *visitors, struct visitor *visitor, enum visitor_cut why)
{
    shutdown(visitor->fd, SHUT_RDWR);
    visitor->fd = -1;
    atomic_fetch_sub_explicit(&visitors->held, visitor->held, memory_order_relaxed);
    visitor->held = 0;
    atomic_fetch_add_explicit(&visitors->cuts[why], 1, memory_order_relaxed);
}

/* The one whose turn has lasted longest of those that wait for nobody but their client, and hold something if that is what is wanted. */
static struct visitor *longest(const struct visitors *visitors, size_t least_held)
{
    struct visitor *visitor = visitors->oldest;
    while (visitor && (visitor->fd < 0 || visitor->turn == TURN_OURS || visitor->held < least_held))
        visitor = visitor->newer;
    return visitor;
}

struct visitor *visitor_new(struct visitors *visitors, int fd)
{
    struct visitor *visitor = calloc(1, sizeof *visitor);
    if (!visitor) {
        shutdown(fd, SHUT_RDWR);
        return NULL;
    }
    if (atomic_load_explicit(&visitors->count, memory_order_relaxed) + 1 >= visitors->most) {
        struct visitor *other = longest(visitors, 0);
        if (other)
            cut(visitors, other, CUT_CROWDED);
    }
    visitor->fd = fd;
    link_newest(visitors, visitor);
    visitor_turn(visitors, visitor, TURN_HEAD);
    atomic_fetch_add_explicit(&visitors->count, 1, memory_order_relaxed);
    return visitor;
}

void visitor_free(struct visitors *visitors, struct visitor *visitor)
{
    if (!visitor)
        return;
    unlink_visitor(visitors, visitor);
    atomic_fetch_sub_explicit(&visitors->held, visitor->held, memory_order_relaxed);
    atomic_fetch_sub_explicit(&visitors->count, 1, memory_order_relaxed);
    free(visitor->target);
    free(visitor);
}

void visitor_aim(struct visitor *visitor, const char *target)
{
    const size_t size = strlen(target) + 1;
    visitor->target_end = target + size - 1;
    if (visitor->room < size) {
        free(visitor->target);
        visitor->target = malloc(size);
        visitor->room = visitor->target ? size : 0;
    }
    if (visitor->target)
        memcpy(visitor->target, target, size);
}

void visitor_turn(struct visitors *visitors, struct visitor *visitor, enum visitor_turn turn)
{
    if (!visitor)
        return;
    unlink_visitor(visitors, visitor);
    link_newest(visitors, visitor);
    visitor->turn = turn;
    visitor->since = clock_ms();
    visitor->deadline = turn == TURN_OURS ? INT64_MAX : visitor->since + patience_ms(visitors);
}

void visitor_rest(struct visitors *visitors, struct visitor *visitor)
{
    if (!visitor)
        return;
    visitor_turn(visitors, visitor, TURN_HEAD);
    visitor_hold(visitors, visitor, 0);
    visitor->deadline = visitor->since + REST_MS;
}

void visitor_hold(struct visitors *visitors, struct visitor *visitor, size_t bytes)
{
    if (!visitor || visitor->fd < 0)
        return;
    atomic_fetch_add_explicit(&visitors->held, bytes - visitor->held, memory_order_relaxed); /* less by wrapping around */
    visitor->held = bytes;
    if (visitor->turn == TURN_BODY || visitor->turn == TURN_ANSWER)
        visitor->deadline = visitor->since + patience_ms(visitors) + (int64_t)bytes * 1000 / LEAST_RATE;
    const struct config *config = *visitors->config;
    while (atomic_load_explicit(&visitors->held, memory_order_relaxed) > (size_t)config->held_max) {
        struct visitor *other = longest(visitors, 1);
        if (!other)
            return;
        cut(visitors, other, CUT_MEMORY);
    }
}

void visitors_look(struct visitors *visitors, int64_t now)
{
    static const enum visitor_cut why[TURN_COUNT] = {[TURN_HEAD] = CUT_HEAD, [TURN_BODY] = CUT_BODY, [TURN_ANSWER] = CUT_ANSWER};
    const int64_t away = visitors->looked ? now - visitors->looked - LOOK_MS : 0;
    if (away < 0)
        return;
    visitors->looked = now;
    for (struct visitor *visitor = visitors->oldest; visitor; visitor = visitor->newer) {
        if (visitor->turn != TURN_OURS)
            visitor->deadline += away;
        if (visitor->fd >= 0 && now >= visitor->deadline)
            cut(visitors, visitor, why[visitor->turn]);
    }
}
