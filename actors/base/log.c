/* SPDX-License-Identifier: MIT */
#include "actors/base/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

/* Longer lines are cut. */
#define LINE_SIZE 1024

static void
to_stderr(akt_log_level level, const char *line, void *arg)
{
    static const char *const names[] = {"", "debug", "info", "warning",
                                        "error"};

    (void)arg;
    (void)fprintf(stderr, "akt: %s: %s\n", names[level], line);
}

void
akti_log_init(struct akti_log *log, akt_log_level level, akt_log_fn *sink,
              void *arg)
{
    /* What is no level is refused elsewhere, and must not be silent. */
    bool is_level = level > AKT_LOG_DEFAULT && level <= AKT_LOG_OFF;

    log->level = is_level ? level : AKT_LOG_WARNING;
    log->sink = sink != NULL ? sink : to_stderr;
    log->arg = arg;
}

void
akti_log_line(const struct akti_log *log, akt_log_level level,
              const char *format, ...)
{
    char line[LINE_SIZE];
    va_list args;

    if (level < log->level) {
        return;
    }
    va_start(args, format);
    (void)vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    log->sink(level, line, log->arg);
}
