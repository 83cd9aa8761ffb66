/* SPDX-License-Identifier: EUPL-1.2
 * The comparison as a table in Markdown and as a picture. */
#include "simulation.h"

#include <math.h>
#include <stdio.h>

static const struct {
    const char *name;
    int digits;
    double target;
    bool most; /* the target is an upper bound */
} METRIC_NAMES[METRICS] = {
    [PLACED] = {"placed, %", 1, 91.5, false},
    [WITHIN_WEEK] = {"placed within 7 days, %", 1, 82, false},
    [WITHOUT_COMMON] = {"without German or English, placed, %", 1, 75, false},
    [WAIT_MEDIAN] = {"median wait, days", 2, 1.5, true},
    [WAIT_P90] = {"p90 wait, days", 2, 7.5, true},
    [ASKS_PER_PLACEMENT] = {"asks per placement", 2, 1.6, true},
    [CROWDED] = {"guides with 4 asks or more in 30 days, %", 1, 0, true},
    [GINI] = {"Gini of load", 3, 0.20, true},
    [IDLE] = {"idle guides, %", 1, 1, true},
    [REACHABLE] = {"requests any guide can help at first, %", 1, NAN, false},
};

struct figure {
    double mean, error, gain, gain_error; /* gain over greedy, and its paired standard error */
};

static const double *figures_of(const struct report *report, size_t population, size_t policy, size_t seed)
{
    return report->figures[(population * report->policy_count + policy) * report->seed_count + seed];
}

static struct figure figure_of(const struct report *report, size_t population, size_t policy, int metric)
{
    const double n = (double)report->seed_count;
    double sum = 0, squares = 0, gain = 0, gain_squares = 0;
    for (size_t s = 0; s < report->seed_count; s++) {
        const double value = figures_of(report, population, policy, s)[metric];
        const double more = value - figures_of(report, population, 0, s)[metric];
        sum += value, squares += value * value, gain += more, gain_squares += more * more;
    }
    return (struct figure){sum / n, sqrt(fmax(squares / n - sum / n * sum / n, 0) / (n - 1)), gain / n,
                           sqrt(fmax(gain_squares / n - gain / n * gain / n, 0) / (n - 1))};
}

/* Within two standard errors; those of the gain, since the years are the same. */
static bool is_met(const struct figure *figure, int metric)
{
    const double slack = 2 * figure->gain_error;
    return METRIC_NAMES[metric].most ? figure->mean <= METRIC_NAMES[metric].target + slack
                                     : figure->mean >= METRIC_NAMES[metric].target - slack;
}

static void row_write(const struct report *report, size_t population, int metric)
{
    const bool has_target = !isnan(METRIC_NAMES[metric].target);
    struct figure figure = {0};
    printf("| %s |", METRIC_NAMES[metric].name);
    for (size_t k = 0; k < report->policy_count; k++) {
        figure = figure_of(report, population, k, metric);
        printf(" %.*f ± %.*f |", METRIC_NAMES[metric].digits, figure.mean, METRIC_NAMES[metric].digits, figure.error);
    }
    if (has_target)
        printf(" %s %g | %s |\n", METRIC_NAMES[metric].most ? "≤" : "≥", METRIC_NAMES[metric].target,
               is_met(&figure, metric) ? "met" : "**not met**");
    else
        printf(" | |\n");
}

static void gains_write(const struct report *report, size_t population)
{
    static const struct {
        int metric;
        double least;
    } gains[] = {{PLACED, 5}, {WITHOUT_COMMON, 12}};
    printf("\nPaired gain of the last policy over greedy, in points:");
    for (size_t i = 0; i < sizeof gains / sizeof *gains; i++) {
        const struct figure figure = figure_of(report, population, report->policy_count - 1, gains[i].metric);
        const bool met = figure.gain >= gains[i].least - 2 * figure.gain_error;
        printf(" %s %+.2f ± %.2f (target ≥ +%.1f: %s)%s", METRIC_NAMES[gains[i].metric].name, figure.gain, figure.gain_error,
               gains[i].least, met ? "met" : "**not met**", i ? ".\n" : ";");
    }
    printf("Of prices alone (exact with learned ones to exact without):");
    for (int metric = PLACED; metric <= WITHIN_WEEK; metric++) {
        const double more = figure_of(report, population, 4, metric).mean - figure_of(report, population, 2, metric).mean;
        printf(" %s %+.2f%s", METRIC_NAMES[metric].name, more, metric == WITHIN_WEEK ? ".\n" : ";");
    }
}

