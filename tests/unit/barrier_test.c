/* SPDX-License-Identifier: MIT */
/* Barriers: nobody goes on before all have come; in every schedule. */
#include "tests/unit/doing.h"

AKT_CLASS(owner, struct doer, AKT_ON(act, on_act));

#define PARTIES 4
#define ROUNDS 12

struct party {
    akt_barrier b;
    uint32_t *came;    /* of each round */
    uint32_t *leaders; /* of each round */
    uint64_t random;
    uint32_t timeouts;
};

/* Comes to every round; gives up at times, and comes again. */
static akt_err
come_often(akt_self *self, void *arg)
{
    struct party *p = arg;
    uint32_t round;

    for (round = 0; round < ROUNDS; round++) {
        bool leader = false;
        akt_err err = AKT_ETIMEOUT;

        AKT_TRY(akt_sleep(self, roll(&p->random, 40)));
        p->came[round]++;
        while (err == AKT_ETIMEOUT) {
            uint64_t patience =
                roll(&p->random, 2) != 0 ? AKT_NEVER : roll(&p->random, 20);

            err = akt_barrier_wait_within(self, patience, p->b, &leader);
            p->timeouts += err == AKT_ETIMEOUT;
        }
        AKT_TRY(err);
        assert_int_equal(p->came[round], PARTIES);
        p->leaders[round] += leader;
    }
    return AKT_OK;
}

static void
rounds_do_not_mix(struct sim *sim)
{
    struct party p[PARTIES];
    akt_task task[PARTIES];
    uint32_t came[ROUNDS] = {0};
    uint32_t leaders[ROUNDS] = {0};
    akt_barrier b;
    uint32_t i;

    assert_ok(akt_barrier_open(sim->me, PARTIES, &b));
    for (i = 0; i < PARTIES; i++) {
        p[i] = (struct party){b, came, leaders, sim->seed * PARTIES + i, 0};
        task[i] = start_task(sim->me, come_often, &p[i]);
    }
    for (i = 0; i < PARTIES; i++) {
        assert_ok(akt_join(sim->me, task[i]));
    }
    for (i = 0; i < ROUNDS; i++) {
        assert_int_equal(leaders[i], 1);
    }
}

struct one {
    akt_barrier b;
    uint64_t timeout_ns;
    akt_err err; /* [out] */
    akt_err then;
    bool leader;
};

static akt_err
come_once(akt_self *self, void *arg)
{
    struct one *o = arg;

    o->err = akt_barrier_wait_within(self, o->timeout_ns, o->b, &o->leader);
    o->then = akt_task_yield(self);
    return AKT_OK;
}

static void
who_is_cancelled_has_not_come(struct sim *sim)
{
    struct one o[3];
    akt_task task[3];
    bool leader = false;
    int i;

    assert_ok(akt_barrier_open(sim->me, 3, &o[0].b));
    for (i = 0; i < 3; i++) {
        o[i] = (struct one){o[0].b, AKT_NEVER, AKT_EIO, AKT_EIO, false};
    }
    task[0] = start_task(sim->me, come_once, &o[0]);
    task[1] = start_task(sim->me, come_once, &o[1]);
    (void)akt_sim_run_until_idle(sim->system);
    assert_ok(akt_task_cancel(sim->me, task[0]));
    assert_ok(akt_join(sim->me, task[0]));
    assert_err(o[0].err, AKT_ECANCELLED);
    assert_err(akt_barrier_wait_within(sim->me, AKT_MS(1), o[0].b, &leader),
               AKT_ETIMEOUT);
    assert_err(akt_barrier_wait_within(sim->me, 0, o[0].b, NULL), AKT_ETIMEOUT);
    task[2] = start_task(sim->me, come_once, &o[2]);
    (void)akt_sim_run_until_idle(sim->system);
    assert_err(o[1].err, AKT_EIO);
    assert_ok(akt_barrier_wait_within(sim->me, 0, o[0].b, &leader));
    assert_true(leader);
    for (i = 1; i < 3; i++) {
        assert_ok(akt_join(sim->me, task[i]));
        assert_ok(o[i].err);
        assert_false(o[i].leader);
    }
}

/* The others have counted it, so it has come. */
static void
a_cancellation_after_the_last_is_too_late(struct sim *sim)
{
    struct one o = {.timeout_ns = AKT_NEVER};
    akt_task task;
    bool leader = false;

    assert_ok(akt_barrier_open(sim->me, 2, &o.b));
    task = start_task(sim->me, come_once, &o);
    (void)akt_sim_run_until_idle(sim->system);
    assert_ok(akt_barrier_wait(sim->me, o.b, &leader));
    assert_true(leader);
    assert_ok(akt_task_cancel(sim->me, task));
    assert_ok(akt_join(sim->me, task));
    assert_ok(o.err);
    assert_err(o.then, AKT_ECANCELLED);
    /* And it is not counted in the next round. */
    assert_err(akt_barrier_wait_within(sim->me, 5, o.b, &leader), AKT_ETIMEOUT);
}

static akt_err
never_here(akt_self *self, void *arg)
{
    akt_barrier *b = arg;

    assert_err(akt_barrier_wait(self, *b, NULL), AKT_ECONTEXT);
    return AKT_OK;
}

static void
misuse_and_end_are_told(struct sim *sim)
{
    struct one o = {.timeout_ns = AKT_NEVER};
    bool leader = false;
    akt_barrier b;
    akt_task task;
    akt_ref a;

    assert_err(akt_barrier_open(sim->me, 0, &b), AKT_EINVAL);
    assert_true(sim_log_has(sim, "barrier: opened for 0 parties"));
    assert_ok(akt_barrier_open(sim->me, 1, &b));
    assert_ok(akt_barrier_wait(sim->me, b, &leader));
    assert_true(leader);
    assert_ok(akt_barrier_wait(sim->me, b, NULL));
    assert_ok(akt_spawn(sim->me, owner, &a));
    sim_do(sim, a, never_here, &b);
    assert_ok(akt_barrier_close(sim->me, b));
    assert_err(akt_barrier_wait(sim->me, b, NULL), AKT_ECLOSED);
    assert_ok(akt_barrier_open(sim->me, 2, &o.b));
    task = start_task(sim->me, come_once, &o);
    (void)akt_sim_run_until_idle(sim->system);
    assert_ok(akt_barrier_close(sim->me, o.b));
    assert_err(akt_barrier_close(sim->me, o.b), AKT_EENDED);
    assert_ok(akt_join(sim->me, task));
    assert_err(o.err, AKT_ECLOSED);
}

TEST(rounds_do_not_mix)
TEST(who_is_cancelled_has_not_come)
TEST(a_cancellation_after_the_last_is_too_late)
TEST(misuse_and_end_are_told)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sim_test(test_rounds_do_not_mix),
        sim_test(test_who_is_cancelled_has_not_come),
        sim_test(test_a_cancellation_after_the_last_is_too_late),
        sim_test(test_misuse_and_end_are_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
