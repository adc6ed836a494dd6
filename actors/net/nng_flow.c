/* SPDX-License-Identifier: MIT */
/*
 * Messages on their way, one aio for each direction. nng's threads and akt's
 * workers overlap: while one message is with nng, the next ones are made or
 * handled. One aio that receives, because several would lose the order.
 */
#include "actors/base/mutant.h"
#include "actors/net/nng_back.h"

#define ASKED_BIT 0x80000000u

static uint64_t
count_of(const struct akti_net *net, nng_msg *m)
{
    return akti_packet_count(net->batches, nng_msg_body(m), nng_msg_len(m));
}

/* --- out --- */

/* Whoever finds it down and raises it has the pump: he alone sends. */
static bool
take_pump(struct akti_net *net)
{
    /* acquire: what the one before did; pairs: give_pump. seq_cst: against a put
     * that looks at it afterwards. */
    return atomic_exchange_explicit(&net->out.pumping, 1, memory_order_seq_cst)
           == 0;
}

static void
give_pump(struct akti_net *net)
{
    /* seq_cst: before the last look into the ring; pairs: take_pump */
    atomic_store_explicit(&net->out.pumping, 0, memory_order_seq_cst);
}

/* Told at each change only; the pump's. */
static void
set_busy(struct akti_net *net, bool busy)
{
    if (net->out.busy != busy) {
        net->out.busy = busy;
        akti_link_busy(net->link, busy);
    }
}

/*
 * With the pump: the next message; or gives the pump back, and looks for what was
 * put meanwhile. Whoever takes the pump begins here, for what he has seen in the
 * ring another one may have sent before he had it.
 */
static void
go_on(struct akti_net *net)
{
    struct akti_nng_out *o = &net->out;

    do {
        if (akti_nng_ring_has_one(&o->ring)) {
            nng_msg *m = akti_nng_ring_first(&o->ring);

            set_busy(net, true);
            o->count = count_of(net, m);
            o->bytes = nng_msg_len(m);
            akti_nng_ring_fetch_next(&o->ring);
            nng_aio_set_msg(o->aio, m);
            nng_send_aio(net->socket, o->aio);
            return;
        }
        set_busy(net, false);
        give_pump(net);
    } while (akti_nng_ring_count(&o->ring) > 0
             && !AKTI_MUTANT(nng_pump_looks_once) && take_pump(net));
}

static void
tell_room(struct akti_net *net)
{
    struct akti_nng_out *o = &net->out;

    /* seq_cst: after the take; pairs: akti_nng_send */
    if (atomic_load_explicit(&o->wants_room, memory_order_seq_cst) != 0
        && !AKTI_MUTANT(nng_room_not_told) && akti_nng_ring_has_room(&o->ring)
        && atomic_exchange_explicit(&o->wants_room, 0, memory_order_seq_cst)
               != 0) {
        akti_link_wake(net->link, o->side);
    }
}

/* One has left, or will not. */
static void
on_sent(void *arg)
{
    struct akti_net *net = arg;
    struct akti_nng_out *o = &net->out;

    if (nng_aio_result(o->aio) != 0) {
        if (!AKTI_MUTANT(nng_unsent_leaked)) {
            nng_msg_free(nng_aio_get_msg(o->aio));
        }
        akti_nng_count(&net->lost,
                       AKTI_MUTANT(nng_loss_not_counted) ? 0 : o->count);
    } else {
        akti_nng_count_mine(&net->sent, o->count);
        akti_nng_count_mine(&net->sent_bytes, o->bytes);
    }
    akti_nng_ring_take(&o->ring, o->bytes);
    tell_room(net);
    /* acquire: pairs: akti_nng_close */
    if (atomic_load_explicit(&net->closing, memory_order_acquire) == 0) {
        go_on(net);
    }
}

/* Says that it waits for room, and looks once more. */
static bool
is_full(struct akti_nng_out *o)
{
    if (akti_nng_ring_has_place(&o->ring)) {
        return false;
    }
    /* seq_cst: before the look; pairs: tell_room */
    atomic_store_explicit(&o->wants_room, 1, memory_order_seq_cst);
    return !akti_nng_ring_has_room(&o->ring);
}

