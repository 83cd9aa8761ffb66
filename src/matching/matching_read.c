/* SPDX-License-Identifier: EUPL-1.2
 * A snapshot from JSON: its shape is checked against src/matching/snapshot.yaml, all else by the snapshot itself. */
#include "matching_json.h"

#include "embed.h"
#include "json_text.h"
#include "problem.h"
#include "tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "banned.h"

#define FILE_PATH "src/matching/snapshot.yaml"

struct reader {
    struct matching_instance *instance;
    struct faults *faults;
    const struct schema *snapshot, *guide, *request, *edge;
};

/* Always false. */
static bool refuse(struct reader *reader, const char *pointer, const char *code)
{
    char *kept = arena_text(reader->faults->arena, pointer);
    reader->faults->failed = reader->faults->failed || !kept;
    faults_add(reader->faults, (struct fault){.pointer = kept, .code = code});
    return false;
}

/* Always false. */
static bool instance_refuse(struct reader *reader, const struct matching_fault *fault)
{
    if (fault->code == MATCHING_OUT_OF_MEMORY)
        reader->faults->failed = true;
    else
        refuse(reader, fault->pointer, matching_fault_name(fault->code));
    return false;
}

static const struct schema *schema_find(struct schema_set *set, const struct node *root, const char *name, bool *found)
{
    struct tree_error error;
    const struct node *node = *found ? node_get(root, name) : NULL;
    const struct schema *schema = node ? schema_compile(set, node, &error) : NULL;
    *found = schema != NULL;
    return schema;
}

/* Into the arena of the faults, which borrow from schemas. False: out of memory, or the file is missing: there is nothing else that
 * can be wrong with it. */
static bool schemas_load(struct reader *reader)
{
    struct tree_error error;
    struct arena *arena = reader->faults->arena;
    const struct embedded *file = embedded_find(FILE_PATH);
    const struct node *root = file ? tree_parse(file->bytes, file->length, arena, &error) : NULL;
    struct schema_set *set = root ? schema_set_new(root, arena) : NULL;
    bool found = set != NULL;
    reader->snapshot = schema_find(set, root, "snapshot", &found);
    reader->guide = schema_find(set, root, "guide", &found);
    reader->request = schema_find(set, root, "request", &found);
    reader->edge = schema_find(set, root, "edge", &found);
    reader->faults->failed = reader->faults->failed || !found;
    return found;
}

/* A whole number may be written 1.0; the schema has said that it is one and fits. */
static int64_t whole(const json_t *value)
{
    return json_is_real(value) ? (int64_t)json_real_value(value) : json_integer_value(value);
}

static int two_digits(const char *text)
{
    return (text[0] - '0') * 10 + text[1] - '0';
}

/* Seconds since the epoch of a text that keeps the format date-time; fractions of a second do not count. */
static int64_t moment(const char *text)
{
    struct tm tm = {.tm_year = two_digits(text) * 100 + two_digits(text + 2) - 1900, .tm_mon = two_digits(text + 5) - 1,
                    .tm_mday = two_digits(text + 8), .tm_hour = two_digits(text + 11), .tm_min = two_digits(text + 14),
                    .tm_sec = two_digits(text + 17)};
    const char *zone = text + 19 + (text[19] == '.' ? 1 + strspn(text + 20, "0123456789") : 0);
    int64_t seconds = timegm(&tm);
    if (*zone == '+' || *zone == '-')
        seconds -= (*zone == '-' ? -60 : 60) * (int64_t)(two_digits(zone + 1) * 60 + two_digits(zone + 4));
    return seconds;
}

static bool guide_read(struct reader *reader, const json_t *guide)
{
    struct matching_fault fault;
    return matching_add_guide(reader->instance, json_string_value(json_object_get(guide, "id")), whole(json_object_get(guide, "places")),
                              whole(json_object_get(guide, "price")), &fault) ||
           instance_refuse(reader, &fault);
}

static bool request_read(struct reader *reader, const json_t *request)
{
    struct matching_fault fault;
    const char *city = json_string_value(json_object_get(request, "city"));
    const json_t *reasons = json_object_get(request, "reasons");
    struct matching_request about = {.language = json_string_value(json_object_get(request, "language")),
                                     .speakers = (uint32_t)whole(json_object_get(request, "speakers"))};
    for (size_t i = 0; i < MATCHING_REASONS; i++)
        about.reasons[i] = (uint32_t)whole(json_object_get(reasons, MATCHING_REASON_NAMES[i]));
    return matching_add_request(reader->instance, json_string_value(json_object_get(request, "id")), city ? city : "",
                                moment(json_string_value(json_object_get(request, "waiting_since"))), &about, &fault) ||
           instance_refuse(reader, &fault);
}

