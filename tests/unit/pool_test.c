/* SPDX-License-Identifier: MIT */
/* Magazines and depots: reuse, numbering, bounds, trading, running out. */
#include "actors/base/pool.h"
#include "tests/unit/unit.h"

#include <pthread.h>
#include <string.h>

#define CELL_BYTES 128u

/* The pool writes to the first 16 bytes only: the number is behind them. */
struct numbered {
    struct akti_block link;
    uint32_t index;
    uint32_t inits;
};

static void
number(void *cell, uint32_t index)
{
    struct numbered *n = cell;

    n->index = index;
    n->inits = 1;
}

struct fixture {
    struct unit_memory memory;
    struct akti_depot depot;
    struct akti_cache a;
    struct akti_cache b;
};

static struct fixture *
start(struct fixture *f, const struct akti_depot_opts *opts)
{
    unit_memory_init(&f->memory);
    akti_depot_init(&f->depot, &f->memory.memory, opts);
    akti_cache_init(&f->a, &f->depot);
    akti_cache_init(&f->b, &f->depot);
    return f;
}

static struct fixture *
start_plain(struct fixture *f, size_t block_size)
{
    struct akti_depot_opts opts = {.block_size = block_size, .align = 64};

    return start(f, &opts);
}

static struct fixture *
start_stable(struct fixture *f, uint32_t max_cells)
{
    struct akti_depot_opts opts = {.block_size = CELL_BYTES,
                                   .align = 64,
                                   .init = number,
                                   .max_cells = max_cells};

    return start(f, &opts);
}

static void
finish(struct fixture *f)
{
    akti_cache_flush(&f->a);
    akti_cache_flush(&f->b);
    akti_depot_fini(&f->depot);
    assert_nothing_leaked(&f->memory);
}

/* --- plain --- */

static void
test_alloc_gives_aligned_disjoint_blocks(void **state)
{
    struct fixture f;
    unsigned char *block[300];
    size_t i;
    size_t k;

    (void)state;
    start_plain(&f, 256);
    for (i = 0; i < 300; i++) {
        block[i] = akti_cache_alloc(&f.a);
        assert_non_null(block[i]);
        assert_int_equal((uintptr_t)block[i] % 64, 0);
        memset(block[i], (int)(i & 0xff), 256);
    }
    for (i = 0; i < 300; i++) {
        for (k = 0; k < 256; k++) {
            assert_int_equal(block[i][k], i & 0xff);
        }
        akti_cache_free(&f.a, block[i]);
    }
    finish(&f);
}

static void
test_alloc_after_free_gives_the_same_block(void **state)
{
    struct fixture f;
    void *block;

    (void)state;
    start_stable(&f, 1000);
    block = akti_cache_alloc(&f.a);
    akti_cache_free(&f.a, block);
    assert_ptr_equal(akti_cache_alloc(&f.a), block);
    akti_cache_free(&f.a, block);
    finish(&f);
}

static void
test_alloc_and_free_in_turn_ask_the_hook_once(void **state)
{
    struct fixture f;
    long calls;
    int i;

    (void)state;
    start_stable(&f, 1000);
    akti_cache_free(&f.a, akti_cache_alloc(&f.a));
    calls = atomic_load(&f.memory.calls);
    for (i = 0; i < 10000; i++) {
        akti_cache_free(&f.a, akti_cache_alloc(&f.a));
    }
    assert_int_equal(atomic_load(&f.memory.calls), calls);
    finish(&f);
}

static void
test_alloc_here_and_free_there_reuses_blocks(void **state)
{
    struct fixture f;
    void *block[512];
    uint32_t cells;
    int round;
    size_t i;

    (void)state;
    start_stable(&f, 100000);
    for (round = 0; round < 20; round++) {
        for (i = 0; i < 512; i++) {
            block[i] = akti_cache_alloc(&f.a);
            assert_non_null(block[i]);
        }
        for (i = 0; i < 512; i++) {
            akti_cache_free(&f.b, block[i]);
        }
    }
    cells = akti_depot_count(&f.depot);
    /* The depot, and two magazines and a half that each cache may keep. */
    assert_true(cells <= 512 + 4 * f.depot.magazine);
    finish(&f);
}

