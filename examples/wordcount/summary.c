/* SPDX-License-Identifier: MIT */
/* What is printed in the end, by main, when the system has stopped. */
#include "wordcount.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

/* The reducer whose next word comes first; `at` is how far each one is. */
static const struct entry *
next_entry(const struct pipeline *line, size_t *at)
{
    const struct entry *first = NULL;
    uint32_t from = 0;
    for (uint32_t i = 0; i < line->reducers; i++) {
        const struct table *t = &line->report.tables[i];
        if (at[i] < t->n_entries
            && (first == NULL
                || entry_compare(&t->entries[at[i]], first) < 0)) {
            first = &t->entries[at[i]];
            from = i;
        }
    }
    if (first != NULL) {
        at[from]++;
    }
    return first;
}

/* A reader of the output that has seen enough is no error. */
static bool
end_output(bool written)
{
    if (written && fflush(stdout) == 0) {
        return true;
    }
    if (errno == EPIPE) {
        return true;
    }
    fprintf(stderr, "wordcount: standard output: %s\n", strerror(errno));
    return false;
}

bool
print_table(const struct pipeline *line, uint64_t top)
{
    size_t at[STAGE_MAX] = {0};
    bool written = true;
    for (uint64_t n = 0; written && (top == 0 || n < top); n++) {
        const struct entry *e = next_entry(line, at);
        if (e == NULL) {
            break;
        }
        written = printf("%7" PRIu64 " ", e->count) > 0
                  && fwrite(e->word, 1, e->len, stdout) == e->len
                  && putchar('\n') != EOF;
    }
    return end_output(written);
}

void
print_unreadable(const struct report *report)
{
    uint64_t n = report->unreadable;
    for (uint64_t i = 0; i < n && i < LISTED_MAX; i++) {
        fprintf(stderr, "wordcount: %s: %s\n", report->listed[i].path,
                strerror(report->listed[i].err));
    }
    if (n > LISTED_MAX) {
        fprintf(stderr,
                "wordcount: and %" PRIu64 " more that could not be read\n",
                n - LISTED_MAX);
    }
}

/* Each number when there are few, else the least and the greatest. */
static void
print_numbers(const double *numbers, uint32_t n, const char *unit)
{
    double least = numbers[0];
    double greatest = numbers[0];
    for (uint32_t i = 0; i < n; i++) {
        if (n <= 8) {
            fprintf(stderr, " %.0f%s", numbers[i], unit);
        }
        least = numbers[i] < least ? numbers[i] : least;
        greatest = numbers[i] > greatest ? numbers[i] : greatest;
    }
    if (n > 8) {
        fprintf(stderr, " %.0f%s to %.0f%s", least, unit, greatest, unit);
    }
}

static void
print_spread(const struct pipeline *line, uint64_t words)
{
    double chunks[STAGE_MAX] = {0};
    double shares[STAGE_MAX] = {0};
    for (uint32_t i = 0; i < line->splitters; i++) {
        chunks[i] = (double)line->report.chunks[i];
    }
    for (uint32_t i = 0; i < line->reducers; i++) {
        double share = (double)line->report.tables[i].words;
        shares[i] = words == 0 ? 0 : 100 * share / (double)words;
    }
    fprintf(stderr, "wordcount: %u readers; chunks of each of %u splitters:",
            (unsigned)line->readers, (unsigned)line->splitters);
    print_numbers(chunks, line->splitters, "");
    fprintf(stderr,
            "; words of each of %u reducers:", (unsigned)line->reducers);
    print_numbers(shares, line->reducers, "%");
    fputc('\n', stderr);
}

void
print_summary(const struct pipeline *line, uint32_t workers, double seconds)
{
    const struct report *r = &line->report;
    uint64_t words = 0;
    uint64_t unique = 0;
    for (uint32_t i = 0; i < line->reducers; i++) {
        words += r->tables[i].words;
        unique += r->tables[i].n_entries;
    }
    fprintf(stderr,
            "wordcount: %" PRIu64 " files, %" PRIu64 " bytes, %" PRIu64
            " words, %" PRIu64 " different, %" PRIu64 " unreadable, %" PRIu64
            " skipped\n",
            r->files, r->bytes, words, unique, r->unreadable, r->skipped);
    if (r->cut > 0) {
        fprintf(stderr,
                "wordcount: %" PRIu64 " times a word went on after 1 MiB and "
                "was counted as another\n",
                r->cut);
    }
    struct rusage usage;
    long peak = getrusage(RUSAGE_SELF, &usage) == 0 ? usage.ru_maxrss : 0;
    fprintf(stderr,
            "wordcount: %.2f s, %.1f MiB/s, peak memory %ld KiB, %u workers\n",
            seconds, (double)r->bytes / (1024 * 1024) / seconds, peak,
            (unsigned)workers);
    if (line->url != NULL) {
        fprintf(stderr,
                "wordcount: %" PRIu64 " leases, %" PRIu64
                " files given out again\n",
                r->leases, r->again);
    } else {
        print_spread(line, words);
    }
}
