/* SPDX-License-Identifier: EUPL-1.2
 * The program's version, as the build names it. */
#ifndef WELCOME_VERSION_H
#define WELCOME_VERSION_H

extern const char PROGRAM_VERSION[]; /* src/core/version.c */

#endif
