/* SPDX-License-Identifier: MIT */
/* What sockets of the simulated network send. */
#include "actors/net/sim_net.h"

#include "actors/base/mutant.h"

static bool
goes_to_all(const struct akti_net *net)
{
    akt_nng_protocol p = net->config.protocol;

    return p == AKT_NNG_PUB || p == AKT_NNG_SURVEYOR || p == AKT_NNG_BUS;
}

/* Whether a message may be put on its way from this end. */
static bool
has_room(struct akti_simnet_end *e)
{
    return e->conn->open
           && akti_simnet_other(e)->coming.count < e->conn->world->buffer;
}

/* [move] From this end to the other one. */
static void
put_on_way(struct akti_simnet_end *e, struct akti_simnet_message *m)
{
    struct akti_simnet_end *to = akti_simnet_other(e);
    struct akti_simnet *w = e->conn->world;

    m->due_ns = akti_simnet_now(w) + akti_simnet_delay(w);
    m->cuts = akti_simnet_fails(w, AKT_FAULT_CUT);
    w->count.sent++;
    w->count.on_way++;
    e->used = ++e->net->turns;
    akti_simnet_put(&to->coming, m);
    if (AKTI_MUTANT(simnet_overtakes)) {
        akti_simnet_put(&to->coming, akti_simnet_take(&to->coming));
    }
    if (!to->stalled && to->timed.due_ns == 0) {
        akti_simnet_arm(w, &to->timed, m->due_ns);
    }
}

static void
count_out(struct akti_net *net, const struct akti_simnet_message *m)
{
    net->count.sent +=
        akti_packet_count(net->config.batches, m->bytes, m->size);
    net->count.sent_bytes += m->size;
}

/* --- to all --- */

static void
send_to_all(struct akti_net *net, struct akti_simnet_message *m)
{
    struct akti_simnet *w = net->world;
    struct akti_simnet_end *e;

    count_out(net, m);
    for (e = net->ends; e != NULL; e = e->next) {
        struct akti_simnet_message *copy =
            has_room(e) ? akti_simnet_copy(w, m) : NULL;

        if (copy != NULL) {
            put_on_way(e, copy);
        } else if (e->conn->open) {
            w->count.sent++;
            w->count.dropped++;
        }
    }
    akti_simnet_drop(w, m);
}

/* --- to one --- */

/* Of those with room the one whose turn is longest ago. */
static struct akti_simnet_end *
find_room(struct akti_net *net)
{
    struct akti_simnet_end *found = NULL;
    struct akti_simnet_end *e;

    for (e = net->ends; e != NULL; e = e->next) {
        if (has_room(e) && (found == NULL || e->used < found->used)) {
            found = e;
        }
    }
    return found;
}

static void
tell_room(struct akti_net *net)
{
    if (net->wants_room && net->queue.count <= net->config.send_window / 2) {
        net->wants_room = false;
        akti_link_wake(net->link, AKTI_SIDE_OUT);
    }
}

void
akti_simnet_pump(struct akti_net *net)
{
    struct akti_simnet_end *e;

    if (net->queue.count == 0) {
        return;
    }
    while (net->queue.count > 0 && (e = find_room(net)) != NULL) {
        count_out(net, net->queue.head);
        akti_simnet_asked(e, net->queue.head);
        put_on_way(e, akti_simnet_take(&net->queue));
    }
    akti_simnet_had_room(net);
}

void
akti_simnet_had_room(struct akti_net *net)
{
    if (!AKTI_MUTANT(simnet_room_not_told)) {
        tell_room(net);
    }
    if (net->queue.count == 0) {
        akti_link_busy(net->link, false);
    }
}

static bool
send_to_one(struct akti_net *net, struct akti_simnet_message *m)
{
    if (net->queue.count >= net->config.send_window) {
        net->wants_room = true;
        return false;
    }
    if (akti_simnet_asks(net) && !akti_simnet_ask(net, m)) {
        return false;
    }
    akti_simnet_put(&net->queue, m);
    if (net->queue.count == 1) {
        akti_link_busy(net->link, true);
    }
    akti_simnet_pump(net);
    return true;
}

uint32_t
akti_simnet_pending(struct akti_net *net)
{
    return net->queue.count;
}

/* --- answers --- */

/* Takes the request out; NULL when there is none. */
static struct akti_simnet_request *
take_request(struct akti_net *net, uint64_t tag)
{
    struct akti_simnet_request **at = &net->requests;
    struct akti_simnet_request *r;

    while (*at != NULL && (*at)->tag != tag) {
        at = &(*at)->next;
    }
    r = *at;
    if (r != NULL) {
        *at = r->next;
        net->request_count--;
    }
    return r;
}

void
akti_simnet_unanswered(struct akti_net *net, uint64_t tag)
{
    struct akti_simnet_request *r = take_request(net, tag);

    akti_simnet_free(net->world, r, sizeof(*r));
    akti_simnet_unstall(net);
}

/* Beyond the buffer too: the requests are bounded. */
static void
send_answer(struct akti_net *net, struct akti_simnet_message *m)
{
    struct akti_simnet_request *r = take_request(net, m->tag);

    count_out(net, m);
    if (r != NULL && r->end != NULL && r->end->conn->open) {
        m->tag = r->remote;
        put_on_way(r->end, m);
    } else {
        net->world->count.sent++;
        net->world->count.lost++;
        akti_simnet_drop(net->world, m);
    }
    akti_simnet_free(net->world, r, sizeof(*r));
    akti_simnet_unstall(net);
}

bool
akti_simnet_send(struct akti_net *net, struct akti_packet *packet)
{
    struct akti_simnet_message *m = packet->message;

    m->tag = packet->tag;
    if (akti_simnet_answers(net)) {
        send_answer(net, m);
        return true;
    }
    if (goes_to_all(net)) {
        send_to_all(net, m);
        return true;
    }
    return send_to_one(net, m);
}
