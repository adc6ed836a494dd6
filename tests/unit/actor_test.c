/* SPDX-License-Identifier: MIT */
/* How actors begin and change. */
#include "tests/support/sim.h"

#define NUMBER(F) F(i64, n)
AKT_MESSAGE(put, NUMBER);

enum {
    STARTED = 1,
    EXITED = 100,
    HANDLED = 1000,
    OTHER = 2000
};
enum {
    STOP_SELF = -1,
    FAIL = -2,
    BECOME = -3,
    BACK = -4,
    BECOME_WRONG = -5
};

#define OWN_ERROR ((akt_err)(AKT_EUSER + 7))

struct life {
    int64_t id;
    akt_err start_error;
    bool stops_in_start;
    akt_ref heir; /* told of the end by on_exit */
};

struct stranger {
    int64_t id;
    akt_err start_error;
    bool stops_in_start;
    akt_ref heir;
};

static akt_err
on_stranger_put(akt_self *self, struct stranger *s, const struct put *m)
{
    (void)self;
    (void)s;
    (void)m;
    return AKT_OK;
}
AKT_BEHAVIOR(strange, struct stranger, AKT_ON(put, on_stranger_put));

static akt_err on_other_put(akt_self *self, struct life *l,
                            const struct put *m);
AKT_BEHAVIOR(other, struct life, AKT_ON(put, on_other_put));

static akt_err
on_start(akt_self *self, struct life *l)
{
    sim_note(STARTED);
    if (l->stops_in_start) {
        akt_stop_self(self);
    }
    return l->start_error;
}

static void
on_exit(akt_self *self, struct life *l, const akt_exit *reason)
{
    sim_note(EXITED + (int64_t)reason->kind);
    if (reason->error != AKT_OK) {
        sim_note((int64_t)reason->error);
    }
    if (!akt_ref_is_none(l->heir)) {
        assert_ok(akt_send(self, l->heir, put, .n = l->id));
    }
}

static akt_err
on_act(akt_self *self, struct life *l, const struct act *m)
{
    (void)l;
    return m->fn(self, m->arg);
}

static akt_err
on_put(akt_self *self, struct life *l, const struct put *m)
{
    switch (m->n) {
    case STOP_SELF:
        akt_stop_self(self);
        return AKT_OK;
    case FAIL:
        return OWN_ERROR;
    case BECOME:
        assert_ok(akt_become(self, other));
        return AKT_OK;
    case BECOME_WRONG:
        assert_err(akt_become(self, strange), AKT_ETYPE);
        return AKT_OK;
    default:
        sim_note(HANDLED + m->n + 10 * l->id);
        return AKT_OK;
    }
}

AKT_CLASS(life, struct life, AKT_ON_START(on_start), AKT_ON_EXIT(on_exit),
          AKT_ON(put, on_put), AKT_ON(act, on_act));

static akt_err
on_other_put(akt_self *self, struct life *l, const struct put *m)
{
    (void)l;
    if (m->n == BACK) {
        return akti_become(self, &life_behavior);
    }
    sim_note(OTHER + m->n);
    return AKT_OK;
}

static akt_ref
spawn_life(struct sim *sim)
{
    akt_ref ref;

    assert_ok(akt_spawn(sim->me, life, &ref, .id = 0));
    return ref;
}

static void
put_three(struct sim *sim, akt_ref ref)
{
    int64_t n;

    for (n = 1; n <= 3; n++) {
        assert_ok(akt_send(sim->me, ref, put, .n = n));
    }
}

/* It ended once, for this reason, as its last act, and is gone. */
static void
assert_ended(struct sim *sim, akt_ref ref, akt_exit_kind kind)
{
    size_t ends = 0;
    int64_t k;

    (void)akt_sim_run_until_idle(sim->system);
    for (k = EXITED + 1; k <= EXITED + AKT_EXIT_SHUTDOWN; k++) {
        ends += sim_noted(k);
    }
    assert_int_equal(ends, 1);
    assert_int_equal(sim_noted(EXITED + (int64_t)kind), 1);
    assert_false(akt_ref_is_alive(sim->me, ref));
    assert_err(akt_stop(sim->me, ref), AKT_EDEAD);
    assert_err(akt_drain(sim->me, ref), AKT_EDEAD);
    assert_err(akt_kill(sim->me, ref), AKT_EDEAD);
    assert_int_equal(sim_counters(sim).exited, 1);
    assert_int_equal(sim_counters(sim).queued, 0);
}

/* --- beginning --- */

