/* SPDX-License-Identifier: MIT */
/* Futures for which nobody was asked, in actors and threads. */
#include "tests/support/sim.h"

#define NUMBER(F) F(i64, n)
AKT_MESSAGE(put, NUMBER);
AKT_MESSAGE(other, NUMBER);
AKT_REQUEST(get, NUMBER, put);
AKT_REQUEST(look, NUMBER, other);

static int64_t live;

struct parcel {
    int64_t *counter;
};

static void
parcel_free(struct parcel *p)
{
    (*p->counter)--;
}
AKT_LOCAL_MESSAGE_WITH(parcel, parcel_free);

struct actor {
    akt_future future;
    akt_completer completer;
};

static akt_err
on_act(akt_self *self, struct actor *a, const struct act *m)
{
    (void)a;
    return m->fn(self, m->arg);
}
AKT_CLASS(actor, struct actor, AKT_ON(act, on_act), AKT_REQUESTS(4));

static akt_ref
spawn_actor(struct sim *sim)
{
    akt_ref ref;

    assert_ok(akt_spawn(sim->me, actor, &ref, .future = {NULL, 0}));
    return ref;
}

static akt_err
heard_of(akt_self *self, struct actor *a, const akt_answer *answer,
         const struct put *reply)
{
    (void)self;
    (void)a;
    sim_note((int64_t)answer->outcome);
    sim_note(reply != NULL ? reply->n : (int64_t)answer->error);
    return AKT_OK;
}
AKT_THEN_OF(heard_of, struct actor, put);

static akt_err
heard_get(akt_self *self, struct actor *a, const akt_answer *answer,
          const struct put *reply)
{
    return heard_of(self, a, answer, reply);
}
AKT_THEN(heard_get, struct actor, get);

static akt_err
heard_any(akt_self *self, struct actor *a, const akt_answer *answer)
{
    return heard_of(self, a, answer, akt_answer_as(answer, put));
}
AKT_THEN_ANSWER(heard_any, struct actor);

static akt_err
heard_other(akt_self *self, struct actor *a, const akt_answer *answer,
            const struct other *reply)
{
    (void)self;
    (void)a;
    (void)answer;
    (void)reply;
    return AKT_OK;
}
AKT_THEN_OF(heard_other, struct actor, other);

static akt_err
heard_look(akt_self *self, struct actor *a, const akt_answer *answer,
           const struct other *reply)
{
    return heard_other(self, a, answer, reply);
}
AKT_THEN(heard_look, struct actor, look);

/* --- ready --- */

static akt_err
continue_ready(akt_self *self, void *arg)
{
    akt_future f;

    (void)arg;
    assert_ok(akt_future_ready(self, &f, put, .n = 5));
    assert_int_equal(akt_future_poll(self, f), AKT_REPLIED);
    assert_err(akt_then(self, f, heard_other, NULL), AKT_ETYPE);
    assert_err(akt_then(self, f, heard_look, NULL), AKT_ETYPE);
    assert_ok(akt_then(self, f, heard_of, NULL));
    assert_err(akt_then(self, f, heard_of, NULL), AKT_EENDED);
    assert_ok(akt_future_ready(self, &f, put, .n = 6));
    assert_ok(akt_then(self, f, heard_get, NULL));
    assert_ok(akt_future_ready(self, &f, put, .n = 7));
    assert_ok(akt_then(self, f, heard_any, NULL));
    assert_int_equal(sim_note_count(), 0); /* never inside the call */
    return AKT_OK;
}

static void
ready_in_actor(struct sim *sim)
{
    sim_do(sim, spawn_actor(sim), continue_ready, NULL);
    assert_notes(AKT_REPLIED, 5, AKT_REPLIED, 6, AKT_REPLIED, 7);
    assert_int_equal(sim_counters(sim).asked, 0);
    assert_int_equal(sim_counters(sim).replied, 0);
}

static void
test_ready_future_continues_in_a_later_turn(void **state)
{
    (void)state;
    sim_each_seed(ready_in_actor);
}

static akt_err
continue_failed(akt_self *self, void *arg)
{
    akt_future f;

    (void)arg;
    assert_err(akt_future_failed(self, &f, AKT_OK, NULL), AKT_EINVAL);
    assert_ok(akt_future_failed(self, &f, AKT_EIO, NULL));
    assert_int_equal(akt_future_poll(self, f), AKT_FAILED);
    assert_ok(akt_then(self, f, heard_get, NULL));
    assert_ok(akt_future_failed(self, &f, AKT_EFULL, "a text"));
    return akt_then(self, f, heard_of, NULL);
}

