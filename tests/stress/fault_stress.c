/* SPDX-License-Identifier: MIT */
/*
 * The world says no. A scenario with threads that uses most of the library runs
 * again and again while its n-th allocation fails, once or from then on, for
 * each n; a start while the n-th doorbell, loop or thread is refused, or
 * descriptors run out; a fork in the middle of traffic.
 *
 * Each call answers an error or does what it says; what was accepted is
 * accounted for, what was asked ends; nothing hangs, and no memory, descriptor
 * or thread is left behind. A child process gets AKT_EFORK and can exit.
 */
#include "actors/base/fault.h"
#include "akt/akt.h"
#include "tests/support/stress.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define WORD(F) F(u32, n)
AKT_MESSAGE(result, WORD);
AKT_REQUEST(task, WORD, result);
AKT_REQUEST(grind, WORD, result);
#define SAY(F) F(text, words) F(ref, next)
AKT_MESSAGE(say, SAY);
AKT_SIGNAL(tick);
struct bulk {
    char bytes[5000];
};
AKT_LOCAL_MESSAGE(bulk);

/* --- the scenario --- */

struct server {
    akt_promise_of(task) kept;
    akt_ref next;
    uint32_t handled;
};

static akt_err
grind_it(akt_self *self, const struct grind *m)
{
    return akt_reply(self, m, .n = m->n + 1);
}
AKT_JOB(grind_it, grind);

static akt_err
on_done(akt_self *self, struct server *s, const akt_answer *answer,
        const struct result *r)
{
    (void)self;
    STRESS_CHECK((r != NULL) == (answer->outcome == AKT_REPLIED), "a reply");
    s->handled++;
    return AKT_OK;
}
AKT_THEN(on_done, struct server, task);

static akt_err
on_ground(akt_self *self, struct server *s, const akt_answer *answer,
          const struct result *r)
{
    return on_done(self, s, answer, r);
}
AKT_THEN(on_ground, struct server, grind);

static akt_err
on_tick(akt_self *self, struct server *s, const struct tick *m)
{
    (void)m;
    akt_promise_drop(self, &s->kept.promise);
    return AKT_OK;
}

static akt_err
on_bulk(akt_self *self, struct server *s, const struct bulk *m)
{
    (void)self;
    STRESS_CHECK(m->bytes[0] == 'b' && m->bytes[4999] == 'k', "content");
    s->handled++;
    return AKT_OK;
}

static akt_err
on_say(akt_self *self, struct server *s, const struct say *m)
{
    static const struct bulk b = {.bytes = {[0] = 'b', [4999] = 'k'}};
    akt_future f;

    STRESS_CHECK(akt_text_equal(m->words, AKT_TEXT("go on")), "content");
    if (!akt_ref_is_none(m->next)) {
        s->next = m->next;
    }
    AKT_TRY(akt_timer_start(self, AKT_US(50), 0, NULL, tick));
    AKT_TRY(akt_timer_start(self, 0, AKT_US(100), NULL, tick));
    AKT_TRY(akt_send_after(self, 0, s->next, say, .words = AKT_TEXT("go on"))
                    == AKT_ENOMEM
                ? AKT_ENOMEM
                : AKT_OK);
    akt_ignore(akti_send(self, s->next, &bulk_type, &b));
    AKT_TRY(akt_ask(self, s->next, &f, task, .n = 1) == AKT_ENOMEM ? AKT_ENOMEM
                                                                   : AKT_OK);
    if (akt_ask(self, s->next, &f, task, .n = 2) == AKT_OK) {
        AKT_TRY(akt_then(self, f, on_done, NULL));
    }
    if (akt_ask_blocking(self, &f, grind_it, grind, .n = 3) == AKT_OK) {
        AKT_TRY(akt_then(self, f, on_ground, NULL));
    }
    return AKT_OK;
}

static akt_err
on_task(akt_self *self, struct server *s, const struct task *m)
{
    s->handled++;
    switch (s->handled % 4) {
    case 0:
        return akt_reply_error(self, AKT_EUSER, "not today");
    case 1:
        akt_promise_drop(self, &s->kept.promise);
        return akt_keep(self, m, &s->kept);
    case 2:
        if (s->handled < 20 && akt_stash(self) == AKT_OK) {
            (void)akt_unstash(self);
            return AKT_OK;
        }
        return AKT_OK;
    default:
        return akt_reply(self, m, .n = m->n);
    }
}

AKT_CLASS(server, struct server, AKT_ON(say, on_say), AKT_ON(task, on_task),
          AKT_ON(tick, on_tick), AKT_ON(bulk, on_bulk),
          AKT_MAILBOX(2, AKT_AWAIT));
