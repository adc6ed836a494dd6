/* SPDX-License-Identifier: MIT */
/*
 * No lost wake-up. Plain threads send one request to an idle actor and wait for
 * the answer, again and again, so that workers go to sleep and are woken all the
 * time; with actors on any worker, pinned, and with threads of their own. Chains
 * of pinned actors hand one message from worker to worker, each asleep until
 * then. A wake-up that is lost is one that the sleeper's own time-out makes good
 * after seconds: the statistics count those, and there must be none.
 */
#include "akt/akt.h"
#include "tests/support/stress.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define THREADS 3
#define ACTORS 8
#define CHAIN 12

#define NUMBER(F) F(u64, n)
AKT_MESSAGE(pong, NUMBER);
AKT_REQUEST(ping, NUMBER, pong);
#define PASS(F) F(u32, hops)
AKT_MESSAGE(pass, PASS);
#define NEXT(F) F(ref, next)
AKT_MESSAGE(meet, NEXT);

static struct {
    akt_system *system;
    akt_ref actor[3][ACTORS]; /* by placement */
    uint32_t rounds;
    struct stress_gate arrived;
} run;

/* --- ask and answer --- */

struct echo {
    uint64_t asked;
};

static akt_err
on_ping(akt_self *self, struct echo *e, const struct ping *m)
{
    e->asked++;
    return akt_reply(self, m, .n = m->n + 1);
}

AKT_CLASS(echo_any, struct echo, AKT_ON(ping, on_ping));
AKT_CLASS(echo_pinned, struct echo, AKT_ON(ping, on_ping),
          AKT_PLACEMENT(AKT_PLACE_PINNED));
AKT_CLASS(echo_own, struct echo, AKT_ON(ping, on_ping),
          AKT_PLACEMENT(AKT_PLACE_OWN_THREAD));

static void
ask_one(akt_self *self, akt_ref to, uint64_t n)
{
    akt_future f;
    akt_answer *answer;
    const struct pong *reply;

    STRESS_OK(akt_ask(self, to, &f, ping, .n = n));
    STRESS_OK(akt_wait(self, f, &answer));
    STRESS_CHECK(answer->outcome == AKT_REPLIED, "round %" PRIu64 ": %s", n,
                 akt_err_name(answer->error));
    reply = akt_answer_as(answer, pong);
    STRESS_CHECK(reply != NULL && reply->n == n + 1, "a wrong reply");
    akt_answer_free(self, answer);
}

static void *
asking_thread(void *arg)
{
    struct stress_random random = {stress_seed() ^ (uintptr_t)arg};
    akt_self *self;
    uint32_t i;

    STRESS_OK(akt_attach(run.system, &self));
    for (i = 0; i < run.rounds; i++) {
        ask_one(
            self,
            run.actor[stress_below(&random, 3)][stress_below(&random, ACTORS)],
            i);
    }
    akt_detach(self);
    return NULL;
}

static void
spawn_echoes(akt_self *self)
{
    uint32_t i;

    for (i = 0; i < ACTORS; i++) {
        STRESS_OK(akt_spawn(self, echo_any, &run.actor[0][i]));
        STRESS_OK(akt_spawn(self, echo_pinned, &run.actor[1][i]));
        STRESS_OK(akt_spawn(self, echo_own, &run.actor[2][i]));
    }
}

/* --- one message that wakes worker after worker --- */

struct link {
    akt_ref next;
};

static akt_err
on_meet(akt_self *self, struct link *l, const struct meet *m)
{
    (void)self;
    l->next = m->next;
    return AKT_OK;
}

static akt_err
on_pass(akt_self *self, struct link *l, const struct pass *m)
{
    if (m->hops == 0) {
        stress_gate_add(&run.arrived, 1);
        return AKT_OK;
    }
    return akt_send(self, l->next, pass, .hops = m->hops - 1);
}

