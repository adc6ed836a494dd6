/* SPDX-License-Identifier: MIT */
/*
 * Telemetry: a station publishes readings, watchers subscribe to topics, which
 * are what messages begin with. Nobody waits for a slow watcher: what it has no
 * room for is dropped, and the numbers of a topic's readings tell how many.
 */
#include "demo.h"

struct watcher {
    uint64_t pause_ns; /* what it takes to handle a reading */
};

/* Publishes when there are watchers, and then ends. */
static akt_err
publish(akt_self *self, char **args)
{
    static const char *const topics[] = {"temp.kitchen", "temp.cellar", "wind"};
    akt_nng_opts opts = {AKT_NNG_PUB, .name = "station", .listen = args[0],
                         .peers = true};
    uint32_t n = 0, watchers = 0;
    akt_received m;
    akt_nng station;

    AKT_TRY(read_number(self, args[1], 1000000, &n));
    AKT_TRY(read_number(self, args[2], 1000, &watchers));
    AKT_TRY(open_socket(self, &opts, &station));
    for (uint32_t up = 0; up < watchers;) {
        AKT_TRY(akt_receive(self, AKT_NEVER, &m));
        up += akt_received_as(&m, akt_nng_peer_up) != NULL;
        up -= akt_received_as(&m, akt_nng_peer_down) != NULL;
    }
    for (uint32_t i = 0; i < 3 * n; i++) {
        AKT_TRY(send_text(self, station.ref, "%s %" PRIu32 " %.1f",
                          topics[i % 3], i / 3, 20 + i % 7 * 0.5));
        if (i % 3 == 2) {
            AKT_TRY(akt_sleep(self, AKT_MS(1)));
        }
    }
    printf("%" PRIu32 " readings of each topic\n", n);
    return AKT_OK;
}

/* Prints readings, and in the end how many there were, up to the last one. */
static akt_err
watch(akt_self *self, struct watcher *w)
{
    uint64_t got = 0, all = 0, number;
    akt_received m;
    char text[64];

    do {
        AKT_TRY(akt_receive(self, AKT_NEVER, &m));
        if (received_text(&m, text, sizeof(text)) != NULL
            && sscanf(text, "%*s %" SCNu64, &number) == 1) {
            printf("%s\n", text);
            got++;
            all = number + 1;
            AKT_TRY(akt_sleep(self, w->pause_ns));
        }
    } while (akt_received_as(&m, akt_nng_peer_down) == NULL);
    printf("got %" PRIu64 ", missed %" PRIu64 "\n", got, all - got);
    return AKT_OK;
}
AKT_TASK_WITH(watch, struct watcher, AKT_MAILBOX(4, AKT_AWAIT));

static akt_err
subscribe(akt_self *self, const char *url, const char *topic, uint32_t pause_ms)
{
    const char *const topics[] = {topic, NULL};
    akt_nng_opts opts = {AKT_NNG_SUB, .name = "watcher", .dial = url,
                         .topics = topics, .peers = true};
    akt_task task;
    akt_nng station;

    opts.window = pause_ms > 0 ? 8 : 0;
    AKT_TRY(akt_task_spawn(self, watch, &task, .pause_ns = AKT_MS(pause_ms)));
    opts.to = task.ref;
    AKT_TRY(open_socket(self, &opts, &station));
    return akt_join(self, task);
}

static akt_err
watch_fast(akt_self *self, char **args)
{
    return subscribe(self, args[0], args[1], 0);
}

static akt_err
watch_slowly(akt_self *self, char **args)
{
    return subscribe(self, args[0], args[1], 10);
}

DEMO({"station", "URL READINGS WATCHERS", publish},
     {"watch", "URL TOPIC", watch_fast}, {"slow", "URL TOPIC", watch_slowly});
