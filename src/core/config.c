/* SPDX-License-Identifier: EUPL-1.2
 * The table of configuration keys, and how environment, file and defaults become a struct config. */
#include "config.h"

#include "command.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "banned.h"

#define KEY(key, of, member) .name = "WELCOME_" key, .kind = (of), .offset = offsetof(struct config, member)
#define TEXT(key, member, value, said) {KEY(key, CONFIG_TEXT, member), .default_value = (value), .description = (said)}
#define SECRET(key, member, value, said) \
    {KEY(key, CONFIG_TEXT, member), .default_value = (value), .secret = true, .description = (said)}
#define CHOICE(key, member, words, value, said) \
    {KEY(key, CONFIG_TEXT, member), .default_value = (value), .choices = (words), .description = (said)}
#define INTEGER(key, member, value, least, most, said) \
    {KEY(key, CONFIG_INTEGER, member), .default_value = (value), .minimum = (least), .maximum = (most), .description = (said)}
#define BOOLEAN(key, member, words, value, said) \
    {KEY(key, CONFIG_BOOLEAN, member), .default_value = (value), .choices = (words), .description = (said)}

const struct config_key CONFIG_KEYS[] = {
    TEXT("LISTEN", listen, "127.0.0.1", "Address the public listener binds, unless systemd hands the socket over."),
    INTEGER("PORT", port, "8080", 0, 65535, "Port of the public listener; 0 takes any free one."),
    TEXT("ADMIN_LISTEN", admin_listen, "127.0.0.1",
         "Address of the admin listener (health, metrics), unless systemd hands the socket over; keep it private."),
    INTEGER("ADMIN_PORT", admin_port, "9080", 0, 65535, "Port of the admin listener; 0 takes any free one."),
    INTEGER("CACHE_MB", cache_mb, "16", 0, 4096, "Megabytes of public answers kept ready in memory, all loops together; 0: none."),
    INTEGER("LOOPS", loops, "0", 0, 4, "Event loops; 0 is one per core, at most four."),
    SECRET("DATABASE_URL", database_url, "dbname=welcome user=welcome",
           "libpq connection string or URI of the daemon's role."),
    SECRET("DATABASE_WORKER_URL", database_worker_url, NULL,
           "The same for background jobs and `import`; unset, WELCOME_DATABASE_URL as user `welcome_worker`."),
    SECRET("DATABASE_OWNER_URL", database_owner_url, NULL,
           "The same for `migrate`; unset, WELCOME_DATABASE_URL as user `welcome_owner`."),
    SECRET("DATABASE_READ_URL", database_read_url, NULL,
           "The same for a hot standby of that database, which answers what everybody may read; unset, the primary answers all."),
    INTEGER("DATABASE_READ_LAG", database_read_lag, "5", 2, 60,
            "Seconds that the standby may be behind; farther behind, and whenever it cannot answer, the primary does."),
    TEXT("PORTAL_URL", portal_url, "http://localhost:3000",
         "Portal that mailed links lead to, without a slash at the end."),
    TEXT("PORTAL_ORIGINS", portal_origins, NULL,
         "Origins that browsers may call from (CORS), separated by commas; `http://localhost:*` is any port."),
    INTEGER("HSTS_SECONDS", hsts_seconds, "0", 0, 63072000,
            "Seconds for which browsers reach this name by TLS only (Strict-Transport-Security); 0: nothing is said."),
    TEXT("TRUSTED_PROXIES", trusted_proxies, NULL,
         "Addresses or networks of reverse proxies, separated by commas, whose `X-Forwarded-For` is believed; unset, nobody's is."),
    INTEGER("RATE_READ", rate_read, "6000", 0, 10000000,
            "Requests a minute of one client (an IPv4 address or an IPv6 /64) that are not of another kind; 0: no limit."),
    INTEGER("RATE_SEARCH", rate_search, "120", 0, 1000000, "Searches a minute of one client; 0: no limit."),
    INTEGER("RATE_FORM", rate_form, "120", 0, 1000000, "Forms an hour of one client; 0: no limit."),
    INTEGER("RATE_FORM_PER_ADDRESS", rate_form_per_address, "3", 0, 1000, "Forms a day that name the same mail address; 0: no limit."),
    INTEGER("CHALLENGE_EFFORT", challenge_effort, "100000", 0, 10000000,
            "Largest number a client past half its forms has to try for each further one (proof of work); 0: none is asked for."),
    INTEGER("RATE_SIGN_IN", rate_sign_in, "300", 0, 1000000, "Mails to sign in that one client asks for in an hour; 0: no limit."),
    INTEGER("RATE_SIGN_IN_PER_ADDRESS", rate_sign_in_per_address, "10", 0, 1000,
            "Mails to sign in, an hour, to the same address, known or not; 0: no limit."),
    TEXT("LANGUAGES", languages, "en,de", "Languages served when the client asks for none that there is, best first."),
    TEXT("REGION_NAME", region_name, "Ruhr", "Name of the region in mails."),
    TEXT("MAIL_DIRECTORY", mail_directory, "$LOCAL/mail",
         "Maildir that mails are written to while WELCOME_SMTP_URL is unset."),
    TEXT("MAIL_FROM", mail_from, "Welcome <welcome@example.org>",
         "Sender of all mails: an address, or a name and the address in angle brackets."),
    TEXT("SMTP_URL", smtp_url, NULL,
         "Mail server, as `smtp://host:587` or `smtps://host`; unset, mails go to WELCOME_MAIL_DIRECTORY."),
    TEXT("SMTP_USER", smtp_user, NULL, "User name for the mail server; unset, none is given."),
    SECRET("SMTP_PASSWORD", smtp_password, NULL, "Password for the mail server."),
    BOOLEAN("SMTP_TLS", smtp_tls, NULL, "true",
            "Whether mails are only handed over through TLS (STARTTLS on `smtp://`)."),
    TEXT("SMTP_CA", smtp_ca, NULL, "File of certificates trusted instead of the system's when talking to the mail server."),
    SECRET("SECRET_KEY", secret_key, NULL,
           "Key that secrets in the database are encrypted with: 32 random bytes in base64 or hexadecimal (`openssl rand -base64 32`). "
           "Without one there is no second factor and no sign-in by OpenID Connect."),
    TEXT("SECRET_KEY_FILE", secret_key_file, NULL, "File that holds this key, instead of WELCOME_SECRET_KEY."),
    BOOLEAN("STAFF_SECOND_FACTOR", second_factor_required, "required|optional", "optional",
            "Whether staff may work without a second factor; where one is required, whoever has none can only set one up."),
    TEXT("OIDC_ISSUER", oidc_issuer, NULL,
         "OpenID Connect provider that staff may sign in with, as it names itself (`https://...`); unset, there is none."),
    TEXT("OIDC_CLIENT_ID", oidc_client_id, NULL, "Name that the provider knows this program by."),
    SECRET("OIDC_CLIENT_SECRET", oidc_client_secret, NULL, "Secret that goes with it."),
    TEXT("OIDC_REDIRECT", oidc_redirect, NULL, "Page of the portal that the provider leads back to, as registered there."),
    TEXT("OIDC_SECOND_FACTOR", oidc_second_factor, NULL,
         "Values of `amr` or `acr`, separated by commas, with which the provider's sign-in counts as the second factor; unset, none does."),
    TEXT("OIDC_CA", oidc_ca, NULL, "File of certificates trusted instead of the system's when talking to the provider."),
    BOOLEAN("MATCHING", matching, "auto|manual", "auto",
            "Whether matching rounds run by themselves or proposals are made by hand only."),
    INTEGER("MATCHING_PAUSE", matching_pause, "5", 0, 3600, "Least seconds between two matching rounds."),
    INTEGER("MATCHING_SECOND_ASK", matching_second_ask, "36", 0, 71,
            "Hours of a guide's silence after which one more guide is asked for the same request; 0: none before the first ask expires."),
    INTEGER("JOB_PAUSE", job_pause, "5", 1, 3600,
            "Seconds between runs of the timed jobs: expiry, reminders, cleaning."),
    INTEGER("RETENTION_UNCONFIRMED_DAYS", retention_unconfirmed_days, "7", 7, 30,
            "Days after which what nobody confirmed is deleted, from the last mail that asked to; its link works for seven."),
    INTEGER("RETENTION_GUIDE_REQUESTS_MONTHS", retention_guide_requests_months, "6", 1, 24,
            "Months after which closed guide requests are deleted; those that had a match lose what was written in them then and go with it."),
    INTEGER("RETENTION_MATCHES_MONTHS", retention_matches_months, "12", 1, 36,
            "Months after which ended matches are deleted."),
    INTEGER("RETENTION_GUIDES_MONTHS", retention_guides_months, "12", 6, 60,
            "Months after which profiles of guides who left or were rejected are deleted."),
    INTEGER("RETENTION_SERVICE_REQUESTS_MONTHS", retention_service_requests_months, "24", 3, 120,
            "Months after which service requests that ended are deleted, with conversation, files and appointments."),
    INTEGER("RETENTION_MAILS_DAYS", retention_mails_days, "7", 1, 30,
            "Days after which mails that were sent or given up are forgotten."),
    INTEGER("RETENTION_ACCOUNTS_MONTHS", retention_accounts_months, "6", 1, 60,
            "Months after which accounts that nothing belongs to and nobody is signed in to are deleted."),
    INTEGER("RETENTION_AUDIT_MONTHS", retention_audit_months, "24", 6, 120,
            "Months after which the record of what staff did, and receipts of erasures, are deleted."),
    INTEGER("RETENTION_FEEDBACK_MONTHS", retention_feedback_months, "12", 1, 36,
            "Months after which resolved feedback is deleted."),
    INTEGER("RETENTION_REPORTS_MONTHS", retention_reports_months, "12", 3, 60,
            "Months after which resolved reports about matches are deleted."),
    INTEGER("RETENTION_ROUNDS_MONTHS", retention_rounds_months, "12", 3, 36,
            "Months after which rounds of the matching are deleted."),
    INTEGER("RETENTION_SLOTS_MONTHS", retention_slots_months, "12", 1, 36,
            "Months after which consultation times that nobody came to are deleted."),
    INTEGER("RETENTION_DEMAND_DAYS", retention_demand_days, "90", 7, 365,
            "Days for which words that were searched in vain are counted."),
    INTEGER("RETENTION_BARS_MONTHS", retention_bars_months, "24", 6, 120,
            "Months after which who may not ask again is forgotten, and who is kept apart after an erasure."),
    TEXT("OPERATOR", operator_name, NULL, "Name and address of the controller, in the record of processing activities."),
    TEXT("PRIVACY_CONTACT", privacy_contact, NULL, "How to reach the data protection officer, in the same place."),
    TEXT("SECURITY_CONTACT", security_contact, NULL,
         "Where to report vulnerabilities, as `mailto:` or `https://` addresses separated by commas, best first; unset, there is no "
         "`/.well-known/security.txt`."),
    TEXT("SECURITY_POLICY", security_policy, NULL, "Page about how reports are handled (`https://...`), in the same place."),
    TEXT("CONTENT_DIRECTORY", content_directory, "content", "Folder that `import` reads."),
    TEXT("ATTACHMENTS", attachments, NULL,
         "Folder that new attachments of service requests are kept in; unset, they are kept in the database. Keep it set while any lie there."),
    TEXT("SWAGGER_UI", swagger_ui, NULL,
         "Folder with the files of swagger-ui that `/docs` shows the contract with (`make swagger-ui`); unset, the page says how to get them."),
    BOOLEAN("CHECK_ANSWERS", check_answers, NULL, "false",
            "Whether every answer is checked against its schema before it is sent; for tests."),
    CHOICE("LOG_LEVEL", log_level, "debug|info|warning|error", "info", "Least level that is logged."),
    INTEGER("SLOW_MS", slow_ms, "1000", 0, 60000,
            "Milliseconds at the database from which on a request's statements are logged by name; 0: never."),
    INTEGER("BODY_MAX", body_max, "65536", 1024, 16777216,
            "Bytes a request body may have where the contract says nothing else."),
    INTEGER("REQUESTS_MAX", requests_max, "4096", 1, 1000000, "Requests in flight per event loop."),
    INTEGER("CONNECTIONS_MAX", connections_max, "10240", 1, 1000000,
            "Open connections per event loop; when one more comes, the one that has kept us waiting longest is closed."),
    INTEGER("PATIENCE_SECONDS", patience_seconds, "20", 1, 600,
            "Seconds a client may take to send the head of a request, then its body, then to read the answer; the last two get one more for each "
            "4096 bytes. Connections that rest between requests are kept for 75."),
    INTEGER("HELD_MAX", held_max, "268435456", 33554432, 2147483647,
            "Bytes of bodies and answers kept for clients per event loop; beyond it those that keep us waiting longest are cut off."),
    INTEGER("QUEUE_SECONDS", queue_seconds, "2", 1, 60,
            "Seconds a request may wait for the database before it is answered with 503."),
    INTEGER("START_SECONDS", start_seconds, "30", 0, 3600, "Seconds that `serve` and `migrate --wait` wait for a database that cannot be reached."),
    INTEGER("DRAIN_SECONDS", drain_seconds, "30", 0, 3600, "Seconds that SIGTERM waits for requests already accepted."),
};
const size_t CONFIG_KEY_COUNT = sizeof CONFIG_KEYS / sizeof *CONFIG_KEYS;

