/* SPDX-License-Identifier: EUPL-1.2
 * Marks in a text what was searched for. Words are folded as in the database (folded() in migrations/functions/49_search.sql). */
#include "passage.h"

#include "letter.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>

#include "banned.h"

enum {
    WORDS_MAX = 64,
    HITS_MAX = 256,
    FOLDED_MAX = 128, /* bytes of a word that are compared */
    WHOLE_LETTERS = 4, /* from so many on a stem is the beginning of what it marks */
    LEAD = 50,         /* letters shown before the first word */
    WINDOW = 160,      /* letters in which words stand near each other */
    SHOWN = 240,       /* letters of a passage */
};

struct word {
    const char *text;
    int length;
    bool begins;
};

struct hit {
    int start, end, letter; /* bytes; letters before it */
    uint64_t word;          /* a bit */
};

struct passage {
    const char *text;
    int length;
    struct word words[WORDS_MAX];
    int word_count;
    bool first[256]; /* bytes that words begin with */
    struct hit hits[HITS_MAX];
    int hit_count;
};

struct folded {
    char bytes[FOLDED_MAX];
    int length;
    UChar32 before; /* the letter folded last */
};

static bool is_between(UChar32 c, UChar32 first, UChar32 last)
{
    return c >= first && c <= last;
}

static bool is_lost_mark(UChar32 c)
{
    return is_between(c, 0x300, 0x36f) || is_between(c, 0x610, 0x61a) || c == 0x640 || is_between(c, 0x64b, 0x65f) || c == 0x670 ||
           is_between(c, 0x6d6, 0x6ed);
}

/* Scripts written without spaces: each letter is a word. */
static bool is_alone(UChar32 c)
{
    return is_between(c, 0xe00, 0xeff) || is_between(c, 0x1000, 0x109f) || is_between(c, 0x1780, 0x17ff) ||
           is_between(c, 0x3040, 0x30ff) || is_between(c, 0x3400, 0x9fff);
}

static bool is_combining(UChar32 c)
{
    return c >= 0x300 && (U_GET_GC_MASK(c) & U_GC_M_MASK) != 0;
}

static UChar32 letter_like(UChar32 c)
{
    static const struct {
        UChar32 from, to;
    } alike[] = {{0x142, 'l'},     {0xf8, 'o'},      {0x111, 'd'},     {0x131, 'i'},     {0xe6, 'a'},      {0x153, 'o'},     {0x491, 0x433},
                 {0x649, 0x64a}, {0x6cc, 0x64a}, {0x629, 0x647}, {0x6d5, 0x647}, {0x6c1, 0x647}, {0x6a9, 0x643}};
    if (is_between(c, 0x660, 0x669))
        return '0' + c - 0x660;
    if (is_between(c, 0x6f0, 0x6f9))
        return '0' + c - 0x6f0;
    for (size_t i = 0; i < sizeof alike / sizeof *alike; i++)
        if (alike[i].from == c)
            return alike[i].to;
    return c;
}

static void fold_part(struct folded *folded, UChar32 c)
{
    if (is_lost_mark(c))
        return;
    c = c < 0x80 ? c : letter_like(c);
    const UChar32 before = folded->before;
    folded->before = c;
    if (c == 'e' && (before == 'a' || before == 'o' || before == 'u'))
        return;
    letter_put(folded->bytes, &folded->length, FOLDED_MAX, c); /* the rest of a longer word is not compared */
}

/* The letters a letter is made of, as UTF-8; 0: it is one. Syllables of Hangul stay whole. */
static int parts_of(UChar32 c, char *parts, int size)
{
    UErrorCode status = U_ZERO_ERROR;
    UChar units[20];
    int32_t length = 0;
    if (c == 0xdf) {
        memcpy(parts, "ss", 2);
        return 2;
    }
    const UNormalizer2 *forms = unorm2_getNFKDInstance(&status);
    const int32_t count = U_SUCCESS(status) && !is_between(c, 0xac00, 0xd7a3)
                              ? unorm2_getDecomposition(forms, c, units, sizeof units / sizeof *units, &status) : 0;
    if (count > 0)
        u_strToUTF8(parts, size, &length, units, count, &status);
    return U_SUCCESS(status) ? length : 0;
}

static void fold_letter(struct folded *folded, UChar32 c)
{
    char parts[64];
    c = c < 0x80 ? (is_between(c, 'A', 'Z') ? c + 32 : c) : u_tolower(c);
    const int length = c < 0x80 ? 0 : parts_of(c, parts, sizeof parts);
    if (length == 0)
        fold_part(folded, c);
    for (int at = 0; at < length;)
        fold_part(folded, letter_next(parts, &at, length));
}

/* The bit of the word to mark that this one is; 0: none. */
static uint64_t word_find(const struct passage *passage, const struct folded *folded)
{
    for (int i = 0; i < passage->word_count; i++) {
        const struct word *word = &passage->words[i];
        if ((folded->length == word->length || (word->begins && folded->length > word->length)) &&
            memcmp(folded->bytes, word->text, (size_t)word->length) == 0)
            return UINT64_C(1) << i;
    }
    return 0;
}

