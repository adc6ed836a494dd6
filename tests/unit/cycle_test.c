/* SPDX-License-Identifier: MIT */
/* Cycles of actors that would wait for one another are refused by name. */
#include "tests/support/sim.h"

#include <string.h>

#define NUMBER(F) F(i64, n)
AKT_MESSAGE(put, NUMBER);

struct node {
    uint32_t id;
};

static akt_err
on_put(akt_self *self, struct node *n, const struct put *m)
{
    (void)self;
    (void)n;
    sim_note(m->n);
    return AKT_OK;
}

static akt_err
on_act(akt_self *self, struct node *n, const struct act *m)
{
    (void)n;
    return m->fn(self, m->arg);
}

AKT_CLASS(narrow, struct node, AKT_ON(put, on_put), AKT_ON(act, on_act),
          AKT_MAILBOX(1, AKT_AWAIT));

static akt_ref
spawn_narrow(struct sim *sim, uint32_t id)
{
    akt_ref ref;

    assert_ok(akt_spawn(sim->me, narrow, &ref, .id = id));
    return ref;
}

static akt_err
note_alive(akt_self *self, void *arg)
{
    (void)self;
    (void)arg;
    sim_note(-1);
    return AKT_OK;
}

#define RING_MAX 8

struct ring {
    size_t size;
    akt_ref member[RING_MAX];
    size_t refused;
    size_t waited;
    char text[512];
};

struct place {
    struct ring *ring;
    size_t index;
};

/* Two to the next one: the first fits, the second waits, or would. */
static akt_err
send_round(akt_self *self, void *arg)
{
    const struct place *p = arg;
    struct ring *r = p->ring;
    akt_ref next = r->member[(p->index + 1) % r->size];
    akt_err err = akt_send(self, next, put, .n = 0);
    size_t n;

    if (err == AKT_OK) {
        err = akt_send(self, next, put, .n = 1);
    }
    if (err == AKT_OK) {
        r->waited += akt_is_awaiting(self);
        assert_int_equal(akt_deadlock_text(self, r->text, 0), 0);
        return AKT_OK;
    }
    assert_err(err, AKT_EDEADLK);
    r->refused++;
    n = akt_deadlock_text(self, r->text, sizeof(r->text));
    assert_int_equal(n, strlen(r->text));
    return AKT_OK;
}

/* "node<1.2.1> -> node<1.3.1> -> node<1.2.1>": each member once, first last. */
static void
assert_names_all(struct sim *sim, const struct ring *r)
{
    size_t arrows = 0;
    const char *at = r->text;
    char name[AKT_REF_TEXT_SIZE];
    size_t i;

    while ((at = strstr(at, " -> ")) != NULL) {
        arrows++;
        at++;
    }
    assert_int_equal(arrows, r->size);
    for (i = 0; i < r->size; i++) {
        (void)akt_ref_format(r->member[i], name, sizeof(name));
        assert_non_null(strstr(r->text, name));
    }
    assert_true(sim_log_has(sim, r->text));
}

/*
 * Each member gets its order before any has run, which fills all mailboxes of
 * one; then each sends two. By the plain order the last one finds the cycle.
 */
static void
ring_of(struct sim *sim, size_t size)
{
    struct ring r = {.size = size};
    struct place places[RING_MAX];
    size_t i;

    for (i = 0; i < size; i++) {
        r.member[i] = spawn_narrow(sim, 0);
        places[i] = (struct place){&r, i};
    }
    for (i = 0; i < size; i++) {
        sim_act(sim, r.member[i], send_round, &places[i]);
    }
    (void)akt_sim_run_until_idle(sim->system);
    if (sim->seed == 0 && size > 1) {
        assert_true(sim_log_has(sim, "would close a cycle"));
    }
    if (r.refused > 0 && size > 1) {
        assert_names_all(sim, &r);
    }
    assert_int_equal(sim_counters(sim).queued, 0);
    /* Nobody is left waiting. */
    sim_forget();
    for (i = 0; i < size; i++) {
        sim_act(sim, r.member[i], note_alive, NULL);
    }
    (void)akt_sim_run_until_idle(sim->system);
    assert_int_equal(sim_noted(-1), size);
}

static void
rings(struct sim *sim)
{
    size_t size;

    for (size = 1; size <= RING_MAX; size++) {
        ring_of(sim, size);
    }
}

