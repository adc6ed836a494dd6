/* SPDX-License-Identifier: MIT */
/*
 * What asks (REQ) in the simulated network. Of each open request there is a note,
 * a message without bytes that never travels: it knows by which connection the
 * request went. When nothing can come by that any more, the note becomes what OUT
 * receives: no answer. An answer that finds no note came too late, and is not seen.
 */
#include "actors/net/sim_net.h"

#include "actors/base/mutant.h"

bool
akti_simnet_asks(const struct akti_net *net)
{
    return net->config.protocol == AKT_NNG_REQ;
}

bool
akti_simnet_ask(struct akti_net *net, struct akti_simnet_message *m)
{
    struct akti_simnet_message *note = akti_simnet_message(net->world, 0);

    if (note == NULL) {
        return false;
    }
    note->tag = m->tag;
    m->note = note;
    akti_simnet_put(&net->notes, note);
    return true;
}

void
akti_simnet_asked(struct akti_simnet_end *e, struct akti_simnet_message *m)
{
    if (m->note != NULL) {
        m->note->end = e;
        m->note = NULL;
    }
}

bool
akti_simnet_answered(struct akti_net *net, uint64_t tag)
{
    struct akti_simnet_message *note = akti_simnet_take_tag(&net->notes, tag);

    if (note == NULL) {
        return false;
    }
    akti_simnet_drop(net->world, note);
    return true;
}

/* It has not left: it will not. */
static void
withdraw(struct akti_net *net, uint64_t tag)
{
    struct akti_simnet_message *m = akti_simnet_take_tag(&net->queue, tag);

    if (m != NULL) {
        net->count.lost++;
        akti_simnet_drop(net->world, m);
        akti_simnet_had_room(net);
    }
}

void
akti_simnet_give_up(struct akti_net *net, uint64_t tag)
{
    struct akti_simnet_message *broken =
        akti_simnet_take_tag(&net->broken, tag);

    if (broken != NULL) {
        akti_simnet_drop(net->world, broken);
    }
    if (akti_simnet_asks(net) && akti_simnet_answered(net, tag)) {
        withdraw(net, tag);
    }
}

void
akti_simnet_break(struct akti_simnet_end *e)
{
    struct akti_simnet_queue kept = {NULL, NULL, 0};
    struct akti_net *net = e->net;

    if (net == NULL || e->conn->open || e->coming.count > 0) {
        return;
    }
    while (net->notes.head != NULL) {
        struct akti_simnet_message *note = akti_simnet_take(&net->notes);

        akti_simnet_put(note->end == e && !AKTI_MUTANT(simnet_asks_for_ever)
                            ? &net->broken
                            : &kept,
                        note);
    }
    net->notes = kept;
    if (net->hushed) {
        (void)akti_simnet_clear(net->world, &net->broken);
    } else if (net->broken.count > 0) {
        akti_simnet_tell_receiver(net);
    }
}
