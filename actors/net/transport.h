/* SPDX-License-Identifier: MIT */
/*
 * What carries messages between sockets: nng, or a simulation. The sockets' actors
 * (socket.h) know this table alone, and a back end knows nothing of actors but the
 * link by which it wakes them.
 *
 * Who calls what. A socket has two sides, each an actor: OUT has the mailbox that
 * others send to; IN brings what arrives to the owner. They run at the same time
 * on different workers. The table's functions are called in their turns, never
 * wait, and never call back into a socket other than by the link:
 *
 *     open, close     once each; close by the side that leaves last
 *     begin, topic    OUT
 *     packet_*        either, for packets that it has in hand
 *     send            OUT; IN where the protocol answers (REP, RESPONDENT)
 *     start, settle   OUT, in a turn after those with sends
 *     receive         IN; OUT where it asks (REQ, SURVEYOR)
 *     event           IN
 *     drop            IN; OUT where it asks
 *     hush            OUT, once, before it leaves
 *     count, retire   the owner's thread, and OUT, until close
 *
 * The link's functions (link.h) may be called by any thread and within any
 * function of the table, until the back end gives its reference back by
 * akti_link_release, at the end of its close. They call nothing of the table.
 *
 * Waking. Everything is asked, nothing is delivered: a side that was woken asks
 * for all it can use (receive, event) until there is no more. So a wake-up too
 * many does no harm, and a back end has to wake a side
 *
 *     OUT   when a send that found no room (false) would find some; OUT looks by
 *           itself, some times a second, while a request waits, so a back end may
 *           answer false for want of memory too;
 *     the side that receives, when a packet is there and it was told of none;
 *     IN    when an event is there and it was told of none.
 *
 * "Was told of none": the last receive, or event, answered false, and so does
 * each until the first wake-up.
 *
 * Order. Packets of one peer are received in the order in which it sent them. A
 * peer's UP comes before its DOWN, and before the wake-up for its first packet;
 * its packets may still be received after its DOWN.
 *
 * Ownership. A packet belongs to who has it in hand; send takes it on true.
 *
 * Requests. Of each that OUT has sent to REQ's transport one packet is received: its
 * answer, or, with `message` NULL, that none will come, and why (AKT_ECLOSED: the
 * connection by which it went is gone, and nothing more comes by it). Not of one that
 * was dropped before, and none after hush. Nothing is sent twice.
 *
 * Bounds. Between receive and the network there are at most `window` packets, and
 * `send_window` between send and it; in real sockets also, in either direction, no
 * packet more once there are `window_bytes`. A back end whose protocol can slow its
 * peers down stops reading beyond that; one that cannot (SUB, BUS, and SURVEYOR's
 * answers) drops the newest and counts it.
 * REQ's answers are as many as `requests` at most.
 */
#ifndef AKT_NET_TRANSPORT_H
#define AKT_NET_TRANSPORT_H

#include "actors/net/batch.h"
#include "akt/error.h"
#include "akt/failure.h"
#include "akt/nng.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct akti_link;
struct akti_net; /* a back end's own socket */

#define AKTI_NET_NAME_SIZE 32
#define AKTI_NET_URL_SIZE (AKT_NNG_URL_MAX + 1)

enum akti_side {
    AKTI_SIDE_OUT = 0,
    AKTI_SIDE_IN = 1
};

/* How a socket is opened: akt_nng_opts with its defaults filled in. */
struct akti_net_config {
    akt_nng_protocol protocol;
    char name[AKTI_NET_NAME_SIZE];
    const char *const *topics; /* [borrow] during open; NULL: all */
    const akt_nng_tls *tls;    /* [borrow] during open; NULL: none */
    size_t max_message;
    uint32_t window;       /* of what is received */
    uint32_t send_window;  /* of what is sent */
    uint64_t window_bytes; /* of either; 0: any number */
    uint32_t requests;
    uint32_t max_peers;
    bool batches; /* packets hold several messages, and are counted so */
    uint64_t redial_min_ns;
    uint64_t redial_max_ns;
};

/*
 * One message. `tag` is 0 unless the protocol asks: then the number by which OUT
 * knows the request (1 to 2^31 - 1) in what it sends and in what answers that; or
 * the back end's own number of a request that IN received, by which it is
 * answered or dropped, once.
 */
