/* SPDX-License-Identifier: MIT */
/*
 * The side that brings the owner what arrives. A full mailbox suspends it as any
 * actor; then it asks the transport for nothing, and that stops reading.
 */
#include "actors/base/mutant.h"
#include "actors/core/send.h"
#include "actors/net/typed.h"
#include "akt/future.h"
#include "akt/wire.h"

/* Packets that are taken in one turn. */
#define BATCH 64

/*
 * In a stream the next message comes before IN could be told of it. So after a turn
 * that has found some it looks again up to so many times, each a little later, and
 * lets itself be told only then. After it has looked in vain n times in a row it does
 * not for 2^n such turns.
 */
#define LOOKS 2
#define REST_NS 12000
#define VAIN_MAX 6

struct in {
    struct akti_socket *socket;
    bool closing;
    uint32_t looks;   /* that are left; 0: it is told */
    uint32_t vain;    /* times in a row that it looked for nothing */
    uint32_t skip;    /* turns for which it is not to */
    uint32_t rest_ns; /* before the next one */
    uint64_t taken;   /* messages, from the transport */
    /* The batch that is being brought; message NULL: none. It waits as a whole
     * while the owner's mailbox is full. */
    struct akti_packet batch;
    struct akti_batch_reader rest;
};

/* --- what arrives --- */

/* So many messages in one of akt's. */
static void
deliver(akt_self *self, struct akti_socket *s, const akti_message_arg *m,
        uint64_t count)
{
    if (akti_send(self, s->to, m->type, m->payload) != AKT_OK
        && !AKTI_MUTANT(net_dead_owner_not_counted)) {
        akti_socket_add(&s->dropped,
                        AKTI_MUTANT(batch_dropped_as_one) ? 1 : count);
    }
}

/* The answer as a packet; AKT_EBROKEN when there is none. */
static akt_err
packet_of(struct akti_socket *s, const akt_answer *answer,
          struct akti_packet *out)
{
    const struct akt_nng_bytes *bytes = akt_answer_as(answer, akt_nng_bytes);
    akti_message_arg arg = {answer->type, answer->reply};

    if (answer->outcome != AKT_REPLIED || answer->type == NULL) {
        return AKT_EBROKEN;
    }
    return bytes != NULL ? akti_packet_of(s, bytes->data, out)
                         : akti_typed_packet(s, &arg, out, NULL);
}

/* The owner has answered, or never will; the tag is in the argument. */
static akt_err
on_answer(akt_self *self, struct in *in, const akt_answer *answer)
{
    struct akti_socket *s = in->socket;
    uint64_t tag = (uint64_t)(uintptr_t)answer->arg;
    struct akti_packet p;

    /* When that was the last one, it may leave. */
    self->again = self->again || in->closing;
    if (packet_of(s, answer, &p) == AKT_OK) {
        p.tag = tag;
        (void)s->transport->send(s->net, &p);
    } else {
        s->transport->drop(s->net, tag);
    }
    return AKT_OK;
}
AKT_THEN_ANSWER(on_answer, struct in);

static void
ask_owner(akt_self *self, struct akti_socket *s, const akti_message_arg *m,
          uint64_t tag)
{
    akt_future f;
    akt_err err = akti_ask(self, s->to, s->answer_ns, m, &f);

    if (err == AKT_OK) {
        err = akt_then(self, f, on_answer, (void *)(uintptr_t)tag);
    }
    if (err != AKT_OK) {
        akti_socket_count(&s->dropped);
        s->transport->drop(s->net, tag);
    }
}

static void
bring(akt_self *self, struct akti_socket *s, const akti_message_arg *m,
      uint64_t tag)
{
    if (akti_socket_answers(s)) {
        ask_owner(self, s, m, tag);
    } else {
        deliver(self, s, m, 1);
    }
}

/* One of the types that were agreed on, and for a REP socket one that is asked. */
static bool
bring_typed(akt_self *self, struct akti_socket *s, const struct akti_packet *p)
{
    const akt_type *type = NULL;
    akti_message_arg arg;
    void *message = NULL;

    if (akt_wire_type_of(s->types, akti_packet_bytes(p), &type, NULL) != AKT_OK
        || (akti_socket_answers(s) && type->reply == NULL)
        || akti_typed_read(p, type, &message, NULL) != AKT_OK) {
        return false;
    }
    arg = (akti_message_arg){type, message};
    bring(self, s, &arg, p->tag);
    akti_typed_free(message);
    return true;
}

static void
bring_bytes(akt_self *self, struct akti_socket *s, const struct akti_packet *p)
{
    struct akt_nng_bytes bytes = {.data = akti_packet_bytes(p)};
    struct akt_nng_request request = {.data = bytes.data};
    akti_message_arg arg = {&akt_nng_bytes_type, &bytes};

    if (akti_socket_answers(s)) {
        arg = (akti_message_arg){&akt_nng_request_type, &request};
    }
    bring(self, s, &arg, p->tag);
}

static void
take_packet(akt_self *self, struct akti_socket *s, const struct akti_packet *p)
{
    if (s->types == NULL) {
        bring_bytes(self, s, p);
    } else if (!bring_typed(self, s, p)) {
        akti_socket_count(&s->refused);
        if (akti_socket_answers(s)) {
            s->transport->drop(s->net, p->tag);
        }
    }
}

static bool
is_suspended(akt_self *self)
{
    return (self->actor->runnable.unused & AKTI_FLAG_AWAITING) != 0;
}

/* [move] One that came: it is taken apart from now on, or refused. */
static void
begin_batch(struct in *in, struct akti_packet *p)
{
    struct akti_socket *s = in->socket;

    in->batch = *p;
    if (!akti_batch_open(&in->rest, akti_packet_bytes(p))) {
        akti_socket_add(&s->refused,
                        akti_packet_count(true, p->bytes, p->size));
        s->transport->packet_free(s->net, &in->batch);
        in->batch.message = NULL;
    }
}