static void
failed_in_actor(struct sim *sim)
{
    sim_do(sim, spawn_actor(sim), continue_failed, NULL);
    assert_notes(AKT_FAILED, AKT_EIO, AKT_FAILED, AKT_EFULL);
}

static void
test_failed_future_fits_every_continuation(void **state)
{
    (void)state;
    sim_each_seed(failed_in_actor);
}

static void
ready_in_thread(struct sim *sim)
{
    akt_answer *answer;
    akt_future f;

    assert_ok(akt_future_ready(sim->me, &f, put, .n = 5));
    assert_int_equal(akt_future_poll(sim->me, f), AKT_REPLIED);
    assert_err(akt_cancel(sim->me, f), AKT_EENDED);
    assert_ok(akt_wait(sim->me, f, &answer));
    assert_int_equal(answer->outcome, AKT_REPLIED);
    assert_int_equal(akt_answer_as(answer, put)->n, 5);
    akt_answer_free(sim->me, answer);
    assert_err(akt_wait(sim->me, f, &answer), AKT_EENDED);
    assert_ok(akt_future_failed(sim->me, &f, AKT_EIO, "no luck"));
    assert_ok(akt_wait(sim->me, f, &answer));
    assert_int_equal(answer->outcome, AKT_FAILED);
    assert_int_equal(answer->error, AKT_EIO);
    assert_true(akt_text_equal(answer->text, AKT_TEXT("no luck")));
    akt_answer_free(sim->me, answer);
    /* These go with the view. */
    assert_ok(akt_future_failed(sim->me, &f, AKT_EIO, "no luck"));
    assert_ok(akt_future_ready(sim->me, &f, put, .n = 1));
}

static void
test_ready_future_is_waited_for_by_a_thread(void **state)
{
    (void)state;
    sim_each_seed(ready_in_thread);
}

static akt_err
make_too_many(akt_self *self, void *arg)
{
    struct parcel mine = {&live};
    akt_future f;
    int i;

    (void)arg;
    for (i = 0; i < 3; i++) {
        assert_ok(akt_future_ready(self, &f, put, .n = i));
    }
    live = 1;
    assert_ok(akt_future_ready(self, &f, parcel, .counter = &live));
    assert_err(akt_future_ready(self, &f, parcel, .counter = &live),
               AKT_ELIMIT);
    assert_err(akt_future_failed(self, &f, AKT_EIO, "a"), AKT_ELIMIT);
    assert_int_equal(live, 1); /* what was refused is the caller's */
    akt_future_drop(self, f);
    assert_int_equal(live, 0);
    live = 1;
    assert_ok(akt_future_ready(self, &f, parcel, .counter = mine.counter));
    return AKT_OK;
}

static void
too_many(struct sim *sim)
{
    akt_ref ref = spawn_actor(sim);

    sim_do(sim, ref, make_too_many, NULL);
    assert_ok(akt_stop(sim->me, ref));
    (void)akt_sim_run_until_idle(sim->system);
    assert_int_equal(live, 0);
}

static void
test_ready_futures_beyond_the_limit_are_refused(void **state)
{
    (void)state;
    sim_each_seed(too_many);
}

/* --- oneshots --- */

enum ending {
    COMPLETE,
    COMPLETE_ERROR,
    DROP,
    EXPIRE,
    CANCEL,
    GIVE_UP,
    OWNER_STOPS,
    ENDINGS
};

struct pair {
    akt_future future;
    akt_completer completer;
    enum ending ending;
    akt_err err;
};

static akt_err
open_pair(akt_self *self, void *arg)
{
    struct pair *p = arg;

    assert_ok(
        akt_oneshot_open(self, put, AKT_MS(10), &p->future, &p->completer));
    assert_int_equal(akt_future_poll(self, p->future), AKT_PENDING);
    assert_err(akt_then(self, p->future, heard_other, NULL), AKT_ETYPE);
    return akt_then(self, p->future, heard_of, NULL);
}

static akt_err
end_by(akt_self *self, struct pair *p)
{
    switch (p->ending) {
    case COMPLETE:
        return akt_complete(self, p->completer, put, .n = 42);
    case COMPLETE_ERROR:
        return akt_complete_error(self, p->completer, AKT_EIO, "x");
    case DROP:
        akt_completer_drop(self, p->completer);
        return AKT_OK;
    case CANCEL:
        return akt_cancel(self, p->future);
    case GIVE_UP:
        akt_future_drop(self, p->future);
        return AKT_OK;
    case OWNER_STOPS:
        akt_stop_self(self);
        return AKT_OK;
    default:
        return AKT_OK;
    }
}

