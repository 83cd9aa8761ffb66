/* SPDX-License-Identifier: EUPL-1.2
 * The program's sentences for people, read once from the embedded files. */
#include "text.h"

#include "embed.h"
#include "log.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "banned.h"

static json_t *catalogue;

enum { PROBLEMS_MAX = 512 };
static const char *problems[PROBLEMS_MAX]; /* codes in order; the catalogue's */
static size_t problem_count;

/* Adds the sections of one file to the catalogue. */
static bool texts_read(const char *path)
{
    const struct embedded *file = embedded_find(path);
    json_error_t error = {0};
    json_t *texts = file ? json_loadb(file->bytes, file->length, JSON_REJECT_DUPLICATES, &error) : NULL;
    const bool read = texts && json_object_update_missing(catalogue, texts) == 0;
    if (!read)
        log_error("texts_unreadable", log_text("file", path), log_text("detail", error.text), log_integer("line", error.line));
    json_decref(texts);
    return read;
}

static int codes_compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool problems_number(void)
{
    const char *code;
    json_t *problem;
    problem_count = 0;
    json_object_foreach(json_object_get(catalogue, "problems"), code, problem) {
        if (problem_count == PROBLEMS_MAX)
            return false;
        problems[problem_count++] = code;
    }
    qsort(problems, problem_count, sizeof *problems, codes_compare);
    return true;
}

bool texts_load(void)
{
    catalogue = json_object();
    return catalogue && texts_read("content/texts/problems.json") && texts_read("content/texts/print.json") && problems_number();
}

void texts_release(void)
{
    json_decref(catalogue);
    catalogue = NULL;
    problem_count = 0;
}

static bool starts_with_tag(const char *language, const char *tag)
{
    const size_t length = strlen(tag);
    return strncmp(language, tag, length) == 0 && (language[length] == '\0' || language[length] == '-');
}

const char *text_language(const char *language)
{
    return starts_with_tag(language, "de") ? "de" : "en";
}

const char *text_choose(const char *const *languages, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (starts_with_tag(languages[i], "de"))
            return "de";
        if (starts_with_tag(languages[i], "en"))
            return "en";
    }
    return "en";
}

/* The tag of these texts to use for a reader of that language: itself, what is left of it before "-", or text_language(). */
static const char *text_tag(const json_t *entry, const char *language)
{
    const char *tag, *parent = NULL;
    json_t *text;
    json_object_foreach((json_t *)entry, tag, text) {
        if (strcmp(tag, language) == 0)
            return tag;
        if (starts_with_tag(language, tag))
            parent = tag;
    }
    return parent ? parent : text_language(language);
}

const char *text_find_tagged(const char *section, const char *key, const char *language, const char **tag)
{
    const json_t *entry = json_object_get(json_object_get(catalogue, section), key);
    *tag = text_tag(entry, language);
    return json_string_value(json_object_get(entry, *tag));
}

const char *text_find(const char *section, const char *key, const char *part, const char *language)
{
    const json_t *entry = json_object_get(json_object_get(catalogue, section), key);
    if (part)
        entry = json_object_get(entry, part);
    return json_string_value(json_object_get(entry, text_language(language)));
}

int text_problem_status(const char *code)
{
    return (int)json_integer_value(json_object_get(json_object_get(json_object_get(catalogue, "problems"), code), "status"));
}

size_t text_problem_count(void)
{
    return problem_count;
}

const char *text_problem_code(size_t number)
{
    return number < problem_count ? problems[number] : "other";
}

size_t text_problem_number(const char *code)
{
    const char **found = bsearch(&code, problems, problem_count, sizeof *problems, codes_compare);
    return found ? (size_t)(found - problems) : problem_count;
}
