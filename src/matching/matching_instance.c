/* SPDX-License-Identifier: EUPL-1.2
 * Building a snapshot: guides, requests and pairs in any order become sorted arrays that are known to be sound. */
#include "matching.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "banned.h"

static const char GUIDES[] = "guides", REQUESTS[] = "requests", EDGES[] = "edges";

/* Always false. member NULL: the element itself. */
static bool element_refuse(struct matching_fault *fault, enum matching_fault_code code, const char *list, uint32_t given,
                           const char *member)
{
    fault->code = code;
    snprintf(fault->pointer, sizeof fault->pointer, "/%s/%u%s%s", list, given, member ? "/" : "", member ? member : "");
    return false;
}

/* Always false. */
static bool refuse(struct matching_fault *fault, enum matching_fault_code code, const char *pointer)
{
    fault->code = code;
    snprintf(fault->pointer, sizeof fault->pointer, "%s", pointer);
    return false;
}

void matching_instance_init(struct matching_instance *instance, uint64_t seed, int64_t at)
{
    *instance = (struct matching_instance){.seed = seed, .at = at};
    arena_init(&instance->arena, 16 << 10);
}

void matching_instance_release(struct matching_instance *instance)
{
    free(instance->guides);
    free(instance->requests);
    free(instance->edges);
    free(instance->terms);
    arena_release(&instance->arena);
    matching_instance_init(instance, 0, 0);
}

/* Room for one more element; the array as it is now, or NULL. */
static void *array_grow(void *array, uint32_t count, uint32_t *room, size_t size)
{
    if (count < *room)
        return array;
    const uint32_t wanted = *room ? *room * 2 : 64; /* the callers' limits are far below an overflow */
    void *grown = reallocarray(array, wanted, size);
    if (grown)
        *room = wanted;
    return grown;
}

static bool is_id(const char *id)
{
    const size_t length = strnlen(id, MATCHING_ID_MAX + 1);
    return length >= 1 && length <= MATCHING_ID_MAX;
}

/* FNV-1a (Fowler, Noll, Vo) over the text, then the finaliser of SplitMix64 (Steele, Lea, Flood 2014): spread over all bits. */
static uint64_t mix(uint64_t bits)
{
    bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9u;
    bits = (bits ^ (bits >> 27)) * 0x94d049bb133111ebu;
    return bits ^ (bits >> 31);
}

uint64_t matching_hash(const char *text, uint64_t seed)
{
    uint64_t bits = 0xcbf29ce484222325u ^ mix(seed);
    for (; *text; text++)
        bits = (bits ^ (unsigned char)*text) * 0x100000001b3u;
    return mix(bits);
}

/* Not symmetric: a request and a guide may have the same id. */
uint32_t matching_tie(const struct matching_instance *instance, uint32_t request, uint32_t guide)
{
    const uint64_t hash = instance->guides[guide].hash;
    return (uint32_t)(mix(instance->requests[request].hash + (hash << 1 | hash >> 63)) & 1023);
}

bool matching_add_guide(struct matching_instance *instance, const char *id, int64_t places, int64_t price, struct matching_fault *fault)
{
    const uint32_t given = instance->guide_count;
    if (instance->state != MATCHING_OPEN)
        return refuse(fault, MATCHING_STATE, "");
    if (given == MATCHING_GUIDES_MAX)
        return refuse(fault, MATCHING_TOO_MANY, "/guides");
    if (!is_id(id))
        return element_refuse(fault, MATCHING_ID_LENGTH, GUIDES, given, "id");
    if (places < 1 || places > MATCHING_PLACES_MAX)
        return element_refuse(fault, MATCHING_PLACES_RANGE, GUIDES, given, "places");
    if (price < 0 || price > MATCHING_PRICE_MAX)
        return element_refuse(fault, MATCHING_PRICE_RANGE, GUIDES, given, "price");
    struct matching_guide *guides = array_grow(instance->guides, given, &instance->guide_room, sizeof *guides);
    const char *copy = guides ? arena_text(&instance->arena, id) : NULL;
    instance->guides = guides ? guides : instance->guides;
    if (!copy)
        return refuse(fault, MATCHING_OUT_OF_MEMORY, "");
    guides[instance->guide_count++] = (struct matching_guide){
        .id = copy, .hash = matching_hash(id, instance->seed), .given = given, .places = (int32_t)places, .price = (int32_t)price};
    return true;
}

