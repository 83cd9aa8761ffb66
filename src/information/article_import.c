/* SPDX-License-Identifier: EUPL-1.2
 * Articles: a folder each, article.yaml for what all languages share, <language>.md for each translation (content/README.md). */
#include "import.h"

#include "markdown.h"
#include "sql_type.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "banned.h"

enum { TITLE_MAX = 120, SUMMARY_MAX = 300, TRANSLATIONS_MAX = 100 };

static const char ARTICLE[] =
    "INSERT INTO content AS old (id, kind, key, position, city, topics, audiences, stages, reviewed_on, review_due_on)"
    " SELECT uuid_v7(), 'article', $2, (e->>'position')::int, e->>'city', ARRAY(SELECT jsonb_array_elements_text(e->'topics')),"
    "        ARRAY(SELECT jsonb_array_elements_text(e->'audiences')), ARRAY(SELECT jsonb_array_elements_text(e->'stages')),"
    "        (e->>'reviewed_on')::date, (e->>'review_due_on')::date"
    "   FROM (SELECT $1::jsonb AS e) AS entry"
    " ON CONFLICT (kind, key) DO UPDATE SET"
    "    position = EXCLUDED.position, city = EXCLUDED.city, topics = EXCLUDED.topics, audiences = EXCLUDED.audiences,"
    "    stages = EXCLUDED.stages, reviewed_on = EXCLUDED.reviewed_on, review_due_on = EXCLUDED.review_due_on"
    "  WHERE (old.position, old.city, old.topics, old.audiences, old.stages, old.reviewed_on, old.review_due_on)"
    "        IS DISTINCT FROM (EXCLUDED.position, EXCLUDED.city, EXCLUDED.topics, EXCLUDED.audiences, EXCLUDED.stages,"
    "                          EXCLUDED.reviewed_on, EXCLUDED.review_due_on)"
    " RETURNING true";

/* When all articles are there: what they say of each other. */
static const char PLACE[] =
    "UPDATE content a SET parent = p.id, replaces = r.id, related = near.ids"
    "  FROM (SELECT $1::jsonb AS e) AS entry"
    "       LEFT JOIN content p ON p.kind = 'article' AND p.key = e->>'parent'"
    "       LEFT JOIN content r ON r.kind = 'article' AND r.key = e->>'replaces'"
    "       CROSS JOIN LATERAL (SELECT ARRAY(SELECT x.id"
    "                                          FROM jsonb_array_elements_text(coalesce(e->'related', '[]')) WITH ORDINALITY AS k(key, n)"
    "                                          JOIN content x ON x.kind = 'article' AND x.key = k.key ORDER BY k.n) AS ids) near"
    " WHERE a.kind = 'article' AND a.key = $2 AND (a.parent, a.replaces, a.related) IS DISTINCT FROM (p.id, r.id, near.ids)"
    " RETURNING true";

static const char TRANSLATION[] =
    "SELECT publish_translation(a.id, $2, $3, $4, $5, $6, $7, $8, $13, $9, $10, false,"
    "                           ARRAY(SELECT s->>'basis' FROM jsonb_array_elements($11::jsonb) s), $11::jsonb, $12::date)"
    "  FROM content a WHERE a.kind = 'article' AND a.key = $1";

/* Two articles that a reader of one city could mean by one slug; a city's own may carry the slug of what it replaces. */
static const char SAME_SLUG[] =
    "SELECT a.key, b.key, s.language, s.slug"
    "  FROM content_slug s JOIN content a ON a.id = s.content"
    "       JOIN content_slug o ON o.slug = s.slug AND o.language = s.language AND o.current AND o.content > s.content"
    "       JOIN content b ON b.id = o.content"
    " WHERE s.current AND a.archived_at IS NULL AND b.archived_at IS NULL AND a.kind = b.kind"
    "   AND (a.city IS NULL OR b.city IS NULL OR a.city = b.city)"
    "   AND a.replaces IS DISTINCT FROM b.id AND b.replaces IS DISTINCT FROM a.id"
    " LIMIT 1";

/* Members of the files; what is not here is refused. */
static const char *const ARTICLE_MEMBERS[] = {"position",    "topics",        "audiences", "stages", "related",  "sources",
                                              "reviewed_on", "review_due_on", "parent",    "city",   "replaces", NULL};
