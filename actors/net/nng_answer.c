/* SPDX-License-Identifier: MIT */
/*
 * Protocols that answer: each request comes into a context of nng, which remembers
 * the way back until it is answered or dropped. One context receives at a time, or
 * the order of a peer's requests would be lost; the others hold requests that IN has,
 * send answers, or wait in `free`. New ones are made by IN when none is left.
 *
 * nng calls back from a thread of its own also when an operation ends at once, as
 * most answers do. That thread would compete with the one that carries the answer
 * on. So an answer that has no company is sent by an aio without a callback. That is
 * over when nng has taken the message, or there is an error, as a look at the aio
 * tells. nng's manual does not say so; nng 1.5.2 and a later 1 were read for it. Only
 * what waits, because the peer's last answer has not quite left, has to be looked at
 * again: IN looks when it asks for the next request, and OUT now and then. Not by
 * nng's timers: each that ends keeps nng's thread for timers busy for the rest of a
 * millisecond, with a lock in its hands that all of nng waits for.
 */
#include "actors/base/mutant.h"
#include "actors/net/nng_back.h"

enum state {
    FREE = 0,
    RECEIVING,
    HELD, /* by IN, or in the list for it */
    SENDING,
    SENDING_QUIETLY /* by the aio without a callback */
};

struct akti_nng_context {
    struct akti_net *net;
    struct akti_nng_context *older;
    struct akti_nng_context *next; /* in whichever list it is */
    nng_ctx ctx;
    nng_aio *aio;
    nng_aio *quiet;   /* without a callback */
    nng_msg *request; /* in the list for IN */
    size_t bytes;     /* of the answer that is being sent */
    enum state state;
};

static void
put_free(struct akti_nng_contexts *c, struct akti_nng_context *x)
{
    x->state = FREE;
    x->next = c->free;
    c->free = x;
}

/* The one that is to receive now, if one may; for begin_receive. */
static struct akti_nng_context *
next_receiver(struct akti_net *net)
{
    struct akti_nng_contexts *c = &net->contexts;
    struct akti_nng_context *x = c->free;

    if (x == NULL || c->receiving || c->waiting >= c->window
        || akti_nng_is_hushed(net)) {
        return NULL;
    }
    c->free = x->next;
    c->receiving = true;
    x->state = RECEIVING;
    return x;
}

static void
begin_receive(struct akti_nng_context *x)
{
    if (x != NULL) {
        nng_ctx_recv(x->ctx, x->aio);
    }
}

static void
append(struct akti_nng_contexts *c, struct akti_nng_context *x, nng_msg *m)
{
    x->request = m;
    x->state = HELD;
    x->next = NULL;
    if (c->first == NULL) {
        c->first = x;
    } else {
        c->last->next = x;
    }
    c->last = x;
    c->waiting++;
    c->held++;
}

static void
received(struct akti_net *net, struct akti_nng_context *x)
{
    struct akti_nng_contexts *c = &net->contexts;
    struct akti_nng_context *next;
    nng_msg *m = nng_aio_get_msg(x->aio);
    bool wakes;

    akti_nng_count_in(net, m);
    (void)pthread_mutex_lock(&c->lock);
    c->receiving = false;
    append(c, x, m);
    next = next_receiver(net);
    wakes = c->idle;
    c->idle = false;
    (void)pthread_mutex_unlock(&c->lock);
    begin_receive(next);
    if (wakes) {
        akti_link_wake(net->link, AKTI_SIDE_IN);
    }
}

void
akti_nng_leaves(struct akti_net *net)
{
    /* Relaxed: the lock. */
    if (atomic_fetch_add_explicit(&net->pending, 1, memory_order_relaxed)
        == 0) {
        akti_link_busy(net->link, true);
    }
}

void
akti_nng_has_left(struct akti_net *net)
{
    /* release: it has left; pairs: akti_nng_pending */
    if (atomic_fetch_sub_explicit(&net->pending, 1, memory_order_release)
        == 1) {
        akti_link_busy(net->link, false);
    }
}

