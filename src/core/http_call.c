/* SPDX-License-Identifier: EUPL-1.2
 * Calls of ours to HTTP servers: bounded in time and size, without redirects. */
#include "http_call.h"

#include <stdio.h>

#include "banned.h"

#define CONNECT_SECONDS 5L

static size_t answer_take(char *bytes, size_t size, size_t count, void *context)
{
    const struct http_call *call = context;
    if (size * count > call->most - call->out->length)
        return 0; /* ends the transfer */
    buffer_append(call->out, bytes, size * count);
    return size * count;
}

bool http_call_begin(struct http_call *call, const char *url, const char *protocols, int seconds, size_t most, struct buffer *out)
{
    CURL *curl = curl_easy_init();
    *call = (struct http_call){.curl = curl, .out = out, .most = most};
    return curl && curl_easy_setopt(curl, CURLOPT_URL, url) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, protocols) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK && curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)seconds) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, answer_take) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEDATA, call) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, call->error) == CURLE_OK;
}

long http_call_end(struct http_call *call, bool prepared)
{
    long status = 0;
    CURLcode code = prepared ? curl_easy_perform(call->curl) : CURLE_OUT_OF_MEMORY;
    if (code == CURLE_OK && buffer_failed(call->out))
        code = CURLE_OUT_OF_MEMORY;
    if (code == CURLE_OK)
        curl_easy_getinfo(call->curl, CURLINFO_RESPONSE_CODE, &status);
    if (code == CURLE_OK || !*call->error) /* it may tell of attempts that others made good */
        snprintf(call->error, sizeof call->error, "%s", code == CURLE_OK ? "" : curl_easy_strerror(code));
    curl_easy_cleanup(call->curl);
    return status;
}