static akt_err
end_it(akt_self *self, void *arg)
{
    struct pair *p = arg;

    p->err = end_by(self, p);
    return AKT_OK;
}

static const akt_outcome outcomes[ENDINGS] = {
    AKT_REPLIED, AKT_FAILED, AKT_BROKEN, AKT_EXPIRED, AKT_CANCELLED,
};
static const int64_t values[ENDINGS] = {
    42, AKT_EIO, AKT_EBROKEN, AKT_ETIMEOUT, AKT_ECANCELLED,
};

static void
one_ending(struct sim *sim, enum ending ending)
{
    struct pair p = {.ending = ending};
    akt_ref owner = spawn_actor(sim);
    akt_ref giver = spawn_actor(sim);

    sim_forget();
    sim_do(sim, owner, open_pair, &p);
    assert_true(akt_completer_is_open(sim->me, p.completer));
    sim_do(sim, ending < CANCEL ? giver : owner, end_it, &p);
    assert_ok(p.err);
    (void)akt_sim_advance(sim->system, AKT_MS(11));
    if (ending <= CANCEL) {
        assert_notes((int64_t)outcomes[ending], values[ending]);
    } else {
        assert_int_equal(sim_note_count(), 0);
    }
    assert_false(akt_completer_is_open(sim->me, p.completer));
    assert_err(akt_complete(sim->me, p.completer, put, .n = 1), AKT_EENDED);
    assert_err(akt_complete_error(sim->me, p.completer, AKT_EIO, "x"),
               AKT_EENDED);
    akt_completer_drop(sim->me, p.completer);
    assert_int_equal(sim_counters(sim).asked, 0);
    assert_int_equal(sim_counters(sim).late_replies, 0);
}

static void
every_ending(struct sim *sim)
{
    int i;

    for (i = 0; i < ENDINGS; i++) {
        one_ending(sim, (enum ending)i);
    }
}

static void
test_oneshot_tells_every_outcome_once(void **state)
{
    (void)state;
    sim_each_seed(every_ending);
}

/* Two endings at the same instant: one of them wins. */
static void
two_endings(struct sim *sim, enum ending a, enum ending b)
{
    struct pair first = {.ending = a};
    struct pair second = {.ending = b};
    akt_ref owner = spawn_actor(sim);
    akt_ref giver = spawn_actor(sim);

    sim_forget();
    sim_do(sim, owner, open_pair, &first);
    second.future = first.future;
    second.completer = first.completer;
    (void)akt_sim_advance(sim->system,
                          a == EXPIRE || b == EXPIRE ? AKT_MS(10) - 1 : 0);
    sim_act(sim, a < CANCEL ? giver : owner, end_it, &first);
    sim_act(sim, b < CANCEL ? giver : owner, end_it, &second);
    (void)akt_sim_advance(sim->system, 1);
    (void)akt_sim_advance(sim->system, AKT_MS(20));
    assert_true(sim_note_count() <= 2);
    if (a < GIVE_UP && b < GIVE_UP) {
        assert_int_equal(sim_note_count(), 2);
    }
}

static void
pairs_of_endings(struct sim *sim)
{
    int a;
    int b;

    for (a = 0; a < ENDINGS; a++) {
        for (b = 0; b < ENDINGS; b++) {
            two_endings(sim, (enum ending)a, (enum ending)b);
        }
    }
}

static void
test_every_pair_of_endings_ends_a_oneshot_once(void **state)
{
    (void)state;
    sim_each_seed(pairs_of_endings);
}

