/* SPDX-License-Identifier: MIT */
/*
 * Connections as events. nng tells of them in its threads; here they wait until IN
 * asks. One that comes and goes before IN has heard of it is forgotten, so there
 * are never more records than connections that are there or were told of.
 *
 * A connection that is not wanted is closed before it is one (ADD_PRE): that is
 * the one moment in which nng can close a connection of its own safely.
 */
#include "actors/base/mutant.h"
#include "actors/net/nng_back.h"

#include <arpa/inet.h>
#include <stdio.h>

struct akti_nng_peer {
    struct akti_nng_peer *chain; /* of the bucket */
    struct akti_nng_peer *next;  /* with something to tell */
    uint64_t peer;
    int pipe;
    bool is_up; /* and, until it is told so, in the list */
    bool told_up;
    char address[AKTI_NET_URL_SIZE];
};

/* --- addresses as text --- */

static void
format_internet(char *out, size_t size, int family, const void *address,
                uint16_t port)
{
    char host[INET6_ADDRSTRLEN] = "?";

    (void)inet_ntop(family, address, host, sizeof(host));
    (void)snprintf(out, size, family == AF_INET6 ? "[%s]:%u" : "%s:%u", host,
                   (unsigned)ntohs(port));
}

static void
format_address(char *out, size_t size, const nng_sockaddr *a)
{
    switch (a->s_family) {
    case NNG_AF_INET:
        format_internet(out, size, AF_INET, &a->s_in.sa_addr, a->s_in.sa_port);
        break;
    case NNG_AF_INET6:
        format_internet(out, size, AF_INET6, a->s_in6.sa_addr,
                        a->s_in6.sa_port);
        break;
    case NNG_AF_IPC:
        (void)snprintf(out, size, "%.*s", (int)size - 1, a->s_ipc.sa_path);
        break;
    case NNG_AF_INPROC:
        (void)snprintf(out, size, "%.*s", (int)size - 1, a->s_inproc.sa_name);
        break;
    default:
        (void)snprintf(out, size, "?");
        break;
    }
}

/* --- the records --- */

static struct akti_nng_peer **
find(struct akti_nng_peers *p, int pipe)
{
    struct akti_nng_peer **at = &p->buckets[(unsigned)pipe % AKTI_NNG_BUCKETS];

    while (*at != NULL && (*at)->pipe != pipe) {
        at = &(*at)->chain;
    }
    return at;
}

/* True: IN is to be woken. */
static bool
append(struct akti_nng_peers *p, struct akti_nng_peer *peer)
{
    bool wakes = p->idle;

    peer->next = NULL;
    if (p->first == NULL) {
        p->first = peer;
    } else {
        p->last->next = peer;
    }
    p->last = peer;
    p->idle = false;
    return wakes;
}

static void
take_out(struct akti_nng_peers *p, const struct akti_nng_peer *peer)
{
    struct akti_nng_peer *before = NULL;
    struct akti_nng_peer *at = p->first;

    while (at != peer) {
        before = at;
        at = at->next;
    }
    if (before == NULL) {
        p->first = at->next;
    } else {
        before->next = at->next;
    }
    if (p->last == peer) {
        p->last = before;
    }
}

/* --- what nng tells --- */

static struct akti_nng_peer *
record_of(nng_pipe pipe)
{
    struct akti_nng_peer *peer = calloc(1, sizeof(*peer));
    nng_sockaddr address;

    if (peer == NULL) {
        return NULL;
    }
    peer->pipe = nng_pipe_id(pipe);
    if (nng_pipe_get_addr(pipe, NNG_OPT_REMADDR, &address) == 0) {
        format_address(peer->address, sizeof(peer->address), &address);
    }
    return peer;
}

/* Room for the record is room for the connection. */
static bool
admit_locked(struct akti_nng_peers *p, struct akti_nng_peer *peer,
             uint32_t most)
{
    if (peer == NULL
        || (p->admitted >= most && !AKTI_MUTANT(nng_peers_unbounded))) {
        p->refused++;
        return false;
    }
    p->admitted++;
    p->ever++;
    peer->peer = p->ever;
    *find(p, peer->pipe) = peer;
    return true;
}

static void
on_coming(nng_pipe pipe, nng_pipe_ev event, void *arg)
{
    struct akti_net *net = arg;
    struct akti_nng_peer *peer = record_of(pipe);
    bool wanted;

    (void)event;
    akti_nng_count(&net->activity, 1);
    (void)pthread_mutex_lock(&net->peers.lock);
    wanted = admit_locked(&net->peers, peer, net->max_peers);
    (void)pthread_mutex_unlock(&net->peers.lock);
    if (!wanted) {
        free(peer);
        (void)nng_pipe_close(pipe);
    }
}