enum { KEY_COUNT = sizeof CONFIG_KEYS / sizeof *CONFIG_KEYS, FILE_MAX = 64 * 1024, NAME_MAX_COMPARED = 40 };

/* What is known of the keys while loading. */
struct loading {
    struct arena *arena;
    FILE *errors;
    bool failed;
    const char *file;
    const char *values[KEY_COUNT]; /* NULL: not given */
    const char *places[KEY_COUNT]; /* "the environment", "welcomed.conf:3" */
};

/* Levenshtein distance; names longer than any key count as far. */
static size_t name_distance(const char *a, const char *b)
{
    const size_t a_length = strlen(a), b_length = strlen(b);
    size_t row[NAME_MAX_COMPARED + 1];
    if (a_length > NAME_MAX_COMPARED || b_length > NAME_MAX_COMPARED)
        return NAME_MAX_COMPARED;
    for (size_t j = 0; j <= b_length; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            size_t best = diagonal + (a[i - 1] != b[j - 1]);
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            diagonal = row[j];
            row[j] = best;
        }
    }
    return row[b_length];
}

static const char *nearest_name(const char *name)
{
    size_t best = 0, distance = SIZE_MAX;
    for (size_t i = 0; i < KEY_COUNT; i++) {
        const size_t d = name_distance(name, CONFIG_KEYS[i].name);
        if (d < distance) {
            distance = d;
            best = i;
        }
    }
    return CONFIG_KEYS[best].name;
}

