/* SPDX-License-Identifier: MIT */
/*
 * Counts words, as a pipeline of actors; wordcount.h tells how. With --worker it is
 * another program, that of worker.c.
 *
 * The main thread starts the pipeline and then sleeps in sigwaitinfo, for the
 * end, which the reporter tells by a signal to the process, or for Ctrl-C. The
 * signals are blocked before the system starts, so that its threads inherit
 * that and never see one.
 */
#include "spread.h"
#include "wordcount.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* How the job ended. */
struct outcome {
    int signal; /* that stopped it; 0: none */
    bool whole; /* the report is there */
    akt_err err;
    double seconds;
    uint32_t workers;
};

/* What the main thread was told first; NOTHING: nobody has told. */
#define NOTHING (-1)
static _Atomic int told = NOTHING;

/* kill, because sigqueue may find no room for the value of its signal. */
void
tell_main(akt_err err)
{
    int nothing = NOTHING;
    /* Release, pairs: wait_for_end; what the actors wrote before. */
    atomic_compare_exchange_strong_explicit(
        &told, &nothing, (int)err, memory_order_release, memory_order_relaxed);
    kill(getpid(), SIGUSR1);
}

void
tell_main_of_exit(const char *who, const akt_exit *reason)
{
    if (reason->kind != AKT_EXIT_FAILED) {
        return;
    }
    fprintf(stderr, "wordcount: %s failed: %s\n", who,
            akt_err_text(reason->error));
    tell_main(reason->error);
}

static sigset_t
block_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN); /* print_table looks at the error instead */
    return set;
}

static double
now_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint32_t
at_most(uint32_t n, uint32_t max)
{
    return n < max ? n : max;
}

static void
pipeline_init(struct pipeline *line, const struct options *options, int stop_fd)
{
    line->url = options->coordinate;
    line->quiet = options->quiet;
    line->show_progress = !options->quiet && isatty(STDERR_FILENO) == 1;
    line->walk.roots = options->paths;
    line->walk.n_roots = options->n_paths;
    for (uint32_t i = 0; i < STAGE_MAX; i++) {
        source_init(&line->sources[i], stop_fd);
    }
}

static void
pipeline_destroy(struct pipeline *line)
{
    walk_fini(&line->walk);
    for (uint32_t i = 0; i < STAGE_MAX; i++) {
        source_fini(&line->sources[i]);
        table_fini(&line->report.tables[i]);
    }
    for (uint32_t i = 0; i < LISTED_MAX; i++) {
        free(line->report.listed[i].path);
    }
    free(line);
}

/* The stages that read and count. */
static akt_err
spawn_stages(akt_self *me, struct pipeline *line, uint32_t workers)
{
    line->readers = at_most(2 * workers, STAGE_MAX);
    line->slots = line->readers;
    line->splitters = at_most(workers, STAGE_MAX);
    line->reducers = at_most(workers, STAGE_MAX);
    for (uint32_t i = 0; i < line->reducers; i++) {
        AKT_TRY(reducer_spawn(me, line, i));
    }
    for (uint32_t i = 0; i < line->splitters; i++) {
        AKT_TRY(splitter_spawn(me, line, i));
    }
    for (uint32_t i = 0; i < line->readers; i++) {
        AKT_TRY(reader_spawn(me, line, i));
    }
    return AKT_OK;
}

/* The coordinator stands for them: they are in other processes. */
static akt_err
spawn_coordinator(akt_self *me, struct pipeline *line)
{
    line->readers = 1;
    line->slots = SLOTS_MAX;
    line->splitters = 0;
    line->reducers = 1;
    return coordinator_spawn(me, line);
}

/* From the last stage to the first, so that each finds the next in place. */
static akt_err
spawn_all(akt_self *me, struct pipeline *line, uint32_t workers)
{
    AKT_TRY(reporter_spawn(me, line));
    AKT_TRY(line->url != NULL ? spawn_coordinator(me, line)
                              : spawn_stages(me, line, workers));
    AKT_TRY(dispatcher_spawn(me, line));
    line->interrupt_ref =
        line->url != NULL ? line->reader_refs[0] : line->dispatcher_ref;
    return AKT_OK;
}

/* Sleeps until the job has ended. The first signal stops the reading: what was
 * read runs through the pipeline to the end. A second one gives that up. */
