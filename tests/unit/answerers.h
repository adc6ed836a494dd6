/* SPDX-License-Identifier: MIT */
/*
 * What the tests of requests share: an actor that answers as it is asked to.
 */
#ifndef AKT_TESTS_UNIT_ANSWERERS_H
#define AKT_TESTS_UNIT_ANSWERERS_H

#include "tests/support/sim.h"

#define NUMBER(F) F(i64, n)
AKT_MESSAGE(put, NUMBER);
AKT_REQUEST(get, NUMBER, put);
AKT_REQUEST(unknown, NUMBER, put);

enum {
    REPLY,
    FAIL,
    FAIL_BY_RETURN,
    IGNORE,
    TWICE,
    END,
    STASH,
    LATER
};

#define OWN_ERROR ((akt_err)(AKT_EUSER + 3))

struct actor {
    akt_promise_of(get) kept;
    akt_ref to;
    int64_t ask;
    akt_future future;
};

static inline akt_err
reply_twice(akt_self *self, const struct get *m)
{
    assert_ok(akt_reply(self, m, .n = 2));
    assert_err(akt_reply(self, m, .n = 3), AKT_EENDED);
    assert_err(akt_reply_error(self, AKT_EIO, NULL), AKT_EENDED);
    return AKT_OK;
}

static inline akt_err
on_get(akt_self *self, struct actor *a, const struct get *m)
{
    switch (m->n) {
    case REPLY:
        return akt_reply(self, m, .n = 42);
    case FAIL:
        assert_err(akt_reply_error(self, AKT_OK, "no"), AKT_EINVAL);
        return akt_reply_error(self, OWN_ERROR, "not today");
    case FAIL_BY_RETURN:
        return OWN_ERROR;
    case TWICE:
        return reply_twice(self, m);
    case END:
        akt_stop_self(self);
        return AKT_OK;
    case STASH:
        return akt_stash(self);
    case LATER:
        return akt_keep(self, m, &a->kept);
    default:
        return AKT_OK;
    }
}

static inline akt_err
on_put(akt_self *self, struct actor *a, const struct put *m)
{
    return akt_promise_reply(self, &a->kept, .n = m->n);
}

static inline akt_err
on_act(akt_self *self, struct actor *a, const struct act *m)
{
    (void)a;
    return m->fn(self, m->arg != NULL ? m->arg : (void *)a);
}

#endif
