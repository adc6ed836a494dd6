/* SPDX-License-Identifier: MIT */
/*
 * A gateway for requests, with a pool of workers behind it. Whoever asks the
 * gateway is answered by one of the workers. Each request is a task of its own,
 * which asks again when a worker takes too long, or goes before it has answered.
 */
#include "demo.h"

#include <ctype.h>

enum {
    TRIES = 4
};

struct relay {
    akt_ref workers;
};

/* One request, which is the task's only mail. */
static akt_err
relay(akt_self *self, struct relay *r)
{
    akt_received m;
    struct akt_nng_bytes answer;

    AKT_TRY(akt_receive(self, AKT_NEVER, &m));
    const struct akt_nng_request *q = akt_received_as(&m, akt_nng_request);
    for (int i = 0; q != NULL && i < TRIES; i++) {
        if (akt_call_within(self, AKT_SECONDS(1), r->workers, akt_nng_request,
                            &answer, .data = q->data)
            == AKT_OK) {
            return akt_reply(self, q, .data = answer.data);
        }
    }
    return q == NULL ? AKT_OK
                     : akt_reply(self, q, .data = AKT_BYTES("no worker"));
}
AKT_TASK(relay, struct relay);

static akt_err
guard(akt_self *self, char **args)
{
    akt_nng_opts front = {AKT_NNG_REP, .name = "gateway", .listen = args[0]};
    akt_nng_opts back = {AKT_NNG_REQ, .name = "workers", .listen = args[1]};
    akt_nng clients, workers;
    akt_received m;
    akt_ref task;

    AKT_TRY(open_socket(self, &front, &clients));
    AKT_TRY(open_socket(self, &back, &workers));
    for (;;) {
        AKT_TRY(akt_receive(self, AKT_NEVER, &m));
        AKT_TRY(akt_task_spawn_detached(self, relay, &task,
                                        .workers = workers.ref));
        AKT_TRY(akt_forward(self, task));
    }
}

/* Answers in capitals. */
static akt_err
work(akt_self *self, char **args)
{
    akt_nng_opts opts = {AKT_NNG_REP, .name = "work", .dial = args[0]};
    char text[1024];
    akt_nng requests;
    akt_received m;

    AKT_TRY(open_socket(self, &opts, &requests));
    for (;;) {
        AKT_TRY(akt_receive(self, AKT_NEVER, &m));
        const struct akt_nng_request *q = akt_received_as(&m, akt_nng_request);
        if (q == NULL || q->data.len > sizeof(text)) {
            continue; /* not answered */
        }
        for (size_t i = 0; i < q->data.len; i++) {
            text[i] = (char)toupper(((const unsigned char *)q->data.ptr)[i]);
        }
        AKT_TRY(akt_reply(self, q, .data = {text, q->data.len}));
    }
}

/* Asks for each word, all at a time, and prints the answers in their order. */
static akt_err
ask(akt_self *self, char **args)
{
    akt_nng_opts opts = {AKT_NNG_REQ, .name = "ask", .dial = args[0]};
    struct akt_nng_bytes answer;
    akt_future f[64];
    akt_nng gateway;

    AKT_TRY(open_socket(self, &opts, &gateway));
    for (int i = 1; args[i] != NULL && i < 64; i++) {
        AKT_TRY(akt_ask(self, gateway.ref, &f[i], akt_nng_request,
                        .data = {args[i], strlen(args[i])}));
    }
    for (int i = 1; args[i] != NULL && i < 64; i++) {
        AKT_TRY(akt_await_as(self, f[i], akt_nng_bytes, &answer));
        printf("%.*s\n", (int)answer.data.len, (const char *)answer.data.ptr);
    }
    return AKT_OK;
}

DEMO({"gateway", "URL WORKERS-URL", guard}, {"worker", "WORKERS-URL", work},
     {"ask", "URL WORD...", ask});
