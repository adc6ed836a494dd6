/* SPDX-License-Identifier: MIT */
#include "tests/support/stress.h"

#include <dirent.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#if !defined(SANITIZED)
#define SANITIZED 0
#endif

/* Sanitizers cost five to twenty times. */
#define SANITIZED_PART 8

static const char *test_name = "stress";
static uint64_t seed = 20240607;
static uint32_t factor = 1;
static uint32_t part = 1;
static uint32_t watchdog_s = 100;
static char phase[256];

static uint64_t
from_environment(const char *name, uint64_t standard)
{
    const char *text = getenv(name);
    char *end;
    uint64_t value;

    if (text == NULL || *text == '\0') {
        return standard;
    }
    value = strtoull(text, &end, 0);
    if (*end != '\0') {
        (void)fprintf(stderr, "%s is not a number: %s\n", name, text);
        exit(2);
    }
    return value;
}

static void
say(const char *text)
{
    ssize_t n = write(STDERR_FILENO, text, strlen(text));

    (void)n;
}

/* Calls nothing that is not safe in a signal handler. */
static void
on_alarm(int signal_number)
{
    (void)signal_number;
    say("\nHANGS: ");
    say(test_name);
    say(": ");
    say(phase);
    say("\n");
    abort();
}

void
stress_begin(const char *name)
{
    struct sigaction action;

    test_name = name;
    seed = from_environment("AKT_SEED", seed);
    factor = (uint32_t)from_environment("AKT_STRESS", 1);
    part = (uint32_t)from_environment("AKT_STRESS_PART", 1);
    factor = factor > 0 ? factor : 1;
    part = part > 0 ? part : 1;
    watchdog_s = (uint32_t)from_environment("AKT_WATCHDOG_S",
                                            (uint64_t)watchdog_s * factor);
    (void)printf("%s: AKT_SEED=%" PRIu64
                 " AKT_STRESS=%u AKT_STRESS_PART=%u%s\n",
                 name, seed, factor, part, SANITIZED ? " (sanitizer)" : "");
    (void)fflush(stdout);
    memset(&action, 0, sizeof(action));
    action.sa_handler = on_alarm;
    (void)sigaction(SIGALRM, &action, NULL);
}

uint64_t
stress_seed(void)
{
    return seed;
}

bool
stress_is_sanitized(void)
{
    return SANITIZED != 0;
}

uint32_t
stress_scale(uint32_t n)
{
    uint64_t whole = (uint64_t)n * factor;
    uint64_t scaled = whole / part / (SANITIZED ? SANITIZED_PART : 1);

    return scaled == 0           ? 1
           : scaled > UINT32_MAX ? UINT32_MAX
                                 : (uint32_t)scaled;
}

void
stress_phase(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(phase, sizeof(phase), format, args);
    va_end(args);
    (void)alarm(watchdog_s);
}

void
stress_end(void)
{
    (void)alarm(0);
}

void
stress_figure(int promise, uint64_t number, const char *words)
{
    (void)printf("FIGURE %d %" PRIu64 " %s\n", promise, number, words);
    (void)fflush(stdout);
}

void
stress_fail(const char *file, int line, const char *format, ...)
{
    char text[512];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    (void)fprintf(stderr,
                  "%s:%d: %s\nin %s: %s\nREPRODUCE: AKT_SEED=%" PRIu64
                  " AKT_STRESS=%u AKT_STRESS_PART=%u\n",
                  file, line, text, test_name, phase, seed, factor, part);
    (void)fflush(NULL);
    abort();
}

/* --- chance --- */

