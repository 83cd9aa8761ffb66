/* SPDX-License-Identifier: EUPL-1.2
 * The program's version, as the build names it. */
#ifndef WELCOME_VERSION_H
#define WELCOME_VERSION_H

#ifndef WELCOME_VERSION
#define WELCOME_VERSION "development"
#endif

#endif