static void
test_free_keeps_at_most_two_magazines(void **state)
{
    struct fixture f;
    void *block[512];
    uint32_t kept;
    size_t i;

    (void)state;
    start_stable(&f, 512);
    for (i = 0; i < 512; i++) {
        block[i] = akti_cache_alloc(&f.a);
    }
    for (i = 0; i < 512; i++) {
        akti_cache_free(&f.a, block[i]);
    }
    for (kept = 512; akti_cache_alloc(&f.b) != NULL; kept--) {
    }
    assert_true(kept <= 2 * f.depot.magazine);
    akti_cache_init(&f.b, &f.depot); /* forgets what it took */
    finish(&f);
}

static void
test_flush_gives_all_blocks_to_the_other_cache(void **state)
{
    struct fixture f;
    void *block[300];
    size_t i;

    (void)state;
    start_stable(&f, 300);
    for (i = 0; i < 300; i++) {
        block[i] = akti_cache_alloc(&f.a);
        assert_non_null(block[i]);
    }
    for (i = 0; i < 300; i++) {
        akti_cache_free(&f.a, block[i]);
    }
    akti_cache_flush(&f.a);
    for (i = 0; i < 300; i++) {
        assert_non_null(akti_cache_alloc(&f.b));
    }
    assert_null(akti_cache_alloc(&f.b));
    akti_cache_init(&f.b, &f.depot);
    finish(&f);
}

static void
test_flush_leaves_a_cache_that_works(void **state)
{
    struct fixture f;
    void *block;

    (void)state;
    start_plain(&f, 64);
    akti_cache_free(&f.a, akti_cache_alloc(&f.a));
    akti_cache_flush(&f.a);
    akti_cache_flush(&f.a);
    block = akti_cache_alloc(&f.a);
    assert_non_null(block);
    akti_cache_free(&f.a, block);
    finish(&f);
}

static void
test_flush_of_zeroed_cache_does_nothing(void **state)
{
    struct akti_cache c;

    (void)state;
    memset(&c, 0, sizeof(c));
    akti_cache_flush(&c);
    assert_null(c.head);
}

static void
test_fini_of_zeroed_depot_does_nothing(void **state)
{
    static struct akti_depot d;

    (void)state;
    akti_depot_fini(&d);
    assert_null(d.memory);
}

static void
test_fini_with_blocks_in_use_frees_the_chunks(void **state)
{
    struct fixture f;
    int i;

    (void)state;
    start_stable(&f, 5000);
    for (i = 0; i < 3000; i++) {
        assert_non_null(akti_cache_alloc(&f.a));
    }
    akti_cache_init(&f.a, &f.depot);
    finish(&f);
}

/* --- out of memory --- */

static void
test_alloc_out_of_memory_gives_null(void **state)
{
    struct fixture f;

    (void)state;
    start_plain(&f, 64);
    unit_memory_limit(&f.memory, 0);
    assert_null(akti_cache_alloc(&f.a));
    finish(&f);
}

static void
test_alloc_out_of_memory_hands_out_what_there_is(void **state)
{
    struct fixture f;
    unsigned n = 0;

    (void)state;
    start_stable(&f, 100000);
    unit_memory_limit(&f.memory, 1);
    while (akti_cache_alloc(&f.a) != NULL) {
        n++;
    }
    assert_int_equal(n, 1u << AKTI_CHUNK_CELLS_LOG2);
    finish(&f);
}

static void
test_alloc_after_memory_came_back_succeeds(void **state)
{
    struct fixture f;
    void *block;

    (void)state;
    start_plain(&f, 64);
    unit_memory_limit(&f.memory, 0);
    assert_null(akti_cache_alloc(&f.a));
    unit_memory_limit(&f.memory, 100);
    block = akti_cache_alloc(&f.a);
    assert_non_null(block);
    akti_cache_free(&f.a, block);
    finish(&f);
}

/* --- stable --- */

