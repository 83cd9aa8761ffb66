/* SPDX-License-Identifier: EUPL-1.2
 * Content of all kinds from its folders into rows: first each thing, then what they say of each other, then their texts; what only all
 * of them together can break is looked at last. */
#include "content_things.h"
#include "database.h"
#include "markdown.h"
#include "sql_type.h"

#include <stdio.h>
#include <string.h>

#include "banned.h"

/* Editors wait until the import has ended, readers do not: nobody sees or makes half a tree, and nobody waits for each other. */
static const char LOCK[] = "LOCK TABLE content, media IN EXCLUSIVE MODE";

static const char THING[] = "SELECT import_content($1, $2, $3)";
static const char OCCURRENCES[] = "SELECT import_occurrences($1, $2, $3)";
static const char LINKS[] = "SELECT l.changed, l.faults FROM import_links($1, $2, $3) l";
static const char MISPLACED[] = "SELECT NULL, import_misplaced($1, $2)";
static const char FORMER_SLUGS[] = "SELECT import_former_slugs($1, $2, $3, $4)";
static const char CLASHES[] = "SELECT s.key, s.other, s.language, s.slug FROM slug_clash s WHERE s.kind = $1 ORDER BY 1, 2, 3";

static const char UNDESCRIBED[] = "SELECT u.kind, u.key, u.pointer, u.hash, u.language FROM undescribed u ORDER BY 1, 2, 3, 5";
static const char UNKNOWN_MEDIA[] = "SELECT e FROM unnest($1::text[]) e WHERE starts_with(e, 'media:')"
                                    "   AND NOT EXISTS (SELECT FROM media m WHERE 'media:' || m.hash = e)";

static const char TRANSLATION[] =
    "SELECT CASE WHEN is_imported(c.kind, c.key, 'text ' || $3::text, concat_ws(E'\\n', e, $5::text, $6::text, $7::text, $8::text[], $9::jsonb))"
    "            THEN false"
    "            ELSE publish_translation(c.id, $3, e->>'slug', e->>'title', coalesce(e->>'summary', ''), $5, $6, $7, $8,"
    "                           e->'provenance'->>'method', e->'provenance'->>'source_language', (e->'provenance') ? 'outdated',"
    "                           ARRAY(SELECT s->>'basis' FROM jsonb_array_elements(coalesce(e->'sources', $9::jsonb)) s),"
    "                           coalesce(e->'sources', $9::jsonb), (e->'provenance'->>'reviewed_on')::date) END"
    "  FROM content c"
    " CROSS JOIN (SELECT $4::jsonb AS e) AS entry"
    " WHERE c.kind = $1 AND c.key = $2";

struct content {
    struct import *import;
    struct things things;
    enum content_kind kind;
};

static bool thing_write(struct content *content, const struct thing *thing)
{
    const char *values[] = {CONTENT_FOLDERS[content->kind].kind, thing->key, thing->json};
    const char *times[] = {thing->key, thing->occurrences, thing->expanded_to};
    return import_apply(content->import, thing->path, thing->root, THING, 3, values) &&
           (!thing->occurrences || import_apply(content->import, thing->path, thing->root, OCCURRENCES, 3, times));
}

static bool thing_link(struct content *content, const struct thing *thing)
{
    const char *values[] = {CONTENT_FOLDERS[content->kind].kind, thing->key, thing->json};
    return import_apply(content->import, thing->path, thing->root, LINKS, 3, values);
}

static bool thing_look(struct content *content, const struct thing *thing)
{
    const char *values[] = {CONTENT_FOLDERS[content->kind].kind, thing->key};
    return import_apply(content->import, thing->path, thing->root, MISPLACED, 2, values);
}

/* Says where a text shows what is not there. */
static bool media_known(struct import *import, const struct thing_text *text, const char *embeds)
{
    PGresult *unknown = database_query(import->db, UNKNOWN_MEDIA, 1, &embeds);
    const struct fault fault = {.pointer = "", .code = "unknown_media"};
    bool known = unknown || import_refuse(text->path, 0, "%s", PQerrorMessage(import->db));
    import->broken = import->broken || !unknown;
    for (int i = 0; i < PQntuples(unknown); i++) {
        const char *end = strstr(text->file.body, PQgetvalue(unknown, i, 0));
        unsigned line = text->file.body_line;
        for (const char *c = text->file.body; end && c < end; c++)
            line += *c == '\n';
        known = import_fault(import, text->path, line, &fault);
    }
    PQclear(unknown);
    return known;
}

static bool text_write(struct content *content, const struct thing *thing, const struct thing_text *text)
{
    struct import *import = content->import;
    struct arena scratch;
    struct markdown body;
    const char *kind = CONTENT_FOLDERS[content->kind].kind;
    arena_init(&scratch, 64 * 1024);
    bool done = thing_text_render(text, &scratch, &body);
    const char *values[] = {kind,
                            thing->key,
                            text->language,
                            import_json(import, text->file.front),
                            text->file.body,
                            done ? body.html : NULL,
                            done ? body.text : NULL,
                            done ? sql_text_array(body.embeds, body.embed_count, &scratch) : NULL,
                            import_json(import, node_get(thing->root, "sources"))};
    done = done && values[3] && values[7] && values[8] && media_known(import, text, values[7]) &&
           import_apply(import, text->path, text->file.front, TRANSLATION, sizeof values / sizeof *values, values);
    arena_release(&scratch);
    const struct node *former = node_get(text->file.front, "former_slugs");
    const char *slugs[] = {kind, thing->key, text->language, import_json(import, former)};
    return done && (!former || (slugs[3] && import_apply(import, text->path, text->file.front, FORMER_SLUGS, 4, slugs)));
}

