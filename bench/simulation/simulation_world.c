/* SPDX-License-Identifier: EUPL-1.2
 * The invented people: cities by their population, languages by Zipf's law or by demand.csv, the rest by the shares written here. */
#include "simulation.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const CITY_NAMES[CITIES] = {"bochum", "bottrop", "dortmund", "duisburg", "essen",
                                               "gelsenkirchen", "hagen", "herne", "muelheim-an-der-ruhr", "oberhausen"};
static double city_shares[CITIES]; /* cumulative */
static bool city_near[CITIES][CITIES];

enum { GERMAN_PERCENT = 92, ENGLISH_PERCENT = 60, FOURTH_PERCENT = 20 };
enum { TOPICS = 10, AUDIENCES = 5, TOPIC_POINTS = 40, AUDIENCE_POINTS = 120 };

/* What the chances of people are for: never the same number twice. */
enum {
    OF_CITY = 1, OF_LANGUAGE, OF_GERMAN, OF_ENGLISH, OF_FOURTH, OF_FOURTH_LANGUAGE, OF_LEVEL, OF_CAPACITY, OF_NEIGHBOURS, OF_REMOTE,
    OF_TOPICS, OF_AUDIENCE, OF_PATIENCE, OF_ENGAGEMENT, OF_ARRIVAL, OF_ABROAD, OF_CONSENT, OF_ACTIVE,
};
enum { OF_GUIDES = 0, OF_REQUESTS = 100 };

static uint64_t mix(uint64_t bits)
{
    bits += 0x9e3779b97f4a7c15u;
    bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9u;
    bits = (bits ^ (bits >> 27)) * 0x94d049bb133111ebu;
    return bits ^ (bits >> 31);
}

double chance(const struct year *year, uint64_t what, uint64_t a, uint64_t b, uint64_t c)
{
    return (double)(mix(mix(mix(mix(mix(year->seed) ^ what) ^ a) ^ b) ^ c) >> 11) * 0x1p-53;
}

double exponential(double mean, double chance)
{
    return -mean * log1p(-chance);
}

bool is_neighbour(int city, int other)
{
    return city_near[city][other];
}

static int city_index(const char *name)
{
    for (int i = 0; i < CITIES; i++)
        if (strcmp(CITY_NAMES[i], name) == 0)
            return i;
    return NOBODY;
}

static int pick(const double *cumulative, int count, double chance)
{
    int i = 0;
    while (i < count - 1 && chance * cumulative[count - 1] >= cumulative[i])
        i++;
    return i;
}

static bool cities_read(void)
{
    json_t *file = json_load_file("content/reference/cities.json", 0, NULL), *city, *near;
    size_t i, k;
    double total = 0;
    int found = 0;
    json_array_foreach(json_object_get(file, "cities"), i, city) {
        const int at = city_index(json_string_value(json_object_get(city, "slug")));
        if (at < 0)
            continue;
        found++;
        city_shares[at] = json_number_value(json_object_get(json_object_get(city, "population"), "value"));
        json_array_foreach(json_object_get(city, "neighbours"), k, near) {
            const int other = city_index(json_string_value(near));
            if (other >= 0)
                city_near[at][other] = true;
        }
    }
    json_decref(file);
    for (int c = 0; c < CITIES; c++)
        total = city_shares[c] += total;
    return found == CITIES;
}

/* Languages are numbered as they first appear; German is nobody's first, English has its own number. */
static bool demand_read(struct year *year)
{
    char names[LANGUAGES_MAX][16] = {"de", "en"}, line[256], city[64], language[16];
    double weight, newcomers, total[LANGUAGES_MAX] = {0};
    FILE *file = fopen("bench/simulation/demand.csv", "r");
    year->language_count = 2;
    while (file && fgets(line, sizeof line, file)) {
        if (sscanf(line, "%63[^,],%15[^,],%lf,%*[^,],%lf", city, language, &weight, &newcomers) != 4)
            continue;
        int at = 0;
        while (at < year->language_count && strcmp(names[at], language) != 0)
            at++;
        if (city_index(city) < 0 || at == LANGUAGES_MAX)
            continue;
        if (at == year->language_count)
            memcpy(names[year->language_count++], language, sizeof language);
        year->shares[city_index(city)][at] = newcomers;
        year->owned[city_index(city)][at] = weight;
        total[at] += newcomers;
    }
    if (file)
        fclose(file);
    for (int l = 0; l < year->language_count; l++)
        year->demand[l] = (uint32_t)total[l];
    return year->language_count > 2;
}

