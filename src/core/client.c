/* SPDX-License-Identifier: EUPL-1.2
 * Addresses, networks, and whom proxies tell of. */
#include "client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "banned.h"

static const unsigned char MAPPED[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

static struct address address_of_ipv4(const void *bytes)
{
    struct address address;
    memcpy(address.bytes, MAPPED, sizeof MAPPED);
    memcpy(address.bytes + sizeof MAPPED, bytes, 4);
    return address;
}

static bool is_ipv4(const struct address *address)
{
    return memcmp(address->bytes, MAPPED, sizeof MAPPED) == 0;
}

static bool address_parse(struct address *address, const char *text)
{
    struct in_addr ipv4;
    if (inet_pton(AF_INET, text, &ipv4) == 1) {
        *address = address_of_ipv4(&ipv4);
        return true;
    }
    return inet_pton(AF_INET6, text, address->bytes) == 1;
}

struct address address_of(const struct sockaddr *peer)
{
    struct address address = {{0}};
    if (peer && peer->sa_family == AF_INET)
        return address_of_ipv4(&((const struct sockaddr_in *)(const void *)peer)->sin_addr);
    if (peer && peer->sa_family == AF_INET6)
        memcpy(address.bytes, &((const struct sockaddr_in6 *)(const void *)peer)->sin6_addr, sizeof address.bytes);
    return address;
}

/* "10.0.0.0/8" or an address alone, without blanks. */
static bool network_parse(struct network *network, const char *text, size_t length)
{
    char address[INET6_ADDRSTRLEN];
    const char *slash = memchr(text, '/', length);
    const size_t size = slash ? (size_t)(slash - text) : length;
    if (size >= sizeof address)
        return false;
    memcpy(address, text, size);
    address[size] = '\0';
    if (!address_parse(&network->address, address))
        return false;
    const unsigned most = strchr(address, ':') ? 128 : 32;
    unsigned bits = most;
    if (slash) {
        const size_t digits = strspn(slash + 1, "0123456789");
        if (digits == 0 || digits > 3 || digits != length - size - 1)
            return false;
        bits = (unsigned)strtoul(slash + 1, NULL, 10);
    }
    network->bits = bits + 128 - most;
    return bits <= most;
}

bool networks_parse(struct networks *networks, const char *list, struct arena *arena)
{
    size_t most = 1;
    for (const char *at = list ? list : ""; *at; at++)
        most += *at == ',';
    struct network *items = arena_array(arena, most, sizeof *items);
    *networks = (struct networks){.items = items};
    while (items && list && *list) {
        list += strspn(list, ", ");
        const size_t length = strcspn(list, ", ");
        if (length && (networks->count == most || !network_parse(&items[networks->count++], list, length)))
            return false;
        list += length;
    }
    return items != NULL;
}

static bool network_includes(const struct network *network, const struct address *address)
{
    const size_t whole = network->bits / 8;
    const unsigned rest = network->bits % 8;
    if (memcmp(network->address.bytes, address->bytes, whole) != 0)
        return false;
    return rest == 0 || (network->address.bytes[whole] ^ address->bytes[whole]) >> (8 - rest) == 0;
}

bool networks_include(const struct networks *networks, const struct address *address)
{
    for (size_t i = 0; i < networks->count; i++)
        if (network_includes(&networks->items[i], address))
            return true;
    return false;
}

/* One entry of the header: an address, perhaps with a port ("192.0.2.1:4711", "[2001:db8::1]:4711"). */
static bool entry_parse(struct address *address, const char *text, size_t length)
{
    char entry[INET6_ADDRSTRLEN + 8]; /* brackets and port */
    while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\t'))
        length--;
    while (length > 0 && (*text == ' ' || *text == '\t'))
        text++, length--;
    if (length == 0 || length >= sizeof entry)
        return false;
    memcpy(entry, text, length);
    entry[length] = '\0';
    char *start = entry, *colon = strchr(entry, ':');
    if (*entry == '[') {
        start++;
        start[strcspn(start, "]")] = '\0';
    } else if (colon && !strchr(colon + 1, ':'))
        *colon = '\0';
    return address_parse(address, start);
}

bool client_follow(struct address *client, const char *forwarded, const struct networks *trusted)
{
    size_t end = strlen(forwarded);
    while (networks_include(trusted, client)) {
        size_t start = end;
        while (start > 0 && forwarded[start - 1] != ',')
            start--;
        if (!entry_parse(client, forwarded + start, end - start))
            return false; /* what is not understood was said by the one before */
        if (start == 0)
            return true;
        end = start - 1;
    }
    return false;
}

struct address client_block(struct address address)
{
    if (!is_ipv4(&address))
        memset(address.bytes + 8, 0, 8);
    return address;
}
