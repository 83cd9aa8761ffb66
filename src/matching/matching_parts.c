/* SPDX-License-Identifier: EUPL-1.2
 * What is solved together and in which order. */
#include "matching.h"

#include <stdlib.h>
#include <string.h>

#include "banned.h"

struct place {
    const char *city;
    uint64_t draw; /* of the city, in this round */
    uint32_t request;
    enum matching_band band;
};

static int places_compare(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    if (x->draw != y->draw)
        return x->draw < y->draw ? -1 : 1;
    const int order = strcmp(x->city, y->city);
    if (order)
        return order;
    if (x->band != y->band)
        return x->band > y->band ? -1 : 1;
    return x->request < y->request ? -1 : 1;
}

uint32_t matching_parts(const struct matching_instance *instance, const struct matching_settings *settings, uint32_t *order,
                        uint32_t *part_of)
{
    const uint32_t count = instance->request_count;
    const bool whole = count <= settings->whole_max;
    struct place *places = reallocarray(NULL, count, sizeof *places);
    uint32_t part = 0;
    if (!places)
        return 0;
    for (uint32_t r = 0; r < count; r++) {
        const struct matching_request *request = &instance->requests[r];
        places[r] = (struct place){.city = whole ? "" : request->city,
                                   .draw = whole ? 0 : matching_hash(request->city, instance->seed),
                                   .request = r,
                                   .band = request->band};
    }
    qsort(places, count, sizeof *places, places_compare);
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0 && strcmp(places[i - 1].city, places[i].city) != 0)
            part++;
        order[i] = places[i].request;
        part_of[places[i].request] = part;
    }
    free(places);
    return part + 1;
}