static void
on_up(nng_pipe pipe, nng_pipe_ev event, void *arg)
{
    struct akti_net *net = arg;
    struct akti_nng_peers *p = &net->peers;
    struct akti_nng_peer *peer;
    bool wakes = false;

    (void)event;
    akti_nng_count(&net->activity, 1);
    (void)pthread_mutex_lock(&p->lock);
    peer = *find(p, nng_pipe_id(pipe));
    if (peer != NULL) {
        p->count++;
        peer->is_up = true;
        wakes = p->tells && append(p, peer);
    }
    (void)pthread_mutex_unlock(&p->lock);
    if (wakes) {
        akti_link_wake(net->link, AKTI_SIDE_IN);
    }
}

/*
 * The record leaves its bucket; true: IN is to be woken. nng tells of the end of
 * one that was refused as well: that has no record.
 */
static bool
remove_locked(struct akti_nng_peers *p, int pipe)
{
    struct akti_nng_peer **at = find(p, pipe);
    struct akti_nng_peer *peer = *at;

    if (peer == NULL) {
        p->admitted -= AKTI_MUTANT(nng_refused_makes_room) ? 1 : 0;
        return false;
    }
    p->admitted--;
    p->count -= peer->is_up ? 1 : 0;
    *at = peer->chain;
    peer->chain = NULL;
    if (p->tells && (peer->told_up || AKTI_MUTANT(nng_gone_peer_told))) {
        return append(p, peer) && !AKTI_MUTANT(nng_down_not_told);
    }
    if (p->tells && peer->is_up) {
        take_out(p, peer);
    }
    free(peer);
    return false;
}

static void
on_down(nng_pipe pipe, nng_pipe_ev event, void *arg)
{
    struct akti_net *net = arg;
    bool wakes;

    (void)event;
    akti_nng_count(&net->activity, 1);
    (void)pthread_mutex_lock(&net->peers.lock);
    wakes = remove_locked(&net->peers, nng_pipe_id(pipe));
    (void)pthread_mutex_unlock(&net->peers.lock);
    akti_nng_removing(nng_pipe_id(pipe));
    if (wakes) {
        akti_link_wake(net->link, AKTI_SIDE_IN);
    }
}

akt_err
akti_nng_peers_open(struct akti_net *net, bool tells)
{
    nng_socket s = net->socket;

    if (pthread_mutex_init(&net->peers.lock, NULL) != 0) {
        return AKT_ENOMEM;
    }
    net->peers.tells = tells;
    net->peers.idle = true;
    return nng_pipe_notify(s, NNG_PIPE_EV_ADD_PRE, on_coming, net) == 0
                   && nng_pipe_notify(s, NNG_PIPE_EV_ADD_POST, on_up, net) == 0
                   && nng_pipe_notify(s, NNG_PIPE_EV_REM_POST, on_down, net)
                          == 0
               ? AKT_OK
               : AKT_EIO;
}

/* --- what IN asks --- */

bool
akti_nng_event(struct akti_net *net, struct akti_net_event *out)
{
    struct akti_nng_peers *p = &net->peers;
    struct akti_nng_peer *peer;
    bool goes = false;

    (void)pthread_mutex_lock(&p->lock);
    peer = p->first;
    p->idle = peer == NULL;
    if (peer != NULL) {
        p->first = peer->next;
        out->peer = peer->peer;
        out->up = !peer->told_up;
        (void)snprintf(out->address, sizeof(out->address), "%s", peer->address);
        goes = peer->told_up;
        peer->told_up = true;
    }
    (void)pthread_mutex_unlock(&p->lock);
    if (goes) {
        free(peer);
        return true;
    }
    return peer != NULL;
}

uint32_t
akti_nng_peer_count(struct akti_net *net)
{
    uint32_t n;

    (void)pthread_mutex_lock(&net->peers.lock);
    n = net->peers.count;
    (void)pthread_mutex_unlock(&net->peers.lock);
    return n;
}

static void
free_chain(struct akti_nng_peers *p, struct akti_nng_peer *peer)
{
    while (peer != NULL) {
        struct akti_nng_peer *next = peer->chain;

        if (peer->is_up && !peer->told_up && p->tells) {
            take_out(p, peer);
        }
        free(peer);
        peer = next;
    }
}

void
akti_nng_peers_fini(struct akti_net *net)
{
    struct akti_nng_peers *p = &net->peers;
    unsigned i;

    for (i = 0; i < AKTI_NNG_BUCKETS; i++) {
        free_chain(p, p->buckets[i]);
    }
    while (p->first != NULL) {
        struct akti_nng_peer *peer = p->first;

        p->first = peer->next;
        free(peer);
    }
    (void)pthread_mutex_destroy(&p->lock);
}
