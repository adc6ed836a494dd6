/* SPDX-License-Identifier: MIT */
/* Functions between futures: map, and_then, recover, or_else. */
#include "tests/support/sim.h"

#include <stdio.h>

#define NUMBER(F) F(i64, n)
AKT_MESSAGE(put, NUMBER);
#define WORDS(F) F(text, words) F(i64, n)
AKT_MESSAGE(letter, WORDS);

struct actor {
    char nothing;
};

/* What a function does besides, and what it finds. */
struct plan {
    akt_future part;
    akt_future whole;
    akt_completer completer;
    akt_future next;
    akt_completer next_completer;
    akt_err err; /* of the function */
    bool cancels;
    bool drops;
    bool makes_next;
    bool gives_itself;
    bool gives_wrong;
    bool gives_nothing;
    int calls;
};

static void
meddle(akt_self *self, struct plan *p)
{
    p->calls++;
    if (p->cancels) {
        assert_ok(akt_cancel(self, p->whole));
    }
    if (p->drops) {
        akt_future_drop(self, p->whole);
    }
}

static akt_err
to_letter(akt_self *self, void *arg, const struct put *in, struct letter *out)
{
    struct plan *p = arg;
    char words[16];
    akt_answer *answer;

    meddle(self, p);
    assert_err(akt_wait(self, p->part, &answer), AKT_ECONTEXT);
    (void)snprintf(words, sizeof(words), "%d", (int)in->n);
    out->words = akt_text_of(words);
    assert_int_equal(out->n, 0);
    out->n = in->n + 1;
    /* The text is copied before it is gone. */
    if (p->err != AKT_OK) {
        return p->err;
    }
    out->words = in->n == 5 ? AKT_TEXT("5") : AKT_TEXT("?");
    return AKT_OK;
}
AKT_MAP(to_letter, put, letter);

static akt_err
next_of(akt_self *self, struct plan *p, akt_future *next)
{
    meddle(self, p);
    if (p->err != AKT_OK || p->gives_nothing) {
        return p->err;
    }
    if (p->gives_itself) {
        *next = p->whole;
        return AKT_OK;
    }
    if (p->gives_wrong) {
        return akt_future_ready(self, next, put, .n = 1);
    }
    if (!p->makes_next) {
        return akt_future_ready(self, next, letter, .words = AKT_TEXT("now"));
    }
    AKT_TRY(akt_oneshot_open(self, letter, AKT_SECONDS(1), &p->next,
                             &p->next_completer));
    *next = p->next;
    return AKT_OK;
}

static akt_err
then_next(akt_self *self, void *arg, const struct put *in, akt_future *next)
{
    assert_int_equal(in->n, 5);
    return next_of(self, arg, next);
}
AKT_AND_THEN(then_next, put, letter);

static akt_err
instead(akt_self *self, void *arg, const akt_answer *failed, struct put *out)
{
    struct plan *p = arg;

    meddle(self, p);
    assert_int_not_equal(failed->error, AKT_OK);
    out->n = 77;
    return p->err;
}
AKT_RECOVER(instead, put);

static akt_err
again(akt_self *self, void *arg, const akt_answer *failed, akt_future *next)
{
    assert_int_not_equal(failed->error, AKT_OK);
    return next_of(self, arg, next);
}
AKT_OR_ELSE(again, letter);

static akt_err
on_act(akt_self *self, struct actor *a, const struct act *m)
{
    (void)a;
    return m->fn(self, m->arg);
}
AKT_CLASS(actor, struct actor, AKT_ON(act, on_act));

static akt_ref
spawn_actor(struct sim *sim)
{
    akt_ref ref;

    assert_ok(akt_spawn(sim->me, actor, &ref, .nothing = 0));
    return ref;
}

static void
note_answer(const akt_answer *answer)
{
    const struct letter *l = akt_answer_as(answer, letter);
    const struct put *p = akt_answer_as(answer, put);

    sim_note((int64_t)answer->outcome);
    if (l != NULL) {
        sim_note(l->words.len > 0 ? l->words.ptr[0] : 0);
    }
    sim_note(l != NULL ? l->n : p != NULL ? p->n : (int64_t)answer->error);
}

