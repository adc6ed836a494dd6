/* SPDX-License-Identifier: MIT */
/*
 * The back end that is nng. Its files (nng_*.c) are the only ones that include
 * nng's headers.
 *
 * Callbacks of nng run in threads of nng, of which there are few. They put a
 * message into a ring, take the next out of one, set the aio to work again, and
 * wake a side; they wait for nothing but short locks of this back end, call no user's
 * code, and free no aio.
 *
 * `holders` are the two sides together, each listen or dial on its way, and the
 * close. nng gives its callbacks a pointer that is good until the close has stopped
 * all aios.
 */
#ifndef AKT_NET_NNG_BACK_H
#define AKT_NET_NNG_BACK_H

#include "actors/net/link.h"
#include "actors/net/nng_ring.h"
#include "actors/net/transport.h"

#include <nng/nng.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

/* What goes out: the side that sends puts, whoever has `pumping` takes. */
struct akti_nng_out {
    struct akti_nng_ring ring;
    nng_aio *aio;
    _Atomic uint32_t pumping;
    _Atomic uint32_t wants_room; /* the side was told that there is none */
    enum akti_side side;
    /* who has the pump */
    bool busy; /* the link was told so */
    /* the packet that is leaving: its messages, and its bytes */
    uint64_t count;
    uint64_t bytes;
};

/* What comes in: the callback puts, the side that receives takes. */
struct akti_nng_in {
    struct akti_nng_ring ring;
    nng_aio *aio;
    _Atomic uint32_t stalled; /* the callback left the receiving to the side */
    _Atomic uint32_t idle;    /* the side was told that there is nothing */
    enum akti_side side;
    bool drops; /* immutable: what finds no room, in place of stalling */
};

struct akti_nng_peer;
struct akti_nng_context;
struct akti_nng_ask;

#define AKTI_NNG_BUCKETS 64

/* The connections; all guarded by `lock`, which callbacks of nng take. */
struct akti_nng_peers {
    pthread_mutex_t lock;
    struct akti_nng_peer *buckets[AKTI_NNG_BUCKETS];
    struct akti_nng_peer *first; /* with something to tell, oldest first */
    struct akti_nng_peer *last;
    uint32_t count;    /* that are up */
    uint32_t admitted; /* these, and those on their way up */
    uint64_t ever;
    uint64_t refused;
    bool tells; /* immutable: somebody asks for events */
    bool idle;  /* IN was told of none */
};

/* Contexts of a protocol that answers; guarded by `lock`. */
struct akti_nng_contexts {
    pthread_mutex_t lock;
    struct akti_nng_context *all;   /* newest first */
    struct akti_nng_context *free;  /* not in use */
    struct akti_nng_context *first; /* with a request for IN, oldest first */
    struct akti_nng_context *last;
    struct akti_nng_context *unsettled; /* its answer waits, and nobody tells */
    uint32_t count;
    uint32_t limit;
    uint32_t waiting; /* in the list for IN */
    uint32_t held;    /* these, and those that IN has */
    uint32_t window;
    bool receiving; /* one of them */
    bool idle;      /* IN was told of none */
};

/* Contexts of a REQ socket; see nng_ask.c. */
struct akti_nng_asks {
    pthread_mutex_t lock;
    /* guarded by lock */
    struct akti_nng_ask *all;   /* newest first; added to by OUT */
    struct akti_nng_ask *free;  /* not in use */
    struct akti_nng_ask *first; /* that have ended, for OUT, oldest first */
    struct akti_nng_ask *last;
    uint32_t count;
    bool wants_room; /* OUT was told that there is none */
    bool idle;       /* OUT was told of none */
    /* immutable */
    uint32_t limit;
    uint32_t window;
    uint32_t mask;
    /* OUT's */
    struct akti_nng_ask **buckets; /* those that are open, by their numbers */
    nng_aio *now;                  /* without a callback */
};

struct akti_net {
    struct akti_link *link;
    nng_socket socket;
    akt_nng_protocol protocol;
    char name[AKTI_NET_NAME_SIZE];
    char url[AKTI_NET_URL_SIZE]; /* guarded by peers.lock: the last one */
    size_t max_message;
    uint32_t max_peers;
    uint64_t redial_min_ns;
    uint64_t redial_max_ns;
    struct akti_nng_tls *tls; /* NULL: none */
    bool answers;             /* REP, RESPONDENT */
    bool requests;            /* REQ */
    bool batches;             /* immutable, as in the config */
    struct akti_nng_out out;
    struct akti_nng_in in;
    struct akti_nng_peers peers;
    struct akti_nng_contexts contexts;
    struct akti_nng_asks asks;
    _Atomic uint32_t holders;
    _Atomic uint32_t hushed;   /* no more receiving */
    _Atomic uint32_t closing;  /* the sides are gone */
    _Atomic uint32_t listens;  /* somewhere */
    _Atomic uint32_t retired;  /* it is one of akti_nng_closings */
    _Atomic uint32_t pending;  /* requests or answers that have not left */
    _Atomic uint64_t activity; /* beside the messages of nng_flow.c */
    _Atomic uint64_t sent;
    _Atomic uint64_t sent_bytes;
    _Atomic uint64_t received;
    _Atomic uint64_t received_bytes;
    _Atomic uint64_t dropped;
    _Atomic uint64_t lost;
    struct akti_nng_job *close_job;
};

