/* SPDX-License-Identifier: MIT */
/* Spawning, ordering and ending actors. */
#include "actors/core/actor.h"

#include "actors/base/error.h"
#include "actors/base/mutant.h"
#include "actors/core/future.h"
#include "actors/core/send.h"
#include "actors/core/share.h"
#include "actors/core/suspend.h"
#include "actors/core/system.h"

#include <string.h>

void
akti_actor_cell_init(void *cell, uint32_t index)
{
    struct akti_actor *a = cell;

    memset(a, 0, sizeof(*a));
    a->slot = index;
    atomic_init(&a->life, UINT64_C(1) << 32);
    akti_mailbox_init_closed(&a->box);
}

uint64_t
akti_actor_number(struct akti_runnable *r)
{
    struct akti_actor *a = akti_actor_of(r);

    return (uint64_t)a->slot << 32 | akti_actor_generation(a);
}

/* --- spawning --- */

static akt_err
check_phase(akt_self *self)
{
    enum akti_stop_phase phase = akti_system_phase(self->system);

    if (!akti_system_is_ours(self->system)) {
        return AKT_EFORK;
    }
    if (phase >= AKTI_ENDING || (phase != AKTI_RUNNING && self->port != NULL)) {
        return AKT_ESTOPPED;
    }
    return AKT_OK;
}

/* One more is alive, if there may be. */
static bool
count_in(struct akt_system *s)
{
    /* Relaxed: a number that orders nothing. */
    if (s->max_actors == 0) {
        return true;
    }
    if (s->dispatcher.sim != NULL
        && akti_sim_fault_here(s->dispatcher.sim, AKT_FAULT_SPAWN)) {
        return false;
    }
    if (atomic_fetch_add_explicit(&s->alive, 1, memory_order_relaxed)
        < s->max_actors) {
        return true;
    }
    (void)atomic_fetch_sub_explicit(&s->alive, 1, memory_order_relaxed);
    return false;
}

static void
count_out(struct akt_system *s)
{
    if (s->max_actors != 0) {
        /* Relaxed: as in count_in. */
        (void)atomic_fetch_sub_explicit(&s->alive, 1, memory_order_relaxed);
    }
}

static akt_err
cell_for(akt_self *self, struct akti_actor **out)
{
    struct akt_system *s = self->system;
    struct akti_actor *a;

    if (!count_in(s)) {
        return AKT_ELIMIT;
    }
    a = akti_cache_alloc(&self->ctx->cells[AKTI_CELLS_A]);
    if (a == NULL) {
        count_out(s);
        return akti_depot_is_full(&s->dispatcher.cells[AKTI_CELLS_A])
                   ? AKT_ELIMIT
                   : AKT_ENOMEM;
    }
    *out = a;
    return AKT_OK;
}

/* Where it runs, as `home`; takes a thread for it if the class wants one. */
static akt_err
home_for(akt_self *self, akt_placement placement, uint32_t *out_home)
{
    struct akti_dispatcher *d = &self->system->dispatcher;
    struct akti_worker *w = self->ctx->worker;

    *out_home = 0;
    if (placement == AKT_PLACE_ANY || d->sim != NULL) {
        return AKT_OK;
    }
    if (placement == AKT_PLACE_OWN_THREAD) {
        AKT_TRY(akti_dispatcher_own_thread(d, &w));
        *out_home = w->number + 1;
        return AKT_OK;
    }
    *out_home =
        w != NULL && !w->own_thread
            ? w->number + 1
            : 1 + akti_random_below(&self->ctx->random, d->worker_count);
    return AKT_OK;
}

