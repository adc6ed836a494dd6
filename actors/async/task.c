/* SPDX-License-Identifier: MIT */
/* The life of a task: spawned, woken by what its actor's turns bring, ended. */
#include "actors/async/task.h"

#include "actors/async/channel.h"
#include "actors/base/error.h"
#include "actors/base/mutant.h"
#include "actors/core/send.h"
#include "actors/core/system.h"

#include <string.h>

/* --- the hooks --- */

/* A task stays where it began. */
static void
settle_down(struct akti_task *t, struct akti_actor *a)
{
    struct akti_context *ctx = t->self->ctx;

    if (a->runnable.home == 0 && ctx->sim == NULL
        && !AKTI_MUTANT(task_wanders)) {
        a->runnable.home = ctx->worker->number + 1;
    }
}

akt_err
akti_task_on_start(akt_self *self, void *state)
{
    struct akti_task *t = *(struct akti_task **)state;

    t->self = self;
    t->actor = self->actor;
    settle_down(t, self->actor);
    if (AKTI_UNLIKELY(t->gifts != NULL)) {
        akti_gifts_arrive(self, t->gifts);
    }
    t->fiber.woken = true;
    return AKT_OK;
}

static void
on_orders(akt_self *self, struct akti_actor *a, uint32_t orders)
{
    struct akti_task *t = *(struct akti_task **)a->state;

    (void)self;
    if ((orders & AKTI_ORDER_DRAIN) != 0 && !t->draining) {
        t->draining = true;
        t->fiber.woken = true;
        akti_actor_refuse_mail(a);
    }
    if ((orders & ~(uint32_t)AKTI_ORDER_DRAIN) == 0 || t->cancelled) {
        return;
    }
    t->cancelled = true;
    t->fiber.woken = true;
    t->fiber.exit_kind = (orders & AKTI_ORDER_SHUTDOWN) != 0 ? AKT_EXIT_SHUTDOWN
                         : (orders & AKTI_ORDER_KILL) != 0   ? AKT_EXIT_KILLED
                         : (orders & AKTI_ORDER_OVERFLOW) != 0
                             ? AKT_EXIT_OVERFLOW
                             : AKT_EXIT_STOPPED;
}

static void
on_left(akt_self *self, struct akti_actor *a)
{
    akti_channel_pay(self->ctx, *(struct akti_task **)a->state);
}

static void
on_ended(akt_self *self, struct akti_actor *a, struct akti_cell *cell)
{
    struct akti_task *t = *(struct akti_task **)a->state;

    (void)self;
    if (t->fiber.awaits == cell || (t->selects && cell->arg != NULL)) {
        t->fiber.woken = true;
    } else {
        akti_scope_child_ended(t, cell);
    }
}

/* Within the send: it goes on when the message has found room. */
static void
on_outbox(akt_self *self, struct akti_actor *a)
{
    struct akti_task *t = *(struct akti_task **)a->state;

    (void)self;
    while ((a->runnable.unused & AKTI_FLAG_AWAITING) != 0) {
        t->fiber.woken = true; /* the next turn is after that */
        akti_task_suspend(t);
    }
}

/* A user's message, of whatever type: it is the task's from now on. */
static akt_err
on_message(akt_self *self, void *state, const void *message)
{
    (void)state;
    (void)message;
    akti_fiber_hear(self->actor, self->message);
    self->message = NULL;
    self->current = NULL;
    return AKT_OK;
}

/* The alarm of a wait; one that comes late is of an earlier wait. */
#define WAIT_FIELDS(F) F(u64, wait)
AKT_MESSAGE(akti_alarm, WAIT_FIELDS);

static akt_err
on_alarm(akt_self *self, void *state, const void *message)
{
    struct akti_task *t = *(struct akti_task **)state;
    const struct akti_alarm *alarm = message;

    (void)self;
    if (alarm->wait == t->wait) {
        t->fiber.woken = true;
    }
    return AKT_OK;
}

AKT_SIGNAL(akti_scope_alarm);

static akt_err
on_scope_alarm(akt_self *self, void *state, const void *message)
{
    struct akti_task *t = *(struct akti_task **)state;

    (void)message;
    akti_scope_expire(t, self->message->cell);
    return AKT_OK;
}

static const akt_handler task_handlers[] = {
    {&akti_alarm_type, on_alarm},
    {&akti_scope_alarm_type, on_scope_alarm},
    {NULL, on_message}};

const akt_behavior akti_task_behavior = {"task", "a task's", sizeof(void *),
                                         task_handlers};

/* --- alarms --- */

