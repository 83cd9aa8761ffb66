/* SPDX-License-Identifier: EUPL-1.2
 * Every module's C parts of operations. */
#ifndef WELCOME_CODES_H
#define WELCOME_CODES_H

#include "operation_code.h"

extern const struct operation_code ACCOUNT_CODES[];          /* src/accounts/account_codes.c */
extern const struct operation_code APPOINTMENT_CODES[];      /* src/services/appointment_codes.c */
extern const struct operation_code ATTACHMENT_CODES[];       /* src/services/attachment_codes.c */
extern const struct operation_code CHECKLIST_CODES[];        /* src/information/checklist.c */
extern const struct operation_code EVENT_CODES[];            /* src/events/event_codes.c */
extern const struct operation_code MATCHING_CODES[];         /* src/matching/explanation.c */
extern const struct operation_code MEDIA_CODES[];            /* src/media/media_codes.c */
extern const struct operation_code NEWS_CODES[];             /* src/news/news_feed.c */
extern const struct operation_code OIDC_CODES[];             /* src/accounts/oidc_codes.c */
extern const struct operation_code OPERATION_MODULE_CODES[]; /* src/operation/document_codes.c */
extern const struct operation_code PLACE_CODES[];            /* src/places/place_codes.c */
extern const struct operation_code PRINT_CODES[];            /* src/information/print.c */
extern const struct operation_code PRIVACY_CODES[];          /* src/privacy/privacy_codes.c */
extern const struct operation_code REFERENCE_CODES[];        /* src/reference/reference_codes.c */
extern const struct operation_code REVISION_CODES[];         /* src/information/revision_codes.c */
extern const struct operation_code ROUND_CODES[];            /* src/matching/round_codes.c */
extern const struct operation_code SECOND_FACTOR_CODES[];    /* src/accounts/second_factor_codes.c */
extern const struct operation_code SEARCH_CODES[];           /* src/information/search_codes.c */
extern const struct operation_code SERVICE_CODES[];          /* src/services/service_codes.c */

#endif
