/* SPDX-License-Identifier: MIT */
/*
 * Messages from one sender to one receiver arrive in the order of sending, in
 * whatever order the seed lets actors run, and however often a sender has to wait
 * for room: from actors and from a plain thread, data and requests mixed.
 */
#include "tests/support/sim.h"

#define SENDERS 4
#define RECEIVERS 2
#define EACH 24
#define OUTSIDE SENDERS /* the plain thread, as a sender */

#define STAMP(F) F(i64, from) F(i64, sequence)
#define TARGETS(F) F(i64, left)
AKT_MESSAGE(stamped, STAMP);
AKT_REQUEST(asked, STAMP, stamped);
AKT_MESSAGE(go_on, TARGETS);

struct receiver {
    bool loses; /* by its policy: what arrives still rises */
    int64_t next[SENDERS + 1];
};

static void
check(struct receiver *r, int64_t from, int64_t sequence)
{
    assert_in_range(sequence, r->next[from], r->loses ? EACH : r->next[from]);
    r->next[from] = sequence + 1;
}

static akt_err
on_stamped(akt_self *self, struct receiver *r, const struct stamped *m)
{
    (void)self;
    check(r, m->from, m->sequence);
    return AKT_OK;
}

static akt_err
on_asked(akt_self *self, struct receiver *r, const struct asked *m)
{
    check(r, m->from, m->sequence);
    return akt_reply(self, m, .sequence = m->sequence);
}

static void
on_end(akt_self *self, struct receiver *r, const akt_exit *reason)
{
    size_t i;

    (void)self;
    (void)reason;
    for (i = 0; i <= SENDERS; i++) {
        assert_true(r->loses || r->next[i] == EACH);
    }
}

AKT_CLASS(receiver, struct receiver, AKT_ON(stamped, on_stamped),
          AKT_ON(asked, on_asked), AKT_ON_EXIT(on_end));

static akt_ref receivers[RECEIVERS];

struct sender {
    int64_t id;
    int64_t next[RECEIVERS];
};

static void
send_one(akt_self *self, struct sender *s, size_t to)
{
    akt_err err;

    if (akt_random(self) % 3 == 0) {
        akt_future f;

        err = akt_ask(self, receivers[to], &f, asked, .from = s->id,
                      .sequence = s->next[to]);
    } else {
        err = akt_send(self, receivers[to], stamped, .from = s->id,
                       .sequence = s->next[to]);
    }
    /* An outbox that is full: once more in a later turn. */
    assert_true(err == AKT_OK || err == AKT_EFULL);
    s->next[to] += err == AKT_OK;
}

static akt_err
on_go_on(akt_self *self, struct sender *s, const struct go_on *m)
{
    uint64_t burst = 1 + akt_random(self) % 6;
    bool is_over = true;
    size_t i;

    (void)m;
    while (burst-- > 0) {
        size_t to = akt_random(self) % RECEIVERS;

        if (s->next[to] < EACH) {
            send_one(self, s, to);
        }
    }
    for (i = 0; i < RECEIVERS; i++) {
        is_over = is_over && s->next[i] == EACH;
    }
    return is_over ? AKT_OK
                   : akt_send(self, akt_self_ref(self), go_on, .left = 0);
}

AKT_CLASS(sender, struct sender, AKT_ON(go_on, on_go_on), AKT_OUTBOX(3));

/* Receivers with small mailboxes of this policy, and all that send to them. */
static void
send_all(struct sim *sim, akt_overflow overflow)
{
    struct receiver state = {.loses = overflow == AKT_DROP_NEWEST
                                      || overflow == AKT_DROP_OLDEST};
    /* As long as the system. */
    static akt_class cls;
    akt_ref ref;
    int64_t i;

    cls = receiver_class;
    cls.mailbox.capacity = 1 + (uint32_t)(sim->seed % 4);
    cls.mailbox.overflow = overflow;
    for (i = 0; i < RECEIVERS; i++) {
        assert_ok(akti_spawn(sim->me, &cls, &receivers[i], &state));
    }
    for (i = 0; i < SENDERS; i++) {
        assert_ok(akt_spawn(sim->me, sender, &ref, .id = i));
        assert_ok(akt_send(sim->me, ref, go_on, .left = 0));
    }
    for (i = 0; i < EACH * RECEIVERS; i++) {
        assert_ok(akt_send_within(sim->me, AKT_SECONDS(1),
                                  receivers[i % RECEIVERS], stamped,
                                  .from = OUTSIDE, .sequence = i / RECEIVERS));
    }
    (void)akt_sim_run_until_idle(sim->system);
    assert_int_equal(sim_counters(sim).queued, 0);
}

static void
await(struct sim *sim)
{
    send_all(sim, AKT_AWAIT);
}

static void
refuse(struct sim *sim)
{
    send_all(sim, AKT_FAIL);
}

static void
drop_newest(struct sim *sim)
{
    send_all(sim, AKT_DROP_NEWEST);
}

static void
drop_oldest(struct sim *sim)
{
    send_all(sim, AKT_DROP_OLDEST);
}

static void
test_messages_to_await_mailbox_arrive_in_order(void **state)
{
    (void)state;
    sim_each_seed(await);
}

static void
test_messages_to_fail_mailbox_arrive_in_order(void **state)
{
    (void)state;
    sim_each_seed(refuse);
}

static void
test_messages_to_dropping_mailboxes_arrive_in_order(void **state)
{
    (void)state;
    sim_each_seed(drop_newest);
    sim_each_seed(drop_oldest);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sim_test(test_messages_to_await_mailbox_arrive_in_order),
        sim_test(test_messages_to_fail_mailbox_arrive_in_order),
        sim_test(test_messages_to_dropping_mailboxes_arrive_in_order),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    sim_figure(2, sim_runs(), "schedules in order");
    return failed;
}