akt_err
akti_task_alarm(struct akti_task *t, uint64_t deadline_ns, akt_timer *out)
{
    struct akti_alarm alarm = {.wait = ++t->wait};

    *out = (akt_timer){NULL, 0};
    if (deadline_ns == AKT_NEVER) {
        return AKT_OK;
    }
    return akti_timer_begin_at(
        t->self, deadline_ns, &(akti_timer_arg){&akti_alarm_type, &alarm}, out);
}

akt_err
akti_scope_alarm_start(struct akti_task *t, uint64_t after_ns,
                       struct akti_cell *scope)
{
    /* As exact as a request's; 0 would be the default of those. */
    uint64_t due = after_ns != 0 ? akti_future_due(t->self, after_ns)
                                 : akti_now(t->self->ctx);

    return akti_alarm_start(t->self, scope, due, &akti_scope_alarm_type);
}

void
akti_task_alarm_stop(struct akti_task *t, akt_timer alarm)
{
    t->wait++;
    akt_ignore(akt_timer_cancel(t->self, alarm));
}

/* --- the end --- */

static void
free_message(akt_self *self, struct akti_message *m)
{
    if (m != NULL) {
        akti_message_free(&self->ctx->caches, m);
    }
}

/* What it received last is over, as when a handler has returned. */
void
akti_task_finish_message(struct akti_task *t)
{
    akt_self *self = t->self;
    struct akti_message *m = self->message;

    self->message = NULL;
    self->current = NULL;
    self->answered = false;
    self->kept = NULL;
    if (m == NULL) {
        return;
    }
    if (m == self->boxed && m->cell_generation == 0) {
        akti_count(self->ctx, akti_actor_entry(t->actor),
                   AKTI_FATES + AKT_FATE_DELIVERED, 1);
        akti_message_over(self, m);
        return;
    }
    if (m == self->boxed) {
        akti_unbox(self);
    }
    akti_message_delivered(self->ctx, akti_actor_entry(t->actor), m);
}

/*
 * What it owns has ended; the first error is its own, unless it has one. Not inlined:
 * the words lie on the stack of nobody who sleeps in his function.
 */
static __attribute__((noinline)) void
join_children(struct akti_task *t)
{
    akt_error error = AKT_ERROR_NONE;
    struct akti_joining children = {NULL, AKT_OK, &error};

    akti_children_join(t, NULL, &children);
    if (t->error == AKT_OK && children.first != AKT_OK) {
        t->error = akt_task_fail_with(t->self, &error);
    }
}

/* On its own stack, from the first turn to the last. */
static void
run(void *arg)
{
    struct akti_task *t = arg;
    akt_self *self = t->self;

    t->error = t->fn->run(self, t->args);
    if (t->error != AKT_OK) {
        akti_children_cancel(self, NULL);
    }
    if (AKTI_UNLIKELY(self->actor->cells != NULL)
        && !AKTI_MUTANT(child_outlives_owner)) {
        join_children(t);
    }
    akti_task_finish_message(t);
}

/* What is told of a task when its stack is gone. */
struct ending {
    const akt_task_function *fn;
    akt_ref ref;
    void *join;
    uint32_t join_generation;
    akt_err error;
    struct akti_message *result;
    bool cancelled;
};

/* Tells who joins; the result is moved or freed. */
static void
tell_end(akt_self *self, const struct ending *t)
{
    struct akti_message *m = t->result;
    bool fits = m != NULL && (t->error == AKT_OK) == (m->error == 0);

    if (t->join_generation == 0) {
        free_message(self, m);
    } else if (fits) {
        akti_future_answer(self->ctx, t->join, t->join_generation, m);
    } else {
        free_message(self, m);
        (void)akti_future_end(self->ctx, t->join, t->join_generation,
                              t->error == AKT_OK ? AKT_REPLIED : AKT_FAILED,
                              t->error);
    }
}

static void
log_error(akt_self *self, const struct ending *t)
{
    char label[AKTI_ERR_LABEL_SIZE];
    char ref[AKT_REF_TEXT_SIZE];

    if (t->join_generation != 0 || t->cancelled) {
        return;
    }
    (void)akt_ref_format(t->ref, ref, sizeof(ref));
    akti_log_line(&self->system->dispatcher.log, AKT_LOG_WARNING,
                  "task %s%s ended with an error that nobody joins: %s (%s)",
                  t->fn->cls->name, ref, akti_err_label(t->error, label),
                  akt_err_text(t->error));
}

static void *
on_leave(akt_self *self, struct akti_actor *a)
{
    struct akti_task *t = *(struct akti_task **)a->state;

    free_message(self, t->held);
    t->held = NULL;
    t->ref = akti_actor_ref(self->system, a);
    if (t->fiber.incoming != NULL) {
        akti_message_end(self->ctx, akti_actor_entry(a), t->fiber.incoming,
                         AKT_FATE_DEAD, AKT_EDEAD);
    }
    return t;
}