static void zipf_fill(struct year *year)
{
    year->language_count = 62;
    for (int l = 2; l < year->language_count; l++) {
        for (int c = 0; c < CITIES; c++)
            year->shares[c][l] = year->owned[c][l] = 1.0 / (l - 1);
        year->demand[l] = (uint32_t)(1e6 / (l - 1));
    }
}

static void shares_cumulate(struct year *year)
{
    for (int c = 0; c < CITIES; c++)
        for (int l = 1; l < year->language_count; l++) {
            year->shares[c][l] += year->shares[c][l - 1];
            year->owned[c][l] += year->owned[c][l - 1];
        }
}

static bool speaks(const struct skill *skills, int count, int language)
{
    for (int i = 0; i < count; i++)
        if (skills[i].language == language)
            return true;
    return false;
}

static int skill_add(struct skill *skills, int count, int language, int level)
{
    if (speaks(skills, count, language))
        return count;
    skills[count] = (struct skill){(int8_t)language, (int8_t)level};
    return count + 1;
}

/* So many different ones of count, as bits. */
static uint16_t some_of(const struct year *year, uint64_t what, uint64_t who, int wanted, int count)
{
    uint16_t bits = 0;
    for (uint64_t i = 0; wanted > 0; i++) {
        const uint16_t bit = (uint16_t)(1 << (int)(chance(year, what, who, i, 1) * count));
        wanted -= !(bits & bit);
        bits |= bit;
    }
    return bits;
}

static void guide_draw(struct year *year, int g)
{
    struct guide *guide = &year->guides[g];
    const uint64_t who = (uint64_t)g;
    const double places = chance(year, OF_CAPACITY, who, 0, 0);
    int count = 0;
    *guide = (struct guide){.city = (int8_t)pick(city_shares, CITIES, chance(year, OF_CITY, who, 0, 0))};
    memset(guide->skills, NOBODY, sizeof guide->skills);
    const double *owned = year->owned[guide->city];
    count = skill_add(guide->skills, count, pick(owned, year->language_count, chance(year, OF_LANGUAGE, who, 0, 0)), 3);
    if (chance(year, OF_GERMAN, who, 0, 0) * 100 < GERMAN_PERCENT)
        count = skill_add(guide->skills, count, GERMAN, 1 + (int)(chance(year, OF_LEVEL, who, 0, 0) * 3));
    if (chance(year, OF_ENGLISH, who, 0, 0) * 100 < ENGLISH_PERCENT)
        count = skill_add(guide->skills, count, ENGLISH, (int)(chance(year, OF_LEVEL, who, 1, 0) * 4));
    if (chance(year, OF_FOURTH, who, 0, 0) * 100 < FOURTH_PERCENT)
        skill_add(guide->skills, count, pick(owned, year->language_count, chance(year, OF_FOURTH_LANGUAGE, who, 0, 0)),
                  (int)(chance(year, OF_LEVEL, who, 2, 0) * 3));
    guide->capacity = places < 0.4 ? 1 : places < 0.8 ? 2 : 3;
    guide->neighbours = chance(year, OF_NEIGHBOURS, who, 0, 0) < 0.6;
    guide->remote = chance(year, OF_REMOTE, who, 0, 0) < 0.5;
    guide->active = chance(year, OF_ACTIVE, who, 0, 0) < 240.0 / (240.0 + 45.0);
    guide->topics = some_of(year, OF_TOPICS, who, 4, TOPICS);
    guide->audiences = some_of(year, OF_AUDIENCE, who, 2, AUDIENCES);
}