/* An unknown key in a file is a mistake in that file; one in the environment may be meant for a newer program, and is only told of. */
static void take_value(struct loading *loading, const char *name, const char *value, const char *place, bool from_file)
{
    for (size_t i = 0; i < KEY_COUNT; i++) {
        if (strcmp(CONFIG_KEYS[i].name, name) == 0) {
            loading->values[i] = value;
            loading->places[i] = place;
            return;
        }
    }
    fprintf(loading->errors, "%s in %s is no key%s; the nearest is %s\n", name, place, from_file ? "" : " and is passed over",
            nearest_name(name));
    loading->failed |= from_file;
}

static char *trim(char *text)
{
    text += strspn(text, " \t\r");
    size_t length = strlen(text);
    while (length > 0 && strchr(" \t\r", text[length - 1]))
        text[--length] = '\0';
    return text;
}

static void read_line(struct loading *loading, char *line, const char *path, unsigned number)
{
    line = trim(line);
    if (*line == '\0' || *line == '#')
        return;
    const char *place = arena_printf(loading->arena, "%s:%u", path, number);
    char *equals = strchr(line, '=');
    if (!place || !equals) {
        fprintf(loading->errors, "%s:%u: %s\n", path, number,
                place ? "a line is KEY=value or a comment behind #" : "out of memory");
        loading->failed = true;
        return;
    }
    *equals = '\0';
    take_value(loading, trim(line), trim(equals + 1), place, true);
}

