/* SPDX-License-Identifier: MIT */
/*
 * Waiting for the first of several things. One branch happens, and has happened
 * as if its call had been made; of the others nothing has. A branch of all zero
 * is left out.
 */
#include <akt/akt.h>

#include <inttypes.h>
#include <stdio.h>

#define LINE(F) F(i64, number)
AKT_MESSAGE(line, LINE);

struct feed {
    akt_rx news;
    akt_rx orders;
};

static akt_err
follow(akt_self *self, const struct feed *feed)
{
    struct line news = {0};
    struct line order = {0};
    size_t which;
    akt_branch branches[] = {
        AKT_WHEN_RECV(feed->orders, line, &order),
        AKT_WHEN_RECV(feed->news, line, &news),
        AKT_WHEN_AFTER(AKT_MS(20)),
    };

    for (;;) {
        AKT_TRY(akt_select(self, branches, 3, AKT_SELECT_BIASED, AKT_NEVER,
                           &which));
        if (which == 2) {
            printf("nothing came for 20 ms\n");
            return AKT_OK;
        }
        if (branches[which].error == AKT_ECLOSED) {
            printf("%s are closed\n", which == 0 ? "orders" : "news");
            branches[which] = (akt_branch){0};
            continue;
        }
        AKT_TRY(branches[which].error);
        printf("%s %" PRId64 "\n", which == 0 ? "order" : "news",
               which == 0 ? order.number : news.number);
    }
}

static akt_err
run(akt_self *self, int argc, char **argv)
{
    struct feed feed;
    akt_tx news;
    akt_tx orders;

    (void)argc;
    (void)argv;
    AKT_TRY(akt_channel_open(self, line, 32, &news, &feed.news));
    AKT_TRY(akt_channel_open(self, line, 32, &orders, &feed.orders));
    AKT_TRY(akt_channel_send(self, news, line, .number = 1));
    AKT_TRY(akt_channel_send(self, orders, line, .number = 7));
    AKT_TRY(akt_tx_close(self, orders));
    return follow(self, &feed);
}

AKT_MAIN(run);
