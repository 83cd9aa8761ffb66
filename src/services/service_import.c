/* SPDX-License-Identifier: EUPL-1.2
 * services/offices.json and services/services.json: who answers, and what can be asked of them. What somebody has changed since in the
 * running system is not written over. */
#include "import.h"

#include <stdio.h>

#include "banned.h"

static const struct list {
    const char *file;
    const char *member;
    const char *const *members; /* of an entry */
    const char *sql;            /* gets the entry, and its place in the file */
} LISTS[] = {
    {"services/offices.json", "offices",
     (const char *const[]){"slug", "in", "name", "languages", "address", "phone", "website", "opening_hours", NULL},
     "SELECT written, faults FROM import_office($1::jsonb) WHERE $2::int > 0"},
    {"services/services.json", "services",
     (const char *const[]){"code", "clientele", "category", "basis", "name", "description", "acknowledge_hours", "resolve_hours", "appointments",
                           "office", "region_office", "questions", NULL},
     "SELECT written, faults FROM import_service($1::jsonb, $2::int)"},
};

static bool list_read(struct import *import, const struct list *source)
{
    const char *path = import_path(import, source->file);
    const struct node *root = path ? import_tree(import, path) : NULL;
    const struct node *list = node_get(root, source->member);
    if (!root)
        return false;
    if (!list || list->kind != NODE_SEQUENCE)
        return import_refuse(path, root->line, "there is no list `%s`", source->member);
    for (size_t i = 0; i < list->count; i++) {
        char place[24];
        snprintf(place, sizeof place, "%zu", i + 1);
        const char *values[] = {import_json(import, list->items[i]), place};
        if (!values[0] || !import_members(path, list->items[i], source->members) ||
            !import_apply(import, path, list->items[i], source->sql, 2, values))
            return false;
    }
    return true;
}

bool import_services(struct import *import)
{
    bool done = true; /* services name offices */
    for (size_t i = 0; done && i < sizeof LISTS / sizeof *LISTS; i++)
        done = list_read(import, &LISTS[i]);
    return done;
}