static const char *const FRONT_MEMBERS[] = {"title", "slug", "summary", "provenance", NULL};

/* Lists whose words must be known, and who knows them. */
static const struct word_list {
    const char *member;
    const char *unknown; /* of the words in the JSON array $1 those nobody knows, or NULL */
} WORD_LISTS[] = {
    {"topics", "SELECT string_agg(w, ', ') FROM jsonb_array_elements_text($1) w WHERE w NOT IN (SELECT slug FROM topic)"},
    {"audiences", "SELECT string_agg(w, ', ') FROM jsonb_array_elements_text($1) w WHERE w NOT IN (SELECT slug FROM audience)"},
    {"stages", "SELECT string_agg(w, ', ') FROM jsonb_array_elements_text($1) w WHERE w NOT IN (SELECT slug FROM stage)"},
};

struct article {
    const char *key;
    const char *path; /* of article.yaml */
    const struct node *root;
};

struct articles {
    struct article *items;
    size_t count;
};

struct translation {
    const char *path;
    const char *language;
    const struct node *front;
    const struct node *provenance;
    const char *body;
    unsigned body_line;
};

/* Whether the node, if there is one, is the key of an article. */
static bool article_known(const struct articles *articles, const struct article *article, const struct node *key)
{
    if (!key)
        return true;
    for (size_t i = 0; key->kind == NODE_TEXT && i < articles->count; i++)
        if (strcmp(articles->items[i].key, key->text) == 0)
            return true;
    return import_refuse(article->path, key->line, "there is no article `%s`", key->text ? key->text : "");
}

static bool article_write(struct import *import, const struct article *article, const char *sql)
{
    const char *values[] = {import_json(import, article->root), article->key};
    return values[0] && import_write(import, article->path, article->root->line, sql, 2, values);
}

static bool article_read(struct import *import, struct article *article)
{
    article->path = arena_printf(&import->arena, "%s/articles/%s/article.yaml", import->folder, article->key);
    article->root = article->path ? import_tree(import, article->path) : NULL;
    bool done = article->root && import_members(article->path, article->root, ARTICLE_MEMBERS);
    const struct node *position = node_get(article->root, "position");
    if (done && (!position || position->kind != NODE_INTEGER))
        done = import_refuse(article->path, article->root->line, "`position` must be a whole number");
    for (size_t i = 0; article->root && i < sizeof WORD_LISTS / sizeof *WORD_LISTS && !import->broken; i++)
        done = import_words(import, article->path, article->root, WORD_LISTS[i].member, WORD_LISTS[i].unknown) && done;
    return done && article_write(import, article, ARTICLE);
}

static bool article_place(struct import *import, const struct articles *articles, const struct article *article)
{
    const struct node *related = node_get(article->root, "related");
    bool done = article_known(articles, article, node_get(article->root, "parent")) &&
                article_known(articles, article, node_get(article->root, "replaces"));
    for (size_t i = 0; related && i < related->count; i++)
        done = article_known(articles, article, related->items[i]) && done;
    return done && article_write(import, article, PLACE);
}

/* Splits the file into front matter and body. */
static bool translation_split(struct import *import, struct translation *translation)
{
    struct tree_error error = {0};
    size_t length;
    const char *text = import_text(import, translation->path, &length);
    const char *end = text && strncmp(text, "---\n", 4) == 0 ? strstr(text, "\n---\n\n") : NULL;
    if (!text)
        return false;
    if (!end)
        return import_refuse(translation->path, 1, "front matter stands between two lines ---, then an empty line, then the text");
    translation->front = tree_parse(text, (size_t)(end - text) + 1, &import->arena, &error);
    translation->body = end + strlen("\n---\n\n");
    translation->body_line = 1;
    for (const char *c = text; c < translation->body; c++)
        translation->body_line += *c == '\n';
    return translation->front || import_refuse(translation->path, error.line, "%s", error.message);
}

static bool translation_read(struct import *import, struct translation *translation)
{
    const char *path = translation->path;
    if (!translation_split(import, translation) || !import_members(path, translation->front, FRONT_MEMBERS))
        return false;
    translation->provenance = node_get(translation->front, "provenance");
    return import_text_fits(path, translation->front, "title", TITLE_MAX) &&
           import_text_fits(path, translation->front, "slug", TITLE_MAX) &&
           import_text_fits(path, translation->front, "summary", SUMMARY_MAX) && import_provenance(path, translation->front);
}

