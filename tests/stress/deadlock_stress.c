/* SPDX-License-Identifier: MIT */
/*
 * No deadlock through bounded mailboxes. Rings and cliques of actors whose
 * mailboxes hold one message send both ways and wait for room: whoever would
 * close a cycle is told so. The oracle is progress: each token that was sent is
 * handled or reported as dead letter, so that their number comes down to zero;
 * and requests that go around are answered. Nothing has a deadline that would
 * come before the watchdog.
 */
#include "akt/akt.h"
#include "tests/support/stress.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define MEMBERS_MAX 8
#define THREADS 2
#define KEPT 32

#define HOPS(F) F(u32, hops)
AKT_MESSAGE(token, HOPS);
AKT_MESSAGE(count, HOPS);
AKT_REQUEST(question, HOPS, count);

static struct {
    akt_system *system;
    akt_ref member[MEMBERS_MAX];
    uint32_t members;
    bool is_ring;
    uint32_t tokens; /* of each thread */
    _Atomic int64_t under_way;
    struct stress_gate none_left;
    _Atomic uint64_t handled;
    _Atomic uint64_t cycles;
} run;

static void
begin_way(void)
{
    atomic_fetch_add(&run.under_way, 1);
}

static void
end_way(void)
{
    if (atomic_fetch_sub(&run.under_way, 1) == 1) {
        stress_gate_add(&run.none_left, 1);
    }
}

static void
on_dead_letter(const akt_dead_letter *letter, void *arg)
{
    (void)arg;
    if (akt_type_equal(letter->type, &token_type)) {
        end_way();
    }
}

struct member {
    uint32_t number;
    struct stress_random random;
    akt_promise_of(question) kept[KEPT];
};

static akt_ref
neighbour(struct member *m)
{
    uint32_t step =
        run.is_ring ? (stress_below(&m->random, 2) == 0 ? 1 : run.members - 1)
                    : stress_below(&m->random, run.members);

    return run.member[(m->number + step) % run.members];
}

static void
note(akt_self *self, akt_err err)
{
    char text[64];

    STRESS_CHECK(err == AKT_OK || err == AKT_EDEADLK || err == AKT_EFULL, "%s",
                 akt_err_name(err));
    if (err == AKT_EDEADLK) {
        atomic_fetch_add_explicit(&run.cycles, 1, memory_order_relaxed);
        STRESS_CHECK(akt_deadlock_text(self, text, sizeof(text)) > 0,
                     "a cycle without a text");
    }
}

static akt_err
on_token(akt_self *self, struct member *m, const struct token *t)
{
    uint32_t sends = t->hops == 0 ? 0 : 1 + (stress_below(&m->random, 8) == 0);

    atomic_fetch_add_explicit(&run.handled, 1, memory_order_relaxed);
    while (sends-- > 0) {
        akt_err err;

        begin_way();
        err = akt_send(self, neighbour(m), token, .hops = t->hops - 1);
        if (err != AKT_OK) {
            end_way();
        }
        note(self, err);
    }
    end_way();
    return AKT_OK;
}

/* --- requests that go around --- */

static akt_err
on_count(akt_self *self, struct member *m, const akt_answer *answer,
         const struct count *c)
{
    uintptr_t i = (uintptr_t)answer->arg;

    if (c == NULL) {
        return akt_promise_fail(self, &m->kept[i].promise, answer->error, NULL);
    }
    return akt_promise_reply(self, &m->kept[i], .hops = c->hops + 1);
}
AKT_THEN(on_count, struct member, question);

static akt_err
on_question(akt_self *self, struct member *m, const struct question *q)
{
    akt_future f;
    uint32_t i = 0;
    akt_err err;

    while (i < KEPT && m->kept[i].promise.generation != 0) {
        i++;
    }
    if (q->hops == 0 || i == KEPT) {
        return akt_reply(self, q, .hops = 0);
    }
    err = akt_ask(self, neighbour(m), &f, question, .hops = q->hops - 1);
    note(self, err);
    if (err != AKT_OK) {
        return akt_reply_error(self, err, NULL);
    }
    STRESS_OK(akt_keep(self, q, &m->kept[i]));
    return akt_then(self, f, on_count, (void *)(uintptr_t)i);
}

AKT_CLASS(member, struct member, AKT_ON(token, on_token),
          AKT_ON(question, on_question), AKT_MAILBOX(1, AKT_AWAIT));

/* --- plain threads --- */

