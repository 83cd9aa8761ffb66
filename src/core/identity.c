/* SPDX-License-Identifier: EUPL-1.2
 * Tokens, their hashes, ids, and which sessions want their life extended. */
#include "identity.h"

#include "sql_type.h"

#include <pthread.h>
#include <sodium.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "banned.h"

static struct {
    pthread_mutex_t lock;
    size_t count;
    char ids[SESSIONS_USED_MAX][37];
} used = {.lock = PTHREAD_MUTEX_INITIALIZER};

void id_make(char id[37])
{
    struct timespec now;
    unsigned char bytes[16];
    clock_gettime(CLOCK_REALTIME, &now);
    const uint64_t ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
    randombytes_buf(bytes, sizeof bytes);
    for (int i = 0; i < 6; i++)
        bytes[i] = (unsigned char)(ms >> (40 - 8 * i));
    bytes[6] = (unsigned char)((bytes[6] & 0x0F) | 0x70);
    bytes[8] = (unsigned char)((bytes[8] & 0x3F) | 0x80);
    char hex[33];
    sodium_bin2hex(hex, sizeof hex, bytes, sizeof bytes);
    snprintf(id, 37, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
}

void token_make(char token[TOKEN_LENGTH + 1])
{
    unsigned char bytes[32];
    randombytes_buf(bytes, sizeof bytes);
    sodium_bin2base64(token, TOKEN_LENGTH + 1, bytes, sizeof bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    sodium_memzero(bytes, sizeof bytes);
}

const char *token_hash_text(const char *token, struct arena *arena)
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(hash, (const unsigned char *)token, strlen(token));
    return sql_bytes_text(hash, sizeof hash, arena);
}

bool connection_alive(struct MHD_Connection *connection)
{
    char byte;
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return !info || recv(info->connect_fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) != 0;
}

void session_used(const char *session_id)
{
    pthread_mutex_lock(&used.lock);
    bool room = used.count < SESSIONS_USED_MAX && strlen(session_id) == 36;
    for (size_t i = 0; room && i < used.count; i++)
        room = strcmp(used.ids[i], session_id) != 0;
    if (room)
        memcpy(used.ids[used.count++], session_id, 37);
    pthread_mutex_unlock(&used.lock);
}

size_t sessions_take(char ids[SESSIONS_USED_MAX][37])
{
    pthread_mutex_lock(&used.lock);
    const size_t count = used.count;
    memcpy(ids, used.ids, count * sizeof *used.ids);
    used.count = 0;
    pthread_mutex_unlock(&used.lock);
    return count;
}