/* Points of the best language in common; -1: none. */
static int language_points(const struct skill *wanted, const struct skill *spoken)
{
    static const int by_rank[] = {600, 400, 250};
    int best = -1;
    for (int w = 0; w < 3 && wanted[w].language != NOBODY; w++)
        for (int s = 0; s < 4 && spoken[s].language != NOBODY; s++)
            if (wanted[w].language == spoken[s].language) {
                const int weaker = wanted[w].level < spoken[s].level ? wanted[w].level : spoken[s].level;
                const int points = by_rank[w] + 30 * weaker;
                best = points > best ? points : best;
            }
    return best;
}

static void points_fill(struct newcomer *newcomer, const struct guide *guides)
{
    for (int g = 0; g < GUIDES; g++) {
        const int language = language_points(newcomer->skills, guides[g].skills);
        const int topics = __builtin_popcount(newcomer->topics & guides[g].topics);
        const int audience = newcomer->audience & guides[g].audiences ? AUDIENCE_POINTS : 0;
        newcomer->points[g] = (int16_t)(language < 0 ? -1 : language + audience + TOPIC_POINTS * (topics < 3 ? topics : 3));
    }
}

static void newcomer_draw(struct year *year, int r, double arrives)
{
    struct newcomer *newcomer = &year->newcomers[r];
    const uint64_t who = (uint64_t)r + ((uint64_t)OF_REQUESTS << 32);
    const struct parameters *p = year->parameters;
    int count = 0;
    *newcomer = (struct newcomer){.arrives = arrives, .city = (int8_t)pick(city_shares, CITIES, chance(year, OF_CITY, who, 0, 0))};
    memset(newcomer->skills, NOBODY, sizeof newcomer->skills);
    newcomer->proposals[0].guide = newcomer->proposals[1].guide = NOBODY;
    count = skill_add(newcomer->skills, count,
                      pick(year->shares[newcomer->city], year->language_count, chance(year, OF_LANGUAGE, who, 0, 0)), 3);
    if (chance(year, OF_ENGLISH, who, 0, 0) < 0.55)
        count = skill_add(newcomer->skills, count, ENGLISH, (int)(chance(year, OF_LEVEL, who, 0, 0) * 4));
    if (chance(year, OF_GERMAN, who, 0, 0) < 0.30)
        skill_add(newcomer->skills, count, GERMAN, (int)(chance(year, OF_LEVEL, who, 1, 0) * 2));
    const bool abroad = chance(year, OF_ABROAD, who, 0, 0) < 0.30;
    newcomer->neighbours = chance(year, OF_NEIGHBOURS, who, 0, 0) < p->neighbours;
    newcomer->remote = abroad || chance(year, OF_REMOTE, who, 0, 0) < p->remote;
    newcomer->consents = chance(year, OF_CONSENT, who, 0, 0) < p->consent;
    newcomer->gives_up = arrives + exponential(90, chance(year, OF_PATIENCE, who, 0, 0));
    newcomer->engagement = 14 + exponential(76, chance(year, OF_ENGAGEMENT, who, 0, 0));
    newcomer->topics = some_of(year, OF_TOPICS, who, 2, TOPICS);
    newcomer->audience = some_of(year, OF_AUDIENCE, who, 1, AUDIENCES);
    points_fill(newcomer, year->guides);
}

bool world_draw(struct year *year)
{
    const double end = WARM_UP + MEASURED + AFTERMATH;
    const int most = (int)(year->parameters->arrivals * end / 365 * 1.5) + 100;
    memset(city_shares, 0, sizeof city_shares);
    year->newcomers = arena_array(&year->arena, (size_t)most, sizeof *year->newcomers);
    if (!year->newcomers || !cities_read())
        return false;
    if (!year->parameters->demand)
        zipf_fill(year);
    else if (!demand_read(year))
        return false;
    shares_cumulate(year);
    for (int g = 0; g < GUIDES; g++)
        guide_draw(year, g);
    double at = 0;
    for (int r = 0; r < most; r++) {
        at += exponential(365 / year->parameters->arrivals, chance(year, OF_ARRIVAL, (uint64_t)r, 0, 0));
        if (at >= end)
            break;
        newcomer_draw(year, r, at);
        year->newcomer_count = r + 1;
    }
    return true;
}