static void
test_alloc_of_cells_numbers_each_once(void **state)
{
    static unsigned char seen[5000];
    struct fixture f;
    int i;

    (void)state;
    start_stable(&f, 5000);
    for (i = 0; i < 5000; i++) {
        struct numbered *cell = akti_cache_alloc(&f.a);

        assert_non_null(cell);
        assert_true(cell->index < 5000);
        assert_int_equal(seen[cell->index], 0);
        seen[cell->index] = 1;
    }
    akti_cache_init(&f.a, &f.depot);
    finish(&f);
}

static void
test_alloc_of_used_cell_keeps_number_and_content(void **state)
{
    struct fixture f;
    struct numbered *cell;
    uint32_t index;

    (void)state;
    start_stable(&f, 1000);
    cell = akti_cache_alloc(&f.a);
    index = cell->index;
    cell->inits = 77;
    akti_cache_free(&f.a, cell);
    akti_cache_flush(&f.a);
    while ((cell = akti_cache_alloc(&f.b)) != NULL && cell->index != index) {
    }
    assert_non_null(cell);
    assert_int_equal(cell->inits, 77);
    akti_cache_init(&f.b, &f.depot);
    finish(&f);
}

static void
test_cell_by_number_finds_the_cell_in_every_chunk(void **state)
{
    struct fixture f;
    int i;

    (void)state;
    start_stable(&f, 9000);
    for (i = 0; i < 9000; i++) {
        struct numbered *cell = akti_cache_alloc(&f.a);

        assert_ptr_equal(akti_depot_cell(&f.depot, cell->index), cell);
    }
    akti_cache_init(&f.a, &f.depot);
    finish(&f);
}

static void
test_cell_by_number_beyond_the_chunks_gives_null(void **state)
{
    struct fixture f;

    (void)state;
    start_stable(&f, 9000);
    assert_null(akti_depot_cell(&f.depot, 0));
    akti_cache_free(&f.a, akti_cache_alloc(&f.a));
    assert_non_null(akti_depot_cell(&f.depot, 0));
    assert_null(akti_depot_cell(&f.depot, 1u << AKTI_CHUNK_CELLS_LOG2));
    assert_null(akti_depot_cell(&f.depot, (1u << 24) - 1));
    finish(&f);
}

static void
test_cell_by_number_above_two_to_24_gives_null(void **state)
{
    struct fixture f;

    (void)state;
    start_stable(&f, 10);
    akti_cache_free(&f.a, akti_cache_alloc(&f.a));
    assert_null(akti_depot_cell(&f.depot, 1u << 24));
    assert_null(akti_depot_cell(&f.depot, UINT32_MAX));
    assert_null(akti_depot_cell(&f.depot, UINT32_MAX - 511));
    finish(&f);
}

static void
test_alloc_of_cells_stops_at_max_cells(void **state)
{
    struct fixture f;
    unsigned n = 0;

    (void)state;
    start_stable(&f, 700);
    while (akti_cache_alloc(&f.a) != NULL) {
        n++;
    }
    assert_int_equal(n, 700);
    assert_int_equal(akti_depot_count(&f.depot), 700);
    assert_true(akti_depot_is_full(&f.depot));
    finish(&f);
}

static void
test_is_full_below_max_cells_is_false(void **state)
{
    struct fixture f;

    (void)state;
    start_stable(&f, 700);
    assert_false(akti_depot_is_full(&f.depot));
    akti_cache_free(&f.a, akti_cache_alloc(&f.a));
    assert_false(akti_depot_is_full(&f.depot));
    finish(&f);
}

static void
test_free_at_max_cells_makes_room_again(void **state)
{
    struct fixture f;
    void *last = NULL;
    void *cell;

    (void)state;
    start_stable(&f, 10);
    while ((cell = akti_cache_alloc(&f.a)) != NULL) {
        last = cell;
    }
    akti_cache_free(&f.a, last);
    assert_ptr_equal(akti_cache_alloc(&f.a), last);
    assert_null(akti_cache_alloc(&f.a));
    finish(&f);
}

/* --- two threads --- */

