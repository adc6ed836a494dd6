/* SPDX-License-Identifier: MIT */
/* Waiting for futures: await, call, join. In a plain thread all of it blocks. */
#include "actors/async/task.h"

#include "actors/base/mutant.h"
#include "actors/core/send.h"
#include "actors/core/system.h"

#include <string.h>

/* The caller's cell that may be awaited. */
AKTI_INLINE akt_err
find(akt_self *self, akt_future future, struct akti_cell **out)
{
    struct akti_cell *cell = akti_future_find(self, future);

    if (cell == NULL || (cell->then != NULL && cell->then != &akti_awaited)) {
        return AKT_EENDED;
    }
    *out = cell;
    return AKT_OK;
}

/* How a future ended that has been taken. */
struct ending {
    akt_answer answer;
    /* [move] what the answer points to, or NULL */
    struct akti_message *message;
    bool copied; /* it was a reply; the rest says nothing */
};

/* What most are: a reply of the wanted type, of which nothing is to be kept. */
static inline bool
is_plain(struct akti_cell *cell, const akt_type *wanted)
{
    return cell->message != NULL && cell->message->type == wanted
           && (cell->marks & AKTI_COMBINED) == 0
           && akti_cell_outcome(cell) == AKT_REPLIED
           && (wanted->flags & AKT_TYPE_OWNS) == 0;
}

static inline void
take_plain(akt_self *self, struct akti_cell *cell, const akti_want *want)
{
    struct akti_message *m = cell->message;

    memcpy(want->out, akti_message_payload(m), want->type->size);
    cell->message = NULL;
    akti_future_close(self, cell);
    akti_message_over(self, m);
}

/* The end of a future of the running task. */
AKTI_INLINE akt_err
await(akt_self *self, akt_future future, const akti_want *want,
      struct ending *out)
{
    struct akti_task *t = akti_task_of(self);
    struct akti_cell *cell;

    AKT_TRY(find(self, future, &cell));
    AKT_TRY(akti_task_wait_cell(t, cell));
    out->copied = want != NULL && is_plain(cell, want->type);
    if (out->copied) {
        take_plain(self, cell, want);
    } else {
        akti_future_take(self, cell, &out->answer, &out->message);
    }
    return AKT_OK;
}

/* The same of any future, into what akt_answer_free takes. */
static akt_err
await_held(akt_self *self, akt_future future, struct akti_held *held)
{
    struct akti_task *t = akti_task_of(self);
    struct akti_cell *cell;

    AKT_TRY(find(self, future, &cell));
    AKT_TRY(akti_task_wait_cell(t, cell));
    akti_future_hold(self, cell, held);
    return AKT_OK;
}

/* A thread's answer is held by what akt_wait gives. */
static akt_err
block(akt_self *self, akt_future future, struct ending *out)
{
    struct akti_held *held;
    akt_answer *answer;

    AKT_TRY(akt_wait(self, future, &answer));
    held = (struct akti_held *)(void *)answer;
    if (held->cell != NULL) {
        akti_future_take(self, held->cell, &out->answer, &out->message);
        held->cell = NULL;
    } else {
        out->answer = held->answer;
        out->message = held->message;
        held->message = NULL;
    }
    akt_answer_free(self, answer);
    return AKT_OK;
}

/* In either. What `want` is there for may be copied at once; NULL: nothing. */
AKTI_INLINE akt_err
take_end(akt_self *self, akt_future future, const akti_want *want,
         struct ending *out)
{
    out->copied = false;
    out->message = NULL;
    if (akti_task_of(self) != NULL) {
        return await(self, future, want, out);
    }
    return self->port != NULL ? block(self, future, out) : AKT_ECONTEXT;
}

static void
free_message(akt_self *self, struct akti_message *m)
{
    if (m != NULL) {
        akti_message_over(self, m);
    }
}

akt_err
akt_await(akt_self *self, akt_future future, akt_answer **out_answer)
{
    struct akti_held *held;
    struct ending ignored;
    akt_err err;

    if (out_answer == NULL) {
        AKT_TRY(take_end(self, future, NULL, &ignored));
        free_message(self, ignored.message);
        return AKT_OK;
    }
    if (akti_task_of(self) == NULL) {
        return akt_wait(self, future, out_answer);
    }
    held = akti_held_new(self);
    if (held == NULL) {
        return AKT_ENOMEM;
    }
    held->message = NULL;
    held->cell = NULL;
    err = await_held(self, future, held);
    if (err == AKT_OK) {
        *out_answer = &held->answer;
    } else {
        akt_answer_free(self, &held->answer);
    }
    return err;
}

/* Where the message lies that the last call's reply points into. */
static struct akti_message **
held_by(akt_self *self)
{
    struct akti_task *t = akti_task_of(self);

    return t != NULL ? &t->held : &self->port->held;
}

