/* SPDX-License-Identifier: MIT */
/*
 * Discovery: nodes answer who they are, and whoever wants to know asks all of them
 * at a time. It asks anew when a node comes or goes.
 */
#include "demo.h"

static akt_err
answer(akt_self *self, char **args)
{
    akt_nng_opts opts = {AKT_NNG_RESPONDENT, .name = "node", .dial = args[0]};
    akt_received m;
    akt_nng node;

    AKT_TRY(open_socket(self, &opts, &node));
    for (;;) {
        AKT_TRY(akt_receive(self, AKT_NEVER, &m));
        const struct akt_nng_request *q = akt_received_as(&m, akt_nng_request);
        if (q != NULL) {
            printf("asked: %.*s\n", (int)q->data.len,
                   (const char *)q->data.ptr);
            AKT_TRY(akt_reply(self, q, .data = {args[1], strlen(args[1])}));
        }
    }
}

static int
by_name(const void *a, const void *b)
{
    const akt_bytes *x = a;
    const akt_bytes *y = b;
    int order = memcmp(x->ptr, y->ptr, x->len < y->len ? x->len : y->len);

    return order != 0 ? order : (x->len > y->len) - (x->len < y->len);
}

/* Asks the nodes who they are, and prints their names. */
static akt_err
survey(akt_self *self, akt_ref nodes, uint32_t n)
{
    akt_answer *got = NULL;
    akt_future f;

    AKT_TRY(akt_ask(self, nodes, &f, akt_nng_survey, .data = AKT_BYTES("who?"),
                    .wait_ns = AKT_SECONDS(1), .enough = n));
    AKT_TRY(akt_await(self, f, &got));
    const struct akt_nng_answers *a = akt_answer_as(got, akt_nng_answers);
    if (a != NULL && a->count > 0) {
        qsort(a->answers, a->count, sizeof(*a->answers), by_name);
    }
    printf("here:");
    for (uint32_t i = 0; a != NULL && i < a->count; i++) {
        printf(" %.*s", (int)a->answers[i].len,
               (const char *)a->answers[i].ptr);
    }
    printf("\n");
    akt_answer_free(self, got);
    return AKT_OK;
}

static akt_err
find(akt_self *self, char **args)
{
    akt_nng_opts opts = {AKT_NNG_SURVEYOR, .name = "find", .listen = args[0],
                         .peers = true};
    uint32_t n = 0;
    akt_received m;
    akt_nng nodes;

    AKT_TRY(open_socket(self, &opts, &nodes));
    for (;;) {
        AKT_TRY(akt_receive(self, AKT_NEVER, &m));
        n += akt_received_as(&m, akt_nng_peer_up) != NULL;
        n -= akt_received_as(&m, akt_nng_peer_down) != NULL;
        AKT_TRY(survey(self, nodes.ref, n));
    }
}

DEMO({"find", "URL", find}, {"node", "URL NAME", answer});
