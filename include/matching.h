/* SPDX-License-Identifier: EUPL-1.2
 * Which request gets which guide: a snapshot of all who wait and all who have places, its best matching, and the proof that it is
 * best. Integers only; the same snapshot in any order gives the same answer. Knows no database and no clock.
 *
 * Best means, in this order: most requests placed; of those who waited longest as many as possible (bands of waiting time); the
 * highest sum of scores; the lowest sum of a 10-bit hash of (request, guide, seed). One number says all four: leaving out a request
 * of band b (0, 1, 2, 3) costs (b + 1) × W, giving it a guide costs (highest score - score) × S + hash, where S > the sum of any
 * hashes and W > what scores can differ along any path on which one more request gets a place or two change it. Two matchings differ
 * by such paths only (Berge 1957, Edmonds and Fulkerson 1965: sets of placeable requests are independent sets of a transversal
 * matroid, whose best basis depends on the order of the weights alone), so no power of W is needed and all fits 64 bits.
 *
 * Solved by successive shortest augmenting paths (Tomizawa 1971, Edmonds and Karp 1972; in Ahuja, Magnanti, Orlin, Network Flows,
 * 1993, §9.7), proved by linear programming duality (§9.4). */
#ifndef WELCOME_MATCHING_H
#define WELCOME_MATCHING_H

#include "arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MATCHING_ID_MAX = 64,          /* bytes of an id or a city's name */
    MATCHING_GUIDES_MAX = 100000,
    MATCHING_REQUESTS_MAX = 20000, /* with SCORE_MAX: what keeps every potential below 2^61 */
    MATCHING_EDGES_MAX = 8000000,
    MATCHING_SCORE_MAX = 100000,   /* of either sign */
    MATCHING_PLACES_MAX = 1000,
    MATCHING_PRICE_MAX = 100000,
    MATCHING_NONE = -1,            /* no guide, no request, no edge, no second best */
};

enum matching_band { MATCHING_NEW, MATCHING_TWO_WEEKS, MATCHING_MONTH, MATCHING_TWO_MONTHS, MATCHING_BANDS };

/* The soft rules, in the order they are shown. */
enum matching_criterion {
    MATCHING_PREFERRED, MATCHING_LANGUAGE, MATCHING_CITY, MATCHING_AUDIENCE, MATCHING_TOPICS,
    MATCHING_GENDER, MATCHING_LOAD, MATCHING_RECENT, MATCHING_PRICE, MATCHING_CRITERIA
};
extern const char *const MATCHING_CRITERION_NAMES[MATCHING_CRITERIA]; /* as in stored terms: "preferred" ... */

/* Why guides who speak a request's language are no candidates. The snapshot may say how many stop at which, each counted once. */
enum matching_reason {
    MATCHING_INACTIVE,  /* H1: suspended, or a verification is missing or has run out */
    MATCHING_PAUSED,    /* H1 */
    MATCHING_FULL,      /* H1: no free place */
    MATCHING_FAR,       /* H3 */
    MATCHING_DECLINED,  /* H4: by guide or newcomer */
    MATCHING_SILENT,    /* H4: an ask expired less than 14 days ago, or twice */
    MATCHING_BLOCKED,   /* H5: blocked, or of another gender where that is a must */
    MATCHING_ASKED,     /* H6: has an open proposal of this request */
    MATCHING_RESTING,   /* H7: had the most asks in 30 days */
    MATCHING_REASONS
};
extern const char *const MATCHING_REASON_NAMES[MATCHING_REASONS]; /* "inactive", "paused" ... */

struct matching_guide {
    const char *id;
    uint64_t hash;   /* of id and seed */
    uint32_t given;  /* how many were added before */
    int32_t places;  /* min(free places, asks left), at least 1 */
    int32_t price;   /* learned scarcity in points; told, not used: the caller's scores contain it */
};

struct matching_request {
    const char *id;
    const char *city;      /* who handles it; "" counts as a city */
    const char *language;  /* that the figures below are about; NULL when there are none */
    uint64_t hash;         /* of id and seed */
    int64_t waiting_since; /* seconds since the epoch */
    uint32_t given;
    uint32_t first_edge;   /* up to the next request's; valid after matching_close() */
    uint32_t speakers;     /* guides who speak that language well enough */
    uint32_t reasons[MATCHING_REASONS];
    enum matching_band band; /* set by matching_index() */
};

