/* SPDX-License-Identifier: MIT */
/* A system's log: level check first, formatting only if somebody reads. */
#ifndef AKT_BASE_LOG_H
#define AKT_BASE_LOG_H

#include "akt/log.h"

struct akti_log {
    akt_log_level level;
    akt_log_fn *sink;
    void *arg;
};

/* NULL sink: standard error. Level 0: warnings. */
void akti_log_init(struct akti_log *log, akt_log_level level, akt_log_fn *sink,
                   void *arg);

void akti_log_line(const struct akti_log *log, akt_log_level level,
                   const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
