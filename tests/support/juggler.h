/* SPDX-License-Identifier: MIT */
/*
 * A task that does with a request, and with the replies that it gets, all that a
 * task may do, and sends to itself whenever it may have given something back: what
 * was freed too early is used again by that, and found. Crumbs come in the order of
 * their sender. The test says what JUGGLER_CHECK does.
 */
#ifndef AKT_TESTS_SUPPORT_JUGGLER_H
#define AKT_TESTS_SUPPORT_JUGGLER_H

#include "akt/akt.h"

#define SENDERS 3

#define CRUMB(F) F(i32, sender) F(i32, n)
AKT_MESSAGE(crumb, CRUMB);
#define NUMBER(F) F(i64, n)
AKT_MESSAGE(caught, NUMBER);
AKT_REQUEST(toss, NUMBER, caught);
AKT_REQUEST(twice, NUMBER, caught);
#define WORDS(F) F(text, words)
AKT_MESSAGE(said, WORDS);
AKT_REQUEST(name, NUMBER, said);

enum how {
    REPLY,
    KEEP,       /* until it has its own crumb */
    KEEP_NOW,   /* and reply at once */
    HOLD,       /* over a turn of others */
    CALL,       /* another one, before it replies */
    WORDS_CALL, /* the same for an answer that is kept */
    AWAIT,      /* an answer that is kept for a while */
    SELECT,     /* the first of one */
    FORWARD,    /* to itself, and reply then */
    PASS,       /* to another one, which replies */
    LOOK,       /* for more, without waiting */
    CHILD,      /* starts a task that fails, and closes the scope */
    COUNT,      /* replies how many of its own it has had, when it has all */
    FAIL
};

/* --- who helps --- */

struct helper {
    char nothing;
};

static akt_err
on_toss(akt_self *self, struct helper *h, const struct toss *m)
{
    (void)h;
    return akt_reply(self, m, .n = m->n);
}

static akt_err
on_twice(akt_self *self, struct helper *h, const struct twice *m)
{
    (void)h;
    return akt_reply(self, m, .n = 2 * m->n);
}

static akt_err
on_name(akt_self *self, struct helper *h, const struct name *m)
{
    (void)h;
    return akt_reply(self, m,
                     .words = akt_text_of(m->n == CALL ? "" : "words"));
}
AKT_CLASS(helper, struct helper, AKT_ON(toss, on_toss), AKT_ON(twice, on_twice),
          AKT_ON(name, on_name));

/* --- the task --- */

struct juggler {
    akt_ref helper;
};

struct juggling {
    akt_ref helper;
    akt_promise_of(toss) kept;
    int64_t keeps;
    bool forwarded;
    int32_t next[SENDERS];
    int32_t mine; /* crumbs sent to itself */
};

/* What was freed too early is used again here, and comes in twice. */
static akt_err
drop_own(akt_self *self, struct juggling *j)
{
    return akt_send(self, akt_self_ref(self), crumb, .sender = SENDERS - 1,
                    .n = j->mine++);
}

static akt_err
see_crumb(akt_self *self, struct juggling *j, const struct crumb *m)
{
    JUGGLER_CHECK(m->n == j->next[m->sender]);
    j->next[m->sender]++;
    if (j->keeps == 0) {
        return AKT_OK;
    }
    j->keeps = 0;
    return akt_promise_reply(self, &j->kept, .n = KEEP);
}

/* Receives what it has sent to itself, which is there. */
static akt_err
look(akt_self *self, struct juggling *j, const struct toss *m)
{
    akt_received r;

    AKT_TRY(akt_keep(self, m, &j->kept));
    AKT_TRY(drop_own(self, j));
    while (j->next[SENDERS - 1] < j->mine) {
        AKT_TRY(akt_receive(self, 0, &r));
        AKT_TRY(see_crumb(self, j, akt_received_as(&r, crumb)));
    }
    return akt_promise_reply(self, &j->kept, .n = LOOK);
}

static akt_err
await(akt_self *self, struct juggling *j, int64_t *out)
{
    akt_answer *answer;
    akt_future f;

    AKT_TRY(akt_ask(self, j->helper, &f, twice, .n = *out));
    AKT_TRY(akt_await(self, f, &answer));
    AKT_TRY(drop_own(self, j));
    *out = akt_answer_as(answer, caught)->n / 2;
    akt_answer_free(self, answer);
    return drop_own(self, j);
}

