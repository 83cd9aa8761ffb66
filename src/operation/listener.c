/* SPDX-License-Identifier: EUPL-1.2
 * Listening sockets, opened or handed over. */
#include "admin.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
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

/* -1 with a sentence on standard error. */
static int listener_open(const char *address, int port)
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

int listener_port(int fd)
{
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    if (getsockname(fd, (struct sockaddr *)&address, &length) != 0)
        return 0;
    return ntohs(address.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&address)->sin6_port
                                               : ((struct sockaddr_in *)&address)->sin_port);
}

static void listeners_close(struct listeners *listeners)
{
    if (listeners->public_fd >= 0)
        close(listeners->public_fd);
    if (listeners->admin_fd >= 0)
        close(listeners->admin_fd);
    listeners->public_fd = listeners->admin_fd = -1;
}

/* Several threads accept from the public one, so it must not block; whoever handed it over may have left it blocking. */
static bool listener_take(struct listeners *listeners, int fd, const char *name)
{
    int *place = strcmp(name, "public") == 0 ? &listeners->public_fd : strcmp(name, "admin") == 0 ? &listeners->admin_fd : NULL;
    if (!place || *place >= 0)
        fprintf(stderr, "welcomed: a socket named %s was handed over; one may be named public and one admin\n", name);
    else if (sd_is_socket_inet(fd, AF_UNSPEC, SOCK_STREAM, 1, 0) <= 0)
        fprintf(stderr, "welcomed: what was handed over as %s is no listening TCP socket\n", name);
    else if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) < 0)
        fprintf(stderr, "welcomed: the socket %s: %s\n", name, strerror(errno));
    else {
        *place = fd;
        return true;
    }
    close(fd);
    return false;
}

/* Every descriptor handed over is taken or closed. */
static bool listeners_take(struct listeners *listeners)
{
    char **names = NULL;
    const int count = sd_listen_fds_with_names(1, &names);
    bool taken = count >= 0;
    if (!taken)
        fprintf(stderr, "welcomed: the sockets handed over: %s\n", strerror(-count));
    for (int i = 0; i < count; i++) {
        taken = listener_take(listeners, SD_LISTEN_FDS_START + i, names[i]) && taken;
        free(names[i]);
    }
    free(names);
    listeners->handed = listeners->public_fd >= 0;
    return taken;
}

bool listeners_open(struct listeners *listeners, const struct config *config)
{
    *listeners = (struct listeners){.public_fd = -1, .admin_fd = -1};
    bool open = listeners_take(listeners);
    if (open && listeners->public_fd < 0)
        open = (listeners->public_fd = listener_open(config->listen, config->port)) >= 0;
    if (open && listeners->admin_fd < 0)
        open = (listeners->admin_fd = listener_open(config->admin_listen, config->admin_port)) >= 0;
    if (!open)
        listeners_close(listeners);
    return open;
}
