/* SPDX-License-Identifier: EUPL-1.2
 * What the log tells of a request: one line when it ends, one more when its statements were slow. Never what was asked or answered. */
#include "request.h"

#include "log.h"
#include "loop.h"

#include <string.h>

#include "banned.h"

/* The trace a request belongs to (W3C Trace Context §3.2), when it has its form. */
static const char *traceparent_sane(const char *given)
{
    static const char form[] = "hh-hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh-hhhhhhhhhhhhhhhh-hh";
    if (!given || strlen(given) != sizeof form - 1)
        return NULL;
    for (size_t i = 0; form[i]; i++)
        if (form[i] == 'h' ? !strchr("0123456789abcdef", given[i]) : given[i] != '-')
            return NULL;
    return given;
}

void request_log(const struct request *request, int64_t microseconds)
{
    if (!log_enabled(LOG_INFO))
        return;
    const char *lane = request->lane_us > 0 ? LANE_NAMES[request->lane] : NULL;
    log_info("request", log_text("operation", request->endpoint ? request->endpoint->operation->id : NULL),
             log_text("method", request->method < METHOD_COUNT ? method_name(request->method) : NULL),
             log_integer("status", request->status), log_text("code", request->problem), log_real("ms", (double)microseconds / 1000),
             log_text("lane", lane), log_real("lane_ms", (double)request->lane_us / 1000),
             log_integer("bytes", (long long)request->answer_length), log_text("request_id", request->id),
             log_text("traceparent", traceparent_sane(request_header(request, "traceparent"))));
}

/* The statements by their names, which are those of their files with a number: "accept_proposal.2". */
static const char *statements_told(struct request *request)
{
    const struct segment *segment = &request->segment;
    const char *told = "";
    for (size_t i = 0; told && i < segment->count; i++)
        told = arena_printf(&request->arena, "%s%s%s", told, i ? " " : "", segment->steps[i].statement->name);
    return told;
}

static long long rows_told(const struct segment *segment)
{
    long long rows = 0;
    for (size_t i = 0; i < segment->count; i++)
        rows += segment->results[i] ? PQntuples(segment->results[i]) : 0;
    return rows;
}

void request_timed(struct request *request)
{
    const struct segment *segment = &request->segment;
    const int limit = request->loop->service->config->slow_ms;
    request->lane_us += segment->waited + segment->ran;
    if (limit == 0 || segment->ran < limit * INT64_C(1000))
        return;
    const char *file = request->program && request->program->file ? request->program->file->path : NULL;
    log_info("slow_statements", log_text("operation", request->endpoint->operation->id), log_text("file", file),
             log_text("statements", statements_told(request)), log_text("lane", LANE_NAMES[request->lane]),
             log_real("ms", (double)segment->ran / 1000), log_real("waited_ms", (double)segment->waited / 1000),
             log_integer("rows", rows_told(segment)), log_integer("attempts", segment->attempts), log_text("request_id", request->id));
}