/* Days are whole days gone by: 14 of them end the first band. */
static enum matching_band band_of(int64_t seconds)
{
    const int64_t days = seconds / 86400;
    return days < 14 ? MATCHING_NEW : days < 30 ? MATCHING_TWO_WEEKS : days < 60 ? MATCHING_MONTH : MATCHING_TWO_MONTHS;
}

static bool request_check(const struct matching_instance *instance, const char *id, const char *city, int64_t waiting_since,
                          const struct matching_request *about, struct matching_fault *fault)
{
    const uint32_t given = instance->request_count;
    uint64_t reasons = 0;
    for (size_t i = 0; about && i < MATCHING_REASONS; i++)
        reasons += about->reasons[i];
    if (instance->state != MATCHING_OPEN)
        return refuse(fault, MATCHING_STATE, "");
    if (given == MATCHING_REQUESTS_MAX)
        return refuse(fault, MATCHING_TOO_MANY, "/requests");
    if (!is_id(id))
        return element_refuse(fault, MATCHING_ID_LENGTH, REQUESTS, given, "id");
    if (*city && !is_id(city))
        return element_refuse(fault, MATCHING_ID_LENGTH, REQUESTS, given, "city");
    if (about && about->language && !is_id(about->language))
        return element_refuse(fault, MATCHING_ID_LENGTH, REQUESTS, given, "language");
    if (waiting_since > instance->at)
        return element_refuse(fault, MATCHING_FUTURE, REQUESTS, given, "waiting_since");
    if (about && reasons > about->speakers)
        return element_refuse(fault, MATCHING_REASONS_SUM, REQUESTS, given, "reasons");
    return true;
}

bool matching_add_request(struct matching_instance *instance, const char *id, const char *city, int64_t waiting_since,
                          const struct matching_request *about, struct matching_fault *fault)
{
    struct matching_request request = {.given = instance->request_count, .waiting_since = waiting_since};
    if (!request_check(instance, id, city, waiting_since, about, fault))
        return false;
    struct matching_request *requests = array_grow(instance->requests, request.given, &instance->request_room, sizeof *requests);
    instance->requests = requests ? requests : instance->requests;
    request.id = arena_text(&instance->arena, id);
    request.city = arena_text(&instance->arena, city);
    if (about) {
        request.language = about->language ? arena_text(&instance->arena, about->language) : NULL;
        request.speakers = about->speakers;
        memcpy(request.reasons, about->reasons, sizeof request.reasons);
    }
    if (!requests || !request.id || !request.city || (about && about->language && !request.language))
        return refuse(fault, MATCHING_OUT_OF_MEMORY, "");
    request.hash = matching_hash(id, instance->seed);
    /* Unsigned: the difference of any two moments fits. */
    const uint64_t waited = (uint64_t)instance->at - (uint64_t)waiting_since;
    request.band = band_of(waited > INT64_MAX ? INT64_MAX : (int64_t)waited);
    requests[instance->request_count++] = request;
    return true;
}

static int guides_compare(const void *a, const void *b)
{
    const struct matching_guide *x = a, *y = b;
    const int order = strcmp(x->id, y->id);
    return order ? order : x->given < y->given ? -1 : 1;
}

static int requests_compare(const void *a, const void *b)
{
    const struct matching_request *x = a, *y = b;
    const int order = strcmp(x->id, y->id);
    return order ? order : x->given < y->given ? -1 : 1;
}

