/* SPDX-License-Identifier: EUPL-1.2
 * The proof of a round, as a reader of a textbook would check it: the matching is allowed, the potentials are allowed, and wherever
 * one is slack the other is not (complementary slackness). Then no matching costs less. Exact: integers below 2^61. */
#include "matching.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "banned.h"

struct proof {
    const struct matching_instance *instance;
    const struct matching_result *result;
    struct matching_certificate *certificate;
    struct matching_scale scale;
    int32_t *left;    /* by guide: places for the part and those after it */
    int32_t *pinned;  /* by request: the guide it is pinned to, or MATCHING_NONE */
};

/* Notes that a side does not hold, and the first fault. */
static void proof_fail(struct proof *proof, bool *side, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void proof_fail(struct proof *proof, bool *side, const char *format, ...)
{
    struct matching_certificate *certificate = proof->certificate;
    va_list arguments;
    *side = false;
    if (certificate->fault[0])
        return;
    va_start(arguments, format);
    vsnprintf(certificate->fault, sizeof certificate->fault, format, arguments);
    va_end(arguments);
}

/* Pins are kept, before the parts; they take their places first. */
static void pins_prove(struct proof *proof)
{
    const struct matching_instance *instance = proof->instance;
    for (uint32_t g = 0; g < instance->guide_count; g++)
        proof->left[g] = instance->guides[g].places;
    for (uint32_t r = 0; r < instance->request_count; r++)
        proof->pinned[r] = MATCHING_NONE;
    for (uint32_t i = 0; i < instance->edge_count; i++) {
        const struct matching_edge *edge = &instance->edges[i];
        if (!edge->pinned)
            continue;
        proof->pinned[edge->request] = (int32_t)edge->guide;
        if (--proof->left[edge->guide] < 0)
            proof_fail(proof, &proof->certificate->primal, "guide %u has more pins than places", edge->guide);
        if (proof->result->guide_of[edge->request] != (int32_t)edge->guide)
            proof_fail(proof, &proof->certificate->primal, "the pin of request %u is not kept", edge->request);
    }
}

/* One edge of a request that is not pinned. True when the request's guide is at its end. */
static bool edge_prove(struct proof *proof, const struct matching_edge *edge, int64_t u, const int64_t *v)
{
    const bool taken = proof->result->guide_of[edge->request] == (int32_t)edge->guide;
    proof->certificate->checked++;
    if (taken && (edge->forbidden || edge->cut))
        proof_fail(proof, &proof->certificate->primal, "request %u has guide %u, who is forbidden", edge->request, edge->guide);
    if (edge->forbidden || edge->cut)
        return taken;
    const int64_t slack = matching_edge_cost(proof->instance, &proof->scale, edge) + v[edge->guide] - u;
    if (slack < 0)
        proof_fail(proof, &proof->certificate->dual, "request %u and guide %u would gain", edge->request, edge->guide);
    if (taken && slack != 0)
        proof_fail(proof, &proof->certificate->slackness, "request %u has guide %u at a loss", edge->request, edge->guide);
    return taken;
}

static void request_prove(struct proof *proof, uint32_t request, const int64_t *v)
{
    const struct matching_instance *instance = proof->instance;
    const int32_t guide = proof->result->guide_of[request];
    const int64_t u = proof->result->request_potential[request];
    const int64_t drop = matching_drop_cost(&proof->scale, &instance->requests[request]);
    const uint32_t end = matching_last_edge(instance, request);
    int taken = 0;
    for (uint32_t i = instance->requests[request].first_edge; i < end; i++)
        taken += edge_prove(proof, &instance->edges[i], u, v);
    if (u > drop)
        proof_fail(proof, &proof->certificate->dual, "request %u pays more than leaving it out costs", request);
    if (guide == MATCHING_NONE && u != drop)
        proof_fail(proof, &proof->certificate->slackness, "request %u is left out for less", request);
    if (guide == MATCHING_NONE)
        return;
    if (taken != 1)
        proof_fail(proof, &proof->certificate->primal, "request %u has a guide without a pair", request);
    else if (--proof->left[guide] < 0)
        proof_fail(proof, &proof->certificate->primal, "guide %d has more requests than places", guide);
}

static void guides_prove(struct proof *proof, const int64_t *v)
{
    for (uint32_t g = 0; g < proof->instance->guide_count; g++) {
        if (v[g] < 0)
            proof_fail(proof, &proof->certificate->dual, "guide %u has a negative price", g);
        if (v[g] > 0 && proof->left[g] > 0)
            proof_fail(proof, &proof->certificate->slackness, "guide %u has a price and a place left", g);
    }
}

static void part_prove(struct proof *proof, uint32_t part)
{
    const int64_t *v = proof->result->guide_potential + (size_t)part * proof->instance->guide_count;
    for (uint32_t r = 0; r < proof->instance->request_count; r++)
        if (proof->result->part_of[r] == part && proof->pinned[r] == MATCHING_NONE)
            request_prove(proof, r, v);
    guides_prove(proof, v);
}

/* Without memory parts stays 0, and nothing is proved. */
void matching_certify(const struct matching_instance *instance, const struct matching_result *result,
                      struct matching_certificate *certificate)
{
    struct proof proof = {
        .instance = instance,
        .result = result,
        .certificate = certificate,
        .scale = matching_scale(instance),
        .left = reallocarray(NULL, instance->guide_count, sizeof *proof.left),
        .pinned = reallocarray(NULL, instance->request_count, sizeof *proof.pinned),
    };
    *certificate = (struct matching_certificate){.fault = ""};
    if (proof.left && proof.pinned && result->guide_potential) {
        *certificate = (struct matching_certificate){.primal = true, .dual = true, .slackness = true, .parts = result->parts};
        pins_prove(&proof);
        for (uint32_t part = 0; part < result->parts; part++)
            part_prove(&proof, part);
        certificate->clean = certificate->primal && certificate->dual && certificate->slackness;
    } else {
        snprintf(certificate->fault, sizeof certificate->fault, "there are no potentials, or no memory to check them");
    }
    free(proof.left);
    free(proof.pinned);
}
