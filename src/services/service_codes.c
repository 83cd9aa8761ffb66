/* SPDX-License-Identifier: EUPL-1.2
 * Service requests: which way a list is read, and lists as files for spreadsheets. */
#include "codes.h"

#include "csv.h"
#include "text.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "banned.h"

#define EXPORT_ROWS_MAX 10000 /* export_service_requests.sql asks for one more */

/* In the order of the file; content/texts/problems.json names them. */
static const char *const COLUMNS[] = {
    "reference",      "state",        "outcome",        "service",       "service_name",         "city",         "office",
    "office_state",   "advisor",      "company_name",   "contact_name",  "contact_email",        "contact_phone", "language",
    "company_legal_status", "company_size", "company_industry", "company_register", "message",   "created_at",   "submitted_at",
    "acknowledged_at", "due_at",      "overdue",        "resolved_at",   "closed_at",
};

enum { COLUMN_COUNT = sizeof COLUMNS / sizeof *COLUMNS };

static bool asked(const struct request *request, const char *name)
{
    return request_parameter(request, name) != NULL;
}

/* Each file has an access path of its own: the one that leaves the least to read, whatever else is asked for. */
static void list_prepare(struct request *request)
{
    const char *advisor = json_string_value(request_parameter(request, "advisor"));
    if (asked(request, "q") && asked(request, "sort"))
        faults_add(request_faults(request), (struct fault){.parameter = "sort", .code = "contradiction", .limit = "q"});
    if (asked(request, "q")) {
        request_variant(request, "search");
        request_slow(request);
    } else if (asked(request, "overdue") || asked(request, "due_before") || asked(request, "sort"))
        request_variant(request, "by_due");
    else if (advisor)
        request_variant(request, strcmp(advisor, "none") == 0 ? "unassigned" : "by_advisor");
    else if (asked(request, "service") || asked(request, "clientele"))
        request_variant(request, "by_service");
    else if (asked(request, "office"))
        request_variant(request, "by_office");
    else if (asked(request, "state"))
        request_variant(request, "by_state");
}

static void line_end(struct buffer *out, size_t column)
{
    buffer_puts(out, column + 1 < COLUMN_COUNT ? "," : "\r\n");
}

/* Named after the day, so that downloads do not take each other's place; the day's name is not worth a failure. */
static void name_file(struct request *request)
{
    char day[16] = "", header[80];
    struct tm local;
    const time_t now = time(NULL);
    if (gmtime_r(&now, &local))
        strftime(day, sizeof day, "-%Y-%m-%d", &local);
    snprintf(header, sizeof header, "attachment; filename=\"service-requests%s.csv\"", day);
    request_answer_header(request, "Content-Disposition", header);
}

static bool export_write(struct request *request, const PGresult *rows, struct buffer *out, const char **type)
{
    const char *language = text_language(request_language(request));
    const int count = PQntuples(rows) < EXPORT_ROWS_MAX ? PQntuples(rows) : EXPORT_ROWS_MAX;
    buffer_puts(out, CSV_MARK);
    for (size_t column = 0; column < COLUMN_COUNT; column++) {
        csv_cell(out, text_find("exports", COLUMNS[column], NULL, language));
        line_end(out, column);
    }
    for (int row = 0; row < count; row++) {
        if (!row_text(rows, row, "reference")) /* there is nothing */
            break;
        for (size_t column = 0; column < COLUMN_COUNT; column++) {
            csv_cell(out, row_text(rows, row, COLUMNS[column]));
            line_end(out, column);
        }
    }
    name_file(request);
    if (PQntuples(rows) > EXPORT_ROWS_MAX)
        request_answer_header(request, "X-Truncated", "10000");
    *type = "text/csv; charset=utf-8; header=present";
    return !buffer_failed(out);
}

const struct operation_code SERVICE_CODES[] = {
    {.operation = "list_service_requests", .prepare = list_prepare},
    {.operation = "export_service_requests", .write = export_write},
    {.operation = "run_saved_export", .write = export_write},
    {0},
};
