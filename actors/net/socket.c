/* SPDX-License-Identifier: MIT */
/* Opening, closing and counting: the owner's side of a socket. */
#include "actors/net/socket.h"

#include "actors/base/mutant.h"
#include "actors/core/future.h"
#include "actors/core/system.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define WINDOW_DEFAULT 128
/* Of streams of small messages: a millisecond of them, in which who is woken to
 * take or bring the next ones gets a core; and its bound. */
#define STREAM_WINDOW 2048
#define STREAM_BYTES ((uint64_t)4 << 20)
#define WINDOW_MAX 65536
/* Few, so that the next batch fills while these leave. */
#define BATCH_WINDOW 4
#define REQUESTS_DEFAULT 1024
#define REQUESTS_MAX 65536
#define PEERS_DEFAULT 16384
#define PEERS_MAX 65536
#define MESSAGE_MAX ((size_t)256 << 20)
#define REDIAL_MIN_NS AKT_MS(100)
#define REDIAL_MAX_NS AKT_SECONDS(10)
#define LINGER_NS AKT_SECONDS(1)

static const char *const names[] = {"no protocol", "push", "pull",  "pub",
                                    "sub",         "req",  "rep",   "surveyor",
                                    "respondent",  "pair", "pair0", "bus"};

/* --- options --- */

static akt_err
out_of_range(akt_error *error, const char *what)
{
    return akt_error_set(error, AKT_EINVAL, "the option %s is out of range",
                         what);
}

static bool
may_batch(const akt_nng_opts *o)
{
    return o->protocol != AKT_NNG_REQ && o->protocol != AKT_NNG_REP
           && o->protocol != AKT_NNG_SURVEYOR
           && o->protocol != AKT_NNG_RESPONDENT && o->topics == NULL;
}

/* Less than nng can count would be no wait at all. */
static bool
is_redial(uint64_t ns)
{
    return ns == 0 || (ns >= AKT_MS(1) && ns <= AKT_SECONDS(3600));
}

static akt_err
check_options(const akt_nng_opts *o, akt_error *error)
{
    if (o->protocol < AKT_NNG_PUSH || o->protocol > AKT_NNG_BUS) {
        return out_of_range(error, "protocol");
    }
    if (o->max_message > MESSAGE_MAX) {
        return out_of_range(error, "max_message");
    }
    if (o->window > WINDOW_MAX) {
        return out_of_range(error, "window");
    }
    if (o->requests > REQUESTS_MAX) {
        return out_of_range(error, "requests");
    }
    if (o->max_peers > PEERS_MAX) {
        return out_of_range(error, "max_peers");
    }
    if (o->answer_ns == AKT_NEVER) {
        return out_of_range(error, "answer_ns");
    }
    if (!is_redial(o->redial_min_ns) || !is_redial(o->redial_max_ns)) {
        return out_of_range(error, "redial_min_ns or redial_max_ns");
    }
    if (o->batch_bytes > MESSAGE_MAX) {
        return out_of_range(error, "batch_bytes");
    }
    if (o->batch_bytes > 0 && !may_batch(o)) {
        return akt_error_set(error, AKT_EINVAL,
                             "batches are for sockets that neither ask nor "
                             "answer, and that have no topics");
    }
    if (o->whole && (o->batch_bytes == 0 || o->types != NULL)) {
        return akt_error_set(error, AKT_EINVAL,
                             "whole batches are for sockets with batch_bytes, "
                             "and without types");
    }
    if (o->topics != NULL && o->protocol != AKT_NNG_SUB) {
        return akt_error_set(error, AKT_EINVAL, "only a SUB socket has topics");
    }
    return AKT_OK;
}

static bool
brings_mail(const akt_nng_opts *o)
{
    return o->peers
           || !(o->protocol == AKT_NNG_PUSH || o->protocol == AKT_NNG_PUB
                || o->protocol == AKT_NNG_REQ
                || o->protocol == AKT_NNG_SURVEYOR);
}

