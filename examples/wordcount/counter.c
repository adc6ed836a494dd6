/* SPDX-License-Identifier: MIT */
/*
 * Counts alone what the pipeline counts by several actors: files are read by jobs,
 * one at a time, and their words go into one table, which is sent in the end.
 *
 * The source is lent to the job while it runs, so a task that is cancelled waits
 * for its job all the same.
 */
#include "counter.h"

#include "fill.h"
#include "piece.h"
#include "protocol.h"
#include "source.h"
#include "wordcount.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

/* An error of its own: the lease is another worker's. */
#define GONE ((akt_err)(AKT_EUSER + 1))

enum {
    LATER_MS = 20,
    UNANSWERED_MAX = 3
};

struct counter {
    struct crew *crew;
    struct source source;
    struct table table; /* of the lease */
    uint64_t lease;
    uint32_t n_files;
    struct file_results results;
    char *paths;           /* of the lease, as they came */
    char folder[PATH_MAX]; /* of those that are relative */
    char *piece;           /* PIECE_MAX bytes */
    uint64_t renewed_ns;
    uint32_t unanswered; /* requests in a row */
};

/* --- Talking to the coordinator --- */

/* The process may have been stopped for a while, or the other one: a lease whose
 * requests got no answer is given up, whether they have arrived or not. */
static akt_err
no_answer(akt_self *self, struct counter *c, akt_err err)
{
    akt_error error = AKT_ERROR_NONE;
    if (err == AKT_ECANCELLED) {
        return err;
    }
    c->unanswered++;
    if (err == AKT_ETIMEOUT && c->unanswered < UNANSWERED_MAX) {
        return GONE;
    }
    if (err == AKT_ECLOSED) {
        (void)akt_error_set(&error, err, "the coordinator at %s is gone",
                            c->crew->url);
    } else {
        (void)akt_error_set(&error, err,
                            "the coordinator at %s does not answer: %s",
                            c->crew->url, akt_err_text(err));
    }
    return akt_task_fail_with(self, &error);
}

static akt_err
heed(akt_self *self, struct counter *c, const struct go_on *m)
{
    c->renewed_ns = akt_now_ns(self);
    c->unanswered = 0;
    return m->verdict == GO_ON ? AKT_OK : GONE;
}

/* Sends words; none: only that the lease is still being worked on. */
static akt_err
tell(akt_self *self, struct counter *c, akt_bytes words)
{
    for (;;) {
        struct go_on answer;
        akt_err err = akt_call_within(self, AKT_MS(ANSWER_MS),
                                      c->crew->coordinator, counted, &answer,
                                      .lease = c->lease, .words = words);
        if (err != AKT_OK) {
            return no_answer(self, c, err);
        }
        if (answer.verdict != TRY_LATER) {
            return heed(self, c, &answer);
        }
        AKT_TRY(akt_sleep(self, AKT_MS(LATER_MS)));
    }
}

static akt_err
renew(akt_self *self, struct counter *c)
{
    if (akt_now_ns(self) - c->renewed_ns < AKT_MS(RENEW_MS)) {
        return AKT_OK;
    }
    return tell(self, c, (akt_bytes){NULL, 0});
}

static akt_err
finish(akt_self *self, struct counter *c)
{
    struct go_on answer;
    akt_err err =
        akt_call_within(self, AKT_MS(ANSWER_MS), c->crew->coordinator, finished,
                        &answer, .lease = c->lease, .results = c->results);
    return err != AKT_OK ? no_answer(self, c, err) : heed(self, c, &answer);
}

