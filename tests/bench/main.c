/* SPDX-License-Identifier: MIT */
/*
 * akt_bench NAME [N] [P2] [--workers K]: runs one benchmark and prints one line
 * of JSON. Exit 0: it ran and its counts are right; 1: not so; 2: not understood.
 */
#include "bench.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    N_MAX = 1000000000,
    P2_MAX = 100000,
    WORKERS_MAX = 256,
    WORKERS_DEFAULT = 2
};

enum {
    EXIT_USAGE = 2
};

struct bench_case {
    const char *name;
    int64_t n;
    int64_t p2; /* 0: takes none */
    akt_err (*run)(struct bench *bench);
    const char *what;
};

static const struct bench_case cases[] = {
    {"pingpong", 1000000, 0, bench_pingpong, "N round trips of two actors"},
    {"counting", 5000000, 0, bench_counting, "N messages to a counter"},
    {"threadring", 1000000, 100, bench_threadring,
     "N hops round a ring of P2 actors"},
    {"fjcreate", 200000, 0, bench_fjcreate,
     "N actors are spawned, get a message, end"},
    {"fjthroughput", 50000, 60, bench_fjthroughput,
     "N messages to each of P2 actors"},
    {"mpsc", 500000, 8, bench_mpsc, "N messages from each of P2 actors to one"},
    {"ask", 500000, 0, bench_ask, "N requests and replies, one at a time"},
    {"askpipe", 500000, 64, bench_ask, "the same, P2 at a time"},
    {"chan32", 5000000, 0, bench_chan32, "N values through room for 32"},
    {"chan1024", 5000000, 0, bench_chan1024, "the same through 1024"},
    {"chan32x8", 3000000, 0, bench_chan32x8, "N of 8 tasks through 32"},
    {"chan1024x8", 3000000, 0, bench_chan1024x8, "the same through 1024"},
    {"select4", 2000000, 0, bench_select4, "N values of 4 channels"},
    {"idlemem", 1000000, 0, bench_idlemem, "memory of N idle actors"},
    {"sim", 100000, 0, bench_sim, "N seeds of a simulation of 200 steps"},
    {"simtimers", 3600, 0, bench_simtimers,
     "N virtual seconds of 1000 timers of 1 s"},
    {"spawnjoin", 1000000, 0, bench_spawnjoin,
     "N tasks that do nothing, spawned and joined one at a time"},
    {"awaittrip", 1000000, 0, bench_awaittrip,
     "N requests of a task and replies of another"},
    {"awaitready", 1000000, 0, bench_awaitready,
     "N oneshots that are completed and then awaited"},
    {"awaitready2", 1000000, 0, bench_awaitready2,
     "N awaits of futures that are made ready"},
    {"oneshot", 1000000, 0, bench_oneshot,
     "N oneshots that another task completes"},
    {"timeout", 1000000, 0, bench_timeout,
     "N waits of one turn, within a time limit"},
    {"sleepers", 100000, 0, bench_sleepers, "memory of N tasks that sleep"},
    {"timers", 1000000, 0, bench_timers, "N timers over 1 to 1000 ms"},
    {"wakeup", 2000, 0, bench_wakeup, "N wake-ups of a sleeping system"},
    {"fdtrip", 100000, 0, bench_fdtrip,
     "N round trips of two tasks over a pair of sockets"},
#if defined(AKT_BENCH_NET)
    {"wire", 5000000, 0, bench_wire, "N messages written as bytes, and read"},
#endif
};

#define CASE_COUNT (sizeof(cases) / sizeof(cases[0]))

struct options {
    const struct bench_case *chosen;
    int64_t n;
    int64_t p2;
    int64_t workers;
};

static void
print_usage(FILE *file)
{
    fputs("usage: akt_bench NAME [N] [P2] [--workers K]\n"
          "       akt_bench --list\n",
          file);
}

static void
print_list(void)
{
    for (size_t i = 0; i < CASE_COUNT; i++) {
        printf("%-12s N=%-8" PRId64, cases[i].name, cases[i].n);
        if (cases[i].p2 > 0)
            printf(" P2=%-4" PRId64, cases[i].p2);
        else
            printf("%8s", "");
        printf(" %s\n", cases[i].what);
    }
}

