/* SPDX-License-Identifier: MIT */
#include "bench.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A run that has not ended by then is stuck. */
#define RUN_LIMIT AKT_SECONDS(80)
#define DRAIN_LIMIT AKT_SECONDS(5)

akt_ref *
bench_refs(struct bench *bench, int64_t count)
{
    size_t size = (size_t)count * sizeof(akt_ref);

    bench->refs = malloc(size);
    if (bench->refs != NULL)
        memset(bench->refs, 0xff, size); /* has it resident from now on */
    return bench->refs;
}

static akt_err
take_outcome(const akt_answer *answer, struct outcome *out_outcome)
{
    const struct outcome *outcome = akt_answer_as(answer, outcome);

    if (outcome == NULL)
        return answer->error == AKT_OK ? AKT_EBROKEN : answer->error;
    *out_outcome = *outcome;
    return AKT_OK;
}

akt_err
bench_measure(struct bench *bench, akt_ref first, struct outcome *out_outcome)
{
    akt_future future;
    akt_answer *answer;
    akt_err err;

    report_begin(&bench->report);
    AKT_TRY(akt_ask_within(bench->me, RUN_LIMIT, first, &future, run,
                           .n = bench->n));
    AKT_TRY(akt_wait(bench->me, future, &answer));
    report_end(&bench->report);
    err = take_outcome(answer, out_outcome);
    akt_answer_free(bench->me, answer);
    return err;
}

akt_err
bench_expect(const char *what, uint64_t found, uint64_t wanted)
{
    if (found == wanted)
        return AKT_OK;
    fprintf(stderr,
            "akt_bench: check failed: %s: %" PRIu64 " instead of %" PRIu64 "\n",
            what, found, wanted);
    return BENCH_EWRONG;
}

void
bench_complain(const char *what, akt_err err)
{
    fprintf(stderr, "akt_bench: %s: %s: %s\n", what, akt_err_name(err),
            akt_err_text(err));
}

static akt_err
check_messages(const akt_counters *c)
{
    AKT_TRY(bench_expect("accepted messages that have a fate",
                         c->delivered + c->dropped + c->expired + c->returned
                             + c->dead + c->discarded + c->queued,
                         c->accepted));
    AKT_TRY(bench_expect("messages still queued", c->queued, 0));
    AKT_TRY(bench_expect("messages delivered", c->delivered, c->accepted));
    return bench_expect("sends refused", c->refused, 0);
}

static akt_err
check_requests(const akt_counters *c)
{
    AKT_TRY(bench_expect("requests that have ended",
                         c->replied + c->failed + c->timed_out + c->cancelled
                             + c->broken + c->open,
                         c->asked));
    return bench_expect("requests replied to", c->replied, c->asked);
}

static akt_err
check_actors(const akt_counters *c)
{
    AKT_TRY(bench_expect("actors that have ended", c->exited, c->spawned));
    return bench_expect("actors that crashed", c->crashed, 0);
}

akt_err
bench_settle(struct bench *bench)
{
    akt_counters counters;
    akt_sched_stats stats;

    AKT_TRY(akt_system_stop(bench->system, DRAIN_LIMIT));
    akt_system_counters(bench->system, &counters);
    akt_system_stats(bench->system, &stats);
    AKT_TRY(check_messages(&counters));
    AKT_TRY(check_requests(&counters));
    AKT_TRY(check_actors(&counters));
    return bench_expect("lost wake-ups", stats.backstops, 0);
}
