/* SPDX-License-Identifier: MIT */
/* examples/wordcount: which files a worker has, and what it sent of them. */
#include "examples/wordcount/lease.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SLOTS = 400
};

static struct leases *
create(void)
{
    struct leases *all = leases_create(SLOTS, 41);

    assert_non_null(all);
    return all;
}

/* Puts files into the slots from `first` on; their names are their slots. */
static void
put(struct leases *all, uint32_t first, uint32_t n, uint64_t size)
{
    char path[16];

    for (uint32_t i = first; i < first + n; i++) {
        (void)snprintf(path, sizeof(path), "%u", (unsigned)i);
        assert_true(leases_put(all, i, path, size));
    }
}

static void
test_open_takes_many_small_files_in_order(void **state)
{
    struct leases *all = create();
    const char *paths = NULL;
    struct lease *lease;

    (void)state;
    put(all, 0, SLOTS, 1);
    lease = lease_open(all);
    assert_non_null(lease);
    assert_int_equal(lease->n_slots, LEASE_FILES);
    assert_int_equal(lease_paths(all, lease, &paths), 10 * 2 + 22 * 3);
    assert_memory_equal(paths, "0\0001\0002\0003", 8);
    lease = lease_open(all);
    assert_int_equal(lease->slots[0], LEASE_FILES);
    leases_destroy(all);
}

static void
test_open_takes_fewer_when_few_wait(void **state)
{
    struct leases *all = create();

    (void)state;
    put(all, 0, 8, 1);
    assert_int_equal(lease_open(all)->n_slots, 3);
    assert_int_equal(lease_open(all)->n_slots, 2);
    assert_int_equal(lease_open(all)->n_slots, 1);
    assert_int_equal(lease_open(all)->n_slots, 1);
    assert_int_equal(lease_open(all)->n_slots, 1);
    assert_null(lease_open(all));
    leases_destroy(all);
}

static void
test_open_takes_large_file_alone(void **state)
{
    struct leases *all = create();

    (void)state;
    put(all, 0, 1, INT64_MAX);
    put(all, 1, 100, LEASE_BYTES / 3);
    assert_int_equal(lease_open(all)->n_slots, 1);
    assert_int_equal(lease_open(all)->n_slots, 3);
    leases_destroy(all);
}

/* What a lease's paths are written to is as long as is said. */
static void
test_open_takes_long_names_within_bound(void **state)
{
    struct leases *all = create();
    const char *paths = NULL;
    char name[4096];
    struct lease *lease;

    (void)state;
    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    for (uint32_t i = 0; i < SLOTS; i++) {
        assert_true(leases_put(all, i, name, 1));
    }
    lease = lease_open(all);
    assert_int_equal(lease->n_slots, LEASE_PATHS / sizeof(name));
    assert_int_equal(lease_paths(all, lease, &paths), LEASE_PATHS);
    leases_destroy(all);
}

static void
test_open_beyond_as_many_as_may_be_is_none(void **state)
{
    struct leases *all = create();
    struct lease *last = NULL;

    (void)state;
    put(all, 0, SLOTS, LEASE_BYTES);
    for (int i = 0; i < LEASES_MAX; i++) {
        last = lease_open(all);
        assert_non_null(last);
    }
    assert_null(lease_open(all));
    lease_close(all, last);
    assert_non_null(lease_open(all));
    leases_destroy(all);
}

static void
test_drop_lets_files_wait_and_forgets_words(void **state)
{
    struct leases *all = create();
    struct lease *lease;
    uint64_t id;

    (void)state;
    put(all, 7, 1, 1);
    lease = lease_open(all);
    id = lease->id;
    assert_int_equal(id, 42);
    assert_true(lease_hold(all, lease, "1 a\n", 4));
    assert_ptr_equal(lease_find(all, id), lease);
    lease_drop(all, lease);
    assert_null(lease_find(all, id));
    assert_int_equal(all->held_bytes, 0);
    lease = lease_open(all);
    assert_int_equal(lease->slots[0], 7);
    assert_int_not_equal(lease->id, id);
    assert_null(lease->held);
    leases_destroy(all);
}

static void
test_close_frees_slots(void **state)
{
    struct leases *all = create();
    struct lease *lease;

    (void)state;
    put(all, 7, 1, 1);
    lease = lease_open(all);
    lease_close(all, lease);
    assert_null(lease_open(all));
    assert_null(all->slots[7].path);
    put(all, 7, 1, 1);
    assert_non_null(lease_open(all));
    leases_destroy(all);
}

/* Zero is what a message has that says nothing. */
static void
test_find_zero_is_none(void **state)
{
    struct leases *all = create();

    (void)state;
    assert_null(lease_find(all, 0));
    leases_destroy(all);
}

/* Opens a lease that holds so many bytes. */
static struct lease *
open_holding(struct leases *all, uint32_t slot, size_t len)
{
    char *words = calloc(1, len);
    struct lease *lease;

    put(all, slot, 1, 1);
    lease = lease_open(all);
    assert_non_null(lease);
    assert_non_null(words);
    assert_true(lease_hold(all, lease, words, len));
    free(words);
    return lease;
}

static void
test_room_beyond_bound_is_for_oldest_alone(void **state)
{
    struct leases *all = create();
    struct lease *oldest = open_holding(all, 0, HELD_MAX - 10);
    struct lease *other = open_holding(all, 1, 6);

    (void)state;
    assert_true(lease_has_room(all, other, 4));
    assert_false(lease_has_room(all, other, 5));
    assert_true(lease_has_room(all, oldest, HELD_MAX));
    lease_drop(all, oldest);
    assert_true(lease_has_room(all, other, 5));
    leases_destroy(all);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open_takes_many_small_files_in_order),
        cmocka_unit_test(test_open_takes_fewer_when_few_wait),
        cmocka_unit_test(test_open_takes_large_file_alone),
        cmocka_unit_test(test_open_takes_long_names_within_bound),
        cmocka_unit_test(test_open_beyond_as_many_as_may_be_is_none),
        cmocka_unit_test(test_drop_lets_files_wait_and_forgets_words),
        cmocka_unit_test(test_close_frees_slots),
        cmocka_unit_test(test_find_zero_is_none),
        cmocka_unit_test(test_room_beyond_bound_is_for_oldest_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