static bool translation_write(struct import *import, const struct article *article, const struct translation *translation)
{
    struct markdown body;
    struct markdown_faults faults;
    if (!markdown_render(translation->body, strlen(translation->body), &import->arena, &body, &faults)) {
        for (size_t i = 0; i < faults.count; i++)
            import_refuse(translation->path, translation->body_line + faults.items[i].line - 1, "%s", faults.items[i].message);
        return false;
    }
    const struct node *front = translation->front, *provenance = translation->provenance;
    const char *values[] = {
        article->key,
        translation->language,
        node_text(front, "slug"),
        node_text(front, "title"),
        node_text(front, "summary"),
        translation->body,
        body.html,
        body.text,
        node_text(provenance, "method"),
        node_text(provenance, "source_language"),
        import_json(import, node_get(article->root, "sources")),
        node_text(provenance, "reviewed_on"),
        sql_text_array(body.embeds, body.embed_count, &import->arena),
    };
    return values[10] && values[12] && import_write(import, translation->path, front->line, TRANSLATION, sizeof values / sizeof *values, values);
}

static bool is_original(const struct translation *translation)
{
    const char *source = node_text(translation->provenance, "source_language");
    return source && strcmp(source, translation->language) == 0;
}

static int is_translation(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');
    return dot && dot > entry->d_name && strcmp(dot, ".md") == 0;
}

static int is_article(const struct dirent *entry)
{
    const char *name = entry->d_name;
    return *name && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(name);
}

/* All languages of one article, originals first: the others point at the revision they were made from. */
static bool translations_import(struct import *import, const struct article *article)
{
    struct translation translations[TRANSLATIONS_MAX];
    const char **languages;
    const char *folder = arena_printf(&import->arena, "%s/articles/%s", import->folder, article->key);
    const int count = import_names(import, folder, is_translation, strlen(".md"), &languages);
    if (count < 1 || count > TRANSLATIONS_MAX)
        return import_refuse(article->path, 0, "has no translation beside it, or more than %d", TRANSLATIONS_MAX);
    bool done = true;
    for (int i = 0; i < count; i++) {
        translations[i] = (struct translation){.language = languages[i]};
        translations[i].path = arena_printf(&import->arena, "%s/%s.md", folder, languages[i]);
        done = translations[i].path && translation_read(import, &translations[i]) && done;
    }
    for (int originals = 1; originals >= 0 && done; originals--)
        for (int i = 0; i < count && !import->broken; i++)
            if (is_original(&translations[i]) == originals)
                done = translation_write(import, article, &translations[i]) && done;
    return done && !import->broken;
}

static bool slugs_differ(struct import *import)
{
    PGresult *result = PQexec(import->db, SAME_SLUG);
    const bool answered = PQresultStatus(result) == PGRES_TUPLES_OK;
    const bool differ = answered && PQntuples(result) == 0;
    if (answered && !differ)
        import_refuse(import->folder, 0, "`%s` and `%s` have one slug in %s: %s", PQgetvalue(result, 0, 0),
                      PQgetvalue(result, 0, 1), PQgetvalue(result, 0, 2), PQgetvalue(result, 0, 3));
    else if (!answered)
        import_refuse(import->folder, 0, "%s", PQerrorMessage(import->db));
    PQclear(result);
    return differ;
}

bool import_articles(struct import *import)
{
    const char **keys;
    const int count = import_names(import, import_path(import, "articles"), is_article, 0, &keys);
    struct articles articles = {.items = count < 0 ? NULL : arena_array(&import->arena, (size_t)count + 1, sizeof *articles.items)};
    bool done = articles.items != NULL;
    for (; done && articles.count < (size_t)count; articles.count++)
        articles.items[articles.count].key = keys[articles.count];
    for (size_t i = 0; i < articles.count && !import->broken; i++)
        done = article_read(import, &articles.items[i]) && done;
    for (size_t i = 0; i < articles.count && done; i++)
        done = article_place(import, &articles, &articles.items[i]);
    for (size_t i = 0; i < articles.count && !import->broken; i++)
        done = translations_import(import, &articles.items[i]) && done;
    return done && !import->broken && slugs_differ(import);
}
