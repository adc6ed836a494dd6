/* SPDX-License-Identifier: MIT */
/* The life of one worker: find something, run it, sleep; see dispatcher.h. */
#include "actors/base/assert.h"
#include "actors/base/mutant.h"
#include "actors/base/overflow.h"
#include "actors/sched/dispatcher.h"
#include "akt/types.h"

/*
 * A sleep never lasts longer. If it ends by this with work waiting, a wake-up was
 * lost; that is counted, and tests expect none.
 */
#define BACKSTOP_NS (UINT64_C(5) * 1000000000u)
/* Whoever queued may be between that and the ring, with its core taken away. */
#define BACKSTOP_GRACE_NS (UINT64_C(1) * 1000000000u)

static struct akti_worker *
worker_at(struct akti_dispatcher *d, uint32_t i)
{
    /* Relaxed: the first workers are there before any thread starts. */
    return atomic_load_explicit(&d->workers[i], memory_order_relaxed);
}

/* What is pinned here goes where nobody steals. */
static void
push_mine(struct akti_worker *w, struct akti_runnable *r)
{
    r->next = NULL;
    if (w->mine_head == NULL) {
        w->mine_head = r;
    } else {
        w->mine_tail->next = r;
    }
    w->mine_tail = r;
}

static struct akti_runnable *
pop_mine(struct akti_worker *w)
{
    struct akti_runnable *r = w->mine_head;

    if (r != NULL) {
        w->mine_head = r->next;
    }
    return r;
}

void
akti_worker_enqueue(struct akti_worker *w, struct akti_runnable *r)
{
    struct akti_dispatcher *d = w->ctx.dispatcher;

    if (AKTI_UNLIKELY(r->home != 0) && !AKTI_MUTANT(pinned_wanders)) {
        push_mine(w, r);
        return;
    }
    if (!akti_runqueue_push(&w->queue, r)) {
        akti_inject_push(&d->inject, r);
        akti_wake_one(d);
        return;
    }
    /*
     * Relaxed: this worker is awake and will come to it. When all others sleep,
     * one is to watch, in case this turn is a long one.
     */
    if (AKTI_UNLIKELY(atomic_load_explicit(&d->sleepers, memory_order_relaxed)
                      != 0)
        && AKTI_UNLIKELY(atomic_load_explicit(&d->watcher, memory_order_relaxed)
                         == 0)) {
        akti_wake_one(d);
    }
}

void
akti_worker_drain_retired(struct akti_worker *w)
{
    struct akti_timer_entry *t;

    /* Relaxed: what is missed now is found the next time. */
    if (atomic_load_explicit(&w->retired, memory_order_relaxed) == NULL) {
        return;
    }
    /* acquire: the timers' cells; pairs: akti_timer_retire */
    t = atomic_exchange_explicit(&w->retired, NULL, memory_order_acquire);
    while (t != NULL) {
        struct akti_timer_entry *next = t->retired_next;

        akti_timerq_remove(&w->timers, t);
        t->worker = 0;
        w->ctx.dispatcher->ops->retired(t, &w->ctx);
        t = next;
    }
}

static void
service_timers(struct akti_worker *w)
{
    struct akti_dispatcher *d = w->ctx.dispatcher;
    struct akti_timer_entry *t;
    uint64_t now = akti_now(&w->ctx);

    akti_worker_drain_retired(w);
    while ((t = akti_timerq_pop(&w->timers, now)) != NULL) {
        akti_counter_add(&w->stat_fired, 1);
        d->ops->fire(t, &w->ctx);
    }
}

/* Its woken state ends: work was found, or there is none. */
static void
end_waking(struct akti_worker *w, bool found)
{
    struct akti_dispatcher *d = w->ctx.dispatcher;

    w->waking = false;
    /* seq_cst: before the look at the queues that follows, here or in park();
     * pairs: akti_wake_one */
    atomic_store_explicit(&d->waking, 0, memory_order_seq_cst);
    if (found && !akti_inject_is_empty(&d->inject)) {
        akti_wake_one(d);
    }
}

/* The slot that nobody steals; too often in a row, and it queues up. */
static struct akti_runnable *
take_next(struct akti_worker *w)
{
    struct akti_runnable *r = w->next;

    w->next = NULL;
    if (++w->streak > AKTI_NEXT_STREAK && !AKTI_MUTANT(streak_without_end)) {
        w->streak = 0;
        akti_worker_enqueue(w, r);
        return NULL;
    }
    return r;
}

