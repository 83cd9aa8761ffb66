/* SPDX-License-Identifier: EUPL-1.2
 * From an admitted request to a segment on a lane: identity first, then the operation's statements with their values. */
#include "request.h"

#include "guard.h"
#include "identity.h"
#include "loop.h"

#include <string.h>

#include "banned.h"

static const char *made_id(struct request *request)
{
    if (!request->made_id[0])
        id_make(request->made_id);
    return request->made_id;
}

const char *request_made_id(struct request *request)
{
    return arena_text(&request->arena, made_id(request));
}

static const char *ambient_text(struct request *request, size_t ambient, bool *failed)
{
    const char *text = NULL;
    switch (ambient) {
    case AMBIENT_ID:
        return made_id(request);
    case AMBIENT_LANGUAGES:
        text = sql_text_array(request->languages.items, request->languages.count, &request->arena);
        *failed = *failed || !text;
        return text;
    case AMBIENT_REQUEST_ID:
        return request->id;
    case AMBIENT_CURSOR:
        return request->place;
    default:
        return request_header(request, "If-Match");
    }
}

static const char *source_text(struct request *request, const struct source *source, bool *failed)
{
    switch (source->kind) {
    case SOURCE_PARAMETER:
        return sql_text(request->values[source->index], source->type, &request->arena, failed);
    case SOURCE_MEMBER: {
        const json_t *value = json_object_get(request->json, source->member);
        return value ? sql_text(value, source->type, &request->arena, failed) : source->otherwise;
    }
    case SOURCE_BODY:
        return sql_text(request->json, source->type, &request->arena, failed);
    case SOURCE_DERIVED:
        return request->derived[source->index];
    default:
        return ambient_text(request, source->index, failed);
    }
}

static bool step_add(struct request *request, const struct prepared *statement, const char *const *values, bool keep)
{
    struct segment *segment = &request->segment;
    if (segment->count == SEGMENT_STEPS_MAX)
        return false;
    segment->steps[segment->count++] = (struct step){.statement = statement, .values = values, .keep = keep};
    return true;
}

/* A step of the core's own. */
static bool core_step(struct request *request, enum core_statement which, const char *const *values, size_t count, bool keep)
{
    const char **kept = arena_array(&request->arena, count, sizeof *kept);
    if (!kept)
        return false;
    memcpy(kept, values, count * sizeof *kept);
    return step_add(request, &request->loop->service->endpoints.core[which], kept, keep);
}

static const char *path_id(const struct request *request)
{
    return json_string_value(request_parameter(request, "id"));
}

static bool add_identity(struct request *request)
{
    const struct operation *operation = request->endpoint->operation;
    struct arena *arena = &request->arena;
    if (!operation->anonymous) {
        const char *hash = token_hash_text(request_token(request), arena);
        const char *tasks = sql_text_array(operation->tasks.items, operation->tasks.count, arena);
        const char *const values[] = {hash, tasks, operation->tasks.count ? path_id(request) : NULL};
        if (!hash || !tasks || !core_step(request, CORE_AUTHENTICATE, values, 3, true))
            return false;
    }
    if (operation->roles.count) {
        const char *roles = sql_text_array(operation->roles.items, operation->roles.count, arena);
        if (!roles || !core_step(request, CORE_NEED, &roles, 1, false))
            return false;
    }
    return true;
}

/* A known key ends the segment here, and request_recall() sends another. */
static bool add_claim(struct request *request)
{
    const char *values[3];
    bool failed = false;
    if (request->recalled || !guard_key(request))
        return true;
    values[2] = ambient_text(request, AMBIENT_ID, &failed);
    return guard_claim(request, &values[0], &values[1]) && core_step(request, CORE_CLAIM, values, 3, false);
}

/* What repeats a request that was carried out costs its address nothing. */
static bool add_limit(struct request *request)
{
    const char *values[5];
    if (request->recalled || !guard_address(request, values))
        return !request->problem;
    return core_step(request, CORE_LIMIT, values, 5, false);
}