/* Keeps the lease's paths: each of so many ends with NUL, so that all are found. */
static akt_err
take_paths(akt_self *self, struct counter *c, const struct grant *g)
{
    const char *paths = g->paths.ptr;
    size_t len = g->paths.len;
    uint32_t n = 0;
    for (size_t i = 0; i < len; i++) {
        n += paths[i] == '\0';
    }
    if (n == 0 || n > LEASE_FILES || paths[len - 1] != '\0'
        || g->folder.len >= sizeof c->folder) {
        return akt_task_fail(self, AKT_EFORMAT,
                             "the coordinator sent what are no paths");
    }
    c->paths = malloc(len);
    if (c->paths == NULL) {
        return AKT_ENOMEM;
    }
    memcpy(c->paths, paths, len);
    memcpy(c->folder, g->folder.ptr, g->folder.len);
    c->folder[g->folder.len] = '\0';
    c->n_files = n;
    return AKT_OK;
}

static akt_err
ask_for_files(akt_self *self, struct counter *c, uint32_t *out_verdict)
{
    struct grant g;
    akt_err err = akt_call_within(self, AKT_MS(ANSWER_MS), c->crew->coordinator,
                                  want, &g);
    if (err != AKT_OK) {
        return no_answer(self, c, err);
    }
    *out_verdict = g.verdict;
    c->lease = g.lease;
    c->renewed_ns = akt_now_ns(self);
    c->unanswered = 0;
    return g.verdict == GO_ON ? take_paths(self, c, &g) : AKT_OK;
}

/* --- Counting --- */

/* Adds what the job has read. */
static akt_err
take_bytes(akt_self *self, akt_answer *answer, uint64_t *bytes)
{
    const struct filled *m = akt_answer_as(answer, filled);
    akt_err err = akt_answer_error(answer, NULL);
    *bytes += m == NULL ? 0 : m->bytes;
    akt_answer_free(self, answer);
    return err;
}

/* Waits for the job, and lets the coordinator know of it when that takes long. */
static akt_err
await_job(akt_self *self, struct counter *c, akt_future f, uint64_t *bytes)
{
    akt_answer *answer = NULL;
    akt_branch branches[] = {AKT_WHEN_ENDED(f, &answer),
                             AKT_WHEN_AFTER(AKT_MS(RENEW_MS))};
    size_t which = 1;
    akt_err err = AKT_OK;
    while (err == AKT_OK && which == 1) {
        err =
            akt_select(self, branches, 2, AKT_SELECT_BIASED, AKT_NEVER, &which);
        if (err == AKT_OK && which == 1) {
            err = tell(self, c, (akt_bytes){NULL, 0});
        }
    }
    if (err != AKT_OK) {
        akt_task_shield(self, true);
        akt_ignore(akt_await(self, f, NULL));
        akt_task_shield(self, false);
        return err;
    }
    AKT_TRY(branches[0].error);
    return take_bytes(self, answer, bytes);
}

static akt_err
read_more(akt_self *self, struct counter *c, uint64_t *bytes)
{
    akt_future f;
    AKT_TRY(akt_ask_blocking_within(self, NO_HURRY, &f, fill_source, fill,
                                    .source = (uintptr_t)&c->source));
    return await_job(self, c, f, bytes);
}

/* Counts the words of a chunk, which are put into lower case where they are. */
static akt_err
count_chunk(struct counter *c, char *chunk, size_t len)
{
    const char *at = chunk;
    struct word word;
    while (next_word(&at, chunk + len, &word)) {
        char *letters = chunk + (word.start - chunk);
        for (size_t i = 0; i < word.len; i++) {
            letters[i] = (char)lower_letter(letters[i]);
        }
        if (!table_add(&c->table, letters, word.len, word.hash, 1)) {
            return AKT_ENOMEM;
        }
    }
    return AKT_OK;
}

/* Counts what has been read and ends with a word. */
static akt_err
count_read(struct counter *c)
{
    char *chunk = NULL;
    size_t len = 0;
    if (!source_cut(&c->source, &chunk, &len)) {
        return AKT_ENOMEM;
    }
    akt_err err = count_chunk(c, chunk, len);
    free(chunk);
    return err;
}

