/* SPDX-License-Identifier: MIT */
/*
 * Requests: the test's thread answers those that the probe has got, and sends and
 * asks in the probe's name. Ends of requests are one compare-and-swap, so it
 * does not matter which thread brings them about.
 */
#include "actors/core/future.h"
#include "actors/core/send.h"
#include "actors/test/probe.h"

#include <stdio.h>

/* --- answering --- */

/* What the test holds, or NULL. The list is this thread's to change. */
static struct akti_message *
find(const akt_probe *p, const void *request)
{
    struct akti_message *m = p->held;

    while (m != NULL && akti_message_payload(m) != request) {
        m = m->next;
    }
    return m;
}

/* The promise, for the caller to end; 0 when the request has none any more. */
static uint32_t
claim(akt_probe *p, struct akti_message *m)
{
    uint32_t generation;

    akti_mutex_lock(&p->lock);
    generation = m->cell_generation;
    m->cell_generation = 0;
    akti_mutex_unlock(&p->lock);
    return generation;
}

/* Ends it by a message, which is moved. */
static akt_err
answer(akt_probe *p, struct akti_message *m, struct akti_message *reply)
{
    uint32_t generation = claim(p, m);

    if (generation == 0) {
        akti_send_undo(p->self, reply);
        return AKT_EENDED;
    }
    akti_future_answer(p->self->ctx, m->cell, generation, reply);
    return AKT_OK;
}

static akt_err
answer_without(akt_probe *p, struct akti_message *m, akt_outcome outcome,
               akt_err err)
{
    uint32_t generation = claim(p, m);

    if (generation == 0) {
        return AKT_EENDED;
    }
    (void)akti_future_end(p->self->ctx, m->cell, generation, outcome, err);
    return AKT_OK;
}

akt_err
akti_probe_reply(akt_probe *p, const void *request, const void *reply)
{
    struct akti_message *m = find(p, request);
    struct akti_message *r = NULL;

    if (m == NULL) {
        return AKT_EENDED;
    }
    AKT_TRY(akti_message_new(&p->self->ctx->caches, m->type->reply, reply, &r));
    return answer(p, m, r);
}

akt_err
akt_probe_fail(akt_probe *p, const void *request, akt_err err, const char *text)
{
    struct akti_message *m = find(p, request);
    struct akti_message *r;

    if (err == AKT_OK) {
        return AKT_EINVAL;
    }
    if (m == NULL) {
        return AKT_EENDED;
    }
    r = akti_error_message(p->self->ctx, err, text);
    /* Without memory for the text, by the code. */
    return r != NULL ? answer(p, m, r) : answer_without(p, m, AKT_FAILED, err);
}

akt_err
akt_probe_drop(akt_probe *p, const void *request)
{
    struct akti_message *m = find(p, request);

    return m != NULL ? answer_without(p, m, AKT_BROKEN, AKT_EBROKEN)
                     : AKT_EENDED;
}

/* --- sending and asking --- */

/* As akti_send_prepare, with the probe as the sender. */
static akt_err
prepare(akt_probe *p, akt_ref to, const akti_message_arg *arg,
        struct akti_actor **out_target, struct akti_message **out_message)
{
    AKT_TRY(akti_send_prepare(p->self, to, arg, out_target, out_message));
    (*out_message)->sender_slot = p->ref.slot;
    (*out_message)->sender_generation = p->ref.generation;
    return AKT_OK;
}

akt_err
akti_probe_send(akt_probe *p, akt_ref to, const akt_type *type,
                const void *payload)
{
    const akti_message_arg arg = {type, payload};
    struct akti_actor *target = NULL;
    struct akti_message *m = NULL;
    akt_err err;

    AKT_TRY(prepare(p, to, &arg, &target, &m));
    err = akti_send_message(p->self, target, m, AKTI_NEVER_AWAIT);
    if (err != AKT_OK) {
        akti_send_undo(p->self, m);
    }
    return err;
}

akt_err
akti_probe_ask(akt_probe *p, akt_ref to, uint64_t timeout_ns,
               const akti_message_arg *arg, akt_future *out_future)
{
    struct akti_actor *target = NULL;
    struct akti_message *m = NULL;

    AKT_TRY(prepare(p, to, arg, &target, &m));
    return akti_future_ask(p->self, target, m, timeout_ns, out_future);
}

