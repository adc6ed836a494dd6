/* SPDX-License-Identifier: MIT */
/* What a message points to: valid while it is handled, freed once. */
#include "akt/timer.h"
#include "tests/support/sim.h"

#include <stdlib.h>
#include <string.h>

#define WORDS(F) F(text, words) F(bytes, raw) F(i64, n)
AKT_MESSAGE(letter, WORDS);

/* A local message with memory of its own, which is counted. */
struct chunk {
    char *data;
    int64_t n;
};

static int64_t live;

static void
chunk_free(struct chunk *c)
{
    assert_non_null(c->data);
    free(c->data);
    c->data = NULL;
    live--;
}
AKT_LOCAL_MESSAGE_WITH(chunk, chunk_free);

struct plain {
    int64_t n;
};
AKT_LOCAL_MESSAGE(plain);

static char *
new_data(void)
{
    live++;
    return calloc(1, 32);
}

struct keeper {
    akt_ref to;
    int64_t mode;
};

enum {
    HANDLE,
    TAKE,
    FORWARD,
    STASH,
    FAIL
};

static akt_err
on_chunk(akt_self *self, struct keeper *k, const struct chunk *m)
{
    struct chunk mine;

    sim_note(m->n);
    switch (k->mode) {
    case TAKE:
        assert_ok(akt_take(self, m, &mine));
        assert_err(akt_take(self, m, &mine), AKT_ETYPE);
        assert_int_equal(mine.data[0], 0);
        chunk_free(&mine);
        return AKT_OK;
    case FORWARD:
        return akt_forward(self, k->to);
    case STASH:
        return akt_stash(self);
    case FAIL:
        return AKT_EIO;
    default:
        assert_int_equal(m->data[31], 0);
        return AKT_OK;
    }
}

static akt_err
on_plain(akt_self *self, struct keeper *k, const struct plain *m)
{
    struct plain mine = {0};

    (void)k;
    assert_ok(akt_take(self, m, &mine));
    sim_note(mine.n);
    return AKT_OK;
}

static akt_err
on_letter(akt_self *self, struct keeper *k, const struct letter *m)
{
    struct letter copy;

    (void)k;
    assert_int_equal(strlen(m->words.ptr), m->words.len);
    assert_true(akt_text_equal(m->words, AKT_TEXT("hello")));
    assert_int_equal(m->raw.len, 3);
    assert_memory_equal(m->raw.ptr, "\0\1\2", 3);
    assert_err(akt_take(self, m, &copy), AKT_ETYPE);
    sim_note(m->n);
    return AKT_OK;
}

static akt_err
on_act(akt_self *self, struct keeper *k, const struct act *m)
{
    return m->fn(self, m->arg != NULL ? m->arg : (void *)k);
}

AKT_CLASS(keeper, struct keeper, AKT_ON(chunk, on_chunk),
          AKT_ON(letter, on_letter), AKT_ON(act, on_act),
          AKT_ON(plain, on_plain));
AKT_CLASS(newest, struct keeper, AKT_ON(chunk, on_chunk),
          AKT_MAILBOX(1, AKT_DROP_NEWEST));
AKT_CLASS(oldest, struct keeper, AKT_ON(chunk, on_chunk),
          AKT_MAILBOX(1, AKT_DROP_OLDEST));
AKT_CLASS(narrow, struct keeper, AKT_ON(chunk, on_chunk),
          AKT_MAILBOX(1, AKT_AWAIT));
AKT_CLASS(failing, struct keeper, AKT_ON(chunk, on_chunk),
          AKT_MAILBOX(1, AKT_FAIL));
AKT_CLASS(deaf, struct keeper, AKT_ON(act, on_act));

static akt_ref
spawn_keeper(struct sim *sim, int64_t mode, akt_ref to)
{
    akt_ref ref;

    assert_ok(akt_spawn(sim->me, keeper, &ref, .mode = mode, .to = to));
    return ref;
}

static void
send_chunk(struct sim *sim, akt_ref to, int64_t n)
{
    assert_ok(akt_send(sim->me, to, chunk, .data = new_data(), .n = n));
}

/* A send that fails leaves the content to the sender. */
static void
send_refused(struct sim *sim, akt_ref to, akt_err expected)
{
    struct chunk mine = {.data = new_data()};

    assert_err(akt_send(sim->me, to, chunk, .data = mine.data), expected);
    assert_int_equal(mine.data[0], 0);
    chunk_free(&mine);
}

static void
settle(struct sim *sim)
{
    (void)akt_sim_run_until_idle(sim->system);
    assert_int_equal(live, 0);
}

/* --- local messages --- */

static void
handled(struct sim *sim)
{
    live = 0;
    send_chunk(sim, spawn_keeper(sim, HANDLE, AKT_REF_NONE), 1);
    assert_int_equal(live, 1);
    settle(sim);
    send_chunk(sim, spawn_keeper(sim, TAKE, AKT_REF_NONE), 2);
    settle(sim);
    send_chunk(sim, spawn_keeper(sim, FAIL, AKT_REF_NONE), 3);
    settle(sim);
    assert_int_equal(sim_note_count(), 3);
}

