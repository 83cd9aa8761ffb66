/* SPDX-License-Identifier: EUPL-1.2
 * Kept answers in two queues: what is new must be asked for again before it may push out what is in use (S3-FIFO without its ghosts), so
 * that a flood of requests nobody repeats leaves the answers everybody reads where they are. */
#include "cache.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "banned.h"

#define ANSWER_BYTES 4096 /* an answer for which there is a row in the table */
#define OVERHEAD 2048     /* of an answer: headers, MHD's and malloc's bookkeeping, this entry */
#define NEW_SHARE 10      /* a tenth is for what was asked for once */
#define USES_MAX 3

struct entry {
    struct kept kept; /* first: cache_find() hands it out */
    struct entry *chain;
    struct entry *older, *newer;
    uint64_t hash;
    size_t bytes;
    unsigned char uses, queue;
    size_t key_length;
    char key[];
};

enum { NEW, USED, QUEUES };

struct queue {
    struct entry *oldest, *newest;
    size_t bytes;
};

struct cache {
    size_t limit;
    unsigned char hash_key[crypto_shorthash_KEYBYTES];
    struct queue queues[QUEUES];
    struct {
        atomic_uint_fast64_t hits, misses, stores, evictions, stale;
        atomic_size_t bytes, answers;
    } figures;
    size_t mask;
    struct entry *rows[];
};

struct cache *cache_new(size_t bytes, const unsigned char *hash_key)
{
    size_t rows = 64;
    while (rows < bytes / ANSWER_BYTES)
        rows *= 2;
    struct cache *cache = calloc(1, sizeof *cache + rows * sizeof *cache->rows);
    if (!cache)
        return NULL;
    cache->limit = bytes;
    cache->mask = rows - 1;
    memcpy(cache->hash_key, hash_key, sizeof cache->hash_key);
    return cache;
}

/* One thread writes a figure, others read it: no locked instruction is needed. */
static void figure_add(atomic_uint_fast64_t *figure)
{
    atomic_store_explicit(figure, atomic_load_explicit(figure, memory_order_relaxed) + 1, memory_order_relaxed);
}

static void queue_push(struct cache *cache, struct entry *entry, unsigned which)
{
    struct queue *queue = &cache->queues[which];
    entry->queue = (unsigned char)which;
    entry->newer = NULL;
    entry->older = queue->newest;
    if (queue->newest)
        queue->newest->newer = entry;
    else
        queue->oldest = entry;
    queue->newest = entry;
    queue->bytes += entry->bytes;
}

static void queue_remove(struct cache *cache, struct entry *entry)
{
    struct queue *queue = &cache->queues[entry->queue];
    *(entry->newer ? &entry->newer->older : &queue->newest) = entry->older;
    *(entry->older ? &entry->older->newer : &queue->oldest) = entry->newer;
    queue->bytes -= entry->bytes;
}

static size_t bytes_kept(const struct cache *cache)
{
    return cache->queues[NEW].bytes + cache->queues[USED].bytes;
}

static void figures_set(struct cache *cache, size_t answers)
{
    atomic_store_explicit(&cache->figures.bytes, bytes_kept(cache), memory_order_relaxed);
    atomic_store_explicit(&cache->figures.answers, answers, memory_order_relaxed);
}

static void entry_free(struct cache *cache, struct entry *entry)
{
    struct entry **at = &cache->rows[entry->hash & cache->mask];
    while (*at != entry)
        at = &(*at)->chain;
    *at = entry->chain;
    queue_remove(cache, entry);
    figures_set(cache, atomic_load_explicit(&cache->figures.answers, memory_order_relaxed) - 1);
    MHD_destroy_response(entry->kept.response);
    free(entry);
}

void cache_free(struct cache *cache)
{
    for (unsigned which = 0; cache && which < QUEUES; which++)
        while (cache->queues[which].oldest)
            entry_free(cache, cache->queues[which].oldest);
    free(cache);
}

void cache_drop(struct cache *cache, struct kept *kept)
{
    entry_free(cache, (struct entry *)kept);
    figure_add(&cache->figures.stale);
}

/* Every turn takes an entry out of the new ones or a use from an old one, so it ends. */
static void make_room(struct cache *cache)
{
    while (bytes_kept(cache) > cache->limit) {
        const bool fresh = cache->queues[NEW].bytes > cache->limit / NEW_SHARE || !cache->queues[USED].oldest;
        struct entry *entry = cache->queues[fresh ? NEW : USED].oldest;
        if (entry->uses == 0) {
            entry_free(cache, entry);
            figure_add(&cache->figures.evictions);
            continue;
        }
        queue_remove(cache, entry);
        entry->uses = (unsigned char)(fresh ? 0 : entry->uses - 1);
        queue_push(cache, entry, USED);
    }
}

static uint64_t key_hash(const struct cache *cache, struct cache_key key)
{
    uint64_t hash;
    crypto_shorthash((unsigned char *)&hash, (const unsigned char *)key.bytes, key.length, cache->hash_key);
    return hash;
}

static bool entry_is(const struct entry *entry, uint64_t hash, struct cache_key key)
{
    return entry->hash == hash && entry->key_length == key.length && memcmp(entry->key, key.bytes, key.length) == 0;
}

struct kept *cache_find(struct cache *cache, struct cache_key key, bool (*fits)(const struct kept *kept, void *context), void *context)
{
    const uint64_t hash = key_hash(cache, key);
    for (struct entry *entry = cache->rows[hash & cache->mask]; entry; entry = entry->chain)
        if (entry_is(entry, hash, key) && fits(&entry->kept, context)) {
            if (entry->uses < USES_MAX)
                entry->uses++;
            return &entry->kept;
        }
    return NULL;
}

bool cache_keep(struct cache *cache, struct cache_key key, const struct kept *kept)
{
    const uint64_t hash = key_hash(cache, key);
    struct entry **row = &cache->rows[hash & cache->mask];
    const size_t bytes = kept->length + key.length + OVERHEAD;
    struct entry *entry = bytes > cache->limit / NEW_SHARE ? NULL : malloc(sizeof *entry + key.length);
    if (!entry)
        return false;
    for (struct entry *old = *row; old; old = old->chain)
        if (entry_is(old, hash, key) && old->kept.media == kept->media) {
            entry_free(cache, old);
            break;
        }
    *entry = (struct entry){.kept = *kept, .chain = *row, .hash = hash, .bytes = bytes, .key_length = key.length};
    memcpy(entry->key, key.bytes, key.length);
    *row = entry;
    queue_push(cache, entry, NEW);
    figures_set(cache, atomic_load_explicit(&cache->figures.answers, memory_order_relaxed) + 1);
    figure_add(&cache->figures.stores);
    make_room(cache);
    return true;
}

void cache_count(struct cache *cache, bool hit)
{
    figure_add(hit ? &cache->figures.hits : &cache->figures.misses);
}

struct cache_figures cache_figures(const struct cache *cache)
{
    return (struct cache_figures){
        .hits = atomic_load_explicit(&cache->figures.hits, memory_order_relaxed),
        .misses = atomic_load_explicit(&cache->figures.misses, memory_order_relaxed),
        .stores = atomic_load_explicit(&cache->figures.stores, memory_order_relaxed),
        .evictions = atomic_load_explicit(&cache->figures.evictions, memory_order_relaxed),
        .stale = atomic_load_explicit(&cache->figures.stale, memory_order_relaxed),
        .bytes = atomic_load_explicit(&cache->figures.bytes, memory_order_relaxed),
        .answers = atomic_load_explicit(&cache->figures.answers, memory_order_relaxed),
    };
}
