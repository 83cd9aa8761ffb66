/* SPDX-License-Identifier: EUPL-1.2
 * The program's sentences for people (content/texts/), in German and English, some in more languages. */
#ifndef WELCOME_TEXT_H
#define WELCOME_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Reads the embedded texts; call once before any thread starts. False when they are missing or broken (logged). */
bool texts_load(void);
void texts_release(void);

/* The language of these to use for a reader of that one: itself, its parent ("de" for "de-simple"), else "en". Static. */
const char *text_language(const char *language);

/* The first of the reader's languages there are texts in, else "en". */
const char *text_choose(const char *const *languages, size_t count);

/* The sentence at section/key[/part], e.g. ("problems", "not_found", "title", "de") or ("faults", "required", NULL, "en"); NULL when
 * there is none. Lives until texts_release(). */
const char *text_find(const char *section, const char *key, const char *part, const char *language);

/* The sentence at section/key of those in more languages, and its language: the reader's, its parent or text_language(). NULL when
 * there is none. Both live until texts_release(). */
const char *text_find_tagged(const char *section, const char *key, const char *language, const char **tag);

/* The status of a problem code; 0 when there is no such code. */
int text_problem_status(const char *code);

/* The codes of all problems, numbered from 0; a number beyond is "other", which is also what an unknown code's is. */
size_t text_problem_count(void);
const char *text_problem_code(size_t number);
size_t text_problem_number(const char *code);

#endif