static bool edge_read(struct reader *reader, const json_t *edge)
{
    struct matching_fault fault;
    const char *held = json_string_value(json_object_get(edge, "hold"));
    const enum matching_hold hold = !held ? MATCHING_FREE : *held == 'p' ? MATCHING_PINNED : MATCHING_FORBIDDEN;
    const json_t *terms = json_object_get(edge, "terms");
    int64_t points[MATCHING_CRITERIA];
    for (size_t i = 0; i < MATCHING_CRITERIA; i++)
        points[i] = whole(json_object_get(terms, MATCHING_CRITERION_NAMES[i]));
    return matching_add_edge(reader->instance, matching_find_request(reader->instance, json_string_value(json_object_get(edge, "request"))),
                             matching_find_guide(reader->instance, json_string_value(json_object_get(edge, "guide"))),
                             whole(json_object_get(edge, "score")), hold, terms ? points : NULL, &fault) ||
           instance_refuse(reader, &fault);
}

/* Goes on after a fault so that all are told, but adds nothing more. */
static bool list_read(struct reader *reader, const json_t *snapshot, const char *name, const struct schema *schema,
                      bool (*read)(struct reader *, const json_t *))
{
    const json_t *list = json_object_get(snapshot, name);
    bool sound = true;
    for (size_t i = 0; i < json_array_size(list) && reader->faults->count < FAULTS_MAX && !reader->faults->failed; i++) {
        const json_t *element = json_array_get(list, i);
        char pointer[48];
        snprintf(pointer, sizeof pointer, "/%s/%zu", name, i);
        sound = schema_check(schema, element, pointer, NULL, reader->faults) && sound && read(reader, element);
    }
    return sound && !reader->faults->failed;
}

/* The snapshot's own checks give the first fault only, at the element that has it. */
static bool snapshot_read(struct reader *reader, const json_t *snapshot)
{
    struct matching_instance *instance = reader->instance;
    struct matching_fault fault;
    if (!schema_check(reader->snapshot, snapshot, "", NULL, reader->faults))
        return false;
    matching_instance_init(instance, (uint64_t)whole(json_object_get(snapshot, "seed")),
                           moment(json_string_value(json_object_get(snapshot, "at"))));
    if (!list_read(reader, snapshot, "guides", reader->guide, guide_read) ||
        !list_read(reader, snapshot, "requests", reader->request, request_read))
        return false;
    if (!matching_index(instance, &fault))
        return instance_refuse(reader, &fault);
    if (!list_read(reader, snapshot, "edges", reader->edge, edge_read))
        return false;
    return matching_close(instance, &fault) || instance_refuse(reader, &fault);
}

static bool json_refuse(struct faults *faults, const json_error_t *error)
{
    char *where = arena_printf(faults->arena, "line %d, column %d", error->line, error->column);
    faults->failed = faults->failed || !where || json_error_code(error) == json_error_out_of_memory;
    const bool overflow = json_error_code(error) == json_error_numeric_overflow;
    faults_add(faults, (struct fault){.pointer = "", .code = overflow ? "number_too_large" : "not_json", .limit = where});
    return false;
}

bool matching_read(struct matching_instance *instance, const char *text, size_t length, struct faults *faults)
{
    struct reader reader = {.instance = instance, .faults = faults};
    json_error_t error;
    matching_instance_init(instance, 0, 0);
    json_t *snapshot = schemas_load(&reader) ? json_parse(text, length, JSON_REJECT_DUPLICATES, &error) : NULL;
    const bool read = snapshot ? snapshot_read(&reader, snapshot) : reader.edge && json_refuse(faults, &error);
    json_decref(snapshot);
    if (!read)
        matching_instance_release(instance);
    return read;
}

const char *matching_fault_sentence(const struct fault *fault, struct arena *arena)
{
    const bool overflow = strcmp(fault->code, "number_too_large") == 0;
    if (overflow || strcmp(fault->code, "not_json") == 0) {
        const char *what = overflow ? "A number is larger than any that fits" : "This is no JSON";
        const char *sentence = arena_printf(arena, "%s (%s).", what, fault->limit ? fault->limit : "");
        return sentence ? sentence : what;
    }
    for (enum matching_fault_code code = MATCHING_FINE; code <= MATCHING_PINS_OF_GUIDE; code++)
        if (strcmp(fault->code, matching_fault_name(code)) == 0)
            return matching_fault_text(code);
    return fault_sentence(fault, "en", arena);
}
