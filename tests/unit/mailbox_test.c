/* SPDX-License-Identifier: MIT */
/* The mailbox's word: each operation alone, in one thread. */
#include "mailbox/mailbox.h"
#include "tests/unit/unit.h"

#define CAPACITY 4u

/* Messages lie at multiples of 64, as those of the pool do. */
struct slot {
    _Alignas(64) struct akti_message m;
};

static struct slot slot[16];

static void
start(struct akti_mailbox *box)
{
    akti_mailbox_open(box);
}

static void
fill(struct akti_mailbox *box, uint32_t capacity)
{
    uint32_t i;

    for (i = 0; i < capacity; i++) {
        (void)akti_mailbox_push(box, &slot[i].m, capacity);
    }
}

/* --- push and take --- */

static void
test_push_into_resting_box_asks_to_wake(void **state)
{
    struct akti_mailbox box;

    (void)state;
    start(&box);
    assert_int_equal(akti_mailbox_push(&box, &slot[0].m, CAPACITY),
                     AKTI_PUSHED_WAKE);
}

static void
test_push_into_woken_box_does_not_ask_again(void **state)
{
    struct akti_mailbox box;

    (void)state;
    start(&box);
    fill(&box, 1);
    assert_int_equal(akti_mailbox_push(&box, &slot[1].m, CAPACITY),
                     AKTI_PUSHED);
    (void)akti_mailbox_take(&box);
    assert_int_equal(akti_mailbox_push(&box, &slot[2].m, CAPACITY),
                     AKTI_PUSHED);
}

static void
test_push_at_the_bound_is_refused(void **state)
{
    struct akti_mailbox box;

    (void)state;
    start(&box);
    fill(&box, CAPACITY);
    assert_int_equal(akti_mailbox_push(&box, &slot[CAPACITY].m, CAPACITY),
                     AKTI_PUSH_FULL);
    assert_int_equal(akti_mailbox_users(&box), CAPACITY);
}

static void
test_push_after_take_still_counts_what_was_taken(void **state)
{
    struct akti_mailbox box;

    (void)state;
    start(&box);
    fill(&box, CAPACITY);
    (void)akti_mailbox_take(&box);
    assert_int_equal(akti_mailbox_push(&box, &slot[5].m, CAPACITY),
                     AKTI_PUSH_FULL);
}

static void
test_push_after_finish_finds_the_room_given_back(void **state)
{
    struct akti_mailbox box;

    (void)state;
    start(&box);
    fill(&box, CAPACITY);
    (void)akti_mailbox_take(&box);
    (void)akti_mailbox_finish(&box, 1, 0, true);
    assert_int_equal(akti_mailbox_push(&box, &slot[5].m, CAPACITY),
                     AKTI_PUSHED);
    assert_int_equal(akti_mailbox_push(&box, &slot[6].m, CAPACITY),
                     AKTI_PUSH_FULL);
}

static void
test_push_marks_the_message_as_credited(void **state)
{
    struct akti_mailbox box;

    (void)state;
    start(&box);
    slot[0].m.flags = 0;
    (void)akti_mailbox_push(&box, &slot[0].m, CAPACITY);
    assert_true((slot[0].m.flags & AKTI_CREDITED) != 0);
}

static void
test_push_reserved_at_the_bound_is_taken_uncounted(void **state)
{
    struct akti_mailbox box;

    (void)state;
    start(&box);
    fill(&box, CAPACITY);
    slot[7].m.flags = 0;
    assert_int_equal(akti_mailbox_push_reserved(&box, &slot[7].m), AKTI_PUSHED);
    assert_int_equal(akti_mailbox_users(&box), CAPACITY);
    assert_int_equal(slot[7].m.flags, 0);
}

static void
test_push_reserved_into_resting_box_asks_to_wake(void **state)
{
    struct akti_mailbox box;

    (void)state;
    start(&box);
    assert_int_equal(akti_mailbox_push_reserved(&box, &slot[0].m),
                     AKTI_PUSHED_WAKE);
}