static void
set_up(struct akti_actor *a, struct akti_class_entry *entry, void *state,
       uint32_t flags)
{
    if (entry->cls->on_start != NULL || entry->idle_ns != 0) {
        flags |= AKTI_FLAG_START;
    }
    if (entry->overflow == AKT_DROP_OLDEST || entry->overflow == AKT_SHED_OLD) {
        flags |= AKTI_FLAG_EVICTS;
    }
    if (AKTI_UNLIKELY(entry->cls->akti_hooks != NULL)) {
        flags |= AKTI_FLAG_HOOKED | AKTI_FLAG_DEAF;
        flags |= entry->cls->akti_hooks->turn == NULL ? AKTI_FLAG_FIBER : 0u;
    }
    a->runnable.next = NULL;
    a->runnable.unused = flags;
    /* Relaxed: published by opening the mailbox. */
    atomic_store_explicit(&a->entry, entry, memory_order_relaxed);
    atomic_store_explicit(&a->limits,
                          (uint32_t)entry->overflow << 24 | entry->capacity,
                          memory_order_relaxed);
    atomic_store_explicit(&a->ordered, 0, memory_order_relaxed);
    a->state = state;
    a->user_head = NULL;
    a->user_tail = NULL;
    a->system_head = NULL;
    a->system_tail = NULL;
    a->behavior = entry->cls->behavior;
    a->cells = NULL;
    a->open_requests = 0;
    /* `extra` and `waiters` are as the cell's last owner left them, under the
     * suspension lock: none. Somebody late may be looking. */
}

/* Lets messages in; the actor's first turn comes at once if it wants one. */
static void
publish(akt_self *self, struct akti_actor *a)
{
    struct akt_system *s = self->system;
    akt_ref ref = akti_actor_ref(s, a);
    bool starts = (a->runnable.unused & AKTI_FLAG_START) != 0;

    akti_count(self->ctx, akti_actor_entry(a), AKTI_SPAWNED, 1);
    if (self->ctx->sim != NULL) {
        akti_strategy_spawned(self->ctx->sim, akti_actor_number(&a->runnable));
        akti_note(self->ctx, &(struct akti_note){.event = AKTI_EVENT_SPAWN,
                                                 .a = a->slot,
                                                 .b = ref.generation,
                                                 .what = a});
    }
    if (starts) {
        akti_mailbox_open_scheduled(&a->box);
        akti_ready(self->ctx, &a->runnable);
    } else {
        akti_mailbox_open(&a->box);
    }
    /*
     * seq_cst: whoever ends all actors changes the phase and then goes through
     * the table; either that sees this one, or this sees the phase.
     * pairs: stop.c, enter_phase
     */
    if (AKTI_UNLIKELY(atomic_load_explicit(&s->phase, memory_order_seq_cst)
                      >= AKTI_ENDING)
        && !AKTI_MUTANT(spawn_misses_stop)) {
        akti_actor_order(self->ctx, a, ref.generation, AKTI_ORDER_SHUTDOWN);
    }
}

struct akti_extra *
akti_actor_extra(akt_self *self, struct akti_actor *a)
{
    struct akti_extra *extra = a->extra;

    if (extra != NULL) {
        return extra;
    }
    extra = akti_sizes_alloc(&self->ctx->caches,
                             akti_size_class(sizeof(*extra)), sizeof(*extra));
    if (extra != NULL) {
        *extra = (struct akti_extra){0};
        akti_mutex_lock(&self->system->suspend_lock);
        a->extra = extra;
        akti_mutex_unlock(&self->system->suspend_lock);
    }
    return extra;
}

static void
free_extra(akt_self *self, struct akti_actor *a)
{
    struct akti_extra *extra = a->extra;

    if (extra == NULL) {
        return;
    }
    akti_mutex_lock(&self->system->suspend_lock);
    a->extra = NULL;
    akti_mutex_unlock(&self->system->suspend_lock);
    akti_sizes_free(&self->ctx->caches, akti_size_class(sizeof(*extra)), extra,
                    sizeof(*extra));
}

/* What a spawn is about, besides the caller. */
struct spawning {
    struct akti_class_entry *entry;
    const void *initial;
    akt_future watch; /* generation 0: none */
};

/* Before anybody knows the actor. */
static akt_err
set_watch(akt_self *self, struct akti_actor *a, akt_future watch)
{
    struct akti_extra *extra;

    if (AKTI_LIKELY(watch.generation == 0)) {
        return AKT_OK;
    }
    extra = akti_actor_extra(self, a);
    if (extra == NULL) {
        return AKT_ENOMEM;
    }
    extra->watch = watch;
    return AKT_OK;
}

