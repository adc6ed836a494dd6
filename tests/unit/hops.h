/* SPDX-License-Identifier: MIT */
/*
 * What the tests of deadlines and cancellation share: an actor that is told what to
 * do with requests, and may ask the next one.
 */
#ifndef AKT_TESTS_UNIT_HOPS_H
#define AKT_TESTS_UNIT_HOPS_H

#include "akt/timer.h"
#include "tests/support/sim.h"

#define NUMBER(F) F(i64, n)
AKT_MESSAGE(put, NUMBER);
AKT_REQUEST(get, NUMBER, put);

/* What an actor does with a request: the letters of its `does`. */
enum {
    KEEP = 'k',
    STASH = 's',
    ASK = 'a',
    REPLY = 'r',
    LOOK = 'l'
};

struct hop {
    const char *does;
    akt_ref next;
    uint64_t timeout_ns; /* of what it asks; 0: the default */
    akt_promise_of(get) kept;
    akt_future future;
};

static inline akt_err
heard(akt_self *self, struct hop *h, const akt_answer *answer,
      const struct put *reply)
{
    (void)reply;
    sim_note((int64_t)answer->outcome);
    sim_note((int64_t)akt_now_ns(self));
    if (h->kept.promise.cell != NULL) {
        akt_promise_drop(self, &h->kept.promise);
    }
    return AKT_OK;
}
AKT_THEN(heard, struct hop, get);

static inline akt_err
ask_next(akt_self *self, struct hop *h)
{
    assert_ok(
        akt_ask_within(self, h->timeout_ns, h->next, &h->future, get, .n = 1));
    return akt_then(self, h->future, heard, NULL);
}

static inline akt_err
on_get(akt_self *self, struct hop *h, const struct get *m)
{
    const char *does = h->does;
    akt_err err = AKT_OK;

    for (; *does != '\0' && err == AKT_OK; does++) {
        switch (*does) {
        case KEEP:
            err = akt_keep(self, m, &h->kept);
            break;
        case STASH:
            h->does = does + 1; /* next time, what follows */
            return akt_stash(self);
        case ASK:
            err = ask_next(self, h);
            break;
        case REPLY:
            err = akt_reply(self, m, .n = 1);
            break;
        default:
            sim_note((int64_t)akt_deadline_ns(self));
            sim_note(akt_is_cancelled(self));
            break;
        }
    }
    return err;
}

static inline akt_err
on_act(akt_self *self, struct hop *h, const struct act *m)
{
    return m->fn(self, m->arg != NULL ? m->arg : (void *)h);
}

AKT_CLASS(hop, struct hop, AKT_ON(get, on_get), AKT_ON(act, on_act));

static inline akt_ref
spawn_hop(struct sim *sim, const char *does, akt_ref next, uint64_t timeout_ns)
{
    akt_ref ref;

    assert_ok(akt_spawn(sim->me, hop, &ref, .does = does, .next = next,
                        .timeout_ns = timeout_ns));
    return ref;
}

static inline akt_err
begin(akt_self *self, void *arg)
{
    return ask_next(self, arg);
}

#endif