AKT_CLASS(link_any, struct link, AKT_ON(meet, on_meet), AKT_ON(pass, on_pass));
AKT_CLASS(link_pinned, struct link, AKT_ON(meet, on_meet),
          AKT_ON(pass, on_pass), AKT_PLACEMENT(AKT_PLACE_PINNED));
AKT_CLASS(link_own, struct link, AKT_ON(meet, on_meet), AKT_ON(pass, on_pass),
          AKT_PLACEMENT(AKT_PLACE_OWN_THREAD));

static void
make_chain(akt_self *self, const akt_class *const *classes, akt_ref *out_first)
{
    akt_ref refs[CHAIN];
    struct link none = {AKT_REF_NONE};
    uint32_t i;

    for (i = 0; i < CHAIN; i++) {
        STRESS_OK(akti_spawn(self, classes[i % 3], &refs[i], &none));
    }
    for (i = 0; i < CHAIN; i++) {
        STRESS_OK(akt_send(self, refs[i], meet, .next = refs[(i + 1) % CHAIN]));
    }
    *out_first = refs[0];
}

static void
pass_around(akt_self *self, uint32_t hops)
{
    static const akt_class *const sorts[3][3] = {
        {&link_pinned_class, &link_pinned_class, &link_pinned_class},
        {&link_own_class, &link_own_class, &link_own_class},
        {&link_any_class, &link_pinned_class, &link_own_class}};
    int64_t begun = 0;
    uint32_t i;

    for (i = 0; i < 3; i++) {
        akt_ref first;

        make_chain(self, sorts[i], &first);
        STRESS_OK(akt_send(self, first, pass, .hops = hops));
        stress_gate_wait(&run.arrived, ++begun);
    }
}

/* --- the whole --- */

static void
check_slept(uint32_t workers)
{
    akt_sched_stats stats;

    akt_system_stats(run.system, &stats);
    STRESS_CHECK(stats.backstops == 0, "%" PRIu64 " wake-ups were lost",
                 stats.backstops);
    STRESS_CHECK(stats.parks > 0 && stats.wakes > 0, "nobody slept");
    print_message("%u workers: %" PRIu64 " turns, %" PRIu64 " parks, %" PRIu64
                  " wakes, %" PRIu64 " steals\n",
                  workers, stats.turns, stats.parks, stats.wakes, stats.steals);
}

static void
wake(uint32_t workers)
{
    struct stress_memory memory;
    akt_system_opts opts;
    pthread_t threads[THREADS];
    akt_self *self;
    uint32_t i;

    memset(&run, 0, sizeof(run));
    stress_gate_init(&run.arrived);
    stress_memory_init(&memory);
    run.rounds = stress_scale(64000);
    opts = stress_opts(workers, &memory);
    opts.ask_timeout_ns = AKT_SECONDS(600);
    stress_phase("%u workers: ask and wait", workers);
    STRESS_OK(akt_system_start(&opts, &run.system));
    STRESS_OK(akt_attach(run.system, &self));
    spawn_echoes(self);
    for (i = 0; i < THREADS; i++) {
        stress_thread_start(&threads[i], asking_thread,
                            (void *)(uintptr_t)(i + 1));
    }
    for (i = 0; i < THREADS; i++) {
        stress_thread_join(threads[i]);
    }
    stress_phase("%u workers: pass around", workers);
    pass_around(self, stress_scale(48000));
    check_slept(workers);
    akt_detach(self);
    stress_phase("%u workers: stop", workers);
    stress_stop(run.system, AKT_SECONDS(10), NULL);
    stress_figure(4, (uint64_t)THREADS * run.rounds + 3 * stress_scale(48000),
                  "wake-ups waited for");
    stress_memory_check(&memory);
    stress_gate_fini(&run.arrived);
    stress_end();
}

static void
test_send_to_sleeping_workers_is_handled(void **state)
{
    uint32_t i;

    (void)state;
    for (i = 0; i < STRESS_WORKER_RUNS; i++) {
        wake(stress_workers(i));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_send_to_sleeping_workers_is_handled),
    };

    stress_begin("wakeup_stress");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
