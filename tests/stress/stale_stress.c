/* SPDX-License-Identifier: MIT */
/*
 * Stale references. The system has six places for actors, so each is used again
 * at once; several threads, and the actors themselves, send to, ask, stop, drain
 * and kill whoever lived lately. Each actor has a serial number of its own, and
 * whatever is for it says so:
 *
 *  - no message, request or reply reaches an actor with another number;
 *  - no actor ends by an order that was not given to its number;
 *  - when all have ended, all places can be had again, and not one more.
 */
#include "akt/akt.h"
#include "tests/support/stress.h"

#include <inttypes.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define PLACES 6
#define THREADS 3
#define SERIALS (1u << 21)
#define RECENT 12

#define SERIAL(F) F(u32, serial)
AKT_MESSAGE(touch, SERIAL);
AKT_MESSAGE(name, SERIAL);
AKT_REQUEST(who, SERIAL, name);

static struct {
    akt_system *system;
    _Atomic uint32_t system_id;
    _Atomic uint32_t next;
    _Atomic uint32_t recent[RECENT]; /* numbers that started lately */
    uint32_t rounds;
    _Atomic uint64_t touched;
    _Atomic uint64_t spawned;
    _Atomic uint64_t refused;
    _Atomic uint64_t ordered;
} run;

/* By serial number: slot and generation; whether somebody ordered its end. */
static _Atomic uint64_t refs[SERIALS];
static _Atomic uint8_t ordered[SERIALS];

/* --- actors --- */

struct citizen {
    uint32_t serial;
    uint32_t left; /* messages until it ends by itself */
    bool by_itself;
    struct stress_random random;
};

static void use_somebody(akt_self *self, struct stress_random *random);

static akt_err
live_on(akt_self *self, struct citizen *c)
{
    if (stress_below(&c->random, 2) == 0) {
        use_somebody(self, &c->random);
    }
    if (--c->left == 0) {
        c->by_itself = true;
        akt_stop_self(self);
    }
    return AKT_OK;
}

static akt_err
on_touch(akt_self *self, struct citizen *c, const struct touch *m)
{
    STRESS_CHECK(m->serial == c->serial, "%u got a message for %u", c->serial,
                 m->serial);
    atomic_fetch_add_explicit(&run.touched, 1, memory_order_relaxed);
    return live_on(self, c);
}

static akt_err
on_who(akt_self *self, struct citizen *c, const struct who *m)
{
    STRESS_CHECK(m->serial == c->serial, "%u got a request to %u", c->serial,
                 m->serial);
    STRESS_OK(akt_reply(self, m, .serial = c->serial));
    return live_on(self, c);
}

static akt_err
on_name(akt_self *self, struct citizen *c, const akt_answer *answer,
        const struct name *n)
{
    (void)self;
    (void)c;
    STRESS_CHECK(n == NULL || n->serial == (uint32_t)(uintptr_t)answer->arg,
                 "a reply by another");
    return AKT_OK;
}
AKT_THEN(on_name, struct citizen, who);

static akt_ref
ref_of(uint32_t serial)
{
    uint64_t word = atomic_load_explicit(&refs[serial], memory_order_relaxed);

    return (akt_ref){(uint32_t)(word >> 32), (uint32_t)word, run.system_id, 0};
}

/* It can be found from now on; who can't any more must not keep a place. */
static akt_err
on_start(akt_self *self, struct citizen *c)
{
    akt_ref ref = akt_self_ref(self);
    uint32_t forgotten;

    atomic_store_explicit(&refs[c->serial],
                          (uint64_t)ref.slot << 32 | ref.generation,
                          memory_order_relaxed);
    atomic_fetch_add_explicit(&run.spawned, 1, memory_order_relaxed);
    forgotten = atomic_exchange(&run.recent[c->serial % RECENT], c->serial);
    if (forgotten != 0) {
        atomic_store(&ordered[forgotten], 1);
        akt_ignore(akt_kill(self, ref_of(forgotten)));
    }
    return AKT_OK;
}

static void
on_exit_citizen(akt_self *self, struct citizen *c, const akt_exit *reason)
{
    (void)self;
    switch (reason->kind) {
    case AKT_EXIT_STOPPED:
    case AKT_EXIT_DRAINED:
    case AKT_EXIT_KILLED:
        STRESS_CHECK(c->by_itself || atomic_load(&ordered[c->serial]) != 0,
                     "%u was ended (%d) by an order to another", c->serial,
                     (int)reason->kind);
        break;
    case AKT_EXIT_OVERFLOW:
    case AKT_EXIT_SHUTDOWN:
        break;
    default:
        STRESS_CHECK(false, "%u ended by %d", c->serial, (int)reason->kind);
    }
}