/* The oldest of the queue or of what is pinned here, in turn. */
static struct akti_runnable *
pop_queued(struct akti_worker *w)
{
    struct akti_runnable *r = NULL;

    if (AKTI_LIKELY(w->mine_head == NULL)) {
        return akti_runqueue_pop(&w->queue);
    }
    if (w->turns % 2 == 0) {
        r = akti_runqueue_pop(&w->queue);
    }
    return r != NULL ? r : pop_mine(w);
}

static struct akti_runnable *
find_local(struct akti_worker *w)
{
    struct akti_runnable *r = NULL;

    if (w->next != NULL) {
        r = take_next(w);
    }
    if (r == NULL) {
        w->streak = 0;
        r = akti_inject_pop(&w->own);
    }
    return r != NULL ? r : pop_queued(w);
}

/* How long what is queued last will wait, by the turns since the last tick. */
static void
estimate_wait(struct akti_worker *w)
{
    uint64_t now = w->ctx.now_ns;
    uint64_t turn_ns = (now - w->tick_ns) / (w->turns > 0 ? w->turns : 1);
    uint64_t wait_ns = turn_ns * akti_runqueue_count(&w->queue);
    uint64_t turns = AKTI_TICK_NS / (turn_ns + 1);
    uint32_t congested = wait_ns > AKTI_PATIENCE_NS;

    w->tick_ns = now;
    w->turns = 0;
    w->tick_turns = turns < 1                 ? 1
                    : turns > AKTI_TICK_TURNS ? AKTI_TICK_TURNS
                                              : (uint32_t)turns;
    /* Relaxed: advice to thieves. */
    if (atomic_load_explicit(&w->congested, memory_order_relaxed)
        != congested) {
        atomic_store_explicit(&w->congested, congested, memory_order_relaxed);
    }
}

/* Every so often, what is outside comes before what is at hand. */
static struct akti_runnable *
tick(struct akti_worker *w)
{
    struct akti_dispatcher *d = w->ctx.dispatcher;
    struct akti_runnable *r;

    service_timers(w);
    estimate_wait(w);
    if (akti_worker_is_congested(w)
        /* Relaxed: another worker only makes it sooner. */
        && atomic_load_explicit(&d->sleepers, memory_order_relaxed) != 0) {
        akti_wake_one(d);
    }
    r = akti_inject_pop(&w->own);
    return r != NULL || w->own_thread || AKTI_MUTANT(outside_waits)
               ? r
               : akti_inject_pop(&d->inject);
}

static struct akti_runnable *
find_elsewhere(struct akti_worker *w)
{
    struct akti_runnable *r;

    service_timers(w);
    r = find_local(w);
    if (r != NULL || w->own_thread) {
        return r;
    }
    r = akti_inject_pop(&w->ctx.dispatcher->inject);
    return r != NULL ? r : akti_worker_steal(w);
}

static struct akti_runnable *
find(struct akti_worker *w)
{
    struct akti_runnable *r = NULL;

    if (AKTI_UNLIKELY(++w->turns >= w->tick_turns)) {
        r = tick(w);
    }
    if (r == NULL) {
        r = find_local(w);
    }
    if (r == NULL) {
        r = find_elsewhere(w);
    }
    if (AKTI_UNLIKELY(w->waking) && r != NULL) {
        end_waking(w, true);
    }
    return r;
}

static bool
must_quit(struct akti_worker *w)
{
    /* seq_cst: after `asleep` was raised; pairs: quit_worker */
    return atomic_load_explicit(&w->quit, memory_order_seq_cst) != 0;
}

/* Work that this worker may do, and that whoever queued it rings for. */
static bool
has_queued_work(struct akti_worker *w)
{
    return !akti_inject_is_empty(&w->own)
           || (!w->own_thread
               && !akti_inject_is_empty(&w->ctx.dispatcher->inject));
}

/* False: something came. The core is left to others, who may bring what is awaited. */
static bool
rest_for(struct akti_worker *w, uint64_t ns)
{
    uint64_t until = akti_now(&w->ctx) + ns;

    do {
        if (has_queued_work(w) || must_quit(w)) {
            return false;
        }
        akti_thread_pause(AKTI_PAUSES_AWAKE - 1);
    } while (akti_now(&w->ctx) < until);
    return true;
}

