/* SPDX-License-Identifier: MIT */
/* A token goes n hops round a ring of p2 actors. */
#include "bench.h"

#define JOIN_RING(F) F(ref, next) F(ref, home)
AKT_MESSAGE(join_ring, JOIN_RING);
AKT_SIGNAL(token_ended);
AKT_SIGNAL_REQUEST(get_hops, outcome);

struct node {
    akt_ref next;
    akt_ref home; /* the node that was asked to run */
    int64_t seen;
    akt_promise_of(run) end;
};

static akt_err
on_join_ring(akt_self *self, struct node *n, const struct join_ring *m)
{
    (void)self;
    n->next = m->next;
    n->home = m->home;
    return AKT_OK;
}

static akt_err
pass(akt_self *self, struct node *n, int64_t left)
{
    n->seen++;
    if (left == 0)
        return akt_send(self, n->home, token_ended);
    return akt_send(self, n->next, number, .value = left - 1);
}

static akt_err
on_run(akt_self *self, struct node *n, const struct run *m)
{
    AKT_TRY(akt_keep(self, m, &n->end));
    return pass(self, n, m->n);
}

static akt_err
on_token(akt_self *self, struct node *n, const struct number *m)
{
    return pass(self, n, m->value);
}

static akt_err
on_token_ended(akt_self *self, struct node *n, const struct token_ended *m)
{
    (void)m;
    return akt_promise_reply(self, &n->end, .count = n->seen);
}

static akt_err
on_get_hops(akt_self *self, struct node *n, const struct get_hops *m)
{
    return akt_reply(self, m, .count = n->seen);
}

AKT_CLASS(node, struct node, AKT_ON(join_ring, on_join_ring),
          AKT_ON(run, on_run), AKT_ON(number, on_token),
          AKT_ON(token_ended, on_token_ended), AKT_ON(get_hops, on_get_hops));

static akt_err
build_ring(struct bench *bench, akt_ref *nodes)
{
    for (int64_t i = 0; i < bench->p2; i++)
        AKT_TRY(akt_spawn(bench->me, node, &nodes[i]));
    for (int64_t i = 0; i < bench->p2; i++) {
        AKT_TRY(akt_send(bench->me, nodes[i], join_ring,
                         .next = nodes[(i + 1) % bench->p2], .home = nodes[0]));
    }
    return AKT_OK;
}

static akt_err
hops_of(struct bench *bench, akt_ref ref, int64_t *out_hops)
{
    akt_future future;
    akt_answer *answer;
    const struct outcome *outcome;

    AKT_TRY(akt_ask(bench->me, ref, &future, get_hops));
    AKT_TRY(akt_wait(bench->me, future, &answer));
    outcome = akt_answer_as(answer, outcome);
    *out_hops = outcome != NULL ? outcome->count : -1;
    akt_answer_free(bench->me, answer);
    return AKT_OK;
}

/* Where the token was, n hops and the place where it began, is evenly spread. */
static akt_err
check_ring(struct bench *bench, const akt_ref *nodes)
{
    for (int64_t i = 0; i < bench->p2; i++) {
        int64_t hops = 0;
        int64_t wanted = bench->n / bench->p2 + (i <= bench->n % bench->p2);

        AKT_TRY(hops_of(bench, nodes[i], &hops));
        AKT_TRY(bench_expect("visits of the token to a node", (uint64_t)hops,
                             (uint64_t)wanted));
    }
    return AKT_OK;
}

akt_err
bench_threadring(struct bench *bench)
{
    akt_ref *nodes = bench_refs(bench, bench->p2);
    struct outcome outcome;

    if (nodes == NULL)
        return AKT_ENOMEM;
    AKT_TRY(build_ring(bench, nodes));
    AKT_TRY(bench_measure(bench, nodes[0], &outcome));
    return check_ring(bench, nodes);
}