void
akti_nng_count_out(struct akti_net *net, nng_aio *aio, size_t bytes)
{
    if (nng_aio_result(aio) != 0) {
        nng_msg_free(nng_aio_get_msg(aio));
        akti_nng_count(&net->lost, 1);
    } else {
        akti_nng_count(&net->sent, 1);
        akti_nng_count(&net->sent_bytes, bytes);
    }
}

/* By this aio; or it could not be. */
static void
sent(struct akti_nng_context *x, nng_aio *aio)
{
    struct akti_net *net = x->net;
    struct akti_nng_contexts *c = &net->contexts;
    struct akti_nng_context *next;

    akti_nng_count_out(net, aio, x->bytes);
    (void)pthread_mutex_lock(&c->lock);
    put_free(c, x);
    next = AKTI_MUTANT(nng_answered_and_deaf) ? NULL : next_receiver(net);
    akti_nng_has_left(net);
    (void)pthread_mutex_unlock(&c->lock);
    begin_receive(next);
}

/* False: it waits still; then the message is the aio's, and there is no error. */
static bool
has_left_quietly(struct akti_nng_context *x)
{
    return nng_aio_get_msg(x->quiet) == NULL || nng_aio_result(x->quiet) != 0;
}

static void
sent_quietly(struct akti_nng_context *x)
{
    /* Whoever took the message then ends the operation. */
    nng_aio_wait(x->quiet);
    sent(x, x->quiet);
}

bool
akti_nng_settle(struct akti_net *net)
{
    struct akti_nng_contexts *c = &net->contexts;
    struct akti_nng_context *x;
    bool left;

    (void)pthread_mutex_lock(&c->lock);
    x = c->unsettled;
    left =
        x != NULL && has_left_quietly(x) && !AKTI_MUTANT(nng_quiet_forgotten);
    if (left) {
        c->unsettled = NULL;
    }
    (void)pthread_mutex_unlock(&c->lock);
    if (left) {
        sent_quietly(x);
    }
    return x == NULL || left;
}

static void
on_done(void *arg)
{
    struct akti_nng_context *x = arg;
    struct akti_net *net = x->net;

    akti_nng_count(&net->activity, 1);
    if (x->state == SENDING) {
        sent(x, x->aio);
    } else if (nng_aio_result(x->aio) == 0) {
        received(net, x);
    }
    /* An error in receiving is final: the socket is being closed. */
}

/* One more context, which is free; false when there cannot be. IN, or the open. */
static bool
add_context(struct akti_net *net)
{
    struct akti_nng_contexts *c = &net->contexts;
    struct akti_nng_context *x = calloc(1, sizeof(*x));

    if (x == NULL) {
        return false;
    }
    x->net = net;
    if (nng_ctx_open(&x->ctx, net->socket) != 0) {
        free(x);
        return false;
    }
    if (nng_aio_alloc(&x->aio, on_done, x) != 0
        || nng_aio_alloc(&x->quiet, NULL, NULL) != 0) {
        (void)nng_ctx_close(x->ctx);
        nng_aio_free(x->aio);
        free(x);
        return false;
    }
    nng_aio_set_timeout(x->aio, NNG_DURATION_INFINITE);
    nng_aio_set_timeout(x->quiet, NNG_DURATION_INFINITE);
    (void)pthread_mutex_lock(&c->lock);
    x->older = c->all;
    c->all = x;
    c->count++;
    put_free(c, x);
    (void)pthread_mutex_unlock(&c->lock);
    return true;
}

akt_err
akti_nng_answer_open(struct akti_net *net, uint32_t requests, uint32_t window)
{
    struct akti_nng_contexts *c = &net->contexts;

    if (pthread_mutex_init(&c->lock, NULL) != 0) {
        return AKT_ENOMEM;
    }
    c->limit = requests;
    c->window = window;
    c->idle = true;
    return add_context(net) ? AKT_OK : AKT_ENOMEM;
}

static struct akti_nng_context *
pop(struct akti_nng_contexts *c)
{
    struct akti_nng_context *x = c->first;

    if (x == NULL) {
        c->idle = true;
        return NULL;
    }
    c->first = x->next;
    c->waiting--;
    return x;
}