static akt_err
check_receiver(akt_self *self, const akt_nng_opts *o, akt_error *error)
{
    if (!akt_ref_is_none(o->to) || self->actor != NULL || !brings_mail(o)) {
        return AKT_OK;
    }
    return akt_error_set(error, AKT_EINVAL,
                         "a thread has no mailbox: say by `to` who gets what "
                         "arrives");
}

static uint64_t
or_default(uint64_t value, uint64_t standard)
{
    return value != 0 ? value : standard;
}

/* Messages one by one, of which none is dropped for who is slow. */
static bool
is_stream(const akt_nng_opts *o)
{
    return o->batch_bytes == 0
           && (o->protocol == AKT_NNG_PUSH || o->protocol == AKT_NNG_PULL
               || o->protocol == AKT_NNG_PAIR || o->protocol == AKT_NNG_PAIR0);
}

static void
set_windows(const akt_nng_opts *o, struct akti_net_config *c)
{
    uint32_t window = is_stream(o) ? STREAM_WINDOW : WINDOW_DEFAULT;
    uint32_t send_window = o->batch_bytes > 0 ? BATCH_WINDOW : window;

    c->window = (uint32_t)or_default(o->window, window);
    c->send_window = (uint32_t)or_default(o->window, send_window);
    c->window_bytes = o->window == 0 && is_stream(o) ? STREAM_BYTES : 0;
}

static void
configure(const akt_nng_opts *o, struct akti_net_config *c)
{
    *c = (struct akti_net_config){
        .protocol = o->protocol,
        .topics = o->topics,
        .tls = o->tls,
        .max_message = AKTI_MUTANT(net_size_unlimited)
                           ? 0
                           : or_default(o->max_message, AKT_NNG_MESSAGE_MAX),
        .batches = o->batch_bytes > 0,
        .requests = (uint32_t)or_default(o->requests, REQUESTS_DEFAULT),
        .max_peers = (uint32_t)or_default(o->max_peers, PEERS_DEFAULT),
        .redial_min_ns = or_default(o->redial_min_ns, REDIAL_MIN_NS),
        .redial_max_ns = or_default(o->redial_max_ns, REDIAL_MAX_NS)};
    (void)snprintf(c->name, sizeof(c->name), "%s",
                   o->name != NULL ? o->name : names[o->protocol]);
    set_windows(o, c);
    if (c->redial_max_ns < c->redial_min_ns) {
        c->redial_max_ns = c->redial_min_ns;
    }
}

/* --- life --- */

static void
free_socket(struct akti_socket *s)
{
    struct akti_link *link = s->link;

    akti_memory_free(&s->dispatcher->memory, s, sizeof(*s), 64);
    if (link != NULL) {
        akti_link_release(link);
    }
}

void
akti_socket_release(struct akti_socket *s)
{
    /* acquire and release: the last one sees what all others did; pairs: itself */
    if (atomic_fetch_sub_explicit(&s->holders, 1, memory_order_acq_rel) == 1) {
        free_socket(s);
    }
}

/* What the sides have counted, which the transport knows nothing of. */
static void
add_own(struct akti_socket *s, akt_nng_counters *c)
{
    /* Relaxed: numbers that order nothing. */
    c->refused = atomic_load_explicit(&s->refused, memory_order_relaxed);
    c->unwanted = atomic_load_explicit(&s->unwanted, memory_order_relaxed);
    c->dropped += atomic_load_explicit(&s->dropped, memory_order_relaxed);
}

/* Somebody has sent or been sent these, and nobody gets them. */
static void
log_losses(struct akti_socket *s, const akt_nng_counters *c)
{
    if ((c->lost > 0 || c->dropped > 0) && !AKTI_MUTANT(net_losses_not_said)) {
        akti_log_line(&s->dispatcher->log, AKT_LOG_WARNING,
                      "the socket %s (%s) is closed: of what it was to send "
                      "%" PRIu64 " messages are lost, of what it received "
                      "%" PRIu64 " were dropped",
                      s->name, names[s->protocol], c->lost, c->dropped);
    }
}

