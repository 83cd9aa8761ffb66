/* SPDX-License-Identifier: EUPL-1.2
 * The headers every answer has: who may read it from where (CORS), what browsers may do with it, in which language it is, which request it answers. */
#include "request.h"

#include "config.h"
#include "guard.h"
#include "log.h"
#include "loop.h"

#include <string.h>

#include "banned.h"

#define EXPOSED \
    "ETag, Location, Link, Retry-After, RateLimit, RateLimit-Policy, Content-Disposition, Content-Language, X-Request-Id, X-Truncated, API-Version"
#define ALLOWED "Authorization, Content-Type, Accept-Language, Idempotency-Key, If-Match, X-Challenge-Solution, X-Request-Id"

void response_header(struct request *request, const char *name, const char *value)
{
    if (request->response && value && MHD_add_response_header(request->response, name, value) != MHD_YES)
        log_error("header_lost", log_text("name", name));
}

/* "http://localhost:*" admits any port; everything else must be the same. */
static bool origin_matches(const char *allowed, size_t length, const char *origin)
{
    if (length > 2 && allowed[length - 1] == '*' && allowed[length - 2] == ':') {
        const char *port = origin + length - 1;
        return strncmp(allowed, origin, length - 1) == 0 && *port && strspn(port, "0123456789") == strlen(port);
    }
    return strlen(origin) == length && strncmp(allowed, origin, length) == 0;
}

static bool origin_allowed(const char *list, const char *origin)
{
    while (list && *list) {
        list += strspn(list, ", ");
        const size_t length = strcspn(list, ", ");
        if (length && origin_matches(list, length, origin))
            return true;
        list += length;
    }
    return false;
}

/* Whether anybody may read what is at this path: public reads, and paths that lead nowhere. */
static bool public_path(const struct request *request)
{
    if (request->endpoint)
        return request->endpoint->operation->anonymous && request->endpoint->operation->method == METHOD_GET;
    return request->route.methods == 0;
}

/* The operation a preflight asks about stands in for the OPTIONS request itself. */
static bool preflight_public(const struct request *request, const char *wanted)
{
    const enum method method = method_parse(wanted);
    if (method == METHOD_COUNT)
        return false;
    const struct route route = router_find(request->loop->service->contract.router, method, request->target.segments,
                                           request->target.segment_count > ROUTE_SEGMENTS_MAX ? 0 : request->target.segment_count);
    return route.operation && route.operation->anonymous && route.operation->method == METHOD_GET;
}

static void headers_cors(struct request *request)
{
    const char *origin = request_header(request, "Origin");
    const char *wanted = request->method == METHOD_OPTIONS ? request_header(request, "Access-Control-Request-Method") : NULL;
    const bool public = wanted ? preflight_public(request, wanted) : public_path(request);
    if (!public)
        response_header(request, "Vary", "Origin");
    if (public)
        response_header(request, "Access-Control-Allow-Origin", "*");
    else if (origin && origin_allowed(request->loop->service->config->portal_origins, origin))
        response_header(request, "Access-Control-Allow-Origin", origin);
    else
        return;
    response_header(request, "Access-Control-Expose-Headers", EXPOSED);
    if (wanted) {
        response_header(request, "Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE");
        response_header(request, "Access-Control-Allow-Headers", ALLOWED);
        response_header(request, "Access-Control-Max-Age", "7200");
    }
}

/* The reader's language matters to all but what an address names byte for byte. */
static void headers_language(struct request *request)
{
    const bool any = !request->problem && request->endpoint && request->endpoint->operation->immutable;
    if (!any)
        response_header(request, "Vary", "Accept-Language");
    if (!request->problem && request->status != 204 && (request->served || !any))
        response_header(request, "Content-Language", request->served ? request->served : request->languages.items[0]);
}

/* What a browser may make of an answer: nothing but what it was asked for. Answers that show something bring a policy of their own. */
static void headers_security(struct request *request)
{
    const int seconds = request->loop->service->config->hsts_seconds;
    response_header(request, "X-Content-Type-Options", "nosniff");
    response_header(request, "Referrer-Policy", "no-referrer");
    response_header(request, "Cross-Origin-Resource-Policy", public_path(request) ? "cross-origin" : "same-origin");
    if (request->response && !MHD_get_response_header(request->response, "Content-Security-Policy"))
        response_header(request, "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
    if (seconds)
        response_header(request, "Strict-Transport-Security", arena_printf(&request->arena, "max-age=%d", seconds));
}

/* A response that is kept has that of the request before. */
void response_replace(struct request *request, const char *name, const char *value)
{
    const char *old = request->response ? MHD_get_response_header(request->response, name) : NULL;
    if (old)
        MHD_del_response_header(request->response, name, old);
    response_header(request, name, value);
}

void request_stamp(struct request *request)
{
    char left[GUARD_LEFT_MAX];
    response_replace(request, "X-Request-Id", request->id);
    if (guard_left(request, left))
        response_replace(request, "RateLimit", left);
}

void request_headers(struct request *request)
{
    response_header(request, "API-Version", request->loop->service->version);
    headers_security(request);
    headers_language(request);
    guard_headers(request);
    if (request->endpoint && request->endpoint->operation->success->media_count > 1)
        response_header(request, "Vary", "Accept");
    headers_cors(request);
    if (request->doubtful || atomic_load_explicit(&request->loop->service->draining, memory_order_relaxed))
        response_header(request, "Connection", "close");
}
