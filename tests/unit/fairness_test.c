/* SPDX-License-Identifier: MIT */
/*
 * Who gets a worker when others do not let go of it. Real threads: which worker
 * takes what is theirs to decide, and no simulation does that. Nothing here
 * depends on how long something takes, but for a bound far above it.
 */
#include "akt/akt.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>

#include <cmocka.h>

/* So many exchanges of two that talk, and nobody else came to anything. */
#define TOO_MANY 1000000

#define PAIR(F) F(ref, partner) F(ref, third)
#define QUEUE(F) F(ref, first) F(ref, last)
AKT_MESSAGE(begin, PAIR);
#define BALL(F) F(ref, back)
AKT_MESSAGE(ball, BALL);
AKT_SIGNAL(look);
AKT_REQUEST(wait_for_it, QUEUE, look);

static _Atomic bool looked;     /* the third one had its turn */
static _Atomic bool counts;     /* from now on exchanges count */
static _Atomic bool gave_up;    /* there were too many of them */
static _Atomic uint32_t swaps;  /* exchanges that counted */
static _Atomic uint32_t wander; /* turns on another thread than the first */

#define assert_ok(expression) assert_int_equal(expression, AKT_OK)

/* --- two that talk, and a third --- */

struct player {
    uint64_t balls;
};

static akt_err
on_ball(akt_self *self, struct player *p, const struct ball *m)
{
    p->balls++;
    if (atomic_load(&looked) || akt_ref_is_none(m->back)) {
        return AKT_OK;
    }
    if (atomic_load(&counts) && atomic_fetch_add(&swaps, 1) >= TOO_MANY) {
        atomic_store(&gave_up, true);
        return AKT_OK;
    }
    return akt_send(self, m->back, ball, .back = akt_self_ref(self));
}

/* The third one is made ready first, so that the partner takes its place. */
static akt_err
on_begin(akt_self *self, struct player *p, const struct begin *m)
{
    (void)p;
    if (!akt_ref_is_none(m->third)) {
        atomic_store(&counts, true);
        AKT_TRY(akt_send(self, m->third, look));
    }
    return akt_send(self, m->partner, ball, .back = akt_self_ref(self));
}

static akt_err
on_look(akt_self *self, struct player *p, const struct look *m)
{
    (void)self;
    (void)p;
    (void)m;
    atomic_store(&looked, true);
    return AKT_OK;
}

/* Holds its worker until the other one has looked, or for long: shorter than the
 * longest sleep of a worker, that must not be what helps. */
static akt_err
on_wait_for_it(akt_self *self, struct player *p, const struct wait_for_it *m)
{
    uint64_t end_ns = akt_now_ns(self) + AKT_SECONDS(4);
    uint64_t asleep_ns = akt_now_ns(self) + AKT_MS(50);

    /* By then the other worker has given up watching. */
    while (akt_now_ns(self) < asleep_ns) {
    }
    AKT_TRY(akt_send(self, m->first, look));
    /* What was made ready last is nobody else's to take. */
    AKT_TRY(akt_send(self, m->last, ball));
    while (!atomic_load(&looked) && akt_now_ns(self) < end_ns) {
    }
    p->balls = atomic_load(&looked);
    return akt_reply_error(self, p->balls > 0 ? AKT_EUSER : AKT_EBUSY, "");
}

AKT_CLASS(player, struct player, AKT_ON(ball, on_ball), AKT_ON(begin, on_begin),
          AKT_ON(look, on_look), AKT_ON(wait_for_it, on_wait_for_it));

struct table {
    akt_system *system;
    akt_self *me;
    akt_ref player[4];
};

static void
open_table(struct table *t, uint32_t workers)
{
    akt_system_opts opts = AKT_SYSTEM_OPTS_INIT;
    size_t i;

    opts.workers = workers;
    atomic_store(&looked, false);
    atomic_store(&counts, false);
    atomic_store(&gave_up, false);
    atomic_store(&swaps, 0);
    atomic_store(&wander, 0);
    assert_ok(akt_system_start(&opts, &t->system));
    assert_ok(akt_attach(t->system, &t->me));
    for (i = 0; i < 4; i++) {
        assert_ok(akt_spawn(t->me, player, &t->player[i]));
    }
}

