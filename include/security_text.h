/* SPDX-License-Identifier: EUPL-1.2
 * Whom to tell of a vulnerability (RFC 9116). */
#ifndef WELCOME_SECURITY_TEXT_H
#define WELCOME_SECURITY_TEXT_H

#include "operation_code.h"

/* A sentence about what is wrong with its configuration, or NULL. */
const char *security_text_misconfigured(const struct config *config);

/* The code of get_security_text; refuses with not_found while no contact is configured. */
bool security_text_render(struct request *request, struct buffer *out, const char **type);

#endif
