/* SPDX-License-Identifier: EUPL-1.2
 * Calls of ours to HTTP servers: bounded in time and size, without redirects. They wait for the network. */
#ifndef WELCOME_HTTP_CALL_H
#define WELCOME_HTTP_CALL_H

#include "buffer.h"

#include <curl/curl.h>

struct http_call {
    CURL *curl; /* for options of the caller's; NULL: out of memory */
    struct buffer *out;
    size_t most;                 /* bytes of an answer: a longer one is none */
    char error[CURL_ERROR_SIZE]; /* why there was no answer */
};

/* protocols: "http,https". False: it cannot be made; http_call_end() in any case. */
bool http_call_begin(struct http_call *call, const char *url, const char *protocols, int seconds, size_t most, struct buffer *out);

/* Performs the call if it was prepared, and frees it. The status, its answer in out; 0: there was none. */
long http_call_end(struct http_call *call, bool prepared);

#endif
