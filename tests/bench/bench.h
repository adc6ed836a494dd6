/* SPDX-License-Identifier: MIT */
/*
 * What the benchmarks share. Each is a function that spawns its actors, asks the
 * one that will know the end to `run`, and checks what it answers. The timed part
 * goes from that request to its answer. One process runs one benchmark.
 */
#ifndef AKT_BENCH_H
#define AKT_BENCH_H

#include "akt/akt.h"
#include "report.h"

#include <stdint.h>

/* How much an actor does before it lets others on its worker have a turn. */
enum {
    BENCH_STEP = 1000
};

/* A benchmark's own error: a count is wrong, and standard error says which. */
#define BENCH_EWRONG AKT_EUSER

/* Begins a benchmark; the answer is its end. */
#define RUN(F) F(i64, n)
#define OUTCOME(F) F(i64, count) F(u64, sum)
AKT_MESSAGE(outcome, OUTCOME);
AKT_REQUEST(run, RUN, outcome);

/* What most benchmarks send. */
#define NUMBER(F) F(i64, value)
AKT_MESSAGE(number, NUMBER);

/* From an actor to itself: there is more to do. */
AKT_SIGNAL(go_on);

/* One run. The main thread's. */
struct bench {
    int64_t n;
    int64_t p2; /* 0 where a benchmark has no second number */
    uint32_t workers;
    akt_system *system;
    akt_self *me;
    akt_ref *refs; /* see bench_refs */
    struct report report;
};

/*
 * Room for references, of touched memory, freed when the system has ended: actors
 * may read it. Once in a run. NULL when out of memory.
 */
akt_ref *bench_refs(struct bench *bench, int64_t count);

/* Times `run` with the run's n, and gives the answer. */
akt_err bench_measure(struct bench *bench, akt_ref first,
                      struct outcome *out_outcome);

/* BENCH_EWRONG and a line on standard error, unless both are the same. */
akt_err bench_expect(const char *what, uint64_t found, uint64_t wanted);

/* Says on standard error that something failed, where nothing can return it. */
void bench_complain(const char *what, akt_err err);

/* Stops the system and checks its account. */
akt_err bench_settle(struct bench *bench);

/* The benchmarks. */
akt_err bench_pingpong(struct bench *bench);
akt_err bench_counting(struct bench *bench);
akt_err bench_threadring(struct bench *bench);
akt_err bench_fjcreate(struct bench *bench);
akt_err bench_fjthroughput(struct bench *bench);
akt_err bench_mpsc(struct bench *bench);
akt_err bench_ask(struct bench *bench);
akt_err bench_fdtrip(struct bench *bench);
akt_err bench_idlemem(struct bench *bench);
akt_err bench_sim(struct bench *bench);
akt_err bench_simtimers(struct bench *bench);
akt_err bench_spawnjoin(struct bench *bench);
akt_err bench_awaittrip(struct bench *bench);
akt_err bench_awaitready(struct bench *bench);
akt_err bench_awaitready2(struct bench *bench);
akt_err bench_oneshot(struct bench *bench);
akt_err bench_timeout(struct bench *bench);
akt_err bench_sleepers(struct bench *bench);
akt_err bench_timers(struct bench *bench);
akt_err bench_wakeup(struct bench *bench);
akt_err bench_wire(struct bench *bench);
akt_err bench_select4(struct bench *bench);
akt_err bench_chan32(struct bench *bench);
akt_err bench_chan1024(struct bench *bench);
akt_err bench_chan32x8(struct bench *bench);
akt_err bench_chan1024x8(struct bench *bench);

#endif
