/* SPDX-License-Identifier: MIT */
/*
 * What the tests of waiting for room share: actors that note what they get, and send
 * on.
 */
#ifndef AKT_TESTS_UNIT_NODES_H
#define AKT_TESTS_UNIT_NODES_H

#include "tests/support/sim.h"

#define NUMBER(F) F(i64, n) F(u32, id)
AKT_MESSAGE(put, NUMBER);

enum {
    EXITED = -100
};

struct node {
    uint32_t id;
    akt_ref next;
};

static inline akt_err
on_put(akt_self *self, struct node *n, const struct put *m)
{
    (void)self;
    sim_note((int64_t)n->id * 1000000 + m->id * 10000 + m->n);
    return AKT_OK;
}

static inline akt_err
on_act(akt_self *self, struct node *n, const struct act *m)
{
    (void)n;
    return m->fn(self, m->arg);
}

static inline void
on_exit(akt_self *self, struct node *n, const akt_exit *reason)
{
    (void)self;
    (void)n;
    sim_note(EXITED - (int64_t)reason->kind);
}

AKT_CLASS(node, struct node, AKT_ON(put, on_put), AKT_ON(act, on_act),
          AKT_ON_EXIT(on_exit), AKT_OUTBOX(4));
AKT_CLASS(narrow, struct node, AKT_ON(put, on_put), AKT_ON(act, on_act),
          AKT_MAILBOX(1, AKT_AWAIT));
AKT_CLASS(wide, struct node, AKT_ON(put, on_put), AKT_ON(act, on_act),
          AKT_MAILBOX(8, AKT_AWAIT));

static inline akt_ref
spawn_node(struct sim *sim, uint32_t id)
{
    akt_ref ref;

    assert_ok(akt_spawn(sim->me, node, &ref, .id = id));
    return ref;
}

static inline akt_ref
spawn_narrow(struct sim *sim, uint32_t id)
{
    akt_ref ref;

    assert_ok(akt_spawn(sim->me, narrow, &ref, .id = id));
    return ref;
}

#endif
