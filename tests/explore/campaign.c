/* SPDX-License-Identifier: MIT */
#include "tests/explore/campaign.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A child that says nothing for so long has found a loop without yield points. */
#define SILENCE_SECONDS 60
#define SILENCE_SHORTER 5
#define ATTEMPTS_MAX 300

#if defined(__SANITIZE_ADDRESS__)
#define SLOWNESS 8u
#else
#define SLOWNESS 1u
#endif

/* What a child leaves behind, also when it crashes. */
struct shared {
    struct choices log;
    uint64_t schedules;
    uint64_t points;
    uint64_t switches;
    uint64_t seed;
    uint32_t steps; /* choice points of the longest schedule */
    bool complete;
    char text[2048];
};

static struct shared *shared;

struct batch {
    const struct campaign *campaign;
    enum chooser_kind kind;
    uint32_t depth; /* PCT */
    uint32_t schedules;
    uint64_t seed;
    const struct choices *list;
    bool trace;
    bool quiet; /* one of many attempts */
};

static uint64_t
number_of(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);

    return text != NULL && *text != '\0' ? strtoull(text, NULL, 0) : otherwise;
}

/* --- in the child --- */

static void
failed(const char *text)
{
    (void)snprintf(shared->text, sizeof(shared->text), "%s", text);
    _exit(1);
}

/* The baton is handed on much faster within one core. */
static void
stay_on_one_core(void)
{
    cpu_set_t set;
    int cpu = sched_getcpu();

    if (cpu >= 0) {
        CPU_ZERO(&set);
        CPU_SET((size_t)cpu, &set);
        (void)sched_setaffinity(0, sizeof(set), &set);
    }
}

/* A crash ends the child: whoever runs the tests catches it otherwise. */
static void
let_crashes_be(void)
{
    static const int signals[] = {SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV};
    size_t i;

    for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        (void)signal(signals[i], SIG_DFL);
    }
}

static void
silence(void)
{
    int fd = open("/dev/null", O_WRONLY);

    if (fd >= 0) {
        (void)dup2(fd, STDERR_FILENO);
        (void)close(fd);
    }
}

static void
run_schedules(const struct batch *b, struct chooser *chooser)
{
    struct explorer_opts opts = {
        .chooser = chooser, .failed = failed, .trace = b->trace};
    bool more = true;
    uint32_t i;

    for (i = 0; i < b->schedules && more; i++) {
        if (i % 64 == 0) {
            (void)alarm(b->quiet ? SILENCE_SHORTER : SILENCE_SECONDS);
        }
        shared->seed = b->seed + i;
        chooser_begin(chooser, b->seed + i);
        explorer_run(&opts, b->campaign->scenario, b->campaign->arg);
        if (chooser->diverged) {
            failed("the scenario is not deterministic: the same choices led to "
                   "another choice");
        }
        more = chooser_end(chooser);
        shared->schedules++;
    }
    shared->complete = !more;
    shared->points += explorer_points();
    shared->switches += explorer_switches();
    shared->steps = chooser->steps_seen > shared->steps ? chooser->steps_seen
                                                        : shared->steps;
}

static void
child(const struct batch *b)
{
    struct chooser chooser;

    stay_on_one_core();
    let_crashes_be();
    if (b->quiet) {
        silence();
    }
    chooser_init(&chooser, b->kind, &shared->log);
    chooser.list = b->list;
    chooser.depth = b->depth;
    chooser.bound = b->campaign->preemptions;
    run_schedules(b, &chooser);
    chooser_fini(&chooser);
    _exit(0);
}

/* --- in the parent --- */

static void
say_how_it_ended(int status)
{
    if (shared->text[0] == '\0' && WIFSIGNALED(status)) {
        (void)snprintf(shared->text, sizeof(shared->text),
                       "the process ended by signal %d", WTERMSIG(status));
    } else if (shared->text[0] == '\0') {
        (void)snprintf(shared->text, sizeof(shared->text),
                       "the process ended by exit status %d",
                       WEXITSTATUS(status));
    }
}

/* True: nothing was found. */
static bool
run_batch(const struct batch *b)
{
    int status = 0;
    pid_t pid;

    shared->text[0] = '\0';
    shared->complete = false;
    (void)fflush(NULL);
    pid = fork();
    if (pid == 0) {
        child(b);
    }
    if (pid < 0) {
        (void)snprintf(shared->text, sizeof(shared->text), "no process: %s",
                       strerror(errno));
        return false;
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        return true;
    }
    say_how_it_ended(status);
    return false;
}

static bool
list_fails(const struct campaign *c, const struct choices *list, bool trace)
{
    struct batch b = {.campaign = c,
                      .kind = CHOOSE_LISTED,
                      .schedules = 1,
                      .list = list,
                      .trace = trace,
                      .quiet = !trace};

    return !run_batch(&b);
}

/* --- shorter --- */

static void
without(const struct choices *list, uint32_t from, uint32_t n,
        struct choices *out)
{
    memcpy(out->at, list->at, from * sizeof(list->at[0]));
    memcpy(out->at + from, list->at + from + n,
           (list->count - from - n) * sizeof(list->at[0]));
    out->count = list->count - n;
}

/* Leaves out runs of `n` choices as long as it still fails. */
static void
leave_out(const struct campaign *c, struct choices *list, uint32_t n,
          uint32_t *attempts)
{
    static struct choices fewer;
    uint32_t at = 0;

    while (at + n <= list->count && *attempts > 0) {
        --*attempts;
        without(list, at, n, &fewer);
        if (list_fails(c, &fewer, false)) {
            /* What was chosen in fact: the rest of the list may not count. */
            memcpy(list,
                   shared->log.count < fewer.count ? &shared->log : &fewer,
                   sizeof(*list));
        } else {
            at += n;
        }
    }
}

