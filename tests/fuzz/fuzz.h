/* SPDX-License-Identifier: EUPL-1.2
 * What every fuzz target has. */
#ifndef WELCOME_FUZZ_H
#define WELCOME_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold whatever came in. */
static inline void require(bool condition)
{
    if (!condition)
        abort();
}

#endif
