/* SPDX-License-Identifier: MIT */
/*
 * The back end of sockets in a simulation. One network for each system, of which
 * the simulated scheduler knows when something happens next (akti_outside). All of
 * it runs in the simulation's one thread: within the table's functions, in an
 * actor's turn, or between two steps when something is due. So there are no locks,
 * and every choice is the scheduler's.
 *
 *     socket --window--> queue --buffer--> coming of the peer's end --window--> ready
 *
 * A message is in one of these queues, and moves on when there is room. What is in
 * `coming` is on its way: it arrives at its instant, but not before those before it.
 * When the socket has no room then, the end is stalled, and all behind it waits.
 *
 * Connections are cut between steps only, so no function of the table sees one end
 * while it walks over them.
 */
#ifndef AKT_NET_SIM_NET_H
#define AKT_NET_SIM_NET_H

#include "actors/net/link.h"
#include "actors/net/transport.h"
#include "actors/sched/sim.h"
#include "akt/sim_net.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct akti_simnet;

/* Something that happens at an instant; in the network's list, earliest first. */
struct akti_simnet_timed {
    struct akti_simnet_timed *next;
    struct akti_simnet_timed *prev;
    uint64_t due_ns; /* 0: it is not armed */
    void (*fire)(struct akti_simnet_timed *t);
};

struct akti_simnet_end;

struct akti_simnet_message {
    struct akti_simnet_message *next;
    uint64_t due_ns;
    uint64_t tag;
    size_t size;
    /* of a REQ socket's request: its note; of a note: where the request went, NULL
     * while it waits in the socket */
    struct akti_simnet_message *note;
    struct akti_simnet_end *end;
    bool cuts; /* the connection ends in place of its arrival */
    unsigned char bytes[];
};

struct akti_simnet_queue {
    struct akti_simnet_message *head;
    struct akti_simnet_message *tail;
    uint32_t count;
};

struct akti_simnet_conn;

/* One end of a connection. */
struct akti_simnet_end {
    struct akti_simnet_timed timed; /* first: the head of `coming` arrives */
    struct akti_simnet_conn *conn;
    struct akti_net *net;         /* NULL: it has let go of it */
    struct akti_simnet_end *next; /* of the socket's, oldest first */
    struct akti_simnet_queue coming;
    uint64_t peer;
    uint64_t used; /* when this one had its turn to be sent to */
    bool stalled;
    bool told_up;
    bool told_down;
};

struct akti_simnet_dialer {
    struct akti_simnet_timed timed; /* first: it tries */
    struct akti_simnet_dialer *next;
    struct akti_net *net;
    struct akti_simnet_conn *conn; /* NULL: it tries again */
    struct akti_opening *opening;  /* NULL: it was answered */
    uint64_t wait_ns;
    char url[AKTI_NET_URL_SIZE];
};

/* An address that is listened on; with `opening`, that waits to be free. */
struct akti_simnet_listener {
    struct akti_simnet_timed timed; /* first: it tries once more */
    struct akti_simnet_listener *next;
    struct akti_net *net;
    struct akti_opening *opening;
    char url[AKTI_NET_URL_SIZE];
};

struct akti_simnet_conn {
    struct akti_simnet_conn *next;
    struct akti_simnet *world;
    struct akti_simnet_end end[2];     /* of who dialed, of who listened */
    struct akti_simnet_dialer *dialer; /* NULL: it dials no more */
    bool open;
    char url[AKTI_NET_URL_SIZE];
};

/* A request that was received; it waits for its answer. */
struct akti_simnet_request {
    struct akti_simnet_request *next;
    struct akti_simnet_end *end; /* NULL: the connection is gone */
    uint64_t tag;
    uint64_t remote; /* its tag at the peer */
};

struct akti_simnet_topic {
    struct akti_simnet_topic *next;
    size_t size;
    unsigned char bytes[];
};

/* A socket. */
struct akti_net {
    struct akti_link *link;
    struct akti_simnet *world;
    struct akti_net_config config;
    enum akti_side receiver;
    bool hushed;
    bool wants_room; /* OUT was told that there is none */
    bool idle;       /* the receiver was told that there is nothing */
    bool quiet;      /* IN was told that there is no event */
    struct akti_simnet_end *ends;
    uint32_t end_count;
    uint64_t turns;
    struct akti_simnet_queue queue;       /* it goes to whoever has room */
    struct akti_simnet_queue ready;       /* it has arrived */
    struct akti_simnet_queue notes;       /* of requests that are open */
    struct akti_simnet_queue broken;      /* of those that get no answer */
    struct akti_simnet_request *requests; /* oldest first */
    uint32_t request_count;
    uint64_t tags;
    struct akti_simnet_topic *topics; /* of a SUB socket */
    akt_nng_counters count;
};

struct akti_simnet_parted {
    struct akti_simnet_parted *next;
    char url[AKTI_NET_URL_SIZE];
};

struct akti_simnet {
    struct akti_outside outside; /* first */
    struct akti_dispatcher *dispatcher;
    struct akti_simnet_timed *first;
    struct akti_simnet_timed *last;
    struct akti_simnet_conn *conns;
    struct akti_simnet_listener *listeners;
    struct akti_simnet_dialer *dialers;
    struct akti_simnet_parted *parted;
    uint64_t delay_min_ns;
    uint64_t delay_max_ns;
    uint32_t buffer;
    uint16_t ports;
    uint64_t peers;
    akt_sim_net_counters count;
};

