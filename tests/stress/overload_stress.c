/* SPDX-License-Identifier: MIT */
/*
 * Bounded memory under overload. Threads and actors send as fast as they can to
 * one slow actor, for each policy at the bound, with messages of a fixed size.
 * The allocator counts what the system holds, and that stays below a sum of
 * stated parts, however much is sent:
 *
 *     capacity + sending actors * (outbox + capacity), in blocks
 *   + free blocks that each context may keep: 2 magazines of each size
 *   + one chunk of each size that is not used up
 *
 * And the messages that were accepted and have no fate yet are never more than
 * the mailbox and the outboxes hold. Order and account hold.
 */
#include "akt/akt.h"
#include "tests/support/stress.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define THREADS 4
#define SENDERS 12
#define CAPACITY 100
#define OUTBOX 32
/* A payload of 960 bytes with its header: a block of 1024. */
#define BLOCK 1024
#define WORDS 120

struct load {
    uint64_t word[WORDS];
};
AKT_LOCAL_MESSAGE(load);
AKT_SIGNAL(more);

static struct {
    akt_system *system;
    akt_ref slow;
    uint32_t loads; /* of each sender */
    struct stress_gate done;
    _Atomic uint64_t sent;
    _Atomic uint64_t handled;
    _Atomic uint64_t dead;
    int64_t bound; /* messages that may wait */
} run;

/* --- the slow one --- */

struct slow {
    uint64_t last[THREADS + SENDERS];
    uint64_t sum;
};

static akt_err
on_load(akt_self *self, struct slow *s, const struct load *m)
{
    uint32_t spin;

    (void)self;
    STRESS_CHECK(m->word[1] > s->last[m->word[0]], "out of order");
    s->last[m->word[0]] = m->word[1];
    for (spin = 0; spin < 400; spin++) {
        s->sum = s->sum * 31 + m->word[spin % WORDS];
    }
    atomic_fetch_add(&run.handled, 1);
    return AKT_OK;
}

AKT_CLASS(slow, struct slow, AKT_ON(load, on_load),
          AKT_MAILBOX(CAPACITY, AKT_AWAIT));

/* --- those who send --- */

/*
 * Late about what was sent, early about what was handled: never too high, but
 * for those that are being dropped at this moment.
 */
static void
check_bound(void)
{
    int64_t sent = (int64_t)atomic_load(&run.sent);
    int64_t gone =
        (int64_t)(atomic_load(&run.handled) + atomic_load(&run.dead));

    STRESS_CHECK(sent - gone <= run.bound,
                 "%" PRId64 " messages wait, %" PRId64 " may", sent - gone,
                 run.bound);
}

static akt_err
send_load(akt_self *self, uint32_t number, uint64_t n)
{
    struct load m = {.word = {number, n}};
    akt_err err = akti_send(self, run.slow, &load_type, &m);

    if (err == AKT_OK) {
        atomic_fetch_add(&run.sent, 1);
        check_bound();
    }
    return err;
}

struct sender {
    uint32_t number;
    uint32_t left;
    uint64_t next;
};

/* Sends until it would have to wait, and goes on in its next turn. */
static akt_err
on_more(akt_self *self, struct sender *s, const struct more *m)
{
    uint32_t burst = 2 * OUTBOX;

    (void)m;
    while (s->left > 0 && burst-- > 0) {
        s->left--;
        akt_ignore(send_load(self, s->number, ++s->next));
    }
    if (s->left == 0) {
        stress_gate_add(&run.done, 1);
        akt_stop_self(self);
        return AKT_OK;
    }
    return akt_send(self, akt_self_ref(self), more);
}

AKT_CLASS(sender, struct sender, AKT_ON(more, on_more), AKT_OUTBOX(OUTBOX),
          AKT_MAILBOX(4, AKT_AWAIT));

static void *
sending_thread(void *arg)
{
    uint32_t number = (uint32_t)(uintptr_t)arg;
    akt_self *self;
    uint32_t i;

    STRESS_OK(akt_attach(run.system, &self));
    for (i = 0; i < run.loads; i++) {
        akt_ignore(send_load(self, number, i + 1));
    }
    akt_detach(self);
    return NULL;
}

static void
on_dead_letter(const akt_dead_letter *letter, void *arg)
{
    (void)letter;
    (void)arg;
    atomic_fetch_add(&run.dead, 1);
}

/* --- the whole --- */

/*
 * What the system may hold above what it held before the load. A context keeps
 * two magazines, each an eighth of a chunk of 64 KiB, for each of the sizes that
 * are used here: loads, `more`, edges and the like, at most four.
 */
