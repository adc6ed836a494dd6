/* SPDX-License-Identifier: MIT */
/*
 * A program as one task. A thread of its own waits for signals, so that nothing
 * has to be safe in a signal handler.
 */
#include "akt/run.h"

#include "actors/base/clock.h"
#include "actors/base/error.h"
#include "actors/base/mutant.h"
#include "actors/base/thread.h"
#include "actors/core/system.h"
#include "akt/task.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define EXIT_ERROR 1
#define EXIT_NO_SYSTEM 70
#define EXIT_SIGNAL 128

/* What jobs get to come to their end when nobody waits for them any more. */
#define LAST_WORDS_NS AKT_MS(200)

struct program {
    akt_main_fn *fn;
    int argc;
    char **argv;
};

static akt_err
main_task(akt_self *self, struct program *p)
{
    return p->fn(self, p->argc, p->argv);
}
AKT_TASK(main_task, struct program);

/* What the two threads share. */
struct run {
    akt_system *system;
    akt_task task;
    uint64_t drain_ns;
    sigset_t signals;
    pthread_t watcher;
    pthread_mutex_t gate; /* held until there is a task to cancel */
    _Atomic int signal;   /* that came first; 0: none */
    _Atomic bool over;
};

static void
complain(const char *what, akt_err err)
{
    fprintf(stderr, "akt_run: %s: %s (%s)\n", what, akt_err_text(err),
            akt_err_name(err));
}

/* The task's own words, or the sentence of the code. */
static void
tell_failure(const akt_error *error)
{
    char label[AKTI_ERR_LABEL_SIZE];

    fprintf(stderr, "akt_run: the program failed: %s (%s)\n", error->text,
            akti_err_label(error->code, label));
}

/* --- signals --- */

static struct timespec
timespec_of(uint64_t ns)
{
    struct timespec t = {(time_t)(ns / AKT_SECONDS(1)),
                         (long)(ns % AKT_SECONDS(1))};

    return t;
}

static bool
is_over(struct run *r)
{
    /* acquire: nothing is needed of what was done before; pairs: stop_watching */
    return atomic_load_explicit(&r->over, memory_order_acquire);
}

/* The next signal within the time to drain, or -1. A process that was stopped and
 * goes on has got none. */
static int
next_signal(struct run *r)
{
    uint64_t until_ns = akti_clock_add(akti_clock_now(), r->drain_ns);
    int number;

    do {
        uint64_t now_ns = akti_clock_now();
        struct timespec limit =
            timespec_of(until_ns > now_ns ? until_ns - now_ns : 0);

        number = sigtimedwait(&r->signals, NULL, &limit);
    } while (number < 0 && errno == EINTR
             && !AKTI_MUTANT(drain_ends_when_continued));
    return number;
}

/* A second signal, or the end of the time: there is no more to wait for. */
static void
insist(struct run *r, int first)
{
    int number = next_signal(r);

    if (is_over(r)) {
        return;
    }
    if (number < 0) {
        fprintf(stderr, "akt_run: the program has not ended within the time to "
                        "drain; it is ended now\n");
    }
    _exit(EXIT_SIGNAL + first);
}

static void
cancel(struct run *r)
{
    akt_self *me;

    if (akt_attach(r->system, &me) == AKT_OK) {
        akt_ignore(akt_task_cancel(me, r->task));
        akt_detach(me);
    }
}

static void *
watch(void *arg)
{
    struct run *r = arg;
    int number = 0;

    (void)pthread_mutex_lock(&r->gate);
    (void)pthread_mutex_unlock(&r->gate);
    (void)sigwait(&r->signals, &number);
    if (is_over(r)) {
        return NULL;
    }
    /* release: not needed for more than the number; pairs: exit_code */
    atomic_store_explicit(&r->signal, number, memory_order_release);
    cancel(r);
    insist(r, number);
    return NULL;
}

static void
stop_watching(struct run *r)
{
    /* release: before the signal that wakes it; pairs: is_over */
    atomic_store_explicit(&r->over, true, memory_order_release);
    (void)pthread_kill(r->watcher, SIGINT);
    akti_thread_join(r->watcher);
}

/* --- the program --- */

static int
exit_code(struct run *r, const akt_error *error)
{
    /* acquire: pairs: watch */
    int number = atomic_load_explicit(&r->signal, memory_order_acquire);

    if (number != 0) {
        return EXIT_SIGNAL + number;
    }
    if (error->code != AKT_OK) {
        tell_failure(error);
        return EXIT_ERROR;
    }
    return 0;
}

/* The watcher comes first: where there is none nothing of the program has run. */
static akt_err
begin(struct run *r, akt_self *me, const struct program *p)
{
    akt_err watched;
    akt_err err;

    (void)pthread_mutex_lock(&r->gate);
    watched = akti_thread_start(&r->watcher, watch, r);
    err = watched != AKT_OK
              ? watched
              : akt_task_spawn(me, main_task, &r->task, .fn = p->fn,
                               .argc = p->argc, .argv = p->argv);
    (void)pthread_mutex_unlock(&r->gate);
    if (watched == AKT_OK && err != AKT_OK) {
        stop_watching(r);
    }
    return err;
}

/* The task from its first turn to its end. */
static akt_err
run_task(struct run *r, akt_self *me, const struct program *p, akt_error *out)
{
    AKT_TRY(begin(r, me, p));
    out->code = akt_join_with(me, r->task, out);
    return AKT_OK;
}

static int
run_system(struct run *r, const struct program *p)
{
    akt_error result = AKT_ERROR_NONE;
    akt_self *me;
    akt_err err = akt_attach(r->system, &me);
    int code;

    if (err == AKT_OK) {
        err = run_task(r, me, p, &result);
        akt_detach(me);
    }
    if (err != AKT_OK) {
        complain("the program could not be begun", err);
        akt_ignore(akt_system_stop(r->system, 0));
        return EXIT_NO_SYSTEM;
    }
    err = akti_system_stop_leaving(r->system, r->drain_ns, LAST_WORDS_NS);
    code = exit_code(r, &result);
    stop_watching(r);
    if (err != AKT_OK) {
        complain("the system could not be stopped", err);
        _exit(EXIT_NO_SYSTEM);
    }
    return code;
}

int
akt_run_with(const akt_run_opts *opts, akt_main_fn *fn, int argc, char **argv)
{
    akt_run_opts standard = AKT_RUN_OPTS_INIT;
    struct program p = {fn, argc, argv};
    struct run r = {.gate = PTHREAD_MUTEX_INITIALIZER};
    sigset_t before;
    akt_err err;
    int code = EXIT_NO_SYSTEM;

    opts = opts != NULL ? opts : &standard;
    r.drain_ns = opts->drain_ns != 0 ? opts->drain_ns : AKT_SECONDS(5);
    (void)sigemptyset(&r.signals);
    (void)sigaddset(&r.signals, SIGINT);
    (void)sigaddset(&r.signals, SIGTERM);
    (void)pthread_sigmask(SIG_BLOCK, &r.signals, &before);
    err = opts->size == sizeof(*opts)
              ? akt_system_start(opts->system, &r.system)
              : AKT_EINVAL;
    if (err == AKT_OK) {
        code = run_system(&r, &p);
        akt_ignore(akt_system_abandon(r.system, LAST_WORDS_NS));
    } else {
        complain("the system could not be started", err);
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return code;
}

int
akt_run(akt_main_fn *fn, int argc, char **argv)
{
    return akt_run_with(NULL, fn, argc, argv);
}