bool
akti_nng_send(struct akti_net *net, struct akti_packet *packet)
{
    struct akti_nng_out *o = &net->out;

    if (net->answers) {
        akti_nng_answer_send(net, packet);
        return true;
    }
    if (net->requests) {
        return akti_nng_ask_send(net, packet);
    }
    if (is_full(o)) {
        return false;
    }
    if (packet->tag != 0
        && nng_msg_header_append_u32(packet->message,
                                     ASKED_BIT | (uint32_t)packet->tag)
               != 0) {
        nng_msg_free(packet->message);
        akti_nng_count(&net->lost, 1);
        return true;
    }
    akti_nng_ring_put(&o->ring, packet->message);
    return true;
}

void
akti_nng_start(struct akti_net *net)
{
    struct akti_nng_out *o = &net->out;

    if (o->ring.slots != NULL && akti_nng_ring_count(&o->ring) > 0
        && take_pump(net)) {
        go_on(net);
    }
}

uint32_t
akti_nng_pending(struct akti_net *net)
{
    /* acquire: pairs: nng_answer.c, on_done */
    return (net->out.ring.slots != NULL && !AKTI_MUTANT(nng_queue_not_pending)
                ? akti_nng_ring_count(&net->out.ring)
                : 0)
           + atomic_load_explicit(&net->pending, memory_order_acquire);
}

/* --- in --- */

void
akti_nng_packet(struct akti_packet *p, nng_msg *m, uint64_t tag)
{
    *p = (struct akti_packet){.message = m,
                              .bytes = nng_msg_body(m),
                              .size = nng_msg_len(m),
                              .tag = tag};
}

void
akti_nng_count_in(struct akti_net *net, nng_msg *m)
{
    akti_nng_count(&net->received, count_of(net, m));
    akti_nng_count(&net->received_bytes, nng_msg_len(m));
}

static void
take_in(struct akti_net *net, nng_msg *m)
{
    struct akti_nng_in *in = &net->in;

    akti_nng_count_mine(&net->received, count_of(net, m));
    akti_nng_count_mine(&net->received_bytes, nng_msg_len(m));
    if (!akti_nng_is_hushed(net) && akti_nng_ring_has_place(&in->ring)) {
        akti_nng_ring_put(&in->ring, m);
    } else {
        akti_nng_count(&net->dropped, AKTI_MUTANT(nng_drop_not_counted)
                                          ? 0
                                          : count_of(net, m));
        nng_msg_free(m);
    }
}

static bool
is_stalled(struct akti_nng_in *in)
{
    /* seq_cst: after the take; pairs: restart */
    return atomic_load_explicit(&in->stalled, memory_order_seq_cst) != 0;
}

/* Whoever takes it back receives again. */
static bool
take_stall(struct akti_nng_in *in)
{
    /* seq_cst: as acquire, what the other one did; pairs: restart */
    return atomic_exchange_explicit(&in->stalled, 0, memory_order_seq_cst) != 0;
}

/*
 * Receives the next one, or leaves that to the side when there is no room. What a
 * protocol drops goes on being read after a hush too: only so its end is seen.
 *
 * One at a time may do this: who received the one before, or took the stall. Until
 * he has, nobody puts, so the room that he sees here is still there.
 */
static void
restart(struct akti_net *net)
{
    struct akti_nng_in *in = &net->in;

    if (akti_nng_is_hushed(net) && !in->drops) {
        return;
    }
    while (!in->drops && !akti_nng_ring_has_place(&in->ring)) {
        /* seq_cst: before the look; pairs: akti_nng_receive */
        atomic_store_explicit(&in->stalled, 1, memory_order_seq_cst);
        if (akti_nng_ring_is_full(&in->ring) || !take_stall(in)) {
            return;
        }
    }
    nng_recv_aio(net->socket, in->aio);
}

/*
 * After the restart the same may run once more, in another thread: from there on
 * only what any thread may do.
 */
static void
on_received(void *arg)
{
    struct akti_net *net = arg;
    struct akti_nng_in *in = &net->in;

    /* An error is final: the socket is being closed. */
    if (nng_aio_result(in->aio) != 0) {
        return;
    }
    take_in(net, nng_aio_get_msg(in->aio));
    restart(net);
    /* seq_cst: after the put; pairs: is_empty */
    if (atomic_load_explicit(&in->idle, memory_order_seq_cst) != 0
        && atomic_exchange_explicit(&in->idle, 0, memory_order_seq_cst) != 0) {
        akti_link_wake(net->link, in->side);
    }
}

/* Says that it waits for one, and looks once more. */
static bool
is_empty(struct akti_nng_in *in)
{
    if (akti_nng_ring_has_one(&in->ring)) {
        return false;
    }
    /* seq_cst: before the look; pairs: on_received */
    atomic_store_explicit(&in->idle, 1, memory_order_seq_cst);
    return !akti_nng_ring_has_one(&in->ring);
}