static int64_t
budget(uint32_t workers)
{
    int64_t contexts = workers + THREADS + 1;
    int64_t sizes = 4;
    int64_t messages = CAPACITY + SENDERS * (OUTBOX + 4);

    return messages * BLOCK + contexts * sizes * 2 * (64 << 10) / 8
           + sizes * (64 << 10);
}

static void
spawn_all(akt_self *self, const akt_class *slow)
{
    struct slow state = {.sum = 0};
    uint32_t i;

    STRESS_OK(akti_spawn(self, slow, &run.slow, &state));
    for (i = 0; i < SENDERS; i++) {
        akt_ref ref;

        STRESS_OK(akt_spawn(self, sender, &ref, .number = THREADS + i,
                            .left = run.loads));
        STRESS_OK(akt_send(self, ref, more));
    }
}

static void
flood(uint32_t workers, akt_overflow overflow)
{
    struct stress_memory memory;
    akt_class slow = slow_class;
    akt_system_opts opts;
    pthread_t threads[THREADS];
    akt_counters c;
    akt_self *self;
    int64_t before;
    int64_t held;
    uint32_t i;

    memset(&run, 0, sizeof(run));
    stress_memory_init(&memory);
    stress_gate_init(&run.done);
    run.bound = CAPACITY + THREADS + workers
                + (overflow == AKT_AWAIT ? SENDERS * OUTBOX : 0);
    run.loads = stress_scale(50000);
    slow.mailbox.overflow = overflow;
    slow.mailbox.max_age_ns = overflow == AKT_SHED_OLD ? AKT_US(200) : 0;
    opts = stress_opts(workers, &memory);
    opts.dead_letter = on_dead_letter;
    stress_phase("%u workers: policy %d", workers, (int)overflow);
    STRESS_OK(akt_system_start(&opts, &run.system));
    STRESS_OK(akt_attach(run.system, &self));
    before = atomic_load(&memory.live);
    spawn_all(self, &slow);
    for (i = 0; i < THREADS; i++) {
        stress_thread_start(&threads[i], sending_thread, (void *)(uintptr_t)i);
    }
    for (i = 0; i < THREADS; i++) {
        stress_thread_join(threads[i]);
    }
    stress_gate_wait(&run.done, SENDERS);
    akt_detach(self);
    held = atomic_load(&memory.peak) - before;
    /* Attached threads' own memory is no part of the load. */
    held -= (int64_t)THREADS * (int64_t)(32 << 10);
    STRESS_CHECK(held <= budget(workers),
                 "%" PRId64 " bytes held, %" PRId64 " allowed", held,
                 budget(workers));
    stress_stop(run.system, AKT_SECONDS(60), &c);
    stress_memory_check(&memory);
    print_message("%u workers, policy %d: %" PRIu64 " sent, %" PRIu64
                  " handled; %" PRId64 " KiB of %" PRId64 " allowed\n",
                  workers, (int)overflow, atomic_load(&run.sent),
                  atomic_load(&run.handled), held >> 10, budget(workers) >> 10);
    stress_figure(5, atomic_load(&run.sent), "messages within the bound");
    STRESS_CHECK(run.sent == run.handled + run.dead, "messages were lost");
    stress_gate_fini(&run.done);
    stress_end();
}

static void
flood_all(akt_overflow overflow)
{
    uint32_t i;

    for (i = 0; i < STRESS_WORKER_RUNS; i++) {
        flood(stress_workers(i), overflow);
    }
}

static void
test_flood_with_await_is_bounded(void **state)
{
    (void)state;
    flood_all(AKT_AWAIT);
}

static void
test_flood_with_fail_is_bounded(void **state)
{
    (void)state;
    flood_all(AKT_FAIL);
}

static void
test_flood_with_drop_newest_is_bounded(void **state)
{
    (void)state;
    flood_all(AKT_DROP_NEWEST);
}

static void
test_flood_with_drop_oldest_is_bounded(void **state)
{
    (void)state;
    flood_all(AKT_DROP_OLDEST);
}

static void
test_flood_with_shed_old_is_bounded(void **state)
{
    (void)state;
    flood_all(AKT_SHED_OLD);
}

static void
test_flood_with_stop_is_bounded(void **state)
{
    (void)state;
    flood_all(AKT_STOP);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flood_with_await_is_bounded),
        cmocka_unit_test(test_flood_with_fail_is_bounded),
        cmocka_unit_test(test_flood_with_drop_newest_is_bounded),
        cmocka_unit_test(test_flood_with_drop_oldest_is_bounded),
        cmocka_unit_test(test_flood_with_shed_old_is_bounded),
        cmocka_unit_test(test_flood_with_stop_is_bounded),
    };

    stress_begin("overload_stress");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