static inline bool
akti_simnet_answers(const struct akti_net *net)
{
    return net->config.protocol == AKT_NNG_REP
           || net->config.protocol == AKT_NNG_RESPONDENT;
}

static inline struct akti_simnet_end *
akti_simnet_other(struct akti_simnet_end *e)
{
    return e == &e->conn->end[0] ? &e->conn->end[1] : &e->conn->end[0];
}

/* --- sim_world.c --- */

/* The network of this system; NULL when out of memory. */
struct akti_simnet *akti_simnet_of(struct akti_dispatcher *d);
void *akti_simnet_alloc(struct akti_simnet *w, size_t size);
void akti_simnet_free(struct akti_simnet *w, void *ptr, size_t size);
uint64_t akti_simnet_now(const struct akti_simnet *w);
/* Armed once more it is moved. */
void akti_simnet_arm(struct akti_simnet *w, struct akti_simnet_timed *t,
                     uint64_t due_ns);
void akti_simnet_disarm(struct akti_simnet *w, struct akti_simnet_timed *t);
/* For how long something is on its way now: a choice. */
uint64_t akti_simnet_delay(struct akti_simnet *w);
bool akti_simnet_fails(struct akti_simnet *w, akt_fault fault);
bool akti_simnet_is_parted(const struct akti_simnet *w, const char *url);
/* For the trace. */
void akti_simnet_note(struct akti_simnet_conn *c, enum akti_net_note note,
                      uint64_t number);

/* --- sim_message.c --- */

void akti_simnet_put(struct akti_simnet_queue *q,
                     struct akti_simnet_message *m);
struct akti_simnet_message *akti_simnet_take(struct akti_simnet_queue *q);
/* The first one of this number leaves the queue; NULL: there is none. */
struct akti_simnet_message *akti_simnet_take_tag(struct akti_simnet_queue *q,
                                                 uint64_t tag);
akt_err akti_simnet_packet_new(struct akti_net *net, size_t size,
                               struct akti_packet *out, void **out_bytes);
void akti_simnet_packet_free(struct akti_net *net, struct akti_packet *packet);
/* NULL: no memory. */
struct akti_simnet_message *akti_simnet_message(struct akti_simnet *w,
                                                size_t size);
struct akti_simnet_message *
akti_simnet_copy(struct akti_simnet *w, const struct akti_simnet_message *m);
void akti_simnet_drop(struct akti_simnet *w, struct akti_simnet_message *m);
/* How many there were. */
uint32_t akti_simnet_clear(struct akti_simnet *w, struct akti_simnet_queue *q);

/* --- sim_flow.c: out --- */

bool akti_simnet_send(struct akti_net *net, struct akti_packet *packet);
uint32_t akti_simnet_pending(struct akti_net *net);
/* An end has room, or is new: what waits in the socket goes on. */
void akti_simnet_pump(struct akti_net *net);
/* Less waits in the socket. */
void akti_simnet_had_room(struct akti_net *net);
void akti_simnet_unanswered(struct akti_net *net, uint64_t tag);

/* --- sim_ask.c: a REQ socket's open requests --- */

bool akti_simnet_asks(const struct akti_net *net);
/* Notes that this message is one; false: no memory. */
bool akti_simnet_ask(struct akti_net *net, struct akti_simnet_message *m);
/* It has left from this end. */
void akti_simnet_asked(struct akti_simnet_end *e,
                       struct akti_simnet_message *m);
/* One of this number is answered; false: it is not open. */
bool akti_simnet_answered(struct akti_net *net, uint64_t tag);
/* OUT waits for it no more. */
void akti_simnet_give_up(struct akti_net *net, uint64_t tag);
/* Those that went by this end get no answer, when no more can come by it. */
void akti_simnet_break(struct akti_simnet_end *e);

/* --- sim_arrive.c: in --- */

/* The timed of an end. */
void akti_simnet_arrive(struct akti_simnet_timed *t);
bool akti_simnet_receive(struct akti_net *net, struct akti_packet *out);
bool akti_simnet_has_one(struct akti_net *net);
/* Wakes who receives, if it waits. */
void akti_simnet_tell_receiver(struct akti_net *net);
/* There is room again: stalled ends go on. */
void akti_simnet_unstall(struct akti_net *net);
akt_err akti_simnet_topic(struct akti_net *net, akt_bytes topic, bool wanted);
void akti_simnet_topics_free(struct akti_net *net);

/* --- sim_conn.c --- */

/* AKT_ECLOSED: refused; AKT_ENOMEM. */
akt_err akti_simnet_connect(struct akti_simnet_dialer *d,
                            struct akti_simnet_listener *l);
/* All that is on its way is lost. Between steps only. */
void akti_simnet_cut(struct akti_simnet_conn *c);
uint32_t akti_simnet_cut_all(struct akti_simnet *w, const char *url);
bool akti_simnet_event(struct akti_net *net, struct akti_net_event *out);
/* Lets go of an end of which there is nothing to tell or take any more. */
void akti_simnet_reap(struct akti_simnet_end *e);
/* The socket lets go of all; what it sent goes on. */
void akti_simnet_leave(struct akti_net *net);

/* --- sim_begin.c --- */

void akti_simnet_begin(struct akti_net *net, struct akti_opening *opening);
/* Its listeners and dialers go. */
void akti_simnet_unlisten(struct akti_net *net);
/* Its connection is gone: it dials again. */
void akti_simnet_redial(struct akti_simnet_dialer *d);

#endif
