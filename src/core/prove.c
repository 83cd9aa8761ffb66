/* SPDX-License-Identifier: EUPL-1.2
 * The proof that contract, operation files and database agree: what a file may say, and what PostgreSQL says to it. */
#include "endpoint.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

#include "banned.h"

static bool word_character(char byte)
{
    return isalnum((unsigned char)byte) || byte == '_';
}

/* Finds text as words of its own in a statement's bare text. */
static const char *word_find(const char *bare, const char *text)
{
    const size_t length = strlen(text);
    for (const char *at = strstr(bare, text); at; at = strstr(at + 1, text))
        if ((at == bare || !word_character(at[-1])) && !(word_character(text[length - 1]) && word_character(at[length])))
            return at;
    return NULL;
}

static const char *statement_start(const struct statement *statement)
{
    return statement->bare + strspn(statement->bare, " ");
}

static bool starts_with_word(const char *text, const char *word)
{
    const size_t length = strlen(word);
    return strncmp(text, word, length) == 0 && !word_character(text[length]);
}

/* What a statement may begin with. Nothing else: the segment is the transaction, its settings are the core's, tables the
 * migrations'. */
static const char *const STARTS[] = {"select", "with", "insert", "update", "delete", "merge"};

static bool start_allowed(const char *start)
{
    for (size_t i = 0; i < sizeof STARTS / sizeof *STARTS; i++)
        if (starts_with_word(start, STARTS[i]))
            return true;
    return false;
}

static bool statement_writes(const struct statement *statement)
{
    for (size_t i = 2; i < sizeof STARTS / sizeof *STARTS; i++)
        if (word_find(statement->bare, STARTS[i]))
            return true;
    return false;
}

/* Whether the asterisk at `at` stands for columns: behind a dot, a comma or one of the words that begin a list of columns. */
static bool star_names_columns(const char *bare, const char *at)
{
    static const char *const words[] = {"select", "distinct", "all", "returning"};
    while (at > bare && at[-1] == ' ')
        at--;
    if (at > bare && (at[-1] == '.' || at[-1] == ','))
        return true;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        const size_t length = strlen(words[i]);
        if ((size_t)(at - bare) >= length && starts_with_word(at - length, words[i]) &&
            ((size_t)(at - bare) == length || !word_character(at[-(ptrdiff_t)length - 1])))
            return true;
    }
    return false;
}

static void statement_review(const struct statement_file *file, const struct statement *statement, struct buffer *report)
{
    const char *start = statement_start(statement);
    if (!start_allowed(start))
        buffer_printf(report, "%s:%u: %.*s is not for operation files\n", file->path, statement->line, (int)strcspn(start, " ("), start);
    for (const char *at = strchr(statement->bare, '*'); at; at = strchr(at + 1, '*'))
        if (star_names_columns(statement->bare, at))
            buffer_printf(report, "%s:%u: * breaks when a table changes: name the columns\n", file->path, statement->line);
}

/* A request that is sent again is answered by the last statement alone: that must only read, and find the thing by its id or by what
 * the request names, since what is newest may be somebody else's. */
static void repeat_review(const struct program *program, struct buffer *report)
{
    const struct statement *last = &program->file->statements[program->file->count - 1];
    bool finds = false;
    for (size_t i = 0; i < last->parameter_count; i++) {
        const struct source *source = &program->sources[last->parameters[i]];
        finds = finds || source->kind != SOURCE_AMBIENT || source->index == AMBIENT_ID;
    }
    if (program->variant)
        buffer_printf(report, "%s: an operation that is idempotent has one file\n", program->file->path);
    if (statement_writes(last) || program->file->count < 2)
        buffer_printf(report, "%s:%u: what is idempotent ends with a statement that only reads\n", program->file->path, last->line);
    if (!finds)
        buffer_printf(report, "%s:%u: what is idempotent is found again by :ctx_id or by what the request names\n", program->file->path,
                      last->line);
}

void program_review(const struct program *program, const struct operation *operation, struct buffer *report)
{
    const struct statement_file *file = program->file;
    bool writes = false, raises = false;
    for (size_t i = 0; i < file->count; i++) {
        const char *bare = file->statements[i].bare;
        statement_review(file, &file->statements[i], report);
        writes = writes || statement_writes(&file->statements[i]);
        raises = raises || word_find(bare, "require(") || word_find(bare, "problem(") || strstr(bare, "lock_for_");
    }
    if (operation->idempotent)
        repeat_review(program, report);
    if (writes && operation->lane != LANE_WRITE)
        buffer_printf(report, "%s: only the write lane writes: what is lost on the others is sent again\n", file->path);
    if (writes && !raises && operation_answer(operation, 404))
        buffer_printf(report, "%s: it writes and documents 404, but nothing raises it: without require(), problem() or "
                              "lock_for_...() the transaction would commit\n",
                      file->path);
    if (file->count + CORE_STEPS_MAX + (operation->item ? LIST_MEMBERS_MAX + 1 : 0) > SEGMENT_STEPS_MAX)
        buffer_printf(report, "%s: more statements than a segment takes\n", file->path);
}

