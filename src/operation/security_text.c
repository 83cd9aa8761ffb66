/* SPDX-License-Identifier: EUPL-1.2
 * Whom to tell of a vulnerability, as RFC 9116 has it. */
#include "codes.h"

#include "config.h"
#include "security_text.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "banned.h"

#define MONTHS_GOOD 7 /* from the first of this month: never stale, and less than the year that is recommended at most */

/* The next URI of a list separated by commas, or NULL. */
static const char *uri_next(const char **list, size_t *length)
{
    *list += strspn(*list, ", ");
    *length = strcspn(*list, ", ");
    const char *uri = *list;
    *list += *length;
    return *length ? uri : NULL;
}

static bool uri_fits(const char *uri, size_t length, const char *const schemes[])
{
    for (size_t i = 0; i < length; i++)
        if (uri[i] <= ' ' || uri[i] == 0x7F)
            return false;
    for (size_t i = 0; schemes[i]; i++)
        if (length > strlen(schemes[i]) && strncmp(uri, schemes[i], strlen(schemes[i])) == 0)
            return true;
    return false;
}

const char *security_text_misconfigured(const struct config *config)
{
    static const char *const contacts[] = {"mailto:", "https://", "tel:", NULL}, *const pages[] = {"https://", NULL};
    const char *list = config->security_contact ? config->security_contact : "", *uri;
    size_t length;
    while ((uri = uri_next(&list, &length)))
        if (!uri_fits(uri, length, contacts))
            return "WELCOME_SECURITY_CONTACT must be addresses like mailto:security@example.org or https://..., separated by commas";
    if (config->security_policy && !uri_fits(config->security_policy, strlen(config->security_policy), pages))
        return "WELCOME_SECURITY_POLICY must be the address of a page (https://...)";
    return NULL;
}

/* The same for a month, so that caches need not ask for it again. */
static bool expires_write(struct buffer *out, time_t now)
{
    struct tm date;
    if (!gmtime_r(&now, &date))
        return false;
    const int month = date.tm_mon + MONTHS_GOOD;
    buffer_printf(out, "Expires: %04d-%02d-01T00:00:00Z\r\n", date.tm_year + 1900 + month / 12, month % 12 + 1);
    return true;
}

bool security_text_render(struct request *request, struct buffer *out, const char **type)
{
    const struct config *config = request_config(request);
    const char *list = config->security_contact ? config->security_contact : "", *uri;
    size_t length;
    *type = "text/plain; charset=utf-8";
    if (!*list) {
        request_refuse(request, "not_found");
        return true;
    }
    while ((uri = uri_next(&list, &length)))
        buffer_printf(out, "Contact: %.*s\r\n", (int)length, uri);
    if (config->security_policy)
        buffer_printf(out, "Policy: %s\r\n", config->security_policy);
    buffer_puts(out, "Preferred-Languages: de, en\r\n");
    return expires_write(out, time(NULL));
}
