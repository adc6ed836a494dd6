/* SPDX-License-Identifier: MIT */
/*
 * The side that others send to. It is deaf, and so its mailbox fills and senders
 * wait, while a packet waits for room in the transport or all numbers of requests
 * are in use.
 */
#include "actors/base/mutant.h"
#include "actors/core/future.h"
#include "actors/core/send.h"
#include "actors/core/system.h"
#include "actors/net/asks.h"
#include "actors/net/out_open.h"
#include "actors/net/outlet.h"
#include "akt/timer.h"

#include <stdlib.h>
#include <string.h>

/* How often requests are looked through that nobody may wait for any more. */
#define SWEEP_NS AKT_MS(100)
/* And whether there is memory for a batch that had none. */
#define RETRY_NS AKT_MS(500)
#define SURVEY_NS AKT_SECONDS(1)
/* And whether an answer has left whose end nobody tells. */
#define LOOK_LOG2_MAX 7
/* Packets that are taken in one turn. */
#define BATCH 64

struct out {
    struct akti_socket *socket;
    struct akti_outlet outlet;
    struct akti_asks asks;
    uint64_t taken; /* answers, from the transport */
    akt_timer sweep;
    bool sweeping; /* that runs */
    bool closing;
    bool in_told;
    bool over;          /* it waited for long enough */
    bool looks;         /* a timer for that runs */
    uint8_t look_log2;  /* of milliseconds: when it looks next */
    akt_promise finish; /* who asked for the end; none: nobody */
};

#define OUT_NUMBER(F) F(u64, number)
AKT_SIGNAL(akti_net_sweep);
AKT_SIGNAL(akti_net_look);
AKT_SIGNAL(akti_net_linger);
AKT_MESSAGE(akti_net_survey_end, OUT_NUMBER);

static void
set_deaf(akt_self *self, struct out *o)
{
    bool deaf = (akti_outlet_is_full(&o->outlet)
                 && !AKTI_MUTANT(net_waiting_overwritten))
                || (akti_socket_asks(o->socket) && akti_asks_is_full(&o->asks));

    if (deaf) {
        self->actor->runnable.unused |= AKTI_FLAG_DEAF;
    } else {
        self->actor->runnable.unused &= ~(uint32_t)AKTI_FLAG_DEAF;
    }
}

static akt_err
begin_timer(akt_self *self, uint64_t after_ns, const akt_type *type,
            uint64_t number)
{
    struct akti_net_survey_end payload = {.number = number};

    return akti_timer_begin(self, after_ns, &(akti_timer_arg){type, &payload},
                            NULL);
}

/* --- looking again --- */

/* Whether it is looked again from now on: once begun that needs no memory. */
static bool
begin_sweep(akt_self *self, struct out *o)
{
    uint64_t every_ns = o->socket->batch_bytes > 0 ? RETRY_NS : SWEEP_NS;
    struct akti_net_sweep nothing = {0};

    if (!o->sweeping) {
        o->sweeping =
            akti_timer_repeat(self, every_ns, every_ns,
                              &(akti_timer_arg){&akti_net_sweep_type, &nothing},
                              &o->sweep)
            == AKT_OK;
    }
    return o->sweeping;
}

/* What nobody waits for any more takes no room, here or in the transport. */
static void
give_up(akt_self *self, struct out *o)
{
    struct akti_socket *s = o->socket;
    struct akti_ask *ask_of;
    uint32_t at = 0;

    while ((ask_of = akti_asks_next_over(self, &o->asks, &at)) != NULL) {
        uint64_t number = akti_asks_number(&o->asks, ask_of);

        akti_asks_close(self, &o->asks, ask_of);
        if (!akti_outlet_withdraw(&o->outlet, number)
            && !AKTI_MUTANT(net_over_not_dropped)) {
            s->transport->drop(s->net, number);
        }
    }
}

static akt_err
on_sweep(akt_self *self, void *state, const void *message)
{
    struct out *o = state;

    (void)message;
    give_up(self, o);
    if (o->asks.count == 0 && o->outlet.batch.count == 0) {
        akt_ignore(akt_timer_cancel(self, o->sweep));
        o->sweeping = false;
    }
    set_deaf(self, o);
    self->again = true;
    return AKT_OK;
}

