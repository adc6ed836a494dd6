/* SPDX-License-Identifier: MIT */
/* Waiting for time, for one's turn, and for a message. */
#include "actors/async/park.h"
#include "actors/async/task.h"

#include "actors/base/clock.h"
#include "actors/core/send.h"
#include "actors/core/system.h"

#include <sched.h>

/* Until the deadline or a cancellation, whatever wakes it. */
static akt_err
wait_until(akt_self *self, uint64_t deadline_ns)
{
    struct akti_parker p;
    akt_err err;

    AKT_TRY(akti_parker_init(&p, self, deadline_ns));
    do {
        err = akti_park(&p);
    } while (err == AKT_OK);
    akti_parker_fini(&p);
    return err == AKT_ETIMEOUT ? AKT_OK : err;
}

akt_err
akt_sleep_until(akt_self *self, uint64_t deadline_ns)
{
    if (deadline_ns <= akti_now(self->ctx)) {
        return akt_task_yield(self);
    }
    return wait_until(self, deadline_ns);
}

akt_err
akt_sleep(akt_self *self, uint64_t ns)
{
    if (ns == 0) {
        return akt_task_yield(self);
    }
    return wait_until(self, akti_clock_add(akti_now(self->ctx), ns));
}

/* Its next turn comes after those that are waiting. */
static void
come_again(struct akti_task *t)
{
    t->fiber.woken = true;
    t->self->again = true;
    akti_task_suspend(t);
}

akt_err
akt_task_yield(akt_self *self)
{
    struct akti_task *t = akti_task_of(self);

    if (t == NULL) {
        if (self->port == NULL) {
            return AKT_ECONTEXT;
        }
        (void)sched_yield();
        return AKT_OK;
    }
    if (akti_task_must_end(t)) {
        return AKT_ECANCELLED;
    }
    come_again(t);
    return akti_task_must_end(t) ? AKT_ECANCELLED : AKT_OK;
}

akt_interval
akt_interval_start(akt_self *self, uint64_t every_ns)
{
    return (akt_interval){akti_clock_add(akti_now(self->ctx), every_ns),
                          every_ns, 0};
}

akt_err
akt_interval_wait(akt_self *self, akt_interval *interval)
{
    uint64_t now;
    uint64_t late;

    if (interval->every_ns == 0) {
        return AKT_EINVAL;
    }
    AKT_TRY(akt_sleep_until(self, interval->next_ns));
    now = akti_now(self->ctx);
    late = (now - interval->next_ns) / interval->every_ns;
    interval->missed += late;
    interval->next_ns =
        akti_clock_add(interval->next_ns, (late + 1) * interval->every_ns);
    return AKT_OK;
}

bool
akt_task_is_cancelled(const akt_self *self)
{
    const struct akti_task *t = akti_task_of(self);

    return t != NULL && t->cancelled;
}

void
akt_task_shield(akt_self *self, bool on)
{
    struct akti_task *t = akti_task_of(self);

    if (t == NULL) {
        return;
    }
    if (on) {
        t->shields++;
    } else if (t->shields > 0) {
        t->shields--;
    }
}

/* --- receiving --- */

bool
akti_task_is_drained(const struct akti_task *t)
{
    return t->draining && t->fiber.incoming == NULL && !akti_task_has_mail(t);
}

/* One turn: what is in the mailbox comes to the hook. */
void
akti_task_look(struct akti_task *t)
{
    akti_task_hear(t, true);
    do {
        come_again(t);
    } while (t->fiber.incoming == NULL && t->actor->user_head != NULL);
    akti_task_hear(t, false);
}

static akt_err
look(struct akti_task *t)
{
    akti_task_look(t);
    return t->fiber.incoming != NULL ? AKT_OK : AKT_ETIMEOUT;
}

/* Whether a wait for messages ends without one. */
static akt_err
hears_no_more(const struct akti_task *t)
{
    if (akti_task_is_drained(t)) {
        return AKT_ESTOPPED;
    }
    return akti_task_must_end(t) ? AKT_ECANCELLED : AKT_OK;
}

