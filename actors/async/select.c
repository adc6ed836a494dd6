/* SPDX-License-Identifier: MIT */
/*
 * Select: looks at its branches in turn until one of them happens. First without
 * waiting; then it lines up in the channels whose branches could not happen, under
 * the same latch, and sleeps. A channel that woke it in vain, since another branch
 * happened, wakes the next one who waits. Places lie on the stack.
 */
#include "akt/select.h"

#include "actors/async/channel.h"
#include "actors/async/task.h"
#include "actors/base/clock.h"
#include "actors/base/mutant.h"
#include "actors/core/system.h"

#define FEW 8u

/* What no branch answers: it has not happened. */
#define NOT_YET ((akt_err)-1)

/* A branch that waits in a channel. */
struct post {
    struct akti_channel *channel; /* NULL: it does not */
    struct akti_place place;
};

struct select {
    akt_self *self;
    struct akti_task *task; /* NULL: a plain thread */
    akt_branch *branches;
    struct post *posts;
    uint32_t n;
    uint32_t first; /* that is looked at */
    bool waits;     /* branches line up */
    bool hears;     /* it has a branch for messages, and listens */
    uint64_t began_ns;
    uint64_t deadline_ns;
    struct akti_parker *parker;
};

/* --- channels --- */

static bool
is_receive(const akt_branch *b)
{
    return b->akti_kind == AKTI_WHEN_RECV;
}

static void *
share_of(const akt_branch *b)
{
    return is_receive(b) ? b->akti_rx.cell : b->akti_tx.cell;
}

static uint32_t
generation_of(const akt_branch *b)
{
    return is_receive(b) ? b->akti_rx.generation : b->akti_tx.generation;
}

static struct akti_line *
line_of(const akt_branch *b, struct akti_channel *ch)
{
    return is_receive(b) ? &ch->receivers : &ch->senders;
}

/* Under the latch; the share is open. */
static void
line_up(struct select *s, uint32_t i, struct akti_channel *ch)
{
    const akt_branch *b = &s->branches[i];
    struct post *post = &s->posts[i];
    struct akti_cell *share = share_of(b);

    if (post->channel == NULL) {
        post->channel = ch;
        post->place = (struct akti_place){.parker = s->parker, .share = share};
        ch->refs++;
        share->users++;
    }
    if (!post->place.linked) {
        akti_line_push(line_of(b, ch), &post->place);
    }
}

static akt_err
try_channel(struct select *s, const akt_branch *b, struct akti_channel *ch)
{
    akti_message_arg value = {b->akti_type, b->akti_value};

    if (!is_receive(b)) {
        return akti_channel_put(s->self->ctx, ch, &value);
    }
    if (s->waits && ch->open_senders == 0
        && AKTI_MUTANT(select_believes_closed)) {
        return AKT_ECLOSED;
    }
    return akti_channel_get(s->self, ch, b->akti_type, b->akti_out);
}

/* Most of them have something, or it is seen from outside that they have not. */
static akt_err
glance_at_receive(akt_self *self, const akt_branch *b)
{
    struct akti_channel *ch;
    akt_err err;

    if (akti_channel_looks_quiet(b->akti_rx.cell, b->akti_rx.generation)) {
        return NOT_YET;
    }
    AKT_TRY(
        akti_channel_enter(self, b->akti_rx.cell, b->akti_rx.generation, &ch));
    err = akti_channel_get(self, ch, b->akti_type, b->akti_out);
    akti_channel_leave(ch);
    return err == AKT_EEMPTY ? NOT_YET : err;
}

static akt_err
look_at_channel(struct select *s, uint32_t i)
{
    akt_branch *b = &s->branches[i];
    struct akti_channel *ch;
    akt_err err;

    AKT_TRY(akti_channel_enter(s->self, share_of(b), generation_of(b), &ch));
    if (s->waits && s->posts[i].channel != NULL) {
        akti_line_come_back(line_of(b, ch), &s->posts[i].place);
    }
    err = try_channel(s, b, ch);
    if (err == AKT_EFULL || err == AKT_EEMPTY) {
        if (s->waits) {
            line_up(s, i, ch);
        }
        err = NOT_YET;
    }
    akti_channel_leave(ch);
    return err;
}