void
akti_socket_settle(struct akti_socket *s)
{
    akt_nng_counters last = {0};

    if (s->closed) {
        return;
    }
    s->transport->count(s->net, &last);
    /* Relaxed, both: the sides, which have ended, have counted. */
    if (!AKTI_MUTANT(net_unread_forgotten)) {
        last.dropped = last.received
                       - atomic_load_explicit(&s->taken, memory_order_relaxed);
    }
    if (akti_socket_answers(s)) {
        last.lost += AKTI_MUTANT(net_answers_forgotten)
                         ? 0
                         : s->transport->pending(s->net);
    } else {
        last.lost = atomic_load_explicit(&s->accepted, memory_order_relaxed)
                    - last.sent;
    }
    add_own(s, &last);
    akti_latch_lock(&s->link->latch);
    s->closed = true;
    s->last = last;
    akti_latch_unlock(&s->link->latch);
    log_losses(s, &last);
}

static void
close_net(struct akti_socket *s)
{
    akti_socket_settle(s);
    s->transport->close(s->net);
}

void
akti_socket_leave(struct akti_socket *s, enum akti_side side)
{
    if (akti_link_leave(s->link, side)) {
        close_net(s);
    }
}

/* --- what both sides do --- */

void
akti_side_ended(akt_self *self, struct akti_actor *a, struct akti_cell *cell)
{
    (void)self;
    (void)a;
    (void)cell;
}

void
akti_side_outbox(akt_self *self, struct akti_actor *a)
{
    (void)self;
    (void)a;
}

uint32_t
akti_side_holds(const struct akti_actor *a, const struct akti_message *m)
{
    (void)a;
    (void)m;
    return 0;
}

void
akti_side_gone(akt_self *self, void *socket)
{
    (void)self;
    akti_socket_release(socket);
}

/* --- the owner's cell --- */

static void
close_handle(akt_self *self, struct akti_cell *cell)
{
    struct akti_socket *s = cell->arg;

    akti_cell_release(self->ctx, cell);
    akti_latch_lock(&s->link->latch);
    if (!s->closed && !AKTI_MUTANT(net_retires_late)) {
        s->transport->retire(s->net);
    }
    akti_latch_unlock(&s->link->latch);
    akt_ignore(akt_drain(self, s->out));
    akti_socket_release(s);
}

static const struct akti_owned socket_owned = {"nng socket", close_handle};

/* Both sides, IN first. On an error neither is there, or both are about to go. */
static akt_err
spawn_sides(akt_self *self, struct akti_socket *s, akt_error *error)
{
    union {
        struct akti_socket *socket;
        char bytes[AKTI_SIDE_STATE_MAX];
    } state = {.bytes = {0}};
    akt_err err;

    state.socket = s;
    err = akti_spawn(self, &akti_net_in_class, &s->in, &state);
    if (err == AKT_OK) {
        err = akti_spawn(self,
                         s->whole && !AKTI_MUTANT(whole_as_many)
                             ? &akti_net_out_whole_class
                             : &akti_net_out_class,
                         &s->out, &state);
        if (err != AKT_OK) {
            /* OUT's part of the leaving: nobody was told of it. */
            akt_ignore(akt_kill(self, s->in));
            akti_socket_leave(s, AKTI_SIDE_OUT);
            akti_socket_release(s);
        }
    } else {
        s->transport->close(s->net);
        akti_socket_release(s);
        akti_socket_release(s);
    }
    return err != AKT_OK ? akt_error_set(error, err, NULL) : AKT_OK;
}

