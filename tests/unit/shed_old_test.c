/* SPDX-License-Identifier: MIT */
/* Mailboxes that give up what has waited for too long. */
#include "tests/unit/boxes.h"

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
