/* SPDX-License-Identifier: EUPL-1.2
 * What the reader's headers ask for: languages and media types. */
#ifndef WELCOME_NEGOTIATE_H
#define WELCOME_NEGOTIATE_H

#include "arena.h"

#include <stdbool.h>
#include <stddef.h>

#define LANGUAGES_MAX 16 /* languages one request can ask for; more are passed over */

struct languages {
    const char *items[LANGUAGES_MAX]; /* known tags, asked ones first, no tag twice; never empty */
    size_t count;
    size_t asked; /* how many of them the reader asked for */
};

/* Chooses known languages: `lang` (a parameter's text, or NULL) before Accept-Language (or NULL; RFC 9110 §12.5.4 with q-values,
 * RFC 4647 §3.4 lookup by truncation) before the defaults ("en,de"). Unreadable parts of the header are passed over. */
void languages_choose(struct languages *languages, const char *lang, const char *accept_language, const char *defaults);

/* How much the Accept header (NULL: anything) wants the media type, in thousandths; 0: not at all (RFC 9110 §12.5.1). */
int accept_quality(const char *accept, const char *media_type);

/* Whether Accept-Encoding (NULL: nothing is said) wants gzip at least as much as the plain bytes (RFC 9110 §12.5.3). */
bool encoding_gzip(const char *accept_encoding);

/* Whether a list of entity tags (If-None-Match; NULL: none) names this one, `"..."`, or is `*`. Compared weakly (RFC 9110 §8.8.3.2,
 * §13.1.2); what follows an element that is no entity tag is not looked at. */
bool etags_include(const char *list, const char *etag);

#endif