bool matching_index(struct matching_instance *instance, struct matching_fault *fault)
{
    struct matching_guide *guides = instance->guides;
    struct matching_request *requests = instance->requests;
    if (instance->state != MATCHING_OPEN)
        return refuse(fault, MATCHING_STATE, "");
    if (!instance->guide_count)
        return refuse(fault, MATCHING_NO_GUIDES, "/guides");
    if (!instance->request_count)
        return refuse(fault, MATCHING_NO_REQUESTS, "/requests");
    qsort(guides, instance->guide_count, sizeof *guides, guides_compare);
    qsort(requests, instance->request_count, sizeof *requests, requests_compare);
    for (uint32_t i = 1; i < instance->guide_count; i++)
        if (strcmp(guides[i - 1].id, guides[i].id) == 0)
            return element_refuse(fault, MATCHING_DUPLICATE, GUIDES, guides[i].given, "id");
    for (uint32_t i = 1; i < instance->request_count; i++)
        if (strcmp(requests[i - 1].id, requests[i].id) == 0)
            return element_refuse(fault, MATCHING_DUPLICATE, REQUESTS, requests[i].given, "id");
    instance->state = MATCHING_INDEXED;
    return true;
}

/* The place of id among count elements of size bytes that begin with a pointer to their id. */
static int64_t id_find(const void *elements, uint32_t count, size_t size, const char *id)
{
    uint32_t low = 0, high = count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        const char *const *other = (const void *)((const char *)elements + middle * size);
        const int order = strcmp(*other, id);
        if (order == 0)
            return middle;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return MATCHING_NONE;
}

int64_t matching_find_guide(const struct matching_instance *instance, const char *id)
{
    return id_find(instance->guides, instance->guide_count, sizeof *instance->guides, id);
}

int64_t matching_find_request(const struct matching_instance *instance, const char *id)
{
    return id_find(instance->requests, instance->request_count, sizeof *instance->requests, id);
}

static bool edge_check(const struct matching_instance *instance, int64_t request, int64_t guide, int64_t score, enum matching_hold hold,
                       const int64_t *terms, struct matching_fault *fault)
{
    const uint32_t given = instance->edge_count;
    int64_t sum = 0;
    if (instance->state != MATCHING_INDEXED)
        return refuse(fault, MATCHING_STATE, "");
    if (given == MATCHING_EDGES_MAX)
        return refuse(fault, MATCHING_TOO_MANY, "/edges");
    if (request < 0 || request >= instance->request_count)
        return element_refuse(fault, MATCHING_UNKNOWN, EDGES, given, "request");
    if (guide < 0 || guide >= instance->guide_count)
        return element_refuse(fault, MATCHING_UNKNOWN, EDGES, given, "guide");
    if (score < -MATCHING_SCORE_MAX || score > MATCHING_SCORE_MAX)
        return element_refuse(fault, MATCHING_SCORE_RANGE, EDGES, given, "score");
    for (size_t i = 0; terms && i < MATCHING_CRITERIA; i++) {
        if (terms[i] < -MATCHING_SCORE_MAX || terms[i] > MATCHING_SCORE_MAX)
            return element_refuse(fault, MATCHING_SCORE_RANGE, EDGES, given, "terms");
        sum += terms[i];
    }
    if (terms && sum != score)
        return element_refuse(fault, MATCHING_TERMS_SUM, EDGES, given, "terms");
    if (hold == MATCHING_PINNED_AND_FORBIDDEN)
        return element_refuse(fault, MATCHING_PIN_FORBIDDEN, EDGES, given, NULL);
    return true;
}

/* Terms stand in an array of their own, as long as that of the edges, that only snapshots which have them pay for. */
static bool terms_keep(struct matching_instance *instance, uint32_t room_before, const int64_t *terms)
{
    if (!terms && !instance->terms)
        return true;
    if (!instance->terms || room_before < instance->edge_room) {
        int32_t(*grown)[MATCHING_CRITERIA] = reallocarray(instance->terms, instance->edge_room, sizeof *grown);
        if (!grown)
            return false;
        const uint32_t kept = instance->terms ? room_before : 0;
        memset(grown + kept, 0, (instance->edge_room - kept) * sizeof *grown);
        instance->terms = grown;
    }
    for (size_t i = 0; terms && i < MATCHING_CRITERIA; i++)
        instance->terms[instance->edge_count][i] = (int32_t)terms[i];
    return true;
}