static const struct bench_case *
find_case(const char *name)
{
    for (size_t i = 0; i < CASE_COUNT; i++) {
        if (strcmp(cases[i].name, name) == 0)
            return &cases[i];
    }
    return NULL;
}

static bool
parse_number(const char *what, const char *text, int64_t max, int64_t *out)
{
    char *end = NULL;
    long long value;

    errno = 0;
    value = text != NULL ? strtoll(text, &end, 10) : 0;
    if (text == NULL || end == text || *end != '\0' || errno != 0 || value < 1
        || value > max) {
        fprintf(stderr,
                "akt_bench: %s must be a number from 1 to %" PRId64
                ", not \"%s\".\n",
                what, max, text != NULL ? text : "");
        return false;
    }
    *out = value;
    return true;
}

static bool
parse_name(const char *name, struct options *options)
{
    options->chosen = find_case(name);
    if (options->chosen == NULL) {
        fprintf(stderr,
                "akt_bench: there is no benchmark \"%s\"; "
                "akt_bench --list names them all.\n",
                name);
        return false;
    }
    options->n = options->chosen->n;
    options->p2 = options->chosen->p2;
    return true;
}

static bool
parse_positional(int place, const char *text, struct options *options)
{
    if (place == 0)
        return parse_name(text, options);
    if (place == 1)
        return parse_number("N", text, N_MAX, &options->n);
    if (place == 2 && options->chosen->p2 > 0)
        return parse_number("P2", text, P2_MAX, &options->p2);
    fprintf(stderr, "akt_bench: %s does not take the argument \"%s\".\n",
            options->chosen->name, text);
    return false;
}

static bool
parse_options(int argc, char **argv, struct options *options)
{
    int place = 0;

    for (int i = 1; i < argc; i++) {
        bool understood;

        if (strcmp(argv[i], "--workers") == 0)
            understood = parse_number("--workers", argv[++i], WORKERS_MAX,
                                      &options->workers);
        else
            understood = parse_positional(place++, argv[i], options);
        if (!understood)
            return false;
    }
    if (options->chosen == NULL)
        print_usage(stderr);
    return options->chosen != NULL;
}

/* Errors of akt's; wrong counts have been told where they were found. */
static akt_err
told(const char *what, akt_err err)
{
    if (err != AKT_OK && err != BENCH_EWRONG)
        bench_complain(what, err);
    return err;
}

static akt_err
run_attached(struct bench *bench, const struct bench_case *chosen)
{
    akt_err err;

    AKT_TRY(told("akt_attach", akt_attach(bench->system, &bench->me)));
    err = told(chosen->name, chosen->run(bench));
    akt_detach(bench->me);
    AKT_TRY(err);
    return told("stopping", bench_settle(bench));
}

static akt_err
run_case(const struct options *options)
{
    akt_system_opts opts = AKT_SYSTEM_OPTS_INIT;
    struct bench bench = {
        .n = options->n,
        .p2 = options->p2,
        .workers = (uint32_t)options->workers,
        .report = {.bench = options->chosen->name, .ops = options->n},
    };
    akt_err err;

    opts.workers = bench.workers;
    AKT_TRY(told("akt_system_start", akt_system_start(&opts, &bench.system)));
    err = run_attached(&bench, options->chosen);
    akt_system_destroy(bench.system);
    free(bench.refs);
    if (err == AKT_OK && report_print(&bench.report) != 0)
        err = told("standard output", AKT_EIO);
    return err;
}

int
main(int argc, char **argv)
{
    struct options options = {.workers = WORKERS_DEFAULT};

    if (argc == 2 && strcmp(argv[1], "--list") == 0) {
        print_list();
        return EXIT_SUCCESS;
    }
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        print_usage(stdout);
        print_list();
        return EXIT_SUCCESS;
    }
    if (!parse_options(argc, argv, &options))
        return EXIT_USAGE;
    return run_case(&options) == AKT_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
