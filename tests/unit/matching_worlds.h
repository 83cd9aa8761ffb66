/* SPDX-License-Identifier: EUPL-1.2
 * Snapshots for tests, made up by numbers that a seed determines. */
#ifndef WELCOME_MATCHING_WORLDS_H
#define WELCOME_MATCHING_WORLDS_H

#include "matching.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW INT64_C(1800000000)

/* The next number below limit, of Steele, Lea and Flood's SplitMix64. */
static inline uint32_t draw(uint64_t *state, uint32_t limit)
{
    uint64_t bits = *state += 0x9e3779b97f4a7c15u;
    bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9u;
    bits = (bits ^ (bits >> 27)) * 0x94d049bb133111ebu;
    return (uint32_t)((bits ^ (bits >> 31)) % limit);
}

static inline void guide(struct matching_instance *world, const char *id, int places)
{
    struct matching_fault fault;
    assert_true(matching_add_guide(world, id, places, 0, &fault));
}

static inline void request(struct matching_instance *world, const char *id, int days)
{
    struct matching_fault fault;
    assert_true(matching_add_request(world, id, "essen", NOW - days * INT64_C(86400), NULL, &fault));
}

static inline void indexed(struct matching_instance *world)
{
    struct matching_fault fault;
    assert_true(matching_index(world, &fault));
}

static inline void hold(struct matching_instance *world, const char *of, const char *to, int score, enum matching_hold held)
{
    struct matching_fault fault;
    assert_true(matching_add_edge(world, matching_find_request(world, of), matching_find_guide(world, to), score, held, NULL, &fault));
}

static inline void edge(struct matching_instance *world, const char *of, const char *to, int score)
{
    hold(world, of, to, score, MATCHING_FREE);
}

static inline void closed(struct matching_instance *world)
{
    struct matching_fault fault;
    if (!matching_close(world, &fault))
        fail_msg("%s: %s", fault.pointer, matching_fault_text(fault.code));
}

struct shape {
    uint32_t guides, requests;
    uint32_t places;   /* at most */
    uint32_t percent;  /* of pairs there are */
    uint32_t scores;   /* different ones */
    uint32_t cities;
};

/* A world drawn by a seed; the rounds' own seed is the same. */
static inline void world_draw(struct matching_instance *world, uint64_t seed, const struct shape *shape)
{
    uint64_t state = seed;
    char id[16], city[16];
    struct matching_fault fault;
    matching_instance_init(world, seed, NOW);
    for (uint32_t g = 0; g < shape->guides; g++) {
        snprintf(id, sizeof id, "g%u", g);
        guide(world, id, 1 + (int)draw(&state, shape->places));
    }
    for (uint32_t r = 0; r < shape->requests; r++) {
        snprintf(id, sizeof id, "r%u", r);
        snprintf(city, sizeof city, "city%u", draw(&state, shape->cities ? shape->cities : 1));
        assert_true(matching_add_request(world, id, city, NOW - (int64_t)draw(&state, 80) * 86400, NULL, &fault));
    }
    indexed(world);
    for (uint32_t r = 0; r < shape->requests; r++)
        for (uint32_t g = 0; g < shape->guides; g++)
            if (draw(&state, 100) < shape->percent) {
                const int64_t score = (int64_t)draw(&state, shape->scores) - shape->scores / 4;
                assert_true(matching_add_edge(world, r, g, score, MATCHING_FREE, NULL, &fault));
            }
    closed(world);
}

static inline int32_t guide_of(const struct matching_instance *world, const struct matching_result *result, const char *id)
{
    return result->guide_of[matching_find_request(world, id)];
}

#endif
