/* SPDX-License-Identifier: EUPL-1.2
 * Why a guide was proposed: the stored terms of a score as sentences in the reader's language, names in them as well. */
#include "explanation.h"

#include "codes.h"
#include "language.h"
#include "text.h"
#include "vocabulary.h"

#include <stdio.h>
#include <string.h>

#include "banned.h"

/* "topics": titles joined by commas. */
static void topics_write(struct buffer *out, const json_t *topics, const char *reader)
{
    size_t i;
    json_t *topic;
    json_array_foreach(topics, i, topic) {
        if (i)
            buffer_puts(out, ", ");
        buffer_puts(out, vocabulary_title(VOCABULARY_TOPIC, json_string_value(topic) ? json_string_value(topic) : "", reader));
    }
}

static void member_write(struct buffer *out, const char *name, const json_t *value, const char *reader)
{
    const char *text = json_string_value(value);
    if (json_is_array(value))
        topics_write(out, value, reader);
    else if (json_is_integer(value))
        buffer_printf(out, "%lld", (long long)json_integer_value(value));
    else if (text && strcmp(name, "language") == 0) {
        char language[LANGUAGE_NAME_MAX];
        language_name(text, reader, language);
        buffer_puts(out, language);
    } else if (text && strcmp(name, "level") == 0) {
        const char *level = text_find("levels", text, NULL, reader);
        buffer_puts(out, level ? level : text);
    } else if (text && strcmp(name, "city") == 0)
        buffer_puts(out, vocabulary_title(VOCABULARY_CITY, text, reader));
    else if (text && strcmp(name, "audience") == 0)
        buffer_puts(out, vocabulary_title(VOCABULARY_AUDIENCE, text, reader));
    else if (text)
        buffer_puts(out, text);
}

/* The sentence with every {name} replaced by the term's member of that name. */
static void sentence_fill(struct buffer *out, const char *sentence, const json_t *term, const char *reader)
{
    while (*sentence) {
        const char *open = strchr(sentence, '{'), *close = open ? strchr(open, '}') : NULL;
        char name[32];
        if (!close || (size_t)(close - open) > sizeof name) {
            buffer_puts(out, sentence);
            return;
        }
        const size_t length = (size_t)(close - open) - 1;
        buffer_append(out, sentence, (size_t)(open - sentence));
        memcpy(name, open + 1, length);
        name[length] = '\0';
        member_write(out, name, json_object_get(term, name), reader);
        sentence = close + 1;
    }
}

/* The text's key: the criterion, refined where it has kinds. */
static const char *sentence_find(const json_t *term, const char *criterion, const char *reader)
{
    char key[64];
    const char *reach = json_string_value(json_object_get(term, "reach"));
    const bool related = json_is_true(json_object_get(term, "related"));
    snprintf(key, sizeof key, "%s%s%s", criterion, reach || related ? "." : "", reach ? reach : related ? "related" : "");
    return text_find("explanations", key, NULL, reader);
}

static void term_write(struct buffer *out, const json_t *term, const char *reader)
{
    const char *criterion = json_string_value(json_object_get(term, "criterion"));
    const char *sentence = criterion ? sentence_find(term, criterion, reader) : NULL;
    struct buffer detail;
    buffer_init(&detail);
    sentence_fill(&detail, sentence ? sentence : criterion ? criterion : "", term, reader);
    buffer_puts(out, "{\"criterion\":");
    buffer_json_text(out, criterion ? criterion : "");
    buffer_puts(out, ",\"detail\":");
    const char *text = buffer_text(&detail);
    buffer_json_text(out, text ? text : "");
    buffer_printf(out, ",\"points\":%lld}", (long long)json_integer_value(json_object_get(term, "points")));
    out->failed = out->failed || !text;
    buffer_release(&detail);
}

void explanation_terms_write(struct buffer *out, const json_t *terms, const char *reader)
{
    size_t i;
    json_t *term;
    reader = text_language(reader); /* no Turkish names in an English sentence */
    buffer_putc(out, '[');
    json_array_foreach(terms, i, term) {
        if (i)
            buffer_putc(out, ',');
        term_write(out, term, reader);
    }
    buffer_putc(out, ']');
}

static bool explanation_write(struct buffer *out, const char *terms, const char *reader)
{
    json_t *list = json_loads(terms, 0, NULL);
    if (!list)
        return false;
    explanation_terms_write(out, list, reader);
    json_decref(list);
    return true;
}

static const struct column_code EXPLANATION_COLUMNS[] = {{"explanation", explanation_write}, {0}};

const struct operation_code MATCHING_CODES[] = {
    {.operation = "list_candidates", .columns = EXPLANATION_COLUMNS},
    {.operation = "list_proposals", .columns = EXPLANATION_COLUMNS},
    {.operation = "get_proposal", .columns = EXPLANATION_COLUMNS},
    {0},
};
