/* SPDX-License-Identifier: EUPL-1.2
 * The program's version: the one object the build tells it. */
#include "version.h"

#include "banned.h"

#ifndef WELCOME_VERSION
#define WELCOME_VERSION "development"
#endif

const char PROGRAM_VERSION[] = WELCOME_VERSION;
