/* SPDX-License-Identifier: EUPL-1.2
 * The commands of the program; each takes its own arguments (argv[0] is the command's name) and returns an exit status. */
#ifndef WELCOME_COMMAND_H
#define WELCOME_COMMAND_H

#include "config.h"

enum command_status { COMMAND_OK = 0, COMMAND_FAILED = 1, COMMAND_USAGE = 2 };

int command_serve(const struct config *config, int argc, char **argv);   /* src/operation/serve.c */
int command_health(const struct config *config, int argc, char **argv);  /* src/operation/health.c */
int command_check(const struct config *config, int argc, char **argv);   /* src/operation/check.c */
int command_migrate(const struct config *config, int argc, char **argv); /* src/core/migrate.c */
int command_import(const struct config *config, int argc, char **argv);  /* src/operation/import.c */
int command_export(const struct config *config, int argc, char **argv);  /* src/operation/export.c */
int command_account(const struct config *config, int argc, char **argv); /* src/accounts/account_command.c */
int command_audit(const struct config *config, int argc, char **argv);   /* src/accounts/audit_command.c */
int command_mail(const struct config *config, int argc, char **argv);    /* src/mail/mail_command.c */
int command_match(const struct config *config, int argc, char **argv);   /* src/matching/match_command.c */
int command_clean(const struct config *config, int argc, char **argv);   /* src/media/media_apart.c */
int command_privacy(const struct config *config, int argc, char **argv); /* src/privacy/privacy_command.c */
int command_doctor(const struct config *config, int argc, char **argv);  /* src/operation/doctor.c: loads the configuration itself */
int command_config(const struct config *config, int argc, char **argv);  /* src/core/config.c: prints the table of keys */

#endif
