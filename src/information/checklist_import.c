/* SPDX-License-Identifier: EUPL-1.2
 * The checklist: a folder for each rule, rule.yaml and a text in each language, <language>.yaml (content/README.md). Rules and texts
 * whose files are gone go, too: nothing points at them, and a duty that no longer exists helps nobody. */
#include "import.h"

#include <string.h>

#include "banned.h"

enum { TITLE_MAX = 120, WHY_MAX = 600, DUE_MAX = 200, TEXTS_MAX = 100 };

static const char RULE[] =
    "INSERT INTO checklist_rule AS old (code, position, audiences, stages, cities, citizenship, children, deadline_amount, deadline_unit,"
    "                                   deadline_counted, deadline_last_day, article, sources, reviewed_on, review_due_on)"
    " SELECT $2, (e->>'position')::int, ARRAY(SELECT jsonb_array_elements_text(e->'audiences')),"
    "        ARRAY(SELECT jsonb_array_elements_text(e->'stages')), ARRAY(SELECT jsonb_array_elements_text(coalesce(e->'cities', '[]'))),"
    "        ARRAY(SELECT jsonb_array_elements_text(coalesce(e->'citizenship', '[]'))), e ? 'children',"
    "        (e->'deadline'->>'amount')::int, e->'deadline'->>'unit', e->'deadline'->>'counted', e->'deadline'->>'last_day',"
    "        e->>'article', e->'sources', (e->>'reviewed_on')::date, (e->>'review_due_on')::date"
    "   FROM (SELECT $1::jsonb AS e) AS entry"
    " ON CONFLICT (code) DO UPDATE SET"
    "    position = EXCLUDED.position, audiences = EXCLUDED.audiences, stages = EXCLUDED.stages, cities = EXCLUDED.cities,"
    "    citizenship = EXCLUDED.citizenship, children = EXCLUDED.children, deadline_amount = EXCLUDED.deadline_amount,"
    "    deadline_unit = EXCLUDED.deadline_unit, deadline_counted = EXCLUDED.deadline_counted,"
    "    deadline_last_day = EXCLUDED.deadline_last_day, article = EXCLUDED.article, sources = EXCLUDED.sources,"
    "    reviewed_on = EXCLUDED.reviewed_on, review_due_on = EXCLUDED.review_due_on, changed_at = EXCLUDED.changed_at"
    "  WHERE (old.position, old.audiences, old.stages, old.cities, old.citizenship, old.children, old.deadline_amount, old.deadline_unit,"
    "         old.deadline_counted, old.deadline_last_day, old.article, old.sources, old.reviewed_on, old.review_due_on)"
    "        IS DISTINCT FROM (EXCLUDED.position, EXCLUDED.audiences, EXCLUDED.stages, EXCLUDED.cities, EXCLUDED.citizenship,"
    "                          EXCLUDED.children, EXCLUDED.deadline_amount, EXCLUDED.deadline_unit, EXCLUDED.deadline_counted,"
    "                          EXCLUDED.deadline_last_day, EXCLUDED.article, EXCLUDED.sources, EXCLUDED.reviewed_on,"
    "                          EXCLUDED.review_due_on)"
    " RETURNING true";

static const char TEXT[] =
    "INSERT INTO checklist_text AS old (rule, language, title, why, due, method, source_language, reviewed_on)"
    " SELECT $2, $3, e->>'title', e->>'why', e->>'due', e->'provenance'->>'method', e->'provenance'->>'source_language',"
    "        (e->'provenance'->>'reviewed_on')::date"
    "   FROM (SELECT $1::jsonb AS e) AS entry"
    " ON CONFLICT (rule, language) DO UPDATE SET"
    "    title = EXCLUDED.title, why = EXCLUDED.why, due = EXCLUDED.due, method = EXCLUDED.method,"
    "    source_language = EXCLUDED.source_language, reviewed_on = EXCLUDED.reviewed_on, changed_at = EXCLUDED.changed_at"
    "  WHERE (old.title, old.why, old.due, old.method, old.source_language, old.reviewed_on)"
    "        IS DISTINCT FROM (EXCLUDED.title, EXCLUDED.why, EXCLUDED.due, EXCLUDED.method, EXCLUDED.source_language,"
    "                          EXCLUDED.reviewed_on)"
    " RETURNING true";

