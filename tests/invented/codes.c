/* SPDX-License-Identifier: EUPL-1.2
 * The C parts of the invented operations, in place of src/operation/codes.c. */
#include "operation_code.h"

#include <stddef.h>

#include "banned.h"

const struct operation_code *const OPERATION_CODES[] = {NULL};
