/* SPDX-License-Identifier: MIT */
/*
 * Conservation, order, exclusivity. Actors in random places of a table send to
 * each other along random ways while others stop, kill, drain and replace them;
 * mailboxes have 1 to 1024 places and all policies. Each message names its
 * sender, its receiver and its number among that pair.
 *
 *  - what a send accepted was received once or reported once as dead letter;
 *  - a pair's messages come in the order in which they were sent, without a gap
 *    where the receiver's policy drops nothing;
 *  - no two handlers of an actor run at a time: states are plain memory (for the
 *    thread sanitizer) with an atomic flag inside;
 *  - the system's account says the same.
 */
#include "akt/akt.h"
#include "tests/support/stress.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PLACES 48
#define THREADS 3
/* Actors over a run; the first numbers are the plain threads. */
#define IDS 640
#define HOPS 24

#define STEP(F) F(u32, from) F(u32, to) F(u32, number) F(u32, hops)
AKT_MESSAGE(step, STEP);

/* What one sender sent to one receiver. */
struct pair {
    uint32_t sent; /* by the sender; also the next number */
    uint64_t sent_sum;
    uint32_t received; /* by the receiver */
    uint32_t last;
    uint64_t received_sum;
    _Atomic uint32_t dead; /* by any */
    _Atomic uint64_t dead_sum;
};

struct run {
    akt_system *system;
    _Atomic uint32_t next_id;
    _Atomic uint32_t place[PLACES]; /* ids; 0: nobody */
    akt_ref ref[IDS];               /* by the actor's start */
    _Atomic uint64_t sent_ok;
    _Atomic uint64_t received;
    _Atomic uint64_t letters[AKT_FATE_DISCARDED + 1];
    uint32_t messages; /* of each generator */
};

static struct run run;
static struct pair (*pairs)[IDS];

struct node {
    uint32_t id;
    uint32_t place;
    _Atomic uint32_t inside;
    struct stress_random random;
    uint64_t handled;
    bool may_gap;
};

static void
count_sent(uint32_t from, uint32_t to)
{
    struct pair *p = &pairs[from][to];

    p->sent++;
    p->sent_sum += p->sent;
    atomic_fetch_add_explicit(&run.sent_ok, 1, memory_order_relaxed);
}

/* To whoever is in a random place. */
static akt_err
send_on(akt_self *self, struct stress_random *random, uint32_t from,
        uint32_t hops)
{
    uint32_t to = atomic_load_explicit(&run.place[stress_below(random, PLACES)],
                                       memory_order_acquire);
    akt_err err;

    if (to == 0) {
        return AKT_EDEAD;
    }
    if (from <= THREADS && stress_below(random, 2) == 0) {
        /* Waits for room: the pace is set by the receivers. */
        err = akt_send_within(self, AKT_SECONDS(600), run.ref[to], step,
                              .from = from, .to = to,
                              .number = pairs[from][to].sent + 1, .hops = hops);
    } else if (stress_below(random, 16) == 0) {
        err = akt_try_send(self, run.ref[to], step, .from = from, .to = to,
                           .number = pairs[from][to].sent + 1, .hops = hops);
    } else {
        err = akt_send(self, run.ref[to], step, .from = from, .to = to,
                       .number = pairs[from][to].sent + 1, .hops = hops);
    }
    if (err == AKT_OK) {
        count_sent(from, to);
    }
    return err;
}

static void
enter(struct node *n)
{
    uint32_t was =
        atomic_exchange_explicit(&n->inside, 1, memory_order_relaxed);

    STRESS_CHECK(was == 0, "two handlers of actor %u at once", n->id);
}

static void
leave(struct node *n)
{
    atomic_store_explicit(&n->inside, 0, memory_order_relaxed);
}

static void
check_step(akt_self *self, struct node *n, const struct step *m)
{
    struct pair *p = &pairs[m->from][n->id];

    STRESS_CHECK(m->to == n->id, "actor %u got a message for %u", n->id, m->to);
    STRESS_CHECK(m->number > p->last, "pair %u-%u: %u after %u", m->from, n->id,
                 m->number, p->last);
    STRESS_CHECK(n->may_gap || m->number == p->last + 1,
                 "pair %u-%u: %u after %u: a gap", m->from, n->id, m->number,
                 p->last);
    STRESS_CHECK(m->from <= THREADS
                     || akt_ref_equal(akt_sender(self), run.ref[m->from]),
                 "wrong sender");
    p->last = m->number;
    p->received++;
    p->received_sum += m->number;
    n->handled++;
    atomic_fetch_add_explicit(&run.received, 1, memory_order_relaxed);
}

