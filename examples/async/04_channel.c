/* SPDX-License-Identifier: MIT */
/*
 * A channel of 32 places between two producers and a consumer. Who sends to a
 * full channel waits. When all senders are closed the consumer gets what is
 * left, and then AKT_ECLOSED.
 */
#include <akt/akt.h>

#include <inttypes.h>
#include <stdio.h>

#define NUMBER(F) F(i64, n)
AKT_MESSAGE(number, NUMBER);

struct producer {
    akt_tx out;
    int64_t from;
    int64_t to;
};

static akt_err
produce(akt_self *self, struct producer *p)
{
    for (int64_t i = p->from; i <= p->to; i++) {
        AKT_TRY(akt_channel_send(self, p->out, number, .n = i));
    }
    return AKT_OK; /* it owns its sender, which closes with it */
}
AKT_TASK(produce, struct producer);

static akt_err
start_producer(akt_self *self, akt_tx tx, int64_t from, int64_t to)
{
    akt_tx own;

    AKT_TRY(akt_tx_clone(self, tx, &own));
    return akt_task_spawn_giving(self, produce, AKT_GIFTS(own), NULL,
                                 .out = own, .from = from, .to = to);
}

static akt_err
run(akt_self *self, int argc, char **argv)
{
    akt_tx tx;
    akt_rx rx;
    struct number v;
    int64_t count = 0;
    int64_t sum = 0;
    akt_err err;

    (void)argc;
    (void)argv;
    AKT_TRY(akt_channel_open(self, number, 32, &tx, &rx));
    AKT_TRY(start_producer(self, tx, 1, 500));
    AKT_TRY(start_producer(self, tx, 501, 1000));
    AKT_TRY(akt_tx_close(self, tx)); /* the clones are the last senders */
    while ((err = akt_channel_recv(self, rx, number, &v)) == AKT_OK) {
        count++;
        sum += v.n;
    }
    printf("%" PRId64 " values, their sum is %" PRId64 "\n", count, sum);
    printf("then: %s\n", akt_err_name(err));
    return err == AKT_ECLOSED ? AKT_OK : err;
}

AKT_MAIN(run);
