/* SPDX-License-Identifier: EUPL-1.2
 * How much one client, one account and one mail address may ask for: which limit an operation has, who the client is, what the headers tell. */
#include "guard.h"

#include "config.h"
#include "identity.h"
#include "loop.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "banned.h"

#define SECOND INT64_C(1000000) /* µs */
#define FORWARDS_MAX 16         /* headers X-Forwarded-For of one request that are looked at, the last ones */

/* Quotas are the configuration's, spans of time are these. */
static const struct rate {
    const char *name;
    size_t quota; /* offset into struct config */
    int seconds;
    const char *address_name; /* NULL: addresses are not limited */
    size_t address_quota;
    int address_seconds;
} RATES[RATE_COUNT] = {
    [RATE_READ] = {"read", offsetof(struct config, rate_read), 60, NULL, 0, 0},
    [RATE_SEARCH] = {"search", offsetof(struct config, rate_search), 60, NULL, 0, 0},
    [RATE_FORM] = {"form", offsetof(struct config, rate_form), 3600, "form_per_address", offsetof(struct config, rate_form_per_address), 86400},
    [RATE_SIGN_IN] = {"sign_in", offsetof(struct config, rate_sign_in), 3600, "sign_in_per_address",
                      offsetof(struct config, rate_sign_in_per_address), 3600},
};

static const struct rate *rate_of(const struct request *request)
{
    return &RATES[request->endpoint->operation->rate];
}

static int quota_at(const struct request *request, size_t offset)
{
    const struct config *config = request->loop->service->config;
    return *(const int *)(const void *)((const char *)config + offset);
}

/* Of one client or account; a quota of 0: any number. */
static struct limit limit_of(const struct request *request)
{
    const struct rate *rate = rate_of(request);
    return (struct limit){quota_at(request, rate->quota), rate->seconds * SECOND};
}

/* How many forms may still name the address that this one names is for the database to know; 0: any number. */
static int address_quota(const struct request *request)
{
    const struct rate *rate = rate_of(request);
    return rate->address_name && request_address(request) ? quota_at(request, rate->address_quota) : 0;
}

struct forwards {
    const char *lines[FORWARDS_MAX];
    size_t count;
};

static enum MHD_Result forward_add(void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct forwards *forwards = cls;
    (void)kind;
    if (value && strcasecmp(name, "X-Forwarded-For") == 0)
        forwards->lines[forwards->count++ % FORWARDS_MAX] = value;
    return MHD_YES;
}

struct address guard_client(const struct request *request)
{
    const struct networks *proxies = &request->loop->service->config->proxies;
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    struct address client = address_of(info ? info->client_addr : NULL);
    struct forwards forwards = {.count = 0};
    if (networks_include(proxies, &client))
        MHD_get_connection_values(request->connection, MHD_HEADER_KIND, forward_add, &forwards);
    for (size_t i = 0; i < forwards.count && i < FORWARDS_MAX; i++)
        if (!client_follow(&client, forwards.lines[(forwards.count - 1 - i) % FORWARDS_MAX], proxies))
            break;
    return client_block(client);
}

static uint64_t client_hash(const struct request *request)
{
    struct {
        struct address client;
        unsigned char rate;
    } what = {guard_client(request), (unsigned char)request->endpoint->operation->rate};
    uint64_t hash;
    _Static_assert(sizeof hash == crypto_shorthash_BYTES, "the hash of a client is a word");
    crypto_shorthash((unsigned char *)&hash, (const unsigned char *)&what, sizeof what, request->loop->service->client_key);
    return hash;
}

/* A session or an account, by its token or id. */
static uint64_t holder_hash(const struct request *request, const char *holder)
{
    struct {
        unsigned char rate;
        char holder[TOKEN_LENGTH + 1];
    } what = {.rate = (unsigned char)request->endpoint->operation->rate};
    uint64_t hash;
    snprintf(what.holder, sizeof what.holder, "%s", holder);
    crypto_shorthash((unsigned char *)&hash, (const unsigned char *)&what, sizeof what, request->loop->service->client_key);
    return hash;
}

static int seconds_up(int64_t us)
{
    return (int)((us + SECOND - 1) / SECOND);
}

/* Whoever has had half of their forms works for each further one; who is signed in is known by other means. */
static bool work_wanted(const struct request *request, const struct limit *limit, uint64_t client)
{
    const struct operation *operation = request->endpoint->operation;
    if (operation->rate != RATE_FORM || !operation->anonymous || request->loop->service->config->challenge_effort == 0)
        return false;
    const struct limit_verdict now = limit_look(request->loop->service->limits, client, limit, clock_us());
    return now.allowed && 2 * (limit->quota - now.remaining) >= limit->quota;
}

static bool work_done(struct request *request)
{
    const char *solution = request_header(request, CHALLENGE_SOLUTION);
    const unsigned char *key = request->loop->service->keys[KEY_CHALLENGE];
    const char *fault = solution ? challenge_check(solution, key, (int64_t)time(NULL), &request->solved) : NULL;
    if (fault)
        request_fault(request, NULL, CHALLENGE_SOLUTION, fault, NULL);
    if (fault || !solution)
        request_fail(request, "challenge_required");
    return !request->problem;
}