AKT_CLASS(old_server, struct server, AKT_ON(say, on_say), AKT_ON(task, on_task),
          AKT_ON(tick, on_tick), AKT_ON(bulk, on_bulk),
          AKT_MAILBOX(1, AKT_DROP_OLDEST), AKT_IDLE(AKT_MS(1)));
AKT_CLASS(own_server, struct server, AKT_ON(say, on_say), AKT_ON(task, on_task),
          AKT_ON(tick, on_tick), AKT_ON(bulk, on_bulk),
          AKT_PLACEMENT(AKT_PLACE_OWN_THREAD));

#define SERVERS 6

static void
use(akt_self *self, akt_ref *refs)
{
    static const akt_class *const classes[] = {&server_class, &old_server_class,
                                               &own_server_class};
    struct server none = {.handled = 0};
    uint32_t i;

    for (i = 0; i < SERVERS; i++) {
        refs[i] = AKT_REF_NONE;
        akt_ignore(akti_spawn(self, classes[i % 3], &refs[i], &none));
    }
    for (i = 0; i < SERVERS; i++) {
        akt_ignore(akt_send(self, refs[i], say, .words = AKT_TEXT("go on"),
                            .next = refs[(i + 1) % SERVERS]));
    }
    for (i = 0; i < SERVERS; i++) {
        akt_future f;
        akt_answer *answer;

        if (akt_ask_within(self, AKT_MS(2), refs[i], &f, task, .n = i)
            != AKT_OK) {
            continue;
        }
        if (akt_wait(self, f, &answer) == AKT_OK) {
            akt_answer_free(self, answer);
        } else {
            akt_future_drop(self, f);
        }
    }
}

static void *
second_thread(void *arg)
{
    akt_ref refs[SERVERS];
    akt_self *self;

    if (akt_attach(arg, &self) == AKT_OK) {
        use(self, refs);
        akt_detach(self);
    }
    return NULL;
}

/* Whether the start succeeded. */
static bool
scenario(uint32_t workers, struct stress_memory *memory)
{
    akt_system_opts opts = stress_opts(workers, memory);
    akt_system *system = NULL;
    akt_counters c;
    pthread_t thread;
    akt_err err;

    opts.blocking_threads = 2;
    err = akt_system_start(&opts, &system);
    if (err != AKT_OK) {
        STRESS_CHECK(err == AKT_ENOMEM || err == AKT_EMFILE || err == AKT_EIO
                         || err == AKT_ETHREAD,
                     "start: %s", akt_err_name(err));
        STRESS_CHECK(system == NULL, "an error and a system");
        return false;
    }
    stress_thread_start(&thread, second_thread, system);
    (void)second_thread(system);
    stress_thread_join(thread);
    STRESS_OK(akt_system_stop(system, AKT_US(200)));
    akt_system_counters(system, &c);
    stress_check_account(&c);
    akt_system_destroy(system);
    return true;
}

/* --- memory --- */

static uint64_t
fail_at(uint32_t workers, uint64_t n, bool on)
{
    struct stress_memory memory;

    stress_memory_init(&memory);
    atomic_store(&memory.fail_at, n);
    atomic_store(&memory.fail_on, on);
    (void)scenario(workers, &memory);
    stress_memory_check(&memory);
    return atomic_load(&memory.failed);
}

static void
fail_each(uint32_t workers, bool on)
{
    /* Where every block is an allocation, not every one is tried. */
    uint64_t step = 1;
    uint64_t n = 0;
    uint32_t quiet = 0;

    /* Threads make the number vary: over when none has failed for a while. */
    while (quiet < 5) {
        stress_phase("%u workers: allocation %" PRIu64 "%s fails", workers, n,
                     on ? " and all later" : "");
        quiet = fail_at(workers, n, on) == 0 ? quiet + 1 : 0;
        n += step;
        if (n >= 300) {
            step = 1 + n / 40;
        }
    }
    print_message("%u workers: %" PRIu64 " allocations\n", workers, n);
    stress_figure(15, n, "allocations failed");
    stress_end();
}

static void
test_each_allocation_that_fails_is_an_error(void **state)
{
    uint32_t rounds = stress_scale(8);
    uint32_t i;

    (void)state;
    for (i = 0; i < rounds * STRESS_WORKER_RUNS; i++) {
        fail_each(stress_workers(i % STRESS_WORKER_RUNS), false);
        fail_each(stress_workers(i % STRESS_WORKER_RUNS), true);
    }
}

/* --- system calls --- */

