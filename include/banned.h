/* SPDX-License-Identifier: EUPL-1.2
 * Functions that are compile errors here, with what to use instead; the last include of every C file. */
#ifndef WELCOME_BANNED_H
#define WELCOME_BANNED_H

/* Some libraries define these as macros under _FORTIFY_SOURCE; only what is no macro can be poisoned. */
#undef strcpy
#undef strcat
#undef strncpy
#undef strncat
#undef sprintf
#undef vsprintf
#undef gets
#undef strtok

#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf gets strtok /* buffer.h, arena_printf() */
#pragma GCC poison atoi atol atoll                                            /* strtol() with its checks */

#endif
