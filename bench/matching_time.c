/* SPDX-License-Identifier: EUPL-1.2
 * What a round costs: `matching_time LEMON` solves made-up scarce snapshots of three sizes, exactly, greedily and by LEMON's network
 * simplex (tests/matching/lemon_oracle.cc), and writes CPU times, their ratios and the memory as a table. */
#include "matching.h"

#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { CITIES = 10, LANGUAGES = 60, TURNS = 5 };

struct size {
    uint32_t guides, requests;
};

struct cost {
    double solve, greedy, lemon; /* CPU milliseconds, the least of all turns */
    double snapshot_mb, solver_mb;
    uint32_t edges, placed, greedy_placed, uncut_placed;
    bool clean, agreed; /* LEMON found the same cost */
};

static uint64_t state;

static uint32_t draw(uint32_t limit)
{
    uint64_t bits = state += 0x9e3779b97f4a7c15u;
    bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9u;
    bits = (bits ^ (bits >> 27)) * 0x94d049bb133111ebu;
    return (uint32_t)((bits ^ (bits >> 31)) % limit);
}

/* 0 the most frequent; by Zipf's law. */
static uint32_t language_draw(void)
{
    double total = 0, at = draw(1 << 24) / (double)(1 << 24);
    for (int l = 1; l <= LANGUAGES; l++)
        total += 1.0 / l;
    at *= total;
    uint32_t language = 0;
    while (language < LANGUAGES - 1 && (at -= 1.0 / (language + 1)) > 0)
        language++;
    return language;
}

static double cpu(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec * 1e-6;
}

/* Each guide one language or two and a city, each request one of both; three in ten take anybody far away. */
static bool snapshot_fill(struct matching_instance *world, const struct size *size)
{
    struct matching_fault fault;
    uint32_t *spoken = calloc(2 * (size_t)size->guides, sizeof *spoken), *city = calloc(size->guides, sizeof *city);
    char id[16];
    bool done = spoken && city;
    matching_instance_init(world, 1, 1800000000);
    for (uint32_t g = 0; done && g < size->guides; g++) {
        snprintf(id, sizeof id, "g%06" PRIu32, g);
        spoken[2 * g] = language_draw();
        spoken[2 * g + 1] = draw(10) < 6 ? spoken[2 * g] : language_draw();
        city[g] = draw(CITIES);
        done = matching_add_guide(world, id, 1 + (draw(100) > 70), 0, &fault);
    }
    for (uint32_t r = 0; done && r < size->requests; r++) {
        snprintf(id, sizeof id, "r%06" PRIu32, r);
        done = matching_add_request(world, id, "", 1800000000 - 86400 * (int64_t)draw(40), NULL, &fault);
    }
    done = done && matching_index(world, &fault);
    for (uint32_t r = 0; done && r < size->requests; r++) {
        const uint32_t language = language_draw(), home = draw(CITIES);
        const bool far = draw(10) < 3;
        for (uint32_t g = 0; done && g < size->guides; g++)
            if ((spoken[2 * g] == language || spoken[2 * g + 1] == language) && (far || city[g] == home))
                done = matching_add_edge(world, r, g,
                                         600 + 30 * draw(4) + (city[g] == home ? 300 : 100) + (draw(2) ? 120 : 0) + 40 * draw(4),
                                         MATCHING_FREE, NULL, &fault);
    }
    free(spoken);
    free(city);
    return done && matching_close(world, &fault);
}

/* The exact solution's cost among the edges not cut. */
static int64_t cost_of(const struct matching_instance *world, const struct matching_result *result)
{
    const struct matching_scale scale = matching_scale(world);
    int64_t cost = 0;
    for (uint32_t r = 0; r < world->request_count; r++)
        cost += result->edge_of[r] == MATCHING_NONE ? matching_drop_cost(&scale, &world->requests[r])
                                                    : matching_edge_cost(world, &scale, &world->edges[result->edge_of[r]]);
    return cost;
}

