/* SPDX-License-Identifier: EUPL-1.2
 * Operation files: SQL with named parameters, split into statements with numbered ones (lexical rules: PostgreSQL manual §4.1). */
#include "statement.h"

#include "buffer.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "banned.h"

struct scanner {
    const char *at, *end;
    unsigned line;
    struct arena *arena;
    struct statement_file *file;
    struct statement *statements;
    size_t capacity;
    struct buffer sql, bare; /* of the statement being read */
    size_t used[STATEMENT_PARAMETERS_MAX];
    size_t used_count;
    unsigned started;
    struct tree_error *error;
};

static bool scan_fault(struct scanner *scanner, const char *message)
{
    scanner->error->line = scanner->line;
    snprintf(scanner->error->message, sizeof scanner->error->message, "%s", message);
    return false;
}

static bool scan_starts(const struct scanner *scanner, const char *text)
{
    const size_t length = strlen(text);
    return (size_t)(scanner->end - scanner->at) >= length && memcmp(scanner->at, text, length) == 0;
}

/* Takes count bytes over; blank: the bare text gets spaces for them. */
static void scan_copy(struct scanner *scanner, size_t count, bool blank)
{
    for (; count > 0; count--, scanner->at++) {
        scanner->line += *scanner->at == '\n';
        buffer_putc(&scanner->sql, *scanner->at);
        buffer_putc(&scanner->bare, blank || isspace((unsigned char)*scanner->at) ? ' ' : (char)tolower((unsigned char)*scanner->at));
    }
}

static void scan_skip(struct scanner *scanner, size_t count)
{
    for (; count > 0; count--, scanner->at++)
        scanner->line += *scanner->at == '\n';
}

static bool scan_comment(struct scanner *scanner)
{
    if (scan_starts(scanner, "--")) {
        while (scanner->at < scanner->end && *scanner->at != '\n')
            scan_skip(scanner, 1);
        return true;
    }
    unsigned depth = 0;
    do {
        if (scanner->at >= scanner->end)
            return scan_fault(scanner, "a comment is not closed");
        if (scan_starts(scanner, "/*")) {
            depth++;
            scan_skip(scanner, 2);
        } else if (scan_starts(scanner, "*/")) {
            depth--;
            scan_skip(scanner, 2);
        } else
            scan_skip(scanner, 1);
    } while (depth > 0);
    buffer_putc(&scanner->sql, ' ');
    buffer_putc(&scanner->bare, ' ');
    return true;
}

/* A string or quoted identifier; a doubled quote stays inside, a backslash escapes only in E'...'. */
static bool scan_quoted(struct scanner *scanner, bool backslash)
{
    const char quote = *scanner->at;
    scan_copy(scanner, 1, false);
    while (scanner->at < scanner->end) {
        if (backslash && *scanner->at == '\\' && scanner->at + 1 < scanner->end)
            scan_copy(scanner, 2, true);
        else if (*scanner->at != quote)
            scan_copy(scanner, 1, quote == '\'');
        else if (scanner->at + 1 < scanner->end && scanner->at[1] == quote)
            scan_copy(scanner, 2, quote == '\'');
        else {
            scan_copy(scanner, 1, false);
            return true;
        }
    }
    return scan_fault(scanner, "a quote is not closed");
}

/* The length of $tag$ at the scanner, 0 when there is none. */
static size_t dollar_tag(const struct scanner *scanner)
{
    const char *at = scanner->at + 1;
    if (at < scanner->end && isdigit((unsigned char)*at))
        return 0;
    while (at < scanner->end && (isalnum((unsigned char)*at) || *at == '_'))
        at++;
    return at < scanner->end && *at == '$' ? (size_t)(at - scanner->at) + 1 : 0;
}

static bool scan_dollar(struct scanner *scanner, size_t length)
{
    const char *tag = scanner->at;
    scan_copy(scanner, length, false);
    while ((size_t)(scanner->end - scanner->at) >= length) {
        if (memcmp(scanner->at, tag, length) == 0) {
            scan_copy(scanner, length, false);
            return true;
        }
        scan_copy(scanner, 1, true);
    }
    return scan_fault(scanner, "a dollar quote is not closed");
}

/* The index of a parameter name in the file, added when new; STATEMENT_PARAMETERS_MAX when it does not fit. */
static size_t name_index(struct scanner *scanner, const char *name, size_t length)
{
    struct statement_file *file = scanner->file;
    for (size_t i = 0; i < file->name_count; i++)
        if (strncmp(file->names[i], name, length) == 0 && file->names[i][length] == '\0')
            return i;
    char *copy = file->name_count < STATEMENT_PARAMETERS_MAX ? arena_copy(scanner->arena, name, length) : NULL;
    if (!copy)
        return STATEMENT_PARAMETERS_MAX;
    file->names[file->name_count] = copy;
    return file->name_count++;
}

static bool scan_parameter(struct scanner *scanner)
{
    const char *name = scanner->at + 1, *end = name;
    while (end < scanner->end && (isalnum((unsigned char)*end) || *end == '_'))
        end++;
    const size_t index = name_index(scanner, name, (size_t)(end - name));
    if (index == STATEMENT_PARAMETERS_MAX)
        return scan_fault(scanner, "too many parameters");
    size_t position = 0;
    while (position < scanner->used_count && scanner->used[position] != index)
        position++;
    if (position == scanner->used_count)
        scanner->used[scanner->used_count++] = index; /* cannot overflow: each index once */
    buffer_printf(&scanner->sql, "$%zu", position + 1);
    buffer_printf(&scanner->bare, "$%zu", position + 1);
    scan_skip(scanner, (size_t)(end - scanner->at));
    return true;
}

