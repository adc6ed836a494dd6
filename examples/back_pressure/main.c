/* SPDX-License-Identifier: MIT */
/*
 * A fast producer and a slow consumer with a mailbox of 8. Nobody polls, sleeps
 * or drops: the send that finds no room is accepted and waits in the producer's
 * outbox, and the producer gets no further message until it went through.
 */
#include <akt/akt.h>

#include <stdatomic.h>
#include <stdio.h>

enum {
    ITEMS = 1000,
    ROOM = 8
};

/* For the demonstration only; actors need no shared variables. */
static atomic_int under_way;

#define ITEM(F) F(i32, number) F(i32, suspensions)
#define CONSUMED(F) F(i32, items) F(i32, peak) F(i32, suspensions)
AKT_SIGNAL(produce);
AKT_MESSAGE(item, ITEM);
AKT_MESSAGE(consumed, CONSUMED);
AKT_SIGNAL_REQUEST(consume_all, consumed);

struct consumer {
    int32_t items;
    int32_t peak;
    akt_promise_of(consume_all) done;
};

static akt_err
on_item(akt_self *self, struct consumer *c, const struct item *m)
{
    int now = atomic_fetch_sub_explicit(&under_way, 1, memory_order_relaxed);
    c->peak = now > c->peak ? now : c->peak;
    uint64_t until = akt_now_ns(self) + AKT_US(20);
    while (akt_now_ns(self) < until) { /* slow work */
    }
    c->items++;
    return m->number < ITEMS
               ? AKT_OK
               : akt_promise_reply(self, &c->done, .items = c->items,
                                   .peak = c->peak,
                                   .suspensions = m->suspensions);
}

static akt_err
on_consume_all(akt_self *self, struct consumer *c, const struct consume_all *m)
{
    return akt_keep(self, m, &c->done);
}

AKT_CLASS(consumer, struct consumer, AKT_ON(item, on_item),
          AKT_ON(consume_all, on_consume_all), AKT_MAILBOX(ROOM, AKT_AWAIT));

struct producer {
    akt_ref to;
    int32_t number;
    int32_t suspensions;
};

/* Sends until a send has to wait, then returns: it will be suspended, and the
 * message to itself comes when there is room again. */
static akt_err
on_produce(akt_self *self, struct producer *p, const struct produce *m)
{
    (void)m;
    while (p->number < ITEMS && !akt_is_awaiting(self)) {
        atomic_fetch_add_explicit(&under_way, 1, memory_order_relaxed);
        AKT_TRY(akt_send(self, p->to, item, .number = ++p->number,
                         .suspensions = p->suspensions));
    }
    p->suspensions += akt_is_awaiting(self);
    return p->number == ITEMS ? AKT_OK
                              : akt_send(self, akt_self_ref(self), produce);
}

AKT_CLASS(producer, struct producer, AKT_ON(produce, on_produce));

static akt_err
show(akt_self *me)
{
    akt_ref to, from;
    akt_future f;
    akt_answer *answer = NULL;
    AKT_TRY(akt_spawn(me, consumer, &to));
    AKT_TRY(akt_spawn(me, producer, &from, .to = to));
    AKT_TRY(akt_ask(me, to, &f, consume_all));
    AKT_TRY(akt_send(me, from, produce));
    AKT_TRY(akt_wait(me, f, &answer));
    const struct consumed *c = akt_answer_as(answer, consumed);
    akt_err err = answer->error;
    if (c != NULL) {
        printf("%d items sent, %d handled, none lost\n", ITEMS, (int)c->items);
        /* ROOM in the mailbox, one that waits for room, one being handled. */
        printf("at most %d on the way at a time: %s\n", ROOM + 2,
               c->peak <= ROOM + 2 ? "yes" : "no");
        printf("the producer was suspended: %s\n",
               c->suspensions > 0 ? "yes" : "no");
    }
    akt_answer_free(me, answer);
    return err;
}

int
main(void)
{
    akt_system *system = NULL;
    akt_self *me = NULL;
    akt_err err = akt_system_start(NULL, &system);
    err = err != AKT_OK ? err : akt_attach(system, &me);
    err = err != AKT_OK ? err : show(me);
    akt_detach(me);
    akt_system_destroy(system);
    printf("%s\n", akt_err_text(err));
    return err == AKT_OK ? 0 : 1;
}
