/* SPDX-License-Identifier: MIT */
/* Coroutines: switching, what survives it, threads in turn, many at a time. */
#include "actors/base/coro.h"
#include "actors/base/stack.h"
#include "tests/unit/unit.h"

#include <pthread.h>
#include <string.h>

/* The sanitizers have costly things of their own for each coroutine. */
#if defined(AKTI_STACK_ADDRESS_SANITIZER)
#define MANY 500
#define REUSES 2000
#define MOVES_LOCALS 1
#define DEPTH 40
#elif defined(AKTI_STACK_THREAD_SANITIZER)
#define MANY 500
#define REUSES 200000
#define MOVES_LOCALS 0
#define DEPTH 90
#else
#define MANY 10000
#define REUSES 200000
#define MOVES_LOCALS 0
#define DEPTH 105
#endif

struct fixture {
    struct unit_memory memory;
    struct akti_log log;
    struct akti_stacks pool;
    struct akti_stack_cache cache;
};

static void
start(struct fixture *f)
{
    unit_memory_init(&f->memory);
    akti_log_init(&f->log, AKT_LOG_OFF, NULL, NULL);
    assert_int_equal(
        akti_stacks_init(&f->pool, &f->memory.memory, &f->log, 65536), AKT_OK);
    akti_stack_cache_init(&f->cache, &f->pool);
}

static void
finish(struct fixture *f)
{
    akti_stack_cache_flush(&f->cache);
    assert_int_equal(akti_stacks_in_use(&f->pool), 0);
    akti_stacks_fini(&f->pool);
    assert_nothing_leaked(&f->memory);
}

/* A coroutine with what its function writes to. */
struct probe {
    struct akti_coro coro;
    int steps;
    int wanted; /* how often it leaves */
    bool wrong;
    void *seen;
    uintptr_t address;
};

static void
make(struct fixture *f, struct probe *p, void (*run)(void *))
{
    struct akti_stack *stack = NULL;

    assert_int_equal(akti_stack_get(&f->cache, &stack), AKT_OK);
    akti_coro_init(&p->coro, stack, stack->high, run, p);
}

static void
end(struct fixture *f, struct probe *p)
{
    assert_true(p->coro.ended);
    akti_stack_put(&f->cache, p->coro.stack);
}

/* Leaves as often as it is told to. */
static void
leave_often(void *arg)
{
    struct probe *p = arg;
    volatile uintptr_t here = (uintptr_t)&here;

    p->seen = arg;
    p->address = here;
    while (p->steps < p->wanted) {
        p->steps++;
        akti_coro_leave(&p->coro);
    }
}

static void
test_init_does_not_run_the_function(void **state)
{
    struct fixture f;
    struct probe p = {.wanted = 0};

    (void)state;
    start(&f);
    make(&f, &p, leave_often);
    assert_null(p.seen);
    assert_false(p.coro.ended);
    assert_null(akti_coro_current);
    akti_coro_enter(&p.coro);
    end(&f, &p);
    finish(&f);
}

static void
test_enter_runs_with_the_argument_on_the_stack(void **state)
{
    struct fixture f;
    struct probe p = {.wanted = 1};

    (void)state;
    start(&f);
    make(&f, &p, leave_often);
    akti_coro_enter(&p.coro);
    assert_ptr_equal(p.seen, &p);
    assert_true(MOVES_LOCALS || p.address > (uintptr_t)p.coro.stack->low);
    assert_true(MOVES_LOCALS || p.address < (uintptr_t)p.coro.stack->high);
    akti_coro_enter(&p.coro);
    end(&f, &p);
    finish(&f);
}

static void
test_leave_goes_on_where_it_left(void **state)
{
    struct fixture f;
    struct probe p = {.wanted = 5};
    int i;

    (void)state;
    start(&f);
    make(&f, &p, leave_often);
    for (i = 1; i <= 5; i++) {
        akti_coro_enter(&p.coro);
        assert_int_equal(p.steps, i);
        assert_false(p.coro.ended);
    }
    akti_coro_enter(&p.coro);
    assert_int_equal(p.steps, 5);
    end(&f, &p);
    finish(&f);
}

static void
see_current(void *arg)
{
    struct probe *p = arg;

    p->seen = akti_coro_current;
}

static void
test_current_is_the_one_that_is_entered(void **state)
{
    struct fixture f;
    struct probe p = {.wanted = 0};

    (void)state;
    start(&f);
    make(&f, &p, see_current);
    akti_coro_enter(&p.coro);
    assert_ptr_equal(p.seen, &p.coro);
    assert_null(akti_coro_current);
    end(&f, &p);
    finish(&f);
}

/* --- what survives --- */

