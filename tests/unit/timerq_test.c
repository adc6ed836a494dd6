/* SPDX-License-Identifier: MIT */
/*
 * The timer queue against a naive one: an array in which the earliest timer is
 * looked for. Deadlines are chosen near and far, at the edges of ticks and of
 * the wheel's levels.
 */
#include "actors/sched/timerq.h"
#include "tests/unit/unit.h"

#include <string.h>

#define TICK (UINT64_C(1) << AKTI_TICK_LOG2)
#define TIMERS 300u

struct queue {
    struct unit_memory memory;
    struct akti_timerq q;
};

static void
start(struct queue *x, uint64_t now_ns)
{
    unit_memory_init(&x->memory);
    akti_timerq_init(&x->q, &x->memory.memory, now_ns);
}

static void
finish(struct queue *x)
{
    akti_timerq_fini(&x->q);
    assert_nothing_leaked(&x->memory);
}

static void
arm(struct queue *x, struct akti_timer_entry *t, uint64_t deadline_ns)
{
    t->index = AKTI_TIMER_OFF;
    akti_timer_set_due(t, deadline_ns);
    assert_true(akti_timerq_add(&x->q, t));
}

static void
test_pop_of_empty_queue_gives_null(void **state)
{
    struct queue x;

    (void)state;
    start(&x, 0);
    assert_null(akti_timerq_pop(&x.q, UINT64_MAX));
    finish(&x);
}

static void
test_next_of_empty_queue_is_never(void **state)
{
    struct queue x;

    (void)state;
    start(&x, 12345);
    assert_true(akti_timerq_next(&x.q) == UINT64_MAX);
    finish(&x);
}

static void
test_pop_before_deadline_gives_null(void **state)
{
    struct akti_timer_entry t;
    struct queue x;

    (void)state;
    start(&x, 1000);
    arm(&x, &t, 5000);
    assert_null(akti_timerq_pop(&x.q, 4999));
    finish(&x);
}

static void
test_pop_at_deadline_gives_the_timer(void **state)
{
    struct akti_timer_entry t;
    struct queue x;

    (void)state;
    start(&x, 1000);
    arm(&x, &t, 5000);
    assert_ptr_equal(akti_timerq_pop(&x.q, 5000), &t);
    assert_int_equal(t.index, AKTI_TIMER_OFF);
    assert_null(akti_timerq_pop(&x.q, UINT64_MAX));
    finish(&x);
}

static void
test_add_with_deadline_zero_fires_at_once(void **state)
{
    struct akti_timer_entry t;
    struct queue x;

    (void)state;
    start(&x, 100 * TICK);
    arm(&x, &t, 0);
    assert_true(akti_timerq_next(&x.q) == 0);
    assert_ptr_equal(akti_timerq_pop(&x.q, 100 * TICK), &t);
    finish(&x);
}

static void
test_add_with_deadline_now_fires_now(void **state)
{
    struct akti_timer_entry t;
    struct queue x;

    (void)state;
    start(&x, 100 * TICK + 7);
    arm(&x, &t, 100 * TICK + 7);
    assert_ptr_equal(akti_timerq_pop(&x.q, 100 * TICK + 7), &t);
    finish(&x);
}

static void
test_add_with_largest_deadline_fires_then_only(void **state)
{
    struct akti_timer_entry t;
    struct queue x;

    (void)state;
    start(&x, 5);
    arm(&x, &t, UINT64_MAX);
    assert_null(akti_timerq_pop(&x.q, UINT64_MAX - 1));
    assert_ptr_equal(akti_timerq_pop(&x.q, UINT64_MAX), &t);
    finish(&x);
}

/* One timer in each slot of each level, from two starting points. */
static void
fire_one_of_each_slot(uint64_t now_ns)
{
    struct queue x;
    unsigned level;
    unsigned slot;

    for (level = 0; level < AKTI_WHEEL_LEVELS; level++) {
        for (slot = 0; slot < AKTI_WHEEL_SLOTS; slot++) {
            uint64_t shift = AKTI_TICK_LOG2 + level * AKTI_WHEEL_BITS;
            uint64_t deadline = now_ns + ((uint64_t)slot << shift) + slot;
            struct akti_timer_entry t;

            if (deadline < now_ns) {
                continue;
            }
            start(&x, now_ns);
            arm(&x, &t, deadline);
            assert_true(akti_timerq_next(&x.q) <= deadline);
            if (deadline > now_ns) {
                assert_null(akti_timerq_pop(&x.q, deadline - 1));
            }
            assert_true(akti_timerq_next(&x.q) <= deadline);
            assert_ptr_equal(akti_timerq_pop(&x.q, deadline), &t);
            finish(&x);
        }
    }
}

