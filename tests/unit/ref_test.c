/* SPDX-License-Identifier: MIT */
/* References stay safe: to the dead, to nobody, to strangers, across reuse. */
#include "actors/core/system.h"
#include "tests/support/sim.h"

#define NUMBER(F) F(i64, n)
AKT_MESSAGE(put, NUMBER);
AKT_REQUEST(get, NUMBER, put);

struct box {
    int64_t id;
};

static akt_err
on_put(akt_self *self, struct box *b, const struct put *m)
{
    (void)self;
    sim_note(100 * b->id + m->n);
    return AKT_OK;
}

static akt_err
on_get(akt_self *self, struct box *b, const struct get *m)
{
    return akt_reply(self, m, .n = b->id);
}

static akt_err
on_act(akt_self *self, struct box *b, const struct act *m)
{
    (void)b;
    return m->fn(self, m->arg);
}

AKT_CLASS(box, struct box, AKT_ON(put, on_put), AKT_ON(get, on_get),
          AKT_ON(act, on_act));

static akt_ref
spawn_box(struct sim *sim, int64_t id)
{
    akt_ref ref;

    assert_ok(akt_spawn(sim->me, box, &ref, .id = id));
    return ref;
}

static void
end_now(struct sim *sim, akt_ref ref)
{
    assert_ok(akt_stop(sim->me, ref));
    (void)akt_sim_run_until_idle(sim->system);
    assert_false(akt_ref_is_alive(sim->me, ref));
}

/* Every call that takes a reference says the same of it. */
static void
assert_all_say(akt_self *self, akt_ref ref, akt_err expected)
{
    akt_future f = {NULL, 7};

    assert_err(akt_send(self, ref, put, .n = 1), expected);
    assert_err(akt_try_send(self, ref, put, .n = 1), expected);
    assert_err(akt_ask(self, ref, &f, get, .n = 1), expected);
    assert_err(akt_stop(self, ref), expected);
    assert_err(akt_drain(self, ref), expected);
    assert_err(akt_kill(self, ref), expected);
    assert_false(akt_ref_is_alive(self, ref));
    assert_int_equal(f.generation, 7);
}

static akt_err
try_all(akt_self *self, void *arg)
{
    const akt_ref *ref = arg;
    akt_err expected =
        ref->system == akt_self_ref(self).system || akt_ref_is_none(*ref)
            ? AKT_EDEAD
            : AKT_EFOREIGN;

    assert_all_say(self, *ref, expected);
    assert_err(akt_send_after(self, 0, *ref, put, .n = 1), expected);
    assert_err(akt_forward(self, *ref), expected);
    sim_note(-1);
    return AKT_OK;
}

/* From outside and from a handler. */
static void
assert_everywhere(struct sim *sim, akt_ref ref, akt_err expected)
{
    akt_ref witness = spawn_box(sim, 9);

    assert_all_say(sim->me, ref, expected);
    assert_err(akt_send_within(sim->me, AKT_MS(1), ref, put, .n = 1), expected);
    sim_do(sim, witness, try_all, &ref);
    assert_notes(-1);
    assert_int_equal(sim_counters(sim).accepted, 1);
}

static void
dead(struct sim *sim)
{
    akt_ref ref = spawn_box(sim, 1);

    end_now(sim, ref);
    assert_everywhere(sim, ref, AKT_EDEAD);
}

static void
test_calls_with_a_dead_reference_say_so(void **state)
{
    (void)state;
    sim_in_order(dead);
}

static void
nobody(struct sim *sim)
{
    assert_everywhere(sim, AKT_REF_NONE, AKT_EDEAD);
}

static void
test_calls_with_nobody_say_dead(void **state)
{
    (void)state;
    sim_in_order(nobody);
}

static void
foreign(struct sim *sim)
{
    akt_system *elsewhere;
    akt_self *there;
    akt_ref ref;

    assert_ok(akt_sim_start(NULL, 1, &elsewhere));
    assert_ok(akt_attach(elsewhere, &there));
    assert_ok(akt_spawn(there, box, &ref, .id = 1));
    assert_everywhere(sim, ref, AKT_EFOREIGN);
    akt_detach(there);
    akt_system_destroy(elsewhere);
}

static void
test_calls_with_a_foreign_reference_say_so(void **state)
{
    (void)state;
    sim_in_order(foreign);
}

static void
invented(struct sim *sim)
{
    akt_ref ref = spawn_box(sim, 1);
    akt_ref far = ref;

    end_now(sim, ref);
    far.slot = UINT32_MAX;
    assert_all_say(sim->me, far, AKT_EDEAD);
    far.slot = (1u << 24) - 1;
    assert_all_say(sim->me, far, AKT_EDEAD);
    far = ref;
    far.generation = 0;
    assert_all_say(sim->me, far, AKT_EDEAD);
    far = ref;
    far.node = 3;
    assert_all_say(sim->me, far, AKT_EFOREIGN);
}

static void
test_calls_with_an_invented_reference_touch_nothing(void **state)
{
    (void)state;
    sim_in_order(invented);
}

/* --- reuse of slots --- */

static akt_err
spawn_inside(akt_self *self, void *arg)
{
    assert_ok(akt_spawn(self, box, arg, .id = 2));
    return AKT_OK;
}

/* By an actor, so that slots go out and come back at the same place. */
static akt_ref
spawn_child(struct sim *sim, akt_ref mother)
{
    akt_ref ref = AKT_REF_NONE;

    sim_do(sim, mother, spawn_inside, &ref);
    assert_true(akt_ref_is_alive(sim->me, ref));
    return ref;
}

