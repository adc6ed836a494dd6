/* SPDX-License-Identifier: MIT */
/*
 * A request that is the only message there is lies in its mailbox while it is
 * handled. Here the handler does with it all that a handler may do, and another
 * thread sends meanwhile: the request is answered once, after as many turns as it
 * should take, and what came in keeps its sender's order.
 *
 * Found: a message that is kept, put aside or handed on while it lies in the box;
 * one that is freed before it is out; what came in meanwhile and is forgotten.
 */
#include "tests/explore/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define SENDERS 2
#define CRUMBS 2

#define CRUMB(F) F(i32, sender) F(i32, n)
AKT_MESSAGE(crumb, CRUMB);
#define TURNS(F) F(i64, turns)
AKT_MESSAGE(caught, TURNS);
#define TOSS(F) F(i64, how)
AKT_REQUEST(toss, TOSS, caught);

enum {
    REPLY,
    KEEP,
    STASH,
    FORWARD, /* to itself */
    PASS,    /* to another one, which replies */
    FAIL
};

struct juggler {
    akt_ref other; /* who replies, if this one passes it on */
    akt_promise_of(toss) kept;
    bool keeps;
    int64_t turns;
    int32_t next[SENDERS];
};

static akt_err
on_toss(akt_self *self, struct juggler *j, const struct toss *m)
{
    j->turns++;
    if (m->how == KEEP) {
        j->keeps = true;
        return akt_keep(self, m, &j->kept);
    }
    if (m->how == FAIL) {
        return AKT_EIO;
    }
    if (m->how == REPLY || j->turns > 1
        || (m->how == PASS && akt_ref_is_none(j->other))) {
        return akt_reply(self, m, .turns = j->turns);
    }
    return m->how == STASH
               ? akt_stash(self)
               : akt_forward(self,
                             m->how == FORWARD ? akt_self_ref(self) : j->other);
}

static akt_err
on_crumb(akt_self *self, struct juggler *j, const struct crumb *m)
{
    explore_check(m->n == j->next[m->sender]);
    j->next[m->sender]++;
    (void)akt_unstash(self);
    if (j->keeps) {
        j->keeps = false;
        return akt_promise_reply(self, &j->kept, .turns = j->turns);
    }
    return AKT_OK;
}
AKT_CLASS(juggler, struct juggler, AKT_ON(toss, on_toss),
          AKT_ON(crumb, on_crumb));

struct table {
    akt_ref juggler;
    int64_t how;
};

static void
drop_crumbs(akt_self *me, const struct table *t, int32_t sender)
{
    int32_t i;

    for (i = 0; i < CRUMBS; i++) {
        akt_err err = akt_send(me, t->juggler, crumb, .sender = sender, .n = i);

        explore_check(err == AKT_OK || (t->how == FAIL && err == AKT_EDEAD));
    }
}

static void
drop_others(akt_self *me, void *arg)
{
    drop_crumbs(me, arg, 1);
}

static void
expect_answer(akt_self *me, const struct table *t, akt_future f)
{
    akt_answer *answer;

    explore_ok(akt_wait(me, f, &answer));
    if (t->how == FAIL) {
        explore_check(answer->outcome == AKT_FAILED);
    } else {
        const struct caught *caught = akt_answer_as(answer, caught);

        explore_check(caught != NULL);
        explore_check(caught->turns
                      == (t->how == STASH || t->how == FORWARD ? 2 : 1));
    }
    akt_answer_free(me, answer);
}

static void
toss_among_crumbs(void *arg)
{
    struct table table = {.how = *(const int64_t *)arg};
    struct world_thread other;
    akt_ref other_ref;
    akt_future f;
    struct world w;

    world_begin(&w, 1);
    explore_ok(akt_spawn(w.me, juggler, &other_ref));
    explore_ok(akt_spawn(w.me, juggler, &table.juggler, .other = other_ref));
    world_wait_idle(&w);
    explore_begin();
    world_start(&w, &other, drop_others, &table);
    explore_ok(akt_ask(w.me, table.juggler, &f, toss, .how = table.how));
    drop_crumbs(w.me, &table, 0);
    world_join(&other);
    expect_answer(w.me, &table, f);
    world_end(&w);
}

static void
explore_toss(int64_t how, const char *name)
{
    struct campaign c = {.name = name,
                         .scenario = toss_among_crumbs,
                         .arg = &how,
                         .random = 4000,
                         .pct = 1000,
                         .preemptions = 2,
                         .all_max = 5000};

    assert_true(campaign_passes(&c));
}

static void
test_reply_among_messages_is_made_once(void **state)
{
    (void)state;
    explore_toss(REPLY, "a single request");
}

static void
test_keep_among_messages_is_answered_later(void **state)
{
    (void)state;
    explore_toss(KEEP, "a single request is kept");
}

static void
test_stash_among_messages_comes_back(void **state)
{
    (void)state;
    explore_toss(STASH, "a single request is put aside");
}

static void
test_forward_to_oneself_among_messages_comes_back(void **state)
{
    (void)state;
    explore_toss(FORWARD, "a single request is sent to oneself");
}

static void
test_forward_among_messages_is_answered_there(void **state)
{
    (void)state;
    explore_toss(PASS, "a single request is passed on");
}

static void
test_failure_among_messages_gives_all_a_fate(void **state)
{
    (void)state;
    explore_toss(FAIL, "a single request ends the actor");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reply_among_messages_is_made_once),
        cmocka_unit_test(test_keep_among_messages_is_answered_later),
        cmocka_unit_test(test_stash_among_messages_comes_back),
        cmocka_unit_test(test_forward_to_oneself_among_messages_comes_back),
        cmocka_unit_test(test_forward_among_messages_is_answered_there),
        cmocka_unit_test(test_failure_among_messages_gives_all_a_fate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