bool request_challenge(struct request *request, struct buffer *out)
{
    struct challenge challenge;
    challenge_make(&challenge, request->loop->service->keys[KEY_CHALLENGE], (uint32_t)request->loop->service->config->challenge_effort,
                   (int64_t)time(NULL));
    challenge_write(out, &challenge);
    return !buffer_failed(out);
}

bool guard_solved(struct request *request, const char *values[2])
{
    if (!request->solved.hash[0])
        return false;
    values[0] = arena_printf(&request->arena, "\\x%s", request->solved.hash);
    values[1] = arena_printf(&request->arena, "%lld", (long long)request->solved.expires);
    if (!values[0] || !values[1])
        request_fail(request, "overloaded");
    return !request->problem;
}

/* A session that has to wait is one whose quota of one is not there. */
static struct limit halt_for(int64_t wait)
{
    return (struct limit){1, wait};
}

static bool session_halted(struct request *request, const struct limit *limit)
{
    if (request->endpoint->operation->anonymous)
        return false;
    const struct limit halt = halt_for(limit->window);
    const uint64_t session = holder_hash(request, request_token(request));
    const struct limit_verdict verdict = limit_look(request->loop->service->limits, session, &halt, clock_us());
    if (verdict.whole == 0)
        return false;
    request->limited = true;
    request->verdict = (struct limit_verdict){.whole = verdict.whole, .wait = verdict.whole};
    request->retry_after = seconds_up(verdict.whole);
    request_fail(request, "rate_limited");
    return true;
}

void guard_account(const struct request *request, const char *account)
{
    const struct limit limit = limit_of(request);
    if (limit.quota == 0)
        return;
    struct limit_table *limits = request->loop->service->limits;
    const struct limit_verdict verdict = limit_take(limits, holder_hash(request, account), &limit, clock_us());
    const struct limit halt = halt_for(verdict.wait);
    if (!verdict.allowed)
        limit_take(limits, holder_hash(request, request_token(request)), &halt, clock_us());
}

bool guard_limit(struct request *request)
{
    const struct limit limit = limit_of(request);
    if (limit.quota == 0)
        return true;
    if (session_halted(request, &limit))
        return false;
    const uint64_t client = client_hash(request);
    if (work_wanted(request, &limit, client) && !work_done(request))
        return false;
    request->limited = true;
    request->verdict = limit_take(request->loop->service->limits, client, &limit, clock_us());
    if (request->verdict.allowed)
        return true;
    request->retry_after = seconds_up(request->verdict.wait);
    request_fail(request, "rate_limited");
    return false;
}

bool guard_address(struct request *request, const char *values[5])
{
    const struct operation *operation = request->endpoint->operation;
    const struct rate *rate = rate_of(request);
    const int quota = address_quota(request);
    const char *object = operation->address.object;
    if (quota == 0)
        return false;
    values[0] = rate->name;
    values[1] = request_address(request);
    values[2] = arena_printf(&request->arena, "%s%s/%s", object ? "/" : "", object ? object : "", operation->address.member);
    values[3] = arena_printf(&request->arena, "%d", quota);
    values[4] = arena_printf(&request->arena, "%d", rate->address_seconds);
    if (!values[2] || !values[3] || !values[4])
        request_fail(request, "overloaded");
    return !request->problem;
}

void guard_headers(struct request *request)
{
    struct arena *arena = &request->arena;
    const struct rate *rate = request->endpoint ? rate_of(request) : NULL;
    const int addresses = request->limited ? address_quota(request) : 0;
    if (!request->limited)
        return;
    const char *policy = arena_printf(arena, "\"%s\";q=%d;w=%d", rate->name, quota_at(request, rate->quota), rate->seconds);
    if (policy && addresses)
        policy = arena_printf(arena, "%s, \"%s\";q=%d;w=%d", policy, rate->address_name, addresses, rate->address_seconds);
    response_header(request, "RateLimit-Policy", policy);
}

static char *text_put(char *at, const char *text)
{
    const size_t length = strlen(text);
    memcpy(at, text, length);
    return at + length;
}

static char *number_put(char *at, unsigned number)
{
    char digits[10];
    size_t count = 0;
    do
        digits[count++] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    while (count > 0)
        *at++ = digits[--count];
    return at;
}

/* By hand, since every answer has it. */
static char *left_write(char *at, const char *name, unsigned remaining, unsigned seconds)
{
    at = text_put(text_put(text_put(at, "\""), name), "\";r=");
    return number_put(text_put(number_put(at, remaining), ";t="), seconds);
}

bool guard_left(const struct request *request, char text[GUARD_LEFT_MAX])
{
    const struct rate *rate = request->limited ? rate_of(request) : NULL;
    if (!rate)
        return false;
    char *at = left_write(text, rate->name, (unsigned)request->verdict.remaining, (unsigned)seconds_up(request->verdict.whole));
    if (request->address_spent)
        at = left_write(text_put(at, ", "), rate->address_name, 0, (unsigned)request->retry_after);
    *at = '\0';
    return true;
}
