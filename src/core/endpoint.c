/* SPDX-License-Identifier: EUPL-1.2
 * Operations joined with their statement files and their C: the part of the proof that needs no database. */
#include "endpoint.h"

#include "embed.h"
#include "replica.h"

#include <stdint.h>
#include <string.h>

#include "banned.h"

struct joiner {
    struct endpoints *endpoints;
    const struct contract *contract;
    const struct embedded *files;
    size_t file_count;
    struct buffer *report;
    bool clean;
};

static const struct {
    const char *name;
    Oid type;
} AMBIENTS[AMBIENT_COUNT] = {
    [AMBIENT_ID] = {"ctx_id", SQL_UUID},
    [AMBIENT_LANGUAGES] = {"ctx_languages", SQL_TEXT_ARRAY},
    [AMBIENT_REQUEST_ID] = {"ctx_request_id", SQL_TEXT},
    [AMBIENT_CURSOR] = {"ctx_cursor", SQL_JSONB},
    [AMBIENT_IF_MATCH] = {"ctx_if_match", SQL_TEXT},
};

static void report_fault(struct joiner *joiner, const char *where, unsigned line, const char *what, const char *name)
{
    joiner->clean = false;
    buffer_puts(joiner->report, where);
    if (line)
        buffer_printf(joiner->report, ":%u", line);
    buffer_printf(joiner->report, ": %s%s%s\n", what, *name ? " " : "", name);
}

static const struct schema_property *body_member(const struct operation *operation, const char *name)
{
    for (size_t i = 0; operation->body && i < operation->body->property_count; i++)
        if (strcmp(operation->body->properties[i].name, name) == 0)
            return &operation->body->properties[i];
    return NULL;
}

/* Finds what a name means; counts meanings, since one name must have exactly one. */
static unsigned source_find(const struct endpoint *endpoint, const char *name, struct source *source)
{
    const struct operation *operation = endpoint->operation;
    unsigned meanings = 0;
    for (size_t i = 0; i < AMBIENT_COUNT; i++)
        if (strcmp(AMBIENTS[i].name, name) == 0 && ++meanings)
            *source = (struct source){.kind = SOURCE_AMBIENT, .index = i, .type = AMBIENTS[i].type};
    for (size_t i = 0; i < operation->parameter_count; i++)
        if (strcmp(operation->parameters[i].name, name) == 0 && ++meanings)
            *source = (struct source){.kind = SOURCE_PARAMETER, .index = i, .type = sql_type_of(operation->parameters[i].schema)};
    for (size_t i = 0; endpoint->code && i < DERIVED_MAX && endpoint->code->derived[i].name; i++)
        if (strcmp(endpoint->code->derived[i].name, name) == 0 && ++meanings)
            *source = (struct source){.kind = SOURCE_DERIVED, .index = i, .type = (Oid)endpoint->code->derived[i].type};
    const struct schema_property *member = body_member(operation, name);
    if (member && member->schema && ++meanings)
        *source = (struct source){.kind = SOURCE_MEMBER, .member = member->name, .schema = member->schema, .type = sql_type_of(member->schema)};
    if (operation->body && strcmp(name, "body") == 0 && ++meanings)
        *source = (struct source){.kind = SOURCE_BODY, .type = SQL_JSONB};
    return meanings;
}

/* The default of a body's member in the form it is bound as. */
static bool source_default(struct joiner *joiner, struct source *source)
{
    bool failed = false;
    if (source->kind != SOURCE_MEMBER || !source->schema->default_value)
        return true;
    json_t *value = node_json(source->schema->default_value);
    const char *text = sql_text(value, source->type, &joiner->endpoints->arena, &failed);
    source->otherwise = text ? arena_text(&joiner->endpoints->arena, text) : NULL;
    failed = failed || !value || (text && !source->otherwise);
    json_decref(value);
    return !failed;
}

