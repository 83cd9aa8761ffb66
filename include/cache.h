/* SPDX-License-Identifier: EUPL-1.2
 * Answers kept ready to be sent: one store a loop, of bounded size. Belongs to the loop's thread but for its figures. */
#ifndef WELCOME_CACHE_H
#define WELCOME_CACHE_H

#include <microhttpd.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cache;
struct endpoint;
struct media;

#define CACHE_KEY_MAX 1024 /* bytes; longer requests are not kept */

/* What distinguishes requests whose answers may differ; bytes, not a text. */
struct cache_key {
    const char *bytes;
    size_t length;
};

struct kept {
    struct MHD_Response *response;   /* with all headers */
    const struct endpoint *endpoint; /* that answered */
    const struct media *media;       /* that Accept chose */
    uint64_t generation;             /* of the endpoint's topics before its statements ran */
    int64_t until;                   /* µs of the monotonic clock; INT64_MAX: as long as the generation lasts */
    size_t length;                   /* of the body as it is sent */
    char etag[48];
    /* Values that differ from request to request, where libmicrohttpd keeps them; and the second that Date tells. */
    char *id, *left;
    size_t id_length;
    int64_t dated;
};

/* Room for so many bytes, headers and bookkeeping included; hash_key (16 bytes) is copied. NULL: out of memory. */
struct cache *cache_new(size_t bytes, const unsigned char *hash_key);
void cache_free(struct cache *cache);

/* What is kept under that key, as long as nothing else is called; NULL: nothing. Answers in several media types have one key: fits says
 * whether this one is meant. */
struct kept *cache_find(struct cache *cache, struct cache_key key, bool (*fits)(const struct kept *kept, void *context), void *context);

/* Keeps it in place of what was there for the same media type, and makes room. Takes the response over; false: it is too large or there is no
 * memory, and the response stays the caller's. */
bool cache_keep(struct cache *cache, struct cache_key key, const struct kept *kept);

/* Drops what cache_find() gave. */
void cache_drop(struct cache *cache, struct kept *kept);

struct cache_figures {
    uint64_t hits, misses, stores, evictions, stale;
    size_t bytes, answers;
};

/* Counts a request that might have been answered from here. */
void cache_count(struct cache *cache, bool hit);

/* Any thread. */
struct cache_figures cache_figures(const struct cache *cache);

#endif