/* Paths that are relative are so to the coordinator's folder. */
static akt_err
set_path(struct counter *c, const char *path)
{
    char whole[2 * PATH_MAX];
    const char *folder = path[0] == '/' ? "" : c->folder;
    (void)snprintf(whole, sizeof whole, "%s%s%s", folder,
                   folder[0] == '\0' ? "" : "/", path);
    return source_set_path(&c->source, whole, false) ? AKT_OK : AKT_ENOMEM;
}

static akt_err
count_file(akt_self *self, struct counter *c, const char *path,
           struct file_result *out)
{
    uint64_t bytes = 0;
    AKT_TRY(set_path(c, path));
    do {
        AKT_TRY(read_more(self, c, &bytes));
        AKT_TRY(count_read(c));
        AKT_TRY(renew(self, c));
    } while (!c->source.ended);
    *out = (struct file_result){
        .bytes = bytes, .cut = c->source.cut, .err = c->source.err};
    return AKT_OK;
}

static akt_err
send_table(akt_self *self, struct counter *c)
{
    size_t at = 0;
    size_t len = piece_write(&c->table, &at, c->piece);
    while (len > 0) {
        AKT_TRY(tell(self, c, (akt_bytes){c->piece, len}));
        len = piece_write(&c->table, &at, c->piece);
    }
    return AKT_OK;
}

static akt_err
count_lease(akt_self *self, struct counter *c)
{
    const char *path = c->paths;
    for (uint32_t i = 0; i < c->n_files; i++) {
        AKT_TRY(count_file(self, c, path, &c->results.of[i]));
        path += strlen(path) + 1;
    }
    AKT_TRY(send_table(self, c));
    return finish(self, c);
}

/* --- A counter's life --- */

/* What belongs to the lease. A source that was given up in the middle of a file is
 * made anew. */
static void
forget_lease(struct counter *c)
{
    table_fini(&c->table);
    source_fini(&c->source);
    source_init(&c->source, -1);
    free(c->paths);
    c->paths = NULL;
    c->n_files = 0;
    c->results = (struct file_results){.of = {{0}}};
}

static void
say_at_work(struct crew *crew)
{
    if (!atomic_exchange_explicit(&crew->at_work, true, memory_order_relaxed)
        && !crew->quiet) {
        fprintf(stderr, "wordcount: at work\n");
    }
}

/* Counts what there is, if there is something. */
static akt_err
count_next(akt_self *self, struct counter *c, uint32_t *out_verdict)
{
    AKT_TRY(ask_for_files(self, c, out_verdict));
    if (*out_verdict == ALL_DONE) {
        return AKT_OK;
    }
    if (*out_verdict != GO_ON) {
        return akt_sleep(self, AKT_MS(LATER_MS));
    }
    say_at_work(c->crew);
    return count_lease(self, c);
}

static akt_err
count_leases(akt_self *self, struct counter *c)
{
    uint32_t verdict = TRY_LATER;
    while (verdict != ALL_DONE) {
        akt_err err = count_next(self, c, &verdict);
        forget_lease(c);
        if (err != AKT_OK && err != GONE) {
            return err;
        }
    }
    return AKT_OK;
}

struct counter_args {
    struct crew *crew;
};

static akt_err
counter(akt_self *self, struct counter_args *args)
{
    struct counter *c = calloc(1, sizeof *c);
    akt_err err = AKT_ENOMEM;
    if (c == NULL) {
        return err;
    }
    c->crew = args->crew;
    c->piece = malloc(PIECE_MAX);
    source_init(&c->source, -1);
    if (c->piece != NULL) {
        err = count_leases(self, c);
    }
    forget_lease(c);
    free(c->piece);
    free(c);
    return err;
}
AKT_TASK(counter, struct counter_args);

akt_err
counter_spawn(akt_self *self, struct crew *crew, akt_task *out)
{
    return akt_task_spawn(self, counter, out, .crew = crew);
}
