/* SPDX-License-Identifier: EUPL-1.2
 * What is counted of the whole service, in memory and ready to be read at any moment; the job `figures` brings it from the database. */
#ifndef WELCOME_FIGURES_H
#define WELCOME_FIGURES_H

#include "buffer.h"

/* Writes the newest figures in Prometheus' text format; none were brought yet: nothing. Any thread. src/operation/figures.c */
void figures_write(struct buffer *out);

/* Writes processor time, memory, files and start of this process. src/operation/process.c */
void process_write(struct buffer *out);

#endif
