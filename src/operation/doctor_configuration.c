/* SPDX-License-Identifier: EUPL-1.2
 * Of `welcomed doctor`: what the values of the configuration mean together. */
#include "doctor.h"

#include "oidc.h"
#include "secret_key.h"

#include <string.h>

#include "banned.h"

static bool is_loopback(const char *address)
{
    return strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0 || strcmp(address, "localhost") == 0;
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static void portal_look(struct doctor *doctor)
{
    const struct config *config = doctor->config;
    const char *url = config->portal_url;
    const char *host = strstr(url, "://");
    const size_t length = host ? (size_t)(host - url) + 3 + strcspn(host + 3, "/") : strlen(url);
    if (begins(url, "http://localhost") || begins(url, "http://127."))
        doctor_warn(doctor, "WELCOME_PORTAL_URL", "set the portal's public address, with https.",
                    "links in mails lead to %s, which nobody but you can reach.", url);
    else if (!begins(url, "https://"))
        doctor_fail(doctor, "WELCOME_PORTAL_URL", "serve the portal by https and say so.", "%s is not https: links in mails carry tokens.", url);
    else
        doctor_well(doctor, "WELCOME_PORTAL_URL", "links in mails lead to %s.", url);
    const char *found = config->portal_origins ? strstr(config->portal_origins, "http") : NULL;
    while (found && !(strncmp(found, url, length) == 0 && strchr(", ", found[length])))
        found = strstr(found + 1, "http");
    if (!found && !begins(url, "http://localhost"))
        doctor_warn(doctor, "WELCOME_PORTAL_ORIGINS", "add it, unless the portal calls from its own server only.",
                    "%.*s is not among them: browsers on the portal may not call.", (int)length, url);
}

/* Networks that hold every address there is. */
static bool trusts_everybody(const struct networks *proxies)
{
    for (size_t i = 0; i < proxies->count; i++) {
        static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
        const struct network *network = &proxies->items[i];
        if (network->bits == 0 || (network->bits <= 96 && memcmp(network->address.bytes, mapped, sizeof mapped) == 0))
            return true;
    }
    return false;
}

static void listeners_look(struct doctor *doctor)
{
    const struct config *config = doctor->config;
    if (trusts_everybody(&config->proxies))
        doctor_fail(doctor, "WELCOME_TRUSTED_PROXIES", "name your proxies only.",
                    "everybody is trusted to say who they are: limits of clients hold for nobody.");
    else if (config->proxies.count > 0)
        doctor_well(doctor, "WELCOME_TRUSTED_PROXIES", "%s.", config->trusted_proxies);
    else if (is_loopback(config->listen))
        doctor_warn(doctor, "WELCOME_TRUSTED_PROXIES", "set WELCOME_TRUSTED_PROXIES=127.0.0.1 if a web server on this machine passes requests on.",
                    "nobody is trusted, but only this machine can connect: all clients share one client's limits.");
    if (!is_loopback(config->listen) && config->proxies.count == 0)
        doctor_warn(doctor, "WELCOME_LISTEN", "put a web server with TLS in front, and let only that reach it.",
                    "%s is open to others, and the daemon speaks no TLS.", config->listen);
    if (is_loopback(config->admin_listen))
        doctor_well(doctor, "WELCOME_ADMIN_LISTEN", "health and metrics are for this machine only.");
    else
        doctor_warn(doctor, "WELCOME_ADMIN_LISTEN", "make sure that only your monitoring reaches it.", "%s may be reached by others.",
                    config->admin_listen);
    if (config->port != 0 && config->port == config->admin_port && strcmp(config->listen, config->admin_listen) == 0)
        doctor_fail(doctor, "WELCOME_ADMIN_PORT", "choose another.", "both listeners want port %d.", config->port);
    if (config->hsts_seconds == 0 && begins(config->portal_url, "https://"))
        doctor_warn(doctor, "WELCOME_HSTS_SECONDS", "set it to 31536000 once this name is reached by TLS only.",
                    "browsers are not told to keep to TLS.");
}

static void secrets_look(struct doctor *doctor)
{
    const struct config *config = doctor->config;
    unsigned char key[SECRET_KEY_BYTES];
    const bool read = secret_key_read(config, key);
    sodium_memzero(key, sizeof key);
    if (read)
        doctor_well(doctor, "WELCOME_SECRET_KEY", "there is a key.");
    else if (secret_key_configured(config))
        doctor_fail(doctor, "WELCOME_SECRET_KEY", "make one: openssl rand -base64 32.",
                    "it or its file is no key: 32 bytes in base64 or hexadecimal.");
    else if (config->second_factor_required)
        doctor_fail(doctor, "WELCOME_SECRET_KEY", "make one: openssl rand -base64 32.",
                    "there is none, but WELCOME_STAFF_SECOND_FACTOR=required needs it.");
    else
        doctor_warn(doctor, "WELCOME_SECRET_KEY", "make one: openssl rand -base64 32.", "there is none: staff can set up no second factor.");
    if (config->secret_key && config->secret_key_file)
        doctor_warn(doctor, "WELCOME_SECRET_KEY_FILE", "remove one of the two.", "WELCOME_SECRET_KEY is set too, and wins.");
    if (!config->second_factor_required)
        doctor_warn(doctor, "second factor", "set WELCOME_STAFF_SECOND_FACTOR=required once all have set one up.",
                    "staff may work without one.");
    const char *oidc = oidc_misconfigured(config);
    if (oidc)
        doctor_fail(doctor, "WELCOME_OIDC_ISSUER", "complete it, or unset WELCOME_OIDC_ISSUER.", "%s.", oidc);
    else if (oidc_configured(config))
        doctor_well(doctor, "WELCOME_OIDC_ISSUER", "staff may sign in with %s.", config->oidc_issuer);
}

static void mails_look(struct doctor *doctor)
{
    const struct config *config = doctor->config;
    if (!config->smtp_url)
        doctor_warn(doctor, "WELCOME_SMTP_URL", "set it to your mail server.",
                    "unset: mails reach nobody, they are files in %s.", config->mail_directory);
    else if (!begins(config->smtp_url, "smtp://") && !begins(config->smtp_url, "smtps://"))
        doctor_fail(doctor, "WELCOME_SMTP_URL", "write smtp://host:587 or smtps://host.", "%s is no mail server.", config->smtp_url);
    if (config->smtp_url && !config->smtp_tls)
        doctor_warn(doctor, "WELCOME_SMTP_TLS", "remove WELCOME_SMTP_TLS=false unless the server is this machine.",
                    "mails, with their tokens, may go in the clear.");
    if (config->smtp_user && !config->smtp_password)
        doctor_warn(doctor, "WELCOME_SMTP_PASSWORD", "set it.", "WELCOME_SMTP_USER has no password.");
    if (strstr(config->mail_from, "example.org"))
        doctor_warn(doctor, "WELCOME_MAIL_FROM", "set an address of yours.", "%s is an example.", config->mail_from);
}

static void rest_look(struct doctor *doctor)
{
    const struct config *config = doctor->config;
    if (config->check_answers)
        doctor_warn(doctor, "WELCOME_CHECK_ANSWERS", "remove it.", "every answer is checked, which is for tests and slow.");
    if (strcmp(config->log_level, "debug") == 0)
        doctor_warn(doctor, "WELCOME_LOG_LEVEL", "set it to info.", "debug is for looking into something, not for every day.");
    if (config->rate_form == 0 || config->rate_sign_in == 0 || config->rate_read == 0 || config->rate_search == 0)
        doctor_warn(doctor, "WELCOME_RATE_...", "set limits, or make sure that something in front has some.",
                    "a limit of clients is 0: there is none.");
    if (!config->operator_name || !config->privacy_contact)
        doctor_warn(doctor, "WELCOME_OPERATOR", "set WELCOME_OPERATOR and WELCOME_PRIVACY_CONTACT.", "the record of processing names nobody.");
}

void doctor_configuration(struct doctor *doctor)
{
    const struct config *config = doctor->config;
    if (!config->portal_url || !config->listen || !config->admin_listen || !config->mail_from || !config->mail_directory || !config->log_level)
        return; /* out of memory */
    portal_look(doctor);
    listeners_look(doctor);
    secrets_look(doctor);
    mails_look(doctor);
    rest_look(doctor);
}
