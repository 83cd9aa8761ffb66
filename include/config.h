/* SPDX-License-Identifier: EUPL-1.2
 * The configuration: one table of keys, read from environment, file and defaults. */
#ifndef WELCOME_CONFIG_H
#define WELCOME_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct config {
    const char *listen;          /* address of the public listener, "127.0.0.1" */
    int port;                    /* 8080 */
    const char *admin_listen;    /* "127.0.0.1" */
    int admin_port;              /* 9080 */
    int loops;                   /* event loops; 0 = one per core, at most 4 */
    const char *database_url;    /* libpq connection string of the daemon's role */
    const char *database_worker_url; /* of the jobs; NULL: database_url with user=welcome_worker */
    const char *database_owner_url;  /* of migrations; NULL: database_url with user=welcome_owner */
    const char *portal_url;      /* where mailed links lead, without trailing slash: "http://localhost:3000" */
    const char *portal_origins;  /* CORS allow-list: comma-separated origins; "http://localhost:*" any port */
    const char *trusted_proxies; /* comma-separated addresses/prefixes whose X-Forwarded-For is believed */
    const char *languages;       /* default languages, best first: "en,de" */
    const char *region_name;     /* "Ruhr" */
    const char *mail_directory;  /* Maildir used without SMTP; "<LOCAL>/mail" */
    const char *mail_from;       /* "Welcome <welcome@example.org>" */
    const char *smtp_url;        /* "smtp://host:587" or "smtps://host"; NULL: Maildir */
    const char *smtp_user;       /* NULL: no authentication */
    const char *smtp_password;   /* secret; NULL */
    bool smtp_tls;               /* require TLS (STARTTLS); true */
    bool matching;               /* WELCOME_MATCHING auto|manual: whether rounds run by themselves */
    int matching_pause;          /* WELCOME_MATCHING_PAUSE, seconds between rounds; 5 */
    int job_pause;               /* seconds between runs of the timed jobs (expiry, reminders, cleaning); 5 */
    const char *content_directory; /* where `import` reads; "content" or the installed folder */
    bool check_answers;          /* WELCOME_CHECK_ANSWERS: every answer is validated against its schema */
    const char *log_level;       /* debug|info|warning|error */
    int body_max;                /* bytes a request body may have unless the contract says otherwise; 65536 */
    int requests_max;            /* requests in flight per loop; 4096 */
    int connections_max;         /* open connections per loop; 10240 */
    int queue_seconds;           /* how long a request may wait for a database link before 503; 2 */
    int drain_seconds;           /* how long SIGTERM waits for accepted requests; 30 */
};

enum config_kind { CONFIG_TEXT, CONFIG_INTEGER, CONFIG_BOOLEAN, CONFIG_CHOICE };

struct config_key {
    const char *name; /* "WELCOME_PORT" */
    enum config_kind kind;
    size_t offset;             /* into struct config */
    const char *default_value; /* NULL: unset */
    long minimum, maximum;     /* of integers */
    const char *choices;       /* "auto|manual": the first sets a boolean member true */
    bool secret;               /* never printed */
    const char *description;   /* one sentence */
};

extern const struct config_key CONFIG_KEYS[];
extern const size_t CONFIG_KEY_COUNT;

/* Reads environment, file, defaults into config. Unknown WELCOME_* keys and values that do not fit are all reported to errors,
 * each on a line naming the key (with the nearest valid one), the value's place and the rule. Returns false if there was any.
 * Texts live until config_release(). */
bool config_load(struct config *config, FILE *errors);
void config_release(struct config *config);

/* Prints the table as Markdown (docs/configuration.md is this output; a test compares). */
void config_print(FILE *out);

#endif