static void
put_in_token(akt_self *self, struct stress_random *random)
{
    akt_err err;

    begin_way();
    err = akt_send_within(self, AKT_SECONDS(600),
                          run.member[stress_below(random, run.members)], token,
                          .hops = stress_below(random, 32));
    STRESS_CHECK(err == AKT_OK, "%s", akt_err_name(err));
}

static void
ask_around(akt_self *self, struct stress_random *random)
{
    akt_answer *answer;
    akt_future f;

    if (akt_ask(self, run.member[stress_below(random, run.members)], &f,
                question, .hops = stress_below(random, 16))
        != AKT_OK) {
        return;
    }
    STRESS_OK(akt_wait(self, f, &answer));
    STRESS_CHECK(answer->outcome == AKT_REPLIED || answer->error == AKT_EDEADLK
                     || answer->error == AKT_EFULL,
                 "outcome %d, %s", (int)answer->outcome,
                 akt_err_name(answer->error));
    akt_answer_free(self, answer);
}

static void *
plain_thread(void *arg)
{
    struct stress_random random = {stress_seed() ^ (uintptr_t)arg};
    akt_self *self;
    uint32_t i;

    STRESS_OK(akt_attach(run.system, &self));
    for (i = 0; i < run.tokens; i++) {
        put_in_token(self, &random);
        ask_around(self, &random);
    }
    akt_detach(self);
    return NULL;
}

/* --- the whole --- */

static void
set_up_run(uint32_t workers, struct stress_memory *memory)
{
    struct stress_random random = {stress_seed() ^ workers};
    akt_system_opts opts = stress_opts(workers, memory);
    akt_self *self;
    uint32_t i;

    opts.ask_timeout_ns = AKT_SECONDS(600);
    opts.dead_letter = on_dead_letter;
    STRESS_OK(akt_system_start(&opts, &run.system));
    STRESS_OK(akt_attach(run.system, &self));
    for (i = 0; i < run.members; i++) {
        struct member state = {.number = i, .random = {stress_next(&random)}};

        STRESS_OK(akti_spawn(self, &member_class, &run.member[i], &state));
    }
    akt_detach(self);
}

static void
go_around(uint32_t workers, uint32_t members, bool is_ring)
{
    struct stress_memory memory;
    pthread_t threads[THREADS];
    akt_sched_stats stats;
    uint32_t i;

    memset(&run, 0, sizeof(run));
    stress_memory_init(&memory);
    stress_gate_init(&run.none_left);
    run.members = members;
    run.is_ring = is_ring;
    run.tokens = stress_scale(3000);
    begin_way();
    stress_phase("%u workers: %s of %u", workers, is_ring ? "ring" : "clique",
                 members);
    set_up_run(workers, &memory);
    for (i = 0; i < THREADS; i++) {
        stress_thread_start(&threads[i], plain_thread,
                            (void *)(uintptr_t)(i + 1));
    }
    for (i = 0; i < THREADS; i++) {
        stress_thread_join(threads[i]);
    }
    end_way();
    stress_gate_wait(&run.none_left, 1);
    akt_system_stats(run.system, &stats);
    print_message("%u workers, %s of %u: %" PRIu64 " handled, %" PRIu64
                  " waits, %" PRIu64 " cycles\n",
                  workers, is_ring ? "ring" : "clique", members,
                  atomic_load(&run.handled), stats.suspensions,
                  atomic_load(&run.cycles));
    stress_figure(6, atomic_load(&run.handled), "messages around rings");
    STRESS_CHECK(members < 3 || stats.suspensions > 0, "nobody waited");
    stress_stop(run.system, AKT_SECONDS(60), NULL);
    stress_memory_check(&memory);
    stress_gate_fini(&run.none_left);
    stress_end();
}

static void
test_rings_of_full_mailboxes_go_on(void **state)
{
    uint32_t i;
    uint32_t n;

    (void)state;
    for (i = 0; i < STRESS_WORKER_RUNS; i++) {
        for (n = 1; n <= MEMBERS_MAX; n++) {
            go_around(stress_workers(i), n, true);
        }
    }
}

static void
test_cliques_of_full_mailboxes_go_on(void **state)
{
    uint32_t i;
    uint32_t n;

    (void)state;
    for (i = 0; i < STRESS_WORKER_RUNS; i++) {
        for (n = 2; n <= MEMBERS_MAX; n += 2) {
            go_around(stress_workers(i), n, false);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rings_of_full_mailboxes_go_on),
        cmocka_unit_test(test_cliques_of_full_mailboxes_go_on),
    };

    stress_begin("deadlock_stress");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