void report_write(const struct report *report)
{
    printf("## A year, simulated\n\nA simulation on **invented parameters and people**: 200 guides, about 1,000 requests a year, %zu "
           "paired years of 180 days to\nwarm up and 365 measured; mean ± standard error. All %llu exact rounds had a clean certificate.\n",
           report->seed_count, (unsigned long long)report->rounds);
    for (size_t p = 0; p < report->population_count; p++) {
        printf("\n### %c%s\n\n| |", report->populations[p].name[0] - 'a' + 'A', report->populations[p].name + 1);
        for (size_t k = 0; k < report->policy_count; k++)
            printf(" %s |", report->policies[k].name);
        printf(" target | |\n| --- |");
        for (size_t k = 0; k < report->policy_count; k++)
            printf(" --: |");
        printf(" --: | --- |\n");
        for (int metric = 0; metric < METRICS; metric++)
            row_write(report, p, metric);
        gains_write(report, p);
    }
}

enum { LEFT = 330, WIDE = 460, BAR = 16, STEP = 46, TOP = 70 };

static double bar_draw(FILE *out, double y, double share, double error, const char *colour)
{
    const double width = share / 100 * WIDE;
    fprintf(out, "<rect x='%d' y='%.1f' width='%.1f' height='%d' fill='%s'/>", LEFT, y, width, BAR, colour);
    fprintf(out, "<line x1='%.1f' x2='%.1f' y1='%.1f' y2='%.1f' stroke='#222' stroke-width='2'/>", LEFT + width - 2 * error * WIDE / 100,
            LEFT + width + 2 * error * WIDE / 100, y + BAR / 2.0, y + BAR / 2.0);
    fprintf(out, "<text x='%d' y='%.1f'>%.1f %%</text>\n", LEFT + WIDE + 12, y + BAR - 3, share);
    return y + BAR + 1;
}

bool report_draw(const struct report *report, const char *path)
{
    FILE *out = fopen(path, "w");
    const int height = TOP + (int)report->population_count * (40 + STEP * (int)report->policy_count) + 10;
    double y = TOP;
    if (!out)
        return false;
    fprintf(out, "<svg xmlns='http://www.w3.org/2000/svg' width='880' height='%d' font-family='sans-serif' font-size='13'>\n"
                 "<!-- SPDX-License-Identifier: EUPL-1.2 -->\n<rect width='880' height='%d' fill='#fff'/>\n"
                 "<text x='12' y='24' font-size='16'>Placed within a simulated year (invented parameters, %zu paired years)</text>\n"
                 "<rect x='12' y='36' width='14' height='14' fill='#1b6ca8'/><text x='32' y='48'>all requests</text>\n"
                 "<rect x='140' y='36' width='14' height='14' fill='#e08a1e'/><text x='160' y='48'>without German or English</text>\n"
                 "<text x='350' y='48'>black: two standard errors to either side</text>\n", height, height, report->seed_count);
    for (size_t p = 0; p < report->population_count; p++) {
        fprintf(out, "<text x='12' y='%.1f' font-weight='bold'>%s</text>\n", y + 18, report->populations[p].name);
        y += 30;
        for (size_t k = 0; k < report->policy_count; k++, y += STEP) {
            const struct figure all = figure_of(report, p, k, PLACED), plain = figure_of(report, p, k, WITHOUT_COMMON);
            fprintf(out, "<text x='12' y='%.1f'>%s</text>\n", y + 20, report->policies[k].name);
            bar_draw(out, bar_draw(out, y, all.mean, all.error, "#1b6ca8"), plain.mean, plain.error, "#e08a1e");
        }
        y += 10;
    }
    fputs("</svg>\n", out);
    return fclose(out) == 0;
}