static void
test_timer_in_any_slot_fires_at_its_nanosecond(void **state)
{
    (void)state;
    fire_one_of_each_slot(0);
    fire_one_of_each_slot(UINT64_C(0x1234567890abcdef));
}

static void
test_equal_deadlines_fire_in_start_order(void **state)
{
    static struct akti_timer_entry t[200];
    uint64_t deadline = 70 * TICK * 64 + 12;
    struct queue x;
    size_t i;

    (void)state;
    start(&x, 0);
    for (i = 0; i < 200; i++) {
        arm(&x, &t[i], deadline);
    }
    for (i = 0; i < 200; i++) {
        assert_ptr_equal(akti_timerq_pop(&x.q, deadline), &t[i]);
    }
    finish(&x);
}

static void
test_equal_deadlines_started_at_two_levels_keep_order(void **state)
{
    struct akti_timer_entry far;
    struct akti_timer_entry near;
    struct akti_timer_entry soon;
    uint64_t deadline = 64 * 64 * TICK + 5;
    struct queue x;

    (void)state;
    start(&x, 0);
    arm(&x, &far, deadline);
    assert_null(akti_timerq_pop(&x.q, deadline - 3 * TICK));
    arm(&x, &near, deadline);
    assert_null(akti_timerq_pop(&x.q, deadline - 1));
    arm(&x, &soon, deadline);
    assert_ptr_equal(akti_timerq_pop(&x.q, deadline), &far);
    assert_ptr_equal(akti_timerq_pop(&x.q, deadline), &near);
    assert_ptr_equal(akti_timerq_pop(&x.q, deadline), &soon);
    finish(&x);
}

static void
test_timer_started_again_fires_behind_its_equals(void **state)
{
    struct akti_timer_entry a;
    struct akti_timer_entry b;
    struct queue x;

    (void)state;
    start(&x, 0);
    arm(&x, &a, 9000);
    arm(&x, &b, 9000);
    akti_timerq_remove(&x.q, &a);
    arm(&x, &a, 9000);
    assert_ptr_equal(akti_timerq_pop(&x.q, 9000), &b);
    assert_ptr_equal(akti_timerq_pop(&x.q, 9000), &a);
    finish(&x);
}

static void
test_remove_of_near_timer_keeps_it_from_firing(void **state)
{
    struct akti_timer_entry t;
    struct queue x;

    (void)state;
    start(&x, 0);
    arm(&x, &t, 10);
    akti_timerq_remove(&x.q, &t);
    assert_int_equal(t.index, AKTI_TIMER_OFF);
    assert_null(akti_timerq_pop(&x.q, UINT64_MAX));
    finish(&x);
}

static void
test_remove_of_far_timer_keeps_it_from_firing(void **state)
{
    struct akti_timer_entry t;
    struct queue x;

    (void)state;
    start(&x, 0);
    arm(&x, &t, UINT64_C(1) << 60);
    akti_timerq_remove(&x.q, &t);
    assert_int_equal(t.index, AKTI_TIMER_OFF);
    assert_true(akti_timerq_next(&x.q) == UINT64_MAX);
    assert_null(akti_timerq_pop(&x.q, UINT64_MAX));
    finish(&x);
}

static void
test_remove_of_stopped_timer_does_nothing(void **state)
{
    struct akti_timer_entry t;
    struct akti_timer_entry other;
    struct queue x;

    (void)state;
    start(&x, 0);
    arm(&x, &t, 10);
    arm(&x, &other, 20);
    akti_timerq_remove(&x.q, &t);
    akti_timerq_remove(&x.q, &t);
    assert_ptr_equal(akti_timerq_pop(&x.q, 20), &other);
    assert_null(akti_timerq_pop(&x.q, 20));
    finish(&x);
}