/* What has no file any more; the codes or tags that have one as JSON array. */
static const char RULES_GONE[] =
    "WITH gone AS (DELETE FROM checklist_rule WHERE code NOT IN (SELECT jsonb_array_elements_text($1::jsonb)) RETURNING true)"
    " SELECT count(*) FROM gone";
static const char TEXTS_GONE[] =
    "WITH gone AS (DELETE FROM checklist_text WHERE rule = $2 AND language NOT IN (SELECT jsonb_array_elements_text($1::jsonb))"
    "              RETURNING true)"
    " SELECT count(*) FROM gone";

/* Members of the files; what is not here is refused. */
static const char *const RULE_MEMBERS[] = {"position", "article",  "audiences", "stages",      "cities",        "citizenship",
                                           "children", "deadline", "sources",   "reviewed_on", "review_due_on", NULL};
static const char *const DEADLINE_MEMBERS[] = {"amount", "unit", "counted", "last_day", NULL};
static const char *const SOURCE_MEMBERS[] = {"basis", "source", NULL};
static const char *const TEXT_MEMBERS[] = {"title", "why", "due", "provenance", NULL};

static const struct word_list {
    const char *member;
    bool required;
    const char *unknown; /* see import_words() */
} WORD_LISTS[] = {
    {"audiences", true, "SELECT string_agg(w, ', ') FROM jsonb_array_elements_text($1) w WHERE w NOT IN (SELECT slug FROM audience)"},
    {"stages", true, "SELECT string_agg(w, ', ') FROM jsonb_array_elements_text($1) w WHERE w NOT IN (SELECT slug FROM stage)"},
    {"cities", false, "SELECT string_agg(w, ', ') FROM jsonb_array_elements_text($1) w WHERE w NOT IN (SELECT slug FROM city)"},
    {"citizenship", false, "SELECT string_agg(w, ', ') FROM jsonb_array_elements_text($1) w"
                           " WHERE w NOT IN ('eu', 'non-eu') AND w NOT IN (SELECT entry_group FROM country)"},
};

static int is_rule(const struct dirent *entry)
{
    const char *name = entry->d_name;
    return *name && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(name);
}

static int is_text(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');
    return dot && dot > entry->d_name && strcmp(dot, ".yaml") == 0 && strcmp(entry->d_name, "rule.yaml") != 0;
}

/* The names as JSON array: slugs and language tags, nothing to escape. */
static const char *names_json(struct import *import, const char *const *names, int count)
{
    const char *json = "[";
    for (int i = 0; json && i < count; i++)
        json = arena_printf(&import->arena, "%s%s\"%s\"", json, i ? "," : "", names[i]);
    return json ? arena_printf(&import->arena, "%s]", json) : NULL;
}

static bool sources_read(const char *path, const struct node *rule)
{
    const struct node *sources = node_get(rule, "sources");
    if (!sources || sources->kind != NODE_SEQUENCE || sources->count == 0)
        return import_refuse(path, rule->line, "`sources` must be a list with at least one source");
    bool done = true;
    for (size_t i = 0; i < sources->count; i++)
        done = import_members(path, sources->items[i], SOURCE_MEMBERS) && import_text_fits(path, sources->items[i], "basis", 200) &&
               import_text_fits(path, sources->items[i], "source", 500) && done;
    return done;
}

/* Whether what the rule says in words and figures can be: values are checked by the table. */
static bool rule_fits(const char *path, const struct node *rule)
{
    static const char *const integers[] = {"position", "amount"};
    const struct node *deadline = node_get(rule, "deadline"), *children = node_get(rule, "children");
    bool done = import_members(path, rule, RULE_MEMBERS) && sources_read(path, rule);
    if (deadline)
        done = import_members(path, deadline, DEADLINE_MEMBERS) && done;
    for (size_t i = 0; i < (deadline ? 2 : 1); i++) {
        const struct node *mapping = i ? deadline : rule, *number = node_get(mapping, integers[i]);
        if (!number || number->kind != NODE_INTEGER)
            done = import_refuse(path, mapping->line, "`%s` must be a whole number", integers[i]);
    }
    if (children && (children->kind != NODE_TEXT || strcmp(children->text, "required") != 0))
        done = import_refuse(path, children->line, "`children` is `required` or left out");
    return done;
}

