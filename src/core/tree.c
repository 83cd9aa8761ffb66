/* SPDX-License-Identifier: EUPL-1.2
 * libyaml's events made a tree; everything two readers could understand differently is refused. */
#include "tree.h"

#include <regex.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "banned.h"

#define DEPTH_MAX 64
#define REFERENCE_MAX 512

/* Plain words that some YAML takes for more than text: numbers of 1.1 and 1.2 in every base, sexagesimals, timestamps, nulls,
 * booleans, the merge and the value key. Those that are JSON as well mean the same to everybody; the others are refused. */
#define NOT_PLAINLY_TEXT \
    "^([-+]?[0-9][0-9_]*(:[0-9_]+)*(\\.[0-9_]*)?(e[-+]?[0-9]+)?" \
    "|[-+]?\\.[0-9][0-9_]*(e[-+]?[0-9]+)?" \
    "|[-+]?0[box][0-9a-f_]+" \
    "|[-+]?\\.inf|\\.nan" \
    "|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([t \t].*)?" \
    "|y|yes|n|no|on|off|true|false|null|~|=|<<)$"

struct reading {
    yaml_parser_t parser;
    regex_t not_plainly_text;
    const char *bytes;
    size_t length;
    struct arena *arena;
    struct tree_error *error;
};

void *tree_refuse(struct tree_error *error, unsigned line, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    error->line = line;
    if (length >= (int)sizeof error->message) { /* cut: not in the middle of a character */
        size_t end = sizeof error->message - 1;
        while (end > 0 && ((unsigned char)error->message[end - 1] & 0xC0) == 0x80)
            end--;
        if (end > 0 && (unsigned char)error->message[end - 1] >= 0xC0)
            end--;
        error->message[end] = '\0';
    }
    return NULL;
}

static void *refuse_memory(struct reading *reading)
{
    return tree_refuse(reading->error, 0, "out of memory");
}

static unsigned event_line(const yaml_event_t *event)
{
    return (unsigned)event->start_mark.line + 1;
}

/* Translates what libyaml complains about; the reader knows an offset only, the others a mark. */
static void *refuse_syntax(struct reading *reading)
{
    const yaml_parser_t *parser = &reading->parser;
    if (parser->error == YAML_MEMORY_ERROR)
        return refuse_memory(reading);
    size_t line = parser->problem_mark.line + 1;
    if (parser->error == YAML_READER_ERROR) {
        line = 1;
        for (size_t i = 0; i < parser->problem_offset && i < reading->length; i++)
            line += reading->bytes[i] == '\n';
    }
    return tree_refuse(reading->error, (unsigned)line, "%s", parser->problem ? parser->problem : "no YAML");
}

static bool next_event(struct reading *reading, yaml_event_t *event)
{
    if (yaml_parser_parse(&reading->parser, event))
        return true;
    refuse_syntax(reading);
    return false;
}

