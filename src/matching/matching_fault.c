/* SPDX-License-Identifier: EUPL-1.2
 * Names and sentences of what can be said about a snapshot. */
#include "matching.h"

#include "banned.h"

const char *const MATCHING_CRITERION_NAMES[MATCHING_CRITERIA] = {"preferred", "language", "city",   "audience", "topics",
                                                                 "gender",    "load",     "recent", "price"};

const char *const MATCHING_REASON_NAMES[MATCHING_REASONS] = {"inactive", "paused",  "full",  "far",    "declined",
                                                             "silent",   "blocked", "asked", "resting"};

static const struct {
    const char *name;
    const char *text;
} FAULTS[] = {
    [MATCHING_FINE] = {"fine", "Nothing is wrong."},
    [MATCHING_OUT_OF_MEMORY] = {"out_of_memory", "There is not enough memory."},
    [MATCHING_STATE] = {"state", "The snapshot is built in another order: guides and requests, index, pairs, close."},
    [MATCHING_NO_GUIDES] = {"no_guides", "There is no guide, so there is nothing to match."},
    [MATCHING_NO_REQUESTS] = {"no_requests", "There is no request, so there is nothing to match."},
    [MATCHING_TOO_MANY] = {"too_many", "At most 100000 guides, 20000 requests and 8000000 pairs can be matched at once."},
    [MATCHING_ID_LENGTH] = {"id_length", "An id has 1 to 64 bytes, a city or language at most 64."},
    [MATCHING_DUPLICATE] = {"duplicate", "The same id or pair stands there before."},
    [MATCHING_UNKNOWN] = {"unknown", "There is no guide or request of that id."},
    [MATCHING_PLACES_RANGE] = {"places_range", "A guide in a snapshot has 1 to 1000 places; one without a place does not belong there."},
    [MATCHING_PRICE_RANGE] = {"price_range", "A price is 0 to 100000 points."},
    [MATCHING_SCORE_RANGE] = {"score_range", "A score is -100000 to 100000 points."},
    [MATCHING_TERMS_SUM] = {"terms_sum", "The terms do not add up to the score."},
    [MATCHING_FUTURE] = {"future", "The request waits since a moment after the snapshot was taken."},
    [MATCHING_REASONS_SUM] = {"reasons_sum", "There are more reasons than guides who speak the language."},
    [MATCHING_PIN_FORBIDDEN] = {"pin_forbidden", "The pair is pinned and forbidden."},
    [MATCHING_PINS_OF_REQUEST] = {"pins_of_request", "The request is pinned to two guides."},
    [MATCHING_PINS_OF_GUIDE] = {"pins_of_guide", "More requests are pinned to the guide than it has places."},
};

const char *matching_fault_name(enum matching_fault_code code)
{
    return FAULTS[code].name;
}

const char *matching_fault_text(enum matching_fault_code code)
{
    return FAULTS[code].text;
}
