/* SPDX-License-Identifier: MIT */
/* Each check fires on what it is for, and only when it is wanted. */
#include "actors/core/future.h"
#include "actors/test/map.h"
#include "actors/test/oracle.h"
#include "tests/unit/found.h"

#define NUMBER(F) F(i64, n)
AKT_MESSAGE(value, NUMBER);
AKT_MESSAGE(put, NUMBER);
AKT_REQUEST(get, NUMBER, value);

/* What the actors of a scenario do. */
struct plan {
    akt_err (*on_put)(akt_self *self, const struct plan *plan);
    akt_err (*on_get)(akt_self *self, const struct get *m);
    uint64_t timeout_ns;
    akt_ref peers[2];
};

struct peer {
    struct plan *plan;
    size_t place;
    akt_promise_of(get) kept;
};

static akt_err
on_put(akt_self *self, struct peer *p, const struct put *m)
{
    return m->n == 1 && p->plan->on_put != NULL ? p->plan->on_put(self, p->plan)
                                                : AKT_OK;
}

/* Keeps what it is asked, and asks the other one in turn. */
static akt_err
on_get(akt_self *self, struct peer *p, const struct get *m)
{
    akt_future f;

    if (p->plan->on_get != NULL) {
        return p->plan->on_get(self, m);
    }
    if (m->n == 0) {
        return akt_keep(self, m, &p->kept);
    }
    AKT_TRY(akt_keep(self, m, &p->kept));
    return akt_ask_within(self, p->plan->timeout_ns,
                          p->plan->peers[1 - p->place], &f, get, .n = m->n - 1);
}

AKT_CLASS(peer, struct peer, AKT_ON(put, on_put), AKT_ON(get, on_get));

static akt_err
spawn_peers(akt_self *me, struct plan *plan)
{
    AKT_TRY(akt_spawn(me, peer, &plan->peers[0], .plan = plan, .place = 0));
    return akt_spawn(me, peer, &plan->peers[1], .plan = plan, .place = 1);
}

/* Three messages, of which the first is special. */
static akt_err
put_three(akt_system *system, akt_self *me, void *arg)
{
    struct plan *plan = arg;
    int64_t n;

    AKT_TRY(spawn_peers(me, plan));
    for (n = 1; n <= 3; n++) {
        AKT_TRY(akt_send(me, plan->peers[0], put, .n = n));
    }
    (void)akt_sim_run_until_idle(system);
    return AKT_OK;
}

static void
assert_found(akt_scenario *scenario, struct plan *plan, const char *text)
{
    akt_explore_result result;

    find(scenario, plan, &result);
    assert_says(&result, text);
}

static void
test_nothing_is_found_where_nothing_is_wrong(void **state)
{
    struct plan plan = {0};

    (void)state;
    assert_passes_without(put_three, &plan, 0);
}

/* --- account --- */

static akt_err
count_too_much(akt_self *self, const struct plan *plan)
{
    (void)plan;
    akti_count(self->ctx, akti_self_entry(self), AKTI_FATES, 1);
    return AKT_OK;
}

static void
test_account_finds_a_wrong_counter(void **state)
{
    struct plan plan = {.on_put = count_too_much};

    (void)state;
    assert_found(put_three, &plan, "check account: the system counted 4 ");
    assert_passes_without(put_three, &plan, AKT_CHECK_ACCOUNT);
}

static akt_err
lose_next(akt_self *self, const struct plan *plan)
{
    (void)plan;
    self->actor->user_head = self->actor->user_head->next;
    return AKT_OK;
}

static void
test_account_finds_a_lost_message(void **state)
{
    struct plan plan = {.on_put = lose_next};

    (void)state;
    assert_found(
        put_three, &plan,
        "check account: 1 messages were accepted and have no fate; 0 ");
}

static akt_err
end_next_twice(akt_self *self, const struct plan *plan)
{
    struct akti_note note = {.event = AKTI_EVENT_FATE,
                             .what = self->actor->user_head};

    (void)plan;
    akti_sim_tell(self->ctx->sim, &note);
    return AKT_OK;
}

static void
test_account_finds_a_second_fate(void **state)
{
    struct plan plan = {.on_put = end_next_twice};

    (void)state;
    assert_found(put_three, &plan, "check account: a message put is handled");
}

/* --- order --- */

static akt_err
swap_next(akt_self *self, const struct plan *plan)
{
    struct akti_actor *a = self->actor;
    struct akti_message *second = a->user_head;
    struct akti_message *third = second->next;

    (void)plan;
    second->next = NULL;
    third->next = second;
    a->user_head = third;
    a->user_tail = second;
    return AKT_OK;
}

static void
test_order_finds_swapped_messages(void **state)
{
    struct plan plan = {.on_put = swap_next};

    (void)state;
    assert_found(put_three, &plan, "check order: peer<");
    assert_passes_without(put_three, &plan, AKT_CHECK_ORDER);
}

/* --- exclusive --- */

static akt_err
be_ready_again(akt_self *self, const struct plan *plan)
{
    struct akti_note note = {.event = AKTI_EVENT_READY, .what = self->actor};

    (void)plan;
    akti_sim_tell(self->ctx->sim, &note);
    return AKT_OK;
}

static akt_err
begin_again(akt_self *self, const struct plan *plan)
{
    struct akti_note note = {.event = AKTI_EVENT_BEGIN,
                             .what = self->actor->user_head};

    (void)plan;
    akti_sim_tell(self->ctx->sim, &note);
    return AKT_OK;
}

