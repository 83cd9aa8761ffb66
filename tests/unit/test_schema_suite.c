/* SPDX-License-Identifier: EUPL-1.2
 * The required cases of the public JSON Schema test suite (Debian: json-schema-test-suite) for the keywords we support. */
#include "buffer.h"
#include "schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "banned.h"

#define SUITE "/usr/share/json-schema-test-suite/tests"

static const char *const drafts[] = {"draft2020-12", "draft7"}; /* the first there is */

static const char *const files[] = {
    "additionalProperties", "allOf", "anyOf", "boolean_schema", "const", "default", "enum", "exclusiveMaximum", "exclusiveMinimum",
    "items", "maxItems", "maxLength", "maxProperties", "maximum", "minItems", "minLength", "minProperties", "minimum", "multipleOf",
    "oneOf", "pattern", "properties", "ref", "required", "type", "uniqueItems",
};

/* A group is skipped only when its schema is refused in one of these ways, or by name below. */
static const struct {
    const char *message;
    const char *reason;
} refusals[] = {
    {"unknown keyword: ", "uses a keyword outside the subset, $id and $anchor among them"},
    {"points at nothing in this document: ", "refers to another document"},
    {"a schema must be a mapping", "items as a sequence of schemas, which 2020-12 has no more"},
    {"multipleOf must be a whole number", "multipleOf a fraction"},
    {"a pattern that is read alike everywhere", "a pattern that dialects read differently"},
    {"U+0000 is refused", "a NUL in the schema"},
};

static const struct {
    const char *draft, *file, *description;
} not_ours[] = {
    {"draft7", "ref", "ref overrides any sibling keywords"}, /* since 2019-09 they apply as well */
};

struct tally {
    unsigned cases, groups, skipped;
};

static bool is_not_ours(const char *draft, const char *file, const char *description)
{
    for (size_t i = 0; i < sizeof not_ours / sizeof *not_ours; i++)
        if (!strcmp(not_ours[i].draft, draft) && !strcmp(not_ours[i].file, file) && !strcmp(not_ours[i].description, description))
            return true;
    return false;
}

static const char *reason_of(const char *message)
{
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
        if (strncmp(message, refusals[i].message, strlen(refusals[i].message)) == 0)
            return refusals[i].reason;
    return NULL;
}

/* The schema as our parser reads it: JSON is YAML. Containers of referenced schemas get names we know to leave alone. */
static void write_schema(struct buffer *yaml, json_t *schema)
{
    if (json_is_object(schema))
        json_object_del(schema, "$schema");
    char *text = json_dumps(schema, JSON_ENCODE_ANY);
    assert_non_null(text);
    for (const char *at = text; *at;) {
        const size_t length = strncmp(at, "definitions", 11) == 0 ? 11 : strncmp(at, "$defs", 5) == 0 ? 5 : 0;
        buffer_puts(yaml, length ? "x-definitions" : "");
        buffer_append(yaml, at, length ? 0 : 1);
        at += length ? length : 1;
    }
    free(text);
}

static const struct schema *compile(struct arena *arena, const struct buffer *yaml, struct tree_error *error)
{
    const struct node *document = tree_parse(yaml->bytes, yaml->length, arena, error);
    return document ? schema_compile(schema_set_new(document, arena), document, error) : NULL;
}

static void run_cases(const struct schema *schema, const json_t *group, const char *file, struct arena *arena, struct tally *tally)
{
    size_t index;
    json_t *test;
    json_array_foreach(json_object_get(group, "tests"), index, test) {
        struct faults faults;
        faults_init(&faults, arena);
        const bool valid = schema_check(schema, json_object_get(test, "data"), "", NULL, &faults);
        if (valid != json_is_true(json_object_get(test, "valid")))
            fail_msg("%s: %s: %s: found %s", file, json_string_value(json_object_get(group, "description")),
                     json_string_value(json_object_get(test, "description")), valid ? "valid" : faults.items[0].code);
        assert_true(valid == (faults.count == 0));
        tally->cases++;
    }
    tally->groups++;
}

static void run_group(const json_t *group, const char *draft, const char *file, struct tally *tally)
{
    const char *description = json_string_value(json_object_get(group, "description"));
    if (is_not_ours(draft, file, description)) {
        tally->skipped++;
        return;
    }
    struct arena arena;
    struct buffer yaml;
    struct tree_error error;
    arena_init(&arena, 0);
    buffer_init(&yaml);
    write_schema(&yaml, json_object_get(group, "schema"));
    const struct schema *schema = compile(&arena, &yaml, &error);
    if (schema) {
        run_cases(schema, group, file, &arena, tally);
    } else {
        const char *reason = reason_of(error.message);
        if (!reason)
            fail_msg("%s: %s: refused: %s", file, description, error.message);
        printf("skipped %s: %s: %s (%s)\n", file, description, reason, error.message);
        tally->skipped++;
    }
    buffer_release(&yaml);
    arena_release(&arena);
}

static json_t *load(const char *draft, const char *file)
{
    char path[256];
    snprintf(path, sizeof path, SUITE "/%s/%s.json", draft, file);
    return json_load_file(path, JSON_ALLOW_NUL, NULL);
}

static void test_suite_agrees_on_every_supported_keyword(void **state)
{
    (void)state;
    struct tally total = {0};
    const char *draft = NULL;
    for (size_t i = 0; i < sizeof drafts / sizeof *drafts && !draft; i++) {
        json_t *found = load(drafts[i], "type");
        draft = found ? drafts[i] : NULL;
        json_decref(found);
    }
    if (!draft)
        fail_msg("nothing to run in %s: is json-schema-test-suite installed?", SUITE);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct tally tally = {0};
        json_t *groups = load(draft, files[i]), *group;
        size_t index;
        json_array_foreach(groups, index, group) run_group(group, draft, files[i], &tally);
        json_decref(groups);
        if (tally.cases == 0)
            fail_msg("%s: nothing was run", files[i]);
        total.cases += tally.cases;
        total.groups += tally.groups;
        total.skipped += tally.skipped;
    }
    printf("%s: %u cases in %u groups agree, %u groups skipped\n", draft, total.cases, total.groups, total.skipped);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_suite_agrees_on_every_supported_keyword)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
