/* SPDX-License-Identifier: MIT */
/*
 * A broadcast gives every message to every receiver that keeps up; who is slow
 * is told how many it has lost.
 */
#include <akt/akt.h>

#include <inttypes.h>
#include <stdio.h>

#define TICK(F) F(i64, n)
AKT_MESSAGE(tick, TICK);

static akt_err
count(akt_self *self, akt_broadcast_rx rx, const char *name)
{
    struct tick t;
    uint64_t received = 0;
    uint64_t lost = 0;
    akt_err err;

    do {
        uint64_t gone = 0;

        err = akt_broadcast_recv(self, rx, tick, &t, &gone);
        received += err == AKT_OK ? 1 : 0;
        lost += err == AKT_ELAGGED ? gone : 0;
    } while (err == AKT_OK || err == AKT_ELAGGED);
    printf("%s: %" PRIu64 " received, %" PRIu64 " lost, %s\n", name, received,
           lost, akt_err_name(err));
    return err == AKT_ECLOSED ? AKT_OK : err;
}

static akt_err
send_ticks(akt_self *self, akt_broadcast_tx tx, int64_t from, int64_t to)
{
    for (int64_t i = from; i <= to; i++) {
        AKT_TRY(akt_broadcast_send(self, tx, tick, .n = i));
    }
    return AKT_OK;
}

/* Room for four ticks, and ten are sent before anybody looks. */
static akt_err
send_ten(akt_self *self, akt_broadcast_rx *early, akt_broadcast_rx *late)
{
    akt_broadcast_tx tx;

    AKT_TRY(akt_broadcast_open(self, tick, 4, &tx));
    AKT_TRY(akt_broadcast_subscribe(self, tx, early));
    AKT_TRY(send_ticks(self, tx, 1, 7));
    AKT_TRY(akt_broadcast_subscribe(self, tx, late));
    AKT_TRY(send_ticks(self, tx, 8, 10));
    return akt_broadcast_tx_close(self, tx);
}

static akt_err
run(akt_self *self, int argc, char **argv)
{
    akt_broadcast_rx early;
    akt_broadcast_rx late;

    (void)argc;
    (void)argv;
    AKT_TRY(send_ten(self, &early, &late));
    AKT_TRY(count(self, early, "subscribed before tick 1"));
    return count(self, late, "subscribed before tick 8");
}

AKT_MAIN(run);
