/* SPDX-License-Identifier: MIT */
/* Mailboxes that give up what has waited for too long. */
#include "actors/core/system.h"
#include "akt/timer.h"
#include "tests/support/sim.h"

#define NUMBER(F) F(i64, n)
AKT_MESSAGE(put, NUMBER);
AKT_MESSAGE(tick, NUMBER);
AKT_REQUEST(get, NUMBER, put);

enum {
    REPLIED = -1,
    TICKED = -2,
    ENDED = -3,
    HEARD = -4
};

#define AGE AKT_MS(10)

struct box {
    int64_t id;
    akt_ref next;
};

static akt_err
on_put(akt_self *self, struct box *b, const struct put *m)
{
    (void)self;
    (void)b;
    sim_note(m->n);
    return AKT_OK;
}

static akt_err
on_tick(akt_self *self, struct box *b, const struct tick *m)
{
    (void)self;
    (void)b;
    (void)m;
    sim_note(TICKED);
    return AKT_OK;
}

static akt_err
on_get(akt_self *self, struct box *b, const struct get *m)
{
    if (!akt_ref_is_none(b->next)) {
        return akt_forward(self, b->next);
    }
    sim_note((int64_t)(akt_deadline_ns(self) - akt_now_ns(self)));
    return akt_reply(self, m, .n = m->n);
}

static akt_err
on_act(akt_self *self, struct box *b, const struct act *m)
{
    (void)b;
    return m->fn(self, m->arg);
}

static void
on_exit(akt_self *self, struct box *b, const akt_exit *reason)
{
    (void)self;
    (void)b;
    sim_note(reason->kind == AKT_EXIT_OVERFLOW ? ENDED : HEARD);
}

AKT_CLASS(box, struct box, AKT_ON(put, on_put), AKT_ON(tick, on_tick),
          AKT_ON(get, on_get), AKT_ON(act, on_act), AKT_OUTBOX(2048));
AKT_CLASS(ender, struct box, AKT_ON(put, on_put), AKT_ON_EXIT(on_exit));

#define CAPACITIES 3
static const uint32_t capacities[CAPACITIES] = {1, 2, 1024};
static akt_class classes[AKT_STOP + 1][CAPACITIES];

static int
make_classes(void **state)
{
    size_t p;
    size_t c;

    (void)state;
    for (p = 0; p <= AKT_STOP; p++) {
        for (c = 0; c < CAPACITIES; c++) {
            akt_class *cls = &classes[p][c];

            *cls = p == AKT_STOP ? ender_class : box_class;
            cls->mailbox.capacity = capacities[c];
            cls->mailbox.overflow = (akt_overflow)p;
            cls->mailbox.max_age_ns = p == AKT_SHED_OLD ? AGE : 0;
        }
    }
    return 0;
}

static akt_ref
spawn_of(struct sim *sim, const akt_class *cls)
{
    struct box initial = {0};
    akt_ref ref;

    assert_ok(akti_spawn(sim->me, cls, &ref, &initial));
    return ref;
}

/* Sends `count` numbers from `first` on, which all succeed. */
static void
send_run(akt_self *self, akt_ref to, int64_t first, uint32_t count)
{
    int64_t n;

    for (n = first; n < first + (int64_t)count; n++) {
        assert_ok(akt_send(self, to, put, .n = n));
    }
}

/* The target has handled first, first + 1, ... and nothing else. */
static void
assert_run(int64_t first, uint32_t count)
{
    uint32_t i;

    assert_int_equal(sim_note_count(), count);
    for (i = 0; i < count; i++) {
        assert_int_equal(sim_note_at(i), first + i);
    }
    sim_forget();
}

/* A target of this policy and the i-th capacity, filled with 1, 2, ... */
static akt_ref
full(struct sim *sim, akt_overflow policy, size_t i)
{
    akt_ref ref = spawn_of(sim, &classes[policy][i]);

    send_run(sim->me, ref, 1, capacities[i]);
    return ref;
}

/* As if a handler had taken that long. */
static void
let_pass(struct sim *sim, uint64_t ns)
{
    struct akti_dispatcher *d = &sim->system->dispatcher;
    struct akti_worker *w =
        atomic_load_explicit(&d->workers[0], memory_order_relaxed);

    d->sim->now_ns += ns;
    (void)akti_now(&w->ctx);
}

static void
sheds(struct sim *sim)
{
    size_t i;

    for (i = 0; i < CAPACITIES; i++) {
        akt_ref ref = full(sim, AKT_SHED_OLD, i);

        assert_err(akt_send(sim->me, ref, put, .n = 0), AKT_EFULL);
        let_pass(sim, AGE - 1);
        assert_err(akt_send(sim->me, ref, put, .n = 0), AKT_EFULL);
        let_pass(sim, 1);
        assert_ok(akt_send(sim->me, ref, put, .n = -5));
        assert_int_equal(sim->letters[0].first, 1);
        assert_int_equal(sim->letters[0].fate, AKT_FATE_DROPPED);
        assert_int_equal(sim_counters(sim).queued, capacities[i]);
        /* The others are too old as well when their turn comes. */
        (void)akt_sim_run_until_idle(sim->system);
        assert_run(-5, 1);
        assert_int_equal(sim_counters(sim).dropped, capacities[i]);
        assert_ok(akt_stop(sim->me, ref));
        sim_close(sim);
        sim_open(sim, sim->seed);
    }
}

static void
test_shed_old_at_bound_gives_up_only_the_old(void **state)
{
    (void)state;
    sim_each_seed(sheds);
}

static void
keeps_deadline(struct sim *sim)
{
    akt_ref ref = spawn_of(sim, &classes[AKT_SHED_OLD][1]);
    akt_future f;

    assert_ok(akt_ask_within(sim->me, AKT_SECONDS(1), ref, &f, get, .n = 1));
    (void)akt_sim_run_until_idle(sim->system);
    assert_notes((int64_t)AKT_SECONDS(1));
    assert_ok(akt_ask_within(sim->me, AKT_MS(1), ref, &f, get, .n = 1));
    (void)akt_sim_run_until_idle(sim->system);
    assert_int_equal(sim_note_at(1), AKT_MS(1));
}

static void
test_shed_old_leaves_a_request_its_deadline(void **state)
{
    (void)state;
    sim_in_order(keeps_deadline);
}

static void
forwards_aged(struct sim *sim)
{
    akt_ref last = spawn_of(sim, &box_class);
    struct box initial = {.next = last};
    akt_ref first;
    akt_future f;

    assert_ok(akti_spawn(sim->me, &classes[AKT_SHED_OLD][1], &first, &initial));
    assert_ok(akt_ask(sim->me, first, &f, get, .n = 1));
    assert_true(akt_sim_step(sim->system));
    let_pass(sim, AGE + 1);
    (void)akt_sim_run_until_idle(sim->system);
    assert_int_equal(sim->letter_count, 0);
    assert_int_equal(sim_note_count(), 1);
}

static void
test_forward_leaves_the_age_limit_behind(void **state)
{
    (void)state;
    sim_in_order(forwards_aged);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sim_test(test_shed_old_at_bound_gives_up_only_the_old),
        sim_test(test_shed_old_leaves_a_request_its_deadline),
        sim_test(test_forward_leaves_the_age_limit_behind),
    };

    return cmocka_run_group_tests(tests, make_classes, NULL);
}
