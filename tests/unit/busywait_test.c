/* SPDX-License-Identifier: MIT */
/*
 * Waiting awake before a sleep: the rule by itself, and what a worker does meanwhile.
 * The latter with real threads, and with a longest wait of a second, so that nothing
 * depends on how fast the machine is but for half of that.
 */
#include "actors/base/clock.h"
#include "actors/sched/busywait.h"
#include "akt/akt.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define assert_ok(e) assert_int_equal((e), AKT_OK)

/* --- the rule --- */

#define LONGEST 1000u
#define SOON 499u
#define LATE 500u
#define WORTH 299u
#define NOT_WORTH 300u

static struct akti_busywait
rung_soon(void)
{
    struct akti_busywait b;

    akti_busywait_init(&b, LONGEST);
    akti_busywait_slept(&b, SOON, true);
    return b;
}

static uint64_t now = 1000000; /* of the rule's clock */
static uint64_t turns;

static bool
waits(struct akti_busywait *b)
{
    return akti_busywait_begin(b, now, turns);
}

/* So many sleeps that end soon before it is to wait again. */
static uint32_t
sleeps_until_wanted(struct akti_busywait *b)
{
    uint32_t n = 0;

    while (!waits(b) && n <= 1000) {
        akti_busywait_slept(b, SOON, true);
        n++;
    }
    return n;
}

static void
wait_in_vain(struct akti_busywait *b, uint64_t ns)
{
    now += ns;
    akti_busywait_in_vain(b, now);
}

/* It finds something after so long, and has a turn with that. */
static bool
waits_after_it_found(struct akti_busywait *b, uint64_t ns)
{
    now += ns;
    akti_busywait_found(b, now);
    turns++;
    return waits(b);
}

/* Others are faster. */
static bool
waits_after_others_got_it(struct akti_busywait *b, uint64_t ns)
{
    now += ns;
    akti_busywait_found(b, now);
    return waits(b);
}

static void
test_it_waits_after_a_sleep_that_a_ring_ended_soon(void **state)
{
    struct akti_busywait b;

    (void)state;
    akti_busywait_init(&b, LONGEST);
    assert_false(waits(&b));
    akti_busywait_slept(&b, SOON, true);
    assert_true(waits(&b));
    akti_busywait_slept(&b, LATE, true);
    assert_false(waits(&b));
    akti_busywait_slept(&b, SOON, true);
    assert_true(waits(&b));
    akti_busywait_slept(&b, SOON, false);
    assert_false(waits(&b));
}

static void
test_it_goes_on_while_something_comes_soon(void **state)
{
    struct akti_busywait b = rung_soon();
    int i;

    (void)state;
    assert_true(waits(&b));
    for (i = 0; i < 100; i++) {
        assert_true(waits_after_it_found(&b, WORTH));
    }
}

#define RESTS_AFTER(b, it_waited)                                              \
    do {                                                                       \
        uint32_t n_;                                                           \
        for (n_ = 1; n_ <= 8; n_++) {                                          \
            assert_true(waits(b));                                             \
            it_waited;                                                         \
            assert_false(waits(b));                                            \
            assert_int_equal(sleeps_until_wanted(b),                           \
                             (1u << (n_ < 6 ? n_ : 6)) + 1);                   \
        }                                                                      \
    } while (0)

static void
test_it_rests_ever_longer_when_nothing_comes(void **state)
{
    struct akti_busywait b = rung_soon();

    (void)state;
    RESTS_AFTER(&b, wait_in_vain(&b, LONGEST));
}

static void
test_it_rests_too_when_something_comes_late(void **state)
{
    struct akti_busywait b = rung_soon();

    (void)state;
    RESTS_AFTER(&b, assert_false(waits_after_it_found(&b, NOT_WORTH)));
}

/* The time counts from the beginning. */
static void
test_it_rests_too_when_others_get_what_comes(void **state)
{
    struct akti_busywait b = rung_soon();
    uint64_t began;

    (void)state;
    assert_true(waits(&b));
    began = b.began_ns;
    assert_true(waits_after_others_got_it(&b, WORTH));
    assert_true(waits_after_others_got_it(&b, WORTH));
    assert_int_equal(b.began_ns, began);
    assert_false(waits_after_it_found(&b, WORTH));
    assert_int_equal(sleeps_until_wanted(&b), 3);
}

static void
test_it_rests_for_long_when_its_core_was_taken_away(void **state)
{
    struct akti_busywait b = rung_soon();

    (void)state;
    assert_true(waits(&b));
    wait_in_vain(&b, 2 * LONGEST + 1);
    assert_int_equal(sleeps_until_wanted(&b), 65);
}

