/* SPDX-License-Identifier: MIT */
/**
 * @file options.h
 * @brief The command line.
 */
#ifndef AKT_EXAMPLES_WORDCOUNT_OPTIONS_H
#define AKT_EXAMPLES_WORDCOUNT_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

/** What the user asked for. */
struct options {
    uint32_t workers;       /* 0: one for each processor */
    uint64_t top;           /* 0: all */
    uint32_t wait_s;        /* of a worker, for a coordinator */
    const char *worker;     /* a URL; NULL: no worker */
    const char *coordinate; /* a URL; NULL: alone */
    bool quiet;
    bool help;
    const char *const *paths;
    int n_paths;
};

/** Reads the command line, which must outlive `out`. It moves the paths to the
 *  front of `argv + 1`. False: a sentence was written to standard error. */
bool options_parse(int argc, char **argv, struct options *out);

/** Writes the help to standard output. */
void options_help(void);

#endif