AKT_CLASS(citizen, struct citizen, AKT_ON_START(on_start),
          AKT_ON_EXIT(on_exit_citizen), AKT_ON(touch, on_touch),
          AKT_ON(who, on_who), AKT_MAILBOX(2, AKT_AWAIT));

#define SORTS 8

static akt_class sorts[SORTS];

static void
make_sorts(void)
{
    uint32_t i;

    for (i = 0; i < SORTS; i++) {
        sorts[i] = citizen_class;
        sorts[i].mailbox.overflow = (akt_overflow)(i % 6);
        sorts[i].mailbox.capacity = 1 + i % 4;
        if (sorts[i].mailbox.overflow == AKT_SHED_OLD) {
            sorts[i].mailbox.max_age_ns = AKT_US(100);
        }
        if (i >= 6) {
            sorts[i].placement = AKT_PLACE_PINNED;
        }
    }
}

/* --- what is done to them --- */

static akt_err
give_order(akt_self *self, struct stress_random *random, uint32_t serial,
           akt_ref ref)
{
    atomic_store(&ordered[serial], 1);
    atomic_fetch_add_explicit(&run.ordered, 1, memory_order_relaxed);
    switch (stress_below(random, 3)) {
    case 0:
        return akt_stop(self, ref);
    case 1:
        return akt_drain(self, ref);
    default:
        return akt_kill(self, ref);
    }
}

static akt_err
ask_for_name(akt_self *self, uint32_t serial, akt_ref ref)
{
    bool is_thread = akt_ref_is_none(akt_self_ref(self));
    akt_answer *answer;
    const struct name *n;
    akt_future f;

    AKT_TRY(akt_ask(self, ref, &f, who, .serial = serial));
    if (!is_thread) {
        return akt_then(self, f, on_name, (void *)(uintptr_t)serial);
    }
    STRESS_OK(akt_wait(self, f, &answer));
    n = akt_answer_as(answer, name);
    STRESS_CHECK(n == NULL || n->serial == serial, "a reply by another");
    akt_answer_free(self, answer);
    return AKT_OK;
}

/* One of those who lived lately, dead or alive. */
static void
use_somebody(akt_self *self, struct stress_random *random)
{
    uint32_t serial = atomic_load(&run.recent[stress_below(random, RECENT)]);
    akt_ref ref = ref_of(serial);
    uint32_t kind = stress_below(random, 64);
    akt_err err;

    if (serial == 0) {
        return;
    }
    if (kind == 0) {
        err = give_order(self, random, serial, ref);
    } else if (kind < 16) {
        err = ask_for_name(self, serial, ref);
    } else {
        err = akt_send(self, ref, touch, .serial = serial);
    }
    if (err != AKT_OK) {
        STRESS_CHECK(err == AKT_EDEAD || err == AKT_EFULL || err == AKT_EDEADLK
                         || err == AKT_ESTOPPED,
                     "%s", akt_err_name(err));
        atomic_fetch_add_explicit(&run.refused, 1, memory_order_relaxed);
    }
}

/* A number that was not used is kept for the next time. */
static akt_err
spawn_next(akt_self *self, struct stress_random *random, uint32_t *number)
{
    uint32_t serial =
        *number != 0
            ? *number
            : atomic_fetch_add_explicit(&run.next, 1, memory_order_relaxed);
    struct citizen state = {.serial = serial,
                            .left = 1 + stress_below(random, 30),
                            .random = {stress_next(random)}};
    akt_ref ref;
    akt_err err;

    STRESS_CHECK(serial < SERIALS, "too few numbers");
    err = akti_spawn(self, &sorts[stress_below(random, SORTS)], &ref, &state);
    *number = err == AKT_OK ? 0 : serial;
    return err;
}

