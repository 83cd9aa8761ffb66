/* SPDX-License-Identifier: EUPL-1.2
 * What a guide's place is worth to those who will come: scarcity prices. Half a price is taken off a pair's score, so that whom many
 * guides can help leaves those alone whom others will need; a price changes who is proposed, never whether (placing comes first).
 *
 * Learned by night: so many requests as ask for help at one time are drawn, with replacement, from the last year's (bootstrap, Efron
 * 1979), and matched with all guides at their full capacity, where a placement is worth its score and some points. A guide's price is
 * the mean over the samples of the dual variable of its places: what one place more would have added. (Bid prices of revenue
 * management: Talluri and van Ryzin 1998.) */
#ifndef WELCOME_MATCHING_PRICES_H
#define WELCOME_MATCHING_PRICES_H

#include "matching.h"

enum {
    MATCHING_SAMPLES = 20,
    MATCHING_PRICES_LEAST = 100, /* requests of the last year: below, prices are cold */
    MATCHING_PRICE_COLD = 400,   /* points: what a price nears where a language is asked for and there are hardly any places */
};

struct matching_price_settings {
    uint64_t seed;  /* of the night */
    uint32_t draw;  /* requests in a sample: arrivals of a year * mean days of a match / 365 (Little 1961), 1 to REQUESTS_MAX */
    int32_t worth;  /* points of a placement beside its score, 0 to SCORE_MAX */
};

/* Learns from a closed snapshot whose requests are the last year's and whose edges are all pairs that keep H2, H3 and H5, scored
 * without load, recent asks and price; the guides' places are their capacities. Writes a price for each guide (by index), 0 where
 * places stay free in all samples, rounded down. Every sample's solution is proved. False: out of memory, the proof failed, or the
 * settings are out of range; prices are then undefined. */
bool matching_learn_prices(const struct matching_instance *history, const struct matching_price_settings *settings, int32_t *prices);

/* One guide speaks one language. */
struct matching_speaker {
    uint32_t guide;
    uint32_t language;
};

struct matching_scarcity {
    const int32_t *places;  /* by guide */
    size_t guides;
    const uint32_t *demand; /* by language: how many newcomers have it as their first, in any unit */
    size_t languages;
    const struct matching_speaker *speakers; /* each pair once */
    size_t speaker_count;
    uint32_t draw;          /* requests expected at one time, as above */
};

/* Until there is a past: a language for which more requests are expected than its speakers have places is scarce by the share that
 * lacks, times PRICE_COLD points; a guide's price is that of the scarcest language spoken. False: out of memory,
 * or draw is out of range. */
bool matching_cold_prices(const struct matching_scarcity *scarcity, int32_t *prices);

/* The term of a pair's score: minus half the price, rounded toward zero. */
static inline int32_t matching_price_term(int32_t price)
{
    return -(price / 2);
}

#endif
