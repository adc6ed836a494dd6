/* SPDX-License-Identifier: MIT */
/*
 * The mailbox alone: senders at its bound, orders, an end and a new owner. Who
 * gets the token runs the owner's turn itself. In every schedule one turn runs
 * at a time, each message that was pushed comes out once and in the order of its
 * sender, orders are seen, and nobody waits for ever.
 *
 * Found: a finish that puts the token down without a look at the list or at
 * CTRL, or that says nothing of room; a mark that is set though there is room by
 * now; a close that does not say that somebody waited.
 */
#include "actors/base/thread.h"
#include "actors/core/actor.h"
#include "tests/explore/campaign.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define SENDERS_MAX 3
#define MESSAGES_MAX 3

struct shape {
    uint32_t senders;
    uint32_t messages; /* of each */
    uint32_t capacity;
    uint32_t orders;
    bool peeks; /* a single message lies in the box for its turn */
    bool ends;  /* the first order ends the owner, and another one comes */
};

struct sender {
    struct post *post;
    uint32_t number;
    bool room;
};

/* As the pools align them. */
struct envelope {
    _Alignas(64) struct akti_message m;
};

struct post {
    const struct shape *shape;
    struct akti_mailbox box;
    struct akti_mutex lock; /* guards who waits */
    struct akti_cond changed;
    struct sender sender[SENDERS_MAX];
    struct envelope message[SENDERS_MAX][MESSAGES_MAX];
    _Atomic uint32_t orders;
    /* the holder of the token */
    bool running;
    bool ended;
    uint32_t next[SENDERS_MAX];
    uint32_t arrived;
    uint32_t held; /* arrived with the last turn's end, and counts still */
    uint32_t obeyed;
};

static void
give_room(struct post *p)
{
    uint32_t i;

    akti_mutex_lock(&p->lock);
    for (i = 0; i < SENDERS_MAX; i++) {
        p->sender[i].room = true;
    }
    akti_cond_wake_all(&p->changed);
    akti_mutex_unlock(&p->lock);
}

/* Counts what came out after `seen`; returns how many are to be given back. */
static uint32_t
accept_after(struct post *p, struct akti_message *newest,
             const struct akti_message *seen)
{
    struct akti_message *m = akti_messages_after(newest, seen);
    uint32_t n = 0;

    for (; m != NULL; m = m->next) {
        explore_check(m->sender_generation == p->next[m->sender_slot]);
        p->next[m->sender_slot]++;
        p->arrived++;
        n++;
    }
    return n;
}

static uint32_t
accept(struct post *p, struct akti_message *newest)
{
    return accept_after(p, newest, NULL);
}

/* The owner ends, and the next one begins. */
static void
replace_owner(struct post *p, const struct akti_message *seen)
{
    bool waited;

    if (seen != NULL) {
        (void)accept_after(p, akti_mailbox_take_messages(&p->box), seen);
    }
    p->ended = true;
    (void)accept(p, akti_mailbox_close(&p->box, &waited));
    if (waited) {
        give_room(p);
    }
    p->held = 0;
    p->running = false;
    akti_mailbox_open(&p->box);
}

static uint32_t
obey(struct post *p)
{
    /* acquire: as for an actor's orders; pairs: order */
    uint32_t n = atomic_exchange_explicit(&p->orders, 0, memory_order_acquire);

    p->obeyed += n;
    return n;
}

/* The message that may stay in the box for its turn. */
static struct akti_message *
single(struct post *p)
{
    struct akti_message *m =
        p->shape->peeks ? akti_mailbox_peek(&p->box) : NULL;

    return m != NULL && m->next == NULL ? m : NULL;
}

static unsigned
finish_turn(struct post *p, uint32_t n, struct akti_message *seen)
{
    uint32_t low_water = p->shape->capacity - 1;
    struct akti_message *newest = seen;
    unsigned found;

    p->held = 0;
    p->running = false;
    if (seen == NULL) {
        return akti_mailbox_finish(&p->box, n, low_water, false);
    }
    found = akti_mailbox_finish_seen(&p->box, n, low_water, false, &newest);
    if ((found & AKTI_FINISH_MORE) != 0) {
        p->held = accept_after(p, newest, seen);
    }
    return found;
}

/* One turn; true: the token is kept. */
static bool
turn(struct post *p)
{
    struct akti_message *seen;
    unsigned found;
    uint32_t n;

    explore_check(!p->running);
    p->running = true;
    seen = single(p);
    n = p->held + accept(p, seen != NULL ? seen : akti_mailbox_take(&p->box));
    explore_check(n <= p->shape->capacity);
    if (obey(p) > 0 && p->shape->ends && !p->ended) {
        replace_owner(p, seen);
        return false;
    }
    found = finish_turn(p, n, seen);
    if ((found & AKTI_FINISH_ROOM) != 0) {
        give_room(p);
    }
    return (found & AKTI_FINISH_MORE) != 0;
}

static void
run_owner(struct post *p)
{
    while (turn(p)) {
    }
}

static void
wait_for_room(struct post *p, struct sender *s)
{
    akti_mutex_lock(&p->lock);
    s->room = false;
    if (akti_mailbox_wait_mark(&p->box, p->shape->capacity)) {
        while (!s->room) {
            akti_cond_wait(&p->changed, &p->lock);
        }
    }
    akti_mutex_unlock(&p->lock);
}

