/* SPDX-License-Identifier: MIT */
/*
 * The side that brings the owner what arrives. A full mailbox suspends it as any
 * actor; then it asks the transport for nothing, and that stops reading.
 */
#include "actors/core/send.h"
#include "actors/net/socket.h"
#include "akt/future.h"

/* Packets that are taken in one turn. */
#define BATCH 64

struct in {
    struct akti_socket *socket;
    bool closing;
};

/* --- what arrives --- */

static void
deliver(akt_self *self, struct akti_socket *s, const struct akti_packet *p)
{
    struct akt_nng_bytes m = {.data = akti_packet_bytes(p)};

    if (akti_send(self, s->to, &akt_nng_bytes_type, &m) != AKT_OK) {
        akti_socket_count(&s->dropped);
    }
}

static akt_err
reply_with(struct akti_socket *s, const struct akt_nng_bytes *reply,
           uint64_t tag)
{
    struct akti_packet p;

    AKT_TRY(akti_packet_of(s, reply->data, &p));
    p.tag = tag;
    (void)s->transport->send(s->net, &p);
    return AKT_OK;
}

/* The owner has answered, or never will; the tag is in the argument. */
static akt_err
on_answer(akt_self *self, struct in *in, const akt_answer *answer,
          const struct akt_nng_bytes *reply)
{
    struct akti_socket *s = in->socket;
    uint64_t tag = (uint64_t)(uintptr_t)answer->arg;

    /* When that was the last one, it may leave. */
    self->again = self->again || in->closing;
    if (reply == NULL || reply_with(s, reply, tag) != AKT_OK) {
        s->transport->drop(s->net, tag);
    }
    return AKT_OK;
}
AKT_THEN(on_answer, struct in, akt_nng_request);

static void
ask_owner(akt_self *self, struct akti_socket *s, const struct akti_packet *p)
{
    struct akt_nng_request m = {.data = akti_packet_bytes(p)};
    akti_message_arg arg = {&akt_nng_request_type, &m};
    akt_future f;
    akt_err err = akti_ask(self, s->to, s->answer_ns, &arg, &f);

    if (err == AKT_OK) {
        err = akt_then(self, f, on_answer, (void *)(uintptr_t)p->tag);
    }
    if (err != AKT_OK) {
        akti_socket_count(&s->dropped);
        s->transport->drop(s->net, p->tag);
    }
}

static bool
is_suspended(akt_self *self)
{
    return (self->actor->runnable.unused & AKTI_FLAG_AWAITING) != 0;
}

static void
take_packets(akt_self *self, struct akti_socket *s)
{
    struct akti_packet p;
    unsigned n = 0;

    while (n < BATCH && !is_suspended(self)
           && s->transport->receive(s->net, &p)) {
        if (akti_socket_answers(s)) {
            ask_owner(self, s, &p);
        } else {
            deliver(self, s, &p);
        }
        s->transport->packet_free(s->net, &p);
        n++;
    }
    if (n == BATCH) {
        self->again = true;
    }
}

static void
tell_peer(akt_self *self, struct akti_socket *s,
          const struct akti_net_event *event)
{
    struct akt_nng_peer_up up = {.peer = event->peer,
                                 .address = akt_text_of(event->address)};
    struct akt_nng_peer_down down = {.peer = up.peer, .address = up.address};
    akt_err err;

    if (!s->peers) {
        return;
    }
    err = event->up ? akti_send(self, s->to, &akt_nng_peer_up_type, &up)
                    : akti_send(self, s->to, &akt_nng_peer_down_type, &down);
    if (err != AKT_OK) {
        akti_socket_count(&s->dropped);
    }
}

static void
take_events(akt_self *self, struct akti_socket *s)
{
    struct akti_net_event event;
    unsigned n = 0;

    while (n < BATCH && !is_suspended(self)
           && s->transport->event(s->net, &event)) {
        tell_peer(self, s, &event);
        n++;
    }
    if (n == BATCH) {
        self->again = true;
    }
}

/* --- the hooks --- */

static void
on_orders(akt_self *self, struct akti_actor *a, uint32_t orders)
{
    struct in *in = a->state;

    if ((orders & AKTI_ORDER_SHUTDOWN) != 0) {
        self->exit_kind = AKT_EXIT_SHUTDOWN;
    } else if ((orders & AKTI_ORDER_KILL) != 0) {
        self->exit_kind = AKT_EXIT_KILLED;
    } else if (!in->closing) {
        in->closing = true;
        self->again = true;
    }
}

static void
on_turn(akt_self *self, struct akti_actor *a)
{
    struct in *in = a->state;

    if (akti_actor_has(a, AKTI_FLAG_START) || self->exit_kind != 0
        || is_suspended(self)) {
        return;
    }
    if (in->closing) {
        /* The owner's answers are still sent. */
        if (a->open_requests == 0) {
            self->exit_kind = AKT_EXIT_STOPPED;
        }
        return;
    }
    take_events(self, in->socket);
    if (!akti_socket_asks(in->socket)) {
        take_packets(self, in->socket);
    }
}

static akt_err
on_start(akt_self *self, void *state)
{
    struct in *in = state;

    akti_link_join(in->socket->link, AKTI_SIDE_IN, self->actor);
    self->actor->runnable.unused &= ~(uint32_t)AKTI_FLAG_DEAF;
    self->again = true;
    return AKT_OK;
}

static void
on_ended(akt_self *self, struct akti_actor *a, struct akti_cell *cell)
{
    (void)self;
    (void)a;
    (void)cell;
}

static void
on_outbox(akt_self *self, struct akti_actor *a)
{
    (void)self;
    (void)a;
}

static uint32_t
holds(const struct akti_actor *a, const struct akti_message *m)
{
    (void)a;
    (void)m;
    return 0;
}

static void *
on_leave(akt_self *self, struct akti_actor *a)
{
    struct in *in = a->state;

    (void)self;
    akti_socket_leave(in->socket, AKTI_SIDE_IN);
    return in->socket;
}

static void
on_gone(akt_self *self, void *left)
{
    (void)self;
    akti_socket_release(left);
}

static const akt_handler handlers[] = {{NULL, NULL}};

static const akt_behavior behavior = {"nng receiver", "struct in",
                                      sizeof(struct in), handlers};

static const struct akti_hooks hooks = {.orders = on_orders,
                                        .holds = holds,
                                        .turn = on_turn,
                                        .ended = on_ended,
                                        .outbox = on_outbox,
                                        .leave = on_leave,
                                        .gone = on_gone};

const akt_class akti_net_in_class = {.name = "nng receiver",
                                     .state_size = sizeof(struct in),
                                     .state_align = _Alignof(struct in),
                                     .behavior = &behavior,
                                     .on_start = on_start,
                                     .requests = 1000000,
                                     .akti_hooks = &hooks};
