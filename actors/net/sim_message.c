/* SPDX-License-Identifier: MIT */
/* Messages of the simulated network, and queues of them. */
#include "actors/net/sim_net.h"

#include <string.h>

void
akti_simnet_put(struct akti_simnet_queue *q, struct akti_simnet_message *m)
{
    m->next = NULL;
    if (q->tail != NULL) {
        q->tail->next = m;
    } else {
        q->head = m;
    }
    q->tail = m;
    q->count++;
}

struct akti_simnet_message *
akti_simnet_take(struct akti_simnet_queue *q)
{
    struct akti_simnet_message *m = q->head;

    q->head = m->next;
    if (q->head == NULL) {
        q->tail = NULL;
    }
    q->count--;
    return m;
}

struct akti_simnet_message *
akti_simnet_take_tag(struct akti_simnet_queue *q, uint64_t tag)
{
    struct akti_simnet_queue rest = {NULL, NULL, 0};
    struct akti_simnet_message *found = NULL;

    while (q->head != NULL) {
        struct akti_simnet_message *m = akti_simnet_take(q);

        if (found == NULL && m->tag == tag) {
            found = m;
        } else {
            akti_simnet_put(&rest, m);
        }
    }
    *q = rest;
    return found;
}

struct akti_simnet_message *
akti_simnet_message(struct akti_simnet *w, size_t size)
{
    struct akti_simnet_message *m = akti_simnet_alloc(w, sizeof(*m) + size);

    if (m != NULL) {
        m->size = size;
    }
    return m;
}

akt_err
akti_simnet_packet_new(struct akti_net *net, size_t size,
                       struct akti_packet *out, void **out_bytes)
{
    struct akti_simnet_message *m = akti_simnet_message(net->world, size);

    if (m == NULL) {
        return AKT_ENOMEM;
    }
    *out =
        (struct akti_packet){.message = m, .bytes = m->bytes, .size = m->size};
    *out_bytes = m->bytes;
    return AKT_OK;
}

void
akti_simnet_drop(struct akti_simnet *w, struct akti_simnet_message *m)
{
    akti_simnet_free(w, m, sizeof(*m) + m->size);
}

void
akti_simnet_packet_free(struct akti_net *net, struct akti_packet *packet)
{
    if (packet->message != NULL) {
        akti_simnet_drop(net->world, packet->message);
    }
}

struct akti_simnet_message *
akti_simnet_copy(struct akti_simnet *w, const struct akti_simnet_message *m)
{
    struct akti_simnet_message *copy = akti_simnet_message(w, m->size);

    if (copy != NULL) {
        memcpy(copy->bytes, m->bytes, m->size);
        copy->tag = m->tag;
    }
    return copy;
}

uint32_t
akti_simnet_clear(struct akti_simnet *w, struct akti_simnet_queue *q)
{
    uint32_t n = q->count;

    while (q->head != NULL) {
        akti_simnet_drop(w, akti_simnet_take(q));
    }
    return n;
}
