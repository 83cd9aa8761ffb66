/* SPDX-License-Identifier: EUPL-1.2
 * Reference data: cities, languages, countries, audiences, stages, topics, holidays. Rows are added and changed, never removed:
 * people's rows point at them. Only holidays go with their lines: nothing points at them, and one too many would be wrong. */
#include "import.h"

#include <stdio.h>

#include "banned.h"

/* Each statement gets one entry of the file as $1 and its place in the file, from 1, as $2, and returns a row when it wrote. */
static const char CITY[] =
    "INSERT INTO city AS old (slug, name, name_en, ags, nuts3, kind, government_region, state, state_code, latitude, longitude,"
    "                         population, population_date, website_host, neighbours, required_verifications, detail)"
    " SELECT e->>'slug', e->>'name', e->>'name_en', e->>'ags', e->>'nuts3', e->>'kind', e->>'government_region', e->>'state',"
    "        e->>'state_code', (e->>'latitude')::float8, (e->>'longitude')::float8, (e->'population'->>'value')::int,"
    "        (e->'population'->>'date')::date, e->>'website_host',"
    "        ARRAY(SELECT jsonb_array_elements_text(coalesce(e->'neighbours', '[]'))),"
    "        ARRAY(SELECT jsonb_array_elements_text(coalesce(e->'required_verifications', '[]'))), e"
    "   FROM (SELECT $1::jsonb AS e, $2::int) AS entry"
    " ON CONFLICT (slug) DO UPDATE SET"
    "    name = EXCLUDED.name, name_en = EXCLUDED.name_en, ags = EXCLUDED.ags, nuts3 = EXCLUDED.nuts3, kind = EXCLUDED.kind,"
    "    government_region = EXCLUDED.government_region, state = EXCLUDED.state, state_code = EXCLUDED.state_code,"
    "    latitude = EXCLUDED.latitude, longitude = EXCLUDED.longitude, population = EXCLUDED.population,"
    "    population_date = EXCLUDED.population_date, website_host = EXCLUDED.website_host, neighbours = EXCLUDED.neighbours,"
    "    required_verifications = EXCLUDED.required_verifications, detail = EXCLUDED.detail"
    "  WHERE old.detail IS DISTINCT FROM EXCLUDED.detail" /* the whole entry, which the other columns repeat */
    " RETURNING true";

static const char LANGUAGE[] =
    "INSERT INTO language AS old (tag, position, iso639_3, name_en, name_de, autonym, script, dir)"
    " SELECT e->>'tag', $2::int, nullif(e->>'iso639_3', ''), e->>'name_en', e->>'name_de', e->>'endonym_ui',"
    "        nullif(e->>'script', ''), e->>'dir'"
    "   FROM (SELECT $1::jsonb AS e) AS entry"
    " ON CONFLICT (tag) DO UPDATE SET"
    "    position = EXCLUDED.position, iso639_3 = EXCLUDED.iso639_3, name_en = EXCLUDED.name_en, name_de = EXCLUDED.name_de,"
    "    autonym = EXCLUDED.autonym, script = EXCLUDED.script, dir = EXCLUDED.dir"
    "  WHERE (old.position, old.iso639_3, old.name_en, old.name_de, old.autonym, old.script, old.dir)"
    "        IS DISTINCT FROM (EXCLUDED.position, EXCLUDED.iso639_3, EXCLUDED.name_en, EXCLUDED.name_de, EXCLUDED.autonym,"
    "                          EXCLUDED.script, EXCLUDED.dir)"
    " RETURNING true";

static const char RELATED[] =
    "INSERT INTO related_language (a, b)"
    " SELECT pair.a, pair.b"
    "   FROM (SELECT $1::jsonb AS e, $2::int) AS entry,"
    "        LATERAL (VALUES (e->>'tag_a', e->>'tag_b'), (e->>'tag_b', e->>'tag_a')) AS pair (a, b)"
    " ON CONFLICT DO NOTHING"
    " RETURNING true";

static const char COUNTRY[] =
    "INSERT INTO country AS old (code, alpha3, numeric, name_en, name_de, entry_group)"
    " SELECT e->>'alpha2', e->>'alpha3', e->>'numeric', e->>'name_en', e->>'name_de', e->>'entry_group'"
    "   FROM (SELECT $1::jsonb AS e, $2::int) AS entry"
    " ON CONFLICT (code) DO UPDATE SET"
    "    alpha3 = EXCLUDED.alpha3, numeric = EXCLUDED.numeric, name_en = EXCLUDED.name_en, name_de = EXCLUDED.name_de,"
    "    entry_group = EXCLUDED.entry_group"
    "  WHERE (old.alpha3, old.numeric, old.name_en, old.name_de, old.entry_group)"
    "        IS DISTINCT FROM (EXCLUDED.alpha3, EXCLUDED.numeric, EXCLUDED.name_en, EXCLUDED.name_de, EXCLUDED.entry_group)"
    " RETURNING true";

static const char AUDIENCE[] =
    "INSERT INTO audience AS old (slug, position, title)"
    " SELECT e->>'code', coalesce((e->>'position')::int, $2::int), e->'title' FROM (SELECT $1::jsonb AS e) AS entry"
    " ON CONFLICT (slug) DO UPDATE SET position = EXCLUDED.position, title = EXCLUDED.title"
    "  WHERE (old.position, old.title) IS DISTINCT FROM (EXCLUDED.position, EXCLUDED.title)"
    " RETURNING true";