static uint32_t
holds(const struct akti_actor *a, const struct akti_message *m)
{
    const struct akti_task *t = *(struct akti_task **)a->state;

    if (m != NULL) {
        return t->fiber.message == m || t->fiber.incoming == m;
    }
    return (uint32_t)(t->fiber.message != NULL)
           + (uint32_t)(t->fiber.incoming != NULL);
}

static void
on_gone(akt_self *self, void *left)
{
    struct akti_task *t = left;
    struct ending end = {.fn = t->fn,
                         .ref = t->ref,
                         .join = t->join,
                         .join_generation = t->join_generation,
                         .error = t->error,
                         .result = t->result,
                         .cancelled = t->cancelled};

    /* Who joins may look whether everything has been given back. */
    akti_stack_put(&self->ctx->stacks, t->stack);
    if (AKTI_UNLIKELY(end.error != AKT_OK)) {
        log_error(self, &end);
    }
    tell_end(self, &end);
}

const struct akti_hooks akti_task_hooks = {.orders = on_orders,
                                           .holds = holds,
                                           .left = on_left,
                                           .ended = on_ended,
                                           .outbox = on_outbox,
                                           .leave = on_leave,
                                           .gone = on_gone};

/* --- spawning --- */

/* Lays the task out at the high end of its stack. */
AKTI_INLINE struct akti_task *
lay_out(struct akti_stack *stack, const akt_task_function *fn, const void *args)
{
    uintptr_t top = (uintptr_t)stack->high;
    struct akti_task *t;
    void *a;

    top = (top - sizeof(struct akti_task)) & ~(uintptr_t)63;
    t = (struct akti_task *)top;
    top = (top - fn->size) & ~(uintptr_t)63;
    a = (void *)top;
    akti_zero(t, sizeof(*t));
    if (fn->size > 0) {
        memcpy(a, args, fn->size);
    }
    t->fn = fn;
    t->args = a;
    t->stack = stack;
    akti_coro_init(&t->fiber.coro, stack, a, run, t);
    t->fiber.coro.name = fn->cls->name;
    return t;
}

/* The arguments may take half of a stack. */
AKTI_INLINE akt_err
task_new(akt_self *self, const akt_task_function *fn, const void *args,
         struct akti_task **out)
{
    struct akti_stack *stack;

    if (fn->align > 64 || fn->size > self->system->task_stack / 2) {
        akti_log_line(&self->system->dispatcher.log, AKT_LOG_WARNING,
                      "task %s: arguments of %u bytes (at most half of "
                      "task_stack, %zu) aligned to %u (at most 64)",
                      fn->cls->name, fn->size, self->system->task_stack,
                      fn->align);
        return AKT_EINVAL;
    }
    AKT_TRY(akti_stack_get(&self->ctx->stacks, &stack));
    *out = lay_out(stack, fn, args);
    return AKT_OK;
}

static void
task_undo(akt_self *self, struct akti_task *t)
{
    akti_stack_put(&self->ctx->stacks, t->stack);
}

/* The task may run, and end, before this returns. */
static akt_err
start(akt_self *self, struct akti_task *t, akt_ref *out_ref)
{
    akt_err err = akti_spawn(self, t->fn->cls, out_ref, &t);

    if (err != AKT_OK) {
        task_undo(self, t);
    }
    return err;
}

akt_err
akti_task_spawn_owner(akt_self *self, const akt_task_function *fn,
                      struct akti_cell *gifts, akt_task *out_task,
                      const void *args)
{
    struct akti_cell *cell;
    struct akti_task *t;
    akt_task task;
    akt_err err;

    AKT_TRY(task_new(self, fn, args, &t));
    err = akti_child_new(self, false, &cell);
    if (err != AKT_OK) {
        task_undo(self, t);
        return err;
    }
    task.future = akti_future_name(cell);
    t->gifts = gifts;
    t->join = cell;
    t->join_generation = task.future.generation;
    err = start(self, t, &task.ref);
    if (err != AKT_OK) {
        akti_future_undo(self, cell);
        return err;
    }
    akti_child_name(self, cell, task.ref);
    akti_child_watch(self, cell);
    if (out_task != NULL) {
        *out_task = task;
    }
    return AKT_OK;
}

akt_err
akti_task_spawn(akt_self *self, const akt_task_function *fn, akt_task *out_task,
                const void *args)
{
    return akti_task_spawn_owner(self, fn, NULL, out_task, args);
}

akt_err
akti_task_spawn_detached(akt_self *self, const akt_task_function *fn,
                         akt_ref *out_ref, const void *args)
{
    struct akti_task *t;
    akt_ref ref;

    AKT_TRY(task_new(self, fn, args, &t));
    AKT_TRY(start(self, t, &ref));
    if (out_ref != NULL) {
        *out_ref = ref;
    }
    return AKT_OK;
}
