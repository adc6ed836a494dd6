/* SPDX-License-Identifier: MIT */
/*
 * What blocks or computes for long is done by a thread of the blocking pool, as a
 * request, while the task waits and its worker runs others. Two jobs run at the
 * same time here.
 */
#include <akt/akt.h>

#include <inttypes.h>
#include <stdio.h>

#define WORK(F) F(u64, seed)
#define RESULT(F) F(u64, value)
AKT_MESSAGE(result, RESULT);
AKT_REQUEST(work, WORK, result);

/* Runs in the pool: it may block and compute as long as it likes. */
static akt_err
compute(akt_self *self, const struct work *m)
{
    uint64_t x = m->seed;

    for (int i = 0; i < 1000000; i++) {
        x = x * UINT64_C(6364136223846793005) + 1;
    }
    return akt_reply(self, m, .value = x);
}
AKT_JOB(compute, work);

static akt_err
run(akt_self *self, int argc, char **argv)
{
    akt_future parts[2];
    struct result r;

    (void)argc;
    (void)argv;
    AKT_TRY(akt_ask_blocking(self, &parts[0], compute, work, .seed = 1));
    AKT_TRY(akt_ask_blocking(self, &parts[1], compute, work, .seed = 2));
    for (int i = 0; i < 2; i++) {
        AKT_TRY(akt_await_as(self, parts[i], result, &r));
        printf("%d: %" PRIx64 "\n", i + 1, r.value);
    }
    return AKT_OK;
}

AKT_MAIN(run);
