/* SPDX-License-Identifier: EUPL-1.2
 * The words of the reference data, held in memory so that inputs and languages are checked without the database. */
#ifndef WELCOME_VOCABULARY_H
#define WELCOME_VOCABULARY_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>

enum vocabulary { VOCABULARY_CITY, VOCABULARY_LANGUAGE, VOCABULARY_TOPIC, VOCABULARY_AUDIENCE, VOCABULARY_STAGE, VOCABULARY_COUNTRY, VOCABULARY_COUNT };

/* Makes the formats city, language, topic, audience, stage and country known to schemas. Once, before contracts are compiled. */
bool vocabulary_register(void);

/* Reads all words. Threads that are looking words up meanwhile see the old ones or the new ones, whole. False (logged): the old
 * ones stay. Only one thread may load at a time. */
bool vocabulary_load(PGconn *db);
void vocabulary_release(void);

/* The stored spelling of a word (languages compare without case), or NULL. Valid until vocabulary_release(). */
const char *vocabulary_find(enum vocabulary kind, const char *word, size_t length);

/* Whether there is a word of exactly this spelling: what is stored or compared later has no other. */
bool vocabulary_knows(enum vocabulary kind, const char *word, size_t length);

/* A word's title in German or English for a reader of that language; the word itself when it is not known. Valid as above. */
const char *vocabulary_title(enum vocabulary kind, const char *word, const char *language);

#endif
