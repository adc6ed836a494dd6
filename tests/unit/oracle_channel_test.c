/* SPDX-License-Identifier: MIT */
/* The books of channels find what is broken on purpose, when they are wanted. */
#include "tests/unit/channels.h"

#include "actors/async/channel.h"
#include "tests/unit/found.h"

/* A channel of two values, 1 and 2, and what is done to it. */
struct scene {
    akt_self *me;
    akt_tx tx;
    akt_rx rx;
    struct akti_channel *channel;
};

/* Outlives the scenarios, whose ends close after them. */
static int64_t live;

struct plan {
    akt_err (*harm)(struct scene *s);
};

static akt_err
put(struct scene *s, int64_t n)
{
    return akt_channel_try_send(s->me, s->tx, parcel, .live = &live, .n = n);
}

static akt_err
take(struct scene *s)
{
    struct parcel p;

    return akt_channel_try_recv(s->me, s->rx, parcel, &p);
}

static akt_err
scenario(akt_system *system, akt_self *me, void *arg)
{
    const struct plan *plan = arg;
    struct scene s = {.me = me};

    (void)system;
    AKT_TRY(akt_channel_open(me, parcel, 8, &s.tx, &s.rx));
    AKT_TRY(akti_channel_enter(me, s.tx.cell, s.tx.generation, &s.channel));
    akti_channel_leave(s.channel);
    AKT_TRY(put(&s, 1));
    AKT_TRY(put(&s, 2));
    return plan->harm(&s);
}

static void
assert_found(akt_err (*harm)(struct scene *s), const char *text)
{
    struct plan plan = {harm};
    akt_explore_result result;

    find(scenario, &plan, &result);
    assert_says(&result, "check channels: ");
    assert_says(&result, text);
}

static void
assert_passes(akt_err (*harm)(struct scene *s), uint32_t unchecked)
{
    struct plan plan = {harm};

    assert_passes_without(scenario, &plan, unchecked);
}

/* --- nothing wrong --- */

static akt_err
use_well(struct scene *s)
{
    akt_permit permit;

    AKT_TRY(take(s));
    AKT_TRY(akt_channel_try_reserve(s->me, s->tx, &permit));
    AKT_TRY(akt_tx_close(s->me, s->tx));
    AKT_TRY(take(s));
    assert_err(take(s), AKT_EEMPTY);
    AKT_TRY(akt_permit_send(s->me, permit, parcel, .live = &live, .n = 3));
    AKT_TRY(take(s));
    assert_err(take(s), AKT_ECLOSED);
    return AKT_OK;
}

static akt_err
leave_both(struct scene *s)
{
    (void)s;
    return AKT_OK;
}

static void
test_nothing_is_found_where_nothing_is_wrong(void **state)
{
    (void)state;
    assert_passes(use_well, 0);
    assert_passes(leave_both, 0);
}

/* --- what is received --- */

/* As if its send had given it back, and left it there. */
static akt_err
keep_what_was_given_back(struct scene *s)
{
    struct parcel p = {&live, 3};
    akti_message_arg value = {&parcel_type, &p};

    AKT_TRY(take(s));
    AKT_TRY(take(s));
    AKT_TRY(akti_channel_put(s->me->ctx, s->channel, &value));
    return take(s);
}

static void
test_a_value_that_was_given_back_is_not_received(void **state)
{
    (void)state;
    assert_found(keep_what_was_given_back,
                 "a value was received that was not sent");
    assert_passes(keep_what_was_given_back, AKT_CHECK_CHANNELS);
}

static akt_err
give_one_twice(struct scene *s)
{
    AKT_TRY(take(s));
    s->channel->queue.first_slot = 0;
    return take(s);
}

static void
test_a_value_is_not_received_twice(void **state)
{
    (void)state;
    assert_found(give_one_twice, "is gone already");
}

static akt_err
swap(struct scene *s)
{
    struct akti_queue *q = &s->channel->queue;
    struct parcel *first = akti_queue_slot(q, q->first, 0);
    struct parcel *second = akti_queue_slot(q, q->first, 1);
    struct parcel p = *first;

    *first = *second;
    *second = p;
    AKT_TRY(take(s));
    return take(s);
}

static void
test_values_are_received_in_order(void **state)
{
    (void)state;
    assert_found(swap, "value number 2 of a channel was received before "
                       "number 1");
    assert_passes(swap, AKT_CHECK_CHANNELS);
}