/* Whether the quote at the scanner opens E'...'; in name'...' the e is the end of a type's name. */
static bool quote_escapes(const struct scanner *scanner, const char *start)
{
    const char *before = scanner->at - 1;
    return *scanner->at == '\'' && before >= start && (*before == 'E' || *before == 'e') &&
           (before == start || !(isalnum((unsigned char)before[-1]) || before[-1] == '_' || before[-1] == '$'));
}

/* Whether the colon at the scanner starts a parameter. */
static bool colon_names(const struct scanner *scanner, const char *start)
{
    const char next = scanner->at + 1 < scanner->end ? scanner->at[1] : '\0';
    const char before = scanner->at > start ? scanner->at[-1] : ' ';
    return ((next >= 'a' && next <= 'z') || next == '_') && !isalnum((unsigned char)before) && !strchr(":_)]'\"", before);
}

static bool is_blank(const struct buffer *buffer)
{
    for (size_t i = 0; i < buffer->length; i++)
        if (!isspace((unsigned char)buffer->bytes[i]))
            return false;
    return true;
}

static bool statement_end(struct scanner *scanner)
{
    struct statement_file *file = scanner->file;
    if (is_blank(&scanner->sql)) {
        buffer_clear(&scanner->sql);
        buffer_clear(&scanner->bare);
        return true;
    }
    if (file->count == scanner->capacity)
        return scan_fault(scanner, "too many statements");
    size_t *parameters = arena_array(scanner->arena, scanner->used_count + 1, sizeof *parameters);
    const char *sql = buffer_text(&scanner->sql), *bare = buffer_text(&scanner->bare);
    if (!sql || !bare || !parameters)
        return scan_fault(scanner, "out of memory");
    if (scanner->used_count)
        memcpy(parameters, scanner->used, scanner->used_count * sizeof *parameters);
    struct statement *statement = &scanner->statements[file->count];
    *statement = (struct statement){
        .name = arena_printf(scanner->arena, "%s.%zu", file->name, file->count + 1),
        .sql = arena_text(scanner->arena, sql + strspn(sql, " \t\r\n")),
        .bare = arena_text(scanner->arena, bare),
        .parameters = parameters,
        .parameter_count = scanner->used_count,
        .line = scanner->started,
    };
    file->count++;
    scanner->used_count = 0;
    buffer_clear(&scanner->sql);
    buffer_clear(&scanner->bare);
    return (statement->name && statement->sql && statement->bare) || scan_fault(scanner, "out of memory");
}

static bool scan_text(struct scanner *scanner, const char *start)
{
    while (scanner->at < scanner->end) {
        const char byte = *scanner->at;
        const char before = scanner->at > start ? scanner->at[-1] : ' ';
        bool fine = true;
        if (scanner->sql.length == 0 || is_blank(&scanner->sql))
            scanner->started = scanner->line;
        if (scan_starts(scanner, "--") || scan_starts(scanner, "/*"))
            fine = scan_comment(scanner);
        else if (byte == '\'' || byte == '"')
            fine = scan_quoted(scanner, quote_escapes(scanner, start));
        else if (byte == '$' && !isalnum((unsigned char)before) && before != '_')
            fine = dollar_tag(scanner) ? scan_dollar(scanner, dollar_tag(scanner))
                                       : scan_fault(scanner, "parameters have names here, not numbers");
        else if (byte == ':' && colon_names(scanner, start))
            fine = scan_parameter(scanner);
        else if (byte == ';') {
            fine = statement_end(scanner);
            scan_skip(scanner, 1);
        } else
            scan_copy(scanner, 1, false);
        if (!fine)
            return false;
    }
    return statement_end(scanner);
}

/* "src/guides/accept_proposal.sql" -> "accept_proposal" */
static char *file_name(const char *path, struct arena *arena)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    const size_t length = strlen(name);
    return arena_copy(arena, name, length > 4 && strcmp(name + length - 4, ".sql") == 0 ? length - 4 : length);
}

bool statement_file_parse(struct statement_file *file, const char *path, const char *text, size_t length, struct arena *arena,
                          struct tree_error *error)
{
    struct scanner scanner = {.at = text, .end = text + length, .line = 1, .arena = arena, .file = file, .error = error};
    for (const char *at = text; at < scanner.end; at++)
        scanner.capacity += *at == ';';
    scanner.capacity++;
    *file = (struct statement_file){.path = path, .name = file_name(path, arena)};
    file->names = arena_array(arena, STATEMENT_PARAMETERS_MAX, sizeof *file->names);
    file->statements = scanner.statements = arena_array(arena, scanner.capacity, sizeof *scanner.statements);
    if (!file->name || !file->names || !scanner.statements)
        return scan_fault(&scanner, "out of memory");
    buffer_init(&scanner.sql);
    buffer_init(&scanner.bare);
    bool parsed = scan_text(&scanner, text);
    if (parsed && file->count == 0)
        parsed = scan_fault(&scanner, "there is no statement in this file");
    buffer_release(&scanner.sql);
    buffer_release(&scanner.bare);
    return parsed;
}
