/* SPDX-License-Identifier: EUPL-1.2
 * A snapshot from JSON (src/matching/snapshot.yaml says its shape), and a result as JSON. */
#ifndef WELCOME_MATCHING_JSON_H
#define WELCOME_MATCHING_JSON_H

#include "arena.h"
#include "buffer.h"
#include "matching.h"
#include "schema.h"

/* Reads and closes a snapshot. False: faults says why, or is marked failed; the instance is then released. Faults have codes of
 * schema.h, or matching_fault_name() without a limit, or "not_json" or "number_too_large" with line and column as the limit. All faults
 * of shape in the first list that has any are told, of others the first. */
bool matching_read(struct matching_instance *instance, const char *text, size_t length, struct faults *faults);

/* An English sentence for such a fault; in the arena or static. */
const char *matching_fault_sentence(const struct fault *fault, struct arena *arena);

/* Writes what a round found: figures, certificate, proposals with their terms and second best, who got none and why, and with greedy
 * not NULL the figures of that and the difference. The same bytes for the same result. */
void matching_write(struct buffer *out, const struct matching_instance *instance, const struct matching_result *result,
                    const struct matching_result *greedy);

#endif
