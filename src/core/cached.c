/* SPDX-License-Identifier: EUPL-1.2
 * The short way: a public answer that was given before is given again, without database, arena or another look at the contract. */
#include "request.h"

#include "cache.h"
#include "config.h"
#include "guard.h"
#include "identity.h"
#include "loop.h"
#include "topic.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "banned.h"

#define QUERY_PARTS_MAX 16
#define LEFT_WIDTH 48 /* of a RateLimit without addresses, which only forms have; blanks at its end are none of it (RFC 9110 §5.5) */

/* What the headers say about which answer is wanted, found in one pass; of several of a name the first counts, as everywhere. */
struct wishes {
    const char *languages, *encodings, *media, *known;
    bool other; /* the answer may be another than everybody's, or the request has a body */
};

static enum MHD_Result wish_read(void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
    static const struct {
        const char *name;
        size_t length, wish; /* offset into struct wishes; SIZE_MAX: other */
    } names[] = {{"Accept", 6, offsetof(struct wishes, media)},
                 {"Accept-Language", 15, offsetof(struct wishes, languages)},
                 {"Accept-Encoding", 15, offsetof(struct wishes, encodings)},
                 {"If-None-Match", 13, offsetof(struct wishes, known)},
                 {"Authorization", 13, SIZE_MAX},
                 {"Content-Length", 14, SIZE_MAX},
                 {"Transfer-Encoding", 17, SIZE_MAX}};
    struct wishes *wishes = cls;
    const size_t length = strlen(name);
    (void)kind;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (names[i].length != length || strcasecmp(names[i].name, name) != 0)
            continue;
        const char **wish = names[i].wish == SIZE_MAX ? NULL : (const char **)(void *)((char *)wishes + names[i].wish);
        if (!wish)
            wishes->other = true;
        else if (!*wish)
            *wish = value;
        break;
    }
    return MHD_YES;
}

struct part {
    const char *text;
    size_t length;
};

static bool part_before(struct part a, struct part b)
{
    const int order = memcmp(a.text, b.text, a.length < b.length ? a.length : b.length);
    return order ? order < 0 : a.length < b.length;
}

struct key {
    char bytes[CACHE_KEY_MAX];
    size_t length; /* beyond CACHE_KEY_MAX: it does not fit */
};

static void key_add(struct key *key, const char *text, size_t length)
{
    if (key->length + length <= sizeof key->bytes)
        memcpy(key->bytes + key->length, text, length);
    key->length += length;
}

/* The parameters in one order, however the client has put them. */
static void key_add_query(struct key *key, const char *query)
{
    struct part parts[QUERY_PARTS_MAX];
    size_t count = 0;
    for (const char *at = query; *at;) {
        const struct part part = {at, strcspn(at, "&")};
        size_t i = count++;
        if (count > QUERY_PARTS_MAX) {
            key->length = sizeof key->bytes + 1;
            return;
        }
        for (; i > 0 && part_before(part, parts[i - 1]); i--)
            parts[i] = parts[i - 1];
        parts[i] = part;
        at += part.length + (at[part.length] == '&');
    }
    for (size_t i = 0; i < count; i++) {
        key_add(key, "&", 1);
        key_add(key, parts[i].text, parts[i].length);
    }
}

/* The languages a header asks for, as a text; worked out once for each of the last headers that were seen, since browsers send few different
 * ones. */
static const char *languages_text(struct loop *loop, const char *header, uint64_t words)
{
    const char *given = header ? header : "";
    const struct config *config = loop->service->config;
    size_t slot = 0;
    const size_t length = strlen(given);
    for (size_t i = 0; i < length && i < sizeof loop->tongues[0].header; i++)
        slot = slot * 31 + (unsigned char)given[i];
    struct tongues *tongues = &loop->tongues[slot % TONGUES];
    if (tongues->config == config && tongues->words == words && strcmp(tongues->header, given) == 0)
        return tongues->text;
    struct languages languages;
    size_t written = 0;
    languages_choose(&languages, NULL, header, config->languages);
    tongues->config = NULL;
    for (size_t i = 0; i < languages.count; i++) {
        const size_t tag = strlen(languages.items[i]);
        if (written + tag + 2 > sizeof tongues->text)
            return NULL;
        memcpy(tongues->text + written, languages.items[i], tag);
        written += tag;
        tongues->text[written++] = ',';
    }
    tongues->text[written] = '\0';
    if (length < sizeof tongues->header) {
        memcpy(tongues->header, given, length + 1);
        tongues->config = config;
        tongues->words = words;
    }
    return tongues->text;
}