static akt_err
spawn(akt_self *self, const struct spawning *what, akt_ref *out_ref)
{
    struct akti_class_entry *entry = what->entry;
    const akt_class *cls = entry->cls;
    uint8_t size_class = akti_size_class(cls->state_size);
    struct akti_actor *a;
    void *state =
        akti_sizes_alloc(&self->ctx->caches, size_class, cls->state_size);
    akt_err err;

    if (state == NULL && !AKTI_MUTANT(spawn_ignores_no_memory)) {
        return AKT_ENOMEM;
    }
    err = cell_for(self, &a);
    if (err == AKT_OK) {
        err = set_watch(self, a, what->watch);
        if (err == AKT_OK) {
            err = home_for(self, cls->placement, &a->runnable.home);
        }
        if (err != AKT_OK) {
            free_extra(self, a);
            akti_cache_free(&self->ctx->cells[AKTI_CELLS_A], a);
            count_out(self->system);
        }
    }
    if (err != AKT_OK) {
        akti_sizes_free(&self->ctx->caches, size_class, state, cls->state_size);
        return err;
    }
    memcpy(state, what->initial, cls->state_size);
    set_up(a, entry, state,
           self->ctx->sim != NULL ? (uint32_t)AKTI_FLAG_SIMULATED : 0);
    *out_ref = akti_actor_ref(self->system, a);
    publish(self, a);
    return AKT_OK;
}

/*
 * From a plain thread: the stop's first phase waits for the lock, so that no
 * spawn is half done when it begins.
 */
static akt_err
spawn_outside(akt_self *self, const struct spawning *what, akt_ref *out_ref)
{
    struct akt_system *s = self->system;
    akt_err err;

    akti_mutex_lock(&s->lock);
    err = check_phase(self);
    if (err == AKT_OK) {
        err = spawn(self, what, out_ref);
    }
    akti_mutex_unlock(&s->lock);
    return err;
}

akt_err
akti_spawn_watched(akt_self *self, const akt_class *cls, akt_ref *out_ref,
                   const void *state, akt_future watch)
{
    struct spawning what = {.initial = state, .watch = watch};
    akt_ref ref;

    if (AKTI_MUTANT(refused_spawn_writes) && out_ref != NULL) {
        *out_ref = AKT_REF_NONE;
    }
    AKT_TRY(check_phase(self));
    AKT_TRY(akti_class_find(self, cls, &what.entry));
    AKT_TRY(self->port != NULL ? spawn_outside(self, &what, &ref)
                               : spawn(self, &what, &ref));
    if (out_ref != NULL) {
        *out_ref = ref;
    }
    return AKT_OK;
}

akt_err
akti_spawn(akt_self *self, const akt_class *cls, akt_ref *out_ref,
           const void *state)
{
    return akti_spawn_watched(self, cls, out_ref, state, (akt_future){NULL, 0});
}

/* --- orders --- */

void
akti_actor_order(struct akti_context *ctx, struct akti_actor *a,
                 uint32_t generation, uint32_t order)
{
    /* Relaxed: a first guess. */
    uint64_t life = atomic_load_explicit(&a->life, memory_order_relaxed);

    do {
        if ((uint32_t)(life >> 32) != generation
            && !AKTI_MUTANT(stale_order_obeyed)) {
            return;
        }
        /* release: what the caller did before; pairs: akti_actor_orders */
    } while (!atomic_compare_exchange_weak_explicit(
        &a->life, &life, life | order, memory_order_release,
        memory_order_relaxed));
    /* Relaxed: the mailbox's word brings it; at the next actor of the slot it
     * only makes the owner look. */
    atomic_store_explicit(&a->ordered, AKTI_MUTANT(order_without_hint) ? 0 : 1,
                          memory_order_relaxed);
    if (akti_mailbox_order(&a->box)) {
        akti_ready(ctx, &a->runnable);
    } else if ((order & (AKTI_ORDER_KILL | AKTI_ORDER_SHUTDOWN)) != 0) {
        akti_suspend_unpark(ctx, a);
    }
}

void
akti_actor_refuse_mail(struct akti_actor *a)
{
    a->runnable.unused |= AKTI_FLAG_DRAINING;
    /* Relaxed: who reads the old value meanwhile sent before. */
    if (!AKTI_MUTANT(drain_accepts_mail)) {
        atomic_store_explicit(&a->limits, AKTI_OVERFLOW_CLOSED << 24,
                              memory_order_relaxed);
    }
}

