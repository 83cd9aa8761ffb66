/* SPDX-License-Identifier: EUPL-1.2
 * Listening sockets. */
#include "admin.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "banned.h"

#define BACKLOG 1024

static int listener_bind(const struct addrinfo *address)
{
    const int on = 1;
    const int fd = socket(address->ai_family, address->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, address->ai_protocol);
    if (fd < 0)
        return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 && bind(fd, address->ai_addr, address->ai_addrlen) == 0 &&
        listen(fd, BACKLOG) == 0)
        return fd;
    const int kept = errno;
    close(fd);
    errno = kept;
    return -1;
}

int listener_open(const char *address, int port)
{
    const struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    char service[16];
    snprintf(service, sizeof service, "%d", port);
    const int fault = getaddrinfo(address, service, &hints, &found);
    if (fault != 0) {
        fprintf(stderr, "welcomed: %s is no address to listen on: %s\n", address, gai_strerror(fault));
        return -1;
    }
    const int fd = listener_bind(found);
    if (fd < 0)
        fprintf(stderr, "welcomed: cannot listen on %s port %d: %s\n", address, port, strerror(errno));
    freeaddrinfo(found);
    return fd;
}