static void
test_cycle_of_any_size_is_refused_by_name(void **state)
{
    (void)state;
    sim_each_seed(rings);
}

static akt_err
fill_self(akt_self *self, void *arg)
{
    struct ring *r = arg;

    r->member[0] = akt_self_ref(self);
    assert_ok(akt_send(self, akt_self_ref(self), put, .n = 1));
    assert_err(akt_send(self, akt_self_ref(self), put, .n = 2), AKT_EDEADLK);
    (void)akt_deadlock_text(self, r->text, sizeof(r->text));
    return AKT_OK;
}

static void
waits_for_itself(struct sim *sim)
{
    struct ring r = {.size = 1};
    akt_ref ref = spawn_narrow(sim, 0);

    sim_do(sim, ref, fill_self, &r);
    assert_names_all(sim, &r);
    assert_notes(1);
}

static void
test_cycle_of_one_is_refused(void **state)
{
    (void)state;
    sim_each_seed(waits_for_itself);
}

static akt_err
forgets_text(akt_self *self, void *arg)
{
    char text[8] = "unset";

    (void)arg;
    assert_int_equal(akt_deadlock_text(self, text, sizeof(text)), 0);
    assert_string_equal(text, "");
    sim_note(-1);
    return AKT_OK;
}

static void
next_turn(struct sim *sim)
{
    struct ring r = {.size = 1};
    akt_ref ref = spawn_narrow(sim, 0);

    sim_do(sim, ref, fill_self, &r);
    sim_forget();
    sim_do(sim, ref, forgets_text, NULL);
    assert_notes(-1);
}

static void
test_deadlock_text_is_gone_in_the_next_turn(void **state)
{
    (void)state;
    sim_each_seed(next_turn);
}

/* A task that leaves its mail alone. */
static akt_err
sleep_on(akt_self *self)
{
    return akt_sleep(self, AKT_NEVER);
}
AKT_TASK_WITH(sleep_on, void, AKT_MAILBOX(1, AKT_AWAIT));

struct web {
    akt_ref spinner;
    akt_ref busy;
    akt_ref third;
    akt_ref fourth;
    akt_ref asleep;
};

/* To one who is about to make room, and to one who sleeps. */
static akt_err
send_two(akt_self *self, void *arg)
{
    const struct web *w = arg;

    akt_ignore(akt_send(self, w->busy, put, .n = 1));
    akt_ignore(akt_send(self, w->asleep, put, .n = 2));
    return AKT_OK;
}

static akt_err
wait_for_spinner(akt_self *self, void *arg)
{
    const struct web *w = arg;

    akt_ignore(akt_send(self, w->spinner, put, .n = 3));
    akt_ignore(akt_send(self, w->spinner, put, .n = 4));
    return AKT_OK;
}

/* Takes the room that was made for another, and has its owner wait for that one. */
static akt_err
take_room(akt_self *self, void *arg)
{
    const struct web *w = arg;

    akt_ignore(
        akt_try_send(self, w->busy, act, .fn = wait_for_spinner, .arg = arg));
    return AKT_OK;
}

static akt_err
take_room_again(akt_self *self, void *arg)
{
    const struct web *w = arg;

    akt_ignore(akt_try_send(self, w->busy, put, .n = 5));
    return AKT_OK;
}

/* By some orders the spinner, told of room, finds a cycle instead, and is parked
 * again for the one who sleeps. */
static void
parked_again(struct sim *sim)
{
    struct web w = {.spinner = spawn_narrow(sim, 0),
                    .busy = spawn_narrow(sim, 1),
                    .third = spawn_narrow(sim, 2),
                    .fourth = spawn_narrow(sim, 3)};
    akt_ref other = spawn_narrow(sim, 4);
    akt_task task;

    assert_ok(akt_task_spawn(sim->me, sleep_on, &task));
    w.asleep = task.ref;
    assert_ok(akt_send(sim->me, w.asleep, put, .n = 0));
    sim_act(sim, w.spinner, send_two, &w);
    sim_act(sim, w.busy, note_alive, NULL);
    sim_act(sim, w.third, take_room, &w);
    sim_act(sim, w.fourth, take_room_again, &w);
    (void)akt_sim_run_until_idle(sim->system);
    sim_forget();
    sim_do(sim, other, forgets_text, NULL);
    assert_int_equal(sim_noted(-1), 1);
}

