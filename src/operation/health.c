/* SPDX-License-Identifier: EUPL-1.2
 * Asking the admin listener of a running daemon: `welcomed health`, for the health checks of containers and scripts, and admin_get() for others. */
#include "admin.h"
#include "command.h"

#include <stdio.h>
#include <string.h>

#include "banned.h"

enum { ANSWER_MAX = 4 << 20, PATIENCE = 5 /* seconds */ };

/* Who listens on all addresses is asked on this machine's own. */
static const char *admin_host(const char *listen)
{
    if (strcmp(listen, "0.0.0.0") == 0)
        return "127.0.0.1";
    return strcmp(listen, "::") == 0 ? "::1" : listen;
}

long admin_get(const struct config *config, const char *path, struct buffer *out, char error[CURL_ERROR_SIZE])
{
    char url[320];
    struct http_call call;
    const char *host = admin_host(config->admin_listen);
    const bool literal = strchr(host, ':') != NULL; /* an IPv6 address */
    snprintf(url, sizeof url, "http://%s%s%s:%d%s", literal ? "[" : "", host, literal ? "]" : "", config->admin_port, path);
    const bool prepared = http_call_begin(&call, url, "http", PATIENCE, ANSWER_MAX, out) &&
                          curl_easy_setopt(call.curl, CURLOPT_PROXY, "") == CURLE_OK; /* whatever the environment says */
    const long status = http_call_end(&call, prepared);
    snprintf(error, CURL_ERROR_SIZE, "%s", call.error);
    return status;
}

int command_health(const struct config *config, int argc, char **argv)
{
    char error[CURL_ERROR_SIZE];
    struct buffer page;
    if (argc > 1) {
        fprintf(stderr, "usage: welcomed %s\n", argv[0]);
        return COMMAND_USAGE;
    }
    buffer_init(&page);
    const long status = admin_get(config, "/health/ready", &page, error);
    buffer_release(&page);
    if (status)
        puts(status == 200 ? "ready" : "not ready");
    else
        fprintf(stderr, "welcomed: nobody answers on %s port %d: %s\n", config->admin_listen, config->admin_port, error);
    return status == 200 ? COMMAND_OK : COMMAND_FAILED;
}
