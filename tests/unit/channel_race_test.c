/* SPDX-License-Identifier: MIT */
/* Channels in every schedule: waiting, cancelling, being told. */
#include "tests/unit/channel_tasks.h"

#include "akt/timer.h"

/* --- many to many --- */

static void
each_value_goes_to_one_receiver(struct sim *sim)
{
    uint32_t capacity = 1 + (uint32_t)(sim->seed % 7);
    int64_t producers = 1 + (int64_t)(sim->seed % 4);
    int64_t consumers = 1 + (int64_t)(sim->seed / 4 % 3);
    int64_t total = producers * EACH;
    struct channel c;
    akt_task task[8];
    int64_t n = 0;
    int64_t i;

    open_channel(sim, &c, capacity);
    for (i = 0; i < producers; i++) {
        task[n++] = begin_producer(sim->me, &c, i * EACH, EACH);
    }
    for (i = 0; i < consumers; i++) {
        task[n++] = begin_consumer(sim->me, &c);
    }
    assert_ok(akt_tx_close(sim->me, c.tx));
    assert_ok(akt_rx_close(sim->me, c.rx));
    for (i = 0; i < n; i++) {
        assert_ok(akt_join(sim->me, task[i]));
    }
    assert_int_equal(c.received, total);
    assert_int_equal(c.sum, total * (total - 1) / 2);
    assert_int_equal(c.ended, consumers);
    assert_int_equal(c.live, 0);
}

static akt_err
relay(akt_self *self, void *arg)
{
    struct channel *c = arg;
    struct num got;
    int64_t i;

    for (i = 0; i < 100; i++) {
        AKT_TRY(akt_channel_recv(self, c->rx, num, &got));
        assert_int_equal(got.n, i);
        sim_note(got.n);
    }
    return AKT_OK;
}

static void
a_thread_waits_too(struct sim *sim)
{
    struct channel c;
    akt_task task;
    int64_t i;

    assert_ok(akt_channel_open(sim->me, num, 2, &c.tx, &c.rx));
    task = begin_task(sim->me, relay, &c);
    for (i = 0; i < 100; i++) {
        assert_ok(akt_channel_send(sim->me, c.tx, num, .n = i));
    }
    assert_ok(akt_join(sim->me, task));
    assert_int_equal(sim_note_count(), 100);
}

/* --- time --- */

static akt_err
waits_for_a_while(akt_self *self, void *arg)
{
    struct channel *c = arg;
    uint64_t before = akt_now_ns(self);
    akt_permit permit;
    struct num got;

    assert_err(akt_channel_recv_within(self, AKT_MS(3), c->rx, num, &got),
               AKT_ETIMEOUT);
    assert_int_equal(akt_now_ns(self) - before, AKT_MS(3));
    assert_err(akt_channel_recv_within(self, 0, c->rx, num, &got),
               AKT_ETIMEOUT);
    AKT_TRY(akt_channel_send_within(self, 0, c->tx, num, .n = 1));
    assert_err(akt_channel_send_within(self, AKT_MS(2), c->tx, num, .n = 2),
               AKT_ETIMEOUT);
    assert_err(akt_channel_reserve_within(self, AKT_MS(2), c->tx, &permit),
               AKT_ETIMEOUT);
    assert_int_equal(akt_now_ns(self) - before, AKT_MS(7));
    AKT_TRY(akt_channel_recv_within(self, AKT_MS(2), c->rx, num, &got));
    assert_int_equal(got.n, 1);
    return AKT_OK;
}

static void
a_wait_ends_in_time(struct sim *sim)
{
    struct channel c;

    assert_ok(akt_channel_open(sim->me, num, 1, &c.tx, &c.rx));
    assert_ok(as_task(sim, waits_for_a_while, &c));
    assert_ok(waits_for_a_while(sim->me, &c));
}

/* --- cancelling --- */

/* Takes until it is cancelled; whatever it has taken it has counted. */
static void
cancelled_receivers_eat_nothing(struct sim *sim)
{
    struct channel c;
    akt_task consumer[3];
    akt_task producer;
    int i;

    open_channel(sim, &c, 2);
    for (i = 0; i < 3; i++) {
        consumer[i] = begin_consumer(sim->me, &c);
    }
    producer = begin_producer(sim->me, &c, 0, EACH);
    for (i = 0; i < 2; i++) {
        run_steps(sim, sim->seed % 17);
        assert_ok(akt_task_cancel(sim->me, consumer[i]));
    }
    assert_ok(akt_join(sim->me, producer));
    assert_ok(akt_tx_close(sim->me, c.tx));
    assert_ok(akt_join(sim->me, consumer[2]));
    for (i = 0; i < 2; i++) {
        akt_ignore(akt_join(sim->me, consumer[i]));
    }
    assert_int_equal(c.received, EACH);
    assert_int_equal(c.sum, EACH * (EACH - 1) / 2);
    assert_int_equal(c.live, 0);
}