/* --- expecting the end of a request --- */

static const char *
outcome_text(akt_outcome outcome)
{
    static const char *const texts[] = {"is open", "was replied to", "failed",
                                        "expired", "was cancelled",  "broke"};

    return (unsigned)outcome < sizeof(texts) / sizeof(texts[0])
               ? texts[outcome]
               : "ended in a way that there is not";
}

/* A request that ended otherwise than `what` says. */
static akt_err
other_end(akt_probe *p, const akti_place *place, const char *what)
{
    const akt_answer *a = p->answer;
    char got[AKTI_PROBE_SENTENCE / 3] = "";
    akt_err err = AKT_EUNEXPECTED;

    if (a->reply != NULL) {
        akti_probe_describe_payload(a->type, a->reply, got, sizeof(got));
        return akti_probe_failed(p, place, err, "expected %s, but it %s: %s",
                                 what, outcome_text(a->outcome), got);
    }
    if (a->text.len > 0) {
        (void)snprintf(got, sizeof(got), ": %.*s", (int)a->text.len,
                       a->text.ptr);
    }
    return akti_probe_failed(p, place, err, "expected %s, but it %s (%s)%s",
                             what, outcome_text(a->outcome),
                             akt_err_name(a->error), got);
}

/* The request's answer; false when there is none to be had. */
static bool
wait_for_answer(akt_probe *p, akt_future future, const char *what,
                const akti_place *place)
{
    akt_err err;

    akti_probe_begin(p);
    err = akt_wait(p->self, future, &p->answer);
    if (err != AKT_OK) {
        (void)akti_probe_failed(p, place, err,
                                "expected %s, but could not wait for it (%s)",
                                what, akt_err_name(err));
        return false;
    }
    return true;
}

const void *
akti_expect_reply(akt_probe *p, akt_future future, const akt_type *type,
                  const akti_place *place)
{
    char what[AKTI_PROBE_LINE];
    const void *reply;

    (void)snprintf(what, sizeof(what), "a request to be answered by %s",
                   type->name);
    if (!wait_for_answer(p, future, what, place)) {
        return NULL;
    }
    reply = akti_answer_as(p->answer, type);
    if (reply == NULL) {
        (void)other_end(p, place, what);
    }
    return reply;
}

akt_err
akti_expect_outcome(akt_probe *p, akt_future future, akt_outcome outcome,
                    const akti_place *place)
{
    static const char *const wanted[] = {
        "a request to be open",      "a request to be replied to",
        "a request to fail",         "a request to expire",
        "a request to be cancelled", "a request to break"};
    const char *what = (unsigned)outcome < sizeof(wanted) / sizeof(wanted[0])
                           ? wanted[outcome]
                           : "an end that there is not";

    if (!wait_for_answer(p, future, what, place)) {
        return p->error;
    }
    return p->answer->outcome == outcome ? AKT_OK : other_end(p, place, what);
}

const akt_answer *
akt_probe_answer(const akt_probe *p)
{
    return p->answer;
}

/* --- expecting the end of an actor --- */

static bool
run_until_end(akt_probe *p, akt_ref ref, uint64_t deadline_ns)
{
    bool more = true;

    while (more && akt_ref_is_alive(p->self, ref)) {
        more = akti_sim_progress(p->self->ctx->dispatcher, deadline_ns);
    }
    if (!more) {
        akti_probe_pass_time(p, deadline_ns);
    }
    return more;
}

akt_err
akti_expect_end(akt_probe *p, uint64_t within_ns, akt_ref ref,
                const akti_place *place)
{
    char time[AKTI_PROBE_TIME];
    char name[AKT_REF_TEXT_SIZE];

    akti_probe_begin(p);
    if (p->self->ctx->dispatcher->sim == NULL) {
        return akti_probe_failed(p, place, AKT_ECONTEXT,
                                 "the end of an actor can be expected in a "
                                 "simulation only");
    }
    if (run_until_end(p, ref, akti_probe_deadline(p, within_ns))) {
        return AKT_OK;
    }
    akti_probe_time_text(within_ns, time, sizeof(time));
    (void)akt_ref_format(ref, name, sizeof(name));
    return akti_probe_failed(p, place, AKT_ETIMEOUT,
                             "expected %s to end %s, but it is still there",
                             name, time);
}
