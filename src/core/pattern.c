/* SPDX-License-Identifier: EUPL-1.2
 * PCRE2, kept to what ECMA-262 reads alike and to a bounded effort. */
#include "pattern.h"

#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "banned.h"

/* A search that takes longer can only be after what somebody sent to waste our time: it ends, as not found. */
#define EFFORT "(*LIMIT_MATCH=1000000)"

/* What dialects read differently in text, or NULL. */
static const char *dialect_fault(const char *text)
{
    bool class = false;
    char before = '\0'; /* the character before this one, unless escaped or in a class */
    for (const char *at = text; *at; before = class || *at == '\\' ? '\0' : *at, at += *at == '\\' ? 2 : 1) {
        if (*at == '\\' && (!at[1] || !strchr("^$\\.*+?()[]{}|/-tnrfpP", at[1])))
            return "only the escapes \\t \\n \\r \\f \\p{..} and of punctuation";
        if (class && *at == '[' && at[1] && strchr(":.=", at[1]))
            return "no classes such as [:alpha:]";
        if (!class && *at == '(' && at[1] == '*')
            return "no verbs such as (*UTF)";
        if (!class && *at == '(' && at[1] == '?' && (!at[2] || !strchr(":=!", at[2])))
            return "only the groups (?: (?= and (?!";
        if (!class && *at == '+' && before && strchr("*+?}", before))
            return "no possessive quantifiers";
        class = class ? *at != ']' : *at == '[';
    }
    return NULL;
}

static void free_code(void *code)
{
    pcre2_code_free(code);
}

const struct pattern *pattern_compile(const struct node *node, struct arena *arena, struct tree_error *error)
{
    if (node->kind != NODE_TEXT)
        return tree_refuse(error, node->line, "a pattern must be text");
    const char *fault = dialect_fault(node->text);
    if (fault)
        return tree_refuse(error, node->line, "a pattern that is read alike everywhere has %s: %s", fault, node->text);
    const char *limited = arena_printf(arena, EFFORT "%s", node->text);
    if (!limited)
        return tree_refuse(error, 0, "out of memory");
    int number;
    PCRE2_SIZE offset;
    const uint32_t options = PCRE2_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_ALLOW_EMPTY_CLASS;
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)limited, PCRE2_ZERO_TERMINATED, options, &number, &offset, NULL);
    if (!code) {
        char message[128] = "";
        pcre2_get_error_message(number, (PCRE2_UCHAR *)message, sizeof message);
        return tree_refuse(error, node->line, "faulty pattern, %s: %s", message, node->text);
    }
    if (!arena_defer(arena, free_code, code))
        return tree_refuse(error, 0, "out of memory");
    return (const struct pattern *)code;
}

bool pattern_search(const struct pattern *pattern, const char *text, size_t length, bool *found)
{
    pcre2_match_data *data = pcre2_match_data_create(1, NULL);
    const int groups = data ? pcre2_match((const pcre2_code *)pattern, (PCRE2_SPTR)text, length, 0, 0, data, NULL) : PCRE2_ERROR_NOMEMORY;
    pcre2_match_data_free(data);
    *found = groups >= 0; /* 0: more groups than data holds */
    return groups != PCRE2_ERROR_NOMEMORY;
}