static void
by_hand(struct sim *sim)
{
    akt_completer c;
    akt_completer empty = {0};
    akt_answer *answer;
    akt_future f;

    assert_ok(akt_oneshot_open(sim->me, put, 0, &f, &c));
    assert_err(akt_complete(sim->me, c, other, .n = 1), AKT_ETYPE);
    assert_err(akt_complete(sim->me, c, get, .n = 1), AKT_ETYPE);
    assert_err(akt_complete_error(sim->me, c, AKT_OK, NULL), AKT_EINVAL);
    assert_err(akt_complete(sim->me, empty, put, .n = 1), AKT_EENDED);
    akt_completer_drop(sim->me, empty);
    assert_false(akt_completer_is_open(sim->me, empty));
    assert_ok(akt_complete(sim->me, c, put, .n = 3));
    assert_err(akt_complete(sim->me, c, put, .n = 4), AKT_EENDED);
    assert_int_equal(akt_future_poll(sim->me, f), AKT_REPLIED);
    assert_ok(akt_wait(sim->me, f, &answer));
    assert_int_equal(akt_answer_as(answer, put)->n, 3);
    akt_answer_free(sim->me, answer);
    /* The next one lies in the same cell: the old completer misses it. */
    assert_ok(akt_oneshot_open(sim->me, put, 0, &f, &empty));
    assert_ptr_equal(f.cell, c.cell);
    assert_err(akt_complete(sim->me, c, put, .n = 4), AKT_EENDED);
    akt_completer_drop(sim->me, c);
    assert_int_equal(akt_future_poll(sim->me, f), AKT_PENDING);
    assert_ok(akt_complete(sim->me, empty, put, .n = 5));
    akt_future_drop(sim->me, f);
}

static void
test_completer_reaches_its_future_only_and_once(void **state)
{
    (void)state;
    sim_each_seed(by_hand);
}

static void
times(struct sim *sim)
{
    uint64_t before = akt_now_ns(sim->me);
    akt_completer c;
    akt_answer *answer;
    akt_future f;

    assert_ok(akt_oneshot_open(sim->me, put, 0, &f, &c));
    assert_ok(akt_wait(sim->me, f, &answer));
    assert_int_equal(answer->outcome, AKT_EXPIRED);
    assert_int_equal(answer->error, AKT_ETIMEOUT);
    akt_answer_free(sim->me, answer);
    assert_true(akt_now_ns(sim->me) >= before + AKT_SECONDS(5));
    before = akt_now_ns(sim->me);
    assert_ok(akt_oneshot_open(sim->me, put, AKT_MS(3), &f, &c));
    assert_ok(akt_wait(sim->me, f, &answer));
    akt_answer_free(sim->me, answer);
    assert_int_equal(akt_now_ns(sim->me), before + AKT_MS(3));
    assert_ok(akt_oneshot_open(sim->me, put, AKT_NEVER, &f, &c));
    (void)akt_sim_advance(sim->system, AKT_SECONDS(3600));
    assert_int_equal(akt_future_poll(sim->me, f), AKT_PENDING);
    akt_completer_drop(sim->me, c);
    assert_int_equal(akt_future_poll(sim->me, f), AKT_BROKEN);
}

static void
test_oneshot_ends_by_its_time_unless_never(void **state)
{
    (void)state;
    sim_in_order(times);
}

static void
parcels(struct sim *sim)
{
    akt_completer c;
    akt_future f;

    live = 1;
    assert_ok(akt_oneshot_open(sim->me, parcel, 0, &f, &c));
    assert_ok(akt_complete(sim->me, c, parcel, .counter = &live));
    assert_int_equal(live, 1);
    assert_err(akt_complete(sim->me, c, parcel, .counter = &live), AKT_EENDED);
    assert_int_equal(live, 1);
    akt_future_drop(sim->me, f);
    assert_int_equal(live, 0);
}

static void
test_late_completion_leaves_the_content_with_the_caller(void **state)
{
    (void)state;
    sim_in_order(parcels);
}

static void
strangers(struct sim *sim)
{
    struct sim other;
    akt_completer c;
    akt_future f;

    sim_open(&other, sim->seed);
    assert_ok(akt_oneshot_open(sim->me, put, 0, &f, &c));
    assert_err(akt_complete(other.me, c, put, .n = 1), AKT_EFOREIGN);
    assert_err(akt_complete_error(other.me, c, AKT_EIO, NULL), AKT_EFOREIGN);
    akt_completer_drop(other.me, c);
    assert_int_equal(akt_future_poll(sim->me, f), AKT_PENDING);
    sim_close(&other);
}

static void
test_completer_of_another_system_is_refused(void **state)
{
    (void)state;
    sim_in_order(strangers);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sim_test(test_ready_future_continues_in_a_later_turn),
        sim_test(test_failed_future_fits_every_continuation),
        sim_test(test_ready_future_is_waited_for_by_a_thread),
        sim_test(test_ready_futures_beyond_the_limit_are_refused),
        sim_test(test_oneshot_tells_every_outcome_once),
        sim_test(test_every_pair_of_endings_ends_a_oneshot_once),
        sim_test(test_completer_reaches_its_future_only_and_once),
        sim_test(test_oneshot_ends_by_its_time_unless_never),
        sim_test(test_late_completion_leaves_the_content_with_the_caller),
        sim_test(test_completer_of_another_system_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