static akt_err
order(akt_self *self, akt_ref ref, uint32_t what)
{
    struct akti_actor *a;

    if (!akti_system_is_ours(self->system)) {
        return AKT_EFORK;
    }
    AKT_TRY(akti_system_find(self->system, ref, &a));
    akti_actor_order(self->ctx, a, ref.generation, what);
    return AKT_OK;
}

akt_err
akt_stop(akt_self *self, akt_ref ref)
{
    return order(self, ref, AKTI_ORDER_STOP);
}

akt_err
akt_drain(akt_self *self, akt_ref ref)
{
    return order(self, ref, AKTI_ORDER_DRAIN);
}

akt_err
akt_kill(akt_self *self, akt_ref ref)
{
    return order(self, ref, AKTI_ORDER_KILL);
}

/* --- the end --- */

struct fate {
    akt_fate fate;
    akt_err reason;
};

static void
end_some_messages(akt_self *self, struct akti_message *m, struct fate fate)
{
    while (m != NULL) {
        struct akti_message *next = m->next;

        if (m->kind == AKTI_USER) {
            akti_message_end(self->ctx, akti_self_entry(self), m, fate.fate,
                             fate.reason);
        } else if (m->kind == AKTI_TIMER) {
            akti_timer_discard(self->ctx, m);
        } else if (m->kind == AKTI_GIFT) {
            akti_share_discard(self, m);
        } else {
            akti_future_discard(self->ctx, m);
        }
        m = next;
    }
}

/* Messages of all kinds, oldest first; most actors end without any. */
AKTI_INLINE void
end_messages(akt_self *self, struct akti_message *m, struct fate fate)
{
    if (AKTI_UNLIKELY(m != NULL)) {
        end_some_messages(self, m, fate);
    }
}

/* Closes the mailbox; senders that evict are kept out meanwhile. */
static bool
end_mail(akt_self *self, struct akti_actor *a, struct fate fate)
{
    struct akti_message *queued;
    struct akti_message *inbox;
    bool waited;

    bool shared = akti_actor_has(a, AKTI_FLAG_EVICTS);

    if (AKTI_UNLIKELY(shared)) {
        akti_mutex_lock(&self->system->evict_lock);
    }
    inbox = akti_mailbox_close(&a->box, &waited);
    queued = a->user_head;
    a->user_head = NULL;
    if (AKTI_UNLIKELY(shared)) {
        akti_mutex_unlock(&self->system->evict_lock);
    }
    end_messages(self, a->system_head, fate);
    end_messages(self, AKTI_MUTANT(end_forgets_queue) ? NULL : queued, fate);
    end_messages(self,
                 AKTI_MUTANT(end_forgets_inbox) ? NULL
                                                : akti_messages_reverse(inbox),
                 fate);
    a->system_head = NULL;
    if (AKTI_MUTANT(exit_leaves_mailbox_open)) {
        akti_mailbox_open(&a->box);
    }
    return waited;
}

static void
end_extra(akt_self *self, struct akti_actor *a, struct fate fate)
{
    struct akti_extra *extra = a->extra;
    akt_fate outbox_fate = fate.fate == AKT_FATE_DISCARDED ? AKT_FATE_DISCARDED
                                                           : AKT_FATE_RETURNED;

    if (extra == NULL) {
        return;
    }
    akti_suspend_abandon(self, outbox_fate);
    end_messages(self, AKTI_MUTANT(stash_leaked) ? NULL : extra->stash_head,
                 fate);
    free_extra(self, a);
}

/* The slot is free for another actor, under the next generation. */
static void
free_slot(akt_self *self, struct akti_actor *a)
{
    uint32_t generation =
        akti_actor_generation(a) + !AKTI_MUTANT(generation_kept);
    uint32_t home = a->runnable.home;

    /* Relaxed: who still sends to the old one finds the mailbox closed, or the
     * message's generation wrong; who orders it fails. */
    atomic_store_explicit(&a->life, (uint64_t)generation << 32,
                          memory_order_relaxed);
    if (home > self->system->dispatcher.worker_count) {
        akti_dispatcher_own_thread_free(&self->system->dispatcher, home - 1);
    }
    if (!AKTI_MUTANT(place_kept)) {
        count_out(self->system);
    }
    /* A slot whose generation would wrap is not used again. */
    if (generation != UINT32_MAX || AKTI_MUTANT(generation_wraps)) {
        akti_cache_free(&self->ctx->cells[AKTI_CELLS_A], a);
    }
}