static void
cancelled_senders_send_nothing(struct sim *sim)
{
    struct channel c;
    akt_task producer[3];
    akt_task consumer;
    int64_t sent;
    int i;

    open_channel(sim, &c, 1);
    for (i = 0; i < 3; i++) {
        producer[i] = begin_producer(sim->me, &c, 0, EACH);
    }
    run_steps(sim, sim->seed % 9);
    consumer = begin_consumer(sim->me, &c);
    for (i = 0; i < 2; i++) {
        run_steps(sim, sim->seed % 17);
        akt_ignore(akt_task_cancel(sim->me, producer[i]));
    }
    assert_ok(akt_tx_close(sim->me, c.tx));
    assert_ok(akt_join(sim->me, producer[2]));
    for (i = 0; i < 2; i++) {
        akt_ignore(akt_join(sim->me, producer[i]));
    }
    assert_ok(akt_join(sim->me, consumer));
    sent = c.received;
    assert_true(sent >= EACH && sent <= 3 * EACH);
    assert_int_equal(c.live, 0);
}

/* The value of a receiver that is woken and cancelled goes to the next one. */
static void
a_cancelled_receiver_passes_its_value_on(struct sim *sim)
{
    struct channel c;
    akt_task first;
    akt_task second;

    open_channel(sim, &c, 2);
    first = begin_consumer(sim->me, &c);
    (void)akt_sim_run_until_idle(sim->system);
    second = begin_consumer(sim->me, &c);
    (void)akt_sim_run_until_idle(sim->system);
    c.live++;
    assert_ok(akt_channel_send(sim->me, c.tx, parcel, .live = &c.live, .n = 3));
    assert_ok(akt_task_cancel(sim->me, first));
    (void)akt_sim_run_until_idle(sim->system);
    assert_int_equal(c.received, 1);
    assert_ok(akt_tx_close(sim->me, c.tx));
    akt_ignore(akt_join(sim->me, first));
    assert_ok(akt_join(sim->me, second));
}

/* --- how much waiting takes --- */

enum {
    CROWD = 10000
};

struct crowd {
    akt_notify gate;
    akt_tx tx;
    akt_rx rx;
    int64_t received;
};

static akt_err
waits_at_both(akt_self *self, void *arg)
{
    struct crowd *c = arg;
    struct num got;

    AKT_TRY(akt_notify_wait(self, c->gate));
    AKT_TRY(akt_channel_recv(self, c->rx, num, &got));
    AKT_TRY(akt_notify_wait(self, c->gate));
    AKT_TRY(akt_channel_send(self, c->tx, num, .n = got.n + 1));
    c->received++;
    return AKT_OK;
}

/* All go on, and wait at the channel; what the system has for memory then. */
static size_t
gather(struct sim *sim, struct crowd *c)
{
    assert_ok(akt_notify_all(sim->me, c->gate));
    (void)akt_sim_run_until_idle(sim->system);
    return sim->memory.bytes;
}

/* Of 32 values 10,000 tasks wait for, and for room: not a byte for any of them. */
static void
who_waits_takes_no_memory(struct sim *sim)
{
    static akt_task tasks[CROWD];
    struct crowd c = {.received = 0};
    struct num got;
    size_t before;
    int64_t i;

    assert_ok(akt_notify_open(sim->me, &c.gate));
    assert_ok(akt_channel_open(sim->me, num, 32, &c.tx, &c.rx));
    for (i = 0; i < CROWD; i++) {
        tasks[i] = begin_task(sim->me, waits_at_both, &c);
    }
    before = gather(sim, &c);
    assert_int_equal(before, gather(sim, &c));
    for (i = 0; i < CROWD; i++) {
        assert_ok(akt_channel_send(sim->me, c.tx, num, .n = i));
    }
    (void)akt_sim_run_until_idle(sim->system);
    (void)gather(sim, &c);
    assert_int_equal(c.received, 32);
    for (i = 0; i < CROWD; i++) {
        assert_ok(akt_channel_recv(sim->me, c.rx, num, &got));
        assert_ok(akt_join(sim->me, tasks[i]));
    }
    assert_int_equal(c.received, CROWD);
}

static void
test_who_waits_takes_no_memory(void **state)
{
    (void)state;
    sim_in_order(who_waits_takes_no_memory);
}

/* --- whose turn it is --- */

static akt_err
sends_its_number(akt_self *self, struct worker *w)
{
    AKT_TRY(akt_channel_send(self, w->tx, num, .n = w->from));
    sim_note(w->from);
    return AKT_OK;
}
AKT_TASK(sends_its_number, struct worker);

