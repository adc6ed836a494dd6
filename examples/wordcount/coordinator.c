/* SPDX-License-Identifier: MIT */
/*
 * The coordinator gives files to workers in other processes and puts together
 * what they counted; protocol.h says how they talk. To the dispatcher it is all
 * readers at a time, to the reporter it is the only reducer.
 *
 * Workers are expected to die. Their words lie with their lease until that is
 * done; a tick looks for leases whose time is up. A worker that asks when no file
 * waits is kept waiting until one does, or until the next tick: then it asks
 * again, so that no file is given to one that has died meanwhile.
 */
#include "lease.h"
#include "piece.h"
#include "spread.h"

#include <akt/nng.h>
#include <akt/wire.h>

#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    WANTS_MAX = 256,
    PEERS_MAX = 1024,
    LEAVE_MS = 5000 /* how long workers have to hear that all is done */
};

struct coordinator {
    struct pipeline *line;
    akt_ref dispatcher; /* who sends the files */
    struct leases *leases;
    struct table total;
    akt_promise_of(want) wants[WANTS_MAX];
    uint32_t n_wants;
    uint32_t peers;
    uint64_t done;         /* leases */
    uint64_t again;        /* files that were given out once more */
    uint64_t wary_ns;      /* until then one who asks may be gone already */
    uint64_t leave_ns;     /* no longer are workers waited for in the end */
    char folder[PATH_MAX]; /* of paths that are relative */
    bool interrupted;
    bool over;     /* there are no more files */
    bool reported; /* the reporter has it all */
};

AKT_SIGNAL(tick);
AKT_WIRE_TYPES(asked, want, counted, finished);

__attribute__((format(printf, 3, 4))) static akt_err
say(akt_self *self, const struct coordinator *c, const char *format, ...)
{
    char line[256];
    va_list args;
    if (c->line->quiet) {
        return AKT_OK;
    }
    va_start(args, format);
    (void)vsnprintf(line, sizeof line, format, args);
    va_end(args);
    return akt_send(self, c->line->reporter_ref, note,
                    .line = akt_text_of(line), .workers = c->peers);
}

/* --- Files to workers --- */

/* Gives the lease to one who waits. */
static akt_err
grant_to(akt_self *self, struct coordinator *c, struct lease *lease)
{
    const char *paths = NULL;
    size_t len = lease_paths(c->leases, lease, &paths);
    uint64_t now = akt_now_ns(self);
    lease->deadline_ns = now + AKT_MS(now < c->wary_ns ? GRACE_MS : LEASE_MS);
    c->n_wants--;
    akt_err err = akt_promise_reply(
        self, &c->wants[c->n_wants], .verdict = GO_ON, .lease = lease->id,
        .folder = {c->folder, strlen(c->folder)}, .paths = {paths, len});
    if (err == AKT_EENDED) {
        lease_drop(c->leases, lease); /* nobody waits there any more */
        return AKT_OK;
    }
    return err;
}

static akt_err
grant_all(akt_self *self, struct coordinator *c)
{
    while (c->n_wants > 0) {
        struct lease *lease = lease_open(c->leases);
        if (lease == NULL) {
            return AKT_OK;
        }
        AKT_TRY(grant_to(self, c, lease));
    }
    return AKT_OK;
}

/* Tells all who wait the same. */
static akt_err
answer_wants(akt_self *self, struct coordinator *c, enum verdict verdict)
{
    while (c->n_wants > 0) {
        c->n_wants--;
        akt_err err =
            akt_promise_reply(self, &c->wants[c->n_wants], .verdict = verdict);
        if (err != AKT_OK && err != AKT_EENDED) {
            return err;
        }
    }
    return AKT_OK;
}

static akt_err
on_want(akt_self *self, struct coordinator *c, const struct want *m)
{
    if (c->over) {
        return akt_reply(self, m, .verdict = ALL_DONE);
    }
    if (c->n_wants == WANTS_MAX) {
        return akt_reply(self, m, .verdict = TRY_LATER);
    }
    AKT_TRY(akt_keep(self, m, &c->wants[c->n_wants]));
    c->n_wants++;
    return grant_all(self, c);
}

static akt_err
complain(const akt_error *error)
{
    fprintf(stderr, "wordcount: %s\n", error->text);
    return error->code;
}

/* --- What they counted --- */

/* Its files wait again. */
static akt_err
take_back(akt_self *self, struct coordinator *c, struct lease *lease,
          const char *why)
{
    uint32_t n = lease->n_slots;
    lease_drop(c->leases, lease);
    c->again += n;
    return say(self, c, "%s: %" PRIu32 " files are given out again", why, n);
}