/* NULL: no memory. */
static struct akti_socket *
new_socket(akt_self *self, const akt_nng_opts *o)
{
    struct akti_dispatcher *d = &self->system->dispatcher;
    struct akti_socket *s = akti_memory_zalloc(&d->memory, sizeof(*s), 64);

    if (s == NULL) {
        return NULL;
    }
    s->dispatcher = d;
    s->link = akti_link_new(d);
    if (s->link == NULL) {
        free_socket(s);
        return NULL;
    }
    /* The owner's cell and the two sides. */
    atomic_init(&s->holders, 3);
    s->transport =
        self->ctx->sim != NULL ? &akti_sim_transport : &akti_nng_transport;
    s->protocol = o->protocol;
    s->to = !akt_ref_is_none(o->to) ? o->to : akt_self_ref(self);
    s->peers = o->peers;
    s->types = o->types;
    s->batch_bytes = o->batch_bytes;
    s->whole = o->whole;
    s->requests = (uint32_t)or_default(o->requests, REQUESTS_DEFAULT);
    s->answer_ns = o->answer_ns;
    s->linger_ns = or_default(o->linger_ns, LINGER_NS);
    return s;
}

static akt_err
open_socket(akt_self *self, const akt_nng_opts *o, struct akti_socket **out,
            akt_error *error)
{
    struct akti_net_config config;
    struct akti_socket *s = new_socket(self, o);
    akt_err err;

    if (s == NULL) {
        return akt_error_set(error, AKT_ENOMEM, NULL);
    }
    configure(o, &config);
    memcpy(s->name, config.name, sizeof(s->name));
    err = s->transport->open(&config, s->link, &s->net, error);
    if (err != AKT_OK) {
        free_socket(s);
        return err;
    }
    err = spawn_sides(self, s, error);
    if (err != AKT_OK) {
        akti_socket_release(s);
        return err;
    }
    *out = s;
    return AKT_OK;
}

static akt_err
check_caller(akt_self *self, akt_error *error)
{
    akt_err err = AKT_OK;

    if (!akti_system_is_ours(self->system)) {
        err = AKT_EFORK;
    } else if (self->actor == NULL && self->port == NULL) {
        err = AKT_ECONTEXT;
    }
    return err != AKT_OK ? akt_error_set(error, err, NULL) : AKT_OK;
}

akt_err
akti_socket_open(akt_self *self, const akt_nng_opts *opts, akt_nng *out_socket,
                 akt_error *error)
{
    struct akti_socket *s = NULL;
    struct akti_cell *cell;
    akt_err err;

    AKT_TRY(check_caller(self, error));
    AKT_TRY(check_options(opts, error));
    AKT_TRY(check_receiver(self, opts, error));
    cell = akti_owned_new(self, &socket_owned, NULL);
    if (cell == NULL) {
        return akt_error_set(error, AKT_ENOMEM, NULL);
    }
    err = open_socket(self, opts, &s, error);
    if (s == NULL) {
        akti_owned_undo(self, cell);
        return err;
    }
    cell->arg = s;
    *out_socket = (akt_nng){cell, akti_cell_generation(cell), s->out, s->in};
    return AKT_OK;
}

void
akt_nng_close(akt_self *self, akt_nng socket)
{
    struct akti_cell *cell =
        akti_owned_find(self, socket.cell, socket.generation, &socket_owned);

    if (cell != NULL) {
        akti_owned_close(self, cell);
    }
}

struct akti_socket *
akti_socket_of(akt_self *self, akt_nng socket)
{
    struct akti_cell *cell =
        akti_owned_find(self, socket.cell, socket.generation, &socket_owned);

    return cell != NULL ? cell->arg : NULL;
}

akt_err
akt_nng_stats(akt_self *self, akt_nng socket, akt_nng_counters *out_counters)
{
    struct akti_socket *s = akti_socket_of(self, socket);

    if (s == NULL) {
        return AKT_EENDED;
    }
    *out_counters = (akt_nng_counters){0};
    akti_latch_lock(&s->link->latch);
    if (s->closed) {
        *out_counters = s->last;
    } else {
        s->transport->count(s->net, out_counters);
        /* Relaxed: a number that orders nothing. */
        out_counters->lost +=
            atomic_load_explicit(&s->lost, memory_order_relaxed);
        add_own(s, out_counters);
    }
    akti_latch_unlock(&s->link->latch);
    return AKT_OK;
}