static void
test_what_comes_soon_makes_the_next_rest_short(void **state)
{
    struct akti_busywait b = rung_soon();

    (void)state;
    RESTS_AFTER(&b, wait_in_vain(&b, LONGEST));
    assert_true(waits_after_it_found(&b, WORTH));
    wait_in_vain(&b, LONGEST);
    assert_int_equal(sleeps_until_wanted(&b), 3);
}

/* It says nothing about what else might have come. */
static void
test_a_timer_counts_neither_way(void **state)
{
    struct akti_busywait b = rung_soon();

    (void)state;
    assert_true(waits(&b));
    now += NOT_WORTH;
    akti_busywait_cut(&b);
    assert_true(waits(&b));
    assert_int_equal(b.began_ns, now);
}

/* Sleeps that end late are not counted among those for which it rests. */
static void
test_sleeps_that_end_late_shorten_no_rest(void **state)
{
    struct akti_busywait b = rung_soon();
    int i;

    (void)state;
    assert_true(waits(&b));
    wait_in_vain(&b, LONGEST);
    for (i = 0; i < 10; i++) {
        akti_busywait_slept(&b, LATE, true);
        akti_busywait_slept(&b, SOON, false);
    }
    assert_int_equal(sleeps_until_wanted(&b), 3);
}

static void
test_two_more_wait_than_work(void **state)
{
    (void)state;
    assert_true(akti_busywait_has_place(1, 0, 0));
    assert_true(akti_busywait_has_place(2, 0, 1));
    assert_true(akti_busywait_has_place(64, 63, 0));
    assert_true(akti_busywait_has_place(64, 62, 1));
    assert_false(akti_busywait_has_place(64, 61, 2));
    assert_true(akti_busywait_has_place(64, 58, 3));
    assert_false(akti_busywait_has_place(64, 58, 4));
    /* Seen too late. */
    assert_false(akti_busywait_has_place(2, 2, 2));
}

static void
test_a_longest_wait_of_nothing_is_none(void **state)
{
    struct akti_busywait b;
    uint64_t longest;

    (void)state;
    for (longest = 0; longest < 2; longest++) {
        akti_busywait_init(&b, longest);
        akti_busywait_slept(&b, 0, true);
        assert_false(waits(&b));
    }
}

/* --- workers --- */

#define LONG_WAIT AKT_SECONDS(1)
#define IN_TIME (LONG_WAIT / 2)
#define WITHIN AKT_SECONDS(60)

AKT_SIGNAL(work);
#define PING(F) F(u64, after_ns)
AKT_MESSAGE(pong, PING);
AKT_REQUEST(ping, PING, pong);
AKT_REQUEST(hold, PING, pong);
AKT_REQUEST(hold_on, PING, pong);

static _Atomic bool let_go;      /* what holds a worker */
static _Atomic bool is_helped;   /* another worker took something */
static _Atomic uint64_t took_ns; /* until then */

struct actor {
    akt_promise_of(ping) end;
    akt_timer timer;
};

static akt_err
on_ping(akt_self *self, struct actor *a, const struct ping *m)
{
    if (m->after_ns == 0) {
        return akt_reply(self, m, .after_ns = 0);
    }
    AKT_TRY(akt_keep(self, m, &a->end));
    return akt_timer_start(self, m->after_ns, 0, &a->timer, work);
}

static akt_err
on_time(akt_self *self, struct actor *a, const struct work *m)
{
    (void)m;
    return akt_promise_reply(self, &a->end, .after_ns = 0);
}
AKT_CLASS(actor, struct actor, AKT_ON(ping, on_ping), AKT_ON(work, on_time));

struct busy {
    pthread_t home;
    uint64_t since_ns;
};

/* Turns so long that what waits behind them waits too long, until one is taken. */
static akt_err
on_work(akt_self *self, struct busy *b, const struct work *m)
{
    uint64_t end_ns = akt_now_ns(self) + AKT_MS(1);

    (void)m;
    if (!pthread_equal(b->home, pthread_self())
        && !atomic_exchange(&is_helped, true)) {
        atomic_store(&took_ns, akt_now_ns(self) - b->since_ns);
    }
    while (akt_now_ns(self) < end_ns) {
    }
    return atomic_load(&is_helped) ? AKT_OK
                                   : akt_send(self, akt_self_ref(self), work);
}
AKT_CLASS(busy, struct busy, AKT_ON(work, on_work));

struct holder {
    uint32_t made;
    akt_ref ref;
};

