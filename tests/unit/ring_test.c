/* SPDX-License-Identifier: MIT */
/*
 * Rings and cliques of one to eight actors with mailboxes for one message, each
 * of which handles by sending on and by asking back: nothing stands still. When
 * all is idle, no message is queued and no request open, whatever the policy.
 */
#include "tests/support/sim.h"

#define MEMBERS_MAX 8
#define HOPS 6

#define HOP(F) F(i64, left)
AKT_MESSAGE(token, HOP);
AKT_REQUEST(greet, HOP, token);

struct member {
    int64_t place;
    bool is_ring;
};

static akt_ref members[MEMBERS_MAX];
static uint64_t member_count;

static akt_ref
next_of(akt_self *self, const struct member *m)
{
    uint64_t step = m->is_ring ? 1 : akt_random(self);

    return members[((uint64_t)m->place + step) % member_count];
}

static akt_err
greeted(akt_self *self, struct member *m, const akt_answer *answer,
        const struct token *reply)
{
    (void)self;
    (void)m;
    assert_true((reply != NULL) == (answer->outcome == AKT_REPLIED));
    sim_note((int64_t)answer->outcome);
    return AKT_OK;
}
AKT_THEN(greeted, struct member, greet);

static void
may_be_refused(akt_err err)
{
    assert_true(err == AKT_OK || err == AKT_EDEADLK || err == AKT_EFULL
                || err == AKT_EDEAD);
}

static akt_err
on_token(akt_self *self, struct member *m, const struct token *t)
{
    akt_future f;
    akt_err err;

    if (t->left == 0) {
        return AKT_OK;
    }
    may_be_refused(
        akt_send(self, next_of(self, m), token, .left = t->left - 1));
    err = akt_ask(self, next_of(self, m), &f, greet, .left = t->left - 1);
    may_be_refused(err);
    return err == AKT_OK ? akt_then(self, f, greeted, NULL) : AKT_OK;
}

/* Sends while it is asked, and answers. */
static akt_err
on_greet(akt_self *self, struct member *m, const struct greet *g)
{
    if (g->left > 0) {
        may_be_refused(
            akt_send(self, next_of(self, m), token, .left = g->left - 1));
    }
    return akt_reply(self, g, .left = g->left);
}

AKT_CLASS(member, struct member, AKT_ON(token, on_token),
          AKT_ON(greet, on_greet), AKT_OUTBOX(4));

static void
go_around(struct sim *sim, uint64_t n, bool is_ring, akt_overflow overflow)
{
    /* As long as the system. */
    static akt_class cls;
    akt_counters c;
    uint64_t i;

    cls = member_class;
    cls.mailbox = (akt_mailbox_opts){1, overflow,
                                     overflow == AKT_SHED_OLD ? AKT_US(10) : 0};
    member_count = n;
    for (i = 0; i < n; i++) {
        struct member state = {.place = (int64_t)i, .is_ring = is_ring};

        assert_ok(akti_spawn(sim->me, &cls, &members[i], &state));
    }
    for (i = 0; i < 2 * n; i++) {
        may_be_refused(akt_send_within(sim->me, AKT_MS(1), members[i % n],
                                       token, .left = HOPS));
    }
    (void)akt_sim_advance(sim->system, AKT_SECONDS(10));
    c = sim_counters(sim);
    assert_int_equal(c.queued, 0);
    assert_int_equal(c.open, 0);
}

/* The seed decides how many, in what shape and with which policy. */
static void
one_way(struct sim *sim)
{
    static const akt_overflow overflows[] = {AKT_AWAIT,       AKT_FAIL,
                                             AKT_DROP_NEWEST, AKT_DROP_OLDEST,
                                             AKT_SHED_OLD,    AKT_STOP};
    uint64_t n = 1 + sim->seed % MEMBERS_MAX;
    bool is_ring = sim->seed / MEMBERS_MAX % 2 == 0;
    uint64_t which = sim->seed / (2 * MEMBERS_MAX) % 9;

    /* Waiting is what could stand still: half of the runs. */
    go_around(sim, n, is_ring, overflows[which < 6 ? which : 0]);
}

static void
test_rings_and_cliques_never_stand_still(void **state)
{
    (void)state;
    sim_each_seed(one_way);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sim_test(test_rings_and_cliques_never_stand_still),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    sim_figure(6, sim_runs(), "schedules of rings and cliques");
    return failed;
}