static void read_file(struct loading *loading, const char *path, bool required)
{
    FILE *file = fopen(path, "re");
    if (!file && errno == ENOENT && !required)
        return;
    loading->file = arena_text(loading->arena, path);
    char *text = file ? arena_alloc(loading->arena, FILE_MAX + 1) : NULL;
    const size_t length = text ? fread(text, 1, FILE_MAX, file) : 0;
    if (!text || ferror(file) || length == FILE_MAX || memchr(text, '\0', length)) {
        fprintf(loading->errors, "%s: %s\n", path, text && !ferror(file) ? "is no text of less than 64 KiB" : strerror(errno));
        loading->failed = true;
    } else {
        unsigned number = 0;
        for (char *line; (line = strsep(&text, "\n"));)
            read_line(loading, line, path, ++number);
    }
    if (file)
        fclose(file);
}

static void read_files(struct loading *loading, const char *local)
{
    const char *chosen = getenv("WELCOME_CONFIG");
    const char *path = arena_printf(loading->arena, "%s/welcomed.conf", local);
    if (chosen && *chosen)
        read_file(loading, chosen, true);
    else if (path && access(path, F_OK) == 0)
        read_file(loading, path, true);
    else
        read_file(loading, "/etc/welcomed/welcomed.conf", false);
}