static void
test_take_gives_the_newest_first(void **state)
{
    struct akti_mailbox box;
    struct akti_message *m;

    (void)state;
    start(&box);
    fill(&box, 3);
    m = akti_mailbox_take(&box);
    assert_ptr_equal(m, &slot[2].m);
    assert_ptr_equal(m->next, &slot[1].m);
    assert_ptr_equal(m->next->next, &slot[0].m);
    assert_null(m->next->next->next);
}

static void
test_take_of_empty_box_gives_null(void **state)
{
    struct akti_mailbox box;

    (void)state;
    start(&box);
    fill(&box, 2);
    (void)akti_mailbox_take(&box);
    assert_null(akti_mailbox_take(&box));
    assert_true(akti_mailbox_is_empty(&box));
}

static void
test_is_empty_with_a_message_is_false(void **state)
{
    struct akti_mailbox box;

    (void)state;
    start(&box);
    assert_true(akti_mailbox_is_empty(&box));
    fill(&box, 1);
    assert_false(akti_mailbox_is_empty(&box));
}

/* The address keeps all its bits, up to the 48th. */
static void
test_push_of_highest_address_keeps_it(void **state)
{
    uint64_t address = (UINT64_C(1) << 48) - 64;

    (void)state;
    assert_ptr_equal(akti_box_top(address >> 6 | AKTI_BOX_CLOSED | AKTI_BOX_USER
                                  | AKTI_BOX_RUN),
                     (void *)(uintptr_t)address);
}

static void
test_users_counts_up_to_its_width(void **state)
{
    struct akti_mailbox box;

    (void)state;
    atomic_init(&box.word, (AKTI_BOX_USERS - AKTI_BOX_USER) | AKTI_BOX_RUN);
    assert_int_equal(akti_mailbox_push(&box, &slot[0].m, 1u << 18),
                     AKTI_PUSHED);
    assert_int_equal(akti_mailbox_users(&box), (1u << 18) - 1);
    assert_true(akti_mailbox_is_open(&box));
}

/* --- finish --- */

static void
test_finish_of_drained_box_puts_the_token_down(void **state)
{
    struct akti_mailbox box;

    (void)state;
    start(&box);
    fill(&box, 1);
    (void)akti_mailbox_take(&box);
    assert_int_equal(akti_mailbox_finish(&box, 1, 0, false), 0);
    assert_int_equal(akti_mailbox_push(&box, &slot[1].m, CAPACITY),
                     AKTI_PUSHED_WAKE);
}

static void
test_finish_with_a_new_message_keeps_the_token(void **state)
{
    struct akti_mailbox box;

    (void)state;
    start(&box);
    fill(&box, 1);
    (void)akti_mailbox_take(&box);
    (void)akti_mailbox_push(&box, &slot[1].m, CAPACITY);
    assert_int_equal(akti_mailbox_finish(&box, 1, 0, false), AKTI_FINISH_MORE);
    assert_int_equal(akti_mailbox_push(&box, &slot[2].m, CAPACITY),
                     AKTI_PUSHED);
}

static void
test_finish_with_an_order_keeps_the_token(void **state)
{
    struct akti_mailbox box;

    (void)state;
    start(&box);
    fill(&box, 1);
    (void)akti_mailbox_take(&box);
    assert_false(akti_mailbox_order(&box));
    assert_int_equal(akti_mailbox_finish(&box, 1, 0, false), AKTI_FINISH_MORE);
}

static void
test_finish_that_keeps_has_more(void **state)
{
    struct akti_mailbox box;

    (void)state;
    start(&box);
    fill(&box, 2);
    (void)akti_mailbox_take(&box);
    assert_int_equal(akti_mailbox_finish(&box, 1, 0, true), AKTI_FINISH_MORE);
    assert_int_equal(akti_mailbox_users(&box), 1);
}

static void
test_finish_above_low_water_leaves_the_waiters(void **state)
{
    struct akti_mailbox box;

    (void)state;
    start(&box);
    fill(&box, CAPACITY);
    assert_true(akti_mailbox_wait_mark(&box, CAPACITY));
    (void)akti_mailbox_take(&box);
    assert_int_equal(akti_mailbox_finish(&box, 1, 2, true), AKTI_FINISH_MORE);
    assert_true(akti_mailbox_has_waiters(&box));
}

