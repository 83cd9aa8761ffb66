/* SPDX-License-Identifier: EUPL-1.2
 * cmocka, and an arena for the tests of one program: cmocka_run_group_tests(tests, arena_setup, arena_teardown). */
#ifndef WELCOME_UNIT_H
#define WELCOME_UNIT_H

#include "arena.h"
#include "schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct arena arena;

static int arena_setup(void **state)
{
    (void)state;
    arena_init(&arena, 0);
    return 0;
}

static int arena_teardown(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

/* What yaml says, compiled. */
static inline const struct schema *schema_of(const char *yaml)
{
    struct tree_error error;
    const struct node *node = tree_parse(yaml, strlen(yaml), &arena, &error);
    const struct schema *schema = node ? schema_compile(schema_set_new(node, &arena), node, &error) : NULL;
    if (!schema)
        fail_msg("line %u: %s", error.line, error.message);
    return schema;
}

#endif
