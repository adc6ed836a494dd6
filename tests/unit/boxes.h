/* SPDX-License-Identifier: MIT */
/*
 * What the tests of full mailboxes share: actors that note what they get, of each
 * policy and some capacities.
 */
#ifndef AKT_TESTS_UNIT_BOXES_H
#define AKT_TESTS_UNIT_BOXES_H

#include "actors/core/system.h"
#include "akt/timer.h"
#include "tests/support/sim.h"

#define NUMBER(F) F(i64, n)
AKT_MESSAGE(put, NUMBER);
AKT_MESSAGE(tick, NUMBER);
AKT_REQUEST(get, NUMBER, put);

enum {
    REPLIED = -1,
    TICKED = -2,
    ENDED = -3,
    HEARD = -4
};

#define AGE AKT_MS(10)

struct box {
    int64_t id;
    akt_ref next;
};

static inline akt_err
on_put(akt_self *self, struct box *b, const struct put *m)
{
    (void)self;
    (void)b;
    sim_note(m->n);
    return AKT_OK;
}

static inline akt_err
on_tick(akt_self *self, struct box *b, const struct tick *m)
{
    (void)self;
    (void)b;
    (void)m;
    sim_note(TICKED);
    return AKT_OK;
}

static inline akt_err
on_get(akt_self *self, struct box *b, const struct get *m)
{
    if (!akt_ref_is_none(b->next)) {
        return akt_forward(self, b->next);
    }
    sim_note((int64_t)(akt_deadline_ns(self) - akt_now_ns(self)));
    return akt_reply(self, m, .n = m->n);
}

static inline akt_err
on_act(akt_self *self, struct box *b, const struct act *m)
{
    (void)b;
    return m->fn(self, m->arg);
}

static inline void
on_exit(akt_self *self, struct box *b, const akt_exit *reason)
{
    (void)self;
    (void)b;
    sim_note(reason->kind == AKT_EXIT_OVERFLOW ? ENDED : HEARD);
}

AKT_CLASS(box, struct box, AKT_ON(put, on_put), AKT_ON(tick, on_tick),
          AKT_ON(get, on_get), AKT_ON(act, on_act), AKT_OUTBOX(2048));
AKT_CLASS(ender, struct box, AKT_ON(put, on_put), AKT_ON_EXIT(on_exit));

#define CAPACITIES 3
static const uint32_t capacities[CAPACITIES] = {1, 2, 1024};
static akt_class classes[AKT_STOP + 1][CAPACITIES];

static inline int
make_classes(void **state)
{
    size_t p;
    size_t c;

    (void)state;
    for (p = 0; p <= AKT_STOP; p++) {
        for (c = 0; c < CAPACITIES; c++) {
            akt_class *cls = &classes[p][c];

            *cls = p == AKT_STOP ? ender_class : box_class;
            cls->mailbox.capacity = capacities[c];
            cls->mailbox.overflow = (akt_overflow)p;
            cls->mailbox.max_age_ns = p == AKT_SHED_OLD ? AGE : 0;
        }
    }
    return 0;
}

static inline akt_ref
spawn_of(struct sim *sim, const akt_class *cls)
{
    struct box initial = {0};
    akt_ref ref;

    assert_ok(akti_spawn(sim->me, cls, &ref, &initial));
    return ref;
}

/* Sends `count` numbers from `first` on, which all succeed. */
static inline void
send_run(akt_self *self, akt_ref to, int64_t first, uint32_t count)
{
    int64_t n;

    for (n = first; n < first + (int64_t)count; n++) {
        assert_ok(akt_send(self, to, put, .n = n));
    }
}

/* The target has handled first, first + 1, ... and nothing else. */
static inline void
assert_run(int64_t first, uint32_t count)
{
    uint32_t i;

    assert_int_equal(sim_note_count(), count);
    for (i = 0; i < count; i++) {
        assert_int_equal(sim_note_at(i), first + i);
    }
    sim_forget();
}

/* A target of this policy and the i-th capacity, filled with 1, 2, ... */
static inline akt_ref
full(struct sim *sim, akt_overflow policy, size_t i)
{
    akt_ref ref = spawn_of(sim, &classes[policy][i]);

    send_run(sim->me, ref, 1, capacities[i]);
    return ref;
}

#endif
