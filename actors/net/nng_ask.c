/* SPDX-License-Identifier: MIT */
/*
 * What asks (REQ): each request that is open has a context of nng, by which its
 * answer comes back. nng's own REQ does it with one thread less on each way than a
 * raw one: a request is written by who sends it, and an answer is handed over by the
 * thread that has read it. nng is told to send nothing twice; then it tells at once
 * that a connection is gone that owes an answer.
 *
 * A request is first sent by an aio that has no callback and no time: it has left
 * when the call returns, or no peer was ready. Only then it waits, by the context's
 * own aio, and so does each one behind it, for the order. The answer is waited for
 * from the beginning.
 *
 * Giving up. nng does not survive that a context's receive is cancelled while its
 * send waits. So a context whose request has not left is closed, which ends both and
 * gives the message back, and is opened again when it is needed.
 *
 * A context is free again when none of its aios is in use and OUT has its answer.
 * OUT alone sends, receives, gives up, and opens and closes contexts, in its turns.
 */
#include "actors/base/mutant.h"
#include "actors/net/nng_back.h"

#include <nng/protocol/reqrep0/req.h>

struct akti_nng_ask {
    struct akti_net *net;
    struct akti_nng_ask *older;
    struct akti_nng_ask *next; /* in whichever list it is */
    struct akti_nng_ask *same; /* OUT's: of its bucket */
    nng_ctx ctx;
    bool is_open;     /* OUT's: the context */
    nng_aio *send;    /* for a request that waits for a peer */
    nng_aio *receive; /* for its answer */
    uint64_t tag;
    size_t bytes;
    /* guarded by the lock */
    uint32_t uses; /* the send that waits; the answer, until OUT has it */
    bool waits;    /* that send */
    bool given_up;
    nng_msg *answer; /* NULL: none will come */
    int result;
};

/* --- by their numbers; OUT's --- */

static struct akti_nng_ask **
bucket_of(struct akti_nng_asks *c, uint64_t tag)
{
    return &c->buckets[tag & c->mask];
}

static void
enter(struct akti_nng_asks *c, struct akti_nng_ask *x)
{
    struct akti_nng_ask **bucket = bucket_of(c, x->tag);

    x->same = *bucket;
    *bucket = x;
}

/* The one of this number leaves its bucket; NULL: there is none. */
static struct akti_nng_ask *
remove_tag(struct akti_nng_asks *c, uint64_t tag)
{
    struct akti_nng_ask **at = bucket_of(c, tag);
    struct akti_nng_ask *x;

    while (*at != NULL && (*at)->tag != tag) {
        at = &(*at)->same;
    }
    x = *at;
    if (x != NULL) {
        *at = x->same;
    }
    return x;
}

/* --- contexts --- */

static uint32_t
waiting(struct akti_net *net)
{
    /* Relaxed: it rises by OUT alone, and falls under the lock. */
    return atomic_load_explicit(&net->pending, memory_order_relaxed);
}

/* Under the lock: whether one more may be sent while `most` wait for a peer. */
static bool
has_room(struct akti_net *net, uint32_t most)
{
    struct akti_nng_asks *c = &net->asks;

    return waiting(net) <= most && (c->free != NULL || c->count < c->limit);
}

static void
put_free(struct akti_nng_asks *c, struct akti_nng_ask *x)
{
    x->next = c->free;
    c->free = x;
}

/* Under the lock: one use less. True: OUT, which waits for room, is to be woken. */
static bool
release(struct akti_nng_ask *x)
{
    struct akti_net *net = x->net;
    struct akti_nng_asks *c = &net->asks;
    bool wakes;

    if (--x->uses == 0) {
        put_free(c, x);
    }
    wakes = c->wants_room && has_room(net, c->window / 2)
            && !AKTI_MUTANT(nng_ask_room_not_told);
    c->wants_room = c->wants_room && !wakes;
    return wakes;
}

static void
wake_out(struct akti_net *net, bool wakes)
{
    if (wakes) {
        akti_link_wake(net->link, AKTI_SIDE_OUT);
    }
}

/* It has left, or will not. */
static void
on_sent(void *arg)
{
    struct akti_nng_ask *x = arg;
    struct akti_net *net = x->net;
    bool wakes;

    akti_nng_count(&net->activity, 1);
    akti_nng_count_out(net, x->send, x->bytes);
    (void)pthread_mutex_lock(&net->asks.lock);
    x->waits = false;
    akti_nng_has_left(net);
    wakes = release(x);
    (void)pthread_mutex_unlock(&net->asks.lock);
    wake_out(net, wakes);
}

