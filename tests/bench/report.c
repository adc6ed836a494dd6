/* SPDX-License-Identifier: MIT */
#include "report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static uint64_t
read_clock(clockid_t clock)
{
    struct timespec now = {0};

    (void)clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

uint64_t
report_clock_ns(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

uint64_t
report_cpu_ns(void)
{
    return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

int64_t
report_resident_bytes(void)
{
    char line[128] = "";
    char *second;
    FILE *file = fopen("/proc/self/statm", "r");

    if (file == NULL)
        return 0;
    if (fgets(line, sizeof(line), file) == NULL)
        line[0] = '\0';
    (void)fclose(file);
    /* The second number is what is resident, in pages. */
    second = strchr(line, ' ');
    if (second == NULL)
        return 0;
    return (int64_t)strtoll(second, NULL, 10) * sysconf(_SC_PAGESIZE);
}

void
report_begin(struct report *report)
{
    report->began_cpu_ns = report_cpu_ns();
    report->began_ns = report_clock_ns();
}

void
report_end(struct report *report)
{
    uint64_t now_ns = report_clock_ns();
    uint64_t cpu_ns = report_cpu_ns();

    report->seconds = (double)(now_ns - report->began_ns) * 1e-9;
    report->cpu_s = (double)(cpu_ns - report->began_cpu_ns) * 1e-9;
}

void
report_add(struct report *report, const char *key, double value)
{
    if (report->figure_count == REPORT_FIGURES_MAX)
        return;
    report->figures[report->figure_count++] =
        (struct report_figure){.key = key, .value = value};
}

static void
print_rate(const struct report *report)
{
    double ops = (double)report->ops;

    printf(",\"ops_per_s\":%.0f,\"ns_per_op\":%.1f", ops / report->seconds,
           report->seconds * 1e9 / ops);
}

int
report_print(const struct report *report)
{
    printf("{\"peer\":\"akt\",\"bench\":\"%s\",\"n\":%" PRId64
           ",\"seconds\":%.6f",
           report->bench, report->ops, report->seconds);
    if (report->figure_count == 0)
        print_rate(report);
    for (size_t i = 0; i < report->figure_count; i++) {
        printf(",\"%s\":%.3f", report->figures[i].key,
               report->figures[i].value);
    }
    printf(",\"cpu_s\":%.3f}\n", report->cpu_s);
    return fflush(stdout) == 0 ? 0 : -1;
}
