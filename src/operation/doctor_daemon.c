/* SPDX-License-Identifier: EUPL-1.2
 * Of `welcomed doctor`: the daemon that runs here, asked by its admin listener, and the mail server. */
#include "doctor.h"

#include "admin.h"
#include "http_call.h"
#include "mail.h"
#include "version.h"

#include <stdlib.h>
#include <string.h>

#include "banned.h"

/* What stands behind `start` at the start of a line. NULL: there is no such line. */
static const char *line_find(const char *page, const char *start)
{
    const char *found = strstr(page, start);
    while (found && found > page && found[-1] != '\n')
        found = strstr(found + 1, start);
    return found ? found + strlen(start) : NULL;
}

static double figure(const char *page, const char *start)
{
    const char *value = line_find(page, start);
    return value ? strtod(value, NULL) : -1;
}

/* It is asked by its read lane. */
static void replica_look(struct doctor *doctor, const char *page)
{
    const double fresh = figure(page, "welcome_replica_links_fresh{lane=\"read\"} ");
    if (!doctor->config->database_read_url)
        return;
    if (fresh < 0)
        doctor_warn(doctor, "read replica", "restart it.", "the daemon that runs knows of none.");
    else if (fresh < 1)
        doctor_warn(doctor, "read replica", "look above, and for replica_out_of_use in its log.", "the daemon does not use it: it is away or late.");
    else
        doctor_well(doctor, "read replica", "the daemon uses it.");
}

static void page_look(struct doctor *doctor, const char *page)
{
    const struct config *config = doctor->config;
    const char *version = line_find(page, "welcome_build_info{version=\"");
    const size_t length = version ? strcspn(version, "\"") : 0;
    const double most = figure(page, "welcome_connections_max "), lost = figure(page, "welcome_log_lines_lost_total ");
    const double wanted = (double)config->connections_max * (double)loops_wanted(config);
    if (!version)
        doctor_fail(doctor, "daemon", "is something else on WELCOME_ADMIN_PORT?", "what answers on port %d is no welcomed.", config->admin_port);
    else if (length != strlen(PROGRAM_VERSION) || strncmp(version, PROGRAM_VERSION, length) != 0)
        doctor_fail(doctor, "daemon", "restart it.", "its version is %.*s, this program's %s.", (int)length, version, PROGRAM_VERSION);
    else
        doctor_well(doctor, "daemon", "it runs, and its version is this program's: %s.", PROGRAM_VERSION);
    if (most >= 0 && most < wanted)
        doctor_warn(doctor, "files", "raise LimitNOFILE= of the service, or lower WELCOME_CONNECTIONS_MAX.",
                    "it may open %.0f files, which is enough for %.0f connections; %.0f are configured.", figure(page, "process_max_fds "),
                    most, wanted);
    if (lost > 0)
        doctor_warn(doctor, "log", "make room where the log goes.", "%.0f lines could not be written.", lost);
    if (version)
        replica_look(doctor, page);
}

static void daemon_look(struct doctor *doctor)
{
    char error[CURL_ERROR_SIZE];
    struct buffer page, health;
    buffer_init(&page);
    buffer_init(&health);
    const long status = admin_get(doctor->config, "/metrics", &page, error);
    const char *text = buffer_text(&page);
    if (status != 200 || !text)
        doctor_warn(doctor, "daemon", "start it; if it runs, do WELCOME_ADMIN_LISTEN and WELCOME_ADMIN_PORT say where?",
                    "none answers on %s port %d: %s.",
                    doctor->config->admin_listen, doctor->config->admin_port, *error ? error : "no answer");
    else {
        page_look(doctor, text);
        if (admin_get(doctor->config, "/health/ready", &health, error) != 200)
            doctor_fail(doctor, "daemon", "look for database_link_lost in its log.",
                        "it is not ready: it has no way to the database, or is being stopped.");
    }
    buffer_release(&health);
    buffer_release(&page);
}

static void mail_server_look(struct doctor *doctor)
{
    char error[256] = "out of memory";
    const char *url = doctor->config->smtp_url;
    struct mail_transport *transport = url ? mail_transport_open(doctor->config, NULL) : NULL;
    if (!url)
        return;
    if (transport && mail_transport_try(transport, error, sizeof error))
        doctor_well(doctor, "mail server", "%s takes us%s%s.", url, doctor->config->smtp_tls ? ", by TLS" : "",
                    doctor->config->smtp_user ? ", and our password" : "");
    else
        doctor_fail(doctor, "mail server", "check WELCOME_SMTP_URL, _USER, _PASSWORD, _TLS and _CA.", "%s does not take us: %s.", url, error);
    mail_transport_close(transport);
}

void doctor_daemon(struct doctor *doctor)
{
    doctor_about(doctor, "Running");
    if (doctor->config->admin_listen && doctor->config->admin_port > 0)
        daemon_look(doctor);
    mail_server_look(doctor);
}
