/* SPDX-License-Identifier: EUPL-1.2
 * The memory of one request (or one compiled document): allocated piece by piece, freed at once. */
#ifndef WELCOME_ARENA_H
#define WELCOME_ARENA_H

#include <stdbool.h>
#include <stddef.h>

struct arena_block;
struct arena_cleanup;

struct arena {
    struct arena_block *blocks;     /* newest first */
    struct arena_cleanup *cleanups; /* newest first */
    size_t block_size;              /* bytes of an ordinary block */
};

/* Prepares an empty arena; allocates nothing yet. block_size 0 means 4 KiB. */
void arena_init(struct arena *arena, size_t block_size);

/* Runs the cleanups, newest first, and frees everything. The arena may be used again. */
void arena_release(struct arena *arena);

/* Returns size zeroed bytes, aligned for any type, that live until arena_release(); NULL when out of memory. */
void *arena_alloc(struct arena *arena, size_t size);

/* The same for count elements of size bytes; NULL when the product overflows. */
void *arena_array(struct arena *arena, size_t count, size_t size);

/* Copies into the arena, always terminated; NULL when out of memory. */
char *arena_copy(struct arena *arena, const char *text, size_t length);
char *arena_text(struct arena *arena, const char *text);
char *arena_printf(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Has cleanup(thing) called by arena_release(). On false (out of memory) cleanup was called at once. */
bool arena_defer(struct arena *arena, void (*cleanup)(void *), void *thing);

#endif