/* All of it to an owner who wants it so; one without messages is none. */
static void
deliver_whole(akt_self *self, struct in *in)
{
    struct akt_nng_batch batch = {.data = akti_packet_bytes(&in->batch),
                                  .count = (uint32_t)in->rest.left};
    akti_message_arg arg = {&akt_nng_batch_type, &batch};

    if (batch.count > 0 || AKTI_MUTANT(batch_of_none_brought)) {
        deliver(self, in->socket, &arg, batch.count);
    }
    in->rest.left = 0;
}

/* False: nothing is left of the batch, and it is gone. */
static bool
take_from_batch(akt_self *self, struct in *in)
{
    struct akti_packet p = {.message = NULL};
    struct akti_socket *s = in->socket;
    akt_bytes bytes;

    if (in->batch.message == NULL) {
        return false;
    }
    if (s->whole) {
        deliver_whole(self, in);
    }
    if (!akti_batch_next(&in->rest, &bytes)) {
        s->transport->packet_free(s->net, &in->batch);
        in->batch.message = NULL;
        return false;
    }
    p.bytes = bytes.ptr;
    p.size = bytes.len;
    take_packet(self, s, &p);
    return true;
}

/* After a turn that has found so many. */
static void
begin_looks(struct in *in, unsigned found)
{
    if (in->looks > 0) {
        in->vain = 0;
    }
    in->looks = 0;
    if (in->skip > 0) {
        in->skip--;
        return;
    }
    in->looks = LOOKS;
    if (found > 1) {
        in->rest_ns = REST_NS;
    }
}

static void
look_was_vain(struct in *in)
{
    in->looks -= !AKTI_MUTANT(net_looks_for_ever);
    in->rest_ns /= 2;
    if (in->looks == 0) {
        in->vain += in->vain < VAIN_MAX;
        in->skip = UINT32_C(1) << in->vain;
        in->rest_ns = REST_NS;
    }
}

/* Nothing is left; whether it looks again, and need not be told. */
static bool
looks_again(akt_self *self, struct in *in, unsigned found)
{
    if (found > 0) {
        begin_looks(in, found);
    } else if (in->looks > 0) {
        look_was_vain(in);
    }
    if (in->looks == 0) {
        return AKTI_MUTANT(net_look_is_deaf) && found == 0;
    }
    self->again = true;
    self->ctx->rest_ns = in->rest_ns;
    return true;
}

/* One message, or a batch of them, after so many; false: there is none. */
static bool
take_next(akt_self *self, struct in *in, unsigned found)
{
    struct akti_socket *s = in->socket;
    struct akti_packet p;

    if (take_from_batch(self, in)) {
        return true;
    }
    if ((!s->transport->ready(s->net) && looks_again(self, in, found))
        || !s->transport->receive(s->net, &p)) {
        return false;
    }
    in->taken += akti_packet_count(s->batch_bytes > 0, p.bytes, p.size);
    if (s->batch_bytes > 0) {
        begin_batch(in, &p);
    } else {
        take_packet(self, s, &p);
        s->transport->packet_free(s->net, &p);
    }
    return true;
}

static void
take_packets(akt_self *self, struct in *in)
{
    unsigned n = 0;

    while (n < BATCH
           && (!is_suspended(self) || AKTI_MUTANT(batch_overruns_mailbox))
           && take_next(self, in, n)) {
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

    /* They are in no counter: it is not a message that is lost. */
    if (s->peers && event->up) {
        akt_ignore(akti_send(self, s->to, &akt_nng_peer_up_type, &up));
    } else if (s->peers) {
        akt_ignore(akti_send(self, s->to, &akt_nng_peer_down_type, &down));
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
        take_packets(self, in);
    }
}

static akt_err
on_start(akt_self *self, void *state)
{
    struct in *in = state;

    in->rest_ns = REST_NS;
    akti_link_join(in->socket->link, AKTI_SIDE_IN, self->actor);
    self->actor->runnable.unused &= ~(uint32_t)AKTI_FLAG_DEAF;
    self->again = true;
    return AKT_OK;
}

static void *
on_leave(akt_self *self, struct akti_actor *a)
{
    struct in *in = a->state;
    struct akti_socket *s = in->socket;

    (void)self;
    /* For the rest of it there is no owner any more. */
    if (in->batch.message != NULL) {
        akti_socket_add(&s->dropped,
                        AKTI_MUTANT(batch_rest_forgotten) ? 0 : in->rest.left);
        s->transport->packet_free(s->net, &in->batch);
    }
    akti_socket_add(&s->taken, in->taken);
    akti_socket_leave(s, AKTI_SIDE_IN);
    return s;
}

static const akt_handler handlers[] = {{NULL, NULL}};

_Static_assert(sizeof(struct in) <= AKTI_SIDE_STATE_MAX, "made by akti_socket");

static const akt_behavior behavior = {"nng receiver", "struct in",
                                      sizeof(struct in), handlers};

static const struct akti_hooks hooks = {.orders = on_orders,
                                        .holds = akti_side_holds,
                                        .turn = on_turn,
                                        .ended = akti_side_ended,
                                        .outbox = akti_side_outbox,
                                        .leave = on_leave,
                                        .gone = akti_side_gone};

const akt_class akti_net_in_class = {.name = "nng receiver",
                                     .state_size = sizeof(struct in),
                                     .state_align = _Alignof(struct in),
                                     .behavior = &behavior,
                                     .on_start = on_start,
                                     .requests = 1000000,
                                     .akti_hooks = &hooks};
