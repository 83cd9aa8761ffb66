/* SPDX-License-Identifier: EUPL-1.2
 * Places by distance are another statement than places in order. */
#include "codes.h"

#include "banned.h"

static void places_prepare(struct request *request)
{
    const bool near = request_parameter(request, "near") != NULL;
    if (near)
        request_variant(request, "near");
    else if (request_parameter(request, "radius"))
        faults_add(request_faults(request), (struct fault){.parameter = "near", .code = "required"});
}

const struct operation_code PLACE_CODES[] = {
    {.operation = "list_places", .prepare = places_prepare},
    {0},
};
