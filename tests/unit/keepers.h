/* SPDX-License-Identifier: MIT */
/*
 * What the tests of promises share: an actor that does with a request what that says.
 */
#ifndef AKT_TESTS_UNIT_KEEPERS_H
#define AKT_TESTS_UNIT_KEEPERS_H

#include "tests/support/sim.h"

#define NUMBER(F) F(i64, n)
#define WORDS(F) F(i64, n) F(text, words)
AKT_MESSAGE(put, NUMBER);
AKT_REQUEST(get, WORDS, put);

enum {
    KEEP,
    REPLY,
    FORWARD,
    REPLY_AND_FORWARD,
    KEEP_AND_ALL,
    FORWARD_AND_ALL
};

struct actor {
    akt_promise_of(get) kept;
    const struct get *message;
    akt_ref next;
};

static inline akt_err
keep_and_all(akt_self *self, struct actor *a, const struct get *m)
{
    akt_promise_of(get) second = {{NULL, 0}};

    assert_ok(akt_keep(self, m, &a->kept));
    assert_err(akt_keep(self, m, &second), AKT_EENDED);
    assert_err(akt_reply(self, m, .n = 1), AKT_EENDED);
    assert_err(akt_forward(self, a->next), AKT_ECONTEXT);
    assert_err(akt_stash(self), AKT_ECONTEXT);
    return AKT_OK;
}

static inline akt_err
reply_and_forward(akt_self *self, struct actor *a, const struct get *m)
{
    assert_ok(akt_reply(self, m, .n = 5));
    assert_err(akt_forward(self, a->next), AKT_ECONTEXT);
    assert_err(akt_keep(self, m, &a->kept), AKT_EENDED);
    assert_err(akt_stash(self), AKT_ECONTEXT);
    return AKT_OK;
}

static inline akt_err
on_get(akt_self *self, struct actor *a, const struct get *m)
{
    switch (m->n) {
    case KEEP:
        assert_ok(akt_keep(self, m, &a->kept));
        a->message = m;
        return AKT_OK;
    case REPLY:
        assert_true(akt_text_equal(m->words, AKT_TEXT("as sent")));
        sim_note((int64_t)akt_sender(self).generation);
        return akt_reply(self, m, .n = 42);
    case FORWARD:
        return akt_forward(self, a->next);
    case REPLY_AND_FORWARD:
        return reply_and_forward(self, a, m);
    case KEEP_AND_ALL:
        return keep_and_all(self, a, m);
    default:
        assert_ok(akt_forward(self, a->next));
        assert_err(akt_reply(self, m, .n = 1), AKT_EENDED);
        assert_err(akt_forward(self, a->next), AKT_ECONTEXT);
        sim_note((int64_t)akt_reply_error(self, AKT_EIO, NULL));
        return AKT_OK;
    }
}

static inline akt_err
on_act(akt_self *self, struct actor *a, const struct act *m)
{
    return m->fn(self, m->arg != NULL ? m->arg : (void *)a);
}

static inline akt_err
on_put(akt_self *self, struct actor *a, const struct put *m)
{
    return akt_promise_reply(self, &a->kept, .n = m->n);
}

#endif
