/* SPDX-License-Identifier: EUPL-1.2
 * Loaded in front of the allocator by LD_PRELOAD: from SIGUSR1 to SIGUSR2 one in FAIL_ONE_IN allocations fails, whoever asks but the
 * libraries whose names begin with one of FAIL_SPARING's, which commas separate; or, with FAIL_AT, only the so many-th of all. */
#define _GNU_SOURCE /* RTLD_NEXT */
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static atomic_uint_fast64_t asked;
static atomic_bool failing;
static unsigned one_in = 100;
static unsigned long fail_at; /* 0: none */
static atomic_ulong counted;
static const char *sparing;

static void on_signal(int number)
{
    atomic_store(&failing, number == SIGUSR1);
}

__attribute__((constructor)) static void prepare(void)
{
    const char *rate = getenv("FAIL_ONE_IN");
    one_in = rate ? (unsigned)strtoul(rate, NULL, 10) : one_in;
    sparing = getenv("FAIL_SPARING");
    const char *one = getenv("FAIL_AT");
    fail_at = one ? strtoul(one, NULL, 10) : 0;
    if (fail_at)
        return;
    signal(SIGUSR1, on_signal);
    signal(SIGUSR2, on_signal);
}

static bool is_spared(const void *caller)
{
    Dl_info object;
    if (!sparing || !dladdr(caller, &object) || !object.dli_fname)
        return false;
    const char *slash = strrchr(object.dli_fname, '/'), *name = slash ? slash + 1 : object.dli_fname;
    for (const char *spared = sparing; *spared;) {
        const size_t length = strcspn(spared, ",");
        if (length && strncmp(name, spared, length) == 0)
            return true;
        spared += length + (spared[length] == ',');
    }
    return false;
}

/* The same in every run, but without a pattern (splitmix64). */
static bool fails(const void *caller)
{
    if (fail_at && !is_spared(caller) && atomic_fetch_add(&counted, 1) + 1 == fail_at) {
        errno = ENOMEM;
        return true;
    }
    if (!atomic_load_explicit(&failing, memory_order_relaxed))
        return false;
    uint64_t n = atomic_fetch_add_explicit(&asked, UINT64_C(0x9E3779B97F4A7C15), memory_order_relaxed);
    n = (n ^ n >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    n = (n ^ n >> 27) * UINT64_C(0x94D049BB133111EB);
    if ((n ^ n >> 31) % one_in != 0 || is_spared(caller))
        return false;
    errno = ENOMEM;
    return true;
}

/* The next function of that name: glibc's, or a sanitizer's. Looked for when first needed: others allocate before our constructor runs. */
static void *next(const char *name, void *_Atomic *known)
{
    void *found = atomic_load_explicit(known, memory_order_relaxed);
    if (!found) {
        found = dlsym(RTLD_NEXT, name);
        atomic_store_explicit(known, found, memory_order_relaxed);
    }
    return found;
}

void *malloc(size_t size)
{
    static void *_Atomic known;
    return fails(__builtin_return_address(0)) ? NULL : ((void *(*)(size_t))next("malloc", &known))(size);
}

void *calloc(size_t count, size_t size)
{
    static void *_Atomic known;
    return fails(__builtin_return_address(0)) ? NULL : ((void *(*)(size_t, size_t))next("calloc", &known))(count, size);
}

void *realloc(void *old, size_t size)
{
    static void *_Atomic known;
    return fails(__builtin_return_address(0)) ? NULL : ((void *(*)(void *, size_t))next("realloc", &known))(old, size);
}