static void
close_table(struct table *t)
{
    assert_ok(akt_system_stop(t->system, AKT_SECONDS(60)));
    akt_detach(t->me);
    akt_system_destroy(t->system);
}

static void
test_two_that_talk_leave_the_worker_to_a_third(void **state)
{
    struct table t;

    (void)state;
    open_table(&t, 1);
    assert_ok(akt_send(t.me, t.player[0], begin, .partner = t.player[1],
                       .third = t.player[2]));
    close_table(&t);
    assert_true(atomic_load(&looked));
    assert_false(atomic_load(&gave_up));
}

static void
test_two_that_talk_leave_the_worker_to_a_message_from_outside(void **state)
{
    struct table t;

    (void)state;
    open_table(&t, 1);
    assert_ok(akt_send(t.me, t.player[0], begin, .partner = t.player[1]));
    assert_ok(akt_send(t.me, t.player[2], look));
    atomic_store(&counts, true);
    close_table(&t);
    assert_true(atomic_load(&looked));
    assert_false(atomic_load(&gave_up));
}

static void
test_what_waits_behind_a_long_turn_is_taken_by_another(void **state)
{
    struct table t;
    akt_future f;
    akt_answer *answer;

    (void)state;
    open_table(&t, 2);
    assert_ok(akt_ask_within(t.me, AKT_SECONDS(60), t.player[0], &f,
                             wait_for_it, .first = t.player[1],
                             .last = t.player[2]));
    assert_ok(akt_wait(t.me, f, &answer));
    assert_int_equal(answer->error, AKT_EUSER);
    akt_answer_free(t.me, answer);
    close_table(&t);
}

/* --- pinned --- */

#define TURNS 200

struct pinned {
    pthread_t home;
    uint64_t turns;
};

static akt_err
on_turn(akt_self *self, struct pinned *p, const struct look *m)
{
    volatile uint32_t i;

    (void)m;
    if (p->turns++ == 0) {
        p->home = pthread_self();
    }
    if (!pthread_equal(p->home, pthread_self())) {
        atomic_fetch_add(&wander, 1);
    }
    for (i = 0; i < 100000; i++) { /* so long that its queue is congested */
    }
    return p->turns < TURNS ? akt_send(self, akt_self_ref(self), look) : AKT_OK;
}
AKT_CLASS(pinned, struct pinned, AKT_ON(look, on_turn),
          AKT_PLACEMENT(AKT_PLACE_PINNED));

struct mother {
    uint64_t children;
};

/* What a pinned actor spawns pinned has its worker. */
static akt_err
on_spawn_all(akt_self *self, struct mother *m, const struct look *look)
{
    akt_ref ref;

    (void)look;
    for (m->children = 0; m->children < 4; m->children++) {
        AKT_TRY(akt_spawn(self, pinned, &ref));
        AKT_TRY(akt_send(self, ref, look));
    }
    return AKT_OK;
}
AKT_CLASS(mother, struct mother, AKT_ON(look, on_spawn_all));

static void
test_pinned_actors_stay_on_their_worker(void **state)
{
    struct table t;
    akt_ref ref;

    (void)state;
    open_table(&t, 2);
    assert_ok(akt_spawn(t.me, mother, &ref));
    assert_ok(akt_send(t.me, ref, look));
    close_table(&t);
    assert_int_equal(atomic_load(&wander), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_that_talk_leave_the_worker_to_a_third),
        cmocka_unit_test(
            test_two_that_talk_leave_the_worker_to_a_message_from_outside),
        cmocka_unit_test(
            test_what_waits_behind_a_long_turn_is_taken_by_another),
        cmocka_unit_test(test_pinned_actors_stay_on_their_worker),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