bool
akti_nng_ready(struct akti_net *net)
{
    struct akti_nng_in *in = &net->in;

    return in->ring.slots == NULL || akti_nng_ring_has_one(&in->ring);
}

static uint64_t
tag_of(const struct akti_net *net, nng_msg *m)
{
    uint32_t id = 0;

    if (net->protocol == AKT_NNG_SURVEYOR && !AKTI_MUTANT(nng_survey_untagged)
        && nng_msg_header_trim_u32(m, &id) != 0) {
        id = 0;
    }
    return id & ~ASKED_BIT;
}

bool
akti_nng_receive(struct akti_net *net, struct akti_packet *out)
{
    struct akti_nng_in *in = &net->in;
    nng_msg *m;

    if (net->answers) {
        return akti_nng_answer_receive(net, out);
    }
    if (net->requests) {
        return akti_nng_ask_receive(net, out);
    }
    if (in->ring.slots == NULL || is_empty(in)) {
        return false;
    }
    m = akti_nng_ring_first(&in->ring);
    akti_nng_ring_take(&in->ring, nng_msg_len(m));
    if (is_stalled(in) && akti_nng_ring_has_room(&in->ring) && take_stall(in)
        && !AKTI_MUTANT(nng_stall_for_ever)) {
        restart(net);
    }
    akti_nng_packet(out, m, tag_of(net, m));
    return true;
}

/* --- life --- */

/* Its messages go by contexts: nng_ask.c, nng_answer.c. */
static bool
has_contexts(akt_nng_protocol p)
{
    return p == AKT_NNG_REQ || p == AKT_NNG_REP || p == AKT_NNG_RESPONDENT;
}

static bool
does_send(akt_nng_protocol p)
{
    return p != AKT_NNG_PULL && p != AKT_NNG_SUB && !has_contexts(p);
}

static bool
does_receive(akt_nng_protocol p)
{
    return p != AKT_NNG_PUSH && p != AKT_NNG_PUB && !has_contexts(p);
}

static akt_err
open_aio(nng_aio **aio, void (*done)(void *), void *arg)
{
    if (nng_aio_alloc(aio, done, arg) != 0) {
        return AKT_ENOMEM;
    }
    nng_aio_set_timeout(*aio, NNG_DURATION_INFINITE);
    return AKT_OK;
}

akt_err
akti_nng_flow_open(struct akti_net *net, const struct akti_net_config *c)
{
    akt_nng_protocol p = net->protocol;

    net->in.side = p == AKT_NNG_SURVEYOR ? AKTI_SIDE_OUT : AKTI_SIDE_IN;
    net->in.drops =
        p == AKT_NNG_SUB || p == AKT_NNG_BUS || p == AKT_NNG_SURVEYOR;
    net->out.side = AKTI_SIDE_OUT;
    if (does_send(p)) {
        AKT_TRY(akti_nng_ring_init(&net->out.ring, c->send_window,
                                   c->window_bytes));
        AKT_TRY(open_aio(&net->out.aio, on_sent, net));
    }
    if (does_receive(p)) {
        AKT_TRY(akti_nng_ring_init(&net->in.ring, c->window, c->window_bytes));
        AKT_TRY(open_aio(&net->in.aio, on_received, net));
    }
    return AKT_OK;
}

void
akti_nng_flow_start(struct akti_net *net)
{
    if (net->in.aio != NULL) {
        nng_recv_aio(net->socket, net->in.aio);
    }
}

void
akti_nng_flow_stop(struct akti_net *net)
{
    if (net->out.aio != NULL) {
        nng_aio_stop(net->out.aio);
    }
    if (net->in.aio != NULL) {
        nng_aio_stop(net->in.aio);
    }
}

static uint32_t
free_ring(struct akti_nng_ring *ring)
{
    uint32_t n = 0;

    while (ring->slots != NULL && akti_nng_ring_count(ring) > 0) {
        nng_msg *m = akti_nng_ring_first(ring);

        akti_nng_ring_take(ring, nng_msg_len(m));
        nng_msg_free(m);
        n++;
    }
    free(ring->slots);
    return n;
}

void
akti_nng_flow_fini(struct akti_net *net)
{
    nng_aio_free(net->out.aio);
    nng_aio_free(net->in.aio);
    (void)free_ring(&net->out.ring);
    (void)free_ring(&net->in.ring);
}