/* More values than there are registers, all alive over each leave. */
static void
keep_values(void *arg)
{
    struct probe *p = arg;
    long a = 1, b = 2, c = 3, d = 4, e = 5, g = 6, h = 7, i = 8;
    double r = 0.5, s = 1.25, t = 2.5, u = 3.75;
    char text[256];

    memset(text, 'x', sizeof(text));
    while (p->steps < p->wanted) {
        p->steps++;
        akti_coro_leave(&p->coro);
        a += b;
        b += c;
        c += d;
        d += e;
        e += g;
        g += h;
        h += i;
        i += 1;
        r += s;
        s += t;
        t += u;
        u += 0.125;
        p->wrong |= text[p->steps % 256] != 'x';
    }
    p->wrong |= i != 8 + p->wanted;
    p->wrong |= h != 7 + 8L * p->wanted + (long)p->wanted * (p->wanted - 1) / 2;
    p->wrong |= u != 3.75 + 0.125 * p->wanted;
    p->wrong |= a + b + c + d + e + g <= 0 || r + s + t <= 0;
}

static void
test_values_on_both_sides_survive_the_switches(void **state)
{
    struct fixture f;
    struct probe p = {.wanted = 100};
    long a = 1, b = 1;
    double r = 1, s = 1;
    int i;

    (void)state;
    start(&f);
    make(&f, &p, keep_values);
    for (i = 0; i < 40; i++) {
        long next = a + b;
        double scaled = r * 1.5;

        akti_coro_enter(&p.coro);
        a = b;
        b = next;
        s = r;
        r = scaled;
    }
    assert_int_equal(b, 267914296);
    assert_true(r / s == 1.5);
    while (!p.coro.ended) {
        akti_coro_enter(&p.coro);
    }
    assert_false(p.wrong);
    end(&f, &p);
    finish(&f);
}

/* --- many --- */

static struct probe many[MANY];

static void
test_many_coroutines_in_turn_keep_apart(void **state)
{
    static struct fixture f;
    int round;
    size_t i;

    (void)state;
    start(&f);
    memset(many, 0, sizeof(many));
    for (i = 0; i < MANY; i++) {
        many[i].wanted = 3 + (int)(i % 5);
        make(&f, &many[i], keep_values);
    }
    for (round = 0; round < 8; round++) {
        for (i = 0; i < MANY; i++) {
            if (!many[i].coro.ended) {
                akti_coro_enter(&many[i].coro);
            }
        }
    }
    for (i = 0; i < MANY; i++) {
        assert_false(many[i].wrong);
        assert_int_equal(many[i].steps, 3 + (int)(i % 5));
        end(&f, &many[i]);
    }
    finish(&f);
}

/* The thread sanitizer's list of callers must not grow with each. */
static void
test_a_stack_serves_one_coroutine_after_the_other(void **state)
{
    struct fixture f;
    struct akti_stack *first = NULL;
    int i;

    (void)state;
    start(&f);
    for (i = 0; i < REUSES; i++) {
        struct probe p = {.wanted = 1};

        make(&f, &p, leave_often);
        first = first == NULL ? p.coro.stack : first;
        assert_ptr_equal(p.coro.stack, first);
        akti_coro_enter(&p.coro);
        akti_coro_enter(&p.coro);
        end(&f, &p);
    }
    finish(&f);
}

/* --- depth --- */

/* Half a kilobyte for each call, more in instrumented builds. */
static int
sink(const volatile char *above, int depth)
{
    volatile char frame[480];

    frame[0] = above[0];
    frame[479] = 1;
    return depth == 0 ? frame[0] : sink(frame, depth - 1) + frame[479];
}

static void
use_deeply(void *arg)
{
    struct probe *p = arg;
    volatile char zero = 0;

    p->steps = sink(&zero, DEPTH);
    akti_coro_leave(&p->coro);
    p->steps += sink(&zero, DEPTH);
}

static void
test_deep_use_of_one_stack_leaves_others_alone(void **state)
{
    struct fixture f;
    struct probe p[3] = {{.wanted = 10}, {.wanted = 1}, {.wanted = 10}};

    (void)state;
    start(&f);
    make(&f, &p[0], keep_values);
    make(&f, &p[1], use_deeply);
    make(&f, &p[2], keep_values);
    akti_coro_enter(&p[0].coro);
    akti_coro_enter(&p[2].coro);
    akti_coro_enter(&p[1].coro);
    akti_coro_enter(&p[1].coro);
    assert_int_equal(p[1].steps, 2 * DEPTH);
    while (!p[0].coro.ended) {
        akti_coro_enter(&p[0].coro);
        akti_coro_enter(&p[2].coro);
    }
    assert_false(p[0].wrong);
    assert_false(p[2].wrong);
    end(&f, &p[0]);
    end(&f, &p[1]);
    end(&f, &p[2]);
    finish(&f);
}

