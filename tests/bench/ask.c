/* SPDX-License-Identifier: MIT */
/*
 * n requests and their replies, one after the other (ask) or p2 of them in flight
 * at a time (askpipe). Each answer makes the client ask again.
 */
#include "bench.h"

#define SUCCESSOR(F) F(i64, value)
AKT_MESSAGE(successor, SUCCESSOR);
#define GET_SUCCESSOR(F) F(i64, value)
AKT_REQUEST(get_successor, GET_SUCCESSOR, successor);

struct server {
    char nothing;
};

static akt_err
on_get_successor(akt_self *self, struct server *s,
                 const struct get_successor *m)
{
    (void)s;
    return akt_reply(self, m, .value = m->value + 1);
}

AKT_CLASS(server, struct server, AKT_ON(get_successor, on_get_successor));

struct client {
    akt_ref server;
    int64_t window;
    int64_t n;
    int64_t asked;
    int64_t answered;
    uint64_t sum;
    akt_promise_of(run) end;
};

static akt_err ask_next(akt_self *self, struct client *c);

static akt_err
on_successor(akt_self *self, struct client *c, const akt_answer *answer,
             const struct successor *m)
{
    if (m == NULL)
        return answer->error;
    c->sum += (uint64_t)m->value;
    c->answered++;
    if (c->asked < c->n)
        return ask_next(self, c);
    if (c->answered < c->n)
        return AKT_OK;
    return akt_promise_reply(self, &c->end, .count = c->answered,
                             .sum = c->sum);
}
AKT_THEN(on_successor, struct client, get_successor);

static akt_err
ask_next(akt_self *self, struct client *c)
{
    akt_future future;

    AKT_TRY(
        akt_ask(self, c->server, &future, get_successor, .value = c->asked));
    c->asked++;
    return akt_then(self, future, on_successor, NULL);
}

static akt_err
on_run(akt_self *self, struct client *c, const struct run *m)
{
    AKT_TRY(akt_keep(self, m, &c->end));
    c->n = m->n;
    while (c->asked < c->window && c->asked < c->n)
        AKT_TRY(ask_next(self, c));
    return AKT_OK;
}

AKT_CLASS(client, struct client, AKT_ON(run, on_run));

akt_err
bench_ask(struct bench *bench)
{
    akt_ref server_ref;
    akt_ref client_ref;
    struct outcome outcome;
    uint64_t n = (uint64_t)bench->n;

    AKT_TRY(akt_spawn(bench->me, server, &server_ref));
    AKT_TRY(akt_spawn(bench->me, client, &client_ref, .server = server_ref,
                      .window = bench->p2 > 0 ? bench->p2 : 1));
    AKT_TRY(bench_measure(bench, client_ref, &outcome));
    AKT_TRY(bench_expect("answers", (uint64_t)outcome.count, n));
    return bench_expect("sum of the answers", outcome.sum, n * (n + 1) / 2);
}
