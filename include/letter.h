/* SPDX-License-Identifier: EUPL-1.2
 * UTF-8 letter by letter, by ICU. */
#ifndef WELCOME_LETTER_H
#define WELCOME_LETTER_H

#include <stdbool.h>
#include <stdint.h>
#include <unicode/utf8.h>

/* ICU's macros are not written for these warnings. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"

/* The code point at text + *at, which moves behind it; negative: no UTF-8. *at must be below length. */
static inline UChar32 letter_next(const char *text, int *at, int length)
{
    const uint8_t *bytes = (const uint8_t *)text;
    int i = *at;
    UChar32 letter;
    U8_NEXT(bytes, i, length, letter);
    *at = i;
    return letter;
}

/* Where the letter before text + at begins; at must be above 0. */
static inline int letter_before(const char *text, int at)
{
    const uint8_t *bytes = (const uint8_t *)text;
    U8_BACK_1(bytes, 0, at);
    return at;
}

/* Writes a code point at text + *at, which moves behind it. False: it does not end before size. */
static inline bool letter_put(char *text, int *at, int size, UChar32 letter)
{
    uint8_t *bytes = (uint8_t *)text;
    int i = *at;
    if (U8_LENGTH(letter) > size - i)
        return false;
    U8_APPEND_UNSAFE(bytes, i, letter);
    *at = i;
    return true;
}

#pragma GCC diagnostic pop

#endif