/*
 * A turn has ended that only wants to look again later: the worker rests before, if
 * it has nothing else to do. False: something else comes first.
 */
static bool
rest(struct akti_worker *w)
{
    uint32_t ns = w->ctx.rest_ns;
    uint64_t began = akti_now(&w->ctx);
    bool rested;

    w->ctx.rest_ns = 0;
    if (w->next != NULL || w->mine_head != NULL
        || akti_runqueue_count(&w->queue) > 0) {
        return false;
    }
    rested = rest_for(w, ns);
    /* That was no turn; and what is outside, and the timers, come next. */
    w->tick_ns += w->ctx.now_ns - began;
    w->tick_turns = 0;
    if (AKTI_MUTANT(rest_hides_timers)) {
        w->tick_turns = AKTI_TICK_TURNS;
        w->turns = 0;
    }
    return rested;
}

static void
run(struct akti_worker *w, struct akti_runnable *r)
{
    bool more;

    akti_counter_add(&w->stat_turns, 1);
    more = w->ctx.dispatcher->ops->run(r, &w->ctx);
    /* It waits for nothing, so no other worker need watch over it. */
    if (AKTI_UNLIKELY(w->ctx.rest_ns != 0) && rest(w) && more) {
        w->next = r;
    } else if (more) {
        akti_worker_enqueue(w, r);
    }
}

/* The second look, after the flag was raised. */
static bool
has_work(struct akti_worker *w)
{
    struct akti_dispatcher *d = w->ctx.dispatcher;
    uint32_t i;

    if (has_queued_work(w)) {
        return true;
    }
    for (i = 0; i < d->worker_count && !w->own_thread; i++) {
        if (akti_worker_is_congested(worker_at(d, i))) {
            return true;
        }
    }
    return false;
}

/* Whether something waits at another worker, congested or not. */
static bool
others_have_queues(struct akti_worker *w)
{
    struct akti_dispatcher *d = w->ctx.dispatcher;
    uint32_t i;

    for (i = 0; i < d->worker_count && !w->own_thread; i++) {
        struct akti_worker *other = worker_at(d, i);

        if (other != w && akti_runqueue_count(&other->queue) > 0) {
            return true;
        }
    }
    return false;
}

/*
 * One of those that found nothing watches the others' queues, by naps, until
 * they have been empty for a while.
 */
#define NAPS_MAX 8

static bool
watches(struct akti_worker *w)
{
    struct akti_dispatcher *d = w->ctx.dispatcher;

    if (others_have_queues(w)) {
        w->naps = 0;
    }
    if (w->naps >= NAPS_MAX || w->own_thread || d->worker_count == 1) {
        return false;
    }
    /* Relaxed: two that watch, or none for a moment, do no harm. */
    if (atomic_load_explicit(&d->watcher, memory_order_relaxed) != 0) {
        return false;
    }
    atomic_store_explicit(&d->watcher, 1, memory_order_relaxed);
    return true;
}

/* It has nothing left to do, or looks for something again. */
static void
change_duty(struct akti_worker *w)
{
    /* Relaxed: this thread alone writes it. */
    uint32_t duty = atomic_load_explicit(&w->duty, memory_order_relaxed);

    /* seq_cst: going off duty comes before the look at `watched`, as release
     * after what it queued; coming on duty before it takes anything. pairs:
     * akti_dispatcher_wait_idle, duties */
    atomic_store_explicit(&w->duty, duty + 1, memory_order_seq_cst);
}

static void
raise_asleep(struct akti_worker *w)
{
    struct akti_dispatcher *d = w->ctx.dispatcher;

    /* seq_cst: before the second look at the queues; whoever queues looks at
     * this flag afterwards. pairs: akti_wake_one, akti_wake_worker */
    atomic_store_explicit(&w->asleep, AKTI_ASLEEP, memory_order_seq_cst);
    if (!w->own_thread) {
        /* seq_cst: part of the same order; pairs: akti_wake_one */
        atomic_fetch_add_explicit(&d->sleepers, 1, memory_order_seq_cst);
    }
    change_duty(w);
    akti_dispatcher_poke_idle(d);
}

static void
lower_asleep(struct akti_worker *w)
{
    uint32_t was;

    change_duty(w);
    /* seq_cst: part of the same order; pairs: akti_wake_one */
    was =
        atomic_exchange_explicit(&w->asleep, AKTI_AWAKE, memory_order_seq_cst);
    w->waking = was == AKTI_WOKEN;
    if (was == AKTI_ASLEEP && !w->own_thread) {
        /* seq_cst: part of the same order; pairs: akti_wake_one */
        atomic_fetch_sub_explicit(&w->ctx.dispatcher->sleepers, 1,
                                  memory_order_seq_cst);
    }
}