/* One by one they line up; one by one there is room, which others may take. */
static void
who_waits_longest_is_the_first(struct sim *sim)
{
    akt_task task[4];
    akt_tx tx;
    akt_rx rx;
    struct num got;
    int64_t i;

    assert_ok(akt_channel_open(sim->me, num, 1, &tx, &rx));
    assert_ok(akt_channel_send(sim->me, tx, num, .n = 0));
    for (i = 0; i < 4; i++) {
        assert_ok(akt_task_spawn(sim->me, sends_its_number, &task[i], .tx = tx,
                                 .from = i));
        (void)akt_sim_run_until_idle(sim->system);
    }
    for (i = 0; i < 4; i++) {
        /* A faster one: the first of the line is woken in vain. */
        assert_ok(akt_channel_recv(sim->me, rx, num, &got));
        assert_ok(akt_channel_try_send(sim->me, tx, num, .n = 0));
        (void)akt_sim_run_until_idle(sim->system);
        assert_ok(akt_channel_recv(sim->me, rx, num, &got));
        (void)akt_sim_run_until_idle(sim->system);
        assert_int_equal(sim_note_at((size_t)i), i);
    }
    for (i = 0; i < 4; i++) {
        assert_ok(akt_join(sim->me, task[i]));
    }
}

static akt_err
takes_one(akt_self *self, struct worker *w)
{
    struct num got;

    AKT_TRY(akt_channel_recv(self, w->rx, num, &got));
    sim_note(got.n);
    return akt_sleep(self, AKT_SECONDS(1));
}
AKT_TASK(takes_one, struct worker);

/* Values that come at once are for as many receivers, each of which takes one. */
static void
each_value_wakes_somebody(struct sim *sim)
{
    akt_task task[3];
    akt_tx tx;
    akt_rx rx;
    int i;

    assert_ok(akt_channel_open(sim->me, num, 3, &tx, &rx));
    for (i = 0; i < 3; i++) {
        assert_ok(akt_task_spawn(sim->me, takes_one, &task[i], .rx = rx));
    }
    (void)akt_sim_run_until_idle(sim->system);
    for (i = 0; i < 3; i++) {
        assert_ok(akt_channel_send(sim->me, tx, num, .n = i));
    }
    (void)akt_sim_run_until_idle(sim->system);
    assert_int_equal(sim_note_count(), 3);
    for (i = 0; i < 3; i++) {
        assert_ok(akt_join(sim->me, task[i]));
    }
}

/* Also when hardly any room was made, and no more will be. */
static void
one_free_place_wakes_a_sender(struct sim *sim)
{
    akt_task sender;
    akt_task receiver;
    akt_tx tx;
    akt_rx rx;
    int i;

    assert_ok(akt_channel_open(sim->me, num, 10, &tx, &rx));
    for (i = 0; i < 10; i++) {
        assert_ok(akt_channel_send(sim->me, tx, num, .n = 0));
    }
    assert_ok(akt_task_spawn(sim->me, sends_its_number, &sender, .tx = tx,
                             .from = 7));
    (void)akt_sim_run_until_idle(sim->system);
    assert_ok(akt_task_spawn(sim->me, takes_one, &receiver, .rx = rx));
    (void)akt_sim_run_until_idle(sim->system);
    assert_notes(0, 7);
    assert_ok(akt_join(sim->me, sender));
    assert_ok(akt_join(sim->me, receiver));
}

static void
a_permit_that_is_released_makes_room(struct sim *sim)
{
    akt_permit permit;
    akt_task task;
    akt_tx tx;
    akt_rx rx;

    assert_ok(akt_channel_open(sim->me, num, 1, &tx, &rx));
    assert_ok(akt_channel_reserve(sim->me, tx, &permit));
    assert_ok(
        akt_task_spawn(sim->me, sends_its_number, &task, .tx = tx, .from = 1));
    run_steps(sim, sim->seed % 3);
    assert_ok(akt_permit_release(sim->me, permit));
    assert_ok(akt_join(sim->me, task));
}

/* --- futures --- */

struct reader {
    struct channel *c;
    int64_t told;
};

static akt_err on_ready(akt_self *self, struct reader *r, const akt_answer *a,
                        const struct akt_woken *woken);
AKT_THEN(on_ready, struct reader, akt_wake);

static akt_err
watch_again(akt_self *self, struct reader *r)
{
    akt_future f;

    AKT_TRY(akt_channel_readable(self, r->c->rx, &f));
    return akt_then(self, f, on_ready, NULL);
}