static void
refuse_each(enum akti_fault point, uint32_t workers)
{
    struct stress_baseline b = stress_baseline_after(scenario);
    uint32_t i;

    for (i = 0; i < 24; i++) {
        struct stress_memory memory;

        stress_phase("%u workers: point %d refuses the %u.", workers,
                     (int)point, i);
        stress_memory_init(&memory);
        akti_fault_set(point, i, 1 + i % 3);
        STRESS_CHECK(scenario(workers, &memory) == (i >= workers),
                     "%u workers, point %d, refused at %u", workers, (int)point,
                     i);
        akti_fault_set(point, 0, 0);
        stress_memory_check(&memory);
        stress_baseline_check(&b);
    }
    stress_end();
}

static void
test_each_doorbell_loop_thread_refused_is_an_error(void **state)
{
    uint32_t i;

    (void)state;
    for (i = 0; i < STRESS_WORKER_RUNS; i++) {
        refuse_each(AKTI_FAULT_DOORBELL, stress_workers(i));
        refuse_each(AKTI_FAULT_LOOP, stress_workers(i));
        refuse_each(AKTI_FAULT_THREAD, stress_workers(i));
    }
}

static void
test_thread_refused_to_an_actor_gives_its_place_back(void **state)
{
    struct stress_baseline b = stress_baseline_after(scenario);
    struct stress_memory memory;
    akt_system_opts opts;
    akt_system *system;
    akt_self *self;
    akt_ref ref;
    uint32_t i;

    (void)state;
    stress_phase("a place for each");
    stress_memory_init(&memory);
    opts = stress_opts(1, &memory);
    opts.max_actors = 2;
    STRESS_OK(akt_system_start(&opts, &system));
    STRESS_OK(akt_attach(system, &self));
    for (i = 0; i < 5; i++) {
        akti_fault_set(AKTI_FAULT_THREAD, 0, 1);
        STRESS_CHECK(akt_spawn(self, own_server, &ref) == AKT_ETHREAD,
                     "a thread was had");
        akti_fault_set(AKTI_FAULT_DOORBELL, 0, 1);
        STRESS_CHECK(akt_spawn(self, own_server, &ref) == AKT_EMFILE,
                     "a doorbell was had");
    }
    akti_fault_set(AKTI_FAULT_DOORBELL, 0, 0);
    STRESS_OK(akt_spawn(self, own_server, &ref));
    STRESS_OK(akt_spawn(self, server, &ref));
    STRESS_CHECK(akt_spawn(self, server, &ref) == AKT_ELIMIT, "one too many");
    akt_detach(self);
    stress_stop(system, 0, NULL);
    stress_memory_check(&memory);
    stress_baseline_check(&b);
    stress_end();
}

static void
start_with(uint32_t workers, uint32_t spare, const struct stress_baseline *b)
{
    struct stress_memory memory;
    struct rlimit before;
    struct rlimit few;
    akt_system_opts opts;
    akt_system *system = NULL;
    akt_err err;

    stress_memory_init(&memory);
    opts = stress_opts(workers, &memory);
    (void)getrlimit(RLIMIT_NOFILE, &before);
    few = before;
    /* Counted with "." and ".." and the directory itself: three too many. */
    few.rlim_cur = b->files - 3 + spare;
    STRESS_CHECK(setrlimit(RLIMIT_NOFILE, &few) == 0, "setrlimit");
    err = akt_system_start(&opts, &system);
    STRESS_CHECK(setrlimit(RLIMIT_NOFILE, &before) == 0, "setrlimit");
    if (err == AKT_OK) {
        STRESS_CHECK(spare >= 2 * workers, "a start with %u descriptors",
                     spare);
        stress_stop(system, 0, NULL);
    } else {
        STRESS_CHECK(err == AKT_EMFILE || err == AKT_EIO, "start: %s",
                     akt_err_name(err));
        STRESS_CHECK(spare < 8 * workers, "no start with %u descriptors",
                     spare);
    }
    stress_memory_check(&memory);
    stress_baseline_check(b);
}

static void
test_start_without_descriptors_is_an_error(void **state)
{
    struct stress_baseline b = stress_baseline_after(scenario);
    uint32_t i;
    uint32_t spare;

    (void)state;
    for (i = 0; i < STRESS_WORKER_RUNS; i++) {
        uint32_t workers = stress_workers(i);

        for (spare = 0; spare <= 8 * workers; spare++) {
            stress_phase("%u workers: %u descriptors", workers, spare);
            start_with(workers, spare, &b);
        }
    }
    stress_end();
}

/* --- fork --- */