static struct outcome
wait_for_end(akt_self *me, const struct pipeline *line, const sigset_t *set,
             int *stop_end)
{
    struct outcome outcome = {.signal = 0};
    for (;;) {
        int signal = sigwaitinfo(set, NULL);
        /* Acquire, pairs: tell_main. */
        int err = atomic_load_explicit(&told, memory_order_acquire);
        if (err != NOTHING) {
            outcome.err = (akt_err)err;
            outcome.whole = outcome.err == AKT_OK;
            return outcome;
        }
        if (signal != SIGINT && signal != SIGTERM) {
            continue;
        }
        if (outcome.signal != 0) {
            return outcome;
        }
        outcome.signal = signal;
        close(*stop_end);
        *stop_end = -1;
        akt_ignore(akt_send_within(me, AKT_SECONDS(10), line->interrupt_ref,
                                   interrupt));
    }
}

/* Runs the pipeline from its start to the end of all its threads. */
static struct outcome
run(akt_system *system, struct pipeline *line, const sigset_t *set,
    int *stop_end)
{
    struct outcome outcome = {.signal = 0};
    akt_self *me = NULL;
    outcome.err = akt_attach(system, &me);
    if (outcome.err == AKT_OK) {
        outcome.err = spawn_all(me, line, akt_system_workers(system));
    }
    if (outcome.err == AKT_OK) {
        outcome = wait_for_end(me, line, set, stop_end);
    }
    if (*stop_end >= 0) {
        close(*stop_end); /* so that no job waits any more */
        *stop_end = -1;
    }
    akt_detach(me);
    akt_ignore(akt_system_stop(system, 0));
    return outcome;
}

static void
say_signal(const struct outcome *outcome)
{
    if (outcome->signal == 0) {
        return;
    }
    fprintf(stderr, "wordcount: stopped by %s; %s\n",
            outcome->signal == SIGINT ? "SIGINT" : "SIGTERM",
            outcome->whole ? "this was counted until then"
                           : "nothing is printed");
}

/* Prints what there is to say; returns the exit status. */
static int
conclude(const struct pipeline *line, const struct outcome *outcome,
         const struct options *options)
{
    if (line->show_progress) {
        fputs("\r\033[K", stderr);
    }
    if (outcome->err != AKT_OK) {
        fprintf(stderr, "wordcount: gave up: %s\n", akt_err_text(outcome->err));
        return EXIT_FAILED;
    }
    say_signal(outcome);
    if (!outcome->whole) {
        return 128 + outcome->signal;
    }
    bool written = print_table(line, options->top);
    print_unreadable(&line->report);
    if (!options->quiet) {
        print_summary(line, outcome->workers, outcome->seconds);
    }
    if (outcome->signal != 0) {
        return 128 + outcome->signal;
    }
    return line->report.unreadable > 0 || !written ? EXIT_UNREADABLE : 0;
}

/* The job as a whole, with a pipe whose closing stops all reading. */
static int
count_words(const struct options *options, struct pipeline *line)
{
    int stop_pipe[2];
    if (pipe(stop_pipe) != 0) {
        fprintf(stderr, "wordcount: pipe: %s\n", strerror(errno));
        return EXIT_FAILED;
    }
    sigset_t set = block_signals();
    double start = now_seconds();
    pipeline_init(line, options, stop_pipe[0]);

    akt_system *system = NULL;
    akt_system_opts opts = AKT_SYSTEM_OPTS_INIT;
    opts.name = "wordcount";
    opts.workers = options->workers;
    opts.blocking_threads = STAGE_MAX + 2; /* readers, walk, progress */
    struct outcome outcome = {.err = akt_system_start(&opts, &system)};
    if (outcome.err == AKT_OK) {
        outcome = run(system, line, &set, &stop_pipe[1]);
        outcome.seconds = now_seconds() - start;
        outcome.workers = akt_system_workers(system);
    }
    int status = conclude(line, &outcome, options);
    akt_system_destroy(system);
    close(stop_pipe[0]);
    if (stop_pipe[1] >= 0) {
        close(stop_pipe[1]);
    }
    return status;
}

int
main(int argc, char **argv)
{
    struct options options;
    if (!options_parse(argc, argv, &options)) {
        return EXIT_USAGE;
    }
    if (options.help) {
        options_help();
        return 0;
    }
    bool spread = options.worker != NULL || options.coordinate != NULL;
    if (spread && !spread_is_built()) {
        return EXIT_USAGE;
    }
    if (options.worker != NULL) {
        return worker_run(&options);
    }
    struct pipeline *line = calloc(1, sizeof *line);
    if (line == NULL) {
        fprintf(stderr, "wordcount: %s\n", akt_err_text(AKT_ENOMEM));
        return EXIT_FAILED;
    }
    int status = count_words(&options, line);
    pipeline_destroy(line);
    return status;
}
