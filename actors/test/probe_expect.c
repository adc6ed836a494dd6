/* SPDX-License-Identifier: MIT */
/*
 * Expectations about messages. The test's thread only. A failure is told last,
 * when the probe is as it will stay: the hook may jump out of the test.
 */
#include "actors/base/clock.h"
#include "actors/test/probe.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

/* A message in a sentence. */
#define MESSAGE 320

/* --- beginning and failing --- */

/* Takes out of `held` what is answered, or was no request. */
static struct akti_message *
sweep_locked(akt_probe *p)
{
    struct akti_message **at = &p->held;
    struct akti_message *done = NULL;

    while (*at != NULL) {
        struct akti_message *m = *at;

        if (m->cell_generation != 0) {
            at = &m->next;
        } else {
            *at = m->next;
            m->next = done;
            done = m;
        }
    }
    return done;
}

void
akti_probe_begin(akt_probe *p)
{
    struct akti_message *done;

    akt_answer_free(p->self, p->answer);
    p->answer = NULL;
    p->last = NULL;
    p->error = AKT_OK;
    p->sentence[0] = '\0';
    akti_mutex_lock(&p->lock);
    done = sweep_locked(p);
    akti_mutex_unlock(&p->lock);
    /* Destructors run without the lock. */
    akti_probe_free_messages(p->self, done);
}

akt_err
akti_probe_failed(akt_probe *p, const akti_place *place, akt_err err,
                  const char *format, ...)
{
    va_list args;
    int n = snprintf(p->sentence, sizeof(p->sentence), "%s: ", p->name);
    size_t used = n < 0 ? 0 : (size_t)n;

    if (used < sizeof(p->sentence)) {
        va_start(args, format);
        (void)vsnprintf(p->sentence + used, sizeof(p->sentence) - used, format,
                        args);
        va_end(args);
    }
    p->error = err;
    p->failures++;
    if (!p->quiet) {
        (void)fprintf(stderr, "%s:%d: %s\n", place->file, place->line,
                      p->sentence);
    }
    if (p->on_fail != NULL) {
        p->on_fail(p->sentence, place->file, place->line, p->fail_arg);
    }
    return err;
}

/* --- waiting --- */

uint64_t
akti_probe_deadline(akt_probe *p, uint64_t within_ns)
{
    return akti_clock_add(akti_now(p->self->ctx), within_ns);
}

static bool
is_there(const akt_probe *p)
{
    return p->head != NULL || p->ended;
}

void
akti_probe_pass_time(akt_probe *p, uint64_t deadline_ns)
{
    struct akti_dispatcher *d = p->self->ctx->dispatcher;

    if (deadline_ns != AKT_NEVER && deadline_ns > d->sim->now_ns) {
        akti_sim_set_now(d, deadline_ns);
    }
}

/* One thread does everything, so what the lock guards can be read here. */
static void
run_until(akt_probe *p, uint64_t deadline_ns)
{
    while (!is_there(p)
           && akti_sim_progress(p->self->ctx->dispatcher, deadline_ns)) {
    }
    if (!is_there(p)) {
        akti_probe_pass_time(p, deadline_ns);
    }
}

static void
wait_until_locked(akt_probe *p, uint64_t deadline_ns)
{
    bool in_time = true;

    while (!is_there(p) && in_time) {
        in_time = akti_cond_wait_until(&p->changed, &p->lock, deadline_ns);
    }
}

static struct akti_message *
take_locked(akt_probe *p)
{
    struct akti_message *m = p->head;

    if (m != NULL) {
        p->head = m->next;
        p->waiting--;
        m->next = p->held;
        p->held = m;
    }
    return m;
}

struct akti_message *
akti_probe_next(akt_probe *p, uint64_t deadline_ns)
{
    struct akti_dispatcher *d = p->self->ctx->dispatcher;

    if (d->sim != NULL) {
        run_until(p, deadline_ns);
    }
    akti_mutex_lock(&p->lock);
    if (d->sim == NULL) {
        wait_until_locked(p, deadline_ns);
    }
    p->last = take_locked(p);
    akti_mutex_unlock(&p->lock);
    return p->last;
}

/* --- why nothing came --- */

struct absence {
    akt_err error;
    uint64_t lost;
};

/* Losses are told once. */
static struct absence
absence_of(akt_probe *p)
{
    struct absence a = {AKT_ETIMEOUT, 0};

    akti_mutex_lock(&p->lock);
    a.lost = p->lost_untold;
    p->lost_untold = 0;
    if (a.lost != 0) {
        a.error = AKT_EFULL;
    } else if (p->ended) {
        a.error = AKT_EDEAD;
    }
    akti_mutex_unlock(&p->lock);
    return a;
}

/* Nothing came though `what` was expected. */
static akt_err
absent(akt_probe *p, const akti_place *place, const char *what,
       uint64_t within_ns)
{
    struct absence a = absence_of(p);
    char time[AKTI_PROBE_TIME];

    akti_probe_time_text(within_ns, time, sizeof(time));
    if (a.error == AKT_EFULL) {
        return akti_probe_failed(p, place, a.error,
                                 "expected %s %s, but %" PRIu64
                                 " messages were lost, as %" PRIu32 " waited",
                                 what, time, a.lost, p->capacity);
    }
    return akti_probe_failed(
        p, place, a.error, "expected %s %s, but %s", what, time,
        a.error == AKT_EDEAD ? "the probe has ended" : "nothing came");
}

