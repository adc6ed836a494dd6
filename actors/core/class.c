/* SPDX-License-Identifier: MIT */
/* Classes as a system knows them: options checked and filled in, counters. */
#include "actors/core/system.h"

#include <string.h>

static size_t
entry_size(const struct akti_class_entry *e)
{
    return sizeof(*e) + e->rows * sizeof(e->row[0]);
}

static uint32_t
or_default(uint32_t value, uint32_t standard)
{
    return value != 0 ? value : standard;
}

/* A simulation may make it smaller where nothing but waiting comes of it. */
static uint32_t
capacity_of(struct akt_system *s, const akt_class *cls)
{
    uint32_t n = or_default(cls->mailbox.capacity, AKT_MAILBOX_CAPACITY);
    const struct akti_sim *sim = s->dispatcher.sim;

    if (sim != NULL && sim->mailbox != 0 && sim->mailbox < n
        && cls->mailbox.overflow == AKT_AWAIT) {
        return sim->mailbox;
    }
    return n;
}

struct akti_class_entry *
akti_class_entry_new(struct akt_system *s, const akt_class *cls)
{
    uint32_t rows = s->dispatcher.worker_count + 1;
    struct akti_class_entry *e = akti_memory_zalloc(
        &s->dispatcher.memory, sizeof(*e) + rows * sizeof(e->row[0]), 64);

    if (e == NULL) {
        return NULL;
    }
    e->rows = rows;
    e->requests = UINT32_MAX;
    if (cls == NULL) {
        return e;
    }
    e->cls = cls;
    e->capacity = capacity_of(s, cls);
    e->low_water = e->capacity / 2;
    e->overflow = cls->mailbox.overflow;
    e->max_age_ns = cls->mailbox.max_age_ns;
    e->outbox = or_default(cls->outbox, 256);
    e->stash = or_default(cls->stash, 64);
    e->requests = or_default(cls->requests, 1024);
    e->idle_ns = cls->idle_ns;
    return e;
}

void
akti_class_entry_free(struct akt_system *s, struct akti_class_entry *e)
{
    if (e != NULL) {
        akti_memory_free(&s->dispatcher.memory, e, entry_size(e), 64);
    }
}

/* NULL, or which option is out of range. */
static const char *
wrong_option(const akt_class *cls)
{
    const akt_mailbox_opts *m = &cls->mailbox;

    if (m->capacity > AKT_MAILBOX_CAPACITY_MAX) {
        return "mailbox capacity above AKT_MAILBOX_CAPACITY_MAX";
    }
    if ((unsigned)m->overflow > AKT_STOP) {
        return "mailbox overflow is not one of akt_overflow";
    }
    if ((m->overflow == AKT_SHED_OLD) != (m->max_age_ns != 0)) {
        return "AKT_SHED_OLD needs AKT_MAX_AGE, and only that does";
    }
    if (cls->outbox > 65535 || cls->stash > 65535) {
        return "outbox or stash above 65535";
    }
    if (cls->requests > 1000000) {
        return "requests above 1000000";
    }
    if ((unsigned)cls->placement > AKT_PLACE_OWN_THREAD) {
        return "placement is not one of akt_placement";
    }
    if (cls->behavior == NULL || cls->state_size == 0
        || cls->state_size > AKT_STATE_SIZE_MAX || cls->state_align > 64) {
        return "no behaviour, or a state that is empty, larger than "
               "AKT_STATE_SIZE_MAX, or aligned to more than 64";
    }
    return NULL;
}

static akt_err
add_locked(struct akt_system *s, const akt_class *cls,
           struct akti_class_entry **out)
{
    struct akti_class_entry *e;

    for (e = s->classes; e != NULL; e = e->next) {
        if (e->cls == cls) {
            *out = e;
            return AKT_OK;
        }
    }
    e = akti_class_entry_new(s, cls);
    if (e == NULL) {
        return AKT_ENOMEM;
    }
    e->id = ++s->class_count;
    e->next = s->classes;
    s->classes = e;
    *out = e;
    return AKT_OK;
}

akt_err
akti_class_find(akt_self *self, const akt_class *cls,
                struct akti_class_entry **out)
{
    struct akt_system *s = self->system;
    /* Which place it takes changes nothing but the time this takes. */
    size_t place = ((uintptr_t)cls >> 4) % AKTI_CLASS_CACHE;
    const char *wrong;
    akt_err err;

    if (AKTI_LIKELY(self->cached[place] != NULL
                    && self->cached[place]->cls == cls)) {
        *out = self->cached[place];
        return AKT_OK;
    }
    wrong = wrong_option(cls);
    if (wrong != NULL) {
        akti_log_line(&s->dispatcher.log, AKT_LOG_WARNING, "class %s: %s",
                      cls->name, wrong);
        return AKT_EINVAL;
    }
    akti_mutex_lock(&s->lock);
    err = add_locked(s, cls, out);
    akti_mutex_unlock(&s->lock);
    if (err == AKT_OK) {
        self->cached[place] = *out;
    }
    return err;
}

void
akt_class_counters(akt_system *s, const akt_class *cls,
                   akt_counters *out_counters)
{
    akt_counters sums = {0};
    struct akti_class_entry *e;

    akti_mutex_lock(&s->lock);
    for (e = s->classes; e != NULL; e = e->next) {
        if (e->cls == cls) {
            akti_account_sum(e, &sums);
        }
    }
    akti_mutex_unlock(&s->lock);
    akti_account_close(&sums);
    *out_counters = sums;
}

static void
sum_locked(struct akt_system *s, akt_counters *out)
{
    struct akti_class_entry *e;

    akti_account_sum(s->threads, out);
    for (e = s->classes; e != NULL; e = e->next) {
        akti_account_sum(e, out);
    }
    akti_account_close(out);
}

void
akt_system_counters(akt_system *s, akt_counters *out_counters)
{
    akt_counters sums = {0};

    akti_mutex_lock(&s->lock);
    sum_locked(s, &sums);
    akti_mutex_unlock(&s->lock);
    *out_counters = sums;
}

bool
akti_system_has_live_locked(struct akt_system *s)
{
    akt_counters sums = {0};

    sum_locked(s, &sums);
    return sums.spawned > sums.exited;
}