/* False: there was nobody at the moment, and the message is the sender's. */
static bool
send(struct post *p, struct sender *s, struct akti_message *m)
{
    for (;;) {
        switch (akti_mailbox_push(&p->box, m, p->shape->capacity)) {
        case AKTI_PUSHED:
            return true;
        case AKTI_PUSHED_WAKE:
            run_owner(p);
            return true;
        case AKTI_PUSH_FULL:
            wait_for_room(p, s);
            break;
        default:
            return false;
        }
    }
}

static void
send_all(void *arg)
{
    struct sender *s = arg;
    struct post *p = s->post;
    uint32_t sent = 0;
    uint32_t i;

    for (i = 0; i < p->shape->messages; i++) {
        struct akti_message *m = &p->message[s->number][i].m;

        m->sender_slot = s->number;
        m->sender_generation = sent;
        while (!send(p, s, m)) {
            explore_pause(); /* until the next owner is there */
        }
        sent++;
    }
}

static void
order(void *arg)
{
    struct post *p = arg;
    uint32_t i;

    for (i = 0; i < p->shape->orders; i++) {
        /* release: as akti_actor_order; pairs: obey */
        atomic_fetch_add_explicit(&p->orders, 1, memory_order_release);
        if (akti_mailbox_order(&p->box)) {
            run_owner(p);
        }
    }
}

static void
post_init(struct post *p, const struct shape *shape)
{
    uint32_t i;

    memset(p, 0, sizeof(*p));
    p->shape = shape;
    akti_mailbox_init_closed(&p->box);
    akti_mailbox_open(&p->box);
    akti_mutex_init(&p->lock, AKTI_RANK_SUSPEND);
    akti_cond_init(&p->changed);
    for (i = 0; i < SENDERS_MAX; i++) {
        p->sender[i].post = p;
        p->sender[i].number = i;
    }
}

static void
scenario(void *arg)
{
    static struct post p;
    uint32_t thread[SENDERS_MAX + 1];
    const struct shape *shape = arg;
    uint32_t i;

    post_init(&p, shape);
    explore_begin();
    for (i = 0; i < shape->senders; i++) {
        thread[i] = explore_start(send_all, &p.sender[i]);
    }
    order(&p);
    for (i = 0; i < shape->senders; i++) {
        explore_join(thread[i]);
    }
    explore_end();
    explore_check(p.arrived == shape->senders * shape->messages);
    /* Orders that come while nobody is there are nobody's. */
    explore_check(shape->ends ? p.obeyed <= shape->orders
                              : p.obeyed == shape->orders);
    explore_check(atomic_load(&p.box.word) == 0);
    akti_cond_fini(&p.changed);
    akti_mutex_fini(&p.lock);
}

static void
explore_shape(const char *name, const struct shape *shape, uint32_t preemptions)
{
    struct campaign c = {.name = name,
                         .scenario = scenario,
                         .arg = (void *)(uintptr_t)shape,
                         .random = 20000,
                         .pct = 3000,
                         .preemptions = preemptions,
                         .all_max = 40000};

    assert_true(campaign_passes(&c));
}

static void
test_two_senders_at_a_bound_of_one_lose_nothing(void **state)
{
    static const struct shape shape = {
        .senders = 2, .messages = 2, .capacity = 1};

    (void)state;
    explore_shape("mailbox of one", &shape, 2);
}

static void
test_three_senders_at_a_bound_of_two_lose_nothing(void **state)
{
    static const struct shape shape = {
        .senders = 3, .messages = 3, .capacity = 2};

    (void)state;
    explore_shape("mailbox of two", &shape, 1);
}

static void
test_orders_beside_messages_are_seen(void **state)
{
    static const struct shape shape = {
        .senders = 1, .messages = 2, .capacity = 1, .orders = 2};

    (void)state;
    explore_shape("mailbox with orders", &shape, 3);
}

static void
test_messages_that_stay_for_their_turn_lose_nothing(void **state)
{
    static const struct shape shape = {
        .senders = 2, .messages = 2, .capacity = 2, .orders = 1, .peeks = true};

    (void)state;
    explore_shape("mailbox that is peeked into", &shape, 2);
}

static void
test_end_beside_messages_that_stay_loses_nothing(void **state)
{
    static const struct shape shape = {.senders = 2,
                                       .messages = 2,
                                       .capacity = 2,
                                       .orders = 1,
                                       .peeks = true,
                                       .ends = true};

    (void)state;
    explore_shape("peeked mailbox with two owners", &shape, 2);
}

static void
test_end_of_the_owner_loses_no_message_and_no_waiter(void **state)
{
    static const struct shape shape = {
        .senders = 2, .messages = 2, .capacity = 1, .orders = 1, .ends = true};

    (void)state;
    explore_shape("mailbox with two owners", &shape, 2);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_senders_at_a_bound_of_one_lose_nothing),
        cmocka_unit_test(test_three_senders_at_a_bound_of_two_lose_nothing),
        cmocka_unit_test(test_orders_beside_messages_are_seen),
        cmocka_unit_test(test_messages_that_stay_for_their_turn_lose_nothing),
        cmocka_unit_test(test_end_beside_messages_that_stay_loses_nothing),
        cmocka_unit_test(test_end_of_the_owner_loses_no_message_and_no_waiter),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