static void
starts(struct sim *sim)
{
    akt_ref ref;

    assert_ok(akt_spawn(sim->me, life, &ref, .id = 4));
    put_three(sim, ref);
    assert_true(akt_ref_is_alive(sim->me, ref));
    (void)akt_sim_run_until_idle(sim->system);
    assert_notes(STARTED, HANDLED + 41, HANDLED + 42, HANDLED + 43);
}

static void
test_spawn_with_state_starts_before_first_message(void **state)
{
    (void)state;
    sim_each_seed(starts);
}

static void
start_fails(struct sim *sim)
{
    akt_ref ref;

    assert_ok(akt_spawn(sim->me, life, &ref, .start_error = OWN_ERROR));
    put_three(sim, ref);
    assert_ended(sim, ref, AKT_EXIT_FAILED);
    assert_notes(STARTED, EXITED + AKT_EXIT_FAILED, (int64_t)OWN_ERROR);
    assert_int_equal(sim_letters(sim, AKT_FATE_DEAD, AKT_EDEAD), 3);
    assert_int_equal(sim_counters(sim).crashed, 1);
}

static void
test_start_with_error_ends_as_failed(void **state)
{
    (void)state;
    sim_each_seed(start_fails);
}

static void
start_stops(struct sim *sim)
{
    akt_ref ref;

    assert_ok(akt_spawn(sim->me, life, &ref, .stops_in_start = true));
    put_three(sim, ref);
    assert_ended(sim, ref, AKT_EXIT_STOPPED);
    assert_notes(STARTED, EXITED + AKT_EXIT_STOPPED);
    assert_int_equal(sim_counters(sim).crashed, 0);
}

static void
test_start_that_stops_itself_handles_nothing(void **state)
{
    (void)state;
    sim_each_seed(start_stops);
}

/* --- changing --- */

static void
becomes(struct sim *sim)
{
    akt_ref ref = spawn_life(sim);

    assert_ok(akt_send(sim->me, ref, put, .n = 1));
    assert_ok(akt_send(sim->me, ref, put, .n = BECOME_WRONG));
    assert_ok(akt_send(sim->me, ref, put, .n = BECOME));
    assert_ok(akt_send(sim->me, ref, put, .n = 2));
    assert_ok(akt_send(sim->me, ref, put, .n = BACK));
    assert_ok(akt_send(sim->me, ref, put, .n = 3));
    (void)akt_sim_run_until_idle(sim->system);
    assert_notes(STARTED, HANDLED + 1, OTHER + 2, HANDLED + 3);
    assert_err(akt_become(sim->me, other), AKT_ECONTEXT);
}

static void
test_become_changes_from_the_next_message(void **state)
{
    (void)state;
    sim_each_seed(becomes);
}

/* --- classes --- */

static void
assert_refused(struct sim *sim, const akt_class *cls, const char *said)
{
    struct life state = {0};
    akt_ref ref = AKT_REF_NONE;

    assert_err(akti_spawn(sim->me, cls, &ref, &state), AKT_EINVAL);
    assert_true(akt_ref_is_none(ref));
    assert_true(sim_log_has(sim, said));
    assert_true(sim_log_has(sim, cls->name));
}

static void
wrong_classes(struct sim *sim)
{
    akt_class c = life_class;

    c.name = "wrong";
    c.mailbox.capacity = AKT_MAILBOX_CAPACITY_MAX + 1;
    assert_refused(sim, &c, "capacity");
    c.mailbox = (akt_mailbox_opts){.overflow = (akt_overflow)77};
    assert_refused(sim, &c, "overflow");
    c.mailbox = (akt_mailbox_opts){.overflow = AKT_SHED_OLD};
    assert_refused(sim, &c, "AKT_MAX_AGE");
    c.mailbox = (akt_mailbox_opts){.capacity = 0};
    c.outbox = 65536;
    assert_refused(sim, &c, "outbox");
    c.outbox = 0;
    c.stash = 65536;
    assert_refused(sim, &c, "stash");
    c.stash = 0;
    c.requests = 1000001;
    assert_refused(sim, &c, "requests");
    c.requests = 0;
    c.placement = (akt_placement)9;
    assert_refused(sim, &c, "placement");
    assert_int_equal(sim_counters(sim).spawned, 0);
}

static void
test_spawn_of_a_wrong_class_is_refused_by_name(void **state)
{
    (void)state;
    sim_in_order(wrong_classes);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sim_test(test_spawn_with_state_starts_before_first_message),
        sim_test(test_start_with_error_ends_as_failed),
        sim_test(test_start_that_stops_itself_handles_nothing),
        sim_test(test_become_changes_from_the_next_message),
        sim_test(test_spawn_of_a_wrong_class_is_refused_by_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
