/* SPDX-License-Identifier: MIT */
/* Threads, the baton, waiting and time; see explorer.h. */
#include "tests/explore/explorer.h"

#include "akt/types.h"
#include "tests/explore/atomics.h"

#include <semaphore.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A schedule with more points does not end. */
#define POINTS_MAX 200000u
/* After so many without a stop others go first: some loops wait for them. */
#define STRETCH_MAX 1000u

enum state {
    NONE,
    READY,
    WAITING,
    PAUSED, /* until somebody else has gone on */
    OVER
};

/* Threads of the system outlast schedules: they wait for the next job. */
struct thread {
    sem_t baton;
    pthread_t os;
    bool exists;
    enum state state;
    void *(*fn)(void *);
    void *arg;
    const void *on;   /* what it waits for */
    const char *what; /* the same in words */
    uint64_t deadline_ns;
    bool late; /* the deadline passed */
    const char *file;
    int line;
    uint32_t held;
    uint64_t seen_switches; /* when it paused last */
};

/* Who has the baton may touch it. */
static struct {
    struct explorer_opts opts;
    bool on;
    bool choosing;
    struct thread thread[EXPLORE_THREADS_MAX];
    uint32_t count;
    uint32_t current;
    uint32_t ready;  /* set of those that can go on */
    uint32_t paused; /* set */
    uint64_t now_ns;
    uint32_t jumps;
    explore_fn *check; /* before a jump */
    void *check_arg;
    uint32_t points;  /* in this schedule */
    uint32_t stretch; /* of the running thread */
    uint64_t all_points;
    uint64_t all_switches;
} ex;

static struct thread *
self(void)
{
    return &ex.thread[ex.current];
}

static uint32_t
bit(uint32_t thread)
{
    return 1u << thread;
}

uint32_t *
explore_held(void)
{
    return &self()->held;
}

uint64_t
explore_now(void)
{
    return ex.now_ns;
}

uint32_t
explore_jumps(void)
{
    return ex.jumps;
}

uint64_t
explorer_points(void)
{
    return ex.all_points;
}

uint64_t
explorer_switches(void)
{
    return ex.all_switches;
}

/* --- failing --- */

void
explore_fail(const char *file, int line, const char *format, ...)
{
    char text[2048];
    va_list args;
    int n = snprintf(text, sizeof(text), "%s:%d: thread %u: ", file, line,
                     ex.current);

    va_start(args, format);
    (void)vsnprintf(text + n, sizeof(text) - (size_t)n, format, args);
    va_end(args);
    ex.opts.failed(text);
    abort();
}

static const char *
place(const struct thread *t)
{
    return t->file != NULL ? t->file : "its beginning";
}

static size_t
describe(char *text, size_t size, uint32_t i)
{
    static const char *const names[] = {[READY] = "can go on",
                                        [WAITING] = "waits for",
                                        [PAUSED] = "looks again and again",
                                        [OVER] = "is over"};
    const struct thread *t = &ex.thread[i];
    int n = snprintf(text, size, "\n    thread %u %s%s%s: %s:%d", i,
                     names[t->state], t->state == WAITING ? " " : "",
                     t->state == WAITING ? t->what : "", place(t), t->line);

    return n < 0 || (size_t)n >= size ? 0 : (size_t)n;
}

/* Nobody can go on, or somebody never ends. */
static void
fail_of_all(const char *why)
{
    char text[1900];
    size_t used = (size_t)snprintf(text, sizeof(text), "%s", why);
    uint32_t i;

    for (i = 0; i < ex.count; i++) {
        used += describe(text + used, sizeof(text) - used, i);
    }
    ex.opts.failed(text);
    abort();
}

/* --- the baton --- */

static void
wait_for_baton(struct thread *t)
{
    while (sem_wait(&t->baton) != 0) {
    }
}

static void
hand_on(uint32_t next)
{
    ex.current = next;
    ex.stretch = 0;
    ex.all_switches++;
    (void)sem_post(&ex.thread[next].baton);
}

/* The number is that of the next choice point. */
static void
trace(uint32_t next)
{
    static const char *const ends[] = {[READY] = "stops before",
                                       [WAITING] = "waits at",
                                       [PAUSED] = "looks again after",
                                       [OVER] = "is over after"};
    const struct thread *from = self();
    const struct thread *to = &ex.thread[next];

    if (!ex.opts.trace || next == ex.current) {
        return;
    }
    (void)fprintf(stderr,
                  "    %5u: thread %u %s %s:%d\n"
                  "           thread %u goes on at %s:%d\n",
                  ex.opts.chooser->step, ex.current, ends[from->state],
                  place(from), from->line, next, place(to), to->line);
}

