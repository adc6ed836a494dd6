/* SPDX-License-Identifier: MIT */
/*
 * What is on its way when its receiver ends, and comes when the next actor has
 * the slot or nobody waits any more; and what waits when the mailbox overflows. In
 * a program that takes two threads and much
 * luck; here each half is done by hand, in the order in which it hurts.
 */
#include "actors/core/future.h"
#include "actors/core/send.h"
#include "actors/core/system.h"
#include "tests/support/sim.h"

#include <string.h>

#define NUMBER(F) F(i64, n)
AKT_MESSAGE(put, NUMBER);
#define PAGE(F) F(text, text)
AKT_MESSAGE(page, PAGE);
AKT_REQUEST(fetch, NUMBER, page);

/* So long that it does not come from a pool: whoever forgets it is found out. */
#define LONG 6000

struct box {
    akt_promise_of(fetch) kept;
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
on_fetch(akt_self *self, struct box *b, const struct fetch *m)
{
    return akt_keep(self, m, &b->kept);
}

static akt_err
on_act(akt_self *self, struct box *b, const struct act *m)
{
    return m->fn(self, m->arg != NULL ? m->arg : (void *)b);
}

AKT_CLASS(box, struct box, AKT_ON(put, on_put), AKT_ON(fetch, on_fetch),
          AKT_ON(act, on_act));
/* These are spawned into a slot that had another one before. */
AKT_CLASS(oldest, struct box, AKT_ON(put, on_put), AKT_ON(act, on_act),
          AKT_MAILBOX(1, AKT_DROP_OLDEST));
AKT_CLASS(narrow, struct box, AKT_ON(put, on_put), AKT_ON(act, on_act),
          AKT_MAILBOX(1, AKT_AWAIT));

struct order {
    const akt_class *cls;
    int64_t id;
    akt_ref *out;
};

static akt_err
spawn_inside(akt_self *self, void *arg)
{
    const struct order *o = arg;
    struct box initial = {.id = o->id};

    return akti_spawn(self, o->cls, o->out, &initial);
}

static akt_ref
spawn_box(struct sim *sim, int64_t id)
{
    akt_ref ref;

    assert_ok(akt_spawn(sim->me, box, &ref, .id = id));
    return ref;
}

/* A mother spawns by turns in one slot. */
struct slot {
    akt_ref mother;
    akt_ref old;
    akt_ref next;
    struct akti_actor *cell;
    const akt_class *cls;
};

static akt_ref
spawn_in(struct sim *sim, struct slot *s, int64_t id)
{
    akt_ref ref = AKT_REF_NONE;
    struct order o = {s->cls, id, &ref};

    sim_do(sim, s->mother, spawn_inside, &o);
    return ref;
}

static void
take_slot(struct sim *sim, struct slot *s, const akt_class *cls)
{
    s->mother = spawn_box(sim, 9);
    s->cls = cls;
    s->old = spawn_in(sim, s, 1);
    assert_ok(akti_system_find(sim->system, s->old, &s->cell));
}

/* The old one ends and the next one has its place. */
static void
replace(struct sim *sim, struct slot *s)
{
    assert_ok(akt_kill(sim->me, s->old));
    (void)akt_sim_run_until_idle(sim->system);
    s->next = spawn_in(sim, s, 2);
    assert_int_equal(s->next.slot, s->old.slot);
    assert_int_not_equal(s->next.generation, s->old.generation);
}

/* A message that has found its receiver, and is not in the mailbox yet. */
static struct akti_message *
prepare(struct sim *sim, const struct slot *s, int64_t n)
{
    struct put payload = {.n = n};
    akti_message_arg arg = {&put_type, &payload};
    struct akti_actor *target = NULL;
    struct akti_message *m = NULL;

    assert_ok(akti_send_prepare(sim->me, s->old, &arg, &target, &m));
    assert_ptr_equal(target, s->cell);
    return m;
}

static void
late_message(struct sim *sim)
{
    struct slot s;
    struct akti_message *m;

    take_slot(sim, &s, &narrow_class);
    m = prepare(sim, &s, 5);
    replace(sim, &s);
    assert_ok(akti_send_message(sim->me, s.cell, m, AKTI_MAY_AWAIT));
    (void)akt_sim_run_until_idle(sim->system);
    assert_int_equal(sim_note_count(), 0);
    assert_int_equal(sim_letters(sim, AKT_FATE_DEAD, AKT_EDEAD), 1);
    assert_true(akt_ref_equal(sim->letters[0].target, s.old));
}

static void
test_late_message_misses_the_next_actor(void **state)
{
    (void)state;
    sim_each_seed(late_message);
}

static void
late_order(struct sim *sim)
{
    const uint32_t orders[] = {AKTI_ORDER_STOP, AKTI_ORDER_DRAIN,
                               AKTI_ORDER_KILL, AKTI_ORDER_SHUTDOWN};
    struct slot s;

    take_slot(sim, &s, &narrow_class);
    replace(sim, &s);
    akti_actor_order(sim->me->ctx, s.cell, s.old.generation,
                     orders[sim->seed % 4]);
    (void)akt_sim_run_until_idle(sim->system);
    assert_true(akt_ref_is_alive(sim->me, s.next));
}

static void
test_late_order_misses_the_next_actor(void **state)
{
    (void)state;
    sim_each_seed(late_order);
}

static void
late_overflow(struct sim *sim)
{
    struct slot s;
    struct akti_message *m;

    take_slot(sim, &s, &oldest_class);
    m = prepare(sim, &s, 5);
    replace(sim, &s);
    assert_ok(akt_send(sim->me, s.next, put, .n = 6));
    assert_ok(akti_send_message(sim->me, s.cell, m, AKTI_MAY_AWAIT));
    (void)akt_sim_run_until_idle(sim->system);
    assert_notes(206);
}

static void
test_late_message_pushes_out_nothing_of_the_next_actor(void **state)
{
    (void)state;
    sim_each_seed(late_overflow);
}

static akt_future asked;

static akt_err
ask_once(akt_self *self, void *arg)
{
    return akt_ask(self, *(akt_ref *)arg, &asked, fetch, .n = 0);
}

/* Somebody has ended the request, and is held up before he says so. */
static struct akti_message *
half_ended(struct sim *sim)
{
    struct akti_cell *cell = asked.cell;

    assert_true(akti_cell_end(cell, asked.generation, AKT_BROKEN));
    akti_count(sim->me->ctx, cell->entry,
               AKTI_OUTCOMES - AKT_REPLIED + AKT_BROKEN, 1);
    akti_future_of(cell)->notice =
        (struct akti_message){.deadline_ns = AKT_NEVER,
                              .flags = AKTI_EMBEDDED,
                              .kind = AKTI_NOTICE,
                              .cell = cell,
                              .cell_generation = asked.generation,
                              .target_slot = cell->actor->slot,
                              .target_generation = cell->actor_generation};
    return &akti_future_of(cell)->notice;
}

static void
late_notice(struct sim *sim)
{
    akt_ref keeper = spawn_box(sim, 3);
    struct slot s;
    struct akti_message *m;

    sim->unchecked = AKT_CHECK_REQUESTS; /* it is ended by hand */
    take_slot(sim, &s, &narrow_class);
    sim_do(sim, s.old, ask_once, &keeper);
    m = half_ended(sim);
    replace(sim, &s);
    assert_true(akti_send_reserved(sim->me->ctx, s.cell, m));
    (void)akt_sim_run_until_idle(sim->system);
    assert_int_equal(akti_cell_generation(asked.cell), asked.generation + 1);
}

static void
test_late_notice_misses_the_next_actor(void **state)
{
    (void)state;
    sim_each_seed(late_notice);
}

static akt_err
send_three(akt_self *self, void *arg)
{
    int64_t n;

    for (n = 1; n <= 3; n++) {
        assert_ok(akt_send(self, *(akt_ref *)arg, put, .n = n));
    }
    return AKT_OK;
}

/* In order: the old one ends, its successor is spawned, the sender goes on. */
static void
late_flush(struct sim *sim)
{
    akt_ref sender = spawn_box(sim, 3);
    akt_ref next = AKT_REF_NONE;
    struct order o = {&narrow_class, 2, &next};
    struct slot s;

    take_slot(sim, &s, &narrow_class);
    sim_act(sim, sender, send_three, &s.old);
    assert_true(akt_sim_step(sim->system));
    assert_ok(akt_kill(sim->me, s.old));
    sim_act(sim, s.mother, spawn_inside, &o);
    (void)akt_sim_run_until_idle(sim->system);
    assert_int_equal(next.slot, s.old.slot);
    assert_int_equal(sim_note_count(), 0);
    assert_int_equal(sim_letters(sim, AKT_FATE_RETURNED, AKT_EDEAD), 2);
    assert_int_equal(sim_letters(sim, AKT_FATE_DEAD, AKT_EDEAD), 1);
}

static void
test_waiting_send_is_returned_though_the_slot_has_an_actor(void **state)
{
    (void)state;
    sim_in_order(late_flush);
}

static akt_err
answer_at_length(akt_self *self, void *arg)
{
    struct box *b = arg;
    char text[LONG];

    memset(text, 'x', sizeof(text));
    return akt_promise_reply(self, &b->kept, .text = {text, sizeof(text)});
}

static akt_err
poll_once(akt_self *self, void *arg)
{
    *(akt_outcome *)arg = akt_future_poll(self, asked);
    return AKT_OK;
}

/* In order: the answer is in the mailbox when data overflows it. */
static void
reply_beside_overflow(struct sim *sim)
{
    akt_ref keeper = spawn_box(sim, 3);
    akt_outcome outcome = AKT_PENDING;
    struct slot s;
    int64_t n;

    take_slot(sim, &s, &oldest_class);
    sim_do(sim, s.old, ask_once, &keeper);
    sim_act(sim, keeper, answer_at_length, NULL);
    assert_true(akt_sim_step(sim->system));
    for (n = 1; n <= 3; n++) {
        assert_ok(akt_send(sim->me, s.old, put, .n = n));
    }
    (void)akt_sim_run_until_idle(sim->system);
    assert_notes(103);
    sim_do(sim, s.old, poll_once, &outcome);
    assert_int_equal(outcome, AKT_REPLIED);
    assert_int_equal(sim_counters(sim).dropped, 2);
}

static void
test_overflow_leaves_a_reply_that_waits(void **state)
{
    (void)state;
    sim_in_order(reply_beside_overflow);
}

/* --- answers that nobody takes --- */

static void
late_reply(struct sim *sim)
{
    akt_ref keeper = spawn_box(sim, 3);
    akt_answer *answer;
    akt_future f;

    assert_ok(akt_ask_within(sim->me, AKT_MS(1), keeper, &f, fetch, .n = 0));
    assert_ok(akt_wait(sim->me, f, &answer));
    assert_int_equal(answer->outcome, AKT_EXPIRED);
    akt_answer_free(sim->me, answer);
    sim_do(sim, keeper, answer_at_length, NULL);
    assert_int_equal(sim_counters(sim).late_replies, 1);
}

static void
test_long_reply_that_is_late_is_freed(void **state)
{
    (void)state;
    sim_each_seed(late_reply);
}

static void
untaken_reply(struct sim *sim)
{
    akt_ref keeper = spawn_box(sim, 3);
    akt_ref asker = spawn_box(sim, 4);

    sim_do(sim, asker, ask_once, &keeper);
    sim_do(sim, keeper, answer_at_length, NULL);
    assert_int_equal(sim_counters(sim).replied, 1);
    assert_ok(akt_stop(sim->me, asker));
}

static void
test_long_reply_that_the_asker_leaves_behind_is_freed(void **state)
{
    (void)state;
    sim_each_seed(untaken_reply);
}

/* --- a spawn beside the stop of the system --- */

struct large {
    char bytes[LONG];
};

static akt_err
on_large_act(akt_self *self, struct large *l, const struct act *m)
{
    (void)l;
    return m->fn(self, m->arg);
}
AKT_CLASS(large, struct large, AKT_ON(act, on_large_act));

static void *(*alloc)(void *arg, size_t size, size_t align);
static akt_system *stopping;

/* The stop begins while the spawn gets the memory for the state. */
static void *
alloc_beside_stop(void *arg, size_t size, size_t align)
{
    if (stopping != NULL && size >= sizeof(struct large)) {
        atomic_store(&stopping->phase, (uint32_t)AKTI_ENDING);
        stopping = NULL;
    }
    return alloc(arg, size, align);
}

static akt_err
spawn_large(akt_self *self, void *arg)
{
    return akt_spawn(self, large, arg);
}

static void
test_spawn_beside_the_stop_is_told_to_end(void **state)
{
    struct sim sim;
    akt_ref mother;
    akt_ref child = AKT_REF_NONE;

    (void)state;
    sim_prepare(&sim, 0);
    alloc = sim.allocator.alloc;
    sim.allocator.alloc = alloc_beside_stop;
    sim_start(&sim);
    mother = spawn_box(&sim, 1);
    sim_act(&sim, mother, spawn_large, &child);
    stopping = sim.system;
    (void)akt_sim_run_until_idle(sim.system);
    assert_null(stopping);
    assert_false(akt_ref_is_none(child));
    assert_false(akt_ref_is_alive(sim.me, child));
    assert_true(akt_ref_is_alive(sim.me, mother));
    sim_close(&sim);
}

/* --- the last generation of a request's cell --- */

static void
last_generation(struct sim *sim)
{
    akt_ref keeper = spawn_box(sim, 3);
    akt_ref asker = spawn_box(sim, 4);
    struct akti_cell *cell;
    int i;

    sim->unchecked = AKT_CHECK_LEAKS; /* a cell is never used again */
    sim_do(sim, asker, ask_once, &keeper);
    sim_do(sim, keeper, answer_at_length, NULL);
    cell = asked.cell;
    assert_ok(akt_kill(sim->me, asker));
    (void)akt_sim_run_until_idle(sim->system);
    assert_int_equal(akti_cell_phase(cell), AKTI_PHASE_FREE);
    atomic_store(&cell->state,
                 akti_cell_state(UINT32_MAX - 1, AKTI_PHASE_FREE));
    for (i = 0; i < 100; i++) {
        asker = spawn_box(sim, 4);
        sim_do(sim, asker, ask_once, &keeper);
        assert_int_equal(asked.cell == cell, asked.generation > 1000);
        assert_int_not_equal(asked.generation, UINT32_MAX);
        sim_do(sim, keeper, answer_at_length, NULL);
        assert_ok(akt_kill(sim->me, asker));
        (void)akt_sim_run_until_idle(sim->system);
    }
    assert_int_equal(akti_cell_generation(cell), UINT32_MAX);
}

static void
test_cell_whose_generation_would_wrap_is_retired(void **state)
{
    (void)state;
    sim_each_seed(last_generation);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sim_test(test_late_message_misses_the_next_actor),
        sim_test(test_late_order_misses_the_next_actor),
        sim_test(test_late_message_pushes_out_nothing_of_the_next_actor),
        sim_test(test_late_notice_misses_the_next_actor),
        sim_test(test_waiting_send_is_returned_though_the_slot_has_an_actor),
        sim_test(test_overflow_leaves_a_reply_that_waits),
        sim_test(test_long_reply_that_is_late_is_freed),
        sim_test(test_long_reply_that_the_asker_leaves_behind_is_freed),
        sim_test(test_spawn_beside_the_stop_is_told_to_end),
        sim_test(test_cell_whose_generation_would_wrap_is_retired),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