static void
test_remove_from_slot_of_three_keeps_the_others(void **state)
{
    struct akti_timer_entry t[3];
    struct queue x;
    int victim;

    (void)state;
    for (victim = 0; victim < 3; victim++) {
        int i;

        start(&x, 0);
        for (i = 0; i < 3; i++) {
            arm(&x, &t[i], 500 * TICK);
        }
        akti_timerq_remove(&x.q, &t[victim]);
        for (i = 0; i < 3; i++) {
            if (i != victim) {
                assert_ptr_equal(akti_timerq_pop(&x.q, 500 * TICK), &t[i]);
            }
        }
        assert_null(akti_timerq_pop(&x.q, 500 * TICK));
        finish(&x);
    }
}

/* More than the heap begins with, all in one slot of the wheel. */
static void
test_many_timers_of_one_slot_all_fire(void **state)
{
    static struct akti_timer_entry t[TIMERS];
    struct queue x;
    uint32_t i;

    (void)state;
    start(&x, 0);
    for (i = 0; i < TIMERS; i++) {
        arm(&x, &t[i], 70 * TICK + i);
    }
    for (i = 0; i < TIMERS; i++) {
        assert_ptr_equal(akti_timerq_pop(&x.q, 71 * TICK), &t[i]);
    }
    finish(&x);
}

static void
test_add_out_of_memory_starts_nothing(void **state)
{
    struct akti_timer_entry t = {.index = AKTI_TIMER_OFF, .due_ns = 7};
    struct queue x;

    (void)state;
    start(&x, 0);
    unit_memory_limit(&x.memory, 0);
    assert_false(akti_timerq_add(&x.q, &t));
    assert_int_equal(t.index, AKTI_TIMER_OFF);
    assert_null(akti_timerq_pop(&x.q, UINT64_MAX));
    finish(&x);
}

static void
test_add_out_of_memory_leaves_the_others(void **state)
{
    static struct akti_timer_entry t[1000];
    struct queue x;
    uint32_t started = 0;
    uint32_t i;

    (void)state;
    start(&x, 0);
    unit_memory_limit(&x.memory, 2);
    while (started < 1000) {
        t[started].index = AKTI_TIMER_OFF;
        akti_timer_set_due(&t[started], 1000000 + started);
        if (!akti_timerq_add(&x.q, &t[started])) {
            break;
        }
        started++;
    }
    assert_in_range(started, 1, 999);
    for (i = 0; i < started; i++) {
        assert_ptr_equal(akti_timerq_pop(&x.q, UINT64_MAX), &t[i]);
    }
    finish(&x);
}

/* In the wheel and in the heap, and after they were stopped. */
static void
test_next_prompt_does_not_see_patient_timers(void **state)
{
    struct akti_timer_entry far = {.patient = true};
    struct akti_timer_entry near = {.patient = true};
    struct akti_timer_entry prompt = {.patient = false};
    struct queue x;

    (void)state;
    start(&x, 0);
    arm(&x, &far, 700 * TICK);
    arm(&x, &near, 100);
    assert_true(akti_timerq_next(&x.q) <= 100);
    assert_true(akti_timerq_next_prompt(&x.q) == UINT64_MAX);
    arm(&x, &prompt, 800 * TICK);
    assert_true(akti_timerq_next_prompt(&x.q) <= 800 * TICK);
    assert_true(akti_timerq_next_prompt(&x.q) > 100);
    akti_timerq_remove(&x.q, &prompt);
    arm(&x, &prompt, 200);
    assert_true(akti_timerq_next_prompt(&x.q) <= 200);
    akti_timerq_remove(&x.q, &prompt);
    assert_true(akti_timerq_next_prompt(&x.q) > 200);
    assert_ptr_equal(akti_timerq_pop(&x.q, 1000 * TICK), &near);
    assert_ptr_equal(akti_timerq_pop(&x.q, 1000 * TICK), &far);
    assert_true(akti_timerq_next_prompt(&x.q) == UINT64_MAX);
    finish(&x);
}

static void
test_fini_of_zeroed_queue_does_nothing(void **state)
{
    static struct akti_timerq q;

    (void)state;
    akti_timerq_fini(&q);
    assert_null(q.heap);
}

/* --- against the naive queue --- */

struct naive {
    bool on;
    uint64_t deadline_ns;
    uint64_t started; /* when, as a number */
};

struct model {
    struct akti_random random;
    uint64_t now_ns;
    uint64_t starts;
    struct naive naive[TIMERS];
    struct akti_timer_entry entry[TIMERS];
    struct akti_timerq q;
};

