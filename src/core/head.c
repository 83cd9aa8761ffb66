/* SPDX-License-Identifier: EUPL-1.2
 * What a head must be before anything is made of it: no longer than allowed, and clear about where its request ends. Whoever stands before us
 * might otherwise see one request where we see two (request smuggling, RFC 9112 §11.2); libmicrohttpd looks at a
 * part of this only. */
#include "request.h"

#include <string.h>
#include <strings.h>

#include "banned.h"

/* What must not be there twice, since only one of them would be looked at. */
enum single { AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HOST, TRANSFER_ENCODING, SINGLE_COUNT };
static const char *const SINGLE[SINGLE_COUNT] = {"Authorization", "Content-Length", "Content-Type", "Host", "Transfer-Encoding"};

struct head {
    size_t bytes;
    unsigned seen[SINGLE_COUNT];
    const char *fault;  /* the first that makes it doubtful where the request ends */
    const char *header; /* that it is about; NULL: not one with a name */
    const char *place;  /* where the next line must begin */
};

/* RFC 9110 §5.6.2 */
static bool is_token(const char *text)
{
    static const char marks[] = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    return *text && text[strspn(text, marks)] == '\0';
}

/* A carriage return alone, for one, is the end of a line for some. */
static bool has_control(const char *text)
{
    for (; *text; text++)
        if (((unsigned char)*text < 0x20 && *text != '\t') || *text == 0x7F)
            return true;
    return false;
}

static void head_doubt(struct head *head, const char *fault, const char *header)
{
    if (!head->fault) {
        head->fault = fault;
        head->header = header;
    }
}

/* Releases before 1.0 end lines at a line feed alone, cut them at a NUL and put continued lines together, all of it unseen by the program:
 * only that their pieces do not lie one behind the other in what was received tells of it. Newer ones refuse such heads themselves. */
#if MHD_VERSION < 0x01000000
static void head_line(struct head *head, const char *begin, const char *end)
{
    if (begin != head->place)
        head_doubt(head, "header_line", NULL);
    head->place = end + 2;
}

static void head_lines_begin(struct head *head, const struct request *request, const char *version)
{
    head->place = request->visitor ? request->visitor->target_end + 1 : version;
    head_line(head, version, version + strlen(version));
}

static void head_lines_end(struct head *head, const struct request *request, const char *method)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    if (info && method + info->header_size - 2 != head->place)
        head_doubt(head, "header_line", NULL);
}
#else
static void head_line(struct head *head, const char *begin, const char *end)
{
    (void)head, (void)begin, (void)end;
}

static void head_lines_begin(struct head *head, const struct request *request, const char *version)
{
    (void)head, (void)request, (void)version;
}

static void head_lines_end(struct head *head, const struct request *request, const char *method)
{
    (void)head, (void)request, (void)method;
}
#endif

static enum MHD_Result head_add(void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct head *head = cls;
    (void)kind;
    value = value ? value : "";
    head->bytes += strlen(name) + strlen(value) + 4;
    head_line(head, name, value + strlen(value));
    if (!is_token(name))
        head_doubt(head, "header_name", NULL);
    if (has_control(value))
        head_doubt(head, "header_value", NULL);
    for (size_t i = 0; i < SINGLE_COUNT; i++)
        if (strcasecmp(name, SINGLE[i]) == 0 && head->seen[i]++)
            head_doubt(head, "duplicate_header", SINGLE[i]);
    return MHD_YES;
}

/* Where the body ends (RFC 9112 §6). */
static void head_length(struct head *head, const struct request *request, const char *version)
{
    const char *encoding = request_header(request, "Transfer-Encoding");
    if (encoding && request_header(request, "Content-Length"))
        head_doubt(head, "length_and_encoding", NULL);
    if (encoding && (strcasecmp(encoding, "chunked") != 0 || strcmp(version, "HTTP/1.0") == 0))
        head_doubt(head, "transfer_encoding", "Transfer-Encoding");
}

/* Problems of the same name tell of too much; all else is malformed. */
static void head_refuse(struct request *request, const char *code, const char *fault, const char *header)
{
    if (request->problem)
        return;
    request_fault(request, NULL, header, fault, NULL);
    request_fail(request, code);
}

void head_check(struct request *request, const char *method, const char *version)
{
    struct head head = {0};
    head_lines_begin(&head, request, version);
    MHD_get_connection_values(request->connection, MHD_HEADER_KIND, head_add, &head);
    head_lines_end(&head, request, method);
    head_length(&head, request, version);
    request->has_body = head.seen[CONTENT_LENGTH] || head.seen[TRANSFER_ENCODING];
    request->head_too_long = head.bytes > HEADER_BYTES_MAX;
    if (head.fault) {
        request->doubtful = true;
        head_refuse(request, "malformed_request", head.fault, head.header);
    }
}

void head_refused(struct request *request, const char *target_fault)
{
    if (request->problem)
        return;
    if (target_fault && strcmp(target_fault, "out_of_memory") == 0)
        request_fail(request, "overloaded");
    else if (target_fault)
        head_refuse(request, strcmp(target_fault, "url_too_long") == 0 ? target_fault : "malformed_request", target_fault, NULL);
    else if (request->head_too_long)
        head_refuse(request, "headers_too_long", "headers_too_long", NULL);
}
