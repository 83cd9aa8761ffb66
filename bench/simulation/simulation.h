/* SPDX-License-Identifier: EUPL-1.2
 * A year of the portal on invented people: who comes, whom a policy asks, who answers, what became of it. Everything about people is
 * drawn from the seed alone and every answer from (seed, request, guide, which ask), so that policies meet the same year (paired). */
#ifndef WELCOME_SIMULATION_H
#define WELCOME_SIMULATION_H

#include "arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    GUIDES = 200, CITIES = 10, LANGUAGES_MAX = 64, ASKS_KEPT = 256,
    GERMAN = 0, ENGLISH = 1, /* languages */
    NOBODY = -1,
};

/* Days. */
#define WARM_UP 180.0
#define MEASURED 365.0
#define AFTERMATH 120.0 /* arrivals go on, so that the last ones measured meet the same crowd */

struct parameters {
    const char *name;
    bool demand;           /* languages by city of demand.csv instead of Zipf(1) */
    double arrivals;       /* a year */
    double neighbours;     /* share of newcomers who take a guide of a neighbouring city at once */
    double remote;         /* share of those already here who take one far away at once; those abroad all do */
    double consent;        /* share of the others who agree when asked after a week */
};

struct skill {
    int8_t language; /* NOBODY: no more */
    int8_t level;    /* above B1, 0 to 3 */
};

struct guide {
    struct skill skills[4];
    int8_t city, capacity;
    bool neighbours, remote, active;
    uint16_t topics, audiences; /* bits */
    int32_t price;
    int matches, open;          /* load is their sum */
    int asked;                  /* in all */
    double asks[ASKS_KEPT];     /* the last ones, by number modulo ASKS_KEPT */
    double match_days, match_changed; /* in the measured year */
    int placed;                 /* likewise */
    bool crowded;               /* four asks within 30 days, likewise */
};

struct proposal {
    int guide; /* NOBODY: none */
    double asked_at;
    unsigned number; /* of the request's asks */
};

struct newcomer {
    double arrives, gives_up, placed_at; /* placed_at 0: not yet */
    double engagement;
    struct skill skills[3]; /* as wished for, best first */
    int8_t city;
    bool neighbours, remote, consents, widened, here, gone;
    uint16_t topics, audience;
    unsigned asks;
    struct proposal proposals[2];
    int16_t points[GUIDES]; /* of language, audience and topics; negative: no language in common */
    uint8_t refused[GUIDES]; /* 1: for good; 2: one more ask from the time in again */
    float again[GUIDES];
};

/* What is compared. */
struct policy {
    const char *name;
    bool exact, spread; /* spread: terms of load and recent asks count */
    enum { PRICES_NONE, PRICES_COLD, PRICES_LEARNED } prices;
    bool rules;         /* widening, second ask, one re-ask, cap of asks */
};

enum event_kind { ARRIVAL, ANSWER, SECOND_ASK, GIVE_UP, MATCH_END, PAUSE, RESUME, WIDEN, LOOK_AGAIN, LEARN };

struct event {
    double at;
    uint64_t order; /* of equals */
    enum event_kind kind;
    int request, guide;
    unsigned number; /* of the ask, or of the guide's pause */
};

struct year {
    const struct parameters *parameters;
    const struct policy *policy;
    uint64_t seed;
    double now;
    struct guide guides[GUIDES];
    struct newcomer *newcomers;
    int newcomer_count, arrived;
    double shares[CITIES][LANGUAGES_MAX]; /* of newcomers' first languages, cumulative */
    double owned[CITIES][LANGUAGES_MAX];  /* of guides' */
    uint32_t demand[LANGUAGES_MAX];
    int language_count;
    struct event *queue;
    size_t queue_length, queue_room;
    uint64_t queued;
    uint64_t rounds, proofs; /* exact ones, and clean certificates */
    struct arena arena;
};

enum metric {
    PLACED, WITHIN_WEEK, WITHOUT_COMMON, WAIT_MEDIAN, WAIT_P90, ASKS_PER_PLACEMENT, CROWDED, GINI, IDLE, REACHABLE, METRICS
};

/* simulation_world.c: false when out of memory or the files of content/reference or demand.csv cannot be read. */
bool world_draw(struct year *year);
double chance(const struct year *year, uint64_t what, uint64_t a, uint64_t b, uint64_t c); /* 0 <= x < 1, the same for the same */
double exponential(double mean, double chance);
enum { CHANCE_ANSWER = 1000, CHANCE_DELAY, CHANCE_PAUSE };
bool is_neighbour(int city, int other);

/* simulation_year.c */
bool year_run(struct year *year);
void year_release(struct year *year);
void event_add(struct year *year, double at, enum event_kind kind, int request, int guide, unsigned number);
void ask(struct year *year, int request, int guide);

/* simulation_round.c: what the policy does now. Both false when out of memory or a proof fails. */
bool year_round(struct year *year);
bool prices_learn(struct year *year);
int points_of(const struct year *year, int request, int guide); /* of the pair now; INT_MIN: not eligible */

/* simulation_figures.c */
void figures_take(const struct year *year, double figures[METRICS]);

/* simulation_report.c: of figures[population][policy][seed][metric]. */
struct report {
    const struct parameters *populations;
    size_t population_count;
    const struct policy *policies;
    size_t policy_count, seed_count;
    const double (*figures)[METRICS];
    uint64_t rounds;
};
void report_write(const struct report *report);
bool report_draw(const struct report *report, const char *path);

#endif