/* Under the lock: for OUT. True: it is to be woken. */
static bool
append(struct akti_nng_asks *c, struct akti_nng_ask *x)
{
    bool wakes = c->idle;

    x->next = NULL;
    if (c->first == NULL) {
        c->first = x;
    } else {
        c->last->next = x;
    }
    c->last = x;
    c->idle = false;
    return wakes;
}

/* The answer is there, or will not come. */
static void
on_answered(void *arg)
{
    struct akti_nng_ask *x = arg;
    struct akti_net *net = x->net;
    int result = nng_aio_result(x->receive);
    nng_msg *m = result == 0 ? nng_aio_get_msg(x->receive) : NULL;
    bool wakes;

    akti_nng_count(&net->activity, 1);
    if (m != NULL) {
        akti_nng_count_in(net, m);
    }
    if (m != NULL && akti_nng_is_hushed(net)) {
        akti_nng_count(&net->dropped, 1);
        nng_msg_free(m);
        m = NULL;
    }
    (void)pthread_mutex_lock(&net->asks.lock);
    x->answer = m;
    x->result = result;
    wakes = x->given_up && m == NULL ? release(x) : append(&net->asks, x);
    (void)pthread_mutex_unlock(&net->asks.lock);
    wake_out(net, wakes);
}

static void
free_ask(struct akti_nng_ask *x)
{
    nng_aio_free(x->send);
    nng_aio_free(x->receive);
    if (x->answer != NULL) {
        nng_msg_free(x->answer);
    }
    free(x);
}

/* One more, without a context; NULL: no memory. */
static struct akti_nng_ask *
new_ask(struct akti_net *net)
{
    struct akti_nng_asks *c = &net->asks;
    struct akti_nng_ask *x = calloc(1, sizeof(*x));

    if (x == NULL) {
        return NULL;
    }
    x->net = net;
    if (nng_aio_alloc(&x->send, on_sent, x) != 0
        || nng_aio_alloc(&x->receive, on_answered, x) != 0) {
        free_ask(x);
        return NULL;
    }
    nng_aio_set_timeout(x->send, NNG_DURATION_INFINITE);
    nng_aio_set_timeout(x->receive, NNG_DURATION_INFINITE);
    (void)pthread_mutex_lock(&c->lock);
    x->older = c->all;
    c->all = x;
    c->count++;
    (void)pthread_mutex_unlock(&c->lock);
    return x;
}

static bool
open_context(struct akti_nng_ask *x)
{
    if (!x->is_open) {
        x->is_open = nng_ctx_open(&x->ctx, x->net->socket) == 0;
    }
    return x->is_open;
}

/* A free one, if there is room; *full: there is none, and OUT is woken for it. */
static struct akti_nng_ask *
take_free(struct akti_net *net, bool *full)
{
    struct akti_nng_asks *c = &net->asks;
    struct akti_nng_ask *x = NULL;

    (void)pthread_mutex_lock(&c->lock);
    *full = !has_room(net, c->window - 1);
    if (*full) {
        c->wants_room = true;
    } else if (c->free != NULL) {
        x = c->free;
        c->free = x->next;
    }
    (void)pthread_mutex_unlock(&c->lock);
    return x;
}

/* One with a context; NULL: there is no room, or no memory. */
static struct akti_nng_ask *
take(struct akti_net *net)
{
    struct akti_nng_asks *c = &net->asks;
    bool full;
    struct akti_nng_ask *x = take_free(net, &full);

    if (x == NULL && !full) {
        x = new_ask(net);
    }
    if (x == NULL || open_context(x)) {
        return x;
    }
    (void)pthread_mutex_lock(&c->lock);
    put_free(c, x);
    (void)pthread_mutex_unlock(&c->lock);
    return NULL;
}

/* --- sending --- */

/*
 * Without a callback and without time it is over when the call returns. What others
 * wait for does not come to this one first, whatever nng's order.
 */
static bool
send_now(struct akti_nng_ask *x, nng_msg *m)
{
    struct akti_net *net = x->net;
    nng_aio *aio = net->asks.now;

    if (waiting(net) > 0) {
        return false;
    }
    nng_aio_set_msg(aio, m);
    nng_ctx_send(x->ctx, aio);
    nng_aio_wait(aio);
    if (nng_aio_result(aio) != 0) {
        return false;
    }
    akti_nng_count_out(net, aio, x->bytes);
    return true;
}

static void
send_later(struct akti_nng_ask *x, nng_msg *m)
{
    struct akti_net *net = x->net;

    (void)pthread_mutex_lock(&net->asks.lock);
    x->waits = true;
    x->uses++;
    akti_nng_leaves(net);
    (void)pthread_mutex_unlock(&net->asks.lock);
    nng_aio_set_msg(x->send, m);
    nng_ctx_send(x->ctx, x->send);
}

