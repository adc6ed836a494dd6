/* SPDX-License-Identifier: MIT */
/* Sockets of the simulated network: their life, and the table. */
#include "actors/net/sim_net.h"

static akt_err
take_topics(struct akti_net *net, const struct akti_net_config *config)
{
    const char *const *t = config->topics;

    if (config->protocol != AKT_NNG_SUB) {
        return AKT_OK;
    }
    if (t == NULL) {
        return akti_simnet_topic(net, (akt_bytes){NULL, 0}, true);
    }
    for (; *t != NULL; t++) {
        akt_text topic = akt_text_of(*t);

        AKT_TRY(
            akti_simnet_topic(net, (akt_bytes){topic.ptr, topic.len}, true));
    }
    return AKT_OK;
}

static bool
asks(akt_nng_protocol p)
{
    return p == AKT_NNG_REQ || p == AKT_NNG_SURVEYOR;
}

static akt_err
open_net(const struct akti_net_config *config, struct akti_link *link,
         struct akti_net **out, akt_error *error)
{
    struct akti_simnet *w = akti_simnet_of(link->ctx.dispatcher);
    struct akti_net *net =
        w != NULL ? akti_simnet_alloc(w, sizeof(*net)) : NULL;

    if (net == NULL) {
        return akt_error_set(error, AKT_ENOMEM, NULL);
    }
    net->world = w;
    net->config = *config;
    net->config.topics = NULL;
    net->receiver = asks(config->protocol) ? AKTI_SIDE_OUT : AKTI_SIDE_IN;
    if (take_topics(net, config) != AKT_OK) {
        akti_simnet_topics_free(net);
        akti_simnet_free(w, net, sizeof(*net));
        return akt_error_set(error, AKT_ENOMEM, NULL);
    }
    akti_link_hold(link);
    net->link = link;
    *out = net;
    return AKT_OK;
}

static void
hush(struct akti_net *net)
{
    net->hushed = true;
    akti_simnet_unlisten(net);
    /* Nobody takes it any more, and what is behind it need not wait. */
    net->world->count.arrived -= net->ready.count;
    net->world->count.lost += akti_simnet_clear(net->world, &net->ready);
    (void)akti_simnet_clear(net->world, &net->broken);
    akti_simnet_unstall(net);
}

static void
count(struct akti_net *net, akt_nng_counters *out)
{
    *out = net->count;
}

static void
close_net(struct akti_net *net)
{
    struct akti_simnet *w = net->world;
    struct akti_link *link = net->link;

    hush(net);
    (void)akti_simnet_clear(w, &net->notes);
    akti_simnet_leave(net);
    (void)akti_simnet_clear(w, &net->queue);
    akti_simnet_topics_free(net);
    while (net->requests != NULL) {
        struct akti_simnet_request *r = net->requests;

        net->requests = r->next;
        akti_simnet_free(w, r, sizeof(*r));
    }
    akti_simnet_free(w, net, sizeof(*net));
    akti_link_release(link);
}

static void
drop(struct akti_net *net, uint64_t tag)
{
    if (akti_simnet_answers(net)) {
        akti_simnet_unanswered(net, tag);
    } else if (akti_simnet_asks(net)) {
        akti_simnet_give_up(net, tag);
    }
}

/* What was sent has left already, if it can. */
static void
start(struct akti_net *net)
{
    (void)net;
}

/* An address that is in use is looked at again in any case. */
static void
retire(struct akti_net *net)
{
    (void)net;
}

/* A close is done when it returns. */
static uint32_t
closings(void)
{
    return 0;
}

const struct akti_transport akti_sim_transport = {
    .name = "simulated",
    .open = open_net,
    .begin = akti_simnet_begin,
    .topic = akti_simnet_topic,
    .packet_new = akti_simnet_packet_new,
    .packet_free = akti_simnet_packet_free,
    .send = akti_simnet_send,
    .start = start,
    .receive = akti_simnet_receive,
    .ready = akti_simnet_has_one,
    .event = akti_simnet_event,
    .drop = drop,
    .hush = hush,
    .pending = akti_simnet_pending,
    .count = count,
    .close = close_net,
    .retire = retire,
    .closings = closings,
};