/* Gives LEMON the same edges with the same costs. */
static bool lemon_run(const char *program, const struct matching_instance *world, uint32_t cut, int64_t *cost, double *milliseconds)
{
    const struct matching_scale scale = matching_scale(world);
    char command[512], name[] = "/tmp/matching_time.XXXXXX";
    const int descriptor = mkstemp(name);
    FILE *file = descriptor < 0 ? NULL : fdopen(descriptor, "w");
    if (!file)
        return false;
    fprintf(file, "%" PRIu32 " %" PRIu32 " %" PRIu32 "\n", world->guide_count, world->request_count, world->edge_count - cut);
    for (uint32_t g = 0; g < world->guide_count; g++)
        fprintf(file, "%" PRId32 "\n", world->guides[g].places);
    for (uint32_t r = 0; r < world->request_count; r++)
        fprintf(file, "%" PRId64 "\n", matching_drop_cost(&scale, &world->requests[r]));
    for (uint32_t i = 0; i < world->edge_count; i++)
        if (!world->edges[i].cut)
            fprintf(file, "%" PRIu32 " %" PRIu32 " %" PRId64 "\n", world->edges[i].request, world->edges[i].guide,
                    matching_edge_cost(world, &scale, &world->edges[i]));
    snprintf(command, sizeof command, "'%s' < %s", program, name);
    FILE *answer = fclose(file) == 0 ? popen(command, "r") : NULL;
    const bool read = answer && fscanf(answer, "%" SCNd64 " %lf", cost, milliseconds) == 2;
    if (answer)
        pclose(answer);
    remove(name);
    return read;
}

static double used_mb(void)
{
    const struct mallinfo2 memory = mallinfo2();
    return (double)(memory.uordblks + memory.hblkhd) / (1 << 20);
}

static bool turn_take(struct matching_instance *world, const struct matching_settings *settings, const char *lemon, struct cost *cost)
{
    struct matching_result result, greedy;
    int64_t least = 0;
    double lemon_time = 0;
    const double start = cpu(), before = used_mb();
    if (!matching_solve(world, settings, &result))
        return false;
    const double solved = cpu();
    cost->solver_mb = used_mb() - before;
    if (!matching_greedy(world, &greedy))
        return false;
    const double ended = cpu();
    cost->clean = cost->clean && result.certificate.clean;
    cost->placed = result.placed;
    cost->greedy_placed = greedy.placed;
    cost->agreed = cost->agreed && lemon_run(lemon, world, result.cut, &least, &lemon_time) && least == cost_of(world, &result);
    cost->solve = solved - start < cost->solve ? solved - start : cost->solve;
    cost->greedy = ended - solved < cost->greedy ? ended - solved : cost->greedy;
    cost->lemon = lemon_time < cost->lemon ? lemon_time : cost->lemon;
    matching_result_release(&greedy);
    matching_result_release(&result);
    return true;
}

static bool size_measure(const struct size *size, const char *lemon)
{
    const struct matching_settings whole = {.whole_max = MATCHING_REQUESTS_MAX}, uncut = {MATCHING_REQUESTS_MAX, UINT32_MAX, 0};
    struct cost cost = {.solve = 1e9, .greedy = 1e9, .lemon = 1e9, .clean = true, .agreed = true};
    struct matching_instance world;
    struct matching_result result;
    const double before = used_mb();
    state = size->guides;
    bool done = snapshot_fill(&world, size);
    cost.snapshot_mb = used_mb() - before;
    for (int turn = 0; done && turn < TURNS; turn++)
        done = turn_take(&world, &whole, lemon, &cost);
    if (done && matching_solve(&world, &uncut, &result)) {
        cost.uncut_placed = result.placed;
        matching_result_release(&result);
    }
    if (done)
        printf("| %u × %u | %u | %.1f | %.2f | %.1f | %.2f | %.1f | %.1f | %u (%u) | %u | %s | %s |\n", size->guides, size->requests,
               world.edge_count, cost.solve, cost.greedy, cost.lemon, cost.solve / cost.lemon, cost.snapshot_mb, cost.solver_mb,
               cost.placed, cost.uncut_placed, cost.greedy_placed, cost.clean ? "clean" : "**not clean**",
               cost.agreed ? "the same" : "**another**");
    matching_instance_release(&world);
    return done && cost.clean && cost.agreed;
}

int main(int argc, char **argv)
{
    static const struct size sizes[] = {{200, 300}, {2000, 3000}, {10000, 15000}};
    bool done = argc == 2;
    printf("## What a round costs\n\nCPU milliseconds of this machine, the least of %d turns in which all took part; the exact round with "
           "cut and certificate. LEMON\nminimises the same costs over the same pairs; ratio is exact to LEMON. Megabytes: the snapshot, "
           "what the result keeps. In\nbrackets what is placed without the cut. All at once, also above 5,000 requests.\n\n"
           "| guides × requests | pairs | exact | greedy | LEMON | ratio | snapshot MB | result MB | placed | greedy places | "
           "certificate | LEMON's optimum |\n| --- | --: | --: | --: | --: | --: | --: | --: | --: | --: | --- | --- |\n", TURNS);
    for (size_t i = 0; done && i < sizeof sizes / sizeof *sizes; i++)
        done = size_measure(&sizes[i], argv[1]);
    return !done;
}