/* The end of the tick (65.5 us) of this instant. */
static uint64_t
tick_end(uint64_t ns)
{
    return ns == AKT_NEVER ? AKT_NEVER
                           : ((ns >> AKTI_TICK_LOG2) + 1) << AKTI_TICK_LOG2;
}

/*
 * When to wake for the timers: at the end of the tick in which the next one is
 * due, so that many that are close together cost one sleep. After a sleep that a
 * timer ended, patient ones wait until AKTI_GATHER_NS are over.
 */
static uint64_t
wake_time(struct akti_worker *w)
{
    uint64_t next = tick_end(akti_timerq_next(&w->timers));
    uint64_t gathered = w->timed_ns + AKTI_GATHER_NS;
    uint64_t prompt;

    if (next >= gathered) {
        return next;
    }
    prompt = tick_end(akti_timerq_next_prompt(&w->timers));
    return prompt < gathered ? prompt : gathered;
}

/* Whether the oldest in a queue is still what it was: others may be busy with it. */
static bool
stays_first(struct akti_inject *q, const struct akti_runnable *was)
{
    return was != NULL && akti_inject_oldest(q) == was;
}

/* The longest sleep is over and nobody rang: was somebody to? */
static void
check_backstop(struct akti_worker *w)
{
    struct akti_inject *shared = &w->ctx.dispatcher->inject;
    const struct akti_runnable *own = akti_inject_oldest(&w->own);
    const struct akti_runnable *common =
        w->own_thread ? NULL : akti_inject_oldest(shared);
    uint64_t now = akti_now(&w->ctx);

    if ((own == NULL && common == NULL)
        || akti_loop_wait(w->loop, now, now + BACKSTOP_GRACE_NS)) {
        return;
    }
    if ((stays_first(&w->own, own) || stays_first(shared, common))
        /* Relaxed: had anyone rung, the flag would be down. */
        && atomic_load_explicit(&w->asleep, memory_order_relaxed)
               == AKTI_ASLEEP) {
        akti_counter_add(&w->stat_backstops, 1);
    }
}

static void
sleep_in_loop(struct akti_worker *w)
{
    uint64_t now = w->ctx.now_ns;
    uint64_t timer = wake_time(w);
    bool naps = watches(w);
    uint64_t limit = now + (naps ? AKTI_NAP_NS : BACKSTOP_NS);
    bool rung;

    akti_counter_add(&w->stat_parks, 1);
    rung = akti_loop_wait(w->loop, now, timer < limit ? timer : limit);
    akti_busywait_slept(&w->busywait, akti_now(&w->ctx) - now, rung);
    if (!rung && timer < limit) {
        w->timed_ns = w->ctx.now_ns;
    }
    if (naps) {
        /* Relaxed: see watches(). */
        atomic_store_explicit(&w->ctx.dispatcher->watcher, 0,
                              memory_order_relaxed);
        w->naps++;
        return;
    }
    w->naps = 0;
    if (!rung && timer >= limit) {
        check_backstop(w);
    }
}

/* Somebody waits until all workers sleep, or this one is to end. */
static bool
is_awaited(struct akti_worker *w)
{
    /* Relaxed: when it is seen later, it is seen in the sleep. */
    return must_quit(w)
           || atomic_load_explicit(&w->ctx.dispatcher->watched,
                                   memory_order_relaxed)
                  != 0;
}

/* What waits behind a turn that does not end: nobody tells of that. */
static bool
take_stuck(struct akti_worker *w)
{
    if (w->own_thread || AKTI_MUTANT(busy_wait_hides_stuck)
        || AKTI_MUTANT(busy_wait_hides_queues)) {
        return false;
    }
    w->next = akti_worker_steal(w);
    return w->next != NULL;
}

/*
 * False: until then nothing came that this worker could do. Other threads of this core go
 * first also when something has come: who has brought it may not be done.
 */
