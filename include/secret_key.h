/* SPDX-License-Identifier: EUPL-1.2
 * The key that secrets in the database are encrypted with; the database never has it. */
#ifndef WELCOME_SECRET_KEY_H
#define WELCOME_SECRET_KEY_H

#include "config.h"

#include <sodium.h>
#include <stdbool.h>
#include <stddef.h>

enum { SECRET_KEY_BYTES = crypto_secretbox_KEYBYTES };

/* Whether the configuration names a key. */
bool secret_key_configured(const struct config *config);

/* Reads WELCOME_SECRET_KEY or the file; false when there is none or it is no key. Wipe it with sodium_memzero(). Any thread. */
bool secret_key_read(const struct config *config, unsigned char key[SECRET_KEY_BYTES]);

/* 32 bytes that follow from the key, a purpose and a text, and tell nothing of each other. False: there is no key. */
bool secret_derive(const struct config *config, const char *purpose, const char *text, unsigned char out[32]);

#define SEALED_BYTES(length) ((length) + crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES)

/* Encrypts length bytes into SEALED_BYTES(length); opens such bytes again (false: damaged, or of another key). */
void secret_seal(const unsigned char key[SECRET_KEY_BYTES], const void *plain, size_t length, unsigned char *sealed);
bool secret_open(const unsigned char key[SECRET_KEY_BYTES], const unsigned char *sealed, size_t length, void *plain);

#endif