/* Answers that wait while nobody tells of their end are looked at, ever more rarely. */
static void
settle(akt_self *self, struct out *o)
{
    const struct akti_socket *s = o->socket;

    if (o->looks || s->transport->settle == NULL || !akti_socket_answers(s)) {
        return;
    }
    if (s->transport->settle(s->net)) {
        o->look_log2 = 0;
        return;
    }
    o->looks = begin_timer(self, AKT_MS(UINT64_C(1) << o->look_log2),
                           &akti_net_look_type, 0)
               == AKT_OK;
    if (o->look_log2 < LOOK_LOG2_MAX) {
        o->look_log2++;
    }
    self->again = self->again || !o->looks;
}

static akt_err
on_look(akt_self *self, void *state, const void *message)
{
    struct out *o = state;

    (void)message;
    o->looks = false;
    self->again = true;
    return AKT_OK;
}

/* --- sending --- */

/* Something that this protocol does not send. */
static akt_err
refuse(akt_self *self, struct out *o, const char *why)
{
    akti_socket_count(&o->socket->refused);
    if (!self->answered) {
        akt_ignore(akt_reply_error(self, AKT_EUNHANDLED, why));
    }
    return AKT_OK;
}

static akt_err
fail(akt_self *self, struct out *o, akt_err err)
{
    akti_socket_count(&o->socket->refused);
    akt_ignore(akt_reply_error(self, err, NULL));
    return AKT_OK;
}

static akt_err
fail_with(akt_self *self, struct out *o, const akt_error *error)
{
    akti_socket_count(&o->socket->refused);
    akt_ignore(akt_reply_failure(self, error));
    return AKT_OK;
}

static bool
only_sends(const struct out *o)
{
    akt_nng_protocol p = o->socket->protocol;

    return p == AKT_NNG_PUSH || p == AKT_NNG_PUB || p == AKT_NNG_PAIR
           || p == AKT_NNG_PAIR0 || p == AKT_NNG_BUS;
}

/* So many messages are on their way, or in a batch that leaves when there are no
 * more. */
static void
were_sent(akt_self *self, struct out *o, uint64_t count)
{
    akti_socket_add(&o->socket->accepted, count);
    self->again = true;
    set_deaf(self, o);
}

static void
was_sent(akt_self *self, struct out *o)
{
    were_sent(self, o, 1);
}

/* A batch that has no memory when it is to leave is looked at again later. */
static bool
may_gather(akt_self *self, struct out *o)
{
    return o->socket->batch_bytes == 0 || begin_sweep(self, o);
}

static akt_err
on_bytes(akt_self *self, void *state, const void *message)
{
    struct out *o = state;
    const struct akt_nng_bytes *m = message;
    akt_error error = AKT_ERROR_NONE;

    if (!only_sends(o)) {
        return refuse(self, o, "this socket does not send plain bytes");
    }
    if (!may_gather(self, o)) {
        return fail(self, o, AKT_ENOMEM);
    }
    if (akti_outlet_bytes(&o->outlet, m->data, &error) != AKT_OK) {
        return fail_with(self, o, &error);
    }
    was_sent(self, o);
    return AKT_OK;
}

/* With all that is in it, or says to be. */
static akt_err
refuse_batch(akt_self *self, struct out *o, akt_bytes batch,
             const akt_error *error)
{
    uint64_t count = akti_batch_count(batch);

    count = count > 0 && !AKTI_MUTANT(batch_refused_as_one) ? count : 1;
    akti_socket_add(&o->socket->refused, count);
    akt_ignore(akt_reply_failure(self, error));
    return AKT_OK;
}

static akt_err
check_batch(const struct out *o, akt_bytes batch, uint64_t *out_count,
            akt_error *error)
{
    struct akti_batch_reader r = {.left = 0};

    if (!only_sends(o)
        || (o->socket->batch_bytes == 0 && !AKTI_MUTANT(batch_sent_unagreed))) {
        return akt_error_set(error, AKT_EUNHANDLED,
                             "only a socket with batch_bytes sends batches");
    }
    if (!akti_batch_open(&r, batch) && !AKTI_MUTANT(batch_unchecked)) {
        return akt_error_set(
            error, AKT_EFORMAT,
            "these bytes are no batch: akt_nng_pack makes one");
    }
    *out_count = r.left;
    return AKT_OK;
}