/* More to do than one worker can. */
static akt_err
make_busy(akt_self *self, struct holder *h)
{
    akt_ref ref;

    for (h->made = 0; h->made < 8; h->made++) {
        AKT_TRY(akt_spawn(self, busy, &ref, .home = pthread_self(),
                          .since_ns = akt_now_ns(self)));
        AKT_TRY(akt_send(self, ref, work));
    }
    return AKT_OK;
}

/* Holds its worker, and makes that before, or after. */
static akt_err
on_hold(akt_self *self, struct holder *h, const struct hold *m)
{
    if (m->after_ns != 0) {
        AKT_TRY(make_busy(self, h));
    }
    while (!atomic_load(&let_go)) {
    }
    if (m->after_ns == 0) {
        AKT_TRY(make_busy(self, h));
    }
    return akt_reply(self, m, .after_ns = 0);
}

/* Holds it, and gives it two more to do in this turn, of which one may be taken. */
static akt_err
on_hold_on(akt_self *self, struct holder *h, const struct hold_on *m)
{
    uint64_t began_ns;

    while (!atomic_load(&let_go)) {
    }
    began_ns = akt_now_ns(self);
    for (h->made = 0; h->made < 2; h->made++) {
        AKT_TRY(akt_spawn(self, busy, &h->ref, .home = pthread_self(),
                          .since_ns = began_ns));
        AKT_TRY(akt_send(self, h->ref, work));
    }
    while (!atomic_load(&is_helped) && akt_now_ns(self) - began_ns < IN_TIME) {
    }
    return akt_reply(self, m, .after_ns = atomic_exchange(&is_helped, true));
}
AKT_CLASS(holder, struct holder, AKT_ON(hold, on_hold),
          AKT_ON(hold_on, on_hold_on));

struct bench {
    akt_system *system;
    akt_self *me;
    akt_ref actor;
};

static akt_sched_stats
stats_of(struct bench *b)
{
    akt_sched_stats s;

    akt_system_stats(b->system, &s);
    return s;
}

/* Until a worker has gone to sleep more than so many times: how often it has. */
static uint64_t
await_sleep(struct bench *b, uint64_t parks)
{
    while (stats_of(b).parks <= parks) {
    }
    return stats_of(b).parks;
}

static void
open_bench(struct bench *b, uint32_t workers)
{
    akt_system_opts opts = AKT_SYSTEM_OPTS_INIT;

    opts.workers = workers;
    opts.busy_wait_ns = LONG_WAIT;
    atomic_store(&let_go, false);
    atomic_store(&is_helped, false);
    assert_ok(akt_system_start(&opts, &b->system));
    assert_ok(akt_attach(b->system, &b->me));
    assert_ok(akt_spawn(b->me, actor, &b->actor));
    /* One that has not begun yet needs no waking either. */
    (void)await_sleep(b, workers - 1);
}

static void
close_bench(struct bench *b)
{
    uint64_t began = akt_now_ns(b->me);

    assert_ok(akt_system_stop(b->system, WITHIN));
    assert_true(akt_now_ns(b->me) - began < IN_TIME);
    akt_detach(b->me);
    akt_system_destroy(b->system);
}

static void
await(struct bench *b, akt_future f)
{
    akt_answer *answer;

    assert_ok(akt_wait(b->me, f, &answer));
    assert_ok(answer->error);
    akt_answer_free(b->me, answer);
}

static void
ask(struct bench *b, uint64_t after_ns)
{
    akt_future f;

    assert_ok(akt_ask_within(b->me, WITHIN, b->actor, &f, ping,
                             .after_ns = after_ns));
    await(b, f);
}

/* Whether it is answered without waking anybody, a little later. */
static bool
finds_awake(struct bench *b)
{
    uint64_t until = akt_now_ns(b->me) + AKT_MS(1);
    uint64_t wakes;

    /* Time to fall asleep, if it does; a busy machine may need more of it. */
    while (akt_now_ns(b->me) < until) {
    }
    wakes = stats_of(b).wakes;
    ask(b, 0);
    return stats_of(b).wakes == wakes;
}

/* Asks until a worker was awake so many times in a row: it waits. */
static bool
make_wait(struct bench *b)
{
    uint32_t row = 0;
    uint32_t n;

    for (n = 0; n < 1000 && row < 20; n++) {
        row = finds_awake(b) ? row + 1 : 0;
    }
    return row == 20;
}

static void
test_who_was_not_woken_soon_does_not_wait(void **state)
{
    struct bench b;
    uint64_t began = akti_clock_now();

    (void)state;
    open_bench(&b, 1);
    assert_true(akti_clock_now() - began < IN_TIME);
    close_bench(&b);
}