/* --- what is lost --- */

/* The channel itself believes that all is well. */
static void
lose_one(struct scene *s)
{
    s->channel->queue.count--;
    s->channel->destroyed++;
}

static akt_err
lose_first(struct scene *s)
{
    s->channel->queue.first_slot++;
    lose_one(s);
    return take(s);
}

static akt_err
lose_last(struct scene *s)
{
    lose_one(s);
    AKT_TRY(take(s));
    assert_err(take(s), AKT_EEMPTY);
    return AKT_OK;
}

static akt_err
lose_last_and_close(struct scene *s)
{
    lose_one(s);
    AKT_TRY(take(s));
    AKT_TRY(akt_tx_close(s->me, s->tx));
    assert_err(take(s), AKT_ECLOSED);
    return AKT_OK;
}

static void
test_a_value_is_not_lost(void **state)
{
    (void)state;
    assert_found(lose_first, "value number 2 of a channel was received before");
    assert_found(lose_last, "and 1 values are left");
}

static void
test_closed_is_not_told_while_values_are_left(void **state)
{
    (void)state;
    assert_found(lose_last_and_close, "a receiver was told ");
    assert_found(lose_last_and_close, "and 1 values are left");
}

/* A sender is counted as closed while it is not. */
static akt_err
send_after_closed(struct scene *s)
{
    akt_err told;

    AKT_TRY(take(s));
    AKT_TRY(take(s));
    s->channel->open_senders = 0;
    told = take(s);
    s->channel->open_senders = 1;
    return told == AKT_ECLOSED ? put(s, 3) : AKT_EINVAL;
}

static void
test_nothing_comes_after_closed_was_told(void **state)
{
    (void)state;
    assert_found(send_after_closed, "a value was sent after a receiver was");
}

/* --- what is destroyed --- */

static akt_err
destroy_one_only(struct scene *s)
{
    lose_one(s);
    return AKT_OK;
}

static akt_err
tell_destroyed(struct scene *s)
{
    struct parcel p = {&live, 1};
    struct akti_note note = {
        .event = AKTI_EVENT_VALUE_DESTROYED, .b = sizeof(p), .what = &p};

    akti_sim_tell(s->me->ctx->sim, &note);
    return AKT_OK;
}

/* Its destructor does not run. */
static akt_err
forget_to_destroy(struct scene *s)
{
    static akt_type dull;
    struct akti_note note = {.event = AKTI_EVENT_CHANNEL_DESERTED,
                             .a = (uint64_t)(uintptr_t)s->channel,
                             .b = 2,
                             .what = &parcel_type};

    akti_sim_tell(s->me->ctx->sim, &note);
    s->channel->queue.count = 0;
    s->channel->destroyed = 2;
    dull = parcel_type;
    dull.destroy = NULL;
    s->channel->queue.type = &dull;
    return AKT_OK;
}

static void
test_what_is_left_is_destroyed_once(void **state)
{
    (void)state;
    assert_found(destroy_one_only, "1 values are destroyed with their channel, "
                                   "and 2 were left");
    assert_found(tell_destroyed, "a value was destroyed that was not left");
    assert_found(forget_to_destroy,
                 "2 values went with their channel, and were not destroyed");
    assert_passes(tell_destroyed, AKT_CHECK_CHANNELS);
}

static akt_err
count_one_more(struct scene *s)
{
    s->channel->sent++;
    s->channel->received++;
    return AKT_OK;
}

static void
test_counters_say_what_was_seen(void **state)
{
    (void)state;
    assert_found(count_one_more, "a channel counted 3 sent, 1 received and 2 "
                                 "destroyed, and 2 were sent");
    assert_passes(count_one_more, AKT_CHECK_CHANNELS);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sim_test(test_nothing_is_found_where_nothing_is_wrong),
        sim_test(test_a_value_that_was_given_back_is_not_received),
        sim_test(test_a_value_is_not_received_twice),
        sim_test(test_values_are_received_in_order),
        sim_test(test_a_value_is_not_lost),
        sim_test(test_closed_is_not_told_while_values_are_left),
        sim_test(test_nothing_comes_after_closed_was_told),
        sim_test(test_what_is_left_is_destroyed_once),
        sim_test(test_counters_say_what_was_seen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
