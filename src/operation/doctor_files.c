/* SPDX-License-Identifier: EUPL-1.2
 * Of `welcomed doctor`: files and folders, who may read them, and how full their disks are. */
#include "doctor.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "banned.h"

#define MEBIBYTE (1024.0 * 1024)

/* A file that only its owner, and perhaps a group, should read. */
static void secret_look(struct doctor *doctor, const char *subject, const char *path, mode_t unwanted)
{
    struct stat file;
    if (!path)
        return;
    if (stat(path, &file) != 0)
        doctor_fail(doctor, subject, "correct its name, or who may enter its folder.", "%s cannot be read: %s.", path, strerror(errno));
    else if (file.st_mode & unwanted)
        doctor_warn(doctor, subject, "chmod 600, or 640 with the group of the program's user.", "%s may be %s by others (mode %03o).", path,
                    file.st_mode & S_IWOTH || file.st_mode & S_IWGRP ? "changed" : "read", (unsigned)file.st_mode & 0777);
    else if (access(path, R_OK) != 0)
        doctor_fail(doctor, subject, "run as the program's user, or give it the file.", "%s cannot be read: %s.", path, strerror(errno));
    else
        doctor_well(doctor, subject, "%s is readable, and not by others.", path);
}

static void certificates_look(struct doctor *doctor, const char *subject, const char *path)
{
    if (path && access(path, R_OK) != 0)
        doctor_fail(doctor, subject, "correct it.", "%s cannot be read: %s.", path, strerror(errno));
}

static void disk_look(struct doctor *doctor, const char *subject, const char *path)
{
    struct statvfs disk;
    if (statvfs(path, &disk) != 0)
        return; /* what is wrong with the folder is told already */
    const double left = (double)disk.f_bavail * (double)disk.f_frsize / MEBIBYTE;
    const double whole = (double)disk.f_blocks * (double)disk.f_frsize / MEBIBYTE;
    if (disk.f_flag & ST_RDONLY)
        doctor_fail(doctor, subject, "mount it writable, or name it in ReadWritePaths= of the service.",
                    "the file system of %s is read-only.", path);
    else if (left < 64 || disk.f_favail == 0)
        doctor_fail(doctor, subject, "make room.", "the disk of %s is full: %.0f MiB are left.", path, left);
    else if (left < 1024 && left < whole / 10)
        doctor_warn(doctor, subject, "make room.", "the disk of %s is nearly full: %.0f MiB are left.", path, left);
}

/* A folder that is written to; made when first needed unless it must be there. */
static void folder_look(struct doctor *doctor, const char *subject, const char *path, bool must_be)
{
    struct stat folder;
    if (stat(path, &folder) != 0 && errno == ENOENT && !must_be) {
        doctor_well(doctor, subject, "%s will be made when it is needed.", path);
        return;
    }
    if (stat(path, &folder) != 0)
        doctor_fail(doctor, subject, "make it, as the program's user.", "%s cannot be used: %s.", path, strerror(errno));
    else if (!S_ISDIR(folder.st_mode))
        doctor_fail(doctor, subject, "name a folder.", "%s is no folder.", path);
    else if (access(path, W_OK | X_OK) != 0 && errno != EROFS)
        doctor_fail(doctor, subject, "give it to the program's user, with mode 700.", "%s cannot be written to: %s.", path, strerror(errno));
    else if (folder.st_mode & S_IRWXO)
        doctor_warn(doctor, subject, "chmod 700.", "%s is open to everybody on this machine (mode %03o).", path,
                    (unsigned)folder.st_mode & 0777);
    else if (access(path, W_OK | X_OK) == 0)
        doctor_well(doctor, subject, "%s can be written to.", path);
    disk_look(doctor, subject, path);
}

void doctor_files(struct doctor *doctor)
{
    const struct config *config = doctor->config;
    doctor_about(doctor, "Files and folders");
    if (geteuid() == 0)
        doctor_warn(doctor, "user", "call it as the daemon's user: sudo -u welcomed welcomed doctor.",
                    "root may read and write everything: what the daemon's user may not is not seen.");
    secret_look(doctor, "configuration", config->file, S_IRWXO | S_IWGRP);
    secret_look(doctor, "secret key", config->secret_key_file, S_IRWXO | S_IWGRP);
    certificates_look(doctor, "WELCOME_SMTP_CA", config->smtp_ca);
    certificates_look(doctor, "WELCOME_OIDC_CA", config->oidc_ca);
    if (config->attachments)
        folder_look(doctor, "WELCOME_ATTACHMENTS", config->attachments, true);
    if (!config->smtp_url && config->mail_directory)
        folder_look(doctor, "WELCOME_MAIL_DIRECTORY", config->mail_directory, false);
    if (config->content_directory && access(config->content_directory, R_OK | X_OK) != 0)
        doctor_warn(doctor, "WELCOME_CONTENT_DIRECTORY", "set it to the content/ that was installed.",
                    "%s, which `import` reads, cannot be read: %s.",
                    config->content_directory, strerror(errno));
}