/* --- threads --- */

struct relay {
    pthread_mutex_t lock;
    pthread_cond_t cond;
    struct probe *probe;
    int turn;
    int rounds;
};

struct runner {
    struct relay *relay;
    int number;
};

/* Enters the coroutine when it is its turn. */
static void *
run_in_turn(void *arg)
{
    struct runner *r = arg;
    struct relay *relay = r->relay;
    int i;

    for (i = 0; i < relay->rounds; i++) {
        (void)pthread_mutex_lock(&relay->lock);
        while (relay->turn % 3 != r->number) {
            (void)pthread_cond_wait(&relay->cond, &relay->lock);
        }
        akti_coro_enter(&relay->probe->coro);
        relay->turn++;
        (void)pthread_cond_broadcast(&relay->cond);
        (void)pthread_mutex_unlock(&relay->lock);
    }
    return NULL;
}

static void
test_threads_in_turn_enter_one_coroutine(void **state)
{
    static struct relay relay = {.lock = PTHREAD_MUTEX_INITIALIZER,
                                 .cond = PTHREAD_COND_INITIALIZER,
                                 .rounds = 100};
    struct fixture f;
    struct probe p = {.wanted = 300};
    struct runner runner[3];
    pthread_t thread[3];
    int i;

    (void)state;
    start(&f);
    make(&f, &p, keep_values);
    relay.probe = &p;
    for (i = 0; i < 3; i++) {
        runner[i] = (struct runner){&relay, i};
        assert_int_equal(
            pthread_create(&thread[i], NULL, run_in_turn, &runner[i]), 0);
    }
    for (i = 0; i < 3; i++) {
        assert_int_equal(pthread_join(thread[i], NULL), 0);
    }
    assert_int_equal(p.steps, 300);
    akti_coro_enter(&p.coro);
    assert_false(p.wrong);
    end(&f, &p);
    finish(&f);
}

/* --- one inside another --- */

static void
enter_another(void *arg)
{
    struct probe *p = arg;
    struct probe *inner = p->seen;

    while (!inner->coro.ended) {
        akti_coro_enter(&inner->coro);
        p->wrong |= akti_coro_current != &p->coro;
        akti_coro_leave(&p->coro);
    }
}

static void
test_a_coroutine_may_enter_another(void **state)
{
    struct fixture f;
    struct probe inner = {.wanted = 3};
    struct probe outer = {.seen = &inner};

    (void)state;
    start(&f);
    make(&f, &inner, keep_values);
    make(&f, &outer, enter_another);
    while (!outer.coro.ended) {
        akti_coro_enter(&outer.coro);
        assert_null(akti_coro_current);
    }
    assert_false(inner.wrong);
    assert_false(outer.wrong);
    end(&f, &inner);
    end(&f, &outer);
    finish(&f);
}

/* --- where a coroutine keeps itself on its own stack --- */

static void
test_init_below_the_top_leaves_what_is_above_alone(void **state)
{
    struct fixture f;
    struct akti_stack *stack = NULL;
    struct probe *p;

    (void)state;
    start(&f);
    assert_int_equal(akti_stack_get(&f.cache, &stack), AKT_OK);
    p = (struct probe *)(void *)(stack->high - sizeof(struct probe) - 48);
    memset((void *)p, 0, sizeof(*p) + 48);
    p->wanted = 4;
    akti_coro_init(&p->coro, stack, p, keep_values, p);
    while (!p->coro.ended) {
        akti_coro_enter(&p->coro);
    }
    assert_false(p->wrong);
    assert_int_equal(p->steps, 4);
    akti_stack_put(&f.cache, stack);
    finish(&f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_init_does_not_run_the_function),
        cmocka_unit_test(test_enter_runs_with_the_argument_on_the_stack),
        cmocka_unit_test(test_leave_goes_on_where_it_left),
        cmocka_unit_test(test_current_is_the_one_that_is_entered),
        cmocka_unit_test(test_values_on_both_sides_survive_the_switches),
        cmocka_unit_test(test_many_coroutines_in_turn_keep_apart),
        cmocka_unit_test(test_a_stack_serves_one_coroutine_after_the_other),
        cmocka_unit_test(test_deep_use_of_one_stack_leaves_others_alone),
        cmocka_unit_test(test_threads_in_turn_enter_one_coroutine),
        cmocka_unit_test(test_a_coroutine_may_enter_another),
        cmocka_unit_test(test_init_below_the_top_leaves_what_is_above_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
