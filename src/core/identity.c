/* SPDX-License-Identifier: EUPL-1.2
 * Tokens, their hashes, ids, and which sessions want their life extended. */
#include "identity.h"

#include "sql_type.h"

#include <pthread.h>
#include <sodium.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "banned.h"

#define ID_BYTES 16

static struct {
    pthread_mutex_t lock;
    size_t count;
    char ids[SESSIONS_USED_MAX][37];
} used = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Ids are no secrets, so their random bytes may lie in memory for a while: asking the system for each costs more than an answer's headers. */
static void id_random(unsigned char bytes[ID_BYTES])
{
    static _Thread_local struct {
        size_t left;
        unsigned char bytes[64 * ID_BYTES];
    } pool;
    if (pool.left == 0) {
        randombytes_buf(pool.bytes, sizeof pool.bytes);
        pool.left = sizeof pool.bytes;
    }
    pool.left -= ID_BYTES;
    memcpy(bytes, pool.bytes + pool.left, ID_BYTES);
}

void id_make(char id[37])
{
    static const char digits[] = "0123456789abcdef";
    struct timespec now;
    unsigned char bytes[ID_BYTES];
    clock_gettime(CLOCK_REALTIME, &now);
    const uint64_t ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
    id_random(bytes);
    for (int i = 0; i < 6; i++)
        bytes[i] = (unsigned char)(ms >> (40 - 8 * i));
    bytes[6] = (unsigned char)((bytes[6] & 0x0F) | 0x70);
    bytes[8] = (unsigned char)((bytes[8] & 0x3F) | 0x80);
    for (size_t i = 0; i < ID_BYTES; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *id++ = '-';
        *id++ = digits[bytes[i] >> 4];
        *id++ = digits[bytes[i] & 15];
    }
    *id = '\0';
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
