/* SPDX-License-Identifier: MIT */
/* What arrives at sockets of the simulated network. */
#include "actors/net/sim_net.h"

#include "actors/base/mutant.h"

#include <string.h>

/* --- topics --- */

static bool
begins_with(const struct akti_simnet_message *m,
            const struct akti_simnet_topic *t)
{
    return m->size >= t->size && memcmp(m->bytes, t->bytes, t->size) == 0;
}

static bool
is_wanted(const struct akti_net *net, const struct akti_simnet_message *m)
{
    const struct akti_simnet_topic *t = net->topics;

    if (net->config.protocol != AKT_NNG_SUB) {
        return true;
    }
    while (t != NULL && !begins_with(m, t)) {
        t = t->next;
    }
    return t != NULL;
}

static akt_err
add_topic(struct akti_net *net, akt_bytes topic)
{
    struct akti_simnet_topic *t =
        akti_simnet_alloc(net->world, sizeof(*t) + topic.len);

    if (t == NULL) {
        return AKT_ENOMEM;
    }
    t->size = topic.len;
    if (topic.len > 0) {
        memcpy(t->bytes, topic.ptr, topic.len);
    }
    t->next = net->topics;
    net->topics = t;
    return AKT_OK;
}

static bool
is_topic(const struct akti_simnet_topic *t, akt_bytes topic)
{
    return t->size == topic.len
           && (t->size == 0 || memcmp(t->bytes, topic.ptr, t->size) == 0);
}

akt_err
akti_simnet_topic(struct akti_net *net, akt_bytes topic, bool wanted)
{
    struct akti_simnet_topic **at = &net->topics;
    struct akti_simnet_topic *t;

    while (*at != NULL && !is_topic(*at, topic)) {
        at = &(*at)->next;
    }
    t = *at;
    if (wanted) {
        return t == NULL ? add_topic(net, topic) : AKT_OK;
    }
    if (t == NULL) {
        return AKT_ENOENT;
    }
    *at = t->next;
    akti_simnet_free(net->world, t, sizeof(*t) + t->size);
    return AKT_OK;
}

void
akti_simnet_topics_free(struct akti_net *net)
{
    while (net->topics != NULL) {
        struct akti_simnet_topic *t = net->topics;

        net->topics = t->next;
        akti_simnet_free(net->world, t, sizeof(*t) + t->size);
    }
}

/* --- one message --- */

static bool
drops(const struct akti_net *net)
{
    akt_nng_protocol p = net->config.protocol;

    return p == AKT_NNG_SUB || p == AKT_NNG_BUS || p == AKT_NNG_SURVEYOR;
}

/* One that is hushed takes all, and throws it away. */
static bool
is_full(const struct akti_net *net)
{
    return !net->hushed
           && (net->ready.count >= net->config.window
               || (akti_simnet_answers(net)
                   && net->request_count >= net->config.requests));
}

/* Notes who asked; the message gets the number of that. False: no memory. */
static bool
keep_request(struct akti_simnet_end *e, struct akti_simnet_message *m)
{
    struct akti_net *net = e->net;
    struct akti_simnet_request **at = &net->requests;
    struct akti_simnet_request *r = akti_simnet_alloc(net->world, sizeof(*r));

    if (r == NULL) {
        return false;
    }
    /* What was sent before a close arrives behind it: there is no way back then. */
    *r = (struct akti_simnet_request){
        .end = e->conn->open ? e : NULL, .tag = ++net->tags, .remote = m->tag};
    m->tag = r->tag;
    while (*at != NULL) {
        at = &(*at)->next;
    }
    *at = r;
    net->request_count++;
    return true;
}

void
akti_simnet_tell_receiver(struct akti_net *net)
{
    if (net->idle) {
        net->idle = false;
        akti_link_wake(net->link, net->receiver);
    }
}