/* One that its sender has filled leaves as it is. */
static akt_err
on_batch(akt_self *self, void *state, const void *message)
{
    struct out *o = state;
    const struct akt_nng_batch *m = message;
    akt_error error = AKT_ERROR_NONE;
    uint64_t count = 0;
    akt_err err;

    if (check_batch(o, m->data, &count, &error) != AKT_OK) {
        return refuse_batch(self, o, m->data, &error);
    }
    if (count == 0) {
        return AKT_OK;
    }
    err = akti_outlet_batch(&o->outlet, m->data);
    if (err != AKT_OK) {
        akt_ignore(akt_error_set(&error, err, NULL));
        return refuse_batch(self, o, m->data, &error);
    }
    were_sent(self, o, AKTI_MUTANT(batch_counted_as_one) ? 1 : count);
    return AKT_OK;
}

/* --- asking --- */

/* The packet [move] is sent, with a number, and the promise kept. */
static akt_err
ask(akt_self *self, struct out *o, const void *message, struct akti_packet *p,
    struct akti_ask **out_ask)
{
    akt_err err = begin_sweep(self, o) ? AKT_OK : AKT_ENOMEM;

    if (err == AKT_OK) {
        err = akti_asks_keep(self, &o->asks, message, &p->tag);
    }
    if (err != AKT_OK) {
        o->socket->transport->packet_free(o->socket->net, p);
        return err;
    }
    *out_ask = akti_asks_find(&o->asks, p->tag);
    akti_outlet_packet(&o->outlet, p);
    was_sent(self, o);
    return AKT_OK;
}

static akt_err
on_request(akt_self *self, void *state, const void *message)
{
    struct out *o = state;
    const struct akt_nng_request *m = message;
    struct akti_ask *ask_of = NULL;
    struct akti_packet p;
    akt_err err;

    if (o->socket->protocol != AKT_NNG_REQ) {
        return refuse(self, o, "only a REQ socket is asked so");
    }
    err = akti_packet_of(o->socket, m->data, &p);
    if (err == AKT_OK) {
        err = ask(self, o, message, &p, &ask_of);
    }
    return err != AKT_OK ? fail(self, o, err) : AKT_OK;
}

static akt_err
on_survey(akt_self *self, void *state, const void *message)
{
    struct out *o = state;
    const struct akt_nng_survey *m = message;
    uint64_t wait_ns = m->wait_ns != 0 ? m->wait_ns : SURVEY_NS;
    struct akti_survey *survey;
    struct akti_ask *ask_of = NULL;
    struct akti_packet p;
    akt_err err;

    if (o->socket->protocol != AKT_NNG_SURVEYOR) {
        return refuse(self, o, "only a SURVEYOR socket makes surveys");
    }
    survey = calloc(1, sizeof(*survey));
    if (survey == NULL) {
        return fail(self, o, AKT_ENOMEM);
    }
    survey->enough = m->enough;
    err = akti_packet_of(o->socket, m->data, &p);
    if (err == AKT_OK) {
        err = ask(self, o, message, &p, &ask_of);
    }
    if (err != AKT_OK) {
        free(survey);
        return fail(self, o, err);
    }
    ask_of->survey = survey;
    if (begin_timer(self, wait_ns, &akti_net_survey_end_type, p.tag)
        != AKT_OK) {
        akti_asks_close(self, &o->asks, ask_of);
    }
    return AKT_OK;
}

static akt_err
on_survey_end(akt_self *self, void *state, const void *message)
{
    struct out *o = state;
    const struct akti_net_survey_end *m = message;
    struct akti_ask *ask_of = akti_asks_find(&o->asks, m->number);

    if (ask_of != NULL) {
        akti_survey_end(self, &o->asks, ask_of);
        set_deaf(self, o);
    }
    return AKT_OK;
}

static void
take_answers(akt_self *self, struct out *o)
{
    struct akti_socket *s = o->socket;
    struct akti_packet p;
    unsigned n = 0;

    while (n < BATCH && s->transport->receive(s->net, &p)) {
        o->taken += p.message != NULL;
        akti_asks_answer(self, s, &o->asks, &p);
        s->transport->packet_free(s->net, &p);
        n++;
    }
    if (n == BATCH) {
        self->again = true;
    }
}

/* --- the end --- */

