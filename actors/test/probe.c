/* SPDX-License-Identifier: MIT */
/*
 * The life of a probe, and its actor's side, which runs on a worker. Requests
 * that the test has not answered lie here with their promise, in the queue or
 * among what is held, so whoever ends first breaks them under the lock.
 */
#include "actors/test/probe.h"

#include "actors/base/clock.h"
#include "actors/core/future.h"

#include <string.h>

#define CAPACITY 65536
#define RECORD 256
#define OPTION_MAX (1u << 20)

struct probe_state {
    akt_probe *probe;
};

static size_t
probe_size(const akt_probe *p)
{
    return sizeof(*p) + p->line_count * sizeof(p->line[0]);
}

static void
probe_free(struct akt_system *s, akt_probe *p)
{
    akti_cond_fini(&p->changed);
    akti_mutex_fini(&p->lock);
    akti_memory_free(&s->dispatcher.memory, p, probe_size(p), 64);
}

/* --- the actor --- */

static void
append_locked(akt_probe *p, struct akti_message *m)
{
    m->next = NULL;
    if (p->head == NULL) {
        p->head = m;
    } else {
        p->tail->next = m;
    }
    p->tail = m;
    p->waiting++;
}

/* It is in the test's hands now: delivered, as far as the account goes. */
static void
count_delivered(akt_self *self, const struct akti_message *m)
{
    akti_count(self->ctx, akti_actor_entry(self->actor),
               AKTI_FATES + AKT_FATE_DELIVERED, 1);
    akti_note(self->ctx, &(struct akti_note){.event = AKTI_EVENT_FATE,
                                             .a = AKT_FATE_DELIVERED,
                                             .b = self->actor->slot,
                                             .what = m});
}

/* AKT_OK when the queue has it now. */
static akt_err
put_locked(akt_self *self, akt_probe *p, struct akti_message *m,
           struct akti_probe_line *line)
{
    if (p->closed) {
        return AKT_EDEAD;
    }
    if (p->waiting >= p->capacity) {
        p->lost++;
        p->lost_untold++;
        akti_probe_note_locked(p, line);
        return AKT_EFULL;
    }
    line->number = ++p->seen;
    akti_probe_note_locked(p, line);
    append_locked(p, m);
    count_delivered(self, m);
    akti_cond_wake_all(&p->changed);
    return AKT_OK;
}

/* Any message. It is taken from the turn, which ends it no more. */
static akt_err
on_any(akt_self *self, void *state, const void *payload)
{
    akt_probe *p = ((struct probe_state *)state)->probe;
    struct akti_message *m = self->message;
    struct akti_probe_line line = {0};
    akt_err err;

    (void)payload;
    line.at_ns = akti_now(self->ctx) - p->opened_ns;
    akti_probe_describe(self->system, m, line.text, sizeof(line.text));
    akti_unbox(self);
    self->message = NULL;
    self->current = NULL;
    self->answered = true;
    akti_mutex_lock(&p->lock);
    err = put_locked(self, p, m, &line);
    akti_mutex_unlock(&p->lock);
    if (err != AKT_OK) {
        akti_message_end(self->ctx, akti_actor_entry(self->actor), m,
                         err == AKT_EFULL ? AKT_FATE_DROPPED : AKT_FATE_DEAD,
                         err);
    }
    return AKT_OK;
}

static void
break_request(struct akti_context *ctx, struct akti_message *m, akt_err reason)
{
    if (m->cell_generation != 0) {
        (void)akti_future_end(ctx, m->cell, m->cell_generation, AKT_BROKEN,
                              reason);
        m->cell_generation = 0;
    }
}

static void
break_requests(struct akti_context *ctx, struct akti_message *list,
               akt_err reason)
{
    for (; list != NULL; list = list->next) {
        break_request(ctx, list, reason);
    }
}