static void
make_ready(struct akti_simnet_end *e, struct akti_simnet_message *m)
{
    struct akti_net *net = e->net;

    net->world->count.arrived++;
    akti_simnet_note(e->conn, AKTI_NET_ARRIVED, m->size);
    akti_simnet_put(&net->ready, m);
    akti_simnet_tell_receiver(net);
}

/* [move] The socket has it, or nobody. */
static void
take_in(struct akti_simnet_end *e, struct akti_simnet_message *m)
{
    struct akti_net *net = e->net;
    struct akti_simnet *w = net->world;
    uint64_t n = akti_packet_count(net->config.batches, m->bytes, m->size);

    if (!net->hushed && !is_wanted(net, m)) {
        w->count.unwanted++;
        akti_simnet_drop(w, m);
        return;
    }
    if (akti_simnet_asks(net) && !akti_simnet_answered(net, m->tag)) {
        w->count.unwanted++;
        akti_simnet_drop(w, m);
        return;
    }
    net->count.received += n;
    net->count.received_bytes += m->size;
    if (drops(net) && is_full(net)) {
        w->count.dropped++;
        net->count.dropped += n;
    } else if (net->hushed
               || (akti_simnet_answers(net) && !keep_request(e, m))) {
        w->count.lost++;
    } else {
        make_ready(e, m);
        return;
    }
    akti_simnet_drop(w, m);
}

static bool
must_wait(const struct akti_net *net)
{
    return !drops(net) && is_full(net) && !AKTI_MUTANT(simnet_no_back_pressure);
}

static void
see_to_next(struct akti_simnet_end *e)
{
    struct akti_simnet *w = e->conn->world;
    struct akti_simnet_message *m = e->coming.head;
    uint64_t now = akti_simnet_now(w);

    if (m != NULL) {
        akti_simnet_arm(w, &e->timed, m->due_ns > now ? m->due_ns : now);
    }
}

void
akti_simnet_arrive(struct akti_simnet_timed *t)
{
    struct akti_simnet_end *e = (struct akti_simnet_end *)t;
    struct akti_simnet_message *m = e->coming.head;

    if (e->conn->open && (m->cuts || m->size > e->net->config.max_message)) {
        akti_simnet_cut(e->conn);
        return;
    }
    if (must_wait(e->net)) {
        e->stalled = true;
        return;
    }
    e->conn->world->count.on_way--;
    take_in(e, akti_simnet_take(&e->coming));
    see_to_next(e);
    akti_simnet_break(e);
    if (e->conn->open) {
        akti_simnet_pump(akti_simnet_other(e)->net);
    }
    akti_simnet_reap(e);
}

/* --- the side that receives --- */

void
akti_simnet_unstall(struct akti_net *net)
{
    struct akti_simnet_end *e;

    if (is_full(net)) {
        return;
    }
    for (e = net->ends; e != NULL; e = e->next) {
        if (e->stalled) {
            e->stalled = false;
            see_to_next(e);
        }
    }
}

static bool
take_broken(struct akti_net *net, struct akti_packet *out)
{
    struct akti_simnet_message *note = akti_simnet_take(&net->broken);

    *out = (struct akti_packet){.tag = note->tag, .err = AKT_ECLOSED};
    akti_simnet_drop(net->world, note);
    return true;
}

bool
akti_simnet_has_one(struct akti_net *net)
{
    return akti_simnet_answers(net) || net->ready.count > 0
           || net->broken.count > 0;
}

bool
akti_simnet_receive(struct akti_net *net, struct akti_packet *out)
{
    struct akti_simnet_message *m;

    if (net->ready.count == 0) {
        net->idle = net->broken.count == 0;
        return !net->idle && take_broken(net, out);
    }
    m = akti_simnet_take(&net->ready);
    *out = (struct akti_packet){
        .message = m, .bytes = m->bytes, .size = m->size, .tag = m->tag};
    if (net->ready.count <= net->config.window / 2) {
        akti_simnet_unstall(net);
    }
    return true;
}
