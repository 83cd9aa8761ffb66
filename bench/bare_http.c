/* SPDX-License-Identifier: EUPL-1.2
 * bare_http PORT THREADS BYTES: libmicrohttpd and nothing else. Answers everything with a prebuilt body of so many bytes, bodies of
 * requests are read and dropped: what HTTP costs before welcomed does anything. */
#include <microhttpd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct MHD_Response *answer;

static enum MHD_Result receive(void *cls, struct MHD_Connection *connection, const char *url, const char *method, const char *version,
                               const char *data, size_t *size, void **state)
{
    static int seen;
    (void)cls, (void)url, (void)method, (void)version, (void)data;
    if (!*state || *size > 0) {
        *state = &seen;
        *size = 0;
        return MHD_YES;
    }
    return MHD_queue_response(connection, MHD_HTTP_OK, answer);
}

int main(int argc, char **argv)
{
    sigset_t ends;
    int which;
    if (argc != 4)
        return 2;
    const size_t length = strtoul(argv[3], NULL, 10);
    char *body = malloc(length + 1);
    if (!body)
        return 1;
    memset(body, 'x', length);
    answer = MHD_create_response_from_buffer(length, body, MHD_RESPMEM_MUST_FREE);
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);
    struct MHD_Daemon *daemon =
        MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, (uint16_t)strtoul(argv[1], NULL, 10), NULL, NULL, receive, NULL,
                         MHD_OPTION_THREAD_POOL_SIZE, (unsigned)strtoul(argv[2], NULL, 10), MHD_OPTION_END);
    if (!answer || !daemon)
        return 1;
    sigwait(&ends, &which);
    MHD_stop_daemon(daemon);
    MHD_destroy_response(answer);
    return 0;
}