static void
set_ready(uint32_t i)
{
    ex.thread[i].state = READY;
    ex.ready |= bit(i);
    ex.paused &= ~bit(i);
}

/* Somebody has gone on since they paused. */
static void
wake_paused(void)
{
    while (ex.paused != 0) {
        set_ready((uint32_t)__builtin_ctz(ex.paused));
    }
}

static bool
is_late(const struct thread *t)
{
    return t->state == WAITING && t->deadline_ns <= ex.now_ns;
}

/* Those whose deadline has come go on. */
static void
expire(void)
{
    uint32_t i;

    for (i = 0; i < ex.count; i++) {
        if (is_late(&ex.thread[i])) {
            ex.thread[i].late = true;
            set_ready(i);
        }
    }
}

void
explore_watch(explore_fn *check, void *arg)
{
    ex.check = check;
    ex.check_arg = arg;
}

static void
look_before_jump(void)
{
    if (ex.check != NULL) {
        ex.on = false;
        ex.check(ex.check_arg);
        ex.on = true;
    }
}

/* Nobody can go on: time jumps to what is due first. */
static void
jump(void)
{
    uint64_t next = AKT_NEVER;
    uint32_t i;

    look_before_jump();
    for (i = 0; i < ex.count; i++) {
        const struct thread *t = &ex.thread[i];

        if (t->state == WAITING && t->deadline_ns < next) {
            next = t->deadline_ns;
        }
    }
    if (next == AKT_NEVER) {
        fail_of_all("nobody can go on");
    }
    ex.now_ns = next;
    ex.jumps++;
    expire();
    /* Who looks again and again may see what time has changed. */
    wake_paused();
}

static uint32_t
choose(void)
{
    if (ex.ready == 0) {
        jump();
    }
    if ((ex.ready & (ex.ready - 1)) == 0) {
        return (uint32_t)__builtin_ctz(ex.ready);
    }
    if (++ex.stretch > STRETCH_MAX) {
        return chooser_plain(ex.ready & ~bit(ex.current), ex.current);
    }
    if (!ex.choosing) {
        return chooser_plain(ex.ready, ex.current);
    }
    return chooser_choose(ex.opts.chooser, ex.ready, ex.current);
}

/* Gives the baton to whom the chooser says, and waits to get it back. */
static void
reschedule(void)
{
    struct thread *t = self();
    uint32_t next = choose();

    trace(next);
    if (next == ex.current) {
        return;
    }
    hand_on(next);
    wait_for_baton(t);
}

void
explore_site(const char *file, int line)
{
    if (ex.on) {
        self()->file = file;
        self()->line = line;
    }
}

void
explore_point(const char *file, int line)
{
    if (!ex.on) {
        return;
    }
    if (file != NULL) {
        explore_site(file, line);
    }
    ex.all_points++;
    if (++ex.points > POINTS_MAX) {
        fail_of_all("this does not end");
    }
    wake_paused();
    if ((ex.ready & (ex.ready - 1)) != 0) {
        reschedule();
    }
}

/* --- waiting --- */

bool
explore_wait(const void *on, const char *what, uint64_t deadline_ns)
{
    struct thread *t = self();

    if (deadline_ns <= ex.now_ns) {
        return false;
    }
    t->on = on;
    t->what = what;
    t->late = false;
    t->deadline_ns =
        deadline_ns - ex.now_ns > EXPLORE_PATIENCE_NS ? AKT_NEVER : deadline_ns;
    t->state = WAITING;
    ex.ready &= ~bit(ex.current);
    wake_paused();
    reschedule();
    return !t->late;
}

void
explore_wake(const void *on, bool all)
{
    uint32_t i;

    for (i = 0; i < ex.count; i++) {
        if (ex.thread[i].state == WAITING && ex.thread[i].on == on) {
            set_ready(i);
            if (!all) {
                return;
            }
        }
    }
}