static void
make_shorter(const struct campaign *c, struct choices *list)
{
    uint32_t attempts = ATTEMPTS_MAX;
    uint32_t n = list->count;

    for (n = n / 2 > 0 ? n / 2 : 1; n > 0; n /= 2) {
        leave_out(c, list, n, &attempts);
    }
}

/* --- campaigns --- */

struct plan {
    enum chooser_kind kind;
    uint32_t depth;
    uint32_t schedules;
};

static bool
run_plans(const struct campaign *c, struct findings *out)
{
    uint32_t times = (uint32_t)number_of("AKT_EXPLORE_TIMES", 1);
    uint32_t part = SLOWNESS * (uint32_t)number_of("AKT_EXPLORE_PART", 1);
    struct plan plans[] = {
        {CHOOSE_LISTED, 0, part},      {CHOOSE_ALL, 0, c->all_max},
        {CHOOSE_RANDOM, 0, c->random}, {CHOOSE_PCT, 1, c->pct},
        {CHOOSE_PCT, 2, c->pct},       {CHOOSE_PCT, 3, c->pct},
        {CHOOSE_PCT, 4, c->pct}};
    size_t i;

    for (i = 0; i < sizeof(plans) / sizeof(plans[0]); i++) {
        struct batch b = {.campaign = c,
                          .kind = plans[i].kind,
                          .depth = plans[i].depth,
                          .schedules = plans[i].schedules * times / part,
                          .seed = number_of("AKT_EXPLORE_SEED", 1) << 32};

        if (plans[i].schedules > 0 && !run_batch(&b)) {
            return false;
        }
        if (plans[i].kind == CHOOSE_ALL) {
            out->complete = shared->complete && plans[i].schedules > 0;
        }
    }
    return true;
}

static void
share(void)
{
    if (shared != NULL) {
        memset(shared, 0, sizeof(*shared));
        return;
    }
    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) {
        perror("explore: mmap");
        abort();
    }
}

static struct choices found;

void
campaign_run(const struct campaign *c, struct findings *out)
{
    *out = (struct findings){0};
    share();
    out->failed = !run_plans(c, out);
    out->schedules = shared->schedules;
    if (!out->failed) {
        return;
    }
    out->seed = shared->seed;
    memcpy(out->text, shared->text, sizeof(out->text));
    memcpy(&found, &shared->log, sizeof(found));
    out->found_choices = found.count;
    make_shorter(c, &found);
    out->choices = found.count;
}

/* --- telling --- */

static void
print_choices(const struct choices *list)
{
    uint32_t i;

    for (i = 0; i < list->count; i++) {
        (void)fprintf(stderr, "%s%u:%u", i == 0 ? "" : ",", list->at[i].step,
                      list->at[i].thread);
    }
}

static void
tell(const struct campaign *c)
{
    (void)fprintf(stderr, "explore: %s: what happens:\n", c->name);
    if (!list_fails(c, &found, true)) {
        (void)fprintf(stderr, "    it did not happen again\n");
        return;
    }
    (void)fprintf(stderr, "  %s\nREPRODUCE: AKT_EXPLORE='%s=", shared->text,
                  c->name);
    print_choices(&found);
    (void)fprintf(stderr, "' %s\n", program_invocation_name);
}

/* The choices for this scenario in the environment. */
static void
read_choices(const char *text, struct choices *out)
{
    out->count = 0;
    while (*text != '\0' && out->count < CHOICES_MAX) {
        char *end;
        struct choice *choice = &out->at[out->count];

        choice->step = (uint32_t)strtoul(text, &end, 10);
        if (*end != ':') {
            return;
        }
        choice->thread = (uint32_t)strtoul(end + 1, &end, 10);
        out->count++;
        text = *end == ',' ? end + 1 : end;
    }
}

/* Whether the environment names this scenario; *out: with choices. */
static bool
is_named(const struct campaign *c, const char *text, const char **out)
{
    size_t length = strlen(c->name);

    if (strncmp(text, c->name, length) != 0) {
        return false;
    }
    *out = text[length] == '=' ? text + length + 1 : NULL;
    return text[length] == '=' || text[length] == '\0';
}

static bool
repeat(const struct campaign *c, const char *text)
{
    read_choices(text, &found);
    if (list_fails(c, &found, true)) {
        (void)fprintf(stderr, "  %s\n", shared->text);
        return false;
    }
    (void)fprintf(stderr, "explore: %s: the schedule passes\n", c->name);
    return true;
}

static double
seconds(void)
{
    struct timespec ts;

    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

bool
campaign_passes(const struct campaign *c)
{
    const char *text = getenv("AKT_EXPLORE");
    const char *choices = NULL;
    double began = seconds();
    struct findings f;

    share();
    if (text != NULL && !is_named(c, text, &choices)) {
        return true;
    }
    if (choices != NULL) {
        return repeat(c, choices);
    }
    campaign_run(c, &f);
    if (!f.failed) {
        double took = seconds() - began;

        (void)fprintf(stderr,
                      "explore: %s: %" PRIu64
                      " schedules%s, up to %u choice points, %.0f a second\n",
                      c->name, f.schedules,
                      f.complete ? " (all within the bound)" : "",
                      shared->steps, (double)f.schedules / took);
        return true;
    }
    (void)fprintf(stderr,
                  "explore: %s fails: %s\n  schedule %" PRIu64 ", seed %" PRIu64
                  "; %u choices, made shorter: %u\n",
                  c->name, f.text, f.schedules, f.seed, f.found_choices,
                  f.choices);
    tell(c);
    return false;
}
