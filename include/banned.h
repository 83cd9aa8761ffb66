/* SPDX-License-Identifier: EUPL-1.2
 * Functions that are compile errors here, with what to use instead; the last include of every C file. */
#ifndef WELCOME_BANNED_H
#define WELCOME_BANNED_H

#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf gets strtok /* buffer.h, arena_printf() */
#pragma GCC poison atoi atol atoll                                            /* strtol() with its checks */

#endif