static akt_err
heard(akt_self *self, struct actor *a, const akt_answer *answer)
{
    (void)self;
    (void)a;
    note_answer(answer);
    return AKT_OK;
}
AKT_THEN_ANSWER(heard, struct actor);

typedef akt_err make_fn(akt_self *self, struct plan *p);

static akt_err
make_map(akt_self *self, struct plan *p)
{
    return akt_map(self, p->part, to_letter, p, &p->whole);
}

static akt_err
make_and_then(akt_self *self, struct plan *p)
{
    return akt_and_then(self, p->part, then_next, p, &p->whole);
}

static akt_err
make_recover(akt_self *self, struct plan *p)
{
    return akt_recover(self, p->part, instead, p, &p->whole);
}

static akt_err
make_or_else(akt_self *self, struct plan *p)
{
    return akt_or_else(self, p->part, again, p, &p->whole);
}

struct order {
    make_fn *make;
    struct plan *plan;
    bool of_letter;
};

static akt_err
open_part(akt_self *self, struct order *o)
{
    struct plan *p = o->plan;

    if (o->of_letter) {
        return akt_oneshot_open(self, letter, AKT_SECONDS(1), &p->part,
                                &p->completer);
    }
    return akt_oneshot_open(self, put, AKT_SECONDS(1), &p->part, &p->completer);
}

static akt_err
begin(akt_self *self, void *arg)
{
    struct order *o = arg;

    assert_ok(open_part(self, o));
    assert_ok(o->make(self, o->plan));
    assert_int_equal(akt_future_poll(self, o->plan->part), AKT_BROKEN);
    return AKT_OK;
}

static akt_err
begin_and_continue(akt_self *self, void *arg)
{
    struct order *o = arg;

    (void)begin(self, o);
    return akt_then(self, o->plan->whole, heard, NULL);
}

/* In an actor, then in a thread: completes it by 5 or, if 0, by an error. */
static void
run_actor(struct sim *sim, struct order *o, int64_t n)
{
    sim_forget();
    sim_do(sim, spawn_actor(sim), begin_and_continue, o);
    assert_int_equal(o->plan->calls, 0);
    if (n != 0) {
        assert_ok(akt_complete(sim->me, o->plan->completer, put, .n = n));
    } else {
        assert_ok(
            akt_complete_error(sim->me, o->plan->completer, AKT_EIO, "x"));
    }
    (void)akt_sim_run_until_idle(sim->system);
}

static void
run_thread(struct sim *sim, struct order *o, int64_t n)
{
    akt_answer *answer;

    sim_forget();
    (void)begin(sim->me, o);
    if (n != 0) {
        assert_ok(akt_complete(sim->me, o->plan->completer, put, .n = n));
    } else {
        assert_ok(
            akt_complete_error(sim->me, o->plan->completer, AKT_EIO, "x"));
    }
    assert_int_equal(o->plan->calls, 0);
    if (o->plan->drops) {
        (void)akt_future_poll(sim->me, o->plan->whole);
        assert_err(akt_wait(sim->me, o->plan->whole, &answer), AKT_EENDED);
        return;
    }
    assert_ok(akt_wait(sim->me, o->plan->whole, &answer));
    note_answer(answer);
    akt_answer_free(sim->me, answer);
}

#define assert_both(make, n, calls_, plan_, ...)                               \
    do {                                                                       \
        struct plan p_ = plan_;                                                \
        struct order o_ = {make, &p_, (make) == make_or_else};                 \
        run_actor(sim, &o_, (n));                                              \
        assert_int_equal(p_.calls, (calls_));                                  \
        assert_notes(__VA_ARGS__);                                             \
        p_ = (struct plan)plan_;                                               \
        run_thread(sim, &o_, (n));                                             \
        assert_int_equal(p_.calls, (calls_));                                  \
        assert_notes(__VA_ARGS__);                                             \
    } while (0)

#define PLAN(...)                                                              \
    {                                                                          \
        __VA_ARGS__                                                            \
    }