bool matching_add_edge(struct matching_instance *instance, int64_t request, int64_t guide, int64_t score, enum matching_hold hold,
                       const int64_t terms[MATCHING_CRITERIA], struct matching_fault *fault)
{
    const uint32_t given = instance->edge_count, room = instance->edge_room;
    if (!edge_check(instance, request, guide, score, hold, terms, fault))
        return false;
    struct matching_edge *edges = array_grow(instance->edges, given, &instance->edge_room, sizeof *edges);
    instance->edges = edges ? edges : instance->edges;
    if (!edges || !terms_keep(instance, room, terms))
        return refuse(fault, MATCHING_OUT_OF_MEMORY, "");
    edges[instance->edge_count++] = (struct matching_edge){.request = (uint32_t)request,
                                                           .guide = (uint32_t)guide,
                                                           .score = (int32_t)score,
                                                           .given = given & ((1u << 29) - 1),
                                                           .pinned = hold == MATCHING_PINNED,
                                                           .forbidden = hold == MATCHING_FORBIDDEN};
    return true;
}

static int edges_compare(const void *a, const void *b)
{
    const struct matching_edge *x = a, *y = b;
    if (x->request != y->request)
        return x->request < y->request ? -1 : 1;
    if (x->guide != y->guide)
        return x->guide < y->guide ? -1 : 1;
    return x->given < y->given ? -1 : 1;
}

/* Snapshots from a database come sorted already. */
static void edges_sort(struct matching_instance *instance)
{
    for (uint32_t i = 1; i < instance->edge_count; i++)
        if (edges_compare(&instance->edges[i - 1], &instance->edges[i]) > 0) {
            qsort(instance->edges, instance->edge_count, sizeof *instance->edges, edges_compare);
            return;
        }
}

/* Pairs that stand twice and pins that cannot all be kept; pins has room for each guide. */
static bool edges_check(const struct matching_instance *instance, int32_t *pins, struct matching_fault *fault)
{
    int64_t pinned = MATCHING_NONE; /* the request of the last pin */
    for (uint32_t i = 0; i < instance->edge_count; i++) {
        const struct matching_edge *edge = &instance->edges[i], *before = i ? edge - 1 : NULL;
        if (before && before->request == edge->request && before->guide == edge->guide)
            return element_refuse(fault, MATCHING_DUPLICATE, EDGES, edge->given, NULL);
        if (!edge->pinned)
            continue;
        if (pinned == edge->request)
            return element_refuse(fault, MATCHING_PINS_OF_REQUEST, EDGES, edge->given, NULL);
        if (++pins[edge->guide] > instance->guides[edge->guide].places)
            return element_refuse(fault, MATCHING_PINS_OF_GUIDE, EDGES, edge->given, NULL);
        pinned = edge->request;
    }
    return true;
}

bool matching_close(struct matching_instance *instance, struct matching_fault *fault)
{
    if (instance->state != MATCHING_INDEXED)
        return refuse(fault, MATCHING_STATE, "");
    int32_t *pins = calloc(instance->guide_count, sizeof *pins);
    if (!pins)
        return refuse(fault, MATCHING_OUT_OF_MEMORY, "");
    edges_sort(instance);
    const bool sound = edges_check(instance, pins, fault);
    free(pins);
    uint32_t edge = 0;
    for (uint32_t r = 0; r < instance->request_count; r++) {
        instance->requests[r].first_edge = edge;
        while (edge < instance->edge_count && instance->edges[edge].request == r)
            edge++;
    }
    if (sound)
        instance->state = MATCHING_CLOSED;
    return sound;
}