/* It waits there no longer. */
static void
leave_channel(struct select *s, uint32_t i)
{
    const akt_branch *b = &s->branches[i];
    struct post *post = &s->posts[i];
    struct akti_channel *ch = post->channel;
    struct akti_cell *share = share_of(b);

    akti_latch_lock(&ch->object.latch);
    akti_line_come_back(line_of(b, ch), &post->place);
    if (post->place.linked) {
        akti_line_remove(line_of(b, ch), &post->place);
    }
    if (akti_share_is_open(share, generation_of(b))) {
        share->users--;
    }
    if (post->place.woken && !AKTI_MUTANT(select_keeps_the_baton)) {
        akti_channel_pass(s->self->ctx, ch);
    }
    ch->refs--;
    akti_channel_leave_last(s->self->ctx, ch);
}

/* --- futures --- */

/* The caller's future that nothing else waits for, or NULL. */
static struct akti_cell *
cell_of(struct select *s, const akt_branch *b)
{
    struct akti_cell *cell = akti_future_find(s->self, b->akti_future);

    return cell != NULL && (cell->then == NULL || cell->then == &akti_awaited)
               ? cell
               : NULL;
}

static akt_err
look_at_future(struct select *s, akt_branch *b)
{
    struct akti_cell *cell = cell_of(s, b);

    if (cell == NULL) {
        return AKT_EENDED;
    }
    if (akt_future_poll(s->self, b->akti_future) == AKT_PENDING) {
        if (s->waits && s->task != NULL) {
            cell->then = &akti_awaited;
            cell->arg = s;
        }
        return NOT_YET;
    }
    cell->arg = NULL;
    return akt_await(s->self, b->akti_future, b->akti_answer);
}

static void
leave_future(struct select *s, const akt_branch *b)
{
    struct akti_cell *cell = cell_of(s, b);

    if (cell != NULL) {
        cell->arg = NULL;
    }
}

/*
 * Under the port's lock: ends of a thread's futures wake it, whichever they are of. It
 * takes them in when it looks, and no end arrives before.
 */
static bool
has_mail(void *arg)
{
    const struct select *s = arg;
    uint32_t i = 0;

    while (i < s->n && s->branches[i].akti_kind != AKTI_WHEN_ENDED) {
        i++;
    }
    return i < s->n && s->self->port->inbox != NULL
           && !AKTI_MUTANT(select_hears_no_end);
}

/* A thread sees the deadlines of its requests itself, and those of parts. */
static uint64_t
due_of(struct select *s, const akt_branch *b)
{
    struct akti_cell *cell = s->task == NULL ? cell_of(s, b) : NULL;
    uint64_t due;

    if (cell == NULL) {
        return AKT_NEVER;
    }
    due = akti_timer_due(&cell->timer);
    return (cell->marks & AKTI_COMBINED) != 0 && s->self->port->due_ns < due
                   && !AKTI_MUTANT(select_forgets_parts)
               ? s->self->port->due_ns
               : due;
}

/* --- messages --- */

static akt_err
look_at_mailbox(struct select *s, akt_branch *b)
{
    struct akti_task *t = s->task;

    if (t == NULL) {
        return AKT_ECONTEXT;
    }
    if (t->fiber.incoming == NULL && akti_task_has_mail(t)) {
        akti_task_look(t);
    }
    if (t->fiber.incoming != NULL) {
        akti_task_take_incoming(t, b->akti_received);
        return AKT_OK;
    }
    if (akti_task_is_drained(t)) {
        return AKT_ESTOPPED;
    }
    s->hears = true;
    return NOT_YET;
}

/* --- time --- */

static uint64_t
instant_of(const struct select *s, const akt_branch *b)
{
    return b->akti_kind == AKTI_WHEN_PAST
               ? b->akti_time
               : akti_clock_add(s->began_ns, b->akti_time);
}

/* At the first look no time has passed. */
static akt_err
look_at_clock(const struct select *s, const akt_branch *b)
{
    if (b->akti_kind == AKTI_WHEN_AFTER && !s->waits) {
        return b->akti_time == 0 ? AKT_OK : NOT_YET;
    }
    return instant_of(s, b) <= akti_now(s->self->ctx) ? AKT_OK : NOT_YET;
}

