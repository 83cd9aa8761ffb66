/* SPDX-License-Identifier: EUPL-1.2
 * Any configuration file: every value is what its key may have, or a line tells of each that is not. */
#define _GNU_SOURCE /* memfd_create() */
#include "config.h"
#include "fuzz.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "banned.h"

static bool is_choice(const char *choices, const char *word)
{
    const size_t length = strlen(word);
    for (const char *at = choices; at; at = strchr(at, '|') ? strchr(at, '|') + 1 : NULL)
        if (strcspn(at, "|") == length && strncmp(at, word, length) == 0)
            return true;
    return false;
}

static void look(const struct config *config)
{
    for (size_t i = 0; i < CONFIG_KEY_COUNT; i++) {
        const struct config_key *key = &CONFIG_KEYS[i];
        const void *member = (const char *)config + key->offset;
        if (key->kind == CONFIG_INTEGER)
            require(*(const int *)member >= key->minimum && *(const int *)member <= key->maximum);
        else if (key->kind == CONFIG_TEXT) {
            const char *text = *(const char *const *)member;
            require(text ? !key->choices || is_choice(key->choices, text) : !key->default_value);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64], *said = NULL;
    size_t length = 0;
    struct config config;
    const int fd = memfd_create("welcomed.conf", MFD_CLOEXEC);
    FILE *errors = open_memstream(&said, &length);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    setenv("WELCOME_CONFIG", path, 1);
    require(fd >= 0 && errors && write(fd, data, size) == (ssize_t)size);
    const bool loaded = config_load(&config, errors);
    fclose(errors);
    require(loaded == (length == 0) && (loaded || said[length - 1] == '\n'));
    if (loaded)
        look(&config);
    config_release(&config);
    free(said);
    close(fd);
    return 0;
}