static void read_environment(struct loading *loading)
{
    extern char **environ;
    for (char **entry = environ; entry && *entry; entry++) {
        const char *equals = strchr(*entry, '=');
        if (!equals || strncmp(*entry, "WELCOME_", 8) != 0)
            continue;
        const char *name = arena_copy(loading->arena, *entry, (size_t)(equals - *entry));
        const char *value = arena_text(loading->arena, equals + 1);
        if (name && value && strcmp(name, "WELCOME_CONFIG") != 0)
            take_value(loading, name, value, "the environment", false);
        loading->failed |= !name || !value;
    }
}

/* The position of word in "a|b|c", or -1. */
static int choice_of(const char *choices, const char *word)
{
    const size_t length = strlen(word);
    for (int i = 0;; i++) {
        const size_t span = strcspn(choices, "|");
        if (span == length && strncmp(choices, word, span) == 0)
            return i;
        if (choices[span] == '\0')
            return -1;
        choices += span + 1;
    }
}

static const char *boolean_words(const struct config_key *key)
{
    return key->choices ? key->choices : "true|false";
}

/* Writes the value into its member; false when it does not fit the key. */
static bool set_member(struct config *config, const struct config_key *key, const char *value)
{
    void *member = (char *)config + key->offset;
    if (key->kind == CONFIG_TEXT) {
        *(const char **)member = value;
        return !key->choices || choice_of(key->choices, value) >= 0;
    }
    if (key->kind == CONFIG_BOOLEAN) {
        const int choice = choice_of(boolean_words(key), value);
        *(bool *)member = choice == 0;
        return choice >= 0;
    }
    char *end;
    errno = 0;
    const long number = strtol(value, &end, 10);
    if (errno || end == value || *end || number < key->minimum || number > key->maximum)
        return false;
    *(int *)member = (int)number;
    return true;
}

static void report_value(FILE *errors, const struct config_key *key, const char *value, const char *place)
{
    fprintf(errors, "%s in %s is %s; it must be ", key->name, place, key->secret ? "not usable" : value);
    if (key->kind == CONFIG_INTEGER)
        fprintf(errors, "a whole number from %ld to %ld\n", key->minimum, key->maximum);
    else
        fprintf(errors, "one of %s\n", boolean_words(key));
}