static bool add_solved(struct request *request)
{
    const char *values[2];
    if (request->recalled || !guard_solved(request, values))
        return !request->problem;
    return core_step(request, CORE_SPEND, values, 2, false);
}

static bool add_subject(struct request *request, const struct program *program)
{
    bool failed = false;
    const char *values[2] = {program->makes_id || request->recalled ? ambient_text(request, AMBIENT_ID, &failed) : NULL, request->recalled};
    if (request->recalled)
        return core_step(request, CORE_RECALL, values, 2, false);
    return !values[0] || core_step(request, CORE_SUBJECT, values, 1, false);
}

/* The text of every name a program uses, in the order of its file's names; NULL when out of memory. */
static const char **program_texts(struct request *request, const struct program *program)
{
    bool failed = false;
    const char **texts = arena_array(&request->arena, program->file->name_count + 1, sizeof *texts);
    for (size_t i = 0; texts && i < program->file->name_count; i++)
        texts[i] = source_text(request, &program->sources[i], &failed);
    return failed ? NULL : texts;
}

static bool add_statement(struct request *request, const struct program *program, size_t index, const char *const *texts, bool keep)
{
    const struct statement *statement = &program->file->statements[index];
    const char **values = arena_array(&request->arena, statement->parameter_count + 1, sizeof *values);
    for (size_t i = 0; values && i < statement->parameter_count; i++)
        values[i] = texts[statement->parameters[i]];
    return values && step_add(request, &program->statements[index], values, keep);
}

/* Adds a file of one statement whose result is kept; *at is its step. */
static bool add_value(struct request *request, const struct program *program, size_t *at)
{
    const char **texts = program_texts(request, program);
    *at = request->segment.count;
    return texts && add_statement(request, program, 0, texts, true);
}

/* The other members of a list stand in front of its last statement, whose rows are the answer: a place the cursor file gives must
 * not lie behind rows that came in between. */
static bool add_members(struct request *request)
{
    const struct endpoint *endpoint = request->endpoint;
    const bool counted = json_is_true(request_parameter(request, "count")), skipped = request_written_by_code(request);
    const struct program *cursor = endpoint->keeps_cursor && !request->place ? endpoint_program(endpoint, "cursor") : NULL;
    request->cursor_step = SEGMENT_STEPS_MAX;
    for (size_t i = 0; i < endpoint->member_count; i++) {
        const struct list_member *member = &endpoint->members[i];
        const bool wanted = !skipped && (strcmp(member->property->name, "total") != 0 || counted);
        request->member_steps[i] = SEGMENT_STEPS_MAX;
        if (wanted && member->program && !add_value(request, member->program, &request->member_steps[i]))
            return false;
    }
    return skipped || !cursor || add_value(request, cursor, &request->cursor_step);
}

static bool add_statements(struct request *request, const struct program *program)
{
    const size_t last = program->count - 1;
    const char **texts = program_texts(request, program);
    for (size_t i = 0; texts && !request->recalled && i < last; i++)
        if (!add_statement(request, program, i, texts, false))
            return false;
    if (!texts || !add_members(request))
        return false;
    request->answer_step = request->segment.count;
    return add_statement(request, program, last, texts, true);
}

static void segment_done(struct segment *segment)
{
    struct request *request = (struct request *)((char *)segment - offsetof(struct request, segment));
    request_timed(request);
    request_answer_segment(request);
}

/* Whether somebody still waits: MHD does not look at a suspended connection. */
static bool segment_wanted(const struct segment *segment)
{
    const struct request *request = (const struct request *)((const char *)segment - offsetof(struct request, segment));
    return connection_alive(request->connection);
}

/* Faults that C has added are a refusal. */
static bool refused(struct request *request)
{
    if (request->faults.count > 0)
        request_fail(request, "validation_failed");
    return request->problem != NULL;
}

/* The lane its statements go over: a replica's for what everybody may read, while it is fresh. Who shows a session reads what that session
 * wrote, so from the primary, even where nobody has to show one; so does who reads what will be kept, once for all who come later. */