static void
test_exclusive_finds_an_actor_that_is_scheduled_twice(void **state)
{
    struct plan plan = {.on_put = be_ready_again};

    (void)state;
    assert_found(put_three, &plan, "check exclusive: peer<");
    assert_passes_without(put_three, &plan, AKT_CHECK_EXCLUSIVE);
}

static void
test_exclusive_finds_two_handlers_at_once(void **state)
{
    struct plan plan = {.on_put = begin_again};

    (void)state;
    assert_found(put_three, &plan, "began while another one ran");
}

/* --- requests --- */

/* Ends the request, makes it look open again, and answers it. */
static akt_err
end_and_reopen(akt_self *self, const struct get *m)
{
    struct akti_message *message = self->message;
    struct akti_cell *cell = message->cell;
    uint32_t generation = message->cell_generation;

    (void)akti_future_end(self->ctx, cell, generation, AKT_BROKEN, AKT_EBROKEN);
    atomic_store(&cell->state, akti_cell_state(generation, AKTI_PHASE_OPEN));
    return akt_reply(self, m, .n = 1);
}

static akt_err
ask_and_wait(akt_system *system, akt_self *me, void *arg)
{
    struct plan *plan = arg;
    akt_answer *answer;
    akt_future f;

    (void)system;
    AKT_TRY(spawn_peers(me, plan));
    AKT_TRY(akt_ask(me, plan->peers[0], &f, get, .n = 0));
    AKT_TRY(akt_wait(me, f, &answer));
    akt_answer_free(me, answer);
    return AKT_OK;
}

static void
test_requests_finds_a_second_end(void **state)
{
    struct plan plan = {.on_get = end_and_reopen};

    (void)state;
    assert_found(
        ask_and_wait, &plan,
        "check requests: a request ended that was not asked, or twice");
}

/* --- leaks --- */

static akt_err
leak_block(akt_self *self, const struct plan *plan)
{
    (void)plan;
    return akti_sizes_alloc(&self->ctx->caches, 2, 64) != NULL ? AKT_OK
                                                               : AKT_ENOMEM;
}

static void
test_leaks_finds_a_block_that_is_not_given_back(void **state)
{
    struct plan plan = {.on_put = leak_block};

    (void)state;
    assert_found(put_three, &plan, "check leaks: ");
    assert_passes_without(put_three, &plan, AKT_CHECK_LEAKS);
}

/* --- cycles and rest --- */

static akt_err
ask_round(akt_system *system, akt_self *me, void *arg)
{
    struct plan *plan = arg;
    akt_future f;

    AKT_TRY(spawn_peers(me, plan));
    AKT_TRY(akt_ask_within(me, AKT_SECONDS(7200), plan->peers[0], &f, get,
                           .n = plan->on_put == NULL ? 2 : 1));
    (void)akt_sim_run_until_idle(system);
    return AKT_OK;
}

static void
test_cycles_names_those_who_wait_for_each_other(void **state)
{
    struct plan plan = {.timeout_ns = AKT_SECONDS(10)};

    (void)state;
    assert_found(ask_round, &plan,
                 "check cycles: each waits for the next one's answer: peer<");
    /* The deadline ends it. */
    assert_passes_without(ask_round, &plan, AKT_CHECK_CYCLES);
}

static void
test_rest_names_who_waits_for_whom(void **state)
{
    struct plan plan = {.timeout_ns = AKT_SECONDS(3600),
                        .on_put = count_too_much};

    (void)state;
    assert_found(ask_round, &plan, "check rest: nothing goes on, but ");
    assert_found(ask_round, &plan, " waits for an answer of peer<");
    assert_passes_without(ask_round, &plan, AKT_CHECK_REST);
    /* Sooner than the time to come to rest it is no failure. */
    plan.timeout_ns = AKT_SECONDS(10);
    assert_passes_without(ask_round, &plan, 0);
}

/* --- the table --- */

static void
test_map_holds_what_was_put_and_not_removed(void **state)
{
    struct akti_map map = {0};
    struct akti_map_entry *e;
    uint32_t place = 0;
    uint64_t round;
    uint64_t i;

    (void)state;
    for (round = 0; round < 3; round++) {
        akti_map_clear(&map);
        assert_null(akti_map_find(&map, 1));
        for (i = 0; i < 1000; i++) {
            akti_map_put(&map, i * 64)->a = i + round;
        }
        for (i = 0; i < 1000; i += 2) {
            akti_map_remove(&map, akti_map_find(&map, i * 64));
        }
        for (i = 0; i < 1000; i++) {
            e = akti_map_find(&map, i * 64);
            if (i % 2 == 0) {
                assert_null(e);
            } else {
                assert_int_equal(e->a, i + round);
                assert_ptr_equal(akti_map_put(&map, i * 64), e);
            }
        }
        assert_int_equal(map.count, 500);
    }
    for (i = 0; akti_map_next(&map, &place) != NULL; i++) {
    }
    assert_int_equal(i, 500);
    akti_map_fini(&map);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sim_test(test_nothing_is_found_where_nothing_is_wrong),
        sim_test(test_account_finds_a_wrong_counter),
        sim_test(test_account_finds_a_lost_message),
        sim_test(test_account_finds_a_second_fate),
        sim_test(test_order_finds_swapped_messages),
        sim_test(test_exclusive_finds_an_actor_that_is_scheduled_twice),
        sim_test(test_exclusive_finds_two_handlers_at_once),
        sim_test(test_requests_finds_a_second_end),
        sim_test(test_leaks_finds_a_block_that_is_not_given_back),
        sim_test(test_cycles_names_those_who_wait_for_each_other),
        sim_test(test_rest_names_who_waits_for_whom),
        sim_test(test_map_holds_what_was_put_and_not_removed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
