/* SPDX-License-Identifier: MIT */
/*
 * The dispatcher walks and hands out files. It holds a bounded list of paths and
 * lets the walk go on only when there is room in it. A reader has one file, and
 * the coordinator, which stands for all readers elsewhere, one for each slot.
 *
 * Out of descriptors: a file that could not be opened for that reason goes back
 * to the list, and from then on no more readers work than could open theirs. It
 * is reported when it fails with no other reader at work.
 */
#include "wordcount.h"

#include <errno.h>

enum {
    PENDING_MAX = SLOTS_MAX + 2 * WALK_FOUND_MAX
};

struct item {
    char *path;
    uint64_t size; /* in bytes, as far as the walk knows it */
    bool named;
    bool alone; /* tried while no other reader was at work */
};

struct dispatcher {
    struct pipeline *line;
    struct item pending[PENDING_MAX]; /* a stack */
    uint32_t n_pending;
    struct item current[SLOTS_MAX]; /* no path: free */
    uint32_t busy;
    uint32_t busy_max;
    bool walking; /* its job is under way */
    bool interrupted;
    bool ended; /* all is told */
    uint64_t files;
    uint64_t bytes;
    uint64_t cut;
};

/* The job's question: the walk, as a number; jobs stay in the process. */
#define STEP(F) F(u64, walk) F(bool, last_try)
AKT_SIGNAL(stepped);
AKT_REQUEST(step, STEP, stepped);
AKT_SIGNAL(tick);

static akt_err
step_walk(akt_self *self, const struct step *m)
{
    struct walk *walk = (struct walk *)(uintptr_t)m->walk;
    walk_step(walk, m->last_try);
    if (walk->no_memory) {
        return AKT_ENOMEM;
    }
    return akt_reply(self, m, 0);
}
AKT_JOB(step_walk, step);

static akt_err on_stepped(akt_self *self, struct dispatcher *d,
                          const akt_answer *answer, const struct stepped *m);
AKT_THEN(on_stepped, struct dispatcher, step);

static akt_err
report(akt_self *self, const struct dispatcher *d, const char *path, int err)
{
    return akt_send(self, d->line->reporter_ref, unreadable,
                    .path = akt_text_of(path), .err = err);
}

static void
drop(struct item *item)
{
    free(item->path);
    item->path = NULL;
}

/* Gives the last pending file to the slot's reader. */
static akt_err
hand_out(akt_self *self, struct dispatcher *d, uint32_t slot)
{
    struct item *item = &d->current[slot];
    d->n_pending--;
    *item = d->pending[d->n_pending];
    item->alone = d->busy == 0;
    d->busy++;
    return akt_send(self, d->line->reader_refs[slot % d->line->readers],
                    read_file, .slot = slot, .path = akt_text_of(item->path),
                    .size = item->size, .named = item->named);
}

/* A slot without a file; there is one while fewer than all are busy. */
static uint32_t
find_idle(const struct dispatcher *d)
{
    uint32_t i = 0;
    while (i < d->line->slots && d->current[i].path != NULL) {
        i++;
    }
    return i;
}

static akt_err
hand_out_all(akt_self *self, struct dispatcher *d)
{
    while (d->n_pending > 0 && d->busy < d->busy_max) {
        AKT_TRY(hand_out(self, d, find_idle(d)));
    }
    return AKT_OK;
}

/* Lets the walk go on if it can. */
static akt_err
walk_on(akt_self *self, struct dispatcher *d)
{
    const struct walk *walk = &d->line->walk;
    bool idle = d->busy == 0 && d->n_pending == 0;
    if (d->walking || d->interrupted
        || walk->ended
        /* A file that is being read may come back, for want of descriptors. */
        || d->n_pending + d->busy > PENDING_MAX - WALK_FOUND_MAX
        || (walk->wait_fd && !idle)) {
        return AKT_OK;
    }
    akt_future f;
    AKT_TRY(akt_ask_blocking_within(self, NO_HURRY, &f, step_walk, step,
                                    .walk = (uintptr_t)walk,
                                    .last_try = walk->wait_fd));
    d->walking = true;
    return akt_then(self, f, on_stepped, NULL);
}

/* Ends the readers, once, when nothing is left to do. */
static akt_err
end_if_done(akt_self *self, struct dispatcher *d)
{
    const struct walk *walk = &d->line->walk;
    if (d->ended || d->walking || d->busy > 0 || d->n_pending > 0
        || (!walk->ended && !d->interrupted)) {
        return AKT_OK;
    }
    d->ended = true;
    for (uint32_t i = 0; i < d->line->readers; i++) {
        AKT_TRY(akt_send(self, d->line->reader_refs[i], end_of_input));
    }
    return akt_send(self, d->line->reporter_ref, input_totals,
                    .files = d->files, .bytes = d->bytes,
                    .skipped = walk->skipped, .cut = d->cut);
}