static void *
plain_thread(void *arg)
{
    struct stress_random random = {stress_seed() ^ (uintptr_t)arg};
    akt_self *self;
    uint32_t number = 0;
    uint32_t i;

    STRESS_OK(akt_attach(run.system, &self));
    for (i = 0; i < run.rounds; i++) {
        if (i % 8 == 0) {
            akt_err err = spawn_next(self, &random, &number);

            STRESS_CHECK(err == AKT_OK || err == AKT_ELIMIT, "spawn: %s",
                         akt_err_name(err));
            if (err == AKT_ELIMIT) {
                (void)sched_yield(); /* let somebody end */
            }
        }
        use_somebody(self, &random);
    }
    akt_detach(self);
    return NULL;
}

/* --- the whole --- */

static uint64_t
count_live(void)
{
    akt_counters c;

    akt_system_counters(run.system, &c);
    return c.spawned - c.exited;
}

/* Ends all, and sees that there are as many places as there were. */
static void
check_places(akt_self *self)
{
    struct stress_random random = {1};
    uint32_t number = 0;
    uint32_t i;

    while (count_live() > 0) {
        for (i = 0; i < RECENT; i++) {
            uint32_t serial = atomic_load(&run.recent[i]);

            atomic_store(&ordered[serial], 1);
            akt_ignore(akt_kill(self, ref_of(serial)));
        }
        (void)sched_yield();
    }
    for (i = 0; i < PLACES; i++) {
        akt_err err = spawn_next(self, &random, &number);

        STRESS_CHECK(err == AKT_OK, "place %u of %d: %s", i, PLACES,
                     akt_err_name(err));
    }
    STRESS_CHECK(spawn_next(self, &random, &number) == AKT_ELIMIT,
                 "one too many");
}

static void
learn_system_id(akt_self *self)
{
    struct citizen state = {.serial = 0, .left = 1, .by_itself = true};
    akt_ref ref;

    STRESS_OK(akti_spawn(self, &sorts[0], &ref, &state));
    run.system_id = ref.system;
    STRESS_OK(akt_kill(self, ref));
}

static void
reuse(uint32_t workers)
{
    struct stress_memory memory;
    akt_system_opts opts;
    pthread_t threads[THREADS];
    akt_self *self;
    uint32_t i;

    stress_memory_init(&memory);
    memset(&run, 0, sizeof(run));
    run.next = 1;
    run.rounds = stress_scale(150000);
    for (i = 0; i < SERIALS; i++) {
        atomic_init(&refs[i], 0);
        atomic_init(&ordered[i], 0);
    }
    opts = stress_opts(workers, &memory);
    opts.max_actors = PLACES;
    stress_phase("%u workers: stale references", workers);
    STRESS_OK(akt_system_start(&opts, &run.system));
    STRESS_OK(akt_attach(run.system, &self));
    learn_system_id(self);
    for (i = 0; i < THREADS; i++) {
        stress_thread_start(&threads[i], plain_thread,
                            (void *)(uintptr_t)(i + 1));
    }
    for (i = 0; i < THREADS; i++) {
        stress_thread_join(threads[i]);
    }
    stress_phase("%u workers: all places", workers);
    check_places(self);
    print_message("%u workers: %" PRIu64 " spawned, %" PRIu64
                  " touched, %" PRIu64 " refused, %" PRIu64 " ordered\n",
                  workers, atomic_load(&run.spawned), atomic_load(&run.touched),
                  atomic_load(&run.refused), atomic_load(&run.ordered));
    stress_figure(8, atomic_load(&run.refused), "stale sends refused");
    akt_detach(self);
    stress_phase("%u workers: stop", workers);
    stress_stop(run.system, 0, NULL);
    stress_memory_check(&memory);
    stress_end();
}

/* --- very many sends to who has ended --- */

#define ENDED 8

static struct {
    akt_ref ended[ENDED];
    _Atomic uint32_t left; /* threads that still send */
    uint32_t sends;
} hammer;

/* To those that have ended, whose places others have by now. */
static void *
hammer_thread(void *arg)
{
    akt_self *self;
    uint32_t i;

    (void)arg;
    STRESS_OK(akt_attach(run.system, &self));
    for (i = 0; i < hammer.sends; i++) {
        akt_err err =
            akt_try_send(self, hammer.ended[i % ENDED], touch, .serial = 0);

        STRESS_CHECK(err == AKT_EDEAD, "a stale send: %s", akt_err_name(err));
    }
    atomic_fetch_sub(&hammer.left, 1);
    akt_detach(self);
    return NULL;
}

