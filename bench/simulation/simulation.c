/* SPDX-License-Identifier: EUPL-1.2
 * Runs all policies through the same invented years, `simulation SEEDS JOBS PICTURE`, and writes the comparison to standard output. */
#include "simulation.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct parameters POPULATIONS[] = {
    {"population of the table", false, 1000, 0.40, 0.20, 0.90},
    {"newcomers of demand.csv", true, 1000, 0.40, 0.20, 0.90},
};

static const struct policy POLICIES[] = {
    {"greedy", false, false, PRICES_NONE, false},
    {"greedy with process rules", false, false, PRICES_NONE, true},
    {"exact", true, true, PRICES_NONE, false},
    {"exact, prices of the table of languages", true, true, PRICES_COLD, false},
    {"exact, learned prices", true, true, PRICES_LEARNED, false},
    {"exact, learned prices, process rules", true, true, PRICES_LEARNED, true},
};

enum { POPULATION_COUNT = sizeof POPULATIONS / sizeof *POPULATIONS, POLICY_COUNT = sizeof POLICIES / sizeof *POLICIES };

/* One policy, one year. False: nothing to compare. */
static bool year_take(const struct parameters *parameters, const struct policy *policy, uint64_t seed, double figures[METRICS],
                      uint64_t *rounds)
{
    struct year year = {.parameters = parameters, .policy = policy, .seed = seed};
    arena_init(&year.arena, 1 << 20);
    const bool done = year_run(&year) && year.rounds == year.proofs;
    if (done)
        figures_take(&year, figures);
    *rounds += year.rounds;
    year_release(&year);
    return done;
}

static bool seeds_take(size_t seeds, size_t first, size_t step, double (*figures)[METRICS], uint64_t *rounds)
{
    for (size_t s = first; s < seeds; s += step)
        for (size_t p = 0; p < POPULATION_COUNT; p++)
            for (size_t k = 0; k < POLICY_COUNT; k++)
                if (!year_take(&POPULATIONS[p], &POLICIES[k], s + 1, figures[(p * POLICY_COUNT + k) * seeds + s], rounds))
                    return false;
    return true;
}

/* Each job has its own process and every so many-th seed. */
static bool jobs_run(size_t seeds, size_t jobs, double (*figures)[METRICS], uint64_t *rounds)
{
    bool done = true;
    for (size_t j = 0; j < jobs; j++) {
        const pid_t child = fork();
        if (child == 0)
            _exit(!seeds_take(seeds, j, jobs, figures, &rounds[j]));
        done = done && child > 0;
    }
    for (int status; wait(&status) > 0;)
        done = done && status == 0;
    return done;
}

int main(int argc, char **argv)
{
    const size_t seeds = argc == 4 ? strtoul(argv[1], NULL, 10) : 0, jobs = argc == 4 ? strtoul(argv[2], NULL, 10) : 0;
    if (seeds < 2 || seeds > 1000 || jobs < 1 || jobs > 64) {
        fputs("usage: simulation SEEDS JOBS PICTURE\n", stderr);
        return 2;
    }
    const size_t size = POPULATION_COUNT * POLICY_COUNT * seeds * METRICS * sizeof(double), total = size + jobs * sizeof(uint64_t);
    double(*figures)[METRICS] = mmap(NULL, total, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (figures == MAP_FAILED)
        return 1;
    uint64_t *rounds = (uint64_t *)((char *)figures + size), sum = 0;
    if (!jobs_run(seeds, jobs, figures, rounds)) {
        fputs("simulation: out of memory, files missing, or a round was not proved\n", stderr);
        return 1;
    }
    for (size_t j = 0; j < jobs; j++)
        sum += rounds[j];
    const struct report report = {POPULATIONS, POPULATION_COUNT, POLICIES, POLICY_COUNT, seeds, figures, sum};
    report_write(&report);
    return report_draw(&report, argv[3]) ? 0 : 1;
}