static akt_err
go_on(akt_self *self, struct dispatcher *d)
{
    AKT_TRY(hand_out_all(self, d));
    AKT_TRY(walk_on(self, d));
    return end_if_done(self, d);
}

static void
drop_pending(struct dispatcher *d)
{
    while (d->n_pending > 0) {
        d->n_pending--;
        drop(&d->pending[d->n_pending]);
    }
}

/* Puts what the walk found to the pending, or reports it. */
static akt_err
take_in(akt_self *self, struct dispatcher *d, struct found *found)
{
    char *path = found->path;
    found->path = NULL;
    if (found->err == 0) {
        d->pending[d->n_pending++] = (struct item){
            .path = path, .size = found->size, .named = found->named};
        return AKT_OK;
    }
    akt_err err = report(self, d, path, found->err);
    free(path);
    return err;
}

static akt_err
on_stepped(akt_self *self, struct dispatcher *d, const akt_answer *answer,
           const struct stepped *m)
{
    if (m == NULL) {
        return answer->error;
    }
    d->walking = false;
    struct walk *walk = &d->line->walk;
    while (walk->n_found > 0) {
        walk->n_found--;
        AKT_TRY(take_in(self, d, &walk->found[walk->n_found]));
    }
    if (d->interrupted) {
        drop_pending(d);
    }
    return go_on(self, d);
}

static bool
is_out_of_descriptors(int err)
{
    return err == EMFILE || err == ENFILE;
}

static akt_err
on_file_done(akt_self *self, struct dispatcher *d, const struct file_done *m)
{
    struct item *item = &d->current[m->slot];
    d->busy--;
    d->bytes += m->bytes;
    d->cut += m->cut;
    if (is_out_of_descriptors(m->err) && !item->alone && !d->interrupted) {
        d->busy_max = d->busy > 1 ? d->busy : 1;
        d->pending[d->n_pending++] = *item;
        item->path = NULL;
        return go_on(self, d);
    }
    if (m->err != 0) {
        AKT_TRY(report(self, d, item->path, m->err));
    } else if (!m->stopped) {
        d->files++;
    }
    drop(item);
    return go_on(self, d);
}

static akt_err
on_read_some(akt_self *self, struct dispatcher *d, const struct read_some *m)
{
    (void)self;
    d->bytes += m->bytes;
    return AKT_OK;
}

/* The readers end by themselves: main has closed the other end of stop_fd. */
static akt_err
on_interrupt(akt_self *self, struct dispatcher *d, const struct interrupt *m)
{
    (void)m;
    d->interrupted = true;
    drop_pending(d);
    return go_on(self, d);
}

static akt_err
on_tick(akt_self *self, struct dispatcher *d, const struct tick *m)
{
    (void)m;
    return akt_send(self, d->line->reporter_ref, progress, .files = d->files,
                    .bytes = d->bytes);
}

static akt_err
on_start_dispatcher(akt_self *self, struct dispatcher *d)
{
    if (d->line->show_progress) {
        AKT_TRY(akt_timer_start(self, AKT_MS(PROGRESS_MS), AKT_MS(PROGRESS_MS),
                                NULL, tick));
    }
    return go_on(self, d);
}

static void
on_exit_dispatcher(akt_self *self, struct dispatcher *d, const akt_exit *reason)
{
    (void)self;
    drop_pending(d);
    for (uint32_t i = 0; i < d->line->slots; i++) {
        drop(&d->current[i]);
    }
    tell_main_of_exit("the dispatcher", reason);
}

AKT_CLASS(
    dispatcher, struct dispatcher, AKT_ON_START(on_start_dispatcher),
    AKT_ON(file_done, on_file_done), AKT_ON(read_some, on_read_some),
    AKT_ON(interrupt, on_interrupt), AKT_ON(tick, on_tick),
    AKT_ON_EXIT(on_exit_dispatcher),
    /* Room for all that may come back: a reader that waited here while the
           * dispatcher waits for room with it would wait for ever. */
    AKT_MAILBOX(SLOTS_MAX + 256, AKT_AWAIT));

akt_err
dispatcher_spawn(akt_self *self, struct pipeline *line)
{
    return akt_spawn(self, dispatcher, &line->dispatcher_ref, .line = line,
                     .busy_max = line->slots);
}
