/* SPDX-License-Identifier: MIT */
/* One sender gives n messages to each of p2 receivers, round robin. */
#include "bench.h"

#include <math.h>

#define RECEIVER_ENDED(F) F(i64, seen)
AKT_MESSAGE(receiver_ended, RECEIVER_ENDED);

struct receiver {
    akt_ref sender;
    int64_t seen;
    int64_t wanted;
};

static akt_err
on_work(akt_self *self, struct receiver *r, const struct number *m)
{
    volatile double result = sin((double)m->value);

    (void)result;
    if (++r->seen < r->wanted)
        return AKT_OK;
    return akt_send(self, r->sender, receiver_ended, .seen = r->seen);
}

AKT_CLASS(receiver, struct receiver, AKT_ON(number, on_work));

struct sender {
    const akt_ref *receivers;
    int64_t receiver_count;
    int64_t left;  /* messages to send */
    int64_t value; /* of this round */
    int64_t next;  /* receiver of this round */
    int64_t ended; /* receivers */
    int64_t seen;  /* by them */
    akt_promise_of(run) end;
};

static akt_err
send_one(akt_self *self, struct sender *s)
{
    AKT_TRY(akt_send(self, s->receivers[s->next], number, .value = s->value));
    s->left--;
    if (++s->next == s->receiver_count) {
        s->next = 0;
        s->value++;
    }
    return AKT_OK;
}

static akt_err
send_some(akt_self *self, struct sender *s)
{
    for (int i = 0; i < BENCH_STEP && s->left > 0; i++) {
        if (akt_is_awaiting(self))
            break;
        AKT_TRY(send_one(self, s));
    }
    if (s->left == 0)
        return AKT_OK;
    return akt_send(self, akt_self_ref(self), go_on);
}

static akt_err
on_run(akt_self *self, struct sender *s, const struct run *m)
{
    AKT_TRY(akt_keep(self, m, &s->end));
    s->left = m->n * s->receiver_count;
    return send_some(self, s);
}

static akt_err
on_go_on(akt_self *self, struct sender *s, const struct go_on *m)
{
    (void)m;
    return send_some(self, s);
}

static akt_err
on_receiver_ended(akt_self *self, struct sender *s,
                  const struct receiver_ended *m)
{
    s->seen += m->seen;
    if (++s->ended < s->receiver_count)
        return AKT_OK;
    return akt_promise_reply(self, &s->end, .count = s->seen);
}

AKT_CLASS(sender, struct sender, AKT_ON(run, on_run), AKT_ON(go_on, on_go_on),
          AKT_ON(receiver_ended, on_receiver_ended));

akt_err
bench_fjthroughput(struct bench *bench)
{
    akt_ref *receivers = bench_refs(bench, bench->p2);
    akt_ref sender_ref;
    struct outcome outcome;

    if (receivers == NULL)
        return AKT_ENOMEM;
    AKT_TRY(akt_spawn(bench->me, sender, &sender_ref, .receivers = receivers,
                      .receiver_count = bench->p2));
    for (int64_t i = 0; i < bench->p2; i++) {
        AKT_TRY(akt_spawn(bench->me, receiver, &receivers[i],
                          .sender = sender_ref, .wanted = bench->n));
    }
    bench->report.ops = bench->n * bench->p2;
    AKT_TRY(bench_measure(bench, sender_ref, &outcome));
    return bench_expect("messages", (uint64_t)outcome.count,
                        (uint64_t)bench->report.ops);
}