static void
on_exit(akt_self *self, void *state, const akt_exit *reason)
{
    akt_probe *p = ((struct probe_state *)state)->probe;
    bool is_last;

    (void)reason;
    akti_mutex_lock(&p->lock);
    p->ended = true;
    break_requests(self->ctx, p->head, AKT_EDEAD);
    break_requests(self->ctx, p->held, AKT_EDEAD);
    is_last = p->closed;
    akti_cond_wake_all(&p->changed);
    akti_mutex_unlock(&p->lock);
    if (is_last) {
        probe_free(self->system, p);
    }
}

/* One row, which ends the table: every type. */
static const akt_handler handlers[] = {{NULL, on_any}};

static const akt_behavior behavior = {"probe", "struct probe_state",
                                      sizeof(struct probe_state), handlers};

static const akt_class probe_class = {
    .name = "probe",
    .state_size = sizeof(struct probe_state),
    .state_align = _Alignof(struct probe_state),
    .behavior = &behavior,
    .on_exit = on_exit,
    .mailbox = {.capacity = AKT_MAILBOX_CAPACITY_MAX}};

/* --- opening and closing --- */

static uint32_t
or_default(uint32_t value, uint32_t standard)
{
    return value != 0 ? value : standard;
}

static akt_probe *
probe_new(akt_self *self, const akt_probe_opts *opts)
{
    uint32_t lines = or_default(opts->record, RECORD);
    akt_probe *p =
        akti_memory_zalloc(&self->system->dispatcher.memory,
                           sizeof(*p) + lines * sizeof(p->line[0]), 64);

    if (p == NULL) {
        return NULL;
    }
    p->self = self;
    p->name = opts->name != NULL ? opts->name : "probe";
    p->on_fail = opts->on_fail;
    p->fail_arg = opts->fail_arg;
    p->quiet = opts->quiet;
    p->capacity = or_default(opts->capacity, CAPACITY);
    p->line_count = lines;
    p->opened_ns = akti_now(self->ctx);
    akti_mutex_init(&p->lock, AKTI_RANK_PROBE);
    akti_cond_init(&p->changed);
    return p;
}

akt_err
akt_probe_open(akt_self *self, const akt_probe_opts *opts,
               akt_probe **out_probe)
{
    const akt_probe_opts standard = AKT_PROBE_OPTS_INIT;
    struct probe_state state;
    akt_err err;

    opts = opts != NULL ? opts : &standard;
    if (opts->size != sizeof(*opts) || opts->capacity > OPTION_MAX
        || opts->record > OPTION_MAX) {
        return AKT_EINVAL;
    }
    if (self->port == NULL) {
        return AKT_ECONTEXT;
    }
    state.probe = probe_new(self, opts);
    if (state.probe == NULL) {
        return AKT_ENOMEM;
    }
    err = akti_spawn(self, &probe_class, &state.probe->ref, &state);
    if (err != AKT_OK) {
        probe_free(self->system, state.probe);
        return err;
    }
    *out_probe = state.probe;
    return AKT_OK;
}

void
akti_probe_free_messages(akt_self *self, struct akti_message *list)
{
    while (list != NULL) {
        struct akti_message *next = list->next;

        break_request(self->ctx, list, AKT_EBROKEN);
        akti_message_free(&self->ctx->caches, list);
        list = next;
    }
}

void
akt_probe_close(akt_probe *p)
{
    struct akti_message *head;
    struct akti_message *held;
    akt_self *self;
    akt_ref ref;
    bool is_last;

    if (p == NULL) {
        return;
    }
    self = p->self;
    ref = p->ref;
    akt_answer_free(self, p->answer);
    akti_mutex_lock(&p->lock);
    head = p->head;
    held = p->held;
    p->head = NULL;
    p->held = NULL;
    p->closed = true;
    is_last = p->ended;
    akti_mutex_unlock(&p->lock);
    /* Unless this is the last, the actor may free it from here on. */
    if (is_last) {
        probe_free(self->system, p);
    } else {
        akt_ignore(akt_kill(self, ref));
    }
    akti_probe_free_messages(self, head);
    akti_probe_free_messages(self, held);
}

akt_ref
akt_probe_ref(const akt_probe *p)
{
    return p->ref;
}
