/* SPDX-License-Identifier: EUPL-1.2
 * `welcomed doctor`: looks at a set-up from all sides and says what is wrong, and what to do. It changes nothing and sends nothing. */
#include "doctor.h"

#include "command.h"
#include "log.h"
#include "version.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "banned.h"

void doctor_about(struct doctor *doctor, const char *heading)
{
    doctor->heading = heading;
    doctor->headed = false;
}

__attribute__((format(printf, 5, 0))) static void finding(struct doctor *doctor, const char *kind, const char *subject, const char *hint,
                                                          const char *format, va_list arguments)
{
    char sentence[600];
    if (!doctor->headed)
        printf("%s%s\n", doctor->begun ? "\n" : "", doctor->heading);
    doctor->headed = doctor->begun = true;
    vsnprintf(sentence, sizeof sentence, format, arguments);
    for (char *byte = sentence; *byte; byte++) /* what servers say may have several lines */
        if (*byte == '\n' || *byte == '\r' || *byte == '\t')
            *byte = ' ';
    printf("  %-7s  %-25s  %s\n", kind, subject, sentence);
    if (hint)
        printf("  %-7s  %-25s  -> %s\n", "", "", hint);
}

void doctor_well(struct doctor *doctor, const char *subject, const char *format, ...)
{
    va_list arguments;
    if (doctor->quiet)
        return;
    va_start(arguments, format);
    finding(doctor, "ok", subject, NULL, format, arguments);
    va_end(arguments);
}

void doctor_warn(struct doctor *doctor, const char *subject, const char *hint, const char *format, ...)
{
    va_list arguments;
    doctor->warnings++;
    va_start(arguments, format);
    finding(doctor, "warning", subject, hint, format, arguments);
    va_end(arguments);
}

void doctor_fail(struct doctor *doctor, const char *subject, const char *hint, const char *format, ...)
{
    va_list arguments;
    doctor->failures++;
    va_start(arguments, format);
    finding(doctor, "FAILURE", subject, hint, format, arguments);
    va_end(arguments);
}

/* Each line that loading the configuration said is a finding; unknown keys of the environment are passed over by all commands. */
static void complaints_tell(struct doctor *doctor, char *said)
{
    for (char *line; (line = strsep(&said, "\n"));) {
        if (*line == '\0')
            continue;
        if (strstr(line, " is no key and is passed over"))
            doctor_warn(doctor, "key", "correct or remove it.", "%s.", line);
        else
            doctor_fail(doctor, "key", "correct it; `welcomed config` prints all keys.", "%s.", line);
    }
}

static void doctor_run(struct doctor *doctor, char *said)
{
    doctor_about(doctor, "Configuration");
    if (doctor->config->file)
        doctor_well(doctor, "file", "%s is read, the environment wins over it.", doctor->config->file);
    else
        doctor_well(doctor, "file", "there is none; the environment and the defaults hold.");
    complaints_tell(doctor, said);
    doctor_configuration(doctor);
    doctor_files(doctor);
    doctor_database(doctor);
    doctor_replica(doctor);
    doctor_service(doctor);
    doctor_daemon(doctor);
    PQfinish(doctor->daemon);
    PQfinish(doctor->worker);
}

static int doctor_load(struct doctor *doctor)
{
    struct config config;
    char *said = NULL;
    size_t length = 0;
    FILE *errors = open_memstream(&said, &length);
    if (!errors)
        return COMMAND_FAILED;
    config_load(&config, errors);
    doctor->config = &config;
    log_set_level("error");
    if (fclose(errors) == 0)
        doctor_run(doctor, said);
    free(said);
    config_release(&config);
    printf("\n%u failure%s, %u warning%s (welcomed %s)\n", doctor->failures, doctor->failures == 1 ? "" : "s", doctor->warnings,
           doctor->warnings == 1 ? "" : "s", PROGRAM_VERSION);
    return fflush(stdout) == 0 && doctor->failures == 0 ? COMMAND_OK : COMMAND_FAILED;
}

int command_doctor(const struct config *config, int argc, char **argv)
{
    struct doctor doctor = {.quiet = argc == 2 && strcmp(argv[1], "--quiet") == 0};
    (void)config;
    if (argc > 2 || (argc == 2 && !doctor.quiet)) {
        fprintf(stderr, "usage: welcomed %s [--quiet]\n  --quiet  tell only what is not well\n"
                        "Exit status: 0 no failure, 1 a failure, 2 misused.\n", argv[0]);
        return COMMAND_USAGE;
    }
    return doctor_load(&doctor);
}