uint64_t
stress_next(struct stress_random *r)
{
    uint64_t z = r->state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

uint32_t
stress_below(struct stress_random *r, uint32_t bound)
{
    return (uint32_t)(((stress_next(r) >> 32) * bound) >> 32);
}

/* --- threads --- */

void
stress_thread_start(pthread_t *out, void *(*fn)(void *), void *arg)
{
    sigset_t signals;
    sigset_t before;
    int failed;

    /* The watchdog is the first thread's. */
    (void)sigfillset(&signals);
    (void)pthread_sigmask(SIG_SETMASK, &signals, &before);
    failed = pthread_create(out, NULL, fn, arg);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    STRESS_CHECK(failed == 0, "no thread: %d", failed);
}

void
stress_thread_join(pthread_t thread)
{
    int failed = pthread_join(thread, NULL);

    STRESS_CHECK(failed == 0, "join: %d", failed);
}

void
stress_gate_init(struct stress_gate *gate)
{
    (void)pthread_mutex_init(&gate->lock, NULL);
    (void)pthread_cond_init(&gate->changed, NULL);
    gate->sum = 0;
}

void
stress_gate_fini(struct stress_gate *gate)
{
    (void)pthread_cond_destroy(&gate->changed);
    (void)pthread_mutex_destroy(&gate->lock);
}

void
stress_gate_add(struct stress_gate *gate, int64_t n)
{
    (void)pthread_mutex_lock(&gate->lock);
    gate->sum += n;
    (void)pthread_cond_broadcast(&gate->changed);
    (void)pthread_mutex_unlock(&gate->lock);
}

void
stress_gate_wait(struct stress_gate *gate, int64_t n)
{
    (void)pthread_mutex_lock(&gate->lock);
    while (gate->sum < n) {
        (void)pthread_cond_wait(&gate->changed, &gate->lock);
    }
    (void)pthread_mutex_unlock(&gate->lock);
}

/* --- the process --- */

/* A sanitizer that looks a name up, for a report or to suppress one, talks to the
 * process that does by pipes from then on. akt has none in such builds. */
static bool
is_sanitizers(DIR *dir, const char *name)
{
    char target[8] = "";

    return SANITIZED
           && readlinkat(dirfd(dir), name, target, sizeof(target) - 1) > 0
           && strncmp(target, "pipe:", 5) == 0;
}

static uint32_t
count_entries(const char *path)
{
    DIR *dir = opendir(path);
    const struct dirent *entry;
    uint32_t n = 0;

    STRESS_CHECK(dir != NULL, "cannot read %s", path);
    while ((entry = readdir(dir)) != NULL) {
        n += is_sanitizers(dir, entry->d_name) ? 0 : 1;
    }
    (void)closedir(dir);
    return n;
}

static void *
do_nothing(void *arg)
{
    return arg;
}

void
stress_baseline_take(struct stress_baseline *out)
{
    pthread_t first;

    /* A sanitizer starts a thread of its own with the first one. */
    stress_thread_start(&first, do_nothing, NULL);
    stress_thread_join(first);
    out->files = count_entries("/proc/self/fd");
    out->threads = count_entries("/proc/self/task");
}

void
stress_baseline_check(const struct stress_baseline *b)
{
    uint32_t files;

    while (count_entries("/proc/self/task") > b->threads) {
        (void)sched_yield();
    }
    files = count_entries("/proc/self/fd");
    STRESS_CHECK(files == b->files, "%u descriptors, not %u", files, b->files);
}

/* --- memory --- */

static bool
must_fail(struct stress_memory *m, uint64_t call)
{
    uint64_t at = atomic_load_explicit(&m->fail_at, memory_order_relaxed);

    return call == at
           || (call > at
               && atomic_load_explicit(&m->fail_on, memory_order_relaxed));
}

static void *
counted_alloc(void *arg, size_t size, size_t align)
{
    struct stress_memory *m = arg;
    uint64_t call =
        atomic_fetch_add_explicit(&m->calls, 1, memory_order_relaxed);
    void *ptr = must_fail(m, call) ? NULL : aligned_alloc(align, size);
    int64_t live;
    int64_t peak;

    if (ptr == NULL) {
        atomic_fetch_add_explicit(&m->failed, 1, memory_order_relaxed);
        return NULL;
    }
    live =
        atomic_fetch_add_explicit(&m->live, (int64_t)size, memory_order_relaxed)
        + (int64_t)size;
    peak = atomic_load_explicit(&m->peak, memory_order_relaxed);
    while (live > peak
           && !atomic_compare_exchange_weak_explicit(&m->peak, &peak, live,
                                                     memory_order_relaxed,
                                                     memory_order_relaxed)) {
    }
    return ptr;
}

static void
counted_free(void *arg, void *ptr, size_t size)
{
    struct stress_memory *m = arg;

    free(ptr);
    /* pairs: the load in `stress_memory_check`. Publishes the end of what this
       thread had from `m`: one that nobody joins is waited for by nothing
       else. */
    atomic_fetch_sub_explicit(&m->live, (int64_t)size, memory_order_release);
}

void
stress_memory_init(struct stress_memory *m)
{
    m->hook = (akt_allocator){counted_alloc, counted_free, m};
    atomic_init(&m->live, 0);
    atomic_init(&m->peak, 0);
    atomic_init(&m->calls, 0);
    atomic_init(&m->fail_at, UINT64_MAX);
    atomic_init(&m->fail_on, false);
    atomic_init(&m->failed, 0);
}

void
stress_memory_check(struct stress_memory *m)
{
    /* pairs: the decrement in `counted_free`; then `m` may be used anew. */
    int64_t live = atomic_load_explicit(&m->live, memory_order_acquire);

    STRESS_CHECK(live == 0, "%" PRId64 " bytes were not given back", live);
}

/* --- systems --- */

struct stress_baseline
stress_baseline_after(stress_scenario *scenario)
{
    struct stress_memory memory;
    struct stress_baseline b;

    stress_memory_init(&memory);
    STRESS_CHECK(scenario(2, &memory), "no start");
    stress_memory_check(&memory);
    stress_baseline_take(&b);
    return b;
}

akt_system_opts
stress_opts(uint32_t workers, struct stress_memory *memory)
{
    akt_system_opts opts = AKT_SYSTEM_OPTS_INIT;

    opts.name = test_name;
    opts.workers = workers;
    opts.allocator = memory != NULL ? &memory->hook : NULL;
    opts.log_level = AKT_LOG_OFF;
    return opts;
}

void
stress_check_account(const akt_counters *c)
{
    uint64_t fates = c->delivered + c->dropped + c->expired + c->returned
                     + c->dead + c->discarded;
    uint64_t ends =
        c->replied + c->failed + c->timed_out + c->cancelled + c->broken;

    STRESS_CHECK(c->accepted == fates,
                 "accepted %" PRIu64 ", fates %" PRIu64 ": delivered %" PRIu64
                 " dropped %" PRIu64 " expired %" PRIu64 " returned %" PRIu64
                 " dead %" PRIu64 " discarded %" PRIu64,
                 c->accepted, fates, c->delivered, c->dropped, c->expired,
                 c->returned, c->dead, c->discarded);
    STRESS_CHECK(c->queued == 0, "queued %" PRIu64, c->queued);
    STRESS_CHECK(c->asked == ends && c->open == 0,
                 "asked %" PRIu64 ", ended %" PRIu64 ": replied %" PRIu64
                 " failed %" PRIu64 " expired %" PRIu64 " cancelled %" PRIu64
                 " broken %" PRIu64,
                 c->asked, ends, c->replied, c->failed, c->timed_out,
                 c->cancelled, c->broken);
    STRESS_CHECK(c->spawned == c->exited,
                 "spawned %" PRIu64 ", exited %" PRIu64, c->spawned, c->exited);
}

void
stress_stop(akt_system *system, uint64_t drain_ns, akt_counters *out)
{
    akt_sched_stats stats;
    akt_counters c;

    STRESS_OK(akt_system_stop(system, drain_ns));
    akt_system_counters(system, &c);
    akt_system_stats(system, &stats);
    stress_check_account(&c);
    STRESS_CHECK(stats.backstops == 0, "%" PRIu64 " wake-ups were lost",
                 stats.backstops);
    akt_system_destroy(system);
    if (out != NULL) {
        *out = c;
    }
}

uint32_t
stress_workers(uint32_t run)
{
    return 1u << run;
}