static void
test_local_message_that_is_handled_is_freed_once(void **state)
{
    (void)state;
    sim_each_seed(handled);
}

static void
forwarded(struct sim *sim)
{
    akt_ref last = spawn_keeper(sim, TAKE, AKT_REF_NONE);
    akt_ref first;
    int i;

    live = 0;
    for (i = 0; i < 4; i++) {
        first = spawn_keeper(sim, FORWARD, last);
        last = first;
    }
    send_chunk(sim, last, 1);
    settle(sim);
    assert_int_equal(sim_noted(1), 5);
}

static void
test_local_message_that_is_forwarded_is_freed_once(void **state)
{
    (void)state;
    sim_each_seed(forwarded);
}

static void
not_delivered(struct sim *sim)
{
    akt_ref a;
    akt_ref b;
    akt_ref c;

    live = 0;
    assert_ok(akt_spawn(sim->me, newest, &a));
    assert_ok(akt_spawn(sim->me, oldest, &b));
    assert_ok(akt_spawn(sim->me, deaf, &c));
    send_chunk(sim, a, 1);
    send_chunk(sim, a, 2);
    send_chunk(sim, b, 3);
    send_chunk(sim, b, 4);
    assert_int_equal(live, 2);
    send_chunk(sim, c, 5);
    settle(sim);
    assert_int_equal(sim_note_count(), 2);
    assert_int_equal(sim_noted(1), 1);
    assert_int_equal(sim_noted(4), 1);
    assert_int_equal(sim_counters(sim).dropped, 3);
}

static void
test_local_message_that_is_dropped_is_freed_once(void **state)
{
    (void)state;
    sim_each_seed(not_delivered);
}

static void
owner_ends(struct sim *sim)
{
    akt_ref ref = spawn_keeper(sim, STASH, AKT_REF_NONE);

    live = 0;
    send_chunk(sim, ref, 1);
    send_chunk(sim, ref, 2);
    (void)akt_sim_run_until_idle(sim->system);
    assert_int_equal(live, 2);
    send_chunk(sim, ref, 3);
    assert_ok(akt_kill(sim->me, ref));
    settle(sim);
    assert_int_equal(sim_counters(sim).dead, 3);
    send_chunk(sim, spawn_keeper(sim, HANDLE, AKT_REF_NONE), 4);
    assert_ok(akt_system_stop(sim->system, 0));
    assert_int_equal(live, 0);
    assert_int_equal(sim_counters(sim).discarded, 1);
}

static void
test_local_message_of_a_dead_actor_is_freed_once(void **state)
{
    (void)state;
    sim_each_seed(owner_ends);
}

static void
refused(struct sim *sim)
{
    akt_ref dead = spawn_keeper(sim, HANDLE, AKT_REF_NONE);
    akt_ref foreign = dead;
    akt_ref full;

    live = 0;
    assert_ok(akt_stop(sim->me, dead));
    settle(sim);
    send_refused(sim, dead, AKT_EDEAD);
    foreign.system++;
    send_refused(sim, foreign, AKT_EFOREIGN);
    assert_ok(akt_spawn(sim->me, failing, &full));
    send_chunk(sim, full, 1);
    send_refused(sim, full, AKT_EFULL);
    assert_ok(akt_spawn(sim->me, narrow, &full));
    send_chunk(sim, full, 1);
    send_refused(sim, full, AKT_EFULL);
    settle(sim);
    assert_ok(akt_system_stop(sim->system, 0));
    send_refused(sim, full, AKT_ESTOPPED);
}

static void
test_local_message_that_is_refused_stays_with_the_sender(void **state)
{
    (void)state;
    sim_each_seed(refused);
}

static akt_err
send_three(akt_self *self, void *arg)
{
    int64_t n;

    for (n = 1; n <= 3; n++) {
        struct chunk mine = {.data = new_data()};
        akt_err err =
            akt_send(self, *(akt_ref *)arg, chunk, .data = mine.data, .n = n);

        assert_true(err == AKT_OK || err == AKT_EDEAD);
        if (err != AKT_OK) {
            chunk_free(&mine);
        }
    }
    return AKT_OK;
}

static void
waits(struct sim *sim)
{
    akt_ref to;
    akt_ref sender = spawn_keeper(sim, HANDLE, AKT_REF_NONE);
    uint64_t steps = akt_random(sim->me) % 4;

    live = 0;
    assert_ok(akt_spawn(sim->me, narrow, &to));
    sim_act(sim, sender, send_three, &to);
    while (steps-- > 0 && akt_sim_step(sim->system)) {
    }
    akt_ignore(akt_kill(sim->me, sim->seed % 2 == 0 ? to : sender));
    settle(sim);
}