static bool program_sources(struct joiner *joiner, const struct endpoint *endpoint, struct program *program)
{
    const struct statement_file *file = program->file;
    struct source *sources = arena_array(&joiner->endpoints->arena, file->name_count + 1, sizeof *sources);
    if (!sources)
        return false;
    for (size_t i = 0; i < file->name_count; i++) {
        const unsigned meanings = source_find(endpoint, file->names[i], &sources[i]);
        if (meanings == 0)
            report_fault(joiner, file->path, 0, "nothing is called", file->names[i]);
        else if (meanings > 1)
            report_fault(joiner, file->path, 0, "more than one thing is called", file->names[i]);
        else if (sources[i].kind == SOURCE_AMBIENT && sources[i].index == AMBIENT_ID)
            program->makes_id = true;
        if (meanings == 1 && !source_default(joiner, &sources[i]))
            return false;
    }
    program->sources = sources;
    return true;
}

static bool program_prepare(struct joiner *joiner, struct program *program)
{
    struct arena *arena = &joiner->endpoints->arena;
    const struct statement_file *file = program->file;
    program->count = file->count;
    program->statements = arena_array(arena, file->count, sizeof *program->statements);
    if (!program->statements)
        return false;
    for (size_t i = 0; i < file->count; i++) {
        const struct statement *statement = &file->statements[i];
        Oid *types = arena_array(arena, statement->parameter_count + 1, sizeof *types);
        if (!types)
            return false;
        for (size_t k = 0; k < statement->parameter_count; k++)
            types[k] = program->sources[statement->parameters[k]].type;
        program->statements[i] = (struct prepared){.name = statement->name,
                                                   .sql = statement->sql,
                                                   .types = types,
                                                   .count = (int)statement->parameter_count,
                                                   .index = joiner->endpoints->statements++};
    }
    return true;
}

/* Whether path is "src/<module>/<id>.sql" or "src/<module>/<id>.<variant>.sql"; variant is set to a copy, NULL for the plain one. */
static bool path_belongs(const char *path, const char *id, struct arena *arena, const char **variant)
{
    const char *slash = strrchr(path, '/');
    const size_t length = strlen(id);
    if (strncmp(path, "src/", 4) != 0 || !slash || strncmp(slash + 1, id, length) != 0)
        return false;
    const char *rest = slash + 1 + length;
    *variant = NULL;
    if (strcmp(rest, ".sql") == 0)
        return true;
    const size_t size = strlen(rest);
    if (*rest != '.' || size < 6 || strcmp(rest + size - 4, ".sql") != 0)
        return false;
    *variant = arena_copy(arena, rest + 1, size - 5);
    return *variant != NULL;
}

/* The plain statement file of that operation, or NULL. */
static const struct embedded *file_find(const struct joiner *joiner, const char *id)
{
    for (size_t i = 0; i < joiner->file_count; i++) {
        const char *variant;
        if (path_belongs(joiner->files[i].path, id, &joiner->endpoints->arena, &variant) && !variant)
            return &joiner->files[i];
    }
    return NULL;
}

/* The file's text. A last line "-- answer: get_guide_request" has it end with that operation's statements: a change answers as
 * reading does. NULL: out of memory, or (reported) there is no such file. */
static const char *file_text(struct joiner *joiner, const struct embedded *source)
{
    static const char mark[] = "-- answer: ";
    struct arena *arena = &joiner->endpoints->arena;
    size_t start = source->length ? source->length - 1 : 0; /* the last byte ends the last line */
    while (start > 0 && source->bytes[start - 1] != '\n')
        start--;
    const char *line = source->bytes + start;
    if (strncmp(line, mark, sizeof mark - 1) != 0)
        return source->bytes;
    const char *name = line + sizeof mark - 1;
    const char *id = arena_copy(arena, name, strcspn(name, "\n"));
    const struct embedded *other = id ? file_find(joiner, id) : NULL;
    if (id && !other)
        report_fault(joiner, source->path, 0, "there is no statement file of", id);
    return other ? arena_printf(arena, "%s%s", source->bytes, other->bytes) : NULL;
}

