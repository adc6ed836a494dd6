/* SPDX-License-Identifier: MIT */
/* Times and medians of nng_rates.c. */
#ifndef AKT_TESTS_BENCH_NNG_FIGURES_H
#define AKT_TESTS_BENCH_NNG_FIGURES_H

#include "akt/types.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static inline uint64_t
now_ns(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * AKT_SECONDS(1) + (uint64_t)t.tv_nsec;
}

static inline void
check(bool failed, const char *what)
{
    if (failed) {
        (void)fprintf(stderr, "nng_rates: %s failed\n", what);
        exit(1);
    }
}

static inline int
compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

static inline int
compare_figures(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static inline double
median_us(uint64_t *ns, int64_t n)
{
    qsort(ns, (size_t)n, sizeof(*ns), compare);
    return (double)ns[n / 2] / 1e3;
}

static inline double
median(double *figures, size_t n)
{
    qsort(figures, n, sizeof(*figures), compare_figures);
    return figures[n / 2];
}

#endif
