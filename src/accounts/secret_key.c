/* SPDX-License-Identifier: EUPL-1.2
 * The key of the configuration, and what is encrypted or derived with it. */
#include "secret_key.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "banned.h"

enum { TEXT_MAX = 256 };

bool secret_key_configured(const struct config *config)
{
    return config->secret_key || config->secret_key_file;
}

/* Base64, of either alphabet and padded or not, or hexadecimal. */
static bool key_decode(const char *text, size_t length, unsigned char key[SECRET_KEY_BYTES])
{
    static const int variants[] = {sodium_base64_VARIANT_ORIGINAL, sodium_base64_VARIANT_ORIGINAL_NO_PADDING, sodium_base64_VARIANT_URLSAFE,
                                   sodium_base64_VARIANT_URLSAFE_NO_PADDING};
    size_t size = 0;
    if (length == 2 * SECRET_KEY_BYTES)
        return sodium_hex2bin(key, SECRET_KEY_BYTES, text, length, NULL, &size, NULL) == 0 && size == SECRET_KEY_BYTES;
    for (size_t i = 0; i < sizeof variants / sizeof *variants; i++)
        if (sodium_base642bin(key, SECRET_KEY_BYTES, text, length, NULL, &size, NULL, variants[i]) == 0 && size == SECRET_KEY_BYTES)
            return true;
    return false;
}

bool secret_key_read(const struct config *config, unsigned char key[SECRET_KEY_BYTES])
{
    char text[TEXT_MAX];
    if (config->secret_key)
        return key_decode(config->secret_key, strlen(config->secret_key), key);
    FILE *file = config->secret_key_file ? fopen(config->secret_key_file, "re") : NULL;
    if (!file)
        return false;
    setvbuf(file, NULL, _IONBF, 0); /* no copy of it stays behind */
    size_t length = fread(text, 1, sizeof text, file);
    fclose(file);
    while (length > 0 && isspace((unsigned char)text[length - 1]))
        length--;
    const bool read = key_decode(text, length, key);
    sodium_memzero(text, sizeof text);
    return read;
}

bool secret_derive(const struct config *config, const char *purpose, const char *text, unsigned char out[32])
{
    unsigned char key[SECRET_KEY_BYTES];
    crypto_generichash_state state;
    if (!secret_key_read(config, key))
        return false;
    crypto_generichash_init(&state, key, sizeof key, 32);
    crypto_generichash_update(&state, (const unsigned char *)purpose, strlen(purpose) + 1);
    crypto_generichash_update(&state, (const unsigned char *)text, strlen(text));
    crypto_generichash_final(&state, out, 32);
    sodium_memzero(key, sizeof key);
    return true;
}

void secret_seal(const unsigned char key[SECRET_KEY_BYTES], const void *plain, size_t length, unsigned char *sealed)
{
    randombytes_buf(sealed, crypto_secretbox_NONCEBYTES);
    crypto_secretbox_easy(sealed + crypto_secretbox_NONCEBYTES, plain, length, sealed, key);
}

bool secret_open(const unsigned char key[SECRET_KEY_BYTES], const unsigned char *sealed, size_t length, void *plain)
{
    return length > crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES &&
           crypto_secretbox_open_easy(plain, sealed + crypto_secretbox_NONCEBYTES, length - crypto_secretbox_NONCEBYTES, sealed, key) == 0;
}