/* The first line of PostgreSQL's own message: the reader of this report is a developer. */
static void report_database(struct buffer *report, const char *where, unsigned line, const PGresult *result)
{
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    buffer_printf(report, "%s:%u: PostgreSQL: %s\n", where, line, message ? message : "no answer");
}

#define AHEAD 16 /* statements in one round trip */

/* What was asked of PostgreSQL before it is needed: one answer after the other would cost more time than all the rest of the start. */
struct ahead {
    struct arena arena;
    const struct prepared **statements; /* those asked about, in order */
    bool *described_too;
    size_t count;
    bool *prepared;       /* by a statement's index */
    PGresult **described; /* NULL: it was not asked for, or failed */
};

/* What fails is asked again by itself, and tells why. */
static void ahead_take(struct ahead *ahead, PGresult *result, const struct prepared *statement, bool description)
{
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        PQclear(result);
    else if (description)
        ahead->described[statement->index] = result;
    else {
        ahead->prepared[statement->index] = true;
        PQclear(result);
    }
}

/* One result and the NULL behind it. */
static PGresult *result_next(PGconn *db)
{
    PGresult *result = PQgetResult(db);
    if (result && PQresultStatus(result) != PGRES_PIPELINE_SYNC)
        PQclear(PQgetResult(db));
    return result;
}

static bool ahead_ask(PGconn *db, struct ahead *ahead, size_t first, size_t end)
{
    bool sent = true;
    for (size_t i = first; i < end; i++) {
        const struct prepared *statement = ahead->statements[i];
        sent = sent && PQsendPrepare(db, statement->name, statement->sql, statement->count, statement->types) == 1 &&
               (!ahead->described_too[i] || PQsendDescribePrepared(db, statement->name) == 1);
    }
    if (!sent || PQpipelineSync(db) != 1)
        return false;
    for (size_t i = first; i < end; i++) {
        ahead_take(ahead, result_next(db), ahead->statements[i], false);
        if (ahead->described_too[i])
            ahead_take(ahead, result_next(db), ahead->statements[i], true);
    }
    PGresult *last = result_next(db);
    const bool synced = PQresultStatus(last) == PGRES_PIPELINE_SYNC;
    PQclear(last);
    return synced;
}

static void ahead_add(struct ahead *ahead, const struct prepared *statement, bool describe)
{
    ahead->described_too[ahead->count] = describe;
    ahead->statements[ahead->count++] = statement;
}

/* Out of memory, or without an answer, everything is asked one by one. */
static void ahead_run(struct ahead *ahead, const struct endpoints *endpoints, PGconn *db)
{
    ahead->statements = arena_array(&ahead->arena, endpoints->statements + 1, sizeof *ahead->statements);
    ahead->described_too = arena_array(&ahead->arena, endpoints->statements + 1, sizeof *ahead->described_too);
    ahead->prepared = arena_array(&ahead->arena, endpoints->statements + 1, sizeof *ahead->prepared);
    ahead->described = arena_array(&ahead->arena, endpoints->statements + 1, sizeof *ahead->described);
    if (!ahead->statements || !ahead->described_too || !ahead->prepared || !ahead->described)
        return;
    for (size_t i = 0; i < CORE_STATEMENTS; i++)
        ahead_add(ahead, &endpoints->core[i], false);
    for (size_t i = 0; i < endpoints->count; i++)
        for (size_t k = 0; k < endpoints->items[i].count; k++) {
            const struct program *program = &endpoints->items[i].programs[k];
            for (size_t n = 0; n < program->count; n++)
                ahead_add(ahead, &program->statements[n], n == program->count - 1);
        }
    bool going = PQenterPipelineMode(db) == 1;
    for (size_t first = 0; going && first < ahead->count; first += AHEAD)
        going = ahead_ask(db, ahead, first, first + AHEAD < ahead->count ? first + AHEAD : ahead->count);
    PQexitPipelineMode(db);
}

static void ahead_release(struct ahead *ahead, size_t statements)
{
    for (size_t i = 0; ahead->described && i < statements; i++)
        PQclear(ahead->described[i]);
    arena_release(&ahead->arena);
}

static bool prove_prepare(PGconn *db, const struct ahead *ahead, const struct prepared *prepared, const char *where, unsigned line,
                          struct buffer *report)
{
    if (ahead->prepared && ahead->prepared[prepared->index])
        return true;
    PGresult *result = PQprepare(db, prepared->name, prepared->sql, prepared->count, prepared->types);
    const bool fine = PQresultStatus(result) == PGRES_COMMAND_OK;
    if (!fine)
        report_database(report, where, line, result);
    PQclear(result);
    return fine;
}

/* The caller's to clear. */
static PGresult *describe(PGconn *db, struct ahead *ahead, const struct prepared *prepared)
{
    PGresult *described = ahead->described ? ahead->described[prepared->index] : NULL;
    if (!described)
        return PQdescribePrepared(db, prepared->name);
    ahead->described[prepared->index] = NULL;
    return described;
}

static bool is_variant(const struct program *program, const char *variant)
{
    return program->variant && strcmp(program->variant, variant) == 0;
}