/* An actor that nobody sends to, and that ends at once. */
static akt_ref
come_and_go(akt_self *self, uint32_t serial)
{
    struct citizen state = {.serial = serial, .left = 1, .by_itself = true};
    akt_ref ref;
    akt_err err;

    while ((err = akti_spawn(self, &sorts[0], &ref, &state)) == AKT_ELIMIT) {
        (void)sched_yield();
    }
    STRESS_OK(err);
    err = akt_kill(self, ref);
    /* Its number may have been forgotten already. */
    STRESS_CHECK(err == AKT_OK || err == AKT_EDEAD, "kill: %s",
                 akt_err_name(err));
    return ref;
}

static void
hammer_all(uint32_t workers)
{
    akt_system_opts opts = stress_opts(workers, NULL);
    pthread_t threads[THREADS];
    akt_self *self;
    uint32_t i;

    memset(&run, 0, sizeof(run));
    hammer.sends = stress_scale(1200000);
    atomic_store(&hammer.left, THREADS);
    opts.max_actors = 2;
    stress_phase("%u workers: many stale sends", workers);
    STRESS_OK(akt_system_start(&opts, &run.system));
    STRESS_OK(akt_attach(run.system, &self));
    learn_system_id(self);
    for (i = 0; i < ENDED; i++) {
        hammer.ended[i] = come_and_go(self, i + 1);
        while (akt_ref_is_alive(self, hammer.ended[i])) {
            (void)sched_yield();
        }
    }
    for (i = 0; i < THREADS; i++) {
        stress_thread_start(&threads[i], hammer_thread, NULL);
    }
    while (atomic_load(&hammer.left) > 0) {
        (void)come_and_go(self, ENDED + 1);
    }
    for (i = 0; i < THREADS; i++) {
        stress_thread_join(threads[i]);
    }
    stress_figure(8, (uint64_t)THREADS * hammer.sends, "stale sends refused");
    akt_detach(self);
    stress_stop(run.system, 0, NULL);
    stress_end();
}

static void
test_many_stale_sends_are_refused(void **state)
{
    uint32_t i;

    (void)state;
    for (i = 0; i < STRESS_WORKER_RUNS; i++) {
        hammer_all(stress_workers(i));
    }
}

/* --- what is under way while a place changes hands --- */

/*
 * One place. An actor with an odd number stays in its first turn while threads
 * send to it and order its end, again and again; a signal stops one of them
 * wherever that is. Then the actor ends, one with an even number takes its place,
 * and the thread goes on with what it had begun. Nobody knows the even one but the
 * thread that spawned it, whose message ends it.
 */
#define HUNTERS 3

/* A round has three stages: the odd one lives, it has to end, the even lives. */
static _Atomic uint32_t hunt_stage;
static _Atomic uint32_t hunt_over;

/* Who holds a lock that the others need must not wait for long. */
#define YIELDS_MAX 200

/* Waits for the next round's even actor, or this one's. */
static void
on_nudge(int signal_number)
{
    uint32_t stage = atomic_load(&hunt_stage);
    uint32_t until = stage - stage % 3 + 2;
    uint32_t n;

    (void)signal_number;
    for (n = 0; n < YIELDS_MAX && atomic_load(&hunt_stage) < until; n++) {
        (void)sched_yield();
    }
}

static void *
hunter(void *arg)
{
    struct stress_random random = {stress_seed() ^ (uintptr_t)arg};
    akt_self *self;
    sigset_t nudges;

    (void)sigemptyset(&nudges);
    (void)sigaddset(&nudges, SIGUSR1);
    (void)pthread_sigmask(SIG_UNBLOCK, &nudges, NULL);
    STRESS_OK(akt_attach(run.system, &self));
    while (atomic_load(&hunt_over) == 0) {
        uint32_t serial = atomic_load(&run.recent[1]);

        if (serial == 0 || atomic_load(&hunt_stage) % 3 != 0) {
            (void)sched_yield();
        } else if (stress_below(&random, 2) == 0) {
            akt_ignore(akt_kill(self, ref_of(serial)));
        } else {
            akt_ignore(
                akt_try_send(self, ref_of(serial), touch, .serial = serial));
        }
    }
    akt_detach(self);
    return NULL;
}

static akt_err
hunted_on_start(akt_self *self, struct citizen *c)
{
    uint32_t stage = atomic_load(&hunt_stage);
    akt_ref ref = akt_self_ref(self);

    atomic_store(&refs[c->serial], (uint64_t)ref.slot << 32 | ref.generation);
    atomic_store(&ordered[c->serial], c->serial & 1);
    atomic_store(&run.recent[c->serial & 1], c->serial);
    while ((c->serial & 1) != 0 && atomic_load(&hunt_stage) == stage) {
        (void)sched_yield();
    }
    return AKT_OK;
}