static void
log_failure(akt_self *self, struct akti_actor *a, const akt_exit *reason)
{
    char label[AKTI_ERR_LABEL_SIZE];
    char name[AKT_REF_TEXT_SIZE + 64];

    if (reason->kind != AKT_EXIT_FAILED) {
        return;
    }
    (void)akti_actor_format(self->system, a, name, sizeof(name));
    akti_log_line(&self->system->dispatcher.log, AKT_LOG_WARNING,
                  "%s ended by an error of its own: %s (%s)", name,
                  akti_err_label(reason->error, label),
                  akt_err_text(reason->error));
}

/* The end as its owner hears of it. */
static akt_err
error_of(const akt_exit *reason)
{
    switch (reason->kind) {
    case AKT_EXIT_FAILED:
        return reason->error;
    case AKT_EXIT_KILLED:
        return AKT_ECANCELLED;
    case AKT_EXIT_OVERFLOW:
        return AKT_EFULL;
    case AKT_EXIT_SHUTDOWN:
        return AKT_ESTOPPED;
    default:
        return AKT_OK;
    }
}

static void
tell_watch(akt_self *self, akt_future watch, akt_err err)
{
    if (AKTI_UNLIKELY(watch.generation != 0)) {
        (void)akti_future_end(self->ctx, watch.cell, watch.generation,
                              err == AKT_OK ? AKT_REPLIED : AKT_FAILED, err);
    }
}

void
akti_actor_exit(akt_self *self, const akt_exit *reason)
{
    akt_future watch = self->actor->extra != NULL ? self->actor->extra->watch
                                                  : (akt_future){NULL, 0};
    struct akti_actor *a = self->actor;
    struct akti_class_entry *entry = akti_actor_entry(a);
    const struct akti_hooks *hooks = entry->cls->akti_hooks;
    void *left = NULL;
    bool shutdown = reason->kind == AKT_EXIT_SHUTDOWN;
    struct fate fate = {shutdown ? AKT_FATE_DISCARDED : AKT_FATE_DEAD,
                        shutdown ? AKT_ESTOPPED : AKT_EDEAD};

    log_failure(self, a, reason);
    self->exiting = true;
    if (entry->cls->on_exit != NULL
        && !(AKTI_MUTANT(exit_not_told) && shutdown)) {
        entry->cls->on_exit(self, a->state, reason);
    }
    if (!AKTI_MUTANT(end_keeps_futures)) {
        akti_cells_abandon(self, a, fate.reason);
    }
    end_extra(self, a, fate);
    if (end_mail(self, a, fate) && !AKTI_MUTANT(end_resumes_nobody)) {
        akti_suspend_wake(self->ctx, a);
    }
    self->exiting = false;
    if (AKTI_UNLIKELY(hooks != NULL)) {
        left = hooks->leave(self, a);
    }
    akti_note(self->ctx, &(struct akti_note){.event = AKTI_EVENT_EXIT,
                                             .a = a->slot,
                                             .b = (uint64_t)reason->kind,
                                             .what = a,
                                             .err = (int)reason->error});
    akti_sizes_free(&self->ctx->caches, akti_size_class(entry->cls->state_size),
                    a->state, entry->cls->state_size);
    free_slot(self, a);
    if (reason->kind == AKT_EXIT_FAILED) {
        akti_count(self->ctx, entry, AKTI_CRASHED, 1);
    }
    akti_count(self->ctx, entry, AKTI_EXITED, 1);
    /* Last of all: who hears of it finds nothing left. The threads are joined
     * before the system is freed. */
    self->actor = NULL;
    tell_watch(self, watch, error_of(reason));
    if (AKTI_UNLIKELY(hooks != NULL)) {
        hooks->gone(self, left);
    }
    akti_system_note_exit(self->system);
}