static void words_read(struct passage *passage, const char *words)
{
    while (*words && passage->word_count < WORDS_MAX) {
        const size_t length = strcspn(words, " ");
        const bool star = length > 1 && words[length - 1] == '*';
        struct word word = {words, (int)(length - star), star};
        int letters = 0;
        for (int i = 0; i < word.length; letters++)
            letter_next(words, &i, word.length);
        word.begins = star || letters >= WHOLE_LETTERS;
        if (word.length > 0 && word.length <= FOLDED_MAX - 4) {
            passage->words[passage->word_count++] = word;
            passage->first[(unsigned char)*words] = true;
        }
        words += length + (words[length] == ' ');
    }
}

/* Reads the word that begins at *at with letter c; only one whose first letter fits is folded to its end. */
static uint64_t word_read(const struct passage *passage, int *at, int *letters, UChar32 c)
{
    struct folded folded = {.length = 0};
    fold_letter(&folded, c);
    const bool fits = folded.length > 0 && passage->first[(unsigned char)folded.bytes[0]];
    const bool alone = is_alone(c);
    while (*at < passage->length) {
        int next = *at;
        c = letter_next(passage->text, &next, passage->length);
        if (c < 0 || (!is_combining(c) && (alone || is_alone(c) || !u_isalnum(c))))
            break;
        *at = next;
        (*letters)++;
        if (fits)
            fold_letter(&folded, c);
    }
    return fits ? word_find(passage, &folded) : 0;
}

static void hits_find(struct passage *passage)
{
    int letters = 0;
    for (int at = 0; at < passage->length && passage->hit_count < HITS_MAX && passage->word_count > 0; letters++) {
        const int start = at, letter = letters;
        const UChar32 c = letter_next(passage->text, &at, passage->length);
        if (c < 0 || !u_isalnum(c))
            continue;
        const uint64_t word = word_read(passage, &at, &letters, c);
        if (word)
            passage->hits[passage->hit_count++] = (struct hit){start, at, letter, word};
    }
}

/* The hit with which the window begins that has most words, and then most hits. */
static const struct hit *hits_best(const struct passage *passage)
{
    const struct hit *best = NULL;
    int most = 0;
    for (int i = 0; i < passage->hit_count; i++) {
        uint64_t words = 0;
        int hits = 0;
        for (int j = i; j < passage->hit_count && passage->hits[j].letter < passage->hits[i].letter + WINDOW; j++, hits++)
            words |= passage->hits[j].word;
        const int worth = __builtin_popcountll(words) * HITS_MAX + hits;
        if (worth > most) {
            most = worth;
            best = &passage->hits[i];
        }
    }
    return best;
}

static bool is_space(char byte)
{
    return (unsigned char)byte <= ' ';
}

/* Where to begin to have some letters before that byte, at the beginning of a word where one is near. */
static int passage_begin(const char *text, int hit)
{
    int begin = hit;
    for (int letters = 0; letters < LEAD && begin > 0; letters++)
        begin = letter_before(text, begin);
    for (int at = begin; begin > 0 && at < hit; at++)
        if (is_space(text[at]))
            return at + 1;
    return begin;
}

static int passage_end(const struct passage *passage, int begin, int last)
{
    int end = begin;
    for (int letters = 0; letters < SHOWN && end < passage->length; letters++)
        letter_next(passage->text, &end, passage->length);
    for (int at = end; end < passage->length && at > last; at--)
        if (is_space(passage->text[at]))
            return at;
    return end;
}

static void write_escaped(struct buffer *out, const char *text, int length)
{
    bool space = false;
    for (int i = 0; i < length; i++) {
        if (is_space(text[i])) {
            space = true;
            continue;
        }
        if (space)
            buffer_putc(out, ' ');
        space = false;
        switch (text[i]) {
        case '&': buffer_puts(out, "&amp;"); break;
        case '<': buffer_puts(out, "&lt;"); break;
        case '>': buffer_puts(out, "&gt;"); break;
        case '"': buffer_puts(out, "&quot;"); break;
        case '\'': buffer_puts(out, "&#39;"); break;
        default: buffer_putc(out, text[i]);
        }
    }
    if (space)
        buffer_putc(out, ' ');
}

void passage_write(struct buffer *out, const char *words, const char *text)
{
    struct passage passage = {.text = text, .length = (int)strlen(text)};
    words_read(&passage, words);
    hits_find(&passage);
    const struct hit *best = hits_best(&passage), *end_of_hits = passage.hits + passage.hit_count;
    const int begin = best ? passage_begin(text, best->start) : 0;
    const int end = passage_end(&passage, begin, best ? best->end : begin);
    int at = begin;
    if (begin > 0)
        buffer_puts(out, "… ");
    for (const struct hit *hit = passage.hits; hit < end_of_hits && hit->end <= end; hit++) {
        if (hit->start < at)
            continue;
        write_escaped(out, text + at, hit->start - at);
        buffer_puts(out, "<mark>");
        write_escaped(out, text + hit->start, hit->end - hit->start);
        buffer_puts(out, "</mark>");
        at = hit->end;
    }
    write_escaped(out, text + at, end - at);
    if (end < passage.length)
        buffer_puts(out, " …");
}