static void
maps(struct sim *sim)
{
    assert_both(make_map, 5, 1, PLAN(.calls = 0), AKT_REPLIED, '5', 6);
    assert_both(make_map, 0, 0, PLAN(.calls = 0), AKT_FAILED, AKT_EIO);
    assert_both(make_map, 5, 1, PLAN(.err = AKT_EFULL), AKT_FAILED, AKT_EFULL);
    assert_both(make_recover, 5, 0, PLAN(.calls = 0), AKT_REPLIED, 5);
    assert_both(make_recover, 0, 1, PLAN(.calls = 0), AKT_REPLIED, 77);
    assert_both(make_recover, 0, 1, PLAN(.err = AKT_EFULL), AKT_FAILED,
                AKT_EFULL);
}

static void
test_function_makes_the_reply_once(void **state)
{
    (void)state;
    sim_each_seed(maps);
}

static void
chains(struct sim *sim)
{
    assert_both(make_and_then, 5, 1, PLAN(.calls = 0), AKT_REPLIED, 'n', 0);
    assert_both(make_and_then, 0, 0, PLAN(.calls = 0), AKT_FAILED, AKT_EIO);
    assert_both(make_and_then, 5, 1, PLAN(.err = AKT_EFULL), AKT_FAILED,
                AKT_EFULL);
    assert_both(make_and_then, 5, 1, PLAN(.gives_wrong = true), AKT_FAILED,
                AKT_ETYPE);
    assert_both(make_and_then, 5, 1, PLAN(.gives_itself = true), AKT_FAILED,
                AKT_EINVAL);
    assert_both(make_and_then, 5, 1, PLAN(.gives_nothing = true), AKT_FAILED,
                AKT_EENDED);
    assert_both(make_or_else, 0, 1, PLAN(.calls = 0), AKT_REPLIED, 'n', 0);
}

static void
test_function_gives_the_next_future(void **state)
{
    (void)state;
    sim_each_seed(chains);
}

static void
meddles(struct sim *sim)
{
    struct plan p = {.drops = true};
    struct order o = {make_map, &p, false};

    assert_both(make_map, 5, 1, PLAN(.cancels = true), AKT_CANCELLED,
                AKT_ECANCELLED);
    assert_both(make_and_then, 5, 1, PLAN(.cancels = true), AKT_CANCELLED,
                AKT_ECANCELLED);
    run_actor(sim, &o, 5);
    p = (struct plan){.drops = true};
    run_thread(sim, &o, 5);
    o.make = make_and_then;
    p = (struct plan){.drops = true, .makes_next = true};
    run_actor(sim, &o, 5);
    assert_false(akt_completer_is_open(sim->me, p.next_completer));
    p = (struct plan){.drops = true, .cancels = true, .makes_next = true};
    run_thread(sim, &o, 5);
    assert_false(akt_completer_is_open(sim->me, p.next_completer));
    assert_int_equal(sim_note_count(), 0);
}

static void
test_function_may_drop_or_cancel_its_own_future(void **state)
{
    (void)state;
    sim_each_seed(meddles);
}

/* --- the next future is open when it is given --- */

static akt_err
drop_whole(akt_self *self, void *arg)
{
    struct plan *p = arg;

    akt_future_drop(self, p->whole);
    return AKT_OK;
}

static void
waits_for_next(struct sim *sim)
{
    struct plan p = {.makes_next = true};
    struct order o = {make_and_then, &p, false};
    akt_ref owner = spawn_actor(sim);

    run_actor(sim, &o, 5);
    assert_int_equal(sim_note_count(), 0);
    assert_ok(akt_complete(sim->me, p.next_completer, letter,
                           .words = AKT_TEXT("late"), .n = 3));
    (void)akt_sim_run_until_idle(sim->system);
    assert_notes(AKT_REPLIED, 'l', 3);
    sim_forget();
    p = (struct plan){.makes_next = true};
    sim_do(sim, owner, begin_and_continue, &o);
    assert_ok(akt_complete(sim->me, p.completer, put, .n = 5));
    (void)akt_sim_run_until_idle(sim->system);
    assert_true(akt_completer_is_open(sim->me, p.next_completer));
    sim_do(sim, owner, drop_whole, &p);
    assert_false(akt_completer_is_open(sim->me, p.next_completer));
    assert_int_equal(sim_note_count(), 0);
}

