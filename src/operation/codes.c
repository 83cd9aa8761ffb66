/* SPDX-License-Identifier: EUPL-1.2
 * The table of tables: every module's C parts of operations. */
#include "codes.h"

#include <stddef.h>

#include "banned.h"

const struct operation_code *const OPERATION_CODES[] = {
    ACCOUNT_CODES,
    APPOINTMENT_CODES,
    ATTACHMENT_CODES,
    CHECKLIST_CODES,
    EVENT_CODES,
    MATCHING_CODES,
    MEDIA_CODES,
    NEWS_CODES,
    OIDC_CODES,
    OPERATION_MODULE_CODES,
    PLACE_CODES,
    PRINT_CODES,
    PRIVACY_CODES,
    REFERENCE_CODES,
    REVISION_CODES,
    ROUND_CODES,
    SEARCH_CODES,
    SECOND_FACTOR_CODES,
    SERVICE_CODES,
    NULL,
};