static void
test_finish_at_low_water_takes_the_mark_back_once(void **state)
{
    struct akti_mailbox box;

    (void)state;
    start(&box);
    fill(&box, CAPACITY);
    assert_true(akti_mailbox_wait_mark(&box, CAPACITY));
    (void)akti_mailbox_take(&box);
    assert_int_equal(akti_mailbox_finish(&box, 2, 2, true),
                     AKTI_FINISH_MORE | AKTI_FINISH_ROOM);
    assert_false(akti_mailbox_has_waiters(&box));
    assert_int_equal(akti_mailbox_finish(&box, 2, 2, false), 0);
}

/* --- a message that stays for its turn --- */

static void
test_peek_leaves_the_newest_in_the_box(void **state)
{
    struct akti_mailbox box;

    (void)state;
    start(&box);
    assert_null(akti_mailbox_peek(&box));
    fill(&box, 2);
    assert_ptr_equal(akti_mailbox_peek(&box), &slot[1].m);
    assert_ptr_equal(akti_mailbox_take(&box), &slot[1].m);
}

static void
test_finish_seen_empties_the_box_and_rests(void **state)
{
    struct akti_message *newest = &slot[0].m;
    struct akti_mailbox box;

    (void)state;
    start(&box);
    fill(&box, 1);
    assert_int_equal(akti_mailbox_finish_seen(&box, 1, 0, false, &newest), 0);
    assert_ptr_equal(newest, &slot[0].m);
    assert_int_equal(atomic_load(&box.word), 0);
}

static void
test_finish_seen_gives_what_came_meanwhile(void **state)
{
    struct akti_message *newest = &slot[0].m;
    struct akti_mailbox box;

    (void)state;
    start(&box);
    fill(&box, 3);
    assert_int_equal(akti_mailbox_finish_seen(&box, 1, 0, false, &newest),
                     AKTI_FINISH_MORE);
    assert_ptr_equal(newest, &slot[2].m);
    assert_ptr_equal(newest->next->next, &slot[0].m);
    assert_true(akti_mailbox_is_empty(&box));
    assert_int_equal(akti_mailbox_users(&box), 2);
}

static void
test_finish_seen_with_an_order_keeps_the_token(void **state)
{
    struct akti_message *newest = &slot[0].m;
    struct akti_mailbox box;

    (void)state;
    start(&box);
    fill(&box, 1);
    assert_false(akti_mailbox_order(&box));
    assert_int_equal(akti_mailbox_finish_seen(&box, 1, 0, false, &newest),
                     AKTI_FINISH_MORE);
    assert_true(akti_mailbox_is_empty(&box));
}

static void
test_finish_seen_that_keeps_has_more(void **state)
{
    struct akti_message *newest = &slot[0].m;
    struct akti_mailbox box;

    (void)state;
    start(&box);
    fill(&box, 1);
    assert_int_equal(akti_mailbox_finish_seen(&box, 1, 0, true, &newest),
                     AKTI_FINISH_MORE);
    assert_true(akti_mailbox_is_empty(&box));
}

/* --- credit --- */

static void
test_credit_gives_room_back_and_keeps_the_token(void **state)
{
    struct akti_mailbox box;

    (void)state;
    start(&box);
    fill(&box, CAPACITY);
    akti_mailbox_credit(&box, 2);
    assert_int_equal(akti_mailbox_users(&box), CAPACITY - 2);
    assert_int_equal(akti_mailbox_push(&box, &slot[5].m, CAPACITY),
                     AKTI_PUSHED);
}

