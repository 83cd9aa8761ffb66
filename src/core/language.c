/* SPDX-License-Identifier: EUPL-1.2
 * Names of languages in all languages: ICU's, since no table of ours could hold all pairs. */
#include "language.h"

#include "vocabulary.h"

#include <stdio.h>
#include <string.h>
#include <unicode/uloc.h>
#include <unicode/ustring.h>

#include "banned.h"

#define NAME_UNITS (LANGUAGE_NAME_MAX / 3)

/* ICU's name; false when it would only repeat the tag, or spell out a variant in capitals. */
static bool icu_name(const char *tag, const char *reader, char name[LANGUAGE_NAME_MAX])
{
    UChar units[NAME_UNITS];
    char locale[ULOC_FULLNAME_CAPACITY], variant[ULOC_FULLNAME_CAPACITY];
    UErrorCode status = U_ZERO_ERROR;
    uloc_forLanguageTag(tag, locale, sizeof locale, NULL, &status);
    if (U_FAILURE(status) || uloc_getVariant(locale, variant, sizeof variant, &status) > 0)
        return false;
    const int32_t length = uloc_getDisplayName(locale, reader, units, NAME_UNITS, &status);
    if (U_FAILURE(status) || status == U_USING_DEFAULT_WARNING || length >= NAME_UNITS)
        return false;
    u_strToUTF8(name, LANGUAGE_NAME_MAX, NULL, units, length, &status);
    return U_SUCCESS(status) && strcmp(name, locale) != 0;
}

void language_name(const char *tag, const char *reader, char name[LANGUAGE_NAME_MAX])
{
    if (!icu_name(tag, reader, name))
        snprintf(name, LANGUAGE_NAME_MAX, "%s", vocabulary_title(VOCABULARY_LANGUAGE, tag, reader));
}
