/* SPDX-License-Identifier: MIT */
/*
 * What happened in a run, as lines to read: who handled which message of whom,
 * what it sent, what became of what, in virtual time. One thread.
 */
#ifndef AKT_TEST_TRACE_H
#define AKT_TEST_TRACE_H

#include "actors/core/system.h"

#include <stddef.h>

struct akti_trace {
    struct akt_system *system;
    uint64_t turn; /* whose turn it is */
    /* Lines, each ended by a newline; when it is full the rest is left out. */
    char *text;
    size_t room;
    size_t *used;
};

void akti_trace_note(struct akti_trace *trace, const struct akti_note *note);

#endif
