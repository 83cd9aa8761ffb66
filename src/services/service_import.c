/* SPDX-License-Identifier: EUPL-1.2
 * services/offices.json and services/services.json: who answers, and what can be asked of them. What somebody has changed since in the
 * running system is not written over. */
#include "import.h"

#include "content_file.h"
#include "vocabulary.h"

#include <stdio.h>

#include "banned.h"

/* Offices come first: services name them, and would only repeat what is wrong there. What is ours alone has no schema. A statement gets the
 * entry and its place in the file. */
static const struct list {
    const char *file;
    const char *member;
    const char *sql;
} OFFICES = {"services/offices.json", "offices", "SELECT written, faults FROM import_office($1::jsonb) WHERE $2::int > 0"},
  SERVICES = {"services/services.json", "services", "SELECT written, faults FROM import_service($1::jsonb, $2::int)"},
  DEMO = {"demo/service_requests.json", "service_requests", "SELECT demo_service_request($1::jsonb) WHERE $2::int > 0"};

static bool entry_fits(struct import *import, const char *path, const struct schema *schema, const struct node *entry)
{
    struct faults faults;
    json_t *value = node_json(entry);
    faults_init(&faults, &import->arena);
    const bool fits = value && schema_check(schema, value, "", NULL, &faults) && !faults.failed;
    json_decref(value);
    if (!fits && faults.count == 0)
        return import_refuse(path, entry->line, "out of memory");
    return fits || import_faults(import, path, entry, &faults);
}

static bool list_read(struct import *import, const struct list *source, const struct schema *schema)
{
    const char *path = import_path(import, source->file);
    const struct node *root = path ? import_tree(import, path) : NULL;
    const struct node *list = node_get(root, source->member);
    if (!root)
        return false;
    if (!list || list->kind != NODE_SEQUENCE)
        return import_refuse(path, root->line, "there is no list `%s`", source->member);
    bool done = true; /* whatever is wrong is said at once, as far as the database goes along */
    for (size_t i = 0; i < list->count && !import->broken; i++) {
        char place[24];
        snprintf(place, sizeof place, "%zu", i + 1);
        const char *values[] = {import_json(import, list->items[i]), place};
        done = values[0] && (!schema || entry_fits(import, path, schema, list->items[i])) &&
               import_apply(import, path, list->items[i], source->sql, 2, values) && done;
    }
    return done;
}

bool import_services(struct import *import)
{
    struct content_files files;
    struct tree_error error = {0};
    if (!content_files_load(&files, &import->arena, &error))
        return import_refuse("content_files.yaml", error.line, "%s", error.message);
    if (!vocabulary_load(import->db))
        return import_refuse(import->folder, 0, "the words of the reference data cannot be read");
    return list_read(import, &OFFICES, files.office) && list_read(import, &SERVICES, files.service);
}

bool import_demo_services(struct import *import)
{
    return list_read(import, &DEMO, NULL);
}
