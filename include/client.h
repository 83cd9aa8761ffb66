/* SPDX-License-Identifier: EUPL-1.2
 * Whom a request came from: the address of the connection, or, behind proxies we trust, the one they tell of. */
#ifndef WELCOME_CLIENT_H
#define WELCOME_CLIENT_H

#include "arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

/* An address of 16 bytes; IPv4 as ::ffff:a.b.c.d. */
struct address {
    unsigned char bytes[16];
};

struct network {
    struct address address;
    unsigned bits;
};

struct networks {
    const struct network *items;
    size_t count;
};

/* Reads "10.0.0.0/8, 2001:db8::/32, 127.0.0.1" (NULL: none) into the arena. False: an entry is no network, or out of memory. */
bool networks_parse(struct networks *networks, const char *list, struct arena *arena);
bool networks_include(const struct networks *networks, const struct address *address);

/* The address of a socket's other end; ::  when it has none. */
struct address address_of(const struct sockaddr *peer);

/* Follows X-Forwarded-For from its right end: `client` is whoever told of the rest, and is replaced by the entry they added while they
 * are trusted. With several such headers: once for each, the last one first. Returns whether the next header is to be followed too. */
bool client_follow(struct address *client, const char *forwarded, const struct networks *trusted);

/* What counts as one client: an IPv4 address, or the /64 of an IPv6 address. */
struct address client_block(struct address address);

#endif