/* Until one has come; whatever wakes it, it looks again. */
AKTI_INLINE akt_err
listen(struct akti_task *t)
{
    akt_err err = AKT_OK;

    akti_task_hear(t, true);
    while (t->fiber.incoming == NULL && (err = hears_no_more(t)) == AKT_OK) {
        akti_task_suspend(t);
    }
    akti_task_hear(t, false);
    return err;
}

/* The same with a time limit. */
static akt_err
listen_until(struct akti_task *t, uint64_t deadline_ns)
{
    struct akti_parker p;
    akt_err err;

    AKT_TRY(akti_parker_init(&p, t->self, deadline_ns));
    akti_task_hear(t, true);
    do {
        err = akti_task_is_drained(t) ? AKT_ESTOPPED : akti_park(&p);
    } while (err == AKT_OK && t->fiber.incoming == NULL);
    akti_task_hear(t, false);
    akti_parker_fini(&p);
    return t->fiber.incoming != NULL ? AKT_OK : err;
}

AKTI_INLINE akt_err
wait_for_mail(struct akti_task *t, uint64_t timeout_ns)
{
    if (timeout_ns == AKT_NEVER) {
        return listen(t);
    }
    return timeout_ns == 0
               ? look(t)
               : listen_until(
                   t, akti_clock_add(akti_now(t->self->ctx), timeout_ns));
}

void
akti_task_take_incoming(struct akti_task *t, akt_received *out)
{
    akt_self *self = t->self;

    akti_task_finish_message(t);
    self->message = t->fiber.incoming;
    self->current = t->fiber.incoming;
    self->answered = false;
    t->fiber.incoming = NULL;
    akti_tell(self->ctx, AKTI_EVENT_RECEIVE, self->message);
    out->type = self->message->type;
    out->message = akti_message_payload(self->message);
}

akt_err
akt_receive(akt_self *self, uint64_t timeout_ns, akt_received *out_received)
{
    struct akti_task *t = akti_task_of(self);

    if (t == NULL) {
        return AKT_ECONTEXT;
    }
    akti_task_finish_message(t);
    if (akti_task_must_end(t)) {
        return AKT_ECANCELLED;
    }
    if (t->fiber.incoming == NULL) {
        AKT_TRY(wait_for_mail(t, timeout_ns));
    }
    akti_task_take_incoming(t, out_received);
    return AKT_OK;
}

const void *
akti_received_as(const akt_received *received, const akt_type *type)
{
    return akt_type_equal(received->type, type) ? received->message : NULL;
}

/* --- results --- */

static akt_err
set_result(struct akti_task *t, struct akti_message *m)
{
    if (t->result != NULL) {
        akti_message_free(&t->self->ctx->caches, t->result);
    }
    t->result = m;
    return AKT_OK;
}

akt_err
akti_task_return(akt_self *self, const akti_message_arg *result)
{
    struct akti_task *t = akti_task_of(self);
    struct akti_message *m = NULL;

    if (t == NULL) {
        return AKT_ECONTEXT;
    }
    AKT_TRY(akti_message_new(&self->ctx->caches, result->type, result->payload,
                             &m));
    return set_result(t, m);
}

akt_err
akt_task_fail(akt_self *self, akt_err err, const char *text)
{
    struct akti_task *t = akti_task_of(self);
    struct akti_message *m;

    if (t != NULL && err != AKT_OK) {
        m = akti_error_message(self->ctx, err, text);
        (void)set_result(t, m);
    }
    return err;
}

akt_err
akt_task_fail_with(akt_self *self, const akt_error *error)
{
    struct akti_task *t = akti_task_of(self);

    if (t != NULL && error->code != AKT_OK) {
        (void)set_result(t, akti_failure_message(self->ctx, error));
    }
    return error->code;
}