/* What the rows of a program are written as: an item of a list, the answer itself, or, where C writes them, nothing of it. */
static const struct schema *row_schema(const struct operation *operation, const struct program *program)
{
    if (is_variant(program, "write"))
        return NULL;
    return operation->item ? operation->item : operation->success->schema;
}

static bool takes_after(const struct operation *operation)
{
    for (size_t i = 0; i < operation->parameter_count; i++)
        if (strcmp(operation->parameters[i].name, "after") == 0)
            return true;
    return false;
}

/* Whether a type's text form can stand in an entity tag. */
static bool is_version(Oid type)
{
    return type == SQL_TEXT || type == SQL_INT4 || type == SQL_INT8 || type == SQL_UUID;
}

static bool rows_plan(struct endpoints *endpoints, const struct endpoint *endpoint, struct program *program, const PGresult *described,
                      struct buffer *report)
{
    const int columns = PQnfields(described);
    const char **names = arena_array(&endpoints->arena, (size_t)columns + 1, sizeof *names);
    Oid *types = arena_array(&endpoints->arena, (size_t)columns + 1, sizeof *types);
    char fault[256] = "out of memory";
    if (names && types) {
        for (int i = 0; i < columns; i++) {
            names[i] = PQfname(described, i);
            types[i] = PQftype(described, i);
        }
        program->row = row_plan_make(row_schema(endpoint->operation, program), columns, names, types,
                                     endpoint->code ? endpoint->code->columns : NULL, &endpoints->arena, fault);
    }
    if (!program->row)
        buffer_printf(report, "%s: %s\n", program->file->path, fault);
    else if (program->row->revision >= 0 && !is_version(types[program->row->revision])) {
        buffer_printf(report, "%s: column _revision of type %s is no version: text, int4, int8 or uuid is one\n", program->file->path,
                      sql_type_name(types[program->row->revision]));
        return false;
    } else if (program->row->cursor < 0 && (takes_after(endpoint->operation) || endpoint->keeps_cursor)) {
        buffer_printf(report, "%s: there is a parameter after or a member cursor, but no column _cursor\n", program->file->path);
        return false;
    }
    return program->row != NULL;
}

static struct list_member *member_of(const struct endpoint *endpoint, const struct program *program)
{
    for (size_t i = 0; i < endpoint->member_count; i++)
        if (endpoint->members[i].program == program)
            return &endpoint->members[i];
    return NULL;
}

/* A list's member, or the place its cursor has when there are no rows: one value, of one statement. */
static bool value_prove(struct list_member *member, const struct program *program, const PGresult *described, struct buffer *report)
{
    const Oid type = PQftype(described, 0);
    if (program->count != 1 || PQnfields(described) != 1)
        buffer_printf(report, "%s: a list's member is one statement with one column\n", program->file->path);
    else if (member ? !member->property->schema || !sql_type_fits(member->property->schema, type) : type != SQL_TEXT && type != SQL_JSONB)
        buffer_printf(report, "%s: a column of type %s does not fit the list's member\n", program->file->path, sql_type_name(type));
    else {
        if (member)
            member->type = type;
        return true;
    }
    return false;
}

static bool answer_prove(struct endpoints *endpoints, const struct endpoint *endpoint, struct program *program, PGconn *db,
                         struct ahead *ahead, struct buffer *report)
{
    struct list_member *member = member_of(endpoint, program);
    PGresult *described = describe(db, ahead, &program->statements[program->count - 1]);
    bool fine = PQresultStatus(described) == PGRES_COMMAND_OK;
    if (!fine)
        report_database(report, program->file->path, 1, described);
    else if (member || (endpoint->keeps_cursor && is_variant(program, "cursor")))
        fine = value_prove(member, program, described, report);
    else if (!endpoint->code || !endpoint->code->render)
        fine = rows_plan(endpoints, endpoint, program, described, report);
    PQclear(described);
    return fine;
}

static bool program_prove(struct endpoints *endpoints, const struct endpoint *endpoint, struct program *program, PGconn *db,
                          struct ahead *ahead, struct buffer *report)
{
    bool fine = true;
    for (size_t i = 0; i < program->count; i++)
        fine = prove_prepare(db, ahead, &program->statements[i], program->file->path, program->file->statements[i].line, report) && fine;
    return fine && answer_prove(endpoints, endpoint, program, db, ahead, report);
}

bool endpoints_prove(struct endpoints *endpoints, PGconn *db, struct buffer *report)
{
    struct ahead ahead = {0};
    bool fine = true;
    arena_init(&ahead.arena, 64 << 10);
    ahead_run(&ahead, endpoints, db);
    for (size_t i = 0; i < CORE_STATEMENTS; i++)
        fine = prove_prepare(db, &ahead, &endpoints->core[i], endpoints->core[i].name, 1, report) && fine;
    for (size_t i = 0; i < endpoints->count; i++)
        for (size_t k = 0; k < endpoints->items[i].count; k++)
            fine = program_prove(endpoints, &endpoints->items[i], &endpoints->items[i].programs[k], db, &ahead, report) && fine;
    ahead_release(&ahead, endpoints->statements);
    return fine;
}
