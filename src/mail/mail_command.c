/* SPDX-License-Identifier: EUPL-1.2
 * `welcomed mail last ADDRESS`: the newest mail to an address in the local Maildir. */
#include "command.h"
#include "mail.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "banned.h"

enum { MAIL_MAX = 256 * 1024, WAIT_MAX = 3600, POLLS_PER_SECOND = 10 };

struct wish {
    const char *address;
    bool token; /* only the token */
    long wait;  /* seconds to wait for a mail */
};

static int mail_usage(void)
{
    fputs("usage: welcomed mail last ADDRESS [--token] [--wait SECONDS]\n"
          "  --token  print only the token of the mailed link\n"
          "  --wait   wait so long for a mail if there is none yet\n", stderr);
    return COMMAND_USAGE;
}

static bool wish_read(struct wish *wish, int argc, char **argv)
{
    *wish = (struct wish){.address = argc > 2 && strcmp(argv[1], "last") == 0 ? argv[2] : NULL};
    for (int i = 3; i < argc; i++) {
        char *end = "";
        if (strcmp(argv[i], "--token") == 0)
            wish->token = true;
        else if (strcmp(argv[i], "--wait") == 0 && i + 1 < argc)
            wish->wait = strtol(argv[++i], &end, 10);
        else
            return false;
        if (*end || wish->wait < 0 || wish->wait > WAIT_MAX)
            return false;
    }
    return wish->address != NULL;
}

/* The file's text in the arena; NULL when it cannot be read. */
static const char *file_read(const char *path, struct arena *arena)
{
    FILE *file = fopen(path, "re");
    char *text = file ? arena_alloc(arena, MAIL_MAX + 1) : NULL;
    const size_t length = text ? fread(text, 1, MAIL_MAX, file) : 0;
    if (file)
        fclose(file);
    return text && length < MAIL_MAX ? text : NULL;
}

static int is_mail(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* Names sort by time: the newest first. */
static int newest_first(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*b)->d_name, (*a)->d_name);
}

/* The text of the mail in that file if it is to the address, else NULL. */
static const char *mail_read(const char *path, const char *address, struct arena *arena)
{
    const char *message = file_read(path, arena);
    const char *to = message ? mail_message_to(message, arena) : NULL;
    return to && strcasecmp(to, address) == 0 ? mail_message_text(message, arena) : NULL;
}

/* Looks in new only: nobody but a mail reader moves mails on into cur. */
static const char *maildir_newest(const char *folder, const char *address, struct arena *arena)
{
    struct dirent **entries = NULL;
    const char *text = NULL, *new = arena_printf(arena, "%s/new", folder);
    const int count = new ? scandir(new, &entries, is_mail, newest_first) : -1;
    for (int i = 0; i < count; i++) {
        const char *path = text ? NULL : arena_printf(arena, "%s/%s", new, entries[i]->d_name);
        text = path ? mail_read(path, address, arena) : text;
        free(entries[i]);
    }
    free(entries);
    return text;
}

/* Prints the newest mail, or its token; false when there is none. */
static bool wish_fulfil(const struct wish *wish, const char *folder)
{
    struct arena arena;
    arena_init(&arena, 64 * 1024);
    const char *text = maildir_newest(folder, wish->address, &arena);
    const char *token = text ? strstr(text, "#token=") : NULL;
    if (text && !wish->token)
        fputs(text, stdout);
    else if (token)
        printf("%.*s\n", (int)strcspn(token + 7, " \r\n"), token + 7);
    arena_release(&arena);
    return wish->token ? token != NULL : text != NULL;
}

int command_mail(const struct config *config, int argc, char **argv)
{
    const struct timespec pause = {.tv_nsec = 1000000000 / POLLS_PER_SECOND};
    const char *folder = config->mail_directory;
    struct wish wish;
    if (!wish_read(&wish, argc, argv))
        return mail_usage();
    if (config->smtp_url) {
        fprintf(stderr, "Mails go to %s, not to a local Maildir.\n", config->smtp_url);
        return COMMAND_FAILED;
    }
    for (long polls = wish.wait * POLLS_PER_SECOND; polls >= 0; polls--) {
        if (wish_fulfil(&wish, folder))
            return COMMAND_OK;
        if (polls > 0)
            nanosleep(&pause, NULL);
    }
    fprintf(stderr, wish.token ? "The newest mail to %s in %s has no token, or there is none.\n" : "There is no mail to %s in %s.\n",
            wish.address, folder);
    return COMMAND_FAILED;
}
