/* SPDX-License-Identifier: EUPL-1.2
 * The name of the file that everything about somebody is saved under. */
#include "codes.h"

#include <stdio.h>
#include <time.h>

#include "banned.h"

/* The day's name is not worth a failure. */
static void name_file(struct request *request)
{
    char day[16] = "", header[64];
    struct tm utc;
    const time_t now = time(NULL);
    if (gmtime_r(&now, &utc))
        strftime(day, sizeof day, "-%Y-%m-%d", &utc);
    snprintf(header, sizeof header, "attachment; filename=\"my-data%s.json\"", day);
    request_answer_header(request, "Content-Disposition", header);
}

const struct operation_code PRIVACY_CODES[] = {
    {.operation = "export_me", .prepare = name_file},
    {0},
};
