/* SPDX-License-Identifier: EUPL-1.2
 * Trusted networks in the first line, then headers X-Forwarded-For, the last one first: whoever is trusted was named by who is, what is not
 * understood changes nothing, and an address is one client however it is written. */
#define _GNU_SOURCE /* strsep() */
#include "client.h"
#include "fuzz.h"

#include <arpa/inet.h>
#include <string.h>

#include "banned.h"

static bool same(struct address a, struct address b)
{
    return memcmp(a.bytes, b.bytes, sizeof a.bytes) == 0;
}

static void address_look(struct address address, struct arena *arena)
{
    char text[INET6_ADDRSTRLEN];
    struct networks alone;
    require(inet_ntop(AF_INET6, address.bytes, text, sizeof text) != NULL);
    require(networks_parse(&alone, text, arena) && alone.count == 1 && networks_include(&alone, &address));
    require(same(client_block(client_block(address)), client_block(address)));
}

static void follow(const struct networks *trusted, char *headers, struct arena *arena)
{
    struct sockaddr_in peer = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7F000001)};
    struct address client = address_of((struct sockaddr *)&peer);
    for (char *header; (header = strsep(&headers, "\n"));) {
        const struct address before = client;
        const bool was_trusted = networks_include(trusted, &client), on = client_follow(&client, header, trusted);
        require(was_trusted || (same(before, client) && !on));
        address_look(client, arena);
        if (!on)
            break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct networks trusted;
    arena_init(&arena, 0);
    char *headers = arena_copy(&arena, (const char *)data, size);
    const char *list = strsep(&headers, "\n");
    if (networks_parse(&trusted, list, &arena)) {
        for (size_t i = 0; i < trusted.count; i++)
            require(trusted.items[i].bits <= 128 && networks_include(&trusted, &trusted.items[i].address));
        follow(&trusted, headers, &arena);
    }
    arena_release(&arena);
    return 0;
}
