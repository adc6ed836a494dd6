/* SPDX-License-Identifier: MIT */
/*
 * A ventilator hands out numbers, workers square them, a sink adds up and tells
 * the ventilator what is done. When a worker is gone, what is not done is sent
 * again. A task may be done twice then; the sink counts it once.
 */
#include "demo.h"

#define TASKS_MAX 100000
#define AHEAD 4 /* tasks under way for each worker */

static bool done[TASKS_MAX]; /* the ventilator's, or the sink's */

/* Whether the mail says that one more of n tasks is done, and which. */
static bool
one_more(const akt_received *m, uint32_t n, uint32_t *task, uint64_t *result)
{
    char text[64] = "";

    if (received_text(m, text, sizeof(text)) == NULL
        || sscanf(text, "%" SCNu32 " %" SCNu64, task, result) != 2 || *task >= n
        || done[*task]) {
        return false;
    }
    return done[*task] = true;
}

static akt_err
ventilate(akt_self *self, char **args)
{
    akt_nng_opts out = {AKT_NNG_PUSH, .name = "tasks", .listen = args[0],
                        .peers = true};
    akt_nng_opts in = {AKT_NNG_PULL, .name = "done", .listen = args[1]};
    uint32_t n = 0, left, task, next = 0, under_way = 0, workers = 0;
    uint64_t result;
    akt_nng tasks, dones;
    akt_received m;

    AKT_TRY(read_number(self, args[2], TASKS_MAX, &n));
    AKT_TRY(open_socket(self, &out, &tasks));
    AKT_TRY(open_socket(self, &in, &dones));
    for (left = n; left > 0;) {
        for (; next < n && under_way < AHEAD * workers; next++) {
            if (!done[next]) {
                AKT_TRY(send_text(self, tasks.ref, "%" PRIu32, next));
                under_way++;
            }
        }
        AKT_TRY(akt_receive(self, AKT_NEVER, &m));
        if (one_more(&m, n, &task, &result)) {
            left--;
            under_way -= under_way > 0;
        } else if (akt_received_as(&m, akt_nng_peer_up) != NULL) {
            workers++;
        } else if (akt_received_as(&m, akt_nng_peer_down) != NULL) {
            printf("a worker is gone: what is not done is sent again\n");
            workers--;
            next = under_way = 0;
        }
    }
    printf("all %" PRIu32 " tasks are done\n", n);
    return AKT_OK;
}

/* Ends with its ventilator. */
static akt_err
work(akt_self *self, char **args)
{
    akt_nng_opts in = {AKT_NNG_PULL, .dial = args[0], .peers = true};
    akt_nng_opts out = {AKT_NNG_PUSH, .dial = args[1]};
    akt_nng tasks, sum;
    akt_received m;
    uint64_t n = 0;
    char text[32];

    AKT_TRY(open_socket(self, &out, &sum));
    AKT_TRY(open_socket(self, &in, &tasks));
    do {
        AKT_TRY(akt_receive(self, AKT_NEVER, &m));
        if (received_text(&m, text, sizeof(text)) != NULL) {
            uint64_t x = strtoul(text, NULL, 10);
            if (n++ == 0) {
                printf("at work\n");
            }
            AKT_TRY(send_text(self, sum.ref, "%" PRIu64 " %" PRIu64, x, x * x));
        }
    } while (akt_received_as(&m, akt_nng_peer_down) == NULL);
    printf("%" PRIu64 " tasks\n", n);
    return AKT_OK;
}

static akt_err
add_up(akt_self *self, char **args)
{
    akt_nng_opts in = {AKT_NNG_PULL, .name = "results", .listen = args[0]};
    akt_nng_opts out = {AKT_NNG_PUSH, .name = "done", .dial = args[1]};
    akt_nng results, dones;
    akt_received m;
    uint64_t result, sum = 0;
    uint32_t n = 0, task, left;

    AKT_TRY(read_number(self, args[2], TASKS_MAX, &n));
    AKT_TRY(open_socket(self, &in, &results));
    AKT_TRY(open_socket(self, &out, &dones));
    for (left = n; left > 0;) {
        AKT_TRY(akt_receive(self, AKT_NEVER, &m));
        if (one_more(&m, n, &task, &result)) {
            sum += result;
            left--;
            AKT_TRY(send_text(self, dones.ref, "%" PRIu32 " 0", task));
        }
    }
    printf("%" PRIu32 " tasks, the sum is %" PRIu64 "\n", n, sum);
    return AKT_OK;
}

DEMO({"ventilator", "TASKS-URL DONE-URL TASKS", ventilate},
     {"worker", "TASKS-URL RESULTS-URL", work},
     {"sink", "RESULTS-URL DONE-URL TASKS", add_up});