bool
akti_nng_ask_send(struct akti_net *net, struct akti_packet *packet)
{
    struct akti_nng_ask *x = take(net);

    if (x == NULL) {
        return false;
    }
    x->tag = packet->tag;
    x->bytes = packet->size;
    x->uses = 1;
    x->given_up = false;
    enter(&net->asks, x);
    if (!send_now(x, packet->message)) {
        send_later(x, packet->message);
    }
    nng_ctx_recv(x->ctx, x->receive);
    return true;
}

/* --- receiving --- */

/* An answer for OUT, or that none will come; false: of this one nobody is told. */
static bool
tell(struct akti_nng_ask *x, struct akti_packet *out)
{
    if (x->answer != NULL) {
        akti_nng_packet(out, x->answer, x->tag);
        x->answer = NULL;
        return true;
    }
    *out = (struct akti_packet){.tag = x->tag, .err = akti_nng_err(x->result)};
    return !x->given_up && !akti_nng_is_hushed(x->net);
}

/* The next of those that have ended; false: there is none. */
static bool
take_ended(struct akti_net *net, struct akti_packet *out, bool *told)
{
    struct akti_nng_asks *c = &net->asks;
    struct akti_nng_ask *x;
    bool wakes = false;

    (void)pthread_mutex_lock(&c->lock);
    x = c->first;
    c->idle = x == NULL;
    if (x != NULL) {
        c->first = x->next;
        *told = tell(x, out);
        (void)remove_tag(c, x->tag);
        wakes = release(x);
    }
    (void)pthread_mutex_unlock(&c->lock);
    wake_out(net, wakes);
    return x != NULL;
}

bool
akti_nng_ask_receive(struct akti_net *net, struct akti_packet *out)
{
    bool told = false;

    while (!told && take_ended(net, out, &told)) {
    }
    return told;
}

/* --- giving up --- */

/* Its answer is waited for no longer; when it has not left it is lost. */
static void
end(struct akti_nng_ask *x, bool only_unsent)
{
    struct akti_nng_asks *c = &x->net->asks;
    bool waits;

    (void)pthread_mutex_lock(&c->lock);
    waits = x->waits;
    x->given_up = x->given_up || waits || !only_unsent;
    (void)pthread_mutex_unlock(&c->lock);
    if (waits && !AKTI_MUTANT(nng_ask_cancelled_unsent)) {
        (void)nng_ctx_close(x->ctx);
        x->is_open = false;
    } else if (!only_unsent) {
        nng_aio_cancel(x->receive);
    }
}

void
akti_nng_ask_drop(struct akti_net *net, uint64_t tag)
{
    struct akti_nng_ask *x = remove_tag(&net->asks, tag);

    if (x != NULL && !AKTI_MUTANT(nng_ask_kept)) {
        end(x, false);
    }
}

void
akti_nng_ask_close(struct akti_net *net)
{
    struct akti_nng_ask *x;

    for (x = net->asks.all; x != NULL && !AKTI_MUTANT(nng_ask_sent_after_close);
         x = x->older) {
        end(x, true);
    }
}

/* --- life --- */

akt_err
akti_nng_ask_open(struct akti_net *net, uint32_t requests, uint32_t window)
{
    struct akti_nng_asks *c = &net->asks;
    uint32_t buckets = 1;

    if (pthread_mutex_init(&c->lock, NULL) != 0) {
        return AKT_ENOMEM;
    }
    while (buckets < requests) {
        buckets *= 2;
    }
    c->mask = buckets - 1;
    c->limit = requests;
    c->window = window;
    c->idle = true;
    c->buckets = calloc(buckets, sizeof(*c->buckets));
    if (c->buckets == NULL || nng_aio_alloc(&c->now, NULL, NULL) != 0) {
        return AKT_ENOMEM;
    }
    nng_aio_set_timeout(c->now, NNG_DURATION_ZERO);
    if (AKTI_MUTANT(nng_ask_sent_again)) {
        return AKT_OK;
    }
    return akti_nng_err(nng_socket_set_ms(net->socket, NNG_OPT_REQ_RESENDTIME,
                                          NNG_DURATION_INFINITE));
}

void
akti_nng_ask_stop(struct akti_net *net)
{
    struct akti_nng_ask *x;

    for (x = net->asks.all; x != NULL; x = x->older) {
        nng_aio_stop(x->send);
        nng_aio_stop(x->receive);
    }
}

void
akti_nng_ask_fini(struct akti_net *net)
{
    struct akti_nng_asks *c = &net->asks;
    struct akti_nng_ask *x = c->all;

    while (x != NULL) {
        struct akti_nng_ask *older = x->older;

        free_ask(x);
        x = older;
    }
    nng_aio_free(c->now);
    free(c->buckets);
    (void)pthread_mutex_destroy(&c->lock);
}