static const char *default_of(const struct config_key *key, struct arena *arena, const char *local)
{
    const char *value = key->default_value;
    return value && strncmp(value, "$LOCAL", 6) == 0 ? arena_printf(arena, "%s%s", local, value + 6) : value;
}

bool config_load(struct config *config, FILE *errors)
{
    *config = (struct config){0};
    arena_init(&config->arena, 0);
    struct loading loading = {.arena = &config->arena, .errors = errors};
    const char *local = getenv("LOCAL");
    if (!local || !*local)
        local = ".local";
    read_files(&loading, local);
    read_environment(&loading);
    config->file = loading.file;
    for (size_t i = 0; i < KEY_COUNT; i++) {
        const struct config_key *key = &CONFIG_KEYS[i];
        const bool given = loading.values[i] && *loading.values[i];
        const char *value = given ? loading.values[i] : default_of(key, &config->arena, local);
        if (value && !set_member(config, key, value)) {
            report_value(errors, key, value, given ? loading.places[i] : "the defaults");
            loading.failed = true;
        }
        if (!value && key->default_value)
            loading.failed = true; /* out of memory */
    }
    if (!networks_parse(&config->proxies, config->trusted_proxies, &config->arena)) {
        fprintf(errors, "WELCOME_TRUSTED_PROXIES is %s; it must be addresses and networks like 10.0.0.0/8, separated by commas\n",
                config->trusted_proxies ? config->trusted_proxies : "");
        loading.failed = true;
    }
    return !loading.failed;
}

void config_release(struct config *config)
{
    arena_release(&config->arena);
    *config = (struct config){0};
}

static void print_rule(FILE *out, const struct config_key *key)
{
    if (key->kind == CONFIG_INTEGER)
        fprintf(out, "%ld to %ld", key->minimum, key->maximum);
    else if (key->kind == CONFIG_TEXT && !key->choices)
        fputs(key->secret ? "text, secret" : "text", out);
    else
        for (const char *word = boolean_words(key); *word; word += strcspn(word, "|") + (word[strcspn(word, "|")] == '|'))
            fprintf(out, "%s`%.*s`", word == boolean_words(key) ? "" : ", ", (int)strcspn(word, "|"), word);
}

void config_print(FILE *out)
{
    fputs("<!-- SPDX-License-Identifier: EUPL-1.2 -->\n"
          "# Configuration\n\n"
          "This page is the output of `welcomed config`.\n\n"
          "Each key is taken from the environment, else from a file, else it has its default. The file is the one that "
          "`WELCOME_CONFIG` names; if that is unset `$LOCAL/welcomed.conf` (`LOCAL` is `.local` unless set); if there is none "
          "`/etc/welcomed/welcomed.conf`. A line of it is `KEY=value` or a comment behind `#`; blanks around key and value do not "
          "count, and nothing is unquoted. An empty value means the default. Values that do not fit and unknown keys in a file stop "
          "the program; unknown `WELCOME_` keys of the environment are told of and passed over.\n\n"
          "| key | value | default | what it is |\n| --- | --- | --- | --- |\n",
          out);
    for (size_t i = 0; i < KEY_COUNT; i++) {
        const struct config_key *key = &CONFIG_KEYS[i];
        fprintf(out, "| `%s` | ", key->name);
        print_rule(out, key);
        if (key->default_value)
            fprintf(out, " | `%s` | %s |\n", key->default_value, key->description);
        else
            fprintf(out, " | unset | %s |\n", key->description);
    }
}

int command_config(const struct config *config, int argc, char **argv)
{
    (void)config;
    if (argc > 1) {
        fprintf(stderr, "usage: welcomed %s\n", argv[0]);
        return COMMAND_USAGE;
    }
    config_print(stdout);
    return fflush(stdout) == 0 ? COMMAND_OK : COMMAND_FAILED;
}