/* The earliest, TIMERS when there is none. */
static uint32_t
naive_first(const struct model *m)
{
    uint32_t best = TIMERS;
    uint32_t i;

    for (i = 0; i < TIMERS; i++) {
        const struct naive *n = &m->naive[i];

        if (n->on
            && (best == TIMERS || n->deadline_ns < m->naive[best].deadline_ns
                || (n->deadline_ns == m->naive[best].deadline_ns
                    && n->started < m->naive[best].started))) {
            best = i;
        }
    }
    return best;
}

/* A number of random magnitude: each length in bits is as likely. */
static uint64_t
any_magnitude(struct akti_random *r)
{
    return akti_random_next(r) >> akti_random_below(r, 64);
}

static uint64_t
saturating_add(uint64_t a, uint64_t b)
{
    return a + b < a ? UINT64_MAX : a + b;
}

static uint64_t
any_deadline(struct model *m)
{
    struct akti_random *r = &m->random;
    uint64_t edge;

    switch (akti_random_below(r, 10)) {
    case 0:
        return 0;
    case 1:
        return m->now_ns;
    case 2:
        return UINT64_MAX - akti_random_below(r, 3);
    case 3: /* the past */
        return any_magnitude(r) % (m->now_ns / 2 + 1);
    case 4: /* the same as another's */
        return m->naive[akti_random_below(r, TIMERS)].deadline_ns;
    case 5: /* the edge of a slot */
        edge = UINT64_MAX << (AKTI_TICK_LOG2
                              + AKTI_WHEEL_BITS
                                    * akti_random_below(r, AKTI_WHEEL_LEVELS));
        edge &= saturating_add(m->now_ns, any_magnitude(r));
        return edge - (edge > 0 ? akti_random_below(r, 2) : 0);
    case 6: /* one delay */
        return saturating_add(m->now_ns, 5000000);
    case 7: /* soon */
        return saturating_add(m->now_ns, akti_random_below(r, 4000000));
    default:
        return saturating_add(m->now_ns, any_magnitude(r));
    }
}

/* A third of them stand in the line, most of those with one delay. */
static void
add(struct model *m, struct akti_timer_entry *t)
{
    if (akti_random_below(&m->random, 3) == 0) {
        (void)akti_timerq_add_in_line(&m->q, t);
    } else {
        (void)akti_timerq_add(&m->q, t);
    }
}

static void
toggle(struct model *m)
{
    uint32_t i = akti_random_below(&m->random, TIMERS);

    if (m->naive[i].on) {
        akti_timerq_remove(&m->q, &m->entry[i]);
        m->naive[i].on = false;
        return;
    }
    m->naive[i].deadline_ns = any_deadline(m);
    m->naive[i].started = m->starts++;
    m->naive[i].on = true;
    akti_timer_set_due(&m->entry[i], m->naive[i].deadline_ns);
    m->entry[i].patient = akti_random_below(&m->random, 2) == 0;
    add(m, &m->entry[i]);
}

/* Lets time go on and takes what is due, or some of it. */
static const char *
pop_due(struct model *m)
{
    uint32_t limit = 1 + akti_random_below(&m->random, 2 * TIMERS);

    while (limit-- > 0) {
        uint32_t first = naive_first(m);
        struct akti_timer_entry *t = akti_timerq_pop(&m->q, m->now_ns);

        if (first == TIMERS || m->naive[first].deadline_ns > m->now_ns) {
            return t == NULL ? NULL : "a timer fires before its deadline";
        }
        if (t == NULL) {
            return "a due timer does not fire";
        }
        if (t != &m->entry[first]) {
            return "timers fire out of order";
        }
        m->naive[first].on = false;
    }
    return NULL;
}

static void
pass_time(struct model *m)
{
    uint32_t first = naive_first(m);

    switch (akti_random_below(&m->random, 4)) {
    case 0: /* to the next timer, or just before it */
        if (first != TIMERS && m->naive[first].deadline_ns > m->now_ns) {
            m->now_ns =
                m->naive[first].deadline_ns - akti_random_below(&m->random, 2);
        }
        break;
    case 1:
        m->now_ns = saturating_add(
            m->now_ns, any_magnitude(&m->random)
                           >> (4 + akti_random_below(&m->random, 40)));
        break;
    case 2:
        m->now_ns =
            saturating_add(m->now_ns, akti_random_below(&m->random, 1000000));
        break;
    default: /* as a worker that sleeps until next() */
        if (akti_timerq_next(&m->q) > m->now_ns
            && akti_timerq_next(&m->q) != UINT64_MAX) {
            m->now_ns = akti_timerq_next(&m->q);
        }
        break;
    }
}

