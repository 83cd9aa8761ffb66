/* SPDX-License-Identifier: EUPL-1.2
 * Names of languages in all languages. */
#ifndef WELCOME_LANGUAGE_H
#define WELCOME_LANGUAGE_H

#include <stdbool.h>
#include <stddef.h>

#define LANGUAGE_NAME_MAX 512 /* bytes, with the terminating NUL */

/* The name of a language in the reader's language (CLDR, through ICU); where ICU has none, the vocabulary's German or English
 * one; else the tag itself. */
void language_name(const char *tag, const char *reader, char name[LANGUAGE_NAME_MAX]);

#endif