static bool program_load(struct joiner *joiner, struct endpoint *endpoint, const struct embedded *source, const char *variant)
{
    struct arena *arena = &joiner->endpoints->arena;
    struct statement_file *file = arena_alloc(arena, sizeof *file);
    struct tree_error error;
    const char *text = file ? file_text(joiner, source) : NULL;
    if (!text)
        return !joiner->clean;
    if (!statement_file_parse(file, source->path, text, strlen(text), arena, &error)) {
        report_fault(joiner, source->path, error.line, error.message, "");
        return true;
    }
    struct program *program = &endpoint->programs[endpoint->count++];
    *program = (struct program){.file = file, .variant = variant};
    if (!program_sources(joiner, endpoint, program) || !program_prepare(joiner, program))
        return false;
    const size_t before = joiner->report->length;
    program_review(program, endpoint->operation, joiner->report);
    joiner->clean = joiner->clean && joiner->report->length == before;
    if (variant ? endpoint_program(endpoint, variant) != program : endpoint->count > 1 && !endpoint->programs[0].variant)
        report_fault(joiner, source->path, 0, "another file has this name", "");
    if (!variant && endpoint->count > 1) { /* the plain one stands first */
        const struct program plain = *program;
        *program = endpoint->programs[0];
        endpoint->programs[0] = plain;
    }
    return true;
}

/* What a list has beside its items and its next page is answered by files named after it. */
static bool members_join(struct joiner *joiner, struct endpoint *endpoint)
{
    const struct operation *operation = endpoint->operation;
    const struct schema *schema = operation->success->schema;
    if (!operation->item)
        return true;
    endpoint->members = arena_array(&joiner->endpoints->arena, schema->property_count, sizeof *endpoint->members);
    for (size_t i = 0; endpoint->members && i < schema->property_count; i++) {
        const struct schema_property *property = &schema->properties[i];
        if (strcmp(property->name, "cursor") == 0)
            endpoint->keeps_cursor = true;
        else if (strcmp(property->name, "items") != 0 && strcmp(property->name, "next") != 0)
            endpoint->members[endpoint->member_count++] =
                (struct list_member){.property = property, .program = endpoint_program(endpoint, property->name)};
    }
    return endpoint->members != NULL;
}

static bool endpoint_join(struct joiner *joiner, struct endpoint *endpoint, const struct operation_code *const *codes)
{
    const char *id = endpoint->operation->id;
    const char *variant;
    size_t most = 0;
    for (; *codes; codes++)
        for (const struct operation_code *code = *codes; code->operation; code++)
            if (strcmp(code->operation, id) == 0)
                endpoint->code = code;
    for (size_t i = 0; i < joiner->file_count; i++)
        most += path_belongs(joiner->files[i].path, id, &joiner->endpoints->arena, &variant);
    endpoint->programs = arena_array(&joiner->endpoints->arena, most + 1, sizeof *endpoint->programs);
    if (!endpoint->programs)
        return false;
    for (size_t i = 0; i < joiner->file_count; i++)
        if (path_belongs(joiner->files[i].path, id, &joiner->endpoints->arena, &variant) &&
            !program_load(joiner, endpoint, &joiner->files[i], variant))
            return false;
    if (!endpoint_program(endpoint, NULL) && !(endpoint->code && endpoint->code->render))
        report_fault(joiner, id, 0, "the operation has neither a statement nor a C function", "");
    if (!members_join(joiner, endpoint))
        return false;
    const size_t before = joiner->report->length;
    endpoint_review(endpoint, joiner->report);
    joiner->clean = joiner->clean && joiner->report->length == before;
    return true;
}

/* A statement file no operation names would silently never run. */
static void files_review(struct joiner *joiner)
{
    for (size_t i = 0; i < joiner->file_count; i++) {
        const char *variant;
        const size_t length = strlen(joiner->files[i].path);
        bool known = strncmp(joiner->files[i].path, "src/", 4) != 0 || length < 4 || strcmp(joiner->files[i].path + length - 4, ".sql") != 0;
        for (size_t k = 0; !known && k < joiner->contract->count; k++)
            known = path_belongs(joiner->files[i].path, joiner->contract->operations[k].id, &joiner->endpoints->arena, &variant);
        if (!known)
            report_fault(joiner, joiner->files[i].path, 0, "no operation has this name", "");
    }
}

