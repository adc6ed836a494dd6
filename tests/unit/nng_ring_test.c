/* SPDX-License-Identifier: MIT */
/* The queue between nng's threads and a socket's sides: when it is full. */
#include "actors/net/nng_ring.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void
put(struct akti_nng_ring *r, size_t size)
{
    nng_msg *m = NULL;

    assert_int_equal(nng_msg_alloc(&m, size), 0);
    akti_nng_ring_put(r, m);
}

static void
take(struct akti_nng_ring *r, size_t size)
{
    nng_msg *m = akti_nng_ring_first(r);

    assert_int_equal(nng_msg_len(m), size);
    akti_nng_ring_take(r, size);
    nng_msg_free(m);
}

static void
test_it_is_full_at_its_number_of_messages(void **state)
{
    struct akti_nng_ring r;

    (void)state;
    assert_int_equal(akti_nng_ring_init(&r, 3, 0), AKT_OK);
    put(&r, 1000);
    assert_true(akti_nng_ring_has_room(&r));
    put(&r, 2000);
    assert_false(akti_nng_ring_is_full(&r));
    assert_false(akti_nng_ring_has_room(&r));
    put(&r, 3000);
    assert_true(akti_nng_ring_is_full(&r));
    take(&r, 1000);
    assert_false(akti_nng_ring_is_full(&r));
    take(&r, 2000);
    assert_true(akti_nng_ring_has_room(&r));
    take(&r, 3000);
    free(r.slots);
}

/* The one that reaches the bound may exceed it, and one alone is never too large. */
static void
test_it_is_full_at_its_number_of_bytes(void **state)
{
    struct akti_nng_ring r;

    (void)state;
    assert_int_equal(akti_nng_ring_init(&r, 100, 10), AKT_OK);
    put(&r, 5);
    assert_true(akti_nng_ring_has_room(&r));
    put(&r, 4);
    assert_false(akti_nng_ring_is_full(&r));
    assert_false(akti_nng_ring_has_room(&r));
    put(&r, 7);
    assert_true(akti_nng_ring_is_full(&r));
    take(&r, 5);
    assert_true(akti_nng_ring_is_full(&r));
    take(&r, 4);
    assert_false(akti_nng_ring_is_full(&r));
    assert_false(akti_nng_ring_has_room(&r));
    take(&r, 7);
    assert_true(akti_nng_ring_has_room(&r));
    put(&r, 50);
    assert_true(akti_nng_ring_is_full(&r));
    take(&r, 50);
    assert_true(akti_nng_ring_has_room(&r));
    free(r.slots);
}

/* Each side believes what it saw of the other one only as long as that says yes. */
static void
test_what_it_saw_is_looked_at_again(void **state)
{
    struct akti_nng_ring r;
    int i;

    (void)state;
    assert_int_equal(akti_nng_ring_init(&r, 2, 100), AKT_OK);
    for (i = 0; i < 3; i++) {
        assert_false(akti_nng_ring_has_one(&r));
        assert_true(akti_nng_ring_has_place(&r));
        put(&r, 1);
        assert_true(akti_nng_ring_has_place(&r));
        put(&r, 2);
        assert_false(akti_nng_ring_has_place(&r));
        assert_true(akti_nng_ring_has_one(&r));
        take(&r, 1);
        assert_true(akti_nng_ring_has_place(&r));
        assert_true(akti_nng_ring_has_one(&r));
        take(&r, 2);
        assert_false(akti_nng_ring_has_one(&r));
    }
    put(&r, 100);
    assert_false(akti_nng_ring_has_place(&r));
    take(&r, 100);
    assert_true(akti_nng_ring_has_place(&r));
    free(r.slots);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_is_full_at_its_number_of_messages),
        cmocka_unit_test(test_it_is_full_at_its_number_of_bytes),
        cmocka_unit_test(test_what_it_saw_is_looked_at_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
