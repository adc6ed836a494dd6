/* SPDX-License-Identifier: MIT */
/* A socket of nng as the table of a transport. */
#include "actors/net/nng_back.h"

#include "actors/base/mutant.h"

#include <limits.h>
#include <nng/protocol/bus0/bus.h>
#include <nng/protocol/pair0/pair.h>
#include <nng/protocol/pair1/pair.h>
#include <nng/protocol/pipeline0/pull.h>
#include <nng/protocol/pipeline0/push.h>
#include <nng/protocol/pubsub0/pub.h>
#include <nng/protocol/pubsub0/sub.h>
#include <nng/protocol/reqrep0/rep.h>
#include <nng/protocol/reqrep0/req.h>
#include <nng/protocol/survey0/respond.h>
#include <nng/protocol/survey0/survey.h>
#include <signal.h>
#include <string.h>

/* The most that nng buffers in one place. */
#define BUFFER_MAX 8192

/*
 * Surveys are made raw: their numbers are akt's, so there are as many as wanted at a
 * time, and answers as long as they are wanted.
 */
static int
open_protocol(akt_nng_protocol p, nng_socket *out)
{
    switch (p) {
    case AKT_NNG_PUSH:
        return nng_push0_open(out);
    case AKT_NNG_PULL:
        return nng_pull0_open(out);
    case AKT_NNG_PUB:
        return nng_pub0_open(out);
    case AKT_NNG_SUB:
        return nng_sub0_open(out);
    case AKT_NNG_REQ:
        return nng_req0_open(out);
    case AKT_NNG_REP:
        return nng_rep0_open(out);
    case AKT_NNG_SURVEYOR:
        return nng_surveyor0_open_raw(out);
    case AKT_NNG_RESPONDENT:
        return nng_respondent0_open(out);
    case AKT_NNG_PAIR:
        return AKTI_MUTANT(nng_pair_of_old) ? nng_pair0_open(out)
                                            : nng_pair1_open(out);
    case AKT_NNG_PAIR0:
        return nng_pair0_open(out);
    case AKT_NNG_BUS:
        return nng_bus0_open(out);
    }
    return NNG_EINVAL;
}

/* --- the process's first socket --- */

/* The process that nng's threads are of: 1 + how often it had been forked. */
static _Atomic uint64_t home;

static akt_err
check_process(void)
{
    uint64_t mine = (uint64_t)akti_fork_count() + 1;
    uint64_t expected = 0;

    /* Relaxed: a number that orders nothing. */
    return atomic_compare_exchange_strong_explicit(&home, &expected, mine,
                                                   memory_order_relaxed,
                                                   memory_order_relaxed)
                   || expected == mine
               ? AKT_OK
               : AKT_EFORK;
}

/* nng's threads have the signal mask of who starts them: none reaches them. */
static int
open_masked(akt_nng_protocol p, nng_socket *out)
{
    sigset_t all;
    sigset_t old;
    int rv;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &old);
    rv = open_protocol(p, out);
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    return rv;
}

/* --- opening --- */

static int
subscribe(nng_socket s, const char *const *topics)
{
    int rv = 0;

    if (topics == NULL || AKTI_MUTANT(nng_topics_ignored)) {
        return nng_socket_set(s, NNG_OPT_SUB_SUBSCRIBE, "", 0);
    }
    for (; rv == 0 && *topics != NULL; topics++) {
        rv = nng_socket_set(s, NNG_OPT_SUB_SUBSCRIBE, *topics, strlen(*topics));
    }
    return rv;
}

static int
set_options(struct akti_net *net, const struct akti_net_config *c)
{
    int window = (int)(c->window < BUFFER_MAX ? c->window : BUFFER_MAX);
    int rv =
        nng_socket_set_size(net->socket, NNG_OPT_RECVMAXSZ, c->max_message);

    if (rv == 0 && c->protocol == AKT_NNG_SUB) {
        rv = nng_socket_set_int(net->socket, NNG_OPT_RECVBUF, window);
        if (rv == 0) {
            rv = subscribe(net->socket, c->topics);
        }
    }
    if (rv == 0 && (c->protocol == AKT_NNG_PUB || c->protocol == AKT_NNG_BUS)) {
        rv = nng_socket_set_int(net->socket, NNG_OPT_SENDBUF, window);
    }
    return rv;
}

static akt_err
set_up(struct akti_net *net, const struct akti_net_config *c, akt_error *error)
{
    int rv = open_masked(net->protocol, &net->socket);

    if (rv != 0) {
        return akti_nng_fail(error, rv, "open", net->name);
    }
    rv = set_options(net, c);
    if (rv != 0) {
        return akti_nng_fail(error, rv, "set options of", net->name);
    }
    AKT_TRY(akti_nng_peers_open(net, true));
    AKT_TRY(akti_nng_flow_open(net, c));
    if (net->requests) {
        return akti_nng_ask_open(net, c->requests, c->send_window);
    }
    return net->answers ? akti_nng_answer_open(net, c->requests, c->window)
                        : AKT_OK;
}

static void
fini(struct akti_net *net)
{
    akti_nng_flow_fini(net);
    if (net->answers) {
        akti_nng_answer_fini(net);
    }
    if (net->requests) {
        akti_nng_ask_fini(net);
    }
    akti_nng_peers_fini(net);
    akti_nng_tls_close(net->tls);
    free(net->close_job);
    free(net);
}

void
akti_nng_hold(struct akti_net *net)
{
    /* Relaxed: the caller holds it already. */
    (void)atomic_fetch_add_explicit(&net->holders, 1, memory_order_relaxed);
}