static void codes_review(struct joiner *joiner, const struct operation_code *const *codes)
{
    for (; *codes; codes++)
        for (const struct operation_code *code = *codes; code->operation; code++)
            if (!contract_find(joiner->contract, code->operation))
                report_fault(joiner, code->operation, 0, "C is registered for an operation the contract does not have", "");
}

static void core_statements(struct endpoints *endpoints)
{
    static const Oid authenticate[] = {SQL_BYTEA, SQL_TEXT_ARRAY, SQL_UUID}, need[] = {SQL_TEXT_ARRAY}, subject[] = {SQL_UUID};
    static const Oid claim[] = {SQL_BYTEA, SQL_BYTEA, SQL_UUID}, recall[] = {SQL_UUID, SQL_TIMESTAMPTZ};
    static const Oid limit[] = {SQL_TEXT, SQL_TEXT, SQL_TEXT, SQL_INT4, SQL_INT4}, spend[] = {SQL_BYTEA, SQL_INT8};
    endpoints->core[CORE_AUTHENTICATE] = (struct prepared){
        "authenticate", "SELECT a.session, a.extend, a.account, a.staff FROM authenticate($1, $2, $3) a", authenticate, 3, endpoints->statements++};
    endpoints->core[CORE_NEED] = (struct prepared){"need", "SELECT need($1)", need, 1, endpoints->statements++};
    endpoints->core[CORE_CLAIM] = (struct prepared){"claim", "SELECT claim($1, $2, $3)", claim, 3, endpoints->statements++};
    endpoints->core[CORE_LIMIT] =
        (struct prepared){"limit", "SELECT limit_address($1, $2, $3, $4, $5)", limit, 5, endpoints->statements++};
    endpoints->core[CORE_SPEND] = (struct prepared){"spend", "SELECT spend_challenge($1, $2)", spend, 2, endpoints->statements++};
    endpoints->core[CORE_RECALL] = (struct prepared){"recall", "SELECT recall($1, $2)", recall, 2, endpoints->statements++};
    endpoints->core[CORE_SUBJECT] = (struct prepared){"subject", "SELECT subject($1)", subject, 1, endpoints->statements++};
    endpoints->core[CORE_POSITION] = (struct prepared){"position", REPLICA_POSITION, NULL, 0, endpoints->statements++};
}

bool endpoints_load(struct endpoints *endpoints, const struct contract *contract, const struct embedded *files, size_t file_count,
                    const struct operation_code *const *codes, struct buffer *report)
{
    struct joiner joiner = {endpoints, contract, files, file_count, report, true};
    *endpoints = (struct endpoints){.count = contract->count};
    arena_init(&endpoints->arena, 64 << 10);
    endpoints->items = arena_array(&endpoints->arena, contract->count + 1, sizeof *endpoints->items);
    bool whole = endpoints->items != NULL;
    core_statements(endpoints);
    for (size_t i = 0; whole && i < contract->count; i++) {
        endpoints->items[i].operation = &contract->operations[i];
        whole = endpoint_join(&joiner, &endpoints->items[i], codes);
    }
    if (!whole)
        report_fault(&joiner, "welcomed", 0, "out of memory", "");
    files_review(&joiner);
    codes_review(&joiner, codes);
    return joiner.clean && !buffer_failed(report);
}

void endpoints_release(struct endpoints *endpoints)
{
    arena_release(&endpoints->arena);
}

struct program *endpoint_program(const struct endpoint *endpoint, const char *variant)
{
    for (size_t i = 0; i < endpoint->count; i++) {
        const char *own = endpoint->programs[i].variant;
        if (variant ? own && strcmp(own, variant) == 0 : !own)
            return &endpoint->programs[i];
    }
    return NULL;
}