static struct lane *lane_for(const struct request *request)
{
    const struct operation *operation = request->endpoint->operation;
    struct lane *primary = request->loop->lanes[request->lane], *replica = request->loop->replicas[request->lane];
    const bool public = operation->anonymous && operation->method == METHOD_GET && !operation->primary;
    if (!replica || !public || request_header(request, "Authorization") || (request->keep && lane_open(primary)) || !lane_open(replica))
        return primary;
    return replica;
}

static bool dispatch_statements(struct request *request)
{
    request->segment = (struct segment){.done = segment_done, .wanted = segment_wanted};
    if (!add_identity(request) || !add_claim(request) || !add_limit(request) || !add_solved(request) ||
        !add_subject(request, request->program) || !add_statements(request, request->program)) {
        request->segment.outcome = OUTCOME_OVERLOADED;
        request_fail(request, "overloaded");
        return false;
    }
    lane_submit(lane_for(request), &request->segment, clock_ms());
    return true;
}

static void work_run(struct work_item *item)
{
    struct request *request = (struct request *)((char *)item - offsetof(struct request, work));
    request->endpoint->code->work(request);
}

static void work_done(struct work_item *item)
{
    struct request *request = (struct request *)((char *)item - offsetof(struct request, work));
    if (item->cancelled)
        request_fail(request, "unavailable");
    if (refused(request) || !dispatch_statements(request))
        request_answer_resume(request);
}

static void identity_done(struct segment *segment)
{
    struct request *request = (struct request *)((char *)segment - offsetof(struct request, segment));
    request_timed(request);
    if (segment->outcome != OUTCOME_ANSWERED) {
        request_answer_segment(request);
        return;
    }
    if (segment->count > 0 && PQntuples(segment->results[0]) == 1)
        request->account = arena_text(&request->arena, PQgetvalue(segment->results[0], 0, 2));
    segment_release(segment);
    request->work = (struct work_item){.run = work_run, .done = work_done};
    if (!request->loop->work || !work_submit(request->loop->work, &request->work)) {
        request_fail(request, request->loop->work ? "overloaded" : "unavailable");
        request_answer_resume(request);
    }
}

/* Long work is done for those alone who may have it done: they are asked about first, and again with the statements. */
static bool dispatch_work(struct request *request)
{
    request->segment = (struct segment){.done = identity_done, .wanted = segment_wanted};
    if (!add_identity(request)) {
        request_fail(request, "overloaded");
        return false;
    }
    if (request->segment.count > 0)
        lane_submit(request->loop->lanes[LANE_READ], &request->segment, clock_ms());
    else
        identity_done(&request->segment);
    return true;
}

bool request_recall(struct request *request)
{
    const struct operation_code *code = request->endpoint->code;
    const struct segment *segment = &request->segment;
    const char *state = segment->outcome == OUTCOME_REFUSED ? PQresultErrorField(segment->error, PG_DIAG_SQLSTATE) : NULL;
    const char *id = PQresultErrorField(segment->error, PG_DIAG_MESSAGE_PRIMARY), *at = PQresultErrorField(segment->error, PG_DIAG_MESSAGE_DETAIL);
    if (!state || strcmp(state, "WR001") != 0 || request->recalled || !id || strlen(id) >= sizeof request->made_id || !at)
        return false;
    memcpy(request->made_id, id, strlen(id) + 1);
    request->recalled = arena_text(&request->arena, at);
    if (!request->recalled)
        return false;
    if (code && code->undo)
        code->undo(request);
    segment_release(&request->segment);
    return dispatch_statements(request);
}

bool request_dispatch(struct request *request)
{
    const struct endpoint *endpoint = request->endpoint;
    request->lane = endpoint->operation->lane;
    request->program = request_written_by_code(request) ? endpoint_program(endpoint, "write") : NULL;
    if (!request->program)
        request->program = endpoint_program(endpoint, NULL);
    if (endpoint->code && endpoint->code->prepare)
        endpoint->code->prepare(request);
    if (refused(request))
        return false;
    return endpoint->code && endpoint->code->work ? dispatch_work(request) : dispatch_statements(request);
}
