/* SPDX-License-Identifier: EUPL-1.2
 * The program: picks a command, loads the configuration, runs it. */
#include "command.h"
#include "json_text.h"
#include "log.h"
#include "version.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "banned.h"

static const struct command {
    const char *name;
    const char *help;
    int (*run)(const struct config *config, int argc, char **argv);
    bool unconfigured; /* works without a valid configuration */
} COMMANDS[] = {
    {"serve", "run the daemon in the foreground", command_serve, false},
    {"migrate", "bring the database up to this program's schema; --status tells what is missing", command_migrate, false},
    {"import", "read reference data and content from content/ or the folder given; --demo adds invented people", command_import, false},
    {"export", "write content to a folder of files that import reads: export FOLDER [--force]", command_export, false},
    {"check", "prove that contract, statements and database agree", command_check, false},
    {"health", "ask the admin listener of the daemon that runs with this configuration whether it is ready", command_health, false},
    {"account", "create an account with a role: account create --role admin --email you@example.org", command_account, false},
    {"audit", "verify the seals of the audit, or list it: audit verify [--anchor NUMBER:HASH] | audit list [--subject ID]", command_audit, false},
    {"mail", "print the newest mail in the Maildir: mail last you@example.org [--token] [--wait SECONDS]", command_mail, false},
    {"match", "show what a round would propose for a snapshot: match --dry-run FILE|- [--greedy] [--whole]", command_match, true},
    {"clean", "make a PDF fit to be shown to everybody, as the daemon does it: clean < DOCUMENT > CLEANED", command_clean, true},
    {"privacy", "what is kept too long, or the record of processing: privacy retention [--dry-run] | privacy report", command_privacy, false},
    {"doctor", "say in plain words what is wrong with this set-up: doctor [--quiet]", command_doctor, true},
    {"config", "print the table of configuration keys", command_config, true},
};

static int print_usage(FILE *out, int status)
{
    fputs("usage: welcomed COMMAND [ARGUMENT]...\n\n", out);
    for (size_t i = 0; i < sizeof COMMANDS / sizeof *COMMANDS; i++)
        fprintf(out, "  %-8s  %s\n", COMMANDS[i].name, COMMANDS[i].help);
    fputs("\n  --help     this page\n  --version  the version\n\nConfiguration: welcomed config\n", out);
    return status;
}

static const struct command *command_find(const char *name)
{
    for (size_t i = 0; i < sizeof COMMANDS / sizeof *COMMANDS; i++)
        if (strcmp(COMMANDS[i].name, name) == 0)
            return &COMMANDS[i];
    return NULL;
}

static int command_run(const struct command *command, int argc, char **argv)
{
    struct config config = {0};
    int status = COMMAND_USAGE;
    if (command->unconfigured)
        return command->run(&config, argc, argv);
    if (config_load(&config, stderr)) {
        log_set_level(config.log_level);
        status = command->run(&config, argc, argv);
    }
    config_release(&config);
    return status;
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return print_usage(stderr, COMMAND_USAGE);
    if (strcmp(argv[1], "--help") == 0)
        return print_usage(stdout, COMMAND_OK);
    if (strcmp(argv[1], "--version") == 0)
        return printf("welcomed %s\n", PROGRAM_VERSION) < 0 ? COMMAND_FAILED : COMMAND_OK;
    const struct command *command = command_find(argv[1]);
    if (!command) {
        fprintf(stderr, "welcomed: there is no command %s\n\n", argv[1]);
        return print_usage(stderr, COMMAND_USAGE);
    }
    if (sodium_init() < 0) {
        fputs("welcomed: the system gives no random numbers\n", stderr);
        return COMMAND_FAILED;
    }
    json_text_init();
    return command_run(command, argc - 1, argv + 1);
}