struct matching_edge {
    uint32_t request;       /* index */
    uint32_t guide;         /* index */
    int32_t score;          /* sum of its terms */
    uint32_t given : 29;
    uint32_t pinned : 1;    /* this pair, whatever its score */
    uint32_t forbidden : 1; /* not this pair */
    uint32_t cut : 1;       /* left out by matching_solve() of a large snapshot */
};

struct matching_instance {
    uint64_t seed;  /* of the round */
    int64_t at;     /* when the snapshot was taken, seconds since the epoch */
    struct matching_guide *guides;     /* by id, once indexed */
    struct matching_request *requests; /* by id, once indexed */
    struct matching_edge *edges;       /* by request, then guide, once closed */
    int32_t (*terms)[MATCHING_CRITERIA]; /* of the edge given as that many-th; NULL until one has terms */
    uint32_t guide_count, request_count, edge_count;
    uint32_t guide_room, request_room, edge_room; /* allocated */
    struct arena arena; /* owns the texts */
    enum { MATCHING_OPEN, MATCHING_INDEXED, MATCHING_CLOSED } state;
};

/* What is wrong with a snapshot. */
enum matching_fault_code {
    MATCHING_FINE,
    MATCHING_OUT_OF_MEMORY,
    MATCHING_STATE,            /* added to or solved at the wrong time: the caller's error */
    MATCHING_NO_GUIDES,
    MATCHING_NO_REQUESTS,
    MATCHING_TOO_MANY,
    MATCHING_ID_LENGTH,        /* 1 to ID_MAX bytes */
    MATCHING_DUPLICATE,        /* id, or pair */
    MATCHING_UNKNOWN,          /* request or guide of an edge */
    MATCHING_PLACES_RANGE,
    MATCHING_PRICE_RANGE,
    MATCHING_SCORE_RANGE,
    MATCHING_TERMS_SUM,        /* the terms do not add up to the score */
    MATCHING_FUTURE,           /* waiting since after the snapshot was taken */
    MATCHING_REASONS_SUM,      /* more reasons than speakers */
    MATCHING_PIN_FORBIDDEN,    /* pinned and forbidden */
    MATCHING_PINS_OF_REQUEST,  /* a request pinned twice */
    MATCHING_PINS_OF_GUIDE,    /* more pins than places */
};

struct matching_fault {
    enum matching_fault_code code;
    char pointer[48]; /* RFC 6901, as if the snapshot were its JSON in the order of adding: "/edges/17/score"; "" the whole */
};

/* The code's name as the JSON of `welcomed match` has it ("score_range"), and a sentence in English. */
const char *matching_fault_name(enum matching_fault_code code);
const char *matching_fault_text(enum matching_fault_code code);

/* Building a snapshot: init; add guides and requests in any order; index; add edges in any order; close. Texts are copied. Each
 * returns false with fault filled; the snapshot can then only be released. matching_instance_release() may always be called. */
void matching_instance_init(struct matching_instance *instance, uint64_t seed, int64_t at);
void matching_instance_release(struct matching_instance *instance);
bool matching_add_guide(struct matching_instance *instance, const char *id, int64_t places, int64_t price, struct matching_fault *fault);

/* The figures of *about (language, speakers, reasons) are copied; about may be NULL. */
bool matching_add_request(struct matching_instance *instance, const char *id, const char *city, int64_t waiting_since,
                          const struct matching_request *about, struct matching_fault *fault);

/* Sorts, finds duplicates and gives each request its band. */
bool matching_index(struct matching_instance *instance, struct matching_fault *fault);

/* The place of an id, by binary search; MATCHING_NONE when there is none. Only once indexed. */
int64_t matching_find_guide(const struct matching_instance *instance, const char *id);
int64_t matching_find_request(const struct matching_instance *instance, const char *id);

enum matching_hold { MATCHING_FREE, MATCHING_PINNED, MATCHING_FORBIDDEN, MATCHING_PINNED_AND_FORBIDDEN };

/* A pair that keeps the hard rules, by places found as above (anything else is MATCHING_UNKNOWN). terms may be NULL: not known. */
bool matching_add_edge(struct matching_instance *instance, int64_t request, int64_t guide, int64_t score, enum matching_hold hold,
                       const int64_t terms[MATCHING_CRITERIA], struct matching_fault *fault);

/* Sorts and validates the whole; an instance without guides or without requests is refused: there is nothing to match. */
bool matching_close(struct matching_instance *instance, struct matching_fault *fault);

/* What the solver may do; {0} is replaced by the defaults. */
struct matching_settings {
    uint32_t whole_max; /* above so many requests city by city; 5,000 */
    uint32_t cut_above; /* above so many requests each keeps only some candidates; 2,000 */
    uint32_t cut_to;    /* so many: half the best by score, half spread evenly over the others; 64 */
};