void
explore_pause(void)
{
    struct thread *t = self();
    bool others_went_on = t->seen_switches != ex.all_switches;

    t->seen_switches = ex.all_switches;
    if (others_went_on) {
        return; /* what was looked at may be different by now */
    }
    chooser_yields(ex.opts.chooser, ex.current);
    wake_paused();
    t->state = PAUSED;
    ex.ready &= ~bit(ex.current);
    ex.paused |= bit(ex.current);
    reschedule();
    t->seen_switches = ex.all_switches;
}

void
explore_pass_time(uint64_t ns)
{
    ex.now_ns += ns;
    expire();
    explore_point(__FILE__, __LINE__);
}

/* --- threads --- */

/* The thread's job is done; it has the baton for the last time. */
static void
end_job(uint32_t i)
{
    uint32_t next;

    ex.thread[i].state = OVER;
    ex.ready &= ~bit(i);
    explore_wake(&ex.thread[i], true);
    wake_paused();
    next = choose();
    trace(next);
    hand_on(next);
}

static void *
thread_main(void *arg)
{
    struct thread *t = arg;

    for (;;) {
        wait_for_baton(t);
        (void)t->fn(t->arg);
        end_job((uint32_t)(t - ex.thread));
    }
    return NULL;
}

static uint32_t
thread_new(void *(*fn)(void *), void *arg)
{
    uint32_t i = ex.count;
    struct thread *t = &ex.thread[i];

    if (i == EXPLORE_THREADS_MAX) {
        fail_of_all("too many threads");
    }
    t->fn = fn;
    t->arg = arg;
    t->held = 0;
    t->seen_switches = 0;
    t->file = NULL;
    t->line = 0;
    ex.count++;
    if (!t->exists) {
        t->exists = true;
        (void)sem_init(&t->baton, 0, 0);
        if (pthread_create(&t->os, NULL, thread_main, t) != 0) {
            abort();
        }
    }
    chooser_born(ex.opts.chooser, i);
    set_ready(i);
    return i;
}

void
explore_thread_start(pthread_t *out, void *(*fn)(void *), void *arg)
{
    uint32_t i = thread_new(fn, arg);

    *out = ex.thread[i].os;
    explore_point(__FILE__, __LINE__);
}

void
explore_join(uint32_t thread)
{
    struct thread *t = &ex.thread[thread];

    explore_point("a join", 0);
    while (t->state != OVER) {
        (void)explore_wait(t, "a thread's end", AKT_NEVER);
    }
}

void
explore_thread_join(pthread_t thread)
{
    uint32_t i;

    for (i = 1; i < ex.count; i++) {
        if (pthread_equal(ex.thread[i].os, thread)) {
            explore_join(i);
            return;
        }
    }
    fail_of_all("a thread is joined that was never started");
}

struct start {
    explore_fn *fn;
    void *arg;
};

static struct start starts[EXPLORE_THREADS_MAX];

static void *
run_start(void *arg)
{
    struct start *s = arg;

    s->fn(s->arg);
    return NULL;
}

uint32_t
explore_start(explore_fn *fn, void *arg)
{
    struct start *s = &starts[ex.count % EXPLORE_THREADS_MAX];
    uint32_t i;

    *s = (struct start){fn, arg};
    i = thread_new(run_start, s);
    explore_point(__FILE__, __LINE__);
    return i;
}

/* --- a schedule --- */

void
explore_begin(void)
{
    ex.choosing = true;
    explore_point(__FILE__, __LINE__);
}

void
explore_end(void)
{
    ex.choosing = false;
}

static void
check_all_over(void)
{
    uint32_t i;

    for (i = 1; i < ex.count; i++) {
        if (ex.thread[i].state != OVER) {
            fail_of_all("the scenario is over and threads are left");
        }
    }
}

void
explorer_run(const struct explorer_opts *opts, explore_fn *scenario, void *arg)
{
    struct thread *t = &ex.thread[0];

    ex.opts = *opts;
    ex.choosing = false;
    ex.count = 1;
    ex.current = 0;
    ex.ready = bit(0);
    ex.paused = 0;
    ex.now_ns = UINT64_C(1000) * 1000000000u;
    ex.jumps = 0;
    ex.check = NULL;
    ex.points = 0;
    ex.stretch = 0;
    if (!t->exists) {
        t->exists = true;
        t->os = pthread_self();
        (void)sem_init(&t->baton, 0, 0);
    }
    t->state = READY;
    t->held = 0;
    t->seen_switches = 0;
    chooser_born(opts->chooser, 0);
    ex.on = true;
    scenario(arg);
    ex.on = false;
    check_all_over();
}