static void
test_local_message_that_waits_for_room_is_freed_once(void **state)
{
    (void)state;
    sim_each_seed(waits);
}

static akt_err
start_timers(akt_self *self, void *arg)
{
    akt_timer t;

    (void)arg;
    assert_ok(akt_timer_start(self, AKT_MS(1), 0, NULL, chunk,
                              .data = new_data(), .n = 1));
    assert_ok(akt_timer_start(self, AKT_MS(2), 0, &t, chunk, .data = new_data(),
                              .n = 2));
    assert_ok(akt_timer_cancel(self, t));
    assert_ok(akt_timer_start(self, AKT_SECONDS(9), 0, NULL, chunk,
                              .data = new_data(), .n = 3));
    assert_err(akt_timer_start(self, 0, AKT_MS(1), NULL, chunk, .n = 4),
               AKT_EINVAL);
    return AKT_OK;
}

static void
by_timer(struct sim *sim, int64_t mode)
{
    akt_ref ref = spawn_keeper(sim, mode, AKT_REF_NONE);

    live = 0;
    sim_do(sim, ref, start_timers, NULL);
    assert_int_equal(live, 2);
    (void)akt_sim_advance(sim->system, AKT_MS(5));
    assert_int_equal(live, 1);
    assert_ok(akt_stop(sim->me, ref));
    settle(sim);
    assert_notes(1);
    sim_forget();
}

static void
by_timers(struct sim *sim)
{
    by_timer(sim, HANDLE);
    by_timer(sim, TAKE);
}

static void
test_local_message_of_a_timer_is_freed_once(void **state)
{
    (void)state;
    sim_each_seed(by_timers);
}

static akt_err
start_plain(akt_self *self, void *arg)
{
    (void)arg;
    return akt_timer_start(self, AKT_MS(1), AKT_MS(1), NULL, plain, .n = 7);
}

static void
taken_each_time(struct sim *sim)
{
    sim_do(sim, spawn_keeper(sim, HANDLE, AKT_REF_NONE), start_plain, NULL);
    (void)akt_sim_advance(sim->system, AKT_MS(3));
    assert_notes(7, 7, 7);
}

static void
test_take_of_a_periodic_message_works_each_time(void **state)
{
    (void)state;
    sim_in_order(taken_each_time);
}

static void
thread_takes(struct sim *sim)
{
    struct chunk c = {.data = NULL};
    struct chunk mine;

    assert_err(akt_take(sim->me, (const struct chunk *)&c, &mine), AKT_ETYPE);
}

static void
test_take_without_a_message_is_refused(void **state)
{
    (void)state;
    sim_in_order(thread_takes);
}

static akt_err
start_one(akt_self *self, void *arg)
{
    (void)arg;
    return akt_timer_start(self, AKT_MS(1), 0, NULL, chunk, .data = new_data(),
                           .n = 1);
}

/* --- texts --- */

static void
texts(struct sim *sim)
{
    akt_ref ref = spawn_keeper(sim, HANDLE, AKT_REF_NONE);
    char words[6] = "hello";
    unsigned char raw[3] = {0, 1, 2};

    assert_ok(akt_send(sim->me, ref, letter, .words = akt_text_of(words),
                       .raw = {raw, 3}, .n = 1));
    memset(words, 'x', sizeof(words));
    memset(raw, 9, sizeof(raw));
    (void)akt_sim_run_until_idle(sim->system);
    assert_notes(1);
}

static void
test_text_is_copied_and_ended(void **state)
{
    (void)state;
    sim_each_seed(texts);
}

/* --- last: a mistake here stops the program --- */

static void
forwards_timer(struct sim *sim)
{
    akt_ref last = spawn_keeper(sim, HANDLE, AKT_REF_NONE);

    live = 0;
    sim_do(sim, spawn_keeper(sim, FORWARD, last), start_one, NULL);
    (void)akt_sim_advance(sim->system, AKT_MS(1));
    settle(sim);
    assert_int_equal(sim_noted(1), 2);
}

static void
test_forward_of_a_timers_local_message_frees_it_once(void **state)
{
    (void)state;
    sim_in_order(forwards_timer);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sim_test(test_local_message_that_is_handled_is_freed_once),
        sim_test(test_local_message_that_is_forwarded_is_freed_once),
        sim_test(test_local_message_that_is_dropped_is_freed_once),
        sim_test(test_local_message_of_a_dead_actor_is_freed_once),
        sim_test(test_local_message_that_is_refused_stays_with_the_sender),
        sim_test(test_local_message_that_waits_for_room_is_freed_once),
        sim_test(test_local_message_of_a_timer_is_freed_once),
        sim_test(test_take_of_a_periodic_message_works_each_time),
        sim_test(test_take_without_a_message_is_refused),
        sim_test(test_text_is_copied_and_ended),
        sim_test(test_forward_of_a_timers_local_message_frees_it_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
