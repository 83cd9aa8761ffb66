/* SPDX-License-Identifier: EUPL-1.2
 * What Prometheus is told about the lanes to a read replica, if there is one. */
#include "admin.h"

#include "buffer.h"

#include "banned.h"

static const char *const NAMES[LANE_COUNT] = {[LANE_READ] = "read", [LANE_SLOW] = "slow"};

static struct lane_figures figures_of(const struct loop *loops, size_t loop_count, enum lane_kind kind)
{
    struct lane_figures sum = {.behind = -1};
    for (size_t i = 0; i < loop_count; i++) {
        const struct lane_figures figures = lane_figures(loops[i].replicas[kind]);
        sum.links_up += figures.links_up;
        sum.fresh += figures.fresh;
        sum.reconnects += figures.reconnects;
        sum.answered += figures.answered;
        sum.handed_over += figures.handed_over;
        sum.behind = figures.behind > sum.behind ? figures.behind : sum.behind;
    }
    return sum;
}

static void head_write(struct buffer *out, const char *name, const char *type, const char *help)
{
    buffer_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void figure_write(struct buffer *out, const char *name, enum lane_kind kind, unsigned long long value)
{
    buffer_printf(out, "%s{lane=\"%s\"} %llu\n", name, NAMES[kind], value);
}

void replica_metrics_write(const struct loop *loops, size_t loop_count, struct buffer *out)
{
    static const enum lane_kind kinds[] = {LANE_READ, LANE_SLOW};
    static const struct {
        const char *name, *type, *help;
    } families[] = {
        {"welcome_replica_links_up", "gauge", "Connections to the read replica."},
        {"welcome_replica_links_fresh", "gauge", "Of these, to a server that is not too far behind."},
        {"welcome_replica_connects_total", "counter", "Attempts to connect after the first."},
        {"welcome_replica_answered_total", "counter", "Segments that the replica answered."},
        {"welcome_replica_handed_over_total", "counter", "Segments that the primary answered instead."},
    };
    if (!loops[0].replicas[LANE_READ])
        return;
    struct lane_figures sums[] = {figures_of(loops, loop_count, kinds[0]), figures_of(loops, loop_count, kinds[1])};
    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        head_write(out, families[i].name, families[i].type, families[i].help);
        for (size_t k = 0; k < 2; k++) {
            const unsigned long long values[] = {sums[k].links_up, sums[k].fresh, sums[k].reconnects, sums[k].answered, sums[k].handed_over};
            figure_write(out, families[i].name, kinds[k], values[i]);
        }
    }
    head_write(out, "welcome_replica_behind_seconds", "gauge", "How far the replica is behind at most; absent while that is not known.");
    for (size_t k = 0; k < 2; k++)
        if (sums[k].behind >= 0)
            buffer_printf(out, "welcome_replica_behind_seconds{lane=\"%s\"} %.3f\n", NAMES[kinds[k]], (double)sums[k].behind / 1000);
}