static void
begin_close(akt_self *self, struct out *o, bool at_once)
{
    struct akti_socket *s = o->socket;

    if (!o->closing) {
        o->closing = true;
        akti_actor_refuse_mail(self->actor);
        s->transport->hush(s->net);
        akti_link_close(s->link);
        if (begin_timer(self, s->linger_ns, &akti_net_linger_type, 0)
            != AKT_OK) {
            o->over = true;
        }
        akt_ignore(akt_drain(self, s->in));
    }
    if (at_once) {
        o->over = true;
    }
    self->again = true;
}

/* As its owner's close, and who asks hears the last numbers. */
static akt_err
on_finish(akt_self *self, void *state, const void *message)
{
    struct out *o = state;
    akt_err err;

    if (o->finish.generation != 0) {
        akt_ignore(akt_reply_error(self, AKT_EENDED,
                                   "another one is told of its end"));
        return AKT_OK;
    }
    err = akti_keep(self, message, &o->finish);
    if (err == AKT_ENOMEM) {
        akt_ignore(akt_reply_error(self, err, NULL));
        return AKT_OK;
    }
    o->socket->transport->retire(o->socket->net);
    begin_close(self, o, false);
    return AKT_OK;
}

static void
on_orders(akt_self *self, struct akti_actor *a, uint32_t orders)
{
    struct out *o = a->state;

    if ((orders & AKTI_ORDER_SHUTDOWN) != 0) {
        self->exit_kind = AKT_EXIT_SHUTDOWN;
        return;
    }
    if (!o->closing || (orders & AKTI_ORDER_KILL) != 0) {
        begin_close(self, o, (orders & AKTI_ORDER_KILL) != 0);
    }
}

static akt_err
on_linger(akt_self *self, void *state, const void *message)
{
    struct out *o = state;

    (void)message;
    o->over = !AKTI_MUTANT(net_lingers_for_ever);
    self->again = true;
    return AKT_OK;
}

/* Whatever counts against the bound: in the box, the queue, or a turn's hand. */
static bool
has_mail(akt_self *self)
{
    return akti_mailbox_users(&self->actor->box) > self->handled;
}

/* Both sides have counted. Without memory for the numbers the promise breaks. */
static void
tell_finished(akt_self *self, struct out *o)
{
    struct akti_socket *s = o->socket;

    akti_socket_add(&s->taken, o->taken);
    o->taken = 0;
    akti_socket_settle(s);
    if (akti_promise_reply(self, &o->finish, &s->last) != AKT_OK) {
        akt_promise_drop(self, &o->finish);
    }
}

/* IN may have heard first that the system ends. */
static void
leave(akt_self *self, struct out *o)
{
    if (o->finish.generation != 0) {
        tell_finished(self, o);
    }
    self->exit_kind = akti_system_phase(self->system) >= AKTI_ENDING
                          ? AKT_EXIT_SHUTDOWN
                          : AKT_EXIT_STOPPED;
}

/* Told to close, it leaves as soon as it may. */
static void
see_to_end(akt_self *self, struct out *o)
{
    struct akti_socket *s = o->socket;
    bool in_left = akti_link_has_left(s->link, AKTI_SIDE_IN);

    if (in_left && !o->closing) {
        begin_close(self, o, false);
    }
    if (!o->closing) {
        return;
    }
    if (o->over) {
        akt_ignore(akt_kill(self, s->in));
        /* The last numbers are those of both: IN wakes this side when it goes. */
        if (in_left || o->finish.generation == 0
            || AKTI_MUTANT(net_finish_early)) {
            leave(self, o);
        }
    } else if (has_mail(self)) {
        /* Deaf it waits for room, or for a place, as at any other time. */
        self->again =
            self->again || !akti_actor_has(self->actor, AKTI_FLAG_DEAF);
    } else if (akti_outlet_is_empty(&o->outlet) && in_left
               && s->transport->pending(s->net) == 0) {
        leave(self, o);
    }
}

/* --- the hooks --- */

static void
send_gathered(akt_self *self, struct out *o)
{
    bool more = has_mail(self);

    akti_outlet_flush(&o->outlet, more);
    if (more && akti_outlet_gathers(&o->outlet)) {
        self->again = !AKTI_MUTANT(batch_waits_for_mail);
    }
}

static void
on_turn(akt_self *self, struct akti_actor *a)
{
    struct out *o = a->state;

    if (akti_actor_has(a, AKTI_FLAG_START) || self->exit_kind != 0) {
        return;
    }
    send_gathered(self, o);
    o->socket->transport->start(o->socket->net);
    settle(self, o);
    if (akti_socket_asks(o->socket)) {
        take_answers(self, o);
    }
    akti_out_take_opened(self, o->socket);
    set_deaf(self, o);
    see_to_end(self, o);
}

