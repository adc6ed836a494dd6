/* SPDX-License-Identifier: MIT */
/*
 * How long a message of a plain thread takes to an actor's handler when all
 * workers sleep, and beside it what the machine needs for the same without akt
 * (machine.h). Both are measured in turns, so that both see the same machine.
 */
#include "bench.h"
#include "machine.h"

#include <poll.h>
#include <stdlib.h>

enum {
    PAUSE_MS = 1,
    PAUSES_MAX = 1000
};

#define POKE(F) F(u64, sent_ns)
AKT_MESSAGE(poke, POKE);

struct sleeper {
    struct wake_cell *cell;
};

static akt_err
on_poke(akt_self *self, struct sleeper *s, const struct poke *m)
{
    uint64_t woken_ns = report_clock_ns();

    (void)self;
    s->cell->sent_ns = m->sent_ns;
    wake_cell_tell(s->cell, woken_ns);
    return AKT_OK;
}

AKT_CLASS(sleeper, struct sleeper, AKT_ON(poke, on_poke));

static uint64_t
parks_of(struct bench *bench)
{
    akt_sched_stats stats;

    akt_system_stats(bench->system, &stats);
    return stats.parks;
}

/*
 * The workers sleep when one has gone to sleep since the round before, which woke
 * it, and none has during a pause.
 */
static akt_err
await_sleep(struct bench *bench, uint64_t *parks)
{
    uint64_t earlier = *parks;
    uint64_t before = parks_of(bench);

    for (int i = 0; i < PAUSES_MAX; i++) {
        (void)poll(NULL, 0, PAUSE_MS);
        *parks = parks_of(bench);
        if (*parks == before && *parks > earlier)
            return AKT_OK;
        before = *parks;
    }
    return bench_expect("workers that sleep", 0, bench->workers);
}

/* One round each. */
struct rounds {
    uint64_t *system_ns;
    uint64_t *machine_ns;
};

static akt_err
one_round(struct bench *bench, akt_ref ref, struct wake_cell *cell,
          uint64_t *out_ns)
{
    uint64_t sent_ns = report_clock_ns();

    AKT_TRY(akt_send(bench->me, ref, poke, .sent_ns = sent_ns));
    *out_ns = wake_cell_await(cell);
    return *out_ns != 0 ? AKT_OK : bench_expect("answers of an actor", 0, 1);
}

static akt_err
machine_round(struct machine *machine, uint64_t *out_ns)
{
    (void)poll(NULL, 0, PAUSE_MS);
    *out_ns = machine_wake(machine);
    return *out_ns != 0 ? AKT_OK : bench_expect("answers of a thread", 0, 1);
}

static akt_err
play(struct bench *bench, struct machine *machine, struct wake_cell *cell,
     const struct rounds *rounds)
{
    akt_ref ref;
    uint64_t parks = bench->workers - 1; /* each sleeps once to begin with */

    AKT_TRY(akt_spawn(bench->me, sleeper, &ref, .cell = cell));
    report_begin(&bench->report);
    for (int64_t i = 0; i < bench->n; i++) {
        AKT_TRY(await_sleep(bench, &parks));
        AKT_TRY(one_round(bench, ref, cell, &rounds->system_ns[i]));
        AKT_TRY(machine_round(machine, &rounds->machine_ns[i]));
    }
    report_end(&bench->report);
    return AKT_OK;
}

static int
compare(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left;
    uint64_t b = *(const uint64_t *)right;

    return (a > b) - (a < b);
}

static double
percentile(const uint64_t *sorted, int64_t n, int64_t percent)
{
    int64_t place = (n - 1) * percent / 100;

    return (double)sorted[place];
}

static void
tell(struct bench *bench, const struct rounds *rounds)
{
    struct report *report = &bench->report;
    int64_t n = bench->n;

    qsort(rounds->system_ns, (size_t)n, sizeof(uint64_t), compare);
    qsort(rounds->machine_ns, (size_t)n, sizeof(uint64_t), compare);
    report_add(report, "p50_ns", percentile(rounds->system_ns, n, 50));
    report_add(report, "p99_ns", percentile(rounds->system_ns, n, 99));
    report_add(report, "machine_p50_ns", percentile(rounds->machine_ns, n, 50));
    report_add(report, "machine_p99_ns", percentile(rounds->machine_ns, n, 99));
    report_add(report, "ratio_p50",
               percentile(rounds->system_ns, n, 50)
                   / percentile(rounds->machine_ns, n, 50));
}

static akt_err
with_machine(struct bench *bench, struct wake_cell *cell,
             const struct rounds *rounds)
{
    struct machine *machine = machine_start();
    akt_err err;

    if (machine == NULL)
        return AKT_ETHREAD;
    err = play(bench, machine, cell, rounds);
    machine_stop(machine);
    if (err == AKT_OK)
        tell(bench, rounds);
    return err;
}

akt_err
bench_wakeup(struct bench *bench)
{
    /* static: an actor may still look at it when a round has failed */
    static struct wake_cell cell;
    uint64_t *times = calloc((size_t)bench->n, 2 * sizeof(uint64_t));
    struct rounds rounds;
    akt_err err;

    if (times == NULL)
        return AKT_ENOMEM;
    if (wake_cell_init(&cell) != 0) {
        free(times);
        return AKT_EMFILE;
    }
    rounds =
        (struct rounds){.system_ns = times, .machine_ns = times + bench->n};
    err = with_machine(bench, &cell, &rounds);
    wake_cell_fini(&cell);
    free(times);
    return err;
}