#define BATCH 100
#define ROUNDS 300

struct relay {
    struct fixture f;
    pthread_mutex_t lock;
    pthread_cond_t cond;
    struct numbered *block[BATCH];
    int given; /* rounds */
    int taken;
    bool wrong;
};

/* Frees into its own cache what the other thread allocated. */
static void *
taker(void *arg)
{
    struct relay *r = arg;
    int round;
    int i;

    (void)pthread_mutex_lock(&r->lock);
    for (round = 0; round < ROUNDS; round++) {
        while (r->given == round) {
            (void)pthread_cond_wait(&r->cond, &r->lock);
        }
        for (i = 0; i < BATCH; i++) {
            r->wrong |= r->block[i]->inits != (uint32_t)round;
            akti_cache_free(&r->f.b, r->block[i]);
        }
        r->taken++;
        (void)pthread_cond_broadcast(&r->cond);
    }
    (void)pthread_mutex_unlock(&r->lock);
    return NULL;
}

static void
giver(struct relay *r)
{
    int round;
    int i;

    for (round = 0; round < ROUNDS; round++) {
        struct numbered *block[BATCH];

        for (i = 0; i < BATCH; i++) {
            block[i] = akti_cache_alloc(&r->f.a);
            block[i]->inits = (uint32_t)round;
        }
        (void)pthread_mutex_lock(&r->lock);
        while (r->taken < round) {
            (void)pthread_cond_wait(&r->cond, &r->lock);
        }
        memcpy(r->block, block, sizeof(block));
        r->given++;
        (void)pthread_cond_broadcast(&r->cond);
        (void)pthread_mutex_unlock(&r->lock);
    }
}

static void
test_blocks_between_two_threads_are_never_shared(void **state)
{
    static struct relay r = {.lock = PTHREAD_MUTEX_INITIALIZER,
                             .cond = PTHREAD_COND_INITIALIZER};
    pthread_t thread;

    (void)state;
    start_stable(&r.f, 4096);
    assert_int_equal(pthread_create(&thread, NULL, taker, &r), 0);
    giver(&r);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_false(r.wrong);
    assert_true(akti_depot_count(&r.f.depot)
                <= 2 * BATCH + 5 * r.f.depot.magazine);
    finish(&r.f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alloc_gives_aligned_disjoint_blocks),
        cmocka_unit_test(test_alloc_after_free_gives_the_same_block),
        cmocka_unit_test(test_alloc_and_free_in_turn_ask_the_hook_once),
        cmocka_unit_test(test_alloc_here_and_free_there_reuses_blocks),
        cmocka_unit_test(test_free_keeps_at_most_two_magazines),
        cmocka_unit_test(test_flush_gives_all_blocks_to_the_other_cache),
        cmocka_unit_test(test_flush_leaves_a_cache_that_works),
        cmocka_unit_test(test_flush_of_zeroed_cache_does_nothing),
        cmocka_unit_test(test_fini_of_zeroed_depot_does_nothing),
        cmocka_unit_test(test_fini_with_blocks_in_use_frees_the_chunks),
        cmocka_unit_test(test_alloc_out_of_memory_gives_null),
        cmocka_unit_test(test_alloc_out_of_memory_hands_out_what_there_is),
        cmocka_unit_test(test_alloc_after_memory_came_back_succeeds),
        cmocka_unit_test(test_alloc_of_cells_numbers_each_once),
        cmocka_unit_test(test_alloc_of_used_cell_keeps_number_and_content),
        cmocka_unit_test(test_cell_by_number_finds_the_cell_in_every_chunk),
        cmocka_unit_test(test_cell_by_number_beyond_the_chunks_gives_null),
        cmocka_unit_test(test_cell_by_number_above_two_to_24_gives_null),
        cmocka_unit_test(test_alloc_of_cells_stops_at_max_cells),
        cmocka_unit_test(test_is_full_below_max_cells_is_false),
        cmocka_unit_test(test_free_at_max_cells_makes_room_again),
        cmocka_unit_test(test_blocks_between_two_threads_are_never_shared),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
