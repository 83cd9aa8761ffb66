/* SPDX-License-Identifier: EUPL-1.2
 * `welcomed health`: asks the admin listener whether the daemon is ready; for the health checks of containers and scripts. */
#include "command.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#include "banned.h"

#define PATIENCE 5L /* seconds */

static size_t ignore_body(char *data, size_t size, size_t count, void *context)
{
    (void)data, (void)context;
    return size * count;
}

/* The status of /health/ready; 0 with a line on standard error when nobody answered. */
static long health_ask(CURL *curl, const struct config *config)
{
    char url[512];
    long status = 0;
    const bool bracketed = strchr(config->admin_listen, ':') != NULL; /* an IPv6 address */
    const int length = snprintf(url, sizeof url, bracketed ? "http://[%s]:%d/health/ready" : "http://%s:%d/health/ready",
                                config->admin_listen, config->admin_port);
    if (length < 0 || (size_t)length >= sizeof url) {
        fputs("welcomed: WELCOME_ADMIN_LISTEN is too long\n", stderr);
        return 0;
    }
    CURLcode result = curl_easy_setopt(curl, CURLOPT_URL, url);
    if (result == CURLE_OK)
        result = curl_easy_setopt(curl, CURLOPT_TIMEOUT, PATIENCE);
    if (result == CURLE_OK)
        result = curl_easy_setopt(curl, CURLOPT_PROXY, ""); /* whatever the environment says */
    if (result == CURLE_OK)
        result = curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, ignore_body);
    if (result == CURLE_OK)
        result = curl_easy_perform(curl);
    if (result == CURLE_OK)
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    else
        fprintf(stderr, "welcomed: %s: %s\n", url, curl_easy_strerror(result));
    return status;
}

int command_health(const struct config *config, int argc, char **argv)
{
    if (argc > 1) {
        fprintf(stderr, "usage: welcomed %s\n", argv[0]);
        return COMMAND_USAGE;
    }
    CURL *curl = curl_easy_init();
    const long status = curl ? health_ask(curl, config) : 0;
    curl_easy_cleanup(curl);
    if (status)
        puts(status == 200 ? "ready" : "not ready");
    return status == 200 ? COMMAND_OK : COMMAND_FAILED;
}
