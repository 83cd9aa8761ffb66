/* SPDX-License-Identifier: EUPL-1.2
 * The page /metrics: what loops, lanes and jobs of this process counted, the figures of the service, the process itself. */
#include "admin.h"
#include "cache.h"
#include "figures.h"
#include "log.h"
#include "topic.h"
#include "version.h"

#include "banned.h"

struct counted {
    const struct loop *loops;
    size_t loop_count;
    const struct jobs *jobs;
};

static struct lane_figures lane_sum(const struct counted *counted, enum lane_kind kind)
{
    struct lane_figures sum = {0};
    for (size_t i = 0; i < counted->loop_count; i++) {
        const struct lane_figures figures = lane_figures(counted->loops[i].lanes[kind]);
        sum.links_up += figures.links_up;
        sum.in_flight += figures.in_flight;
        sum.queued += figures.queued;
        sum.retries += figures.retries;
        sum.timeouts += figures.timeouts;
        sum.refused += figures.refused;
        sum.statements += figures.statements;
        sum.reconnects += figures.reconnects;
    }
    return sum;
}

static void head_write(struct buffer *out, const char *name, const char *type, const char *help)
{
    buffer_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void figure_write(struct buffer *out, const char *name, const char *type, const char *help, const unsigned long long values[LANE_COUNT])
{
    head_write(out, name, type, help);
    for (size_t i = 0; i < LANE_COUNT; i++)
        buffer_printf(out, "%s{lane=\"%s\"} %llu\n", name, LANE_NAMES[i], values[i]);
}

static void lanes_write(const struct counted *counted, struct buffer *out)
{
    unsigned long long up[LANE_COUNT], flying[LANE_COUNT], queued[LANE_COUNT], retries[LANE_COUNT], timeouts[LANE_COUNT],
        refused[LANE_COUNT], statements[LANE_COUNT], reconnects[LANE_COUNT];
    for (enum lane_kind kind = 0; kind < LANE_COUNT; kind++) {
        const struct lane_figures sum = lane_sum(counted, kind);
        up[kind] = sum.links_up;
        flying[kind] = sum.in_flight;
        queued[kind] = sum.queued;
        retries[kind] = sum.retries;
        timeouts[kind] = sum.timeouts;
        refused[kind] = sum.refused;
        statements[kind] = sum.statements;
        reconnects[kind] = sum.reconnects;
    }
    figure_write(out, "welcome_lane_links_up", "gauge", "Database connections ready for work.", up);
    figure_write(out, "welcome_lane_in_flight", "gauge", "Segments sent and not yet answered.", flying);
    figure_write(out, "welcome_lane_queued", "gauge", "Segments waiting for a connection.", queued);
    figure_write(out, "welcome_lane_statements_total", "counter", "Statements of segments that were sent.", statements);
    figure_write(out, "welcome_lane_retries_total", "counter", "Segments sent again after a conflict or a lost connection.", retries);
    figure_write(out, "welcome_lane_timeouts_total", "counter", "Segments that waited too long.", timeouts);
    figure_write(out, "welcome_lane_refused_total", "counter", "Segments that found the queue full.", refused);
    figure_write(out, "welcome_lane_connects_total", "counter", "Attempts to connect after the first.", reconnects);
}

static void times_write(const struct counted *counted, struct buffer *out)
{
    struct histogram_sum waited[LANE_COUNT] = {0}, ran[LANE_COUNT] = {0};
    for (size_t i = 0; i < counted->loop_count; i++)
        for (enum lane_kind kind = 0; kind < LANE_COUNT; kind++)
            lane_times(counted->loops[i].lanes[kind], &waited[kind], &ran[kind]);
    head_write(out, "welcome_lane_wait_seconds", "histogram", "Time a segment waited for a connection.");
    for (enum lane_kind kind = 0; kind < LANE_COUNT; kind++)
        histogram_write(out, "welcome_lane_wait_seconds", "lane", LANE_NAMES[kind], &waited[kind]);
    head_write(out, "welcome_lane_run_seconds", "histogram", "Time the database took for a segment.");
    for (enum lane_kind kind = 0; kind < LANE_COUNT; kind++)
        histogram_write(out, "welcome_lane_run_seconds", "lane", LANE_NAMES[kind], &ran[kind]);
}

static void loops_write(const struct counted *counted, struct buffer *out)
{
    size_t requests = 0, most = 0;
    unsigned long long refused = 0;
    for (size_t i = 0; i < counted->loop_count; i++) {
        requests += atomic_load_explicit(&counted->loops[i].requests, memory_order_relaxed);
        most += counted->loops[i].visitors.most;
        refused += atomic_load_explicit(&counted->loops[i].refused, memory_order_relaxed);
    }
    head_write(out, "welcome_requests_in_flight", "gauge", "Requests begun and not yet answered.");
    buffer_printf(out, "welcome_requests_in_flight %zu\n", requests);
    head_write(out, "welcome_connections_max", "gauge", "Connections that clients may have open.");
    buffer_printf(out, "welcome_connections_max %zu\n", most);
    head_write(out, "welcome_connections_starved_total", "counter", "Moments in which none could be accepted for want of files.");
    buffer_printf(out, "welcome_connections_starved_total %llu\n", refused);
}

static void cache_write(const struct counted *counted, struct buffer *out)
{
    const struct topics *topics = counted->loops[0].service->topics;
    struct cache_figures sum = {0};
    if (!topics)
        return;
    for (size_t i = 0; i < counted->loop_count; i++) {
        const struct cache_figures figures = cache_figures(counted->loops[i].cache);
        sum.hits += figures.hits;
        sum.misses += figures.misses;
        sum.stores += figures.stores;
        sum.evictions += figures.evictions;
        sum.stale += figures.stale;
        sum.bytes += figures.bytes;
        sum.answers += figures.answers;
    }
    const struct topics_figures heard = topics_figures(topics);
    const struct {
        const char *name, *type, *help;
        unsigned long long value;
    } lines[] = {
        {"hits_total", "counter", "Requests answered from the cache.", sum.hits},
        {"misses_total", "counter", "Requests of operations that are kept which the database had to answer.", sum.misses},
        {"stores_total", "counter", "Answers put into the cache.", sum.stores},
        {"evictions_total", "counter", "Answers dropped to make room.", sum.evictions},
        {"stale_total", "counter", "Answers dropped because something had changed or their time was over.", sum.stale},
        {"bytes", "gauge", "Memory of kept answers.", sum.bytes},
        {"answers", "gauge", "Kept answers.", sum.answers},
        {"invalidations_total", "counter", "Times the database told that a topic had changed, or that it could have unheard.", heard.voided},
        {"listener_lost_total", "counter", "Times the connection that hears of changes was lost.", heard.lost},
        {"listening", "gauge", "1 while changes are heard; without that nothing is answered from the cache.", heard.heard},
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        buffer_printf(out, "# HELP welcome_cache_%s %s\n# TYPE welcome_cache_%s %s\nwelcome_cache_%s %llu\n", lines[i].name, lines[i].help,
                      lines[i].name, lines[i].type, lines[i].name, lines[i].value);
}

static void visitors_write(const struct counted *counted, struct buffer *out)
{
    static const char *const reasons[CUT_COUNT] = {"head", "body", "answer", "crowded", "memory"};
    size_t open = 0, held = 0;
    for (size_t i = 0; i < counted->loop_count; i++) {
        open += atomic_load_explicit(&counted->loops[i].visitors.count, memory_order_relaxed);
        held += atomic_load_explicit(&counted->loops[i].visitors.held, memory_order_relaxed);
    }
    head_write(out, "welcome_connections", "gauge", "Connections that clients have open.");
    buffer_printf(out, "welcome_connections %zu\n", open);
    head_write(out, "welcome_held_bytes", "gauge", "Bodies and answers kept for clients.");
    buffer_printf(out, "welcome_held_bytes %zu\n", held);
    head_write(out, "welcome_connections_cut_total", "counter", "Connections closed because the client took too long, or there were too many.");
    for (size_t reason = 0; reason < CUT_COUNT; reason++) {
        size_t cuts = 0;
        for (size_t i = 0; i < counted->loop_count; i++)
            cuts += atomic_load_explicit(&counted->loops[i].visitors.cuts[reason], memory_order_relaxed);
        buffer_printf(out, "welcome_connections_cut_total{reason=\"%s\"} %zu\n", reasons[reason], cuts);
    }
}

static void jobs_write(const struct counted *counted, struct buffer *out)
{
    struct job_figures job;
    head_write(out, "welcome_job_runs_total", "counter", "Runs of a job in this process, by how they ended.");
    for (size_t i = 0; jobs_figures(counted->jobs, i, &job); i++)
        buffer_printf(out, "welcome_job_runs_total{name=\"%s\",result=\"done\"} %llu\nwelcome_job_runs_total{name=\"%s\",result=\"failed\"} %llu\n",
                      job.name, job.done, job.name, job.failed);
    head_write(out, "welcome_job_seconds_total", "counter", "Time spent in these runs.");
    for (size_t i = 0; jobs_figures(counted->jobs, i, &job); i++)
        buffer_printf(out, "welcome_job_seconds_total{name=\"%s\"} %.6f\n", job.name, job.seconds);
    head_write(out, "welcome_job_working", "gauge", "Whether the job is done by this process (1) or by another (0).");
    for (size_t i = 0; jobs_figures(counted->jobs, i, &job); i++)
        buffer_printf(out, "welcome_job_working{name=\"%s\"} %d\n", job.name, job.working);
    head_write(out, "welcome_job_last_done_timestamp_seconds", "gauge", "When this process did the job last; 0: never.");
    for (size_t i = 0; jobs_figures(counted->jobs, i, &job); i++)
        buffer_printf(out, "welcome_job_last_done_timestamp_seconds{name=\"%s\"} %lld\n", job.name, job.done_at);
}

void metrics_page(struct buffer *out, const struct loop *loops, size_t loop_count, const struct jobs *jobs)
{
    const struct counted counted = {loops, loop_count, jobs};
    head_write(out, "welcome_build_info", "gauge", "The program: its version and that of its contract.");
    buffer_printf(out, "welcome_build_info{version=\"%s\",contract=\"%s\"} 1\n", PROGRAM_VERSION, loops[0].service->version);
    metrics_write(loops[0].service->metrics, out);
    loops_write(&counted, out);
    visitors_write(&counted, out);
    cache_write(&counted, out);
    lanes_write(&counted, out);
    times_write(&counted, out);
    replica_metrics_write(loops, loop_count, out);
    jobs_write(&counted, out);
    figures_write(out);
    head_write(out, "welcome_log_lines_lost_total", "counter", "Lines of the log that could not be written.");
    buffer_printf(out, "welcome_log_lines_lost_total %llu\n", log_lost());
    process_write(out);
}