/* When the earliest timer that is not patient is due. */
static uint64_t
naive_first_prompt(const struct model *m)
{
    uint64_t first = UINT64_MAX;
    uint32_t i;

    for (i = 0; i < TIMERS; i++) {
        if (m->naive[i].on && !m->entry[i].patient
            && m->naive[i].deadline_ns < first) {
            first = m->naive[i].deadline_ns;
        }
    }
    return first;
}

static const char *
check(const struct model *m)
{
    uint32_t first = naive_first(m);
    uint64_t next = akti_timerq_next(&m->q);

    if (first == TIMERS) {
        return next == UINT64_MAX ? NULL : "next() of an empty queue";
    }
    if (akti_timerq_next_exact(&m->q) != m->naive[first].deadline_ns) {
        return "next_exact() is not the earliest timer";
    }
    if (akti_timerq_next_prompt(&m->q) > naive_first_prompt(m)) {
        return "next_prompt() is after the earliest prompt timer";
    }
    return next <= m->naive[first].deadline_ns
               ? NULL
               : "next() is after the earliest timer";
}

static const char *
drain(struct model *m)
{
    uint32_t i;

    m->now_ns = UINT64_MAX;
    for (i = 0; i < TIMERS; i++) {
        const char *wrong = pop_due(m);

        if (wrong != NULL) {
            return wrong;
        }
    }
    return naive_first(m) == TIMERS ? NULL : "a timer was lost";
}

static const char *
compare(uint64_t seed)
{
    static struct model m;
    struct akti_memory memory;
    const char *wrong = NULL;
    int step;
    uint32_t i;

    memset(&m, 0, sizeof(m));
    m.random.state = seed;
    m.now_ns = any_magnitude(&m.random) >> 1;
    akti_memory_init(&memory, NULL);
    akti_timerq_init(&m.q, &memory, m.now_ns);
    for (i = 0; i < TIMERS; i++) {
        m.entry[i].index = AKTI_TIMER_OFF;
    }
    for (step = 0; step < 400 && wrong == NULL; step++) {
        uint32_t n = akti_random_below(&m.random, 20);

        while (n-- > 0) {
            toggle(&m);
        }
        wrong = check(&m);
        pass_time(&m);
        wrong = wrong != NULL ? wrong : pop_due(&m);
        wrong = wrong != NULL ? wrong : check(&m);
    }
    wrong = wrong != NULL ? wrong : drain(&m);
    akti_timerq_fini(&m.q);
    return wrong;
}

static void
test_random_use_agrees_with_naive_queue(void **state)
{
    (void)state;
    unit_for_each_seed(200, compare);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pop_of_empty_queue_gives_null),
        cmocka_unit_test(test_next_of_empty_queue_is_never),
        cmocka_unit_test(test_pop_before_deadline_gives_null),
        cmocka_unit_test(test_pop_at_deadline_gives_the_timer),
        cmocka_unit_test(test_add_with_deadline_zero_fires_at_once),
        cmocka_unit_test(test_add_with_deadline_now_fires_now),
        cmocka_unit_test(test_add_with_largest_deadline_fires_then_only),
        cmocka_unit_test(test_timer_in_any_slot_fires_at_its_nanosecond),
        cmocka_unit_test(test_equal_deadlines_fire_in_start_order),
        cmocka_unit_test(test_equal_deadlines_started_at_two_levels_keep_order),
        cmocka_unit_test(test_timer_started_again_fires_behind_its_equals),
        cmocka_unit_test(test_remove_of_near_timer_keeps_it_from_firing),
        cmocka_unit_test(test_remove_of_far_timer_keeps_it_from_firing),
        cmocka_unit_test(test_remove_of_stopped_timer_does_nothing),
        cmocka_unit_test(test_remove_from_slot_of_three_keeps_the_others),
        cmocka_unit_test(test_many_timers_of_one_slot_all_fire),
        cmocka_unit_test(test_add_out_of_memory_starts_nothing),
        cmocka_unit_test(test_add_out_of_memory_leaves_the_others),
        cmocka_unit_test(test_next_prompt_does_not_see_patient_timers),
        cmocka_unit_test(test_fini_of_zeroed_queue_does_nothing),
        cmocka_unit_test(test_random_use_agrees_with_naive_queue),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