/* The tag `!` alone leaves no trace in the event of a scalar except that it stands further left than its text. */
static bool scalar_has_bare_tag(const yaml_event_t *event)
{
    if (event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
        return event->data.scalar.plain_implicit;
    size_t characters = 0;
    for (size_t i = 0; i < event->data.scalar.length; i++)
        characters += (event->data.scalar.value[i] & 0xC0) != 0x80;
    return event->start_mark.line == event->end_mark.line &&
           event->end_mark.index - event->start_mark.index != characters;
}

/* Why the event may not stand in a document at all, or NULL. */
static const char *event_fault(const yaml_event_t *event)
{
    static const char anchor[] = "anchors and aliases are refused", tag[] = "tags are refused";
    switch (event->type) {
    case YAML_ALIAS_EVENT:
        return anchor;
    case YAML_SEQUENCE_START_EVENT:
        return event->data.sequence_start.anchor ? anchor : event->data.sequence_start.tag ? tag : NULL;
    case YAML_MAPPING_START_EVENT:
        return event->data.mapping_start.anchor ? anchor : event->data.mapping_start.tag ? tag : NULL;
    case YAML_SCALAR_EVENT:
        if (event->data.scalar.anchor)
            return anchor;
        if (event->data.scalar.tag || scalar_has_bare_tag(event))
            return tag;
        return memchr(event->data.scalar.value, '\0', event->data.scalar.length) ? "U+0000 is refused" : NULL;
    default:
        return NULL;
    }
}

/* A plain scalar that YAML could take for more than text: typed when it is JSON, refused when not. */
static struct node *type_plain(struct reading *reading, struct node *node)
{
    json_error_t fault;
    json_t *value = json_loads(node->text, JSON_DECODE_ANY, &fault);
    if (!value && json_error_code(&fault) == json_error_numeric_overflow)
        return tree_refuse(reading->error, node->line, "number too large: %s", node->text);
    if (!value && json_error_code(&fault) == json_error_out_of_memory)
        return refuse_memory(reading);
    if (!value)
        return tree_refuse(reading->error, node->line, "not everybody reads this as the same value, quote it: %s", node->text);
    if (json_is_null(value))
        node->kind = NODE_NULL;
    else if (json_is_boolean(value))
        node->kind = NODE_BOOLEAN;
    else
        node->kind = json_is_integer(value) ? NODE_INTEGER : NODE_REAL;
    node->boolean = json_is_true(value);
    node->integer = json_integer_value(value);
    node->real = json_number_value(value);
    json_decref(value);
    return node;
}

static struct node *read_scalar(struct reading *reading, const yaml_event_t *event, struct node *node)
{
    node->kind = NODE_TEXT;
    node->text = arena_copy(reading->arena, (const char *)event->data.scalar.value, event->data.scalar.length);
    if (!node->text)
        return refuse_memory(reading);
    if (event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
        return node;
    if (!*node->text)
        return tree_refuse(reading->error, node->line, "nothing stands here: write null or ''");
    switch (regexec(&reading->not_plainly_text, node->text, 0, NULL, 0)) {
    case 0:
        return type_plain(reading, node);
    case REG_NOMATCH:
        return node;
    default:
        return refuse_memory(reading);
    }
}

/* A pointer array twice as long with the old content (which stays in the arena, unused). */
static bool grow(struct arena *arena, void *array, size_t count, size_t size)
{
    void *old, *grown = arena_array(arena, count ? count * 2 : 8, size);
    if (!grown)
        return false;
    memcpy(&old, array, sizeof old);
    if (count)
        memcpy(grown, old, count * size);
    memcpy(array, &grown, sizeof grown);
    return true;
}

/* Makes room for one more child; the arrays are full at 0, 8, 16, 32 ... */
static bool reserve_child(struct reading *reading, struct node *node)
{
    const size_t count = node->count;
    if (count != 0 && (count < 8 || (count & (count - 1)) != 0))
        return true;
    if (grow(reading->arena, &node->items, count, sizeof *node->items) &&
        (node->kind == NODE_SEQUENCE || (grow(reading->arena, &node->keys, count, sizeof *node->keys) &&
                                         grow(reading->arena, &node->key_lines, count, sizeof *node->key_lines))))
        return true;
    refuse_memory(reading);
    return false;
}

static struct node *read_node(struct reading *reading, const yaml_event_t *event, unsigned depth);

static struct node *read_sequence(struct reading *reading, struct node *node, unsigned depth)
{
    for (;;) {
        yaml_event_t event;
        if (!next_event(reading, &event))
            return NULL;
        const bool end = event.type == YAML_SEQUENCE_END_EVENT;
        struct node *item = NULL;
        if (!end && reserve_child(reading, node))
            item = read_node(reading, &event, depth);
        yaml_event_delete(&event);
        if (end)
            return node;
        if (!item)
            return NULL;
        node->items[node->count++] = item;
    }
}

struct key {
    const char *text;
    unsigned line;
};

static int key_compare(const void *a, const void *b)
{
    const struct key *left = a, *right = b;
    const int order = strcmp(left->text, right->text);
    return order ? order : (left->line > right->line) - (left->line < right->line);
}

/* Sorted, equal keys are neighbours: large mappings cost no square. */
static struct node *refuse_duplicates(struct reading *reading, struct node *node)
{
    if (node->count < 2)
        return node;
    struct key *keys = calloc(node->count, sizeof *keys);
    if (!keys)
        return refuse_memory(reading);
    for (size_t i = 0; i < node->count; i++)
        keys[i] = (struct key){.text = node->keys[i], .line = node->key_lines[i]};
    qsort(keys, node->count, sizeof *keys, key_compare);
    struct node *result = node;
    for (size_t i = 1; i < node->count && result; i++)
        if (strcmp(keys[i - 1].text, keys[i].text) == 0)
            result = tree_refuse(reading->error, keys[i].line, "given twice, first in line %u: %s", keys[i - 1].line, keys[i].text);
    free(keys);
    return result;
}

static struct node *read_key(struct reading *reading, const yaml_event_t *event, unsigned depth)
{
    if (event->type != YAML_SCALAR_EVENT && event->type != YAML_ALIAS_EVENT)
        return tree_refuse(reading->error, event_line(event), "a key must be text");
    struct node *key = read_node(reading, event, depth);
    if (key && key->kind != NODE_TEXT)
        return tree_refuse(reading->error, key->line, "a key must be text, quote it: %s", key->text);
    return key;
}

static struct node *read_mapping(struct reading *reading, struct node *node, unsigned depth)
{
    for (;;) {
        yaml_event_t event;
        if (!next_event(reading, &event))
            return NULL;
        const bool end = event.type == YAML_MAPPING_END_EVENT;
        const struct node *key = NULL;
        if (!end && reserve_child(reading, node))
            key = read_key(reading, &event, depth);
        yaml_event_delete(&event);
        if (end)
            return refuse_duplicates(reading, node);
        if (!key || !next_event(reading, &event))
            return NULL;
        struct node *value = read_node(reading, &event, depth);
        yaml_event_delete(&event);
        if (!value)
            return NULL;
        node->keys[node->count] = key->text;
        node->key_lines[node->count] = key->line;
        node->items[node->count++] = value;
    }
}

/* Reads the value that event begins; recursion ends at DEPTH_MAX. */
static struct node *read_node(struct reading *reading, const yaml_event_t *event, unsigned depth)
{
    const char *fault = event_fault(event);
    if (fault)
        return tree_refuse(reading->error, event_line(event), "%s", fault);
    if (depth >= DEPTH_MAX && event->type != YAML_SCALAR_EVENT)
        return tree_refuse(reading->error, event_line(event), "nested deeper than %d", DEPTH_MAX);
    struct node *node = arena_alloc(reading->arena, sizeof *node);
    if (!node)
        return refuse_memory(reading);
    node->line = event_line(event);
    if (event->type == YAML_SCALAR_EVENT)
        return read_scalar(reading, event, node);
    node->kind = event->type == YAML_SEQUENCE_START_EVENT ? NODE_SEQUENCE : NODE_MAPPING;
    return node->kind == NODE_SEQUENCE ? read_sequence(reading, node, depth + 1) : read_mapping(reading, node, depth + 1);
}

/* Takes the next event and drops it: false when it is another than expected. */
static bool expect(struct reading *reading, yaml_event_type_t type, const char *otherwise)
{
    yaml_event_t event;
    if (!next_event(reading, &event))
        return false;
    const bool directives = event.type == YAML_DOCUMENT_START_EVENT &&
                            (event.data.document_start.version_directive ||
                             event.data.document_start.tag_directives.start != event.data.document_start.tag_directives.end);
    const bool expected = event.type == type && !directives;
    if (!expected)
        tree_refuse(reading->error, event_line(&event), "%s", directives ? "directives are refused" : otherwise);
    yaml_event_delete(&event);
    return expected;
}

static struct node *read_document(struct reading *reading)
{
    yaml_event_t event;
    if (!expect(reading, YAML_STREAM_START_EVENT, "no YAML") ||
        !expect(reading, YAML_DOCUMENT_START_EVENT, "the document is empty") || !next_event(reading, &event))
        return NULL;
    struct node *root = read_node(reading, &event, 0);
    yaml_event_delete(&event);
    if (!root || !expect(reading, YAML_DOCUMENT_END_EVENT, "no YAML") ||
        !expect(reading, YAML_STREAM_END_EVENT, "only one document may stand here"))
        return NULL;
    return root;
}

struct node *tree_parse(const char *text, size_t length, struct arena *arena, struct tree_error *error)
{
    struct reading reading = {.bytes = text, .length = length, .arena = arena, .error = error};
    *error = (struct tree_error){0};
    if (regcomp(&reading.not_plainly_text, NOT_PLAINLY_TEXT, REG_EXTENDED | REG_ICASE | REG_NOSUB) != 0)
        return refuse_memory(&reading);
    struct node *root = NULL;
    if (yaml_parser_initialize(&reading.parser)) {
        yaml_parser_set_encoding(&reading.parser, YAML_UTF8_ENCODING);
        yaml_parser_set_input_string(&reading.parser, (const unsigned char *)text, length);
        root = read_document(&reading);
        yaml_parser_delete(&reading.parser);
    } else {
        refuse_memory(&reading);
    }
    regfree(&reading.not_plainly_text);
    return root;
}

const struct node *node_get(const struct node *mapping, const char *key)
{
    if (!mapping || mapping->kind != NODE_MAPPING)
        return NULL;
    for (size_t i = 0; i < mapping->count; i++)
        if (strcmp(mapping->keys[i], key) == 0)
            return mapping->items[i];
    return NULL;
}

const char *node_text(const struct node *mapping, const char *key)
{
    const struct node *node = node_get(mapping, key);
    return node && node->kind == NODE_TEXT ? node->text : NULL;
}

static int hex_digit(char digit)
{
    static const char digits[] = "0123456789abcdefABCDEF";
    const char *at = digit ? strchr(digits, digit) : NULL;
    if (!at)
        return -1;
    return (int)(at - digits) - (at - digits > 15 ? 6 : 0);
}

/* Undoes percent-encoding; false when it is broken, hides a NUL or does not fit. */
static bool decode_fragment(const char *from, char to[REFERENCE_MAX])
{
    for (size_t i = 0; i < REFERENCE_MAX; i++, from++) {
        to[i] = *from;
        if (*from == '\0')
            return true;
        if (*from != '%')
            continue;
        const int high = hex_digit(from[1]), low = high < 0 ? -1 : hex_digit(from[2]);
        if (low < 0 || high + low == 0)
            return false;
        to[i] = (char)(high * 16 + low);
        from += 2;
    }
    return false;
}

/* Undoes ~0 and ~1 in place; false when another character follows a tilde. */
static bool decode_token(char *token)
{
    char *to = token;
    for (; *token; token++, to++) {
        *to = *token;
        if (*token != '~')
            continue;
        token++;
        if (*token != '0' && *token != '1')
            return false;
        *to = *token == '0' ? '~' : '/';
    }
    *to = '\0';
    return true;
}

static const struct node *node_element(const struct node *sequence, const char *index)
{
    char *end;
    if (index[0] < '0' || index[0] > '9' || (index[0] == '0' && index[1]))
        return NULL;
    const unsigned long long position = strtoull(index, &end, 10);
    return *end == '\0' && position < sequence->count ? sequence->items[position] : NULL;
}

const struct node *tree_resolve(const struct node *root, const char *reference)
{
    char pointer[REFERENCE_MAX];
    if (reference[0] != '#' || !decode_fragment(reference + 1, pointer))
        return NULL;
    const struct node *node = root;
    char *rest = pointer;
    while (node && *rest) {
        if (*rest != '/')
            return NULL;
        char *token = rest + 1;
        rest = token + strcspn(token, "/");
        const char delimiter = *rest;
        *rest = '\0';
        if (!decode_token(token))
            return NULL;
        node = node->kind == NODE_SEQUENCE ? node_element(node, token) : node_get(node, token);
        *rest = delimiter;
    }
    return node;
}

static json_t *sequence_json(const struct node *node)
{
    json_t *array = json_array();
    for (size_t i = 0; array && i < node->count; i++)
        if (json_array_append_new(array, node_json(node->items[i])) != 0) { /* refuses NULL, too */
            json_decref(array);
            array = NULL;
        }
    return array;
}

static json_t *mapping_json(const struct node *node)
{
    json_t *object = json_object();
    for (size_t i = 0; object && i < node->count; i++)
        if (json_object_set_new(object, node->keys[i], node_json(node->items[i])) != 0) {
            json_decref(object);
            object = NULL;
        }
    return object;
}

json_t *node_json(const struct node *node)
{
    switch (node->kind) {
    case NODE_NULL:
        return json_null();
    case NODE_BOOLEAN:
        return json_boolean(node->boolean);
    case NODE_INTEGER:
        return json_integer(node->integer);
    case NODE_REAL:
        return json_real(node->real);
    case NODE_TEXT:
        return json_string(node->text);
    case NODE_SEQUENCE:
        return sequence_json(node);
    case NODE_MAPPING:
        return mapping_json(node);
    }
    return NULL;
}