void
akti_nng_release(struct akti_net *net)
{
    /* acquire and release: the last one sees what all others did; pairs: itself */
    if (atomic_fetch_sub_explicit(&net->holders, 1, memory_order_acq_rel)
        == 1) {
        struct akti_link *link = net->link;

        net->close_job = NULL;
        fini(net);
        akti_link_release(link);
    }
}

static struct akti_net *
new_net(const struct akti_net_config *c, struct akti_link *link)
{
    struct akti_net *net = aligned_alloc(64, (sizeof(*net) + 63) & ~(size_t)63);

    if (net == NULL) {
        return NULL;
    }
    memset(net, 0, sizeof(*net));
    net->close_job = calloc(1, sizeof(*net->close_job));
    if (net->close_job == NULL) {
        free(net);
        return NULL;
    }
    net->link = link;
    net->protocol = c->protocol;
    memcpy(net->name, c->name, sizeof(net->name));
    net->max_message = c->max_message;
    net->max_peers = c->max_peers;
    net->redial_min_ns = c->redial_min_ns;
    net->redial_max_ns = c->redial_max_ns;
    net->answers =
        c->protocol == AKT_NNG_REP || c->protocol == AKT_NNG_RESPONDENT;
    net->requests = c->protocol == AKT_NNG_REQ;
    net->batches = c->batches;
    atomic_init(&net->holders, 1);
    return net;
}

static akt_err
open_net(const struct akti_net_config *config, struct akti_link *link,
         struct akti_net **out, akt_error *error)
{
    struct akti_net *net;
    akt_err err = check_process();

    if (err != AKT_OK) {
        return akt_error_set(error, err, NULL);
    }
    net = new_net(config, link);
    if (net == NULL) {
        return akt_error_set(error, AKT_ENOMEM, NULL);
    }
    if (config->tls != NULL) {
        err = akti_nng_tls_open(config->tls, &net->tls, error);
    }
    if (err != AKT_OK) {
        akti_nng_tls_close(net->tls);
        free(net->close_job);
        free(net);
        return err;
    }
    err = set_up(net, config, error);
    if (err != AKT_OK) {
        /* Nothing is connected: this is quick. */
        (void)nng_close(net->socket);
        fini(net);
        return error != NULL && error->code == AKT_OK
                   ? akt_error_set(error, err, NULL)
                   : err;
    }
    akti_link_hold(link);
    akti_nng_flow_start(net);
    *out = net;
    return AKT_OK;
}

/* --- the rest of the table --- */

static akt_err
set_topic(struct akti_net *net, akt_bytes topic, bool wanted)
{
    return akti_nng_err(nng_socket_set(
        net->socket, wanted ? NNG_OPT_SUB_SUBSCRIBE : NNG_OPT_SUB_UNSUBSCRIBE,
        topic.ptr != NULL ? topic.ptr : "", topic.len));
}

static akt_err
packet_new(struct akti_net *net, size_t size, struct akti_packet *out,
           void **out_bytes)
{
    nng_msg *m;

    (void)net;
    if (nng_msg_alloc(&m, size) != 0) {
        return AKT_ENOMEM;
    }
    akti_nng_packet(out, m, 0);
    *out_bytes = nng_msg_body(m);
    return AKT_OK;
}

static void
packet_free(struct akti_net *net, struct akti_packet *packet)
{
    (void)net;
    if (packet->message != NULL) {
        nng_msg_free(packet->message);
        packet->message = NULL;
    }
}

static void
drop(struct akti_net *net, uint64_t tag)
{
    if (net->answers) {
        akti_nng_answer_drop(net, tag);
    } else if (net->requests) {
        akti_nng_ask_drop(net, tag);
    }
}

/* A SUB socket takes all from now on, or its silence would not be seen. */
static void
hush(struct akti_net *net)
{
    /* release: what was before; pairs: akti_nng_is_hushed */
    atomic_store_explicit(&net->hushed, 1, memory_order_release);
    if (net->protocol == AKT_NNG_SUB) {
        (void)subscribe(net->socket, NULL);
    }
}

static void
count(struct akti_net *net, akt_nng_counters *out)
{
    /* Relaxed: numbers that order nothing. */
    out->sent = atomic_load_explicit(&net->sent, memory_order_relaxed);
    out->sent_bytes =
        atomic_load_explicit(&net->sent_bytes, memory_order_relaxed);
    out->received = atomic_load_explicit(&net->received, memory_order_relaxed);
    out->received_bytes =
        atomic_load_explicit(&net->received_bytes, memory_order_relaxed);
    out->dropped = atomic_load_explicit(&net->dropped, memory_order_relaxed);
    out->lost = atomic_load_explicit(&net->lost, memory_order_relaxed);
    (void)pthread_mutex_lock(&net->peers.lock);
    out->peers = net->peers.count;
    out->peers_refused = net->peers.refused;
    (void)pthread_mutex_unlock(&net->peers.lock);
}

const struct akti_transport akti_nng_transport = {
    .name = "nng",
    .open = open_net,
    .begin = akti_nng_begin,
    .topic = set_topic,
    .packet_new = packet_new,
    .packet_free = packet_free,
    .send = akti_nng_send,
    .start = akti_nng_start,
    .settle = akti_nng_settle,
    .receive = akti_nng_receive,
    .ready = akti_nng_ready,
    .event = akti_nng_event,
    .drop = drop,
    .hush = hush,
    .pending = akti_nng_pending,
    .count = count,
    .close = akti_nng_close,
    .retire = akti_nng_retire,
    .closings = akti_nng_closings,
};