/* Says what a call answers that has no words of its own. */
static akt_err
say(akt_error *error, akt_err err)
{
    return err == AKT_OK ? AKT_OK : akt_error_set(error, err, NULL);
}

/* What an end says that is no reply. */
static akt_err
say_end(akt_error *error, const akt_answer *answer)
{
    return answer->outcome == AKT_REPLIED ? AKT_OK
                                          : akt_answer_error(answer, error);
}

/* Copies the reply out, and keeps what it points to. */
static akt_err
copy_reply(akt_self *self, const struct ending *end, const akti_want *want,
           akt_error *error)
{
    struct akti_message *m = end->message;
    const akt_type *type = want->type;
    struct akti_message **held;
    akt_err err;

    if (AKTI_LIKELY(end->copied)) {
        return AKT_OK;
    }
    err = say_end(error, &end->answer);
    if (err != AKT_OK) {
        free_message(self, m);
        return err;
    }
    if (end->answer.reply == NULL || !akt_type_equal(end->answer.type, type)) {
        free_message(self, m);
        return say(error, AKT_ETYPE);
    }
    memcpy(want->out, end->answer.reply, type->size);
    /* The destructor is the caller's affair, as after akt_take. */
    m->flags |= AKTI_TAKEN;
    if ((type->flags & AKT_TYPE_OWNS) == 0) {
        akti_message_over(self, m);
        return AKT_OK;
    }
    held = held_by(self);
    free_message(self, *held);
    *held = m;
    return AKT_OK;
}

/* Nobody wants what was asked for when the wait has failed. */
static akt_err
await_call(akt_self *self, akt_future future, const akti_want *want,
           akt_error *error)
{
    struct ending end;
    akt_err err = take_end(self, future, want, &end);

    if (err == AKT_OK) {
        return copy_reply(self, &end, want,
                          AKTI_MUTANT(call_loses_words) ? NULL : error);
    }
    akt_future_drop(self, future);
    return say(error, err);
}

/* Whether the caller may ask and wait. One that is cancelled asks nobody: that who it
 * would ask has ended is no news to it. */
AKTI_INLINE akt_err
check_call(akt_self *self)
{
    struct akti_task *t = akti_task_of(self);

    if (t == NULL) {
        return self->port != NULL ? AKT_OK : AKT_ECONTEXT;
    }
    return AKTI_UNLIKELY(akti_task_must_end(t))
                   && !AKTI_MUTANT(cancelled_call_asks)
               ? AKT_ECANCELLED
               : AKT_OK;
}

akt_err
akti_call(akt_self *self, akt_ref to, const akti_message_arg *message,
          const akti_call_wait *wait)
{
    akti_want want = {message->type->reply, wait->out};
    akt_future future;
    akt_err err = check_call(self);

    if (AKTI_LIKELY(err == AKT_OK)) {
        err = akti_ask(self, to, wait->timeout_ns, message, &future);
    }
    return err == AKT_OK ? await_call(self, future, &want, wait->error)
                         : say(wait->error, err);
}

/* --- joining --- */

/* A task that waits for its own end would wait for ever. */
static akt_err
check_join(akt_self *self, akt_task task)
{
    if (akt_ref_equal(task.ref, akt_self_ref(self))) {
        return AKT_EDEADLK;
    }
    return task.future.generation != 0 ? AKT_OK : AKT_EENDED;
}

akt_err
akt_join_with(akt_self *self, akt_task task, akt_error *error)
{
    struct ending end;
    akt_err err = check_join(self, task);

    err = err != AKT_OK ? err : take_end(self, task.future, NULL, &end);
    if (err != AKT_OK) {
        return say(error, err);
    }
    err = say_end(AKTI_MUTANT(join_loses_words) ? NULL : error, &end.answer);
    free_message(self, end.message);
    return err;
}

akt_err
akt_join(akt_self *self, akt_task task)
{
    return akt_join_with(self, task, NULL);
}

akt_err
akti_await_as(akt_self *self, akt_future future, const akti_want *want,
              akt_error *error)
{
    struct ending end;
    akt_err err = take_end(self, future, want, &end);

    return err != AKT_OK ? akti_future_refuse(self, future, err, error)
                         : copy_reply(self, &end, want, error);
}

akt_err
akti_join_as(akt_self *self, akt_task task, const akti_want *want,
             akt_error *error)
{
    akt_err err = check_join(self, task);

    return err != AKT_OK ? say(error, err)
                         : akti_await_as(self, task.future, want, error);
}

akt_err
akt_task_cancel(akt_self *self, akt_task task)
{
    return akt_kill(self, task.ref);
}

akt_err
akt_task_detach(akt_self *self, akt_task *task)
{
    struct akti_cell *cell = akti_future_find(self, task->future);

    if (cell == NULL || !akti_child_is(cell)) {
        return AKT_EENDED;
    }
    akti_child_forget(self, cell);
    akt_future_drop(self, task->future);
    task->future = (akt_future){NULL, 0};
    return AKT_OK;
}