static akt_err
on_step(akt_self *self, struct node *n, const struct step *m)
{
    akt_err err = AKT_OK;
    uint32_t fan;

    enter(n);
    check_step(self, n, m);
    fan = m->hops == 0 ? 0 : stress_below(&n->random, 8) == 0 ? 2 : 1;
    while (fan-- > 0) {
        akt_ignore(send_on(self, &n->random, n->id, m->hops - 1));
    }
    if (stress_below(&n->random, 5000) == 0) {
        akt_stop_self(self);
    } else if (stress_below(&n->random, 5000) == 0) {
        err = AKT_EUSER;
    }
    leave(n);
    return err;
}

static akt_err
on_start(akt_self *self, struct node *n)
{
    enter(n);
    run.ref[n->id] = akt_self_ref(self);
    atomic_store_explicit(&run.place[n->place], n->id, memory_order_release);
    leave(n);
    return AKT_OK;
}

static void
on_exit_node(akt_self *self, struct node *n, const akt_exit *reason)
{
    (void)self;
    (void)reason;
    enter(n);
}

AKT_CLASS(node, struct node, AKT_ON_START(on_start), AKT_ON_EXIT(on_exit_node),
          AKT_ON(step, on_step), AKT_OUTBOX(64));

/* --- all sorts of mailboxes --- */

#define SORTS 40

static akt_class sorts[SORTS];

static void
make_sorts(void)
{
    static const uint32_t capacities[] = {1, 2, 7, 64, 1024};
    uint32_t i;

    for (i = 0; i < SORTS; i++) {
        akt_class *c = &sorts[i];

        *c = node_class;
        c->mailbox.capacity = capacities[i % 5];
        c->mailbox.overflow = (akt_overflow)((i / 5) % 6);
        if (c->mailbox.overflow == AKT_SHED_OLD) {
            c->mailbox.max_age_ns = AKT_MS(1);
        }
        c->placement = i >= 35   ? AKT_PLACE_OWN_THREAD
                       : i >= 30 ? AKT_PLACE_PINNED
                                 : AKT_PLACE_ANY;
    }
}

static void
spawn_at(akt_self *self, struct stress_random *random, uint32_t place)
{
    uint32_t id =
        atomic_fetch_add_explicit(&run.next_id, 1, memory_order_relaxed);
    uint32_t sort = stress_below(random, SORTS);
    const akt_class *cls = &sorts[sort];
    struct node state = {.id = id, .place = place};
    akt_ref ref;

    if (id >= IDS) {
        return;
    }
    state.random.state = stress_next(random);
    /* A wait in AKT_AWAIT may be given up because it closed a cycle. */
    state.may_gap =
        cls->mailbox.overflow != AKT_FAIL && cls->mailbox.overflow != AKT_STOP;
    STRESS_OK(akti_spawn(self, cls, &ref, &state));
}

/* --- plain threads --- */

static void
end_one(akt_self *self, struct stress_random *random, uint32_t place)
{
    uint32_t id = atomic_load_explicit(&run.place[place], memory_order_acquire);
    akt_ref ref = run.ref[id];

    switch (stress_below(random, 3)) {
    case 0:
        akt_ignore(akt_stop(self, ref));
        break;
    case 1:
        akt_ignore(akt_kill(self, ref));
        break;
    default:
        akt_ignore(akt_drain(self, ref));
        break;
    }
}

static void *
generator(void *arg)
{
    uint32_t id = (uint32_t)(uintptr_t)arg;
    struct stress_random random = {stress_seed() + id};
    akt_self *self;
    uint32_t i;

    STRESS_OK(akt_attach(run.system, &self));
    for (i = 0; i < run.messages; i++) {
        akt_ignore(send_on(self, &random, id, stress_below(&random, 2 * HOPS)));
        if (stress_below(&random, run.messages) < (IDS - PLACES) / THREADS) {
            uint32_t place = stress_below(&random, PLACES);

            end_one(self, &random, place);
            spawn_at(self, &random, place);
        }
    }
    akt_detach(self);
    return NULL;
}

static void
on_dead_letter(const akt_dead_letter *letter, void *arg)
{
    const struct step *m = letter->payload;
    struct pair *p;

    (void)arg;
    STRESS_CHECK(akt_type_equal(letter->type, &step_type), "a strange letter");
    STRESS_CHECK(m->from < IDS && m->to < IDS, "a letter of nobody");
    p = &pairs[m->from][m->to];
    atomic_fetch_add_explicit(&p->dead, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&p->dead_sum, m->number, memory_order_relaxed);
    atomic_fetch_add_explicit(&run.letters[letter->fate], 1,
                              memory_order_relaxed);
}