/* When it has to look again at the latest. */
static uint64_t
next_instant(struct select *s)
{
    uint64_t next = s->deadline_ns;
    uint32_t i;

    for (i = 0; i < s->n; i++) {
        const akt_branch *b = &s->branches[i];
        uint64_t at = AKT_NEVER;

        if (b->akti_kind == AKTI_WHEN_AFTER || b->akti_kind == AKTI_WHEN_PAST) {
            at = instant_of(s, b);
        } else if (b->akti_kind == AKTI_WHEN_ENDED) {
            at = due_of(s, b);
        }
        next = at < next ? at : next;
    }
    return next;
}

/* --- all of them --- */

static akt_err
look_at(struct select *s, uint32_t i)
{
    akt_branch *b = &s->branches[i];

    switch (b->akti_kind) {
    case AKTI_WHEN_RECV:
        return s->waits ? look_at_channel(s, i) : glance_at_receive(s->self, b);
    case AKTI_WHEN_SENT:
        return look_at_channel(s, i);
    case AKTI_WHEN_ENDED:
        return look_at_future(s, b);
    case AKTI_WHEN_MESSAGE:
        return look_at_mailbox(s, b);
    case AKTI_WHEN_AFTER:
    case AKTI_WHEN_PAST:
        return look_at_clock(s, b);
    default:
        return NOT_YET;
    }
}

/* Whether one has happened. */
static bool
look(struct select *s, size_t *out_which)
{
    uint32_t i = s->first;

    do {
        akt_err err = look_at(s, i);

        if (err != NOT_YET) {
            s->branches[i].error = err;
            *out_which = i;
            return true;
        }
        i = i + 1 < s->n ? i + 1 : 0;
    } while (i != s->first);
    return false;
}

static void
leave(struct select *s)
{
    uint32_t i;

    for (i = 0; i < s->n; i++) {
        if (s->posts[i].channel != NULL) {
            leave_channel(s, i);
        }
        if (s->branches[i].akti_kind == AKTI_WHEN_ENDED) {
            leave_future(s, &s->branches[i]);
        }
    }
    akti_parker_fini(s->parker);
}

/* A thread that was up for the deadline of a future has not used up its time. */
static akt_err
park_thread(struct select *s)
{
    akt_err err;

    s->parker->deadline_ns = next_instant(s);
    err = akti_park(s->parker);
    return err == AKT_ETIMEOUT && s->parker->deadline_ns < s->deadline_ns
               ? AKT_OK
               : err;
}

static akt_err
park(struct select *s)
{
    akt_err err;

    if (s->task == NULL) {
        return park_thread(s);
    }
    s->task->selects = true;
    if (s->hears) {
        akti_task_hear(s->task, true);
    }
    err = akti_park(s->parker);
    akti_task_hear(s->task, false);
    s->task->selects = false;
    return err;
}

static akt_err
wait_with(struct select *s, struct post *posts, size_t *out_which)
{
    struct akti_parker parker;
    akt_err slept = AKT_OK;
    uint32_t i;

    AKT_TRY(akti_parker_init(&parker, s->self, next_instant(s)));
    parker.also = has_mail;
    parker.also_arg = s;
    s->parker = &parker;
    s->posts = posts;
    s->waits = true;
    for (i = 0; i < s->n; i++) {
        posts[i].channel = NULL;
    }
    while (!look(s, out_which)) {
        if (slept != AKT_OK) {
            leave(s);
            return slept;
        }
        slept = park(s);
        if (slept != AKT_OK && slept != AKT_ETIMEOUT) {
            leave(s);
            return slept;
        }
    }
    leave(s);
    return AKT_OK;
}

/* A task that sleeps in a small select touches little of its stack. */
static __attribute__((noinline)) akt_err
wait_with_few(struct select *s, size_t *out_which)
{
    struct post posts[FEW];

    return wait_with(s, posts, out_which);
}

static __attribute__((noinline)) akt_err
wait_with_many(struct select *s, size_t *out_which)
{
    struct post posts[AKT_SELECT_MAX];

    return wait_with(s, posts, out_which);
}

/* --- the call --- */