static void
test_deadlock_text_is_gone_when_its_actor_is_parked(void **state)
{
    (void)state;
    sim_each_seed(parked_again);
}

/* A random graph without cycles never answers AKT_EDEADLK. */
#define GRAPH 6

struct vertex {
    akt_ref *all;
    size_t index;
    uint64_t draw;
};

static akt_err
send_down(akt_self *self, void *arg)
{
    const struct vertex *v = arg;
    size_t to;
    int i;

    for (to = v->index + 1; to < GRAPH; to++) {
        for (i = 0; i < 3 && (v->draw >> to & 1) != 0; i++) {
            assert_ok(akt_send(self, v->all[to], put, .n = 1));
        }
    }
    return AKT_OK;
}

static void
acyclic(struct sim *sim)
{
    akt_ref all[GRAPH];
    struct vertex v[GRAPH];
    size_t i;

    for (i = 0; i < GRAPH; i++) {
        all[i] = spawn_narrow(sim, (uint32_t)i);
    }
    for (i = 0; i < GRAPH; i++) {
        v[i] = (struct vertex){all, i, akt_random(sim->me)};
        assert_ok(akt_send_within(sim->me, AKT_SECONDS(1), all[i], act,
                                  .fn = send_down, .arg = &v[i]));
    }
    (void)akt_sim_run_until_idle(sim->system);
    assert_int_equal(sim_counters(sim).delivered, sim_counters(sim).accepted);
    assert_int_equal(sim->log_used, 0);
}

static void
test_waits_without_a_cycle_are_never_refused(void **state)
{
    (void)state;
    sim_each_seed(acyclic);
}

/* Any graph: whoever waits goes on in the end. */
static akt_err
send_anywhere(akt_self *self, void *arg)
{
    const struct vertex *v = arg;
    size_t to;
    int i;

    for (to = 0; to < GRAPH; to++) {
        for (i = 0; i < 3 && (v->draw >> to & 1) != 0; i++) {
            akt_err err = akt_send(self, v->all[to], put, .n = 1);

            assert_true(err == AKT_OK || err == AKT_EDEADLK);
        }
    }
    return AKT_OK;
}

static void
tangled(struct sim *sim)
{
    akt_ref all[GRAPH];
    struct vertex v[GRAPH];
    size_t i;

    for (i = 0; i < GRAPH; i++) {
        all[i] = spawn_narrow(sim, (uint32_t)i);
    }
    for (i = 0; i < GRAPH; i++) {
        v[i] = (struct vertex){all, i, akt_random(sim->me)};
        assert_ok(akt_send_within(sim->me, AKT_SECONDS(1), all[i], act,
                                  .fn = send_anywhere, .arg = &v[i]));
    }
    (void)akt_sim_run_until_idle(sim->system);
    assert_int_equal(sim_counters(sim).queued, 0);
    sim_forget();
    for (i = 0; i < GRAPH; i++) {
        sim_do(sim, all[i], note_alive, NULL);
    }
    assert_int_equal(sim_noted(-1), GRAPH);
}

static void
test_waits_in_any_graph_end(void **state)
{
    (void)state;
    sim_each_seed(tangled);
}

/* Who was told AKT_OK and whose receiver lives has its message delivered. */
static void
rings_and_tangles(struct sim *sim)
{
    rings(sim);
    assert_int_equal(sim_letters(sim, AKT_FATE_RETURNED, AKT_EDEADLK), 0);
    tangled(sim);
    assert_int_equal(sim_letters(sim, AKT_FATE_RETURNED, AKT_EDEADLK), 0);
    assert_int_equal(sim_counters(sim).delivered, sim_counters(sim).accepted);
}

static void
test_cycle_is_found_before_a_send_is_accepted(void **state)
{
    (void)state;
    sim_each_seed(rings_and_tangles);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sim_test(test_cycle_of_any_size_is_refused_by_name),
        sim_test(test_cycle_of_one_is_refused),
        sim_test(test_deadlock_text_is_gone_in_the_next_turn),
        sim_test(test_deadlock_text_is_gone_when_its_actor_is_parked),
        sim_test(test_waits_without_a_cycle_are_never_refused),
        sim_test(test_waits_in_any_graph_end),
        sim_test(test_cycle_is_found_before_a_send_is_accepted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