static bool article_known(struct import *import, const char *path, const struct node *rule)
{
    static const char unknown[] = "SELECT $1 WHERE NOT EXISTS (SELECT FROM content WHERE kind = 'article' AND key = $1)";
    const char *key = node_text(rule, "article");
    if (!key)
        return !node_get(rule, "article") || import_refuse(path, rule->line, "`article` must be the key of one");
    PGresult *result = PQexecParams(import->db, unknown, 1, (const Oid[]){25}, &key, NULL, NULL, 0);
    const bool answered = PQresultStatus(result) == PGRES_TUPLES_OK, known = answered && PQntuples(result) == 0;
    if (!known)
        import_refuse(path, node_get(rule, "article")->line, "there is no article `%s`%s", key, answered ? "" : " that can be read");
    import->broken |= !answered;
    PQclear(result);
    return known;
}

static bool rule_read(struct import *import, const char *path, const struct node *rule)
{
    bool done = rule_fits(path, rule);
    for (size_t i = 0; done && i < sizeof WORD_LISTS / sizeof *WORD_LISTS; i++)
        if (WORD_LISTS[i].required || node_get(rule, WORD_LISTS[i].member))
            done = import_words(import, path, rule, WORD_LISTS[i].member, WORD_LISTS[i].unknown);
    return done && article_known(import, path, rule);
}

static bool text_read(const char *path, const struct node *text, bool dated)
{
    bool done = import_members(path, text, TEXT_MEMBERS) && import_text_fits(path, text, "title", TITLE_MAX) &&
                import_text_fits(path, text, "why", WHY_MAX) && import_provenance(path, text);
    if (done && (dated || node_get(text, "due")))
        done = import_text_fits(path, text, "due", DUE_MAX);
    return done;
}

static bool texts_import(struct import *import, const char *folder, const char *code, bool dated)
{
    const char **languages;
    const int count = import_names(import, folder, is_text, strlen(".yaml"), &languages);
    if (count < 1 || count > TEXTS_MAX)
        return import_refuse(folder, 0, "has no text beside rule.yaml, or more than %d", TEXTS_MAX);
    bool done = true;
    for (int i = 0; i < count && !import->broken; i++) {
        const char *path = arena_printf(&import->arena, "%s/%s.yaml", folder, languages[i]);
        const struct node *text = path ? import_tree(import, path) : NULL;
        const char *values[] = {text ? import_json(import, text) : NULL, code, languages[i]};
        done = values[0] && text_read(path, text, dated) && import_write(import, path, text->line, TEXT, 3, values) && done;
    }
    const char *kept[] = {names_json(import, languages, count), code};
    return done && kept[0] && import_write(import, folder, 0, TEXTS_GONE, 2, kept);
}

static bool rule_import(struct import *import, const char *code)
{
    const char *folder = arena_printf(&import->arena, "%s/checklist/%s", import->folder, code);
    const char *path = folder ? arena_printf(&import->arena, "%s/rule.yaml", folder) : NULL;
    const struct node *rule = path ? import_tree(import, path) : NULL;
    const char *values[] = {rule ? import_json(import, rule) : NULL, code};
    if (!values[0] || !rule_read(import, path, rule) || !import_write(import, path, rule->line, RULE, 2, values))
        return false;
    return texts_import(import, folder, code, node_get(rule, "deadline") != NULL);
}

bool import_checklist(struct import *import)
{
    const char **codes;
    const int count = import_names(import, import_path(import, "checklist"), is_rule, 0, &codes);
    const char *kept = count < 0 ? NULL : names_json(import, codes, count);
    bool done = kept != NULL;
    for (int i = 0; kept && i < count && !import->broken; i++)
        done = rule_import(import, codes[i]) && done;
    return done && !import->broken && import_write(import, import->folder, 0, RULES_GONE, 1, &kept);
}