static akt_err
hunted_on_touch(akt_self *self, struct citizen *c, const struct touch *m)
{
    STRESS_CHECK(m->serial == c->serial, "%u got a message for %u", c->serial,
                 m->serial);
    if ((c->serial & 1) == 0) {
        c->by_itself = true;
        akt_stop_self(self);
    }
    return AKT_OK;
}

AKT_CLASS(hunted, struct citizen, AKT_ON_START(hunted_on_start),
          AKT_ON_EXIT(on_exit_citizen), AKT_ON(touch, hunted_on_touch),
          AKT_MAILBOX(4096, AKT_FAIL));

static akt_ref
spawn_hunted(akt_self *self, uint32_t serial)
{
    struct citizen state = {.serial = serial};
    akt_ref ref;
    akt_err err;

    while ((err = akti_spawn(self, &hunted_class, &ref, &state))
           == AKT_ELIMIT) {
        (void)sched_yield();
    }
    STRESS_CHECK(err == AKT_OK, "spawn: %s", akt_err_name(err));
    while (atomic_load(&run.recent[serial & 1]) != serial) {
        (void)sched_yield();
    }
    return ref;
}

static void
hunt_once(akt_self *self, uint32_t odd, pthread_t nudged)
{
    akt_ref ref = spawn_hunted(self, odd);

    (void)sched_yield();
    (void)pthread_kill(nudged, SIGUSR1);
    (void)sched_yield();
    atomic_fetch_add(&hunt_stage, 1);
    akt_ignore(akt_kill(self, ref));
    ref = spawn_hunted(self, odd + 1);
    atomic_fetch_add(&hunt_stage, 1);
    (void)sched_yield();
    (void)sched_yield();
    STRESS_OK(akt_send(self, ref, touch, .serial = odd + 1));
    while (akt_ref_is_alive(self, ref)) {
        (void)sched_yield();
    }
    atomic_fetch_add(&hunt_stage, 1);
}

static void
hunt(uint32_t workers)
{
    akt_system_opts opts = stress_opts(workers, NULL);
    uint32_t rounds = stress_scale(500);
    pthread_t threads[HUNTERS];
    akt_self *self;
    uint32_t i;

    memset(&run, 0, sizeof(run));
    atomic_store(&hunt_over, 0);
    atomic_store(&hunt_stage, 0);
    opts.max_actors = 1;
    stress_phase("%u workers: hunt", workers);
    STRESS_OK(akt_system_start(&opts, &run.system));
    STRESS_OK(akt_attach(run.system, &self));
    learn_system_id(self);
    for (i = 0; i < HUNTERS; i++) {
        stress_thread_start(&threads[i], hunter, (void *)(uintptr_t)(i + 1));
    }
    for (i = 0; i < rounds; i++) {
        hunt_once(self, 2 * i + 1, threads[i % HUNTERS]);
    }
    atomic_store(&hunt_stage, UINT32_MAX);
    atomic_store(&hunt_over, 1);
    for (i = 0; i < HUNTERS; i++) {
        stress_thread_join(threads[i]);
    }
    print_message("%u workers: %u pairs\n", workers, rounds);
    stress_figure(8, rounds, "calls cut off by a successor");
    akt_detach(self);
    stress_stop(run.system, 0, NULL);
    stress_end();
}

static void
test_what_is_under_way_misses_the_next_actor(void **state)
{
    uint32_t i;

    (void)state;
    for (i = 0; i < STRESS_WORKER_RUNS; i++) {
        hunt(stress_workers(i));
    }
}

static void
test_stale_reference_never_reaches_another(void **state)
{
    uint32_t i;

    (void)state;
    for (i = 0; i < STRESS_WORKER_RUNS; i++) {
        reuse(stress_workers(i));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stale_reference_never_reaches_another),
        cmocka_unit_test(test_many_stale_sends_are_refused),
        cmocka_unit_test(test_what_is_under_way_misses_the_next_actor),
    };
    struct sigaction nudge;

    stress_begin("stale_stress");
    memset(&nudge, 0, sizeof(nudge));
    nudge.sa_handler = on_nudge;
    (void)sigaction(SIGUSR1, &nudge, NULL);
    make_sorts();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