/* What the check of a solution found, from the snapshot, the matching and the potentials alone. */
struct matching_certificate {
    bool primal;     /* every request has at most one guide, along an edge that is not forbidden; no guide too many; pins kept */
    bool dual;       /* no edge, no left-out request and no place has a negative reduced cost */
    bool slackness;  /* where something is used its reduced cost is zero; a guide with a place left costs nothing */
    bool clean;      /* all three: nothing better exists (of each part, among the edges not cut) */
    uint32_t parts;  /* solved one after the other */
    uint64_t checked; /* edges */
    char fault[96];  /* the first that is wrong; "" */
};

struct matching_result {
    int32_t *guide_of;  /* by request: its guide, or MATCHING_NONE */
    int64_t *edge_of;   /* by request: that edge, or MATCHING_NONE */
    int32_t *second;    /* by request: score of the best other candidate, if second_known */
    bool *second_known;
    uint32_t *part_of;  /* by request: the part it was solved in */
    int32_t *used;      /* by guide: places given away */
    int64_t *request_potential; /* by request */
    int64_t *guide_potential;   /* by part, then guide: what one more place would be worth */
    uint32_t parts;     /* 1: all at once; more: city by city */
    uint32_t placed;    /* pinned ones included */
    uint32_t placed_of[MATCHING_BANDS];
    uint32_t waiting_of[MATCHING_BANDS];
    uint32_t pinned;
    uint32_t cut;       /* edges left out */
    int64_t score;      /* sum */
    struct matching_settings settings; /* as used */
    struct matching_certificate certificate;
    struct arena arena; /* owns all of it */
};

/* Solves a closed snapshot and certifies the solution. settings NULL: the defaults. False: out of memory (or not closed), and there
 * is nothing to release. A certificate that is not clean is an error of the program: do not use the result. */
bool matching_solve(struct matching_instance *instance, const struct matching_settings *settings, struct matching_result *result);
void matching_result_release(struct matching_result *result);

/* Checks once more; shares no code with the solver but the cost of an edge. */
void matching_certify(const struct matching_instance *instance, const struct matching_result *result,
                      struct matching_certificate *certificate);

/* What was done before: one request after the other, longest waiting first, each the best guide left; pins and forbids kept. For
 * comparison; it has no potentials, and its certificate is not clean. False: out of memory. */
bool matching_greedy(const struct matching_instance *instance, struct matching_result *result);

/* Why a request got no guide: the snapshot's reasons, and of its candidates those whose places went to others and those forbidden. */
struct matching_why {
    const char *language; /* or NULL */
    uint32_t speakers;
    uint32_t reasons[MATCHING_REASONS];
    uint32_t taken;
    uint32_t forbidden;
};
struct matching_why matching_why(const struct matching_instance *instance, const struct matching_result *result, uint32_t request);

/* Of a text, seeded. */
uint64_t matching_hash(const char *text, uint64_t seed);

/* The tie-break of a pair, 0 to 1023. */
uint32_t matching_tie(const struct matching_instance *instance, uint32_t request, uint32_t guide);

/* The scale of one snapshot: what edges and left-out requests cost. */
struct matching_scale {
    int64_t point;   /* S: one point of score */
    int64_t highest; /* score */
    int64_t leave;   /* W */
};
struct matching_scale matching_scale(const struct matching_instance *instance);
int64_t matching_edge_cost(const struct matching_instance *instance, const struct matching_scale *scale, const struct matching_edge *edge);
int64_t matching_drop_cost(const struct matching_scale *scale, const struct matching_request *request);

/* src/matching/matching_parts.c, for matching_solve(): the order in which requests are solved (by part, then longest band, then id),
 * by place in `order`, and the part of each by request. One part up to settings.whole_max requests; above it one for each city, in an
 * order drawn anew by each seed, so that no city always chooses first. Returns the number of parts; 0: out of memory. */
uint32_t matching_parts(const struct matching_instance *instance, const struct matching_settings *settings, uint32_t *order,
                        uint32_t *part_of);

/* src/matching/matching_cut.c: marks what a large snapshot leaves out; *cut counts. False: out of memory. */
bool matching_cut(struct matching_instance *instance, const struct matching_settings *settings, uint32_t *cut);

/* The end of a request's edges. */
static inline uint32_t matching_last_edge(const struct matching_instance *instance, uint32_t request)
{
    return request + 1 < instance->request_count ? instance->requests[request + 1].first_edge : instance->edge_count;
}

#endif
