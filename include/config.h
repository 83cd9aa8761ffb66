/* SPDX-License-Identifier: EUPL-1.2
 * The configuration: one table of keys, read from environment, file and defaults. */
#ifndef WELCOME_CONFIG_H
#define WELCOME_CONFIG_H

#include "arena.h"
#include "client.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct config {
    const char *listen;              /* address of the public listener */
    int port;                        /* 0: any free one */
    const char *admin_listen;
    int admin_port;
    int cache_mb;                    /* of kept answers, all loops together; 0 = none */
    int loops;                       /* event loops; 0 = one per core, at most 4 */
    const char *database_url;        /* libpq connection string of the daemon's role */
    const char *database_worker_url; /* of the jobs; NULL: database_url with user=welcome_worker */
    const char *database_owner_url;  /* of migrations; NULL: database_url with user=welcome_owner */
    const char *database_read_url;   /* of a read replica, for the daemon's role; NULL: there is none */
    int database_read_lag;           /* seconds that it may be behind */
    const char *portal_url;          /* where mailed links lead, without trailing slash */
    const char *portal_origins;      /* CORS allow-list: comma-separated origins, "http://localhost:*" any port; NULL: none */
    int hsts_seconds;                /* of Strict-Transport-Security; 0: none */
    const char *trusted_proxies;     /* addresses and networks, comma-separated; NULL: none */
    struct networks proxies;         /* the same, read */
    int rate_read, rate_search;      /* requests a minute of one client; 0: any number, here and below */
    int rate_form, rate_sign_in;     /* an hour */
    int rate_form_per_address;       /* a day */
    int rate_sign_in_per_address;    /* an hour */
    int challenge_effort;            /* tries that a proof of work takes at most; 0: none is asked for */
    const char *languages;           /* default languages, best first: "en,de" */
    const char *region_name;
    const char *mail_directory;      /* Maildir used without SMTP */
    const char *mail_from;           /* "Name <address>" or an address */
    const char *smtp_url;            /* "smtp://host:587" or "smtps://host"; NULL: Maildir */
    const char *smtp_user;           /* NULL: no authentication */
    const char *smtp_password;       /* NULL: none */
    bool smtp_tls;                   /* TLS is required (STARTTLS on smtp://) */
    const char *smtp_ca;             /* PEM file of the certificates trusted; NULL: the system's */
    const char *secret_key;          /* 32 bytes in base64 or hexadecimal, that encrypt secrets in the database; NULL: none */
    const char *secret_key_file;     /* where the key stands instead; NULL: nowhere */
    bool second_factor_required;     /* of staff */
    const char *oidc_issuer;         /* the provider that staff may sign in with; NULL: none */
    const char *oidc_client_id, *oidc_client_secret;
    const char *oidc_redirect;       /* the portal's page that the provider leads back to */
    const char *oidc_second_factor;  /* amr or acr values that count as the second factor, separated by commas; NULL: none */
    const char *oidc_ca;             /* PEM file of the certificates trusted; NULL: the system's */
    bool matching;                   /* rounds run by themselves */
    int matching_pause;              /* least seconds between rounds */
    int matching_second_ask;         /* hours of silence until one more guide is asked; 0: never */
    int job_pause;                   /* seconds between runs of the timed jobs (expiry, reminders, cleaning) */
    int retention_unconfirmed_days; /* how long each kind of data is kept: src/privacy/retention.c */
    int retention_guide_requests_months;
    int retention_matches_months;
    int retention_guides_months;
    int retention_service_requests_months;
    int retention_mails_days;
    int retention_accounts_months;
    int retention_audit_months;
    int retention_feedback_months;
    int retention_reports_months;
    int retention_rounds_months;
    int retention_slots_months;
    int retention_demand_days;
    int retention_bars_months;
    const char *operator_name;       /* in the record of processing activities; NULL: not told */
    const char *privacy_contact;     /* likewise */
    const char *security_contact;    /* of /.well-known/security.txt; NULL: there is none */
    const char *security_policy;     /* likewise */
    const char *content_directory;   /* where `import` reads */
    const char *attachments;         /* folder of the files of service requests; NULL: they are in the database */
    const char *swagger_ui;          /* folder of its files, for /docs; NULL: it is not there */
    bool check_answers;              /* every answer is validated against its schema */
    const char *log_level;           /* debug, info, warning or error */
    int slow_ms;                     /* statements that take longer are logged; 0: none */
    int start_seconds;               /* how long the start waits for the database */
    int body_max;                    /* bytes a request body may have unless the contract says otherwise */
    int requests_max;                /* requests in flight per loop */
    int connections_max;             /* open connections per loop */
    int patience_seconds;            /* how long a client may take to send a head, and more for bodies and answers by their length */
    int held_max;                    /* bytes of bodies and answers kept for clients, per loop */
    int queue_seconds;               /* how long a request may wait for a database link before 503 */
    int drain_seconds;               /* how long SIGTERM waits for accepted requests */
    const char *file;                /* that was read; NULL: none */
    struct arena arena;              /* owns the texts */
};

enum config_kind { CONFIG_TEXT, CONFIG_INTEGER, CONFIG_BOOLEAN };

struct config_key {
    const char *name; /* "WELCOME_PORT" */
    enum config_kind kind;
    size_t offset;             /* into struct config */
    const char *default_value; /* NULL: unset; a leading "$LOCAL" stands for that folder */
    long minimum, maximum;     /* of integers */
    const char *choices;       /* the only values a text may have ("debug|info"), the words for true and false of a boolean; or NULL */
    bool secret;               /* never printed */
    const char *description;   /* one sentence */
};

extern const struct config_key CONFIG_KEYS[];
extern const size_t CONFIG_KEY_COUNT;

/* Reads environment, file and defaults into config. The file is WELCOME_CONFIG, else $LOCAL/welcomed.conf (LOCAL is .local unless
 * set) if it exists, else /etc/welcomed/welcomed.conf if it exists. Unknown keys (with the nearest valid one), unreadable lines and
 * values that do not fit are all reported to errors, a line each. Returns false if there was any but unknown keys of the
 * environment; config_release() in any case. */
bool config_load(struct config *config, FILE *errors);
void config_release(struct config *config);

/* Prints the table as Markdown (docs/configuration.md is this output; a test compares). */
void config_print(FILE *out);

#endif