static akt_err
on_start(akt_self *self, void *state)
{
    struct out *o = state;

    akti_outlet_init(&o->outlet, o->socket);
    akti_asks_init(&o->asks, o->socket->requests);
    akti_link_join(o->socket->link, AKTI_SIDE_OUT, self->actor);
    set_deaf(self, o);
    /* What came before it was there to be woken. */
    self->again = true;
    return AKT_OK;
}

static void *
on_leave(akt_self *self, struct akti_actor *a)
{
    struct out *o = a->state;

    akti_asks_fini(self, &o->asks);
    akti_outlet_fini(&o->outlet);
    akti_socket_add(&o->socket->taken, o->taken);
    akti_socket_leave(o->socket, AKTI_SIDE_OUT);
    return o->socket;
}

/* --- typed messages --- */

static akt_err
ask_typed(akt_self *self, struct out *o, const akti_message_arg *message)
{
    struct akti_ask *ask_of = NULL;
    akt_error error = AKT_ERROR_NONE;
    struct akti_packet p;
    akt_err err;

    if (akti_typed_packet(o->socket, message, &p, &error) != AKT_OK) {
        return fail_with(self, o, &error);
    }
    err = ask(self, o, message->payload, &p, &ask_of);
    return err != AKT_OK ? fail(self, o, err) : AKT_OK;
}

static akt_err
send_typed(akt_self *self, struct out *o, const akti_message_arg *message)
{
    akt_error error = AKT_ERROR_NONE;

    if (!may_gather(self, o)) {
        return fail(self, o, AKT_ENOMEM);
    }
    if (akti_outlet_typed(&o->outlet, message, &error) != AKT_OK) {
        return fail_with(self, o, &error);
    }
    was_sent(self, o);
    return AKT_OK;
}

/* Whatever has no row of its own. */
static akt_err
on_other(akt_self *self, void *state, const void *message)
{
    struct out *o = state;
    akti_message_arg arg = {self->message->type, message};

    if (only_sends(o)) {
        return send_typed(self, o, &arg);
    }
    if (o->socket->protocol == AKT_NNG_REQ && arg.type->reply != NULL) {
        return ask_typed(self, o, &arg);
    }
    return refuse(self, o, "this socket does not send such a message");
}

static const akt_handler handlers[] = {
    {&akt_nng_bytes_type, on_bytes},
    {&akt_nng_batch_type, on_batch},
    {&akt_nng_request_type, on_request},
    {&akt_nng_survey_type, on_survey},
    {&akt_nng_listen_type, akti_out_listen},
    {&akt_nng_dial_type, akti_out_dial},
    {&akt_nng_subscribe_type, akti_out_subscribe},
    {&akt_nng_unsubscribe_type, akti_out_unsubscribe},
    {&akt_nng_finish_type, on_finish},
    {&akti_net_survey_end_type, on_survey_end},
    {&akti_net_sweep_type, on_sweep},
    {&akti_net_look_type, on_look},
    {&akti_net_linger_type, on_linger},
    {NULL, on_other}};

_Static_assert(sizeof(struct out) <= AKTI_SIDE_STATE_MAX,
               "made by akti_socket");

static const akt_behavior behavior = {"nng", "struct out", sizeof(struct out),
                                      handlers};

static const struct akti_hooks hooks = {.orders = on_orders,
                                        .holds = akti_side_holds,
                                        .turn = on_turn,
                                        .ended = akti_side_ended,
                                        .outbox = akti_side_outbox,
                                        .leave = on_leave,
                                        .gone = akti_side_gone};

#define OUT_CLASS(messages)                                                    \
    {                                                                          \
        .name = "nng", .state_size = sizeof(struct out),                       \
        .state_align = _Alignof(struct out), .behavior = &behavior,            \
        .on_start = on_start, .mailbox = {.capacity = (messages)},             \
        .akti_hooks = &hooks                                                   \
    }

const akt_class akti_net_out_class = OUT_CLASS(AKT_MAILBOX_CAPACITY);
const akt_class akti_net_out_whole_class = OUT_CLASS(AKT_NNG_WHOLE);