static void
test_credit_leaves_messages_marks_and_orders(void **state)
{
    struct akti_mailbox box;

    (void)state;
    start(&box);
    fill(&box, CAPACITY);
    assert_true(akti_mailbox_wait_mark(&box, CAPACITY));
    (void)akti_mailbox_order(&box);
    akti_mailbox_credit(&box, CAPACITY);
    assert_true(akti_mailbox_has_waiters(&box));
    assert_ptr_equal(akti_mailbox_take_messages(&box), &slot[CAPACITY - 1].m);
    assert_true((akti_mailbox_finish(&box, 0, 0, false) & AKTI_FINISH_MORE)
                != 0);
}

/* --- waiting for room --- */

static void
test_wait_mark_with_room_is_refused(void **state)
{
    struct akti_mailbox box;

    (void)state;
    start(&box);
    fill(&box, CAPACITY - 1);
    assert_false(akti_mailbox_wait_mark(&box, CAPACITY));
    assert_false(akti_mailbox_has_waiters(&box));
}

static void
test_wait_mark_of_full_box_is_set_until_there_is_room(void **state)
{
    struct akti_mailbox box;

    (void)state;
    start(&box);
    fill(&box, CAPACITY);
    assert_true(akti_mailbox_wait_mark(&box, CAPACITY));
    assert_true(akti_mailbox_wait_mark(&box, CAPACITY));
    assert_true(akti_mailbox_has_waiters(&box));
}

static void
test_wait_mark_of_closed_box_is_refused(void **state)
{
    struct akti_mailbox box;
    bool waited;

    (void)state;
    start(&box);
    fill(&box, CAPACITY);
    (void)akti_mailbox_close(&box, &waited);
    assert_false(akti_mailbox_wait_mark(&box, 0));
}

/* --- orders --- */

static void
test_order_to_resting_box_asks_to_wake(void **state)
{
    struct akti_mailbox box;

    (void)state;
    start(&box);
    assert_true(akti_mailbox_order(&box));
    assert_false(akti_mailbox_order(&box));
}

static void
test_order_to_closed_box_is_ignored(void **state)
{
    struct akti_mailbox box;

    (void)state;
    akti_mailbox_init_closed(&box);
    assert_false(akti_mailbox_order(&box));
    assert_false(akti_mailbox_is_open(&box));
}

static void
test_take_sees_the_order_and_finish_rests(void **state)
{
    struct akti_mailbox box;

    (void)state;
    start(&box);
    (void)akti_mailbox_order(&box);
    assert_null(akti_mailbox_take(&box));
    assert_int_equal(akti_mailbox_finish(&box, 0, 0, false), 0);
}

static void
test_take_messages_leaves_the_order(void **state)
{
    struct akti_mailbox box;

    (void)state;
    start(&box);
    fill(&box, 1);
    (void)akti_mailbox_order(&box);
    assert_ptr_equal(akti_mailbox_take_messages(&box), &slot[0].m);
    assert_null(akti_mailbox_take_messages(&box));
    assert_int_equal(akti_mailbox_finish(&box, 1, 0, false), AKTI_FINISH_MORE);
}

/* --- close and open --- */

static void
test_close_returns_what_was_left(void **state)
{
    struct akti_mailbox box;
    bool waited = true;

    (void)state;
    start(&box);
    fill(&box, 2);
    assert_ptr_equal(akti_mailbox_close(&box, &waited), &slot[1].m);
    assert_false(waited);
    assert_true(akti_mailbox_is_empty(&box));
}

static void
test_close_tells_that_somebody_waits(void **state)
{
    struct akti_mailbox box;
    bool waited = false;

    (void)state;
    start(&box);
    fill(&box, CAPACITY);
    assert_true(akti_mailbox_wait_mark(&box, CAPACITY));
    (void)akti_mailbox_close(&box, &waited);
    assert_true(waited);
    assert_false(akti_mailbox_has_waiters(&box));
}

static void
test_push_into_closed_box_is_refused(void **state)
{
    struct akti_mailbox box;
    bool waited;

    (void)state;
    start(&box);
    fill(&box, CAPACITY);
    (void)akti_mailbox_close(&box, &waited);
    assert_int_equal(akti_mailbox_push(&box, &slot[0].m, CAPACITY),
                     AKTI_PUSH_CLOSED);
    assert_int_equal(akti_mailbox_push_reserved(&box, &slot[0].m),
                     AKTI_PUSH_CLOSED);
    assert_int_equal(akti_mailbox_users(&box), 0);
}

