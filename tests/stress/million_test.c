/* SPDX-License-Identifier: MIT */
/*
 * A million actors at once: each is spawned, costs little while it is idle,
 * handles one message and ends; the system's bound on their number is exact.
 */
#include "akt/akt.h"
#include "tests/support/stress.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

/* What an idle actor may cost with a state of 16 bytes. */
#define BYTES_MAX 256

#define VALUE(F) F(u64, value)
AKT_MESSAGE(poke, VALUE);

static _Atomic uint64_t poked;
static _Atomic uint64_t sum;

struct mite {
    uint64_t value;
    uint64_t seen;
};

static akt_err
on_poke(akt_self *self, struct mite *a, const struct poke *m)
{
    STRESS_CHECK(a->value == m->value && a->seen++ == 0, "a wrong message");
    atomic_fetch_add_explicit(&sum, m->value, memory_order_relaxed);
    atomic_fetch_add_explicit(&poked, 1, memory_order_relaxed);
    akt_stop_self(self);
    return AKT_OK;
}

AKT_CLASS(mite, struct mite, AKT_ON(poke, on_poke));

static uint64_t
spawn_many(akt_self *self, akt_ref *refs, uint32_t n)
{
    uint64_t expected = 0;
    uint32_t i;

    for (i = 0; i < n; i++) {
        STRESS_OK(akt_spawn(self, mite, &refs[i], .value = i));
        expected += i;
    }
    return expected;
}

static void
million(uint32_t workers, akt_ref *refs, uint32_t n)
{
    struct stress_memory memory;
    akt_system_opts opts;
    akt_system *system;
    akt_counters c;
    akt_self *self;
    akt_ref ref;
    uint64_t expected;
    int64_t before;
    int64_t bytes;
    uint32_t i;

    stress_memory_init(&memory);
    atomic_store(&poked, 0);
    atomic_store(&sum, 0);
    opts = stress_opts(workers, &memory);
    opts.max_actors = n;
    stress_phase("%u workers: spawn %u", workers, n);
    STRESS_OK(akt_system_start(&opts, &system));
    STRESS_OK(akt_attach(system, &self));
    before = atomic_load(&memory.live);
    expected = spawn_many(self, refs, n);
    bytes = (atomic_load(&memory.live) - before) / n;
    STRESS_CHECK(akt_spawn(self, mite, &ref, .value = n) == AKT_ELIMIT,
                 "one too many");
    stress_phase("%u workers: poke %u", workers, n);
    for (i = 0; i < n; i++) {
        STRESS_OK(akt_send(self, refs[i], poke, .value = i));
    }
    akt_detach(self);
    stress_phase("%u workers: stop", workers);
    stress_stop(system, AKT_SECONDS(60), &c);
    stress_memory_check(&memory);
    STRESS_CHECK(atomic_load(&poked) == n && atomic_load(&sum) == expected,
                 "not all were poked");
    STRESS_CHECK(c.delivered == n && c.exited == n && c.crashed == 0,
                 "the account is of %" PRIu64 " messages", c.delivered);
    print_message("%u workers, %u actors: %" PRId64 " bytes each\n", workers, n,
                  bytes);
    STRESS_CHECK(n < 100000 || bytes <= BYTES_MAX, "an idle actor is too big");
    stress_end();
}

static void
test_million_actors_live_handle_and_end(void **state)
{
    uint32_t n = stress_scale(1000000);
    akt_ref *refs = calloc(n, sizeof(*refs));
    uint32_t i;

    (void)state;
    assert_non_null(refs);
    for (i = 0; i < STRESS_WORKER_RUNS; i++) {
        million(stress_workers(i), refs, n);
    }
    free(refs);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_million_actors_live_handle_and_end),
    };

    stress_begin("million_test");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