static void
reuse(struct sim *sim)
{
    akt_ref mother = spawn_box(sim, 1);
    akt_ref old[64];
    size_t i;
    size_t k;

    for (i = 0; i < 64; i++) {
        akt_ref ref = spawn_child(sim, mother);

        for (k = 0; k < i; k++) {
            assert_int_equal(ref.slot, old[0].slot);
            assert_false(akt_ref_equal(old[k], ref));
            assert_err(akt_send(sim->me, old[k], put, .n = 1), AKT_EDEAD);
            assert_err(akt_kill(sim->me, old[k]), AKT_EDEAD);
        }
        assert_ok(akt_send(sim->me, ref, put, .n = 2));
        (void)akt_sim_run_until_idle(sim->system);
        assert_notes(202);
        sim_forget();
        end_now(sim, ref);
        old[i] = ref;
    }
}

static void
test_slot_reuse_keeps_old_references_dead(void **state)
{
    (void)state;
    sim_each_seed(reuse);
}

static void
at_limit(struct sim *sim)
{
    akt_ref a = spawn_box(sim, 1);
    akt_ref b = spawn_box(sim, 2);
    akt_ref c = a;

    assert_err(akt_spawn(sim->me, box, &c, .id = 3), AKT_ELIMIT);
    assert_true(akt_ref_equal(c, a));
    end_now(sim, a);
    c = spawn_box(sim, 3);
    assert_err(akt_spawn(sim->me, box, &a, .id = 4), AKT_ELIMIT);
    end_now(sim, b);
    end_now(sim, c);
    (void)spawn_box(sim, 5);
    (void)spawn_box(sim, 6);
}

static void
test_spawn_beyond_max_actors_is_refused_until_one_ends(void **state)
{
    const akt_system_opts two = {.max_actors = 2};

    (void)state;
    sim_each_seed_with(&two, at_limit);
}

static void
spawn_by_actor(struct sim *sim)
{
    (void)spawn_child(sim, spawn_box(sim, 1));
}

static void
test_spawn_by_an_actor_gets_a_slot_that_is_free(void **state)
{
    const akt_system_opts two = {.max_actors = 2};

    (void)state;
    sim_each_seed_with(&two, spawn_by_actor);
}

/* The dead letter of a message that was in the mailbox names its target. */
static void
left_behind(struct sim *sim)
{
    akt_ref mother = spawn_box(sim, 1);
    akt_ref ref = spawn_child(sim, mother);
    akt_ref next;

    assert_ok(akt_stop(sim->me, ref));
    assert_ok(akt_send(sim->me, ref, put, .n = 5));
    next = spawn_child(sim, mother);
    next = next.slot == ref.slot ? next : spawn_child(sim, mother);
    assert_int_equal(next.slot, ref.slot);
    assert_int_equal(sim_note_count(), 0);
    assert_int_equal(sim_letters(sim, AKT_FATE_DEAD, AKT_EDEAD), 1);
    assert_true(akt_ref_equal(sim->letters[0].target, ref));
    assert_int_equal(sim->letters[0].first, 5);
}

static void
test_message_to_predecessor_never_reaches_successor(void **state)
{
    (void)state;
    sim_each_seed(left_behind);
}

/* Moves an actor that has just been spawned to its slot's last generations. */
static akt_ref
age(struct sim *sim, akt_ref ref, uint32_t generation)
{
    struct akti_actor *a = NULL;

    assert_ok(akti_system_find(sim->system, ref, &a));
    atomic_store_explicit(&a->life, (uint64_t)generation << 32,
                          memory_order_relaxed);
    ref.generation = generation;
    return ref;
}

static void
wraps(struct sim *sim)
{
    akt_ref mother = spawn_box(sim, 1);
    akt_ref first = spawn_child(sim, mother);
    akt_ref last;
    akt_ref other;
    size_t i;

    first = age(sim, first, UINT32_MAX - 2);
    assert_ok(akt_send(sim->me, first, put, .n = 1));
    end_now(sim, first);
    last = spawn_child(sim, mother);
    assert_int_equal(last.slot, first.slot);
    assert_int_equal(last.generation, UINT32_MAX - 1);
    end_now(sim, last);
    /* The slot has had its last actor. */
    for (i = 0; i < 100; i++) {
        other = spawn_child(sim, mother);
        assert_int_not_equal(other.slot, first.slot);
        assert_err(akt_send(sim->me, first, put, .n = 1), AKT_EDEAD);
        assert_err(akt_send(sim->me, last, put, .n = 1), AKT_EDEAD);
    }
    other = first;
    other.generation = UINT32_MAX;
    assert_err(akt_send(sim->me, other, put, .n = 1), AKT_EDEAD);
}

static void
test_slot_whose_generation_would_wrap_is_retired(void **state)
{
    (void)state;
    sim_each_seed(wraps);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_calls_with_a_dead_reference_say_so),
        cmocka_unit_test(test_calls_with_nobody_say_dead),
        cmocka_unit_test(test_calls_with_a_foreign_reference_say_so),
        cmocka_unit_test(test_calls_with_an_invented_reference_touch_nothing),
        cmocka_unit_test(test_slot_reuse_keeps_old_references_dead),
        cmocka_unit_test(
            test_spawn_beyond_max_actors_is_refused_until_one_ends),
        cmocka_unit_test(test_spawn_by_an_actor_gets_a_slot_that_is_free),
        cmocka_unit_test(test_message_to_predecessor_never_reaches_successor),
        cmocka_unit_test(test_slot_whose_generation_would_wrap_is_retired),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
