/* SPDX-License-Identifier: MIT */
/*
 * Orders beside messages: an order reaches its actor, whatever that does at the
 * moment, and though no message comes after it. The actor is told to look by its
 * mailbox's word and by a hint; a turn takes the first away and may have passed
 * the second.
 *
 * Found when a turn of several messages does not look for orders after its take:
 * one that comes between the turn's first look and its take is lost, and nobody
 * can go on.
 */
#include "tests/explore/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

AKT_SIGNAL(crumb);

struct target {
    uint32_t eaten;
};

static akt_err
on_crumb(akt_self *self, struct target *t, const struct crumb *m)
{
    (void)self;
    (void)m;
    t->eaten++;
    return AKT_OK;
}
AKT_CLASS(target, struct target, AKT_ON(crumb, on_crumb));

typedef akt_err order_fn(akt_self *self, akt_ref ref);

static order_fn *const stop = akt_stop;
static order_fn *const drain = akt_drain;
static order_fn *const kill = akt_kill;

struct order {
    akt_ref target;
    order_fn *give;
};

static void
give(akt_self *me, void *arg)
{
    const struct order *o = arg;

    explore_ok(o->give(me, o->target));
}

/* One message or two in a turn, and from another thread an order. */
static void
order_beside_message(void *arg)
{
    struct order order = {.give = *(order_fn *const *)arg};
    struct world_thread other;
    struct world w;

    world_begin(&w, 1);
    explore_ok(akt_spawn(w.me, target, &order.target));
    explore_begin();
    world_start(&w, &other, give, &order);
    akt_ignore(akt_send(w.me, order.target, crumb));
    akt_ignore(akt_send(w.me, order.target, crumb));
    world_join(&other);
    world_wait_end(&w, order.target);
    world_end(&w);
}

static void
explore_order(order_fn *const *order, const char *name)
{
    struct campaign c = {.name = name,
                         .scenario = order_beside_message,
                         .arg = (void *)(uintptr_t)order,
                         .random = 10000,
                         .pct = 1500,
                         .preemptions = 2,
                         .all_max = 20000};

    assert_true(campaign_passes(&c));
}

static void
test_stop_beside_a_message_ends_the_actor(void **state)
{
    (void)state;
    explore_order(&stop, "stop beside a message");
}

static void
test_drain_beside_a_message_ends_the_actor(void **state)
{
    (void)state;
    explore_order(&drain, "drain beside a message");
}

static void
test_kill_beside_a_message_ends_the_actor(void **state)
{
    (void)state;
    explore_order(&kill, "kill beside a message");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stop_beside_a_message_ends_the_actor),
        cmocka_unit_test(test_drain_beside_a_message_ends_the_actor),
        cmocka_unit_test(test_kill_beside_a_message_ends_the_actor),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