static akt_err
select_one(akt_self *self, struct juggling *j)
{
    akt_answer *answer;
    akt_future f;
    size_t which;

    AKT_TRY(akt_ask(self, j->helper, &f, twice, .n = SELECT));

    akt_branch b[] = {AKT_WHEN_ENDED(f, &answer)};

    AKT_TRY(akt_select(self, b, 1, AKT_SELECT_FAIR, AKT_NEVER, &which));
    akt_answer_free(self, answer);
    return drop_own(self, j);
}

static akt_err
ask_helper(akt_self *self, struct juggling *j, int64_t *how)
{
    struct caught caught;
    struct said said;

    if (*how == CALL) {
        AKT_TRY(akt_call(self, j->helper, twice, &caught, .n = *how));
        *how = caught.n / 2;
        return drop_own(self, j);
    }
    if (*how == SELECT) {
        return select_one(self, j);
    }
    if (*how == AWAIT) {
        return await(self, j, how);
    }
    AKT_TRY(akt_call(self, j->helper, name, &said, .n = *how));
    AKT_TRY(drop_own(self, j));
    JUGGLER_CHECK(akt_text_equal(said.words, AKT_TEXT("words")));
    return AKT_OK;
}

static akt_err
failing(akt_self *self)
{
    return akt_task_fail(self, AKT_EIO, "as it was told");
}
AKT_TASK(failing, void);

/* As large as the end of that. */
static akt_err
drop_large(akt_self *self, struct juggling *j)
{
    j->mine++;
    return akt_send(self, akt_self_ref(self), said,
                    .words =
                        AKT_TEXT("forty bytes of words that are of no use."));
}

static akt_err
start_child(akt_self *self, struct juggling *j)
{
    akt_scope scope;
    akt_task task;
    akt_err err;

    AKT_TRY(akt_scope_open(self, AKT_NEVER, &scope));
    err = akt_task_spawn(self, failing, &task);
    if (err == AKT_OK) {
        err = akt_sleep(self, AKT_SECONDS(100));
        akt_future_drop(self, task.future);
        AKT_TRY(drop_large(self, j));
    }
    err = akt_scope_close(self, scope, err == AKT_ECANCELLED ? AKT_OK : err);
    JUGGLER_CHECK(err == AKT_EIO || err == AKT_ECANCELLED);
    return err == AKT_EIO ? AKT_OK : err;
}

static akt_err
do_as_told(akt_self *self, struct juggling *j, const struct toss *m)
{
    int64_t how = m->n;

    switch (how) {
    case KEEP:
        j->keeps = 1;
        AKT_TRY(akt_keep(self, m, &j->kept));
        return drop_own(self, j);
    case KEEP_NOW:
        AKT_TRY(akt_keep(self, m, &j->kept));
        AKT_TRY(akt_promise_reply(self, &j->kept, .n = how));
        return drop_own(self, j);
    case FORWARD:
        j->forwarded = !j->forwarded;
        if (j->forwarded) {
            return akt_forward(self, akt_self_ref(self));
        }
        break;
    case PASS:
        return akt_forward(self, j->helper);
    case FAIL:
        return AKT_EIO;
    case HOLD:
        AKT_TRY(akt_task_yield(self));
        break;
    case CALL:
    case WORDS_CALL:
    case AWAIT:
    case SELECT:
        AKT_TRY(ask_helper(self, j, &how));
        break;
    case CHILD:
        AKT_TRY(start_child(self, j));
        break;
    case LOOK:
        return look(self, j, m);
    case COUNT:
        if (j->next[SENDERS - 1] < j->mine) {
            return akt_forward(self, akt_self_ref(self));
        }
        return akt_reply(self, m, .n = j->mine);
    default:
        break;
    }
    JUGGLER_CHECK(m->n == how);
    AKT_TRY(drop_own(self, j));
    return akt_reply(self, m, .n = how);
}

static akt_err
juggle(akt_self *self, struct juggler *a)
{
    struct juggling j = {.keeps = 0};
    akt_received r;
    akt_err err;

    j.helper = a->helper;
    while ((err = akt_receive(self, AKT_NEVER, &r)) == AKT_OK) {
        const struct toss *m = akt_received_as(&r, toss);

        if (akt_received_as(&r, said) != NULL) {
            j.next[SENDERS - 1]++;
            continue;
        }
        err = m != NULL ? do_as_told(self, &j, m)
                        : see_crumb(self, &j, akt_received_as(&r, crumb));
        if (err != AKT_OK) {
            return err;
        }
    }
    return err;
}
AKT_TASK(juggle, struct juggler);

#endif