/* Whether nothing that is still to be written is what this text was made from. */
static bool text_is_next(const struct thing *thing, const struct thing_text *text)
{
    const struct node *provenance = node_get(text->file.front, "provenance");
    const char *source = node_text(provenance, "source_language");
    if (!source || node_get(provenance, "outdated"))
        return true;
    for (size_t i = 0; i < thing->text_count; i++) {
        const struct thing_text *other = &thing->texts[i];
        if (other != text && !other->written && strcmp(other->language, source) == 0)
            return false;
    }
    return true;
}

/* Originals first: translations point at the revision they were made from. Where texts were made from each other the first begins. */
static bool texts_write(struct content *content, const struct thing *thing)
{
    bool done = true;
    for (size_t left = thing->text_count; left > 0 && !content->import->broken; left--) {
        struct thing_text *next = NULL, *first = NULL;
        for (size_t i = 0; i < thing->text_count && !next; i++) {
            struct thing_text *text = &thing->texts[i];
            first = first || text->written ? first : text;
            next = !text->written && text_is_next(thing, text) ? text : NULL;
        }
        next = next ? next : first;
        next->written = true;
        done = text_write(content, thing, next) && done;
    }
    return done;
}

static bool each(struct content *content, bool (*step)(struct content *, const struct thing *))
{
    bool done = true;
    for (size_t i = 0; i < content->things.counts[content->kind] && !content->import->broken; i++)
        done = step(content, &content->things.kinds[content->kind][i]) && done;
    return done && !content->import->broken;
}

/* Says where the clash stands, if it is in the files. */
static bool clash_refuse(const struct content *content, const char *key, const char *other, const char *language, const char *slug)
{
    for (size_t i = 0; i < content->things.counts[content->kind]; i++) {
        const struct thing *thing = &content->things.kinds[content->kind][i];
        const bool first = strcmp(thing->key, key) == 0;
        if (!first && strcmp(thing->key, other) != 0)
            continue;
        for (size_t k = 0; k < thing->text_count; k++)
            if (strcmp(thing->texts[k].language, language) == 0)
                return import_refuse(thing->texts[k].path, content_line(thing->texts[k].file.front, "/slug"),
                                     "`%s` has the same slug: %s", first ? other : key, slug);
    }
    return import_refuse(content->import->folder, 0, "`%s` and `%s` have one slug in %s: %s", key, other, language, slug);
}

static bool slugs_differ(struct content *content)
{
    const char *kind = CONTENT_FOLDERS[content->kind].kind;
    PGresult *clashes = database_query(content->import->db, CLASHES, 1, &kind);
    bool differ = clashes || import_refuse(content->import->folder, 0, "%s", PQerrorMessage(content->import->db));
    for (int i = 0; i < PQntuples(clashes); i++)
        differ = clash_refuse(content, PQgetvalue(clashes, i, 0), PQgetvalue(clashes, i, 1), PQgetvalue(clashes, i, 2),
                              PQgetvalue(clashes, i, 3));
    PQclear(clashes);
    return differ;
}

/* Says where what is shown without words stands, if it is in the files; else the words were in a file of media before. */
static bool undescribed_refuse(const struct content *content, const PGresult *rows, int row)
{
    const char *kind = PQgetvalue(rows, row, 0), *key = PQgetvalue(rows, row, 1);
    const struct fault fault = {.pointer = PQgetvalue(rows, row, 2), .code = "alternative_text_missing", .limit = PQgetvalue(rows, row, 4)};
    for (size_t k = 0; k < CONTENT_KINDS; k++)
        for (size_t i = 0; CONTENT_FOLDERS[k].kind && strcmp(CONTENT_FOLDERS[k].kind, kind) == 0 && i < content->things.counts[k]; i++) {
            const struct thing *thing = &content->things.kinds[k][i];
            if (strcmp(thing->key, key) == 0)
                return import_fault(content->import, thing->path, content_line(thing->root, fault.pointer), &fault);
        }
    return import_refuse(content->import->folder, 0, "media/%s.yaml has no alternative text in `%s`, and the %s `%s` shows it",
                         PQgetvalue(rows, row, 3), fault.limit, kind, key);
}

/* Whoever publishes in a language says there what is to be seen. */
static bool all_described(struct content *content)
{
    PGresult *rows = database_query(content->import->db, UNDESCRIBED, 0, NULL);
    bool done = rows || import_refuse(content->import->folder, 0, "%s", PQerrorMessage(content->import->db));
    for (int i = 0; i < PQntuples(rows); i++)
        done = undescribed_refuse(content, rows, i);
    PQclear(rows);
    return done;
}

/* The steps in which all kinds are written. */
static bool (*const STEPS[])(struct content *, const struct thing *) = {thing_write, thing_link, thing_look, texts_write};

bool import_content(struct import *import)
{
    struct content content = {.import = import};
    size_t changes[CONTENT_KINDS] = {0};
    if (!things_read(import, &content.things))
        return false;
    bool done = database_do(import->db, LOCK) || import_refuse(import->folder, 0, "%s", PQerrorMessage(import->db));
    for (size_t step = 0; step < sizeof STEPS / sizeof *STEPS && done; step++)
        for (content.kind = 0; content.kind < CONTENT_KINDS && !import->broken; content.kind++) {
            import->changes = 0;
            done = each(&content, STEPS[step]) && done;
            changes[content.kind] += import->changes;
        }
    for (content.kind = 0; content.kind < CONTENT_KINDS && done; content.kind++) {
        if (!content.things.found[content.kind])
            continue;
        import->found = true;
        done = slugs_differ(&content);
        if (done)
            import_tell(CONTENT_FOLDERS[content.kind].folder, changes[content.kind]);
    }
    return done && all_described(&content);
}