static void
test_who_waited_in_vain_does_not_wait(void **state)
{
    struct bench b;
    uint64_t parks;
    uint64_t began;

    (void)state;
    open_bench(&b, 1);
    assert_true(make_wait(&b));
    /* The wait that is in vain. */
    parks = await_sleep(&b, stats_of(&b).parks);
    began = akt_now_ns(b.me);
    ask(&b, 0);
    (void)await_sleep(&b, parks);
    assert_true(akt_now_ns(b.me) - began < IN_TIME);
    close_bench(&b);
}

static void
test_who_waits_awake_needs_no_waking(void **state)
{
    struct bench b;

    (void)state;
    open_bench(&b, 1);
    assert_true(make_wait(&b));
    close_bench(&b);
}

static void
test_who_waits_awake_is_there_for_timers(void **state)
{
    struct bench b;
    uint64_t began;

    (void)state;
    open_bench(&b, 1);
    assert_true(make_wait(&b));
    began = akt_now_ns(b.me);
    ask(&b, AKT_MS(20));
    assert_true(akt_now_ns(b.me) - began < IN_TIME);
    close_bench(&b);
}

static void
test_who_waits_awake_helps_others(void **state)
{
    struct bench b;
    akt_future f;
    akt_ref ref;

    (void)state;
    open_bench(&b, 2);
    assert_ok(akt_spawn(b.me, holder, &ref));
    assert_ok(akt_ask_within(b.me, WITHIN, ref, &f, hold, .after_ns = 0));
    assert_true(make_wait(&b));
    atomic_store(&let_go, true);
    await(&b, f);
    /* A stop would end the wait. */
    while (!atomic_load(&is_helped)) {
    }
    close_bench(&b);
    assert_true(atomic_load(&took_ns) < IN_TIME);
}

/* What waits behind a long turn is taken by a worker that never sleeps. */
static void
test_who_waits_awake_takes_from_who_is_stuck(void **state)
{
    struct bench b;
    akt_future f;
    akt_ref ref;
    uint64_t began;

    (void)state;
    open_bench(&b, 2);
    assert_ok(akt_spawn(b.me, holder, &ref));
    assert_ok(akt_ask_within(b.me, WITHIN, ref, &f, hold, .after_ns = 1));
    assert_true(make_wait(&b));
    began = akt_now_ns(b.me);
    while (!atomic_load(&is_helped)) {
        ask(&b, 0);
    }
    assert_true(akt_now_ns(b.me) - began < IN_TIME);
    atomic_store(&let_go, true);
    await(&b, f);
    close_bench(&b);
}

/* And so it is in the middle of a wait. */
static void
test_who_waits_awake_takes_what_is_stuck(void **state)
{
    struct bench b;
    akt_future f;
    akt_answer *answer;
    akt_ref ref;

    (void)state;
    open_bench(&b, 2);
    assert_ok(akt_spawn(b.me, holder, &ref));
    assert_ok(akt_ask_within(b.me, WITHIN, ref, &f, hold_on, .after_ns = 0));
    assert_true(make_wait(&b));
    atomic_store(&let_go, true);
    assert_ok(akt_wait(b.me, f, &answer));
    assert_ok(answer->error);
    assert_int_equal(akt_answer_as(answer, pong)->after_ns, true);
    akt_answer_free(b.me, answer);
    close_bench(&b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_waits_after_a_sleep_that_a_ring_ended_soon),
        cmocka_unit_test(test_it_goes_on_while_something_comes_soon),
        cmocka_unit_test(test_it_rests_ever_longer_when_nothing_comes),
        cmocka_unit_test(test_it_rests_too_when_something_comes_late),
        cmocka_unit_test(test_it_rests_too_when_others_get_what_comes),
        cmocka_unit_test(test_it_rests_for_long_when_its_core_was_taken_away),
        cmocka_unit_test(test_what_comes_soon_makes_the_next_rest_short),
        cmocka_unit_test(test_a_timer_counts_neither_way),
        cmocka_unit_test(test_sleeps_that_end_late_shorten_no_rest),
        cmocka_unit_test(test_two_more_wait_than_work),
        cmocka_unit_test(test_a_longest_wait_of_nothing_is_none),
        cmocka_unit_test(test_who_was_not_woken_soon_does_not_wait),
        cmocka_unit_test(test_who_waited_in_vain_does_not_wait),
        cmocka_unit_test(test_who_waits_awake_needs_no_waking),
        cmocka_unit_test(test_who_waits_awake_is_there_for_timers),
        cmocka_unit_test(test_who_waits_awake_helps_others),
        cmocka_unit_test(test_who_waits_awake_takes_from_who_is_stuck),
        cmocka_unit_test(test_who_waits_awake_takes_what_is_stuck),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