static akt_err
refuse(akt_self *self, const char *why)
{
    akti_log_line(&self->system->dispatcher.log, AKT_LOG_WARNING, "%s", why);
    return AKT_EINVAL;
}

/* AKT_EINVAL: nothing can happen, or it is not a branch. */
static akt_err
check(akt_self *self, const akt_branch *branches, size_t n)
{
    unsigned some = 0;
    size_t i;

    if (n > AKT_SELECT_MAX) {
        return refuse(self, "a select of more than 64 branches");
    }
    for (i = 0; i < n; i++) {
        if ((unsigned)branches[i].akti_kind > AKTI_WHEN_MESSAGE) {
            return refuse(self, "a select of what is no branch");
        }
        some |= (unsigned)branches[i].akti_kind;
    }
    return some != 0 ? AKT_OK
                     : refuse(self, "a select of nothing would wait for ever");
}

/* Who may wait; AKT_ECONTEXT, AKT_ECANCELLED, AKT_EFORK. */
static akt_err
check_caller(akt_self *self, const struct akti_task *t)
{
    if (t != NULL) {
        return akti_task_must_end(t) ? AKT_ECANCELLED : AKT_OK;
    }
    if (self->port == NULL) {
        return AKT_ECONTEXT;
    }
    return akti_system_is_ours(self->system) ? AKT_OK : AKT_EFORK;
}

/* The first look was for nothing. */
static akt_err
wait_for_one(struct select *s, uint64_t timeout_ns, size_t *out_which)
{
    AKT_TRY(check(s->self, s->branches, s->n));
    if (timeout_ns == 0) {
        return AKT_ETIMEOUT;
    }
    s->began_ns = akti_now(s->self->ctx);
    s->deadline_ns = timeout_ns == AKT_NEVER
                         ? AKT_NEVER
                         : akti_clock_add(s->began_ns, timeout_ns);
    return s->n <= FEW ? wait_with_few(s, out_which)
                       : wait_with_many(s, out_which);
}

/* A planted mistake: it was cancelled too, and says that alone. */
static bool
takes_back(const struct select *s, const akt_branch *b)
{
    return AKTI_MUTANT(cancelled_select_sends) && s->waits && s->task != NULL
           && b->akti_kind == AKTI_WHEN_SENT && b->error == AKT_OK
           && akti_task_must_end(s->task);
}

/* A simulation is told of the branch that happened, and of no other. */
static void
tell(akt_self *self, const akt_branch *b)
{
    struct akti_cell *share;
    struct akti_channel *ch;

    if ((b->akti_kind != AKTI_WHEN_RECV && b->akti_kind != AKTI_WHEN_SENT)
        || (b->error != AKT_OK && b->error != AKT_ECLOSED)) {
        return;
    }
    share = share_of(b);
    /* Relaxed: it was open, and a simulation has one thread. */
    ch = atomic_load_explicit(&share->object, memory_order_relaxed);
    if (is_receive(b)) {
        (void)akti_channel_get_ends(self->ctx, ch, b->akti_out, b->error);
    } else {
        (void)akti_channel_put_ends(self->ctx, ch, b->akti_value, b->error);
    }
}

akt_err
akti_select(akt_self *self, const akti_select_arg *arg, size_t *out_which)
{
    struct select s;

    s.task = akti_task_of(self);
    AKT_TRY(check_caller(self, s.task));
    if (AKTI_UNLIKELY(arg->n == 0 || arg->n > AKT_SELECT_MAX)) {
        return check(self, arg->branches, arg->n);
    }
    s.self = self;
    s.branches = arg->branches;
    s.n = (uint32_t)arg->n;
    s.first = arg->mode == AKT_SELECT_FAIR
                  ? akti_random_below(&self->ctx->random, s.n)
                  : 0;
    s.waits = false;
    s.hears = false;
    if (!look(&s, out_which)) {
        AKT_TRY(wait_for_one(&s, arg->timeout_ns, out_which));
    }
    if (takes_back(&s, &arg->branches[*out_which])) {
        return AKT_ECANCELLED;
    }
    if (AKTI_UNLIKELY(self->ctx->sim != NULL)) {
        tell(self, &arg->branches[*out_which]);
    }
    return AKT_OK;
}