static void
test_open_of_closed_box_starts_afresh(void **state)
{
    struct akti_mailbox box;
    bool waited;

    (void)state;
    start(&box);
    fill(&box, CAPACITY);
    (void)akti_mailbox_close(&box, &waited);
    akti_mailbox_open(&box);
    assert_true(akti_mailbox_is_open(&box));
    assert_int_equal(akti_mailbox_users(&box), 0);
    assert_int_equal(akti_mailbox_push(&box, &slot[0].m, CAPACITY),
                     AKTI_PUSHED_WAKE);
}

static void
test_open_scheduled_has_its_token_out(void **state)
{
    struct akti_mailbox box;

    (void)state;
    akti_mailbox_open_scheduled(&box);
    assert_int_equal(akti_mailbox_push(&box, &slot[0].m, CAPACITY),
                     AKTI_PUSHED);
    (void)akti_mailbox_take(&box);
    assert_int_equal(akti_mailbox_finish(&box, 1, 0, false), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_push_into_resting_box_asks_to_wake),
        cmocka_unit_test(test_push_into_woken_box_does_not_ask_again),
        cmocka_unit_test(test_push_at_the_bound_is_refused),
        cmocka_unit_test(test_push_after_take_still_counts_what_was_taken),
        cmocka_unit_test(test_push_after_finish_finds_the_room_given_back),
        cmocka_unit_test(test_push_marks_the_message_as_credited),
        cmocka_unit_test(test_push_reserved_at_the_bound_is_taken_uncounted),
        cmocka_unit_test(test_push_reserved_into_resting_box_asks_to_wake),
        cmocka_unit_test(test_take_gives_the_newest_first),
        cmocka_unit_test(test_take_of_empty_box_gives_null),
        cmocka_unit_test(test_is_empty_with_a_message_is_false),
        cmocka_unit_test(test_push_of_highest_address_keeps_it),
        cmocka_unit_test(test_users_counts_up_to_its_width),
        cmocka_unit_test(test_finish_of_drained_box_puts_the_token_down),
        cmocka_unit_test(test_finish_with_a_new_message_keeps_the_token),
        cmocka_unit_test(test_finish_with_an_order_keeps_the_token),
        cmocka_unit_test(test_finish_that_keeps_has_more),
        cmocka_unit_test(test_finish_above_low_water_leaves_the_waiters),
        cmocka_unit_test(test_finish_at_low_water_takes_the_mark_back_once),
        cmocka_unit_test(test_peek_leaves_the_newest_in_the_box),
        cmocka_unit_test(test_finish_seen_empties_the_box_and_rests),
        cmocka_unit_test(test_finish_seen_gives_what_came_meanwhile),
        cmocka_unit_test(test_finish_seen_with_an_order_keeps_the_token),
        cmocka_unit_test(test_finish_seen_that_keeps_has_more),
        cmocka_unit_test(test_credit_gives_room_back_and_keeps_the_token),
        cmocka_unit_test(test_credit_leaves_messages_marks_and_orders),
        cmocka_unit_test(test_wait_mark_with_room_is_refused),
        cmocka_unit_test(test_wait_mark_of_full_box_is_set_until_there_is_room),
        cmocka_unit_test(test_wait_mark_of_closed_box_is_refused),
        cmocka_unit_test(test_order_to_resting_box_asks_to_wake),
        cmocka_unit_test(test_order_to_closed_box_is_ignored),
        cmocka_unit_test(test_take_sees_the_order_and_finish_rests),
        cmocka_unit_test(test_take_messages_leaves_the_order),
        cmocka_unit_test(test_close_returns_what_was_left),
        cmocka_unit_test(test_close_tells_that_somebody_waits),
        cmocka_unit_test(test_push_into_closed_box_is_refused),
        cmocka_unit_test(test_open_of_closed_box_starts_afresh),
        cmocka_unit_test(test_open_scheduled_has_its_token_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