/* More than any table should be ends the job: others would send the same. */
static akt_err
hold(struct coordinator *c, struct lease *lease, akt_bytes words)
{
    akt_error error = AKT_ERROR_NONE;
    if (lease->held_bytes + words.len > LEASE_HELD_MAX) {
        (void)akt_error_set(
            &error, AKT_ESIZE, "%s: a worker sent more than %zu MiB of words",
            c->leases->slots[lease->slots[0]].path, LEASE_HELD_MAX >> 20);
        return complain(&error);
    }
    return lease_hold(c->leases, lease, words.ptr, words.len) ? AKT_OK
                                                              : AKT_ENOMEM;
}

static akt_err
on_counted(akt_self *self, struct coordinator *c, const struct counted *m)
{
    struct lease *lease = lease_find(c->leases, m->lease);
    if (lease == NULL) {
        return akt_reply(self, m, .verdict = LEASE_GONE);
    }
    lease->deadline_ns = akt_now_ns(self) + AKT_MS(LEASE_MS);
    if (m->words.len == 0) {
        return akt_reply(self, m, .verdict = GO_ON);
    }
    if (!piece_is_sound(m->words.ptr, m->words.len)) {
        AKT_TRY(take_back(self, c, lease, "a worker sent what are no words"));
        return akt_reply(self, m, .verdict = LEASE_GONE);
    }
    if (!lease_has_room(c->leases, lease, m->words.len)) {
        return akt_reply(self, m, .verdict = TRY_LATER);
    }
    AKT_TRY(hold(c, lease, m->words));
    return akt_reply(self, m, .verdict = GO_ON);
}

static akt_err
count_in(struct coordinator *c, const struct lease *lease)
{
    for (const struct held *h = lease->held; h != NULL; h = h->next) {
        if (!piece_add(&c->total, h->words, h->len)) {
            return AKT_ENOMEM;
        }
    }
    return AKT_OK;
}

static akt_err
on_finished(akt_self *self, struct coordinator *c, const struct finished *m)
{
    struct lease *lease = lease_find(c->leases, m->lease);
    if (lease == NULL) {
        return akt_reply(self, m, .verdict = LEASE_GONE);
    }
    AKT_TRY(count_in(c, lease));
    for (uint32_t i = 0; i < lease->n_slots; i++) {
        const struct file_result *r = &m->results.of[i];
        AKT_TRY(akt_send(self, c->dispatcher, file_done,
                         .slot = lease->slots[i], .bytes = r->bytes,
                         .cut = r->cut, .err = r->err));
    }
    lease_close(c->leases, lease);
    c->done++;
    return akt_reply(self, m, .verdict = GO_ON);
}

/* --- Files from the dispatcher --- */

static akt_err
on_read_file(akt_self *self, struct coordinator *c, const struct read_file *m)
{
    c->dispatcher = akt_sender(self);
    if (c->interrupted) {
        return akt_send(self, c->dispatcher, file_done, .slot = m->slot,
                        .stopped = true);
    }
    if (!leases_put(c->leases, m->slot, m->path.ptr, m->size)) {
        return AKT_ENOMEM;
    }
    return grant_all(self, c);
}

static akt_err
give_back(akt_self *self, const struct coordinator *c, uint32_t slot)
{
    if (c->leases->slots[slot].path == NULL) {
        return AKT_OK;
    }
    return akt_send(self, c->dispatcher, file_done, .slot = slot,
                    .stopped = true);
}

/* What no worker has finished is not counted. */
static akt_err
on_interrupt(akt_self *self, struct coordinator *c, const struct interrupt *m)
{
    (void)m;
    c->interrupted = true;
    AKT_TRY(akt_send(self, c->line->dispatcher_ref, interrupt));
    for (uint32_t i = 0; i < c->leases->n_slots; i++) {
        AKT_TRY(give_back(self, c, i));
    }
    leases_destroy(c->leases);
    c->leases = leases_create(c->line->slots, akt_random(self) >> 1);
    return c->leases != NULL ? AKT_OK : AKT_ENOMEM;
}

/* Reports when all is done and the workers have left, or had the time to. */
static akt_err
report_if_over(akt_self *self, struct coordinator *c)
{
    if (!c->over || c->reported
        || (c->peers > 0 && akt_now_ns(self) < c->leave_ns)) {
        return AKT_OK;
    }
    c->reported = true;
    table_sort(&c->total);
    AKT_TRY(akt_send(self, c->line->reporter_ref, spread_totals,
                     .leases = c->done, .again = c->again));
    AKT_TRY(akt_send(self, c->line->reporter_ref, reduced, .reducer = 0,
                     .table = c->total));
    c->total = (struct table){.entries = NULL}; /* it is on its way */
    return AKT_OK;
}

static akt_err
on_end_of_input(akt_self *self, struct coordinator *c,
                const struct end_of_input *m)
{
    (void)m;
    c->over = true;
    c->leave_ns = akt_now_ns(self) + AKT_MS(LEAVE_MS);
    AKT_TRY(answer_wants(self, c, ALL_DONE));
    return report_if_over(self, c);
}

