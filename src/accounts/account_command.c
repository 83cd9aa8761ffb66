/* SPDX-License-Identifier: EUPL-1.2
 * `welcomed account create`: gives an address a role; how the first admin comes to be. `welcomed account reset-second-factor`: for the
 * last admin who has lost theirs. */
#include "command.h"
#include "database.h"
#include "format.h"

#include <stdio.h>
#include <string.h>

#include "banned.h"

struct wish {
    const char *role;
    const char *email;
    const char *city; /* "*": all */
    const char *language;
};

static int account_usage(void)
{
    fputs("usage: welcomed account create --role admin|coordinator|editor|advisor --email ADDRESS [--city CITY|all] [--language TAG]\n"
          "       welcomed account reset-second-factor --email ADDRESS\n"
          "  --city      where the role holds; all by default, and always for an admin\n"
          "  --language  of the mails to a new account; en by default\n", stderr);
    return COMMAND_USAGE;
}

static bool wish_read(struct wish *wish, int argc, char **argv)
{
    *wish = (struct wish){.city = "*", .language = "en"};
    if (argc < 2 || strcmp(argv[1], "create") != 0 || argc % 2 != 0)
        return false;
    for (int i = 2; i + 1 < argc; i += 2) {
        const char *value = argv[i + 1];
        if (strcmp(argv[i], "--role") == 0)
            wish->role = value;
        else if (strcmp(argv[i], "--email") == 0)
            wish->email = value;
        else if (strcmp(argv[i], "--city") == 0)
            wish->city = strcmp(value, "all") == 0 ? "*" : value;
        else if (strcmp(argv[i], "--language") == 0)
            wish->language = value;
        else
            return false;
    }
    return wish->role && wish->email;
}

/* What the database refuses, in words for the person at the keyboard. */
static const char *refusal(const PGresult *result)
{
    const char *constraint = PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME);
    if (!constraint)
        return NULL;
    return strcmp(constraint, "staff_role_admin_is_for_all") == 0  ? "An admin is for all cities."
           : strcmp(constraint, "staff_role_role_check") == 0      ? "The role must be admin, coordinator, editor or advisor."
           : strcmp(constraint, "staff_role_city_known_fkey") == 0 ? "There is no such city (welcomed import brings them)."
                                                                   : NULL;
}

/* Nobody checks who asks: whoever can run this is the operator. */
static int account_reset(const struct config *config, const char *email)
{
    char error[256] = "";
    PGconn *db = database_connect_worker(config);
    PGresult *result = db && PQstatus(db) == CONNECTION_OK ? database_query(db, "SELECT reset_second_factor_of($1)", 1, &email) : NULL;
    const bool done = result && *PQgetvalue(result, 0, 0) == 't';
    if (done)
        printf("%s has no second factor any more and was told so by mail.\n", email);
    else if (result)
        fprintf(stderr, "welcomed account: %s has no second factor\n", email);
    else {
        database_error(db, error, sizeof error);
        fprintf(stderr, "welcomed account: %s\n", error);
    }
    PQclear(result);
    PQfinish(db);
    return done ? COMMAND_OK : COMMAND_FAILED;
}

int command_account(const struct config *config, int argc, char **argv)
{
    struct wish wish;
    char error[256] = "";
    if (argc == 4 && strcmp(argv[1], "reset-second-factor") == 0 && strcmp(argv[2], "--email") == 0)
        return account_reset(config, argv[3]);
    if (!wish_read(&wish, argc, argv))
        return account_usage();
    if (!format_find("email")->check(wish.email, strlen(wish.email), NULL)) {
        fprintf(stderr, "welcomed account: %s is no e-mail address\n", wish.email);
        return COMMAND_FAILED;
    }
    PGconn *db = database_connect_worker(config);
    const char *values[] = {wish.email, wish.role, wish.city, wish.language};
    PGresult *result = NULL;
    if (db && PQstatus(db) == CONNECTION_OK)
        result = PQexecParams(db, "SELECT grant_role($1, $2, $3, $4)", 4, NULL, values, NULL, NULL, 0);
    const bool done = PQresultStatus(result) == PGRES_TUPLES_OK;
    if (done)
        printf("%s is %s for %s now and signs in by a mailed link.\n", wish.email, wish.role,
               *wish.city == '*' ? "all cities" : wish.city);
    else {
        database_error(db, error, sizeof error);
        fprintf(stderr, "welcomed account: %s\n", refusal(result) ? refusal(result) : error);
    }
    PQclear(result);
    PQfinish(db);
    return done ? COMMAND_OK : COMMAND_FAILED;
}