/* Something came, but not `what`. */
static akt_err
unexpected(akt_probe *p, const akti_place *place, const char *what,
           uint64_t within_ns)
{
    char time[AKTI_PROBE_TIME];
    char got[MESSAGE];

    akti_probe_time_text(within_ns, time, sizeof(time));
    akti_probe_describe(p->self->system, p->last, got, sizeof(got));
    return akti_probe_failed(p, place, AKT_EUNEXPECTED,
                             "expected %s %s, but got %s", what, time, got);
}

/* --- expectations --- */

const void *
akti_expect(akt_probe *p, uint64_t within_ns, const akt_type *type,
            const akti_place *place)
{
    akti_probe_begin(p);
    if (akti_probe_next(p, akti_probe_deadline(p, within_ns)) == NULL) {
        (void)absent(p, place, type->name, within_ns);
        return NULL;
    }
    if (!akt_type_equal(p->last->type, type)) {
        (void)unexpected(p, place, type->name, within_ns);
        return NULL;
    }
    return akti_message_payload(p->last);
}

const void *
akti_expect_equal(akt_probe *p, uint64_t within_ns, const akt_type *type,
                  const void *payload, const akti_place *place)
{
    char what[MESSAGE];

    akti_probe_begin(p);
    if ((type->flags & AKT_TYPE_LOCAL) != 0) {
        (void)akti_probe_failed(p, place, AKT_EINVAL,
                                "%s is local and has no fields to compare",
                                type->name);
        return NULL;
    }
    akti_probe_describe_payload(type, payload, what, sizeof(what));
    if (akti_probe_next(p, akti_probe_deadline(p, within_ns)) == NULL) {
        (void)absent(p, place, what, within_ns);
        return NULL;
    }
    if (!akt_type_equal(p->last->type, type)
        || !akti_payload_equal(type, akti_message_payload(p->last), payload)) {
        (void)unexpected(p, place, what, within_ns);
        return NULL;
    }
    return akti_message_payload(p->last);
}

/* The last message is not wanted: out of `held`, and gone. */
static void
skip(akt_probe *p)
{
    struct akti_message *m = p->last;

    p->last = NULL;
    akti_mutex_lock(&p->lock);
    p->held = m->next;
    akti_mutex_unlock(&p->lock);
    m->next = NULL;
    akti_probe_free_messages(p->self, m);
}

const void *
akti_fish(akt_probe *p, uint64_t within_ns, const akt_type *type,
          const akti_place *place)
{
    uint64_t deadline_ns = akti_probe_deadline(p, within_ns);
    uint64_t skipped = 0;
    char what[MESSAGE];

    akti_probe_begin(p);
    while (akti_probe_next(p, deadline_ns) != NULL) {
        if (akt_type_equal(p->last->type, type)) {
            return akti_message_payload(p->last);
        }
        skip(p);
        skipped++;
    }
    (void)snprintf(what, sizeof(what), "%s among others (%" PRIu64 " skipped)",
                   type->name, skipped);
    (void)absent(p, place, what, within_ns);
    return NULL;
}

akt_err
akti_expect_any(akt_probe *p, uint64_t within_ns, const akti_place *place)
{
    akti_probe_begin(p);
    if (akti_probe_next(p, akti_probe_deadline(p, within_ns)) == NULL) {
        return absent(p, place, "any message", within_ns);
    }
    return AKT_OK;
}

/* Whether that nothing came says anything. */
static bool
is_whole(akt_probe *p)
{
    bool whole;

    akti_mutex_lock(&p->lock);
    whole = p->lost_untold == 0 && !p->ended;
    akti_mutex_unlock(&p->lock);
    return whole;
}

akt_err
akti_expect_none(akt_probe *p, uint64_t within_ns, const akti_place *place)
{
    akti_probe_begin(p);
    if (akti_probe_next(p, akti_probe_deadline(p, within_ns)) != NULL) {
        return unexpected(p, place, "no message", within_ns);
    }
    return is_whole(p) ? AKT_OK : absent(p, place, "no message", within_ns);
}

/* --- looking --- */

const void *
akti_probe_as(const akt_probe *p, const akt_type *type)
{
    bool same = p->last != NULL && akt_type_equal(p->last->type, type);

    return same ? akti_message_payload(p->last) : NULL;
}

const akt_type *
akt_probe_type(const akt_probe *p)
{
    return p->last != NULL ? p->last->type : NULL;
}

akt_ref
akt_probe_sender(const akt_probe *p)
{
    const struct akti_message *m = p->last;
    akt_ref ref = AKT_REF_NONE;

    if (m != NULL && m->sender_generation != 0) {
        ref = (akt_ref){m->sender_slot, m->sender_generation,
                        p->self->system->id, 0};
    }
    return ref;
}

uint32_t
akt_probe_waiting(akt_probe *p)
{
    uint32_t n;

    akti_mutex_lock(&p->lock);
    n = p->waiting;
    akti_mutex_unlock(&p->lock);
    return n;
}

akt_err
akt_probe_error(const akt_probe *p)
{
    return p->error;
}

const char *
akt_probe_failure(const akt_probe *p)
{
    return p->sentence;
}

uint64_t
akt_probe_failures(const akt_probe *p)
{
    return p->failures;
}