static akt_err
on_ready(akt_self *self, struct reader *r, const akt_answer *a,
         const struct akt_woken *woken)
{
    struct parcel p;
    akt_err err;

    assert_null(woken);
    assert_int_equal(a->outcome, AKT_REPLIED);
    r->told++;
    while ((err = akt_channel_try_recv(self, r->c->rx, parcel, &p)) == AKT_OK) {
        r->c->sum += p.n;
        r->c->received++;
        parcel_destroy(&p);
    }
    if (err == AKT_ECLOSED) {
        r->c->ended++;
        return AKT_OK;
    }
    assert_err(err, AKT_EEMPTY);
    return watch_again(self, r);
}

static akt_err
on_begin(akt_self *self, struct reader *r, const struct bell *m)
{
    (void)m;
    return watch_again(self, r);
}
AKT_CLASS(reader, struct reader, AKT_ON(bell, on_begin));

static void
an_actor_reads_when_it_is_told(struct sim *sim)
{
    struct channel c;
    akt_task task[2];
    akt_ref reader;
    int i;

    open_channel(sim, &c, 3);
    assert_ok(akt_spawn(sim->me, reader, &reader, .c = &c));
    assert_ok(akt_send(sim->me, reader, bell));
    for (i = 0; i < 2; i++) {
        task[i] = begin_producer(sim->me, &c, EACH * i, EACH);
    }
    assert_ok(akt_tx_close(sim->me, c.tx));
    for (i = 0; i < 2; i++) {
        assert_ok(akt_join(sim->me, task[i]));
    }
    (void)akt_sim_run_until_idle(sim->system);
    assert_int_equal(c.received, 2 * EACH);
    assert_int_equal(c.sum, EACH * (2 * EACH - 1));
    assert_int_equal(c.ended, 1);
}

static void
a_future_that_is_given_up_takes_nothing(struct sim *sim)
{
    struct channel c;
    akt_future f[5];
    akt_answer *a;
    struct num got;
    int i;

    assert_ok(akt_channel_open(sim->me, num, 1, &c.tx, &c.rx));
    for (i = 0; i < 1000; i++) {
        assert_ok(akt_channel_readable(sim->me, c.rx, &f[0]));
        akt_future_drop(sim->me, f[0]);
    }
    assert_ok(akt_channel_readable(sim->me, c.rx, &f[0]));
    assert_ok(akt_channel_readable(sim->me, c.rx, &f[1]));
    assert_ok(akt_cancel(sim->me, f[0]));
    assert_int_equal(akt_future_poll(sim->me, f[1]), AKT_PENDING);
    assert_ok(akt_channel_writable(sim->me, c.tx, &f[2]));
    assert_ok(akt_wait(sim->me, f[2], &a));
    akt_answer_free(sim->me, a);
    assert_ok(akt_channel_send(sim->me, c.tx, num, .n = 6));
    assert_int_equal(akt_future_poll(sim->me, f[1]), AKT_REPLIED);
    assert_ok(akt_channel_writable(sim->me, c.tx, &f[3]));
    assert_int_equal(akt_future_poll(sim->me, f[3]), AKT_PENDING);
    assert_ok(akt_channel_recv(sim->me, c.rx, num, &got));
    assert_int_equal(akt_future_poll(sim->me, f[3]), AKT_REPLIED);
    assert_ok(akt_channel_readable(sim->me, c.rx, &f[4]));
    assert_ok(akt_tx_close(sim->me, c.tx));
    assert_int_equal(akt_future_poll(sim->me, f[4]), AKT_REPLIED);
    for (i = 0; i < 5; i++) {
        akt_future_drop(sim->me, f[i]);
    }
}

TEST(each_value_goes_to_one_receiver)
TEST(a_thread_waits_too)
TEST(a_wait_ends_in_time)
TEST(cancelled_receivers_eat_nothing)
TEST(cancelled_senders_send_nothing)
TEST(a_cancelled_receiver_passes_its_value_on)
TEST(who_waits_longest_is_the_first)
TEST(each_value_wakes_somebody)
TEST(one_free_place_wakes_a_sender)
TEST(a_permit_that_is_released_makes_room)
TEST(an_actor_reads_when_it_is_told)
TEST(a_future_that_is_given_up_takes_nothing)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sim_test(test_each_value_goes_to_one_receiver),
        sim_test(test_a_thread_waits_too),
        sim_test(test_a_wait_ends_in_time),
        sim_test(test_cancelled_receivers_eat_nothing),
        sim_test(test_cancelled_senders_send_nothing),
        sim_test(test_a_cancelled_receiver_passes_its_value_on),
        sim_test(test_who_waits_takes_no_memory),
        sim_test(test_who_waits_longest_is_the_first),
        sim_test(test_each_value_wakes_somebody),
        sim_test(test_one_free_place_wakes_a_sender),
        sim_test(test_a_permit_that_is_released_makes_room),
        sim_test(test_an_actor_reads_when_it_is_told),
        sim_test(test_a_future_that_is_given_up_takes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