/* --- Workers that come and go --- */

static akt_err
take_back_if_late(akt_self *self, struct coordinator *c, struct lease *lease,
                  uint64_t now)
{
    if (lease->id == 0 || lease->deadline_ns > now) {
        return AKT_OK;
    }
    return take_back(self, c, lease, "a worker is not heard of");
}

static akt_err
on_tick(akt_self *self, struct coordinator *c, const struct tick *m)
{
    (void)m;
    uint64_t now = akt_now_ns(self);
    for (uint32_t i = 0; i < LEASES_MAX; i++) {
        AKT_TRY(take_back_if_late(self, c, &c->leases->open[i], now));
    }
    AKT_TRY(grant_all(self, c));
    AKT_TRY(answer_wants(self, c, TRY_LATER));
    return report_if_over(self, c);
}

static akt_err
on_peer_up(akt_self *self, struct coordinator *c,
           const struct akt_nng_peer_up *m)
{
    (void)m;
    c->peers++;
    return say(self, c, "a worker has come; workers: %" PRIu32, c->peers);
}

/* Nobody knows which leases it had: those who still have theirs will say so. */
static akt_err
on_peer_down(akt_self *self, struct coordinator *c,
             const struct akt_nng_peer_down *m)
{
    (void)m;
    uint64_t deadline = akt_now_ns(self) + AKT_MS(GRACE_MS);
    c->wary_ns = deadline;
    for (uint32_t i = 0; i < LEASES_MAX; i++) {
        struct lease *lease = &c->leases->open[i];
        if (lease->deadline_ns > deadline) {
            lease->deadline_ns = deadline;
        }
    }
    c->peers--;
    AKT_TRY(say(self, c, "a worker has gone; workers: %" PRIu32, c->peers));
    return report_if_over(self, c);
}

/* --- Its life --- */

static akt_err
on_bound(akt_self *self, struct coordinator *c, const akt_answer *answer,
         const struct akt_nng_bound *m)
{
    akt_error error = AKT_ERROR_NONE;
    if (m == NULL) {
        (void)akt_answer_error(answer, &error);
        return complain(&error);
    }
    return say(self, c, "workers are expected at %s", m->url.ptr);
}
AKT_THEN(on_bound, struct coordinator, akt_nng_listen);

static akt_err
listen_at(akt_self *self, const char *url)
{
    akt_nng_opts opts = {.protocol = AKT_NNG_REP,
                         .name = "workers",
                         .types = asked,
                         .peers = true,
                         .max_message = SPREAD_MESSAGE_MAX,
                         .requests = 2 * WANTS_MAX,
                         .max_peers = PEERS_MAX};
    akt_error error = AKT_ERROR_NONE;
    akt_nng socket;
    akt_future f;
    if (akt_nng_open(self, &opts, &socket, &error) != AKT_OK) {
        return complain(&error);
    }
    AKT_TRY(
        akt_ask(self, socket.ref, &f, akt_nng_listen, .url = akt_text_of(url)));
    return akt_then(self, f, on_bound, NULL);
}

static akt_err
on_start_coordinator(akt_self *self, struct coordinator *c)
{
    /* Random, so that a worker of an earlier run at this address has no lease. */
    c->leases = leases_create(c->line->slots, akt_random(self) >> 1);
    if (c->leases == NULL) {
        return AKT_ENOMEM;
    }
    if (getcwd(c->folder, sizeof c->folder) == NULL) {
        c->folder[0] = '\0'; /* workers say which files they do not find */
    }
    AKT_TRY(
        akt_timer_start(self, AKT_MS(AGAIN_MS), AKT_MS(AGAIN_MS), NULL, tick));
    return listen_at(self, c->line->url);
}

static void
on_exit_coordinator(akt_self *self, struct coordinator *c,
                    const akt_exit *reason)
{
    (void)self;
    leases_destroy(c->leases);
    table_fini(&c->total);
    tell_main_of_exit("the coordinator", reason);
}

AKT_CLASS(coordinator, struct coordinator, AKT_ON_START(on_start_coordinator),
          AKT_ON(read_file, on_read_file),
          AKT_ON(end_of_input, on_end_of_input),
          AKT_ON(interrupt, on_interrupt), AKT_ON(want, on_want),
          AKT_ON(counted, on_counted), AKT_ON(finished, on_finished),
          AKT_ON(akt_nng_peer_up, on_peer_up),
          AKT_ON(akt_nng_peer_down, on_peer_down), AKT_ON(tick, on_tick),
          AKT_ON_EXIT(on_exit_coordinator));

bool
spread_is_built(void)
{
    return true;
}

akt_err
coordinator_spawn(akt_self *self, struct pipeline *line)
{
    return akt_spawn(self, coordinator, &line->reader_refs[0], .line = line);
}