static const char STAGE[] =
    "INSERT INTO stage AS old (slug, position, title)"
    " SELECT e->>'code', coalesce((e->>'position')::int, $2::int), e->'title' FROM (SELECT $1::jsonb AS e) AS entry"
    " ON CONFLICT (slug) DO UPDATE SET position = EXCLUDED.position, title = EXCLUDED.title"
    "  WHERE (old.position, old.title) IS DISTINCT FROM (EXCLUDED.position, EXCLUDED.title)"
    " RETURNING true";

static const char TOPIC[] =
    "INSERT INTO topic AS old (slug, parent, position, stage, title)"
    " SELECT e->>'slug', e->>'parent', coalesce((e->>'position')::int, $2::int), e->>'stage', e->'title'"
    "   FROM (SELECT $1::jsonb AS e) AS entry"
    " ON CONFLICT (slug) DO UPDATE SET"
    "    parent = EXCLUDED.parent, position = EXCLUDED.position, stage = EXCLUDED.stage, title = EXCLUDED.title"
    "  WHERE (old.parent, old.position, old.stage, old.title)"
    "        IS DISTINCT FROM (EXCLUDED.parent, EXCLUDED.position, EXCLUDED.stage, EXCLUDED.title)"
    " RETURNING true";

static const char HOLIDAY[] =
    "INSERT INTO holiday AS old (code, position, month, day, easter_offset, first_year, last_year, name_en, name_de, legal_basis, source)"
    " SELECT e->>'code', $2::int, (e->>'month')::int, (e->>'day')::int, (e->>'easter_offset')::int, (e->>'first_year')::int,"
    "        (e->>'last_year')::int, e->>'name_en', e->>'name_de', e->>'basis', e->>'source'"
    "   FROM (SELECT $1::jsonb AS e) AS entry"
    " ON CONFLICT (code) DO UPDATE SET"
    "    position = EXCLUDED.position, month = EXCLUDED.month, day = EXCLUDED.day, easter_offset = EXCLUDED.easter_offset,"
    "    first_year = EXCLUDED.first_year, last_year = EXCLUDED.last_year, name_en = EXCLUDED.name_en, name_de = EXCLUDED.name_de,"
    "    legal_basis = EXCLUDED.legal_basis, source = EXCLUDED.source"
    "  WHERE (old.*) IS DISTINCT FROM (EXCLUDED.*)"
    " RETURNING true";

/* Gets the whole list as $1. */
static const char HOLIDAYS_GONE[] =
    "WITH gone AS (DELETE FROM holiday WHERE code NOT IN (SELECT e->>'code' FROM jsonb_array_elements($1::jsonb) e) RETURNING true)"
    " SELECT count(*) FROM gone";

static const char PLACE_CATEGORY[] =
    "INSERT INTO place_category AS old (code, position, title, icon, color)"
    " SELECT e->>'code', coalesce((e->>'position')::int, $2::int), e->'title', e->>'icon', e->>'color' FROM (SELECT $1::jsonb AS e) AS entry"
    " ON CONFLICT (code) DO UPDATE SET position = EXCLUDED.position, title = EXCLUDED.title, icon = EXCLUDED.icon, color = EXCLUDED.color"
    "  WHERE (old.position, old.title, old.icon, old.color)"
    "        IS DISTINCT FROM (EXCLUDED.position, EXCLUDED.title, EXCLUDED.icon, EXCLUDED.color)"
    " RETURNING true";

/* In an order that references allow. */
static const struct source {
    const char *file;
    const char *member; /* the list in a JSON file; NULL: a CSV file */
    const char *sql;
    const char *gone; /* removes what is no longer in the list, or NULL */
} SOURCES[] = {
    {"reference/cities.json", "cities", CITY, NULL},
    {"reference/languages.csv", NULL, LANGUAGE, NULL},
    {"reference/related_languages.csv", NULL, RELATED, NULL},
    {"reference/countries.csv", NULL, COUNTRY, NULL},
    {"reference/topics.json", "audiences", AUDIENCE, NULL},
    {"reference/topics.json", "stages", STAGE, NULL},
    {"reference/topics.json", "topics", TOPIC, NULL},
    {"reference/place_categories.json", "categories", PLACE_CATEGORY, NULL},
    {"reference/holidays.yaml", "holidays", HOLIDAY, HOLIDAYS_GONE},
};

static bool source_read(struct import *import, const struct source *source)
{
    const char *path = import_path(import, source->file);
    const struct node *root = !path ? NULL : source->member ? import_tree(import, path) : import_csv(import, path);
    const struct node *list = source->member ? node_get(root, source->member) : root;
    if (!root)
        return false;
    if (!list || list->kind != NODE_SEQUENCE)
        return import_refuse(path, root->line, "there is no list `%s`", source->member);
    for (size_t i = 0; i < list->count; i++) {
        char place[24];
        snprintf(place, sizeof place, "%zu", i + 1);
        const char *values[] = {import_json(import, list->items[i]), place};
        if (!values[0] || !import_write(import, path, list->items[i]->line, source->sql, 2, values))
            return false;
    }
    const char *whole = source->gone ? import_json(import, list) : NULL;
    return !source->gone || (whole && import_write(import, path, list->line, source->gone, 1, &whole));
}

bool import_reference(struct import *import)
{
    bool done = true; /* what comes later refers to what came before: no point in going on */
    for (size_t i = 0; done && i < sizeof SOURCES / sizeof *SOURCES; i++)
        done = source_read(import, &SOURCES[i]);
    return done;
}