#define CHILD_CHECK(condition)                                                 \
    do {                                                                       \
        if (!(condition)) {                                                    \
            _exit(__LINE__ % 200 + 2);                                         \
        }                                                                      \
    } while (0)

/* Only calls; nothing that takes a lock of the C library. */
static void
be_child(akt_system *system, akt_self *self, const akt_ref *refs, akt_future f)
{
    akt_self *other;
    akt_answer *answer;
    akt_future g;
    akt_ref ref = refs[0];

    (void)alarm(30);
    CHILD_CHECK(akt_send(self, ref, tick) == AKT_EFORK);
    CHILD_CHECK(akt_try_send(self, ref, tick) == AKT_EFORK);
    CHILD_CHECK(akt_send_within(self, AKT_SECONDS(60), ref, tick) == AKT_EFORK);
    CHILD_CHECK(akt_ask(self, ref, &g, task, .n = 1) == AKT_EFORK);
    CHILD_CHECK(akt_ask_blocking(self, &g, grind_it, grind, .n = 1)
                == AKT_EFORK);
    CHILD_CHECK(akt_wait(self, f, &answer) == AKT_EFORK);
    CHILD_CHECK(akt_spawn(self, server, &ref) == AKT_EFORK);
    CHILD_CHECK(akt_stop(self, ref) == AKT_EFORK);
    CHILD_CHECK(akt_drain(self, ref) == AKT_EFORK);
    CHILD_CHECK(akt_kill(self, ref) == AKT_EFORK);
    CHILD_CHECK(akt_attach(system, &other) == AKT_EFORK);
    CHILD_CHECK(akt_system_stop(system, 0) == AKT_EFORK);
    CHILD_CHECK(akt_system_wait(system) == AKT_EFORK);
    akt_detach(self);
    akt_system_destroy(system);
    _exit(0);
}

static void
fork_once(akt_system *system, akt_self *self, const akt_ref *refs)
{
    akt_answer *answer;
    akt_future f;
    int status = 0;
    pid_t pid;

    STRESS_OK(akt_ask_within(self, AKT_SECONDS(60), refs[2], &f, task, .n = 1));
    pid = fork();
    STRESS_CHECK(pid >= 0, "fork");
    if (pid == 0) {
        be_child(system, self, refs, f);
    }
    STRESS_CHECK(waitpid(pid, &status, 0) == pid, "waitpid");
    STRESS_CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0,
                 "the child ended by %d, %d", WEXITSTATUS(status),
                 WIFSIGNALED(status) ? WTERMSIG(status) : 0);
    STRESS_OK(akt_wait(self, f, &answer));
    akt_answer_free(self, answer);
}

static struct {
    akt_system *system;
    akt_ref refs[SERVERS];
    _Atomic uint32_t over;
} forks;

static void *
traffic(void *arg)
{
    akt_self *self;
    uint32_t i = 0;

    (void)arg;
    STRESS_OK(akt_attach(forks.system, &self));
    while (atomic_load(&forks.over) == 0) {
        akt_future f;
        akt_answer *answer;

        akt_ignore(akt_send(self, forks.refs[i++ % SERVERS], say,
                            .words = AKT_TEXT("go on")));
        if (akt_ask(self, forks.refs[2], &f, task, .n = i) == AKT_OK) {
            STRESS_OK(akt_wait(self, f, &answer));
            akt_answer_free(self, answer);
        }
    }
    akt_detach(self);
    return NULL;
}

static void
test_fork_leaves_the_parent_alone(void **state)
{
    akt_system_opts opts = stress_opts(2, NULL);
    uint32_t rounds = stress_scale(300);
    pthread_t thread;
    akt_self *self;
    uint32_t i;

    (void)state;
    stress_phase("fork");
    memset(&forks, 0, sizeof(forks));
    STRESS_OK(akt_system_start(&opts, &forks.system));
    STRESS_OK(akt_attach(forks.system, &self));
    use(self, forks.refs);
    stress_thread_start(&thread, traffic, NULL);
    for (i = 0; i < rounds; i++) {
        fork_once(forks.system, self, forks.refs);
    }
    atomic_store(&forks.over, 1);
    stress_thread_join(thread);
    akt_detach(self);
    stress_stop(forks.system, 0, NULL);
    stress_end();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_allocation_that_fails_is_an_error),
        cmocka_unit_test(test_each_doorbell_loop_thread_refused_is_an_error),
        cmocka_unit_test(test_thread_refused_to_an_actor_gives_its_place_back),
        cmocka_unit_test(test_fork_leaves_the_parent_alone),
        cmocka_unit_test(test_start_without_descriptors_is_an_error),
    };

    stress_begin("fault_stress");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