/* Sees to it that one receives, if there may be one more. */
static void
see_to_receiver(struct akti_net *net)
{
    struct akti_nng_contexts *c = &net->contexts;
    struct akti_nng_context *next;
    bool lacks;

    (void)pthread_mutex_lock(&c->lock);
    lacks = !c->receiving && c->free == NULL && c->count < c->limit;
    (void)pthread_mutex_unlock(&c->lock);
    if (lacks) {
        (void)add_context(net);
    }
    (void)pthread_mutex_lock(&c->lock);
    next = next_receiver(net);
    (void)pthread_mutex_unlock(&c->lock);
    begin_receive(next);
}

bool
akti_nng_answer_receive(struct akti_net *net, struct akti_packet *out)
{
    struct akti_nng_contexts *c = &net->contexts;
    struct akti_nng_context *x;
    nng_msg *m = NULL;

    (void)akti_nng_settle(net);
    (void)pthread_mutex_lock(&c->lock);
    x = pop(c);
    if (x != NULL) {
        m = x->request;
        x->request = NULL;
    }
    (void)pthread_mutex_unlock(&c->lock);
    see_to_receiver(net);
    if (x == NULL) {
        return false;
    }
    akti_nng_packet(out, m, (uint64_t)(uintptr_t)x);
    return true;
}

/* Whether it is the only request, and no answer is on its way. */
static bool
is_alone(struct akti_net *net)
{
    return NNG_MAJOR_VERSION == 1 && net->protocol == AKT_NNG_REP
           && net->contexts.held == 0
           /* Relaxed: the lock. */
           && atomic_load_explicit(&net->pending, memory_order_relaxed) == 0;
}

static void
send_quietly(struct akti_nng_context *x, nng_msg *m)
{
    struct akti_net *net = x->net;

    nng_aio_set_msg(x->quiet, m);
    nng_ctx_send(x->ctx, x->quiet);
    if (has_left_quietly(x)) {
        sent_quietly(x);
        return;
    }
    (void)pthread_mutex_lock(&net->contexts.lock);
    net->contexts.unsettled = x;
    (void)pthread_mutex_unlock(&net->contexts.lock);
    akti_link_wake(net->link, AKTI_SIDE_OUT);
}

void
akti_nng_answer_send(struct akti_net *net, struct akti_packet *packet)
{
    struct akti_nng_context *x = (void *)(uintptr_t)packet->tag;

    (void)pthread_mutex_lock(&net->contexts.lock);
    net->contexts.held--;
    x->state = is_alone(net) ? SENDING_QUIETLY : SENDING;
    x->bytes = packet->size;
    akti_nng_leaves(net);
    (void)pthread_mutex_unlock(&net->contexts.lock);
    if (x->state == SENDING_QUIETLY) {
        send_quietly(x, packet->message);
        return;
    }
    nng_aio_set_msg(x->aio, packet->message);
    nng_ctx_send(x->ctx, x->aio);
}

void
akti_nng_answer_drop(struct akti_net *net, uint64_t tag)
{
    struct akti_nng_contexts *c = &net->contexts;
    struct akti_nng_context *next;

    (void)pthread_mutex_lock(&c->lock);
    c->held--;
    if (!AKTI_MUTANT(nng_dropped_request_kept)) {
        put_free(c, (void *)(uintptr_t)tag);
    }
    next = next_receiver(net);
    (void)pthread_mutex_unlock(&c->lock);
    begin_receive(next);
}

void
akti_nng_answer_stop(struct akti_net *net)
{
    struct akti_nng_context *x;

    for (x = net->contexts.all; x != NULL; x = x->older) {
        nng_aio_stop(x->aio);
        nng_aio_stop(x->quiet);
    }
}

void
akti_nng_answer_fini(struct akti_net *net)
{
    struct akti_nng_context *x = net->contexts.all;

    while (x != NULL) {
        struct akti_nng_context *older = x->older;

        if (x->state == SENDING_QUIETLY && nng_aio_result(x->quiet) != 0) {
            nng_msg_free(nng_aio_get_msg(x->quiet));
        }
        nng_aio_free(x->aio);
        nng_aio_free(x->quiet);
        if (x->request != NULL) {
            nng_msg_free(x->request);
        }
        free(x);
        x = older;
    }
    (void)pthread_mutex_destroy(&net->contexts.lock);
}