/* --- the whole --- */

static void
check_pairs(void)
{
    uint32_t i;
    uint32_t k;

    for (i = 0; i < IDS; i++) {
        for (k = 0; k < IDS; k++) {
            struct pair *p = &pairs[i][k];
            uint32_t dead = atomic_load(&p->dead);

            STRESS_CHECK(p->sent == p->received + dead,
                         "pair %u-%u: sent %u, received %u, dead %u", i, k,
                         p->sent, p->received, dead);
            STRESS_CHECK(p->sent_sum
                             == p->received_sum + atomic_load(&p->dead_sum),
                         "pair %u-%u: one twice, another never", i, k);
        }
    }
}

static void
check_counters(const akt_counters *c)
{
    STRESS_CHECK(c->accepted == atomic_load(&run.sent_ok),
                 "accepted %" PRIu64 ", sent %" PRIu64, c->accepted,
                 atomic_load(&run.sent_ok));
    STRESS_CHECK(c->delivered == atomic_load(&run.received),
                 "delivered %" PRIu64 ", received %" PRIu64, c->delivered,
                 atomic_load(&run.received));
    STRESS_CHECK(
        c->dropped == atomic_load(&run.letters[AKT_FATE_DROPPED])
            && c->returned == atomic_load(&run.letters[AKT_FATE_RETURNED])
            && c->dead == atomic_load(&run.letters[AKT_FATE_DEAD])
            && c->discarded == atomic_load(&run.letters[AKT_FATE_DISCARDED])
            && c->expired == atomic_load(&run.letters[AKT_FATE_EXPIRED]),
        "counters and dead letters differ");
}

static void
set_up_run(akt_system_opts *opts)
{
    akt_self *self;
    struct stress_random random = {stress_seed() ^ opts->workers};
    uint32_t i;

    memset(&run, 0, sizeof(run));
    memset(pairs, 0, sizeof(struct pair) * IDS * IDS);
    run.next_id = THREADS + 1;
    run.messages = stress_scale(200000);
    opts->dead_letter = on_dead_letter;
    STRESS_OK(akt_system_start(opts, &run.system));
    STRESS_OK(akt_attach(run.system, &self));
    for (i = 0; i < PLACES; i++) {
        spawn_at(self, &random, i);
    }
    akt_detach(self);
}

static void
churn(uint32_t workers, uint64_t drain_ns)
{
    struct stress_memory memory;
    akt_system_opts opts;
    akt_counters counters;
    pthread_t threads[THREADS];
    uint32_t i;

    stress_memory_init(&memory);
    opts = stress_opts(workers, &memory);
    stress_phase("%u workers: start", workers);
    set_up_run(&opts);
    stress_phase("%u workers: senders", workers);
    for (i = 0; i < THREADS; i++) {
        stress_thread_start(&threads[i], generator, (void *)(uintptr_t)(i + 1));
    }
    for (i = 0; i < THREADS; i++) {
        stress_thread_join(threads[i]);
    }
    stress_phase("%u workers: stop", workers);
    stress_stop(run.system, drain_ns, &counters);
    stress_memory_check(&memory);
    check_pairs();
    check_counters(&counters);
    print_message("%u workers: %" PRIu64 " accepted, %" PRIu64
                  " delivered, %" PRIu64 " actors\n",
                  workers, counters.accepted, counters.delivered,
                  counters.spawned);
    stress_figure(1, counters.accepted, "messages conserved");
    stress_figure(3, counters.delivered, "handlers one at a time");
    stress_end();
}

static void
test_churn_drained_at_the_end_conserves_messages(void **state)
{
    uint32_t i;

    (void)state;
    for (i = 0; i < STRESS_WORKER_RUNS; i++) {
        churn(stress_workers(i), AKT_SECONDS(20));
    }
}

static void
test_churn_cut_off_conserves_messages(void **state)
{
    uint32_t i;

    (void)state;
    for (i = 0; i < STRESS_WORKER_RUNS; i++) {
        churn(stress_workers(i), 0);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_churn_drained_at_the_end_conserves_messages),
        cmocka_unit_test(test_churn_cut_off_conserves_messages),
    };
    int failed;

    stress_begin("conservation_stress");
    make_sorts();
    pairs = calloc(IDS, sizeof(*pairs));
    if (pairs == NULL) {
        return 1;
    }
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(pairs);
    return failed;
}