static void
test_next_future_is_waited_for_and_goes_with_the_whole(void **state)
{
    (void)state;
    sim_each_seed(waits_for_next);
}

/* --- what has ended before, chains, types --- */

static akt_err
build(akt_self *self, void *arg)
{
    struct plan *p = arg;
    akt_future f;

    assert_ok(akt_future_ready(self, &f, letter, .n = 1));
    assert_err(akt_map(self, f, to_letter, p, &p->whole), AKT_ETYPE);
    assert_err(akt_and_then(self, f, then_next, p, &p->whole), AKT_ETYPE);
    assert_err(akt_recover(self, f, instead, p, &p->whole), AKT_ETYPE);
    assert_err(akt_map(self, f, to_letter, p, NULL), AKT_EINVAL);
    assert_int_equal(akt_future_poll(self, f), AKT_REPLIED);
    akt_future_drop(self, f);
    assert_err(akt_map(self, f, to_letter, p, &p->whole), AKT_EENDED);
    assert_ok(akt_future_failed(self, &f, AKT_EIO, NULL));
    assert_ok(akt_recover(self, f, instead, p, &f));
    assert_ok(akt_recover(self, f, instead, p, &f));
    assert_ok(akt_timeout(self, f, AKT_MS(1), &p->whole));
    assert_int_equal(p->calls, 0); /* never inside the call */
    return AKT_OK;
}

static akt_err
build_and_continue(akt_self *self, void *arg)
{
    struct plan *p = arg;

    (void)build(self, p);
    return akt_then(self, p->whole, heard, NULL);
}

static void
chain_of_ended(struct sim *sim)
{
    struct plan p = {.calls = 0};
    akt_answer *answer;

    sim_do(sim, spawn_actor(sim), build_and_continue, &p);
    assert_notes(AKT_REPLIED, 77);
    assert_int_equal(p.calls, 1);
    p.calls = 0;
    (void)build(sim->me, &p);
    assert_ok(akt_wait(sim->me, p.whole, &answer));
    assert_int_equal(akt_answer_as(answer, put)->n, 77);
    akt_answer_free(sim->me, answer);
}

static void
test_functions_of_what_has_ended_run_later(void **state)
{
    (void)state;
    sim_each_seed(chain_of_ended);
}

/* --- depth --- */

#define DEPTH 500

static akt_err
build_tower(akt_self *self, void *arg)
{
    struct plan *p = arg;
    akt_future f;
    int i;

    assert_ok(akt_oneshot_open(self, put, 0, &f, &p->completer));
    for (i = 0; i < DEPTH; i++) {
        if (i % 2 == 0) {
            assert_ok(akt_recover(self, f, instead, p, &f));
        } else {
            assert_ok(akt_race(self, &f, 1, &f));
        }
    }
    p->whole = f;
    return AKT_OK;
}

static akt_err
build_tower_and_continue(akt_self *self, void *arg)
{
    struct plan *p = arg;

    (void)build_tower(self, p);
    return akt_then(self, p->whole, heard, NULL);
}

static void
towers(struct sim *sim)
{
    struct plan p = {.calls = 0};
    akt_ref owner = spawn_actor(sim);

    sim_do(sim, owner, build_tower_and_continue, &p);
    assert_ok(akt_complete(sim->me, p.completer, put, .n = 3));
    (void)akt_sim_run_until_idle(sim->system);
    assert_notes(AKT_REPLIED, 3);
    sim_do(sim, owner, build_tower_and_continue, &p);
    sim_do(sim, owner, drop_whole, &p);
    assert_false(akt_completer_is_open(sim->me, p.completer));
    sim_do(sim, owner, build_tower_and_continue, &p);
    (void)build_tower(sim->me, &p); /* both go with their owners */
}

static void
test_deep_trees_end_and_go(void **state)
{
    (void)state;
    sim_each_seed(towers);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sim_test(test_function_makes_the_reply_once),
        sim_test(test_function_gives_the_next_future),
        sim_test(test_function_may_drop_or_cancel_its_own_future),
        sim_test(test_next_future_is_waited_for_and_goes_with_the_whole),
        sim_test(test_functions_of_what_has_ended_run_later),
        sim_test(test_deep_trees_end_and_go),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