struct akti_packet {
    void *message; /* the back end's */
    const void *bytes;
    size_t size;
    uint64_t tag;
    akt_err err; /* of one that is received with `message` NULL: why */
};

/* How many messages a packet is counted as. */
static inline uint64_t
akti_packet_count(bool batches, const void *bytes, size_t size)
{
    return batches ? akti_batch_count((akt_bytes){bytes, size}) : 1;
}

/* A connection that came or went. `peer` is not used again. */
struct akti_net_event {
    uint64_t peer;
    bool up;
    char address[AKTI_NET_URL_SIZE];
};

enum akti_opening_kind {
    AKTI_OPENING_LISTEN,
    AKTI_OPENING_DIAL,     /* keeps dialing a peer that is not there yet */
    AKTI_OPENING_DIAL_ONCE /* the first attempt decides */
};

/*
 * One listen or dial on its way. OUT makes it, `begin` takes it, and gives it back
 * by akti_link_opened, once, within begin or later by any thread; also when the
 * socket is closed meanwhile.
 */
struct akti_opening {
    struct akti_opening *next;
    enum akti_opening_kind kind;
    char url[AKTI_NET_URL_SIZE]; /* as it was asked for; then as it is */
    uint16_t port;               /* 0: the transport has none */
    akt_error error;             /* code AKT_OK: it is done */
    akt_promise promise;         /* OUT's */
};

struct akti_transport {
    const char *name;
    /*
     * A socket with nothing connected. It holds the link until the end of its
     * close. On an error it holds nothing, and `error` says why.
     */
    akt_err (*open)(const struct akti_net_config *config,
                    struct akti_link *link, struct akti_net **out,
                    akt_error *error);
    void (*begin)(struct akti_net *net, struct akti_opening *opening);
    /* A topic of a SUB socket, from now on or no more. */
    akt_err (*topic)(struct akti_net *net, akt_bytes topic, bool wanted);

    /* A packet with room for `size` bytes, which go to *out_bytes. AKT_ENOMEM. */
    akt_err (*packet_new)(struct akti_net *net, size_t size,
                          struct akti_packet *out, void **out_bytes);
    void (*packet_free)(struct akti_net *net, struct akti_packet *packet);
    /* False: no room now, and OUT will be woken. An answer always has room: its
     * request has set it aside. */
    bool (*send)(struct akti_net *net, struct akti_packet *packet);
    /* What was taken by OUT's sends leaves from now on, if it has not begun to. */
    void (*start)(struct akti_net *net);
    /* False: an answer that IN has sent waits, and its end will not be told: OUT, which
     * is woken for that, has to ask again now and then. NULL: there are none such. */
    bool (*settle)(struct akti_net *net);
    /* False: none is there, and the side will be woken. */
    bool (*receive)(struct akti_net *net, struct akti_packet *out);
    /* Whether IN need not look again: false when nothing has come, and it may do so
     * a little later, instead of being woken. */
    bool (*ready)(struct akti_net *net);
    bool (*event)(struct akti_net *net, struct akti_net_event *out);
    /*
     * A request that was received will not be answered: gives its room back. Or one
     * that OUT has sent is waited for no more: if it has not left it does not leave,
     * and is lost; an answer that comes later is not received, but one that has come
     * already is. A number that is not known is ignored.
     */
    void (*drop)(struct akti_net *net, uint64_t tag);

    /* Nothing more is received; what was sent may leave. */
    void (*hush)(struct akti_net *net);
    /* How many packets were taken by send and have not left. */
    uint32_t (*pending)(struct akti_net *net);
    /* Its own share of the numbers: all but `refused` and `unwanted`. */
    void (*count)(struct akti_net *net, akt_nng_counters *out);
    /* [move] Ends it: at once as far as the caller can see, whatever takes longer
     * goes on elsewhere. What has not left is lost. */
    void (*close)(struct akti_net *net);
    /* Its owner needs it no more, and its addresses will be free. Before its close. */
    void (*retire)(struct akti_net *net);
    /* How many sockets of the process have retired or been closed, and are still
     * there. */
    uint32_t (*closings)(void);
};

/* The back end of real sockets. */
extern const struct akti_transport akti_nng_transport;
/* The one of simulations. */
extern const struct akti_transport akti_sim_transport;

#endif