/* Relaxed: a number that orders nothing. */
static inline void
akti_nng_count(_Atomic uint64_t *counter, uint64_t n)
{
    (void)atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

/* The same of one that no two threads count at a time. */
static inline void
akti_nng_count_mine(_Atomic uint64_t *counter, uint64_t n)
{
    atomic_store_explicit(
        counter, atomic_load_explicit(counter, memory_order_relaxed) + n,
        memory_order_relaxed);
}

static inline bool
akti_nng_is_hushed(struct akti_net *net)
{
    /* acquire: with what follows from it; pairs: akti_nng_hush */
    return atomic_load_explicit(&net->hushed, memory_order_acquire) != 0;
}

void akti_nng_hold(struct akti_net *net);
/* The last one frees it. */
void akti_nng_release(struct akti_net *net);

/* --- nng_flow.c --- */

akt_err akti_nng_flow_open(struct akti_net *net,
                           const struct akti_net_config *c);
/* All aios have stopped: frees what is left. */
void akti_nng_flow_fini(struct akti_net *net);
/* Waits until no callback runs any more. */
void akti_nng_flow_stop(struct akti_net *net);
void akti_nng_flow_start(struct akti_net *net);
bool akti_nng_send(struct akti_net *net, struct akti_packet *packet);
void akti_nng_start(struct akti_net *net);
bool akti_nng_receive(struct akti_net *net, struct akti_packet *out);
bool akti_nng_ready(struct akti_net *net);
uint32_t akti_nng_pending(struct akti_net *net);
/* What a message looks like to the sides; `m` is moved. */
void akti_nng_packet(struct akti_packet *p, nng_msg *m, uint64_t tag);
/* One that came, for the counters. */
void akti_nng_count_in(struct akti_net *net, nng_msg *m);

/* --- nng_answer.c --- */

akt_err akti_nng_answer_open(struct akti_net *net, uint32_t requests,
                             uint32_t window);
void akti_nng_answer_fini(struct akti_net *net);
void akti_nng_answer_stop(struct akti_net *net);
bool akti_nng_answer_receive(struct akti_net *net, struct akti_packet *out);
void akti_nng_answer_send(struct akti_net *net, struct akti_packet *packet);
void akti_nng_answer_drop(struct akti_net *net, uint64_t tag);
/* Any thread. True: no answer waits unless its end will be told. */
bool akti_nng_settle(struct akti_net *net);

/* Under its lock: one more that is to leave; one that has, or will not. */
void akti_nng_leaves(struct akti_net *net);
void akti_nng_has_left(struct akti_net *net);
/* One of so many bytes has left by this aio, or is freed and lost. */
void akti_nng_count_out(struct akti_net *net, nng_aio *aio, size_t bytes);

/* --- nng_ask.c --- */

akt_err akti_nng_ask_open(struct akti_net *net, uint32_t requests,
                          uint32_t window);
void akti_nng_ask_fini(struct akti_net *net);
void akti_nng_ask_stop(struct akti_net *net);
/* The sides are gone: what has not left does not leave any more. */
void akti_nng_ask_close(struct akti_net *net);
bool akti_nng_ask_send(struct akti_net *net, struct akti_packet *packet);
bool akti_nng_ask_receive(struct akti_net *net, struct akti_packet *out);
void akti_nng_ask_drop(struct akti_net *net, uint64_t tag);

/* --- nng_peers.c --- */

akt_err akti_nng_peers_open(struct akti_net *net, bool tells);
void akti_nng_peers_fini(struct akti_net *net);
bool akti_nng_event(struct akti_net *net, struct akti_net_event *out);
uint32_t akti_nng_peer_count(struct akti_net *net);

/* --- nng_reaper.c --- */

/* In nng's thread that removes connections, before it removes this one. */
void akti_nng_removing(int pipe);

/* --- nng_begin.c, nng_check.c, nng_tls.c, nng_key.c --- */

void akti_nng_begin(struct akti_net *net, struct akti_opening *opening);
/* Whether an address may be used so; says why not. */
akt_err akti_nng_check_url(const struct akti_net *net,
                           const struct akti_opening *o, akt_error *error);
akt_err akti_nng_tls_open(const akt_nng_tls *opts, struct akti_nng_tls **out,
                          akt_error *error);
void akti_nng_tls_close(struct akti_nng_tls *tls);
/* What has to be there for an address of this sort; NULL: all of it is. */
const char *akti_nng_tls_lacks(const struct akti_nng_tls *tls, bool listens);
/* Both are PEM, and one that nng can read. AKT_ENOMEM. */
akt_err akti_nng_key_check(const char *cert, const char *key,
                           bool *out_differs);
/* The name that the certificate of whom one dials must have. `room` is for an address. */
const char *akti_nng_tls_name(const struct akti_nng_tls *tls, const char *url,
                              char *room);
int akti_nng_tls_dialer(const struct akti_net *net, nng_dialer dialer,
                        const char *url);
int akti_nng_tls_listener(const struct akti_net *net, nng_listener listener);

/* --- nng_error.c --- */

/* The code for an error of nng. */
akt_err akti_nng_err(int rv);
/* The same with a sentence: "listen on tcp://...: Address in use". */
akt_err akti_nng_fail(akt_error *error, int rv, const char *doing,
                      const char *what);

/* --- nng_helper.c --- */

/* Something that may take long, to be done by a thread of this back end. */
struct akti_nng_job {
    struct akti_nng_job *next;
    void (*run)(struct akti_nng_job *job); /* frees it */
    struct akti_net *net;
    struct akti_opening *opening;
};

/* Two sorts, so that what closes need not wait for what opens. */
enum akti_nng_lane {
    AKTI_NNG_OPENS,
    AKTI_NNG_CLOSES
};

/* [move] AKT_ETHREAD: it is still the caller's. */
akt_err akti_nng_help(enum akti_nng_lane lane, struct akti_nng_job *job);

/* --- nng_close.c --- */

/* [move] Ends it on a helper. */
void akti_nng_close(struct akti_net *net);
void akti_nng_retire(struct akti_net *net);
/* How many sockets are being closed now, or will be. */
uint32_t akti_nng_closings(void);

#endif