/* Encoding, languages the headers ask for (lang= is in the query), path, query. */
static void key_write(struct key *key, const struct request *request, const struct wishes *wishes)
{
    struct loop *loop = request->loop;
    const char *languages = languages_text(loop, wishes->languages, topics_generation(loop->service->topics, TOPIC_MANY - 1));
    const size_t path = strcspn(request->raw, "?");
    key->length = 0;
    key_add(key, encoding_gzip(wishes->encodings) ? "g" : "i", 1);
    key_add(key, languages ? languages : "", languages ? strlen(languages) : CACHE_KEY_MAX + 1);
    key_add(key, request->raw, path);
    key_add(key, "?", 1);
    if (request->raw[path])
        key_add_query(key, request->raw + path + 1);
}

static bool kept_fits(const struct kept *kept, void *accept)
{
    return media_choose(kept->endpoint->operation->success, accept) == kept->media;
}

static bool kept_holds(const struct kept *kept, const struct request *request)
{
    const struct topics *topics = request->loop->service->topics;
    return kept->generation == topics_generation(topics, kept->endpoint->operation->topics) && request->started < kept->until;
}

/* Where libmicrohttpd keeps the value of a header; it may be written over by one as long. */
static char *value_of(struct MHD_Response *response, const char *name)
{
    return (char *)(uintptr_t)MHD_get_response_header(response, name);
}