static bool
watch_until(struct akti_worker *w, uint64_t until)
{
    uint64_t look_ns = w->ctx.now_ns + AKTI_NAP_NS;
    uint32_t tries = 0;
    bool found;

    do {
        found = AKTI_MUTANT(busy_wait_hides_queues) ? has_queued_work(w)
                                                    : has_work(w);
        if (!found && w->ctx.now_ns >= look_ns) {
            found = take_stuck(w);
            look_ns = w->ctx.now_ns + AKTI_NAP_NS;
        }
        akti_thread_pause(tries);
        tries += tries < AKTI_PAUSES_AWAKE - 1;
    } while (!found && !is_awaited(w) && akti_now(&w->ctx) < until);
    return found;
}

/* While one waits nobody is rung, as if this one had been and were on its way. */
static void
become_waking(struct akti_worker *w)
{
    if (!w->waking && !w->own_thread) {
        /* seq_cst: as those who queue; pairs: akti_wake_one */
        w->waking = atomic_exchange_explicit(&w->ctx.dispatcher->waking, 1,
                                             memory_order_seq_cst)
                    == 0;
    }
}

static void
leave_wait(struct akti_worker *w)
{
    if (!w->own_thread) {
        (void)atomic_fetch_sub_explicit(&w->ctx.dispatcher->waiting, 1,
                                        memory_order_relaxed);
    }
}

/* False: enough of them wait awake. */
static bool
enter_wait(struct akti_worker *w)
{
    struct akti_dispatcher *d = w->ctx.dispatcher;
    uint32_t waiting;

    if (w->own_thread) {
        return true;
    }
    /* Relaxed, both: a bound that may be passed for a moment. */
    waiting = atomic_fetch_add_explicit(&d->waiting, 1, memory_order_relaxed);
    if (akti_busywait_has_place(
            d->worker_count,
            atomic_load_explicit(&d->sleepers, memory_order_relaxed),
            waiting)) {
        return true;
    }
    leave_wait(w);
    return false;
}

/*
 * Waits awake, if it is to; true: there is something. The time counts from the last
 * look at the clock, some turns ago: what came during those came soon, too.
 */
static bool
busy_wait(struct akti_worker *w)
{
    struct akti_busywait *b = &w->busywait;
    uint64_t until;
    uint64_t timer;
    bool found;

    if (!akti_busywait_begin(b, w->ctx.now_ns,
                             akti_counter_get(&w->stat_turns))) {
        return false;
    }
    if (!enter_wait(w)) {
        akti_busywait_cut(b);
        return false;
    }
    become_waking(w);
    until = b->began_ns + b->longest_ns;
    timer = wake_time(w);
    if (AKTI_MUTANT(busy_wait_hides_timers)) {
        timer = AKT_NEVER;
    }
    found = watch_until(w, timer < until ? timer : until);
    leave_wait(w);
    if (found) {
        akti_busywait_found(b, akti_now(&w->ctx));
    } else if (w->ctx.now_ns >= until) {
        akti_busywait_in_vain(b, w->ctx.now_ns);
    } else {
        akti_busywait_cut(b);
    }
    return found;
}

static void
park(struct akti_worker *w)
{
    if (busy_wait(w)) {
        return;
    }
    if (w->waking && !AKTI_MUTANT(waking_kept_in_sleep)) {
        end_waking(w, false);
    }
    raise_asleep(w);
    if (!has_work(w) && !must_quit(w)) {
        sleep_in_loop(w);
    }
    lower_asleep(w);
    w->tick_ns = akti_now(&w->ctx);
    w->turns = 0;
}

/* The next thing to run; when it is to quit, what was queued before that. */
static struct akti_runnable *
find_or_quit(struct akti_worker *w, bool *quit)
{
    struct akti_runnable *r = find(w);

    if (r == NULL && must_quit(w)) {
        r = find(w);
        *quit = r == NULL;
    }
    return r;
}

void *
akti_worker_main(void *arg)
{
    struct akti_worker *w = arg;
    struct akti_overflow overflow;
    bool quit = false;

    akti_thread_set_dispatcher(w->ctx.dispatcher);
    if (akti_overflow_begin(&overflow, &w->ctx.dispatcher->memory) != AKT_OK) {
        akti_log_line(&w->ctx.dispatcher->log, AKT_LOG_WARNING,
                      "out of memory: an overflow of a task's stack would not "
                      "be told");
    }
    while (!quit) {
        struct akti_runnable *r = find_or_quit(w, &quit);

        if (r != NULL) {
            run(w, r);
        } else if (!quit) {
            park(w);
        }
    }
    akti_overflow_end(&overflow);
    return NULL;
}
