/* SPDX-License-Identifier: MIT */
/*
 * A continuation that is told after the answer has come, with threads: there the
 * answer may be the only message of a turn, which lies in the mailbox while it is
 * handled and is freed there. Simulations never leave one there.
 */
#include "tests/support/sim.h"
#include "tests/support/stress.h"

#define NUMBER(F) F(i64, n)
AKT_MESSAGE(put, NUMBER);
AKT_REQUEST(get, NUMBER, put);
AKT_SIGNAL(start);
AKT_SIGNAL(first);
AKT_SIGNAL(second);
AKT_SIGNAL(after);

static struct stress_gate sum;

struct answerer {
    bool unused;
};

static akt_err
on_get(akt_self *self, struct answerer *a, const struct get *m)
{
    (void)a;
    return akt_reply(self, m, .n = m->n);
}

static akt_err
on_put(akt_self *self, struct answerer *a, const struct put *m)
{
    (void)self;
    (void)a;
    stress_gate_add(&sum, m->n);
    return AKT_OK;
}
AKT_CLASS(answerer, struct answerer, AKT_ON(get, on_get), AKT_ON(put, on_put));

struct asker {
    akt_ref to;
    akt_future f;
};

/* Two messages to itself, which are handled in one turn: then none of them lies in
 * the mailbox, and nothing is in front of the answer when that comes again. */
static akt_err
look_again(akt_self *self)
{
    AKT_TRY(akt_send(self, akt_self_ref(self), first, 0));
    return akt_send(self, akt_self_ref(self), second, 0);
}

static akt_err
on_start(akt_self *self, struct asker *a, const struct start *m)
{
    (void)m;
    AKT_TRY(akt_ask(self, a->to, &a->f, get, .n = 5));
    return look_again(self);
}

static akt_err
on_first(akt_self *self, struct asker *a, const struct first *m)
{
    (void)self;
    (void)a;
    (void)m;
    return AKT_OK;
}

static akt_err
on_number(akt_self *self, struct asker *a, const akt_answer *answer,
          const struct put *put)
{
    (void)answer;
    (void)a;
    stress_gate_add(&sum, put->n);
    return akt_send(self, akt_self_ref(self), after, 0);
}
AKT_THEN(on_number, struct asker, get);

static akt_err
on_second(akt_self *self, struct asker *a, const struct second *m)
{
    (void)m;
    return akt_future_poll(self, a->f) == AKT_PENDING
               ? look_again(self)
               : akt_then(self, a->f, on_number, NULL);
}

/* A block that was given back twice would be given out twice. */
static akt_err
on_after(akt_self *self, struct asker *a, const struct after *m)
{
    (void)m;
    AKT_TRY(akt_send(self, a->to, put, .n = 10));
    return akt_send(self, a->to, put, .n = 20);
}

AKT_CLASS(asker, struct asker, AKT_ON(start, on_start), AKT_ON(first, on_first),
          AKT_ON(second, on_second), AKT_ON(after, on_after));

static void
test_answer_that_waited_for_its_continuation_is_freed_once(void **state)
{
    akt_system_opts opts = stress_opts(1, NULL);
    akt_system *system;
    akt_self *me;
    akt_ref to;
    akt_ref ref;
    int64_t i;

    (void)state;
    stress_phase("late continuations");
    stress_gate_init(&sum);
    assert_ok(akt_system_start(&opts, &system));
    assert_ok(akt_attach(system, &me));
    assert_ok(akt_spawn(me, answerer, &to, .unused = false));
    assert_ok(akt_spawn(me, asker, &ref, .to = to));
    for (i = 1; i <= 100; i++) {
        assert_ok(akt_send(me, ref, start, 0));
        stress_gate_wait(&sum, i * 35);
    }
    assert_int_equal(sum.sum, 3500);
    akt_detach(me);
    stress_stop(system, AKT_SECONDS(60), NULL);
    stress_gate_fini(&sum);
    stress_end();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            test_answer_that_waited_for_its_continuation_is_freed_once),
    };

    stress_begin("then_test");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