/* IMF-fixdate (RFC 9110 §5.6.7); the names of days and months must not depend on a locale. */
static void date_write(char text[GUARD_LEFT_MAX])
{
    static const char days[] = "SunMonTueWedThuFriSat", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    const time_t now = time(NULL);
    struct tm utc;
    gmtime_r(&now, &utc);
    snprintf(text, GUARD_LEFT_MAX, "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT", days + 3 * utc.tm_wday, utc.tm_mday, months + 3 * utc.tm_mon,
             utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
}

static bool left_pad(const struct request *request, char text[GUARD_LEFT_MAX])
{
    const size_t length = guard_left(request, text) ? strlen(text) : SIZE_MAX;
    if (length > LEFT_WIDTH)
        return false;
    memset(text + length, ' ', LEFT_WIDTH - length);
    text[LEFT_WIDTH] = '\0';
    return true;
}

/* Headers are copied into the connection before anything else happens on this thread, so one response serves all who ask. Taking headers out
 * and putting others in would cost more than the rest of this way. */
static void kept_stamp(struct request *request, struct kept *kept)
{
    char left[GUARD_LEFT_MAX];
    const size_t length = strlen(request->id);
    const int64_t second = request->started / 1000000;
    if (length == kept->id_length)
        memcpy(kept->id, request->id, length);
    else {
        response_replace(request, "X-Request-Id", request->id);
        kept->id = value_of(kept->response, "X-Request-Id");
        kept->id_length = kept->id ? length : SIZE_MAX;
    }
    if (kept->left && left_pad(request, left))
        memcpy(kept->left, left, LEFT_WIDTH);
    if (second != kept->dated) {
        kept->dated = second;
        date_write(left);
        response_replace(request, "Date", left);
    }
}

/* What kept_stamp() needs: a Date of our own, since libmicrohttpd would work it out for each answer, and room for any RateLimit. */
static bool kept_prepare(struct request *request, struct kept *kept)
{
    char left[GUARD_LEFT_MAX];
    kept->id = value_of(kept->response, "X-Request-Id");
    kept->id_length = kept->id ? strlen(kept->id) : SIZE_MAX;
    kept->dated = INT64_MIN;
    if (!request->limited)
        return true;
    if (!left_pad(request, left))
        return false;
    response_replace(request, "RateLimit", left);
    kept->left = value_of(kept->response, "RateLimit");
    return kept->left && strlen(kept->left) == LEFT_WIDTH;
}

/* A client that has had enough is told the long way. */
static bool kept_send(struct request *request, struct kept *kept, const struct wishes *wishes, enum MHD_Result *sent)
{
    request->endpoint = kept->endpoint;
    if (!guard_limit(request)) {
        request->endpoint = NULL;
        request->problem = NULL;
        request->retry_after = 0;
        request->limited = false;
        return false;
    }
    request->status = etags_include(wishes->known, kept->etag) ? MHD_HTTP_NOT_MODIFIED : MHD_HTTP_OK;
    request->answer_length = kept->length;
    request->response = kept->response;
    visitor_turn(&request->loop->visitors, request->visitor, TURN_ANSWER);
    visitor_hold(&request->loop->visitors, request->visitor, request->answer_length);
    request_take_id(request);
    kept_stamp(request, kept);
    *sent = MHD_queue_response(request->connection, (unsigned)request->status, kept->response);
    request->response = NULL; /* the cache's */
    request->phase = REQUEST_ANSWERED;
    return true;
}

bool request_find_cached(struct request *request, enum MHD_Result *sent)
{
    struct loop *loop = request->loop;
    struct wishes wishes = {0};
    struct key key;
    if (!loop->cache || !request->raw || request->head_too_long || (request->method != METHOD_GET && request->method != METHOD_HEAD) ||
        atomic_load_explicit(&loop->service->draining, memory_order_relaxed) || !topics_heard(loop->service->topics, request->started))
        return false;
    MHD_get_connection_values(request->connection, MHD_HEADER_KIND, wish_read, &wishes);
    if (wishes.other)
        return false;
    key_write(&key, request, &wishes);
    if (key.length > sizeof key.bytes)
        return false;
    struct kept *kept = cache_find(loop->cache, (struct cache_key){key.bytes, key.length}, kept_fits, (void *)(uintptr_t)wishes.media);
    if (kept && !kept_holds(kept, request)) {
        cache_drop(loop->cache, kept);
        kept = NULL;
    }
    if (kept && kept_send(request, kept, &wishes, sent)) {
        cache_count(loop->cache, true);
        return true;
    }
    request->key.bytes = arena_copy(&request->arena, key.bytes, key.length);
    request->key.length = key.length;
    return false;
}

void request_cacheable(struct request *request)
{
    const unsigned topics = request->endpoint->operation->topics;
    if (!topics || !request->key.bytes)
        return;
    cache_count(request->loop->cache, false);
    request->generation = topics_generation(request->loop->service->topics, topics);
    request->keep = true;
}

/* Behind MHD_queue_response(), which holds the response by itself: from here on it carries other requests' ids. Not kept is what a change
 * may have overtaken, what counts each time, and what came from a server that may lag behind the changes that are heard. */
void request_cache(struct request *request)
{
    const struct operation *operation = request->endpoint ? request->endpoint->operation : NULL;
    const struct topics *topics = request->loop->service->topics;
    if (!request->keep || request->problem || (request->status != MHD_HTTP_OK && request->status != MHD_HTTP_NOT_MODIFIED) ||
        request->segment.lagging || atomic_load_explicit(&request->loop->service->draining, memory_order_relaxed) ||
        !topics_heard(topics, clock_us()) || request->generation != topics_generation(topics, operation->topics))
        return;
    struct kept kept = {.response = request->response, .endpoint = request->endpoint, .media = request->media, .generation = request->generation,
                        .until = operation->keep_seconds ? request->started + operation->keep_seconds * INT64_C(1000000) : INT64_MAX,
                        .length = request->answer_length};
    const char *etag = MHD_get_response_header(request->response, "ETag");
    if (!etag || strlen(etag) >= sizeof kept.etag)
        return;
    memcpy(kept.etag, etag, strlen(etag) + 1);
    if (kept_prepare(request, &kept) && cache_keep(request->loop->cache, request->key, &kept))
        request->response = NULL;
}
