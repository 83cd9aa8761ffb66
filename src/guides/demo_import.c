/* SPDX-License-Identifier: EUPL-1.2
 * Invented people (content/demo/personas.json), made through the rules everybody else is under; no mail goes to them. */
#include "import.h"

#include <stdio.h>
#include <string.h>

#include "banned.h"

/* Newcomers have waited an hour longer the earlier they stand in the file; all others are made now. */
static const char PERSONA[] = "SELECT import_persona($1::jsonb, clock() - make_interval(hours => $2::int))";
static const char SETTLE[] = "SELECT settle_demo($1, $2)";

static bool has_role(const struct node *persona, const char *const *roles)
{
    const char *role = node_text(persona, "role");
    for (; role && *roles; roles++)
        if (strcmp(role, *roles) == 0)
            return true;
    return false;
}

static bool personas_write(struct import *import, const char *path, const struct node *list, const char *const *roles, bool dated)
{
    bool done = true;
    for (size_t i = 0; i < list->count && done; i++) {
        char hours[24];
        if (!has_role(list->items[i], roles))
            continue;
        snprintf(hours, sizeof hours, "%zu", dated ? list->count - i : 0);
        const char *values[] = {import_json(import, list->items[i]), hours};
        done = values[0] && import_write(import, path, list->items[i]->line, PERSONA, 2, values);
    }
    return done;
}

static const char *persona_email(const struct node *list, const char *id)
{
    for (size_t i = 0; i < list->count; i++) {
        const char *own = node_text(list->items[i], "id");
        if (own && strcmp(own, id) == 0)
            return node_text(list->items[i], "email");
    }
    return NULL;
}

/* Guides that are matched already. */
static bool matches_write(struct import *import, const char *path, const struct node *list)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct node *persona = list->items[i];
        const char *newcomer = node_text(persona, "matched_with");
        if (!newcomer)
            continue;
        const char *values[] = {persona_email(list, newcomer), node_text(persona, "email")};
        if (!values[0] || !values[1])
            return import_refuse(path, persona->line, "`matched_with` names nobody of this file");
        if (!import_write(import, path, persona->line, SETTLE, 2, values))
            return false;
    }
    return true;
}

bool import_demo(struct import *import)
{
    static const char *const others[] = {"guide", "coordinator", "editor", "advisor", "admin", NULL};
    static const char *const newcomers[] = {"newcomer", NULL};
    const char *path = import_path(import, "demo/personas.json");
    const struct node *root = path ? import_tree(import, path) : NULL;
    const struct node *list = node_get(root, "personas");
    if (!root)
        return false;
    if (!list || list->kind != NODE_SEQUENCE)
        return import_refuse(path, root->line, "there is no list `personas`");
    return personas_write(import, path, list, others, false) && personas_write(import, path, list, newcomers, true) &&
           matches_write(import, path, list);
}
