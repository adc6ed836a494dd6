/* SPDX-License-Identifier: MIT */
/*
 * What a run of a benchmark measured, and the one line of JSON that says it.
 * Used by the main thread only.
 */
#ifndef AKT_BENCH_REPORT_H
#define AKT_BENCH_REPORT_H

#include <stddef.h>
#include <stdint.h>

enum {
    REPORT_FIGURES_MAX = 6
};

/* A figure of a benchmark's own. */
struct report_figure {
    const char *key;
    double value;
};

struct report {
    const char *bench;
    int64_t ops;
    uint64_t began_ns;
    uint64_t began_cpu_ns;
    double seconds;
    double cpu_s;
    size_t figure_count; /* 0: ops_per_s and ns_per_op are what counts */
    struct report_figure figures[REPORT_FIGURES_MAX];
};

/* The monotonic clock, and the user and system time of this process. */
uint64_t report_clock_ns(void);
uint64_t report_cpu_ns(void);

/* Bytes of memory that this process has now; 0 when it cannot be known. */
int64_t report_resident_bytes(void);

/* The timed part lies between these two. */
void report_begin(struct report *report);
void report_end(struct report *report);

/* Adds a figure; more than REPORT_FIGURES_MAX are left out. */
void report_add(struct report *report, const char *key, double value);

/* Writes the line; 0, or -1 when standard output takes nothing. */
int report_print(const struct report *report);

#endif
