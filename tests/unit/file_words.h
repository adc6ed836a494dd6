/* SPDX-License-Identifier: MIT */
/*
 * What the tests of what is said of files share: each operation as a future and
 * awaited, and the words that it has to end with.
 */
#ifndef AKT_TESTS_UNIT_FILE_WORDS_H
#define AKT_TESTS_UNIT_FILE_WORDS_H

#include "akt/dir.h"
#include "akt/file.h"
#include "tests/unit/doing.h"
#include "tests/unit/files.h"

#include <stdio.h>
#include <string.h>

#define SAID_SIZE 400

/* "read FOLDER/f: it was cancelled" and the like. */
static inline const char *
said(const char *doing, const char *name, akt_err err)
{
    static _Thread_local char text[SAID_SIZE];

    (void)snprintf(text, sizeof(text), "%s %s: %s", doing,
                   folder_name(&folder, name), akt_err_text(err));
    return text;
}

/* On any thread. */
static inline void
assert_said(const akt_error *e, const char *doing, akt_err err)
{
    const char *expected = said(doing, "f", err);

    STRESS_CHECK(e->code == err && strcmp(e->text, expected) == 0
                     && e->length == strlen(e->text),
                 "said \"%s\" (%s), not \"%s\"", e->text, akt_err_name(e->code),
                 expected);
}

/* What is open, to ask for more. */
struct handles {
    akt_file file;
    akt_dir dir;
};

/* --- as futures --- */

#define BYTES ((akt_bytes){"12", 2})

static inline akt_err
ask_read(akt_self *self, struct handles *h, akt_future *f)
{
    (void)h;
    return akt_file_read_all(self, at("f"), 0, f);
}

static inline akt_err
ask_read_any(akt_self *self, struct handles *h, akt_future *f)
{
    (void)h;
    return akt_file_read_any(self, at("f"), 0, f);
}

static inline akt_err
ask_write(akt_self *self, struct handles *h, akt_future *f)
{
    (void)h;
    return akt_file_write_all(self, at("f"), BYTES, NULL, f);
}

static inline akt_err
ask_append(akt_self *self, struct handles *h, akt_future *f)
{
    (void)h;
    return akt_file_append(self, at("f"), BYTES, NULL, f);
}

static inline akt_err
ask_stat(akt_self *self, struct handles *h, akt_future *f)
{
    (void)h;
    return akt_file_stat(self, at("f"), f);
}

static inline akt_err
ask_stat_link(akt_self *self, struct handles *h, akt_future *f)
{
    (void)h;
    return akt_file_stat_link(self, at("f"), f);
}

static inline akt_err
ask_remove(akt_self *self, struct handles *h, akt_future *f)
{
    (void)h;
    return akt_file_remove(self, at("f"), f);
}

static inline akt_err
ask_remove_dir(akt_self *self, struct handles *h, akt_future *f)
{
    (void)h;
    return akt_dir_remove(self, at("f"), f);
}

static inline akt_err
ask_make(akt_self *self, struct handles *h, akt_future *f)
{
    (void)h;
    return akt_dir_make(self, at("f"), NULL, f);
}

static inline akt_err
ask_open(akt_self *self, struct handles *h, akt_future *f)
{
    return akt_file_open(self, at("f"), &(akt_file_open_opts){AKT_FILE_READ, 0},
                         &h->file, f);
}

static inline akt_err
ask_read_on(akt_self *self, struct handles *h, akt_future *f)
{
    return akt_file_read(self, h->file, 10, f);
}

static inline akt_err
ask_write_at(akt_self *self, struct handles *h, akt_future *f)
{
    return akt_file_write_at(self, h->file, 5, BYTES, f);
}

static inline akt_err
ask_sync(akt_self *self, struct handles *h, akt_future *f)
{
    return akt_file_sync(self, h->file, f);
}

static inline akt_err
ask_measure(akt_self *self, struct handles *h, akt_future *f)
{
    return akt_file_size(self, h->file, f);
}

static inline akt_err
ask_truncate(akt_self *self, struct handles *h, akt_future *f)
{
    return akt_file_truncate(self, h->file, 0, f);
}

static inline akt_err
ask_close(akt_self *self, struct handles *h, akt_future *f)
{
    return akt_file_close(self, h->file, f);
}

static inline akt_err
ask_open_dir(akt_self *self, struct handles *h, akt_future *f)
{
    return akt_dir_open(self, at("f"), NULL, &h->dir, f);
}

static inline akt_err
ask_next(akt_self *self, struct handles *h, akt_future *f)
{
    return akt_dir_next(self, h->dir, f);
}

/* In an order in which each has what it needs. */
static const struct asking {
    const char *doing;
    akt_err (*ask)(akt_self *self, struct handles *h, akt_future *f);
} askings[] = {{"read", ask_read},         {"read", ask_read_any},
               {"write", ask_write},       {"append to", ask_append},
               {"stat", ask_stat},         {"stat", ask_stat_link},
               {"remove", ask_remove},     {"remove", ask_remove_dir},
               {"make", ask_make},         {"open", ask_open},
               {"read", ask_read_on},      {"write", ask_write_at},
               {"sync", ask_sync},         {"measure", ask_measure},
               {"truncate", ask_truncate}, {"close", ask_close},
               {"open", ask_open_dir},     {"read", ask_next}};

#define ASKINGS (sizeof(askings) / sizeof(askings[0]))

/* What an answer says of its end. */
static inline void
assert_answer_says(akt_self *self, akt_future f, const char *doing, akt_err err)
{
    akt_error e = AKT_ERROR_NONE;
    akt_answer *answer;

    assert_ok(akt_await(self, f, &answer));
    assert_err(akt_answer_error(answer, &e), err);
    assert_said(&e, doing, err);
    assert_int_equal(answer->text.len, e.length);
    akt_answer_free(self, answer);
}

static inline akt_err
cancel_each(akt_self *self, void *arg)
{
    struct handles h = {.file = {NULL, 0}};
    size_t i;

    (void)arg;
    for (i = 0; i < ASKINGS; i++) {
        akt_future f;

        assert_ok(askings[i].ask(self, &h, &f));
        assert_ok(akt_cancel(self, f));
        assert_answer_says(self, f, askings[i].doing, AKT_ECANCELLED);
    }
    return akt_dir_close(self, h.dir);
}

/* --- awaited --- */

/* A call that waited has failed as it had to, and said so. */
static inline void
failed(akt_err got, akt_error *e, const char *doing, akt_err err)
{
    STRESS_CHECK(got == err, "%s answered %s, not %s", doing, akt_err_name(got),
                 akt_err_name(err));
    assert_said(e, doing, err);
    *e = AKT_ERROR_NONE;
}

/* All that waits for what a path names. Each has to fail. */
static inline void
wait_for_paths(akt_self *self, akt_err err)
{
    akt_file_open_opts opts = {AKT_FILE_READ, 0};
    akt_file_content c;
    akt_file_info info;
    akt_error e = AKT_ERROR_NONE;
    akt_file file;
    akt_dir dir;

    failed(akt_read_file(self, at("f"), 0, &c, &e), &e, "read", err);
    failed(akt_write_file(self, at("f"), BYTES, NULL, &e), &e, "write", err);
    failed(akt_append_file(self, at("f"), BYTES, NULL, &e), &e, "append to",
           err);
    failed(akt_open_file(self, at("f"), &opts, &file, &e), &e, "open", err);
    failed(akt_stat_file(self, at("f"), &info, &e), &e, "stat", err);
    failed(akt_stat_link(self, at("f"), &info, &e), &e, "stat", err);
    failed(akt_remove_file(self, at("f"), &e), &e, "remove", err);
    failed(akt_remove_dir(self, at("f"), &e), &e, "remove", err);
    failed(akt_make_dir(self, at("f"), NULL, &e), &e, "make", err);
    failed(akt_open_dir(self, at("f"), NULL, &dir, &e), &e, "open", err);
    failed(akt_walk_dir(self, at("f"), NULL, &dir, &e), &e, "open", err);
}

/* And for what is open; closes it. */
static inline void
wait_for_file(akt_self *self, akt_file file, akt_err err)
{
    akt_file_range range = {0, 2};
    akt_error e = AKT_ERROR_NONE;
    akt_file_content c;
    uint64_t size;

    failed(akt_read_from(self, file, 2, &c, &e), &e, "read", err);
    failed(akt_read_from_at(self, file, range, &c, &e), &e, "read", err);
    failed(akt_write_to(self, file, BYTES, &e), &e, "write", err);
    failed(akt_write_to_at(self, file, 1, BYTES, &e), &e, "write", err);
    failed(akt_sync_file(self, file, &e), &e, "sync", err);
    failed(akt_measure_file(self, file, &size, &e), &e, "measure", err);
    failed(akt_truncate_file(self, file, 1, &e), &e, "truncate", err);
    failed(akt_close_file(self, file, &e), &e, "close", err);
}

static inline akt_file
open_file(akt_self *self)
{
    akt_file_open_opts opts = {AKT_FILE_READ | AKT_FILE_WRITE, 0};
    akt_file file = {NULL, 0};

    STRESS_CHECK(akt_open_file(self, at("f"), &opts, &file, NULL) == AKT_OK,
                 "the file cannot be opened");
    return file;
}

AKT_SIGNAL(done);
AKT_SIGNAL_REQUEST(late, done);

/* Files of tasks that tell. */
static struct stress_gate opened;

/* What a task of a test is told. */
struct about {
    uint64_t sleeps_ns; /* until the time of its request is over */
    bool tells;         /* when its file is open */
};

static inline akt_err
waits_in_a_request(akt_self *self, struct about *a)
{
    akt_file file = open_file(self);
    akt_received r;

    if (a->tells) {
        stress_gate_add(&opened, 1);
    }
    AKT_TRY(akt_receive(self, AKT_NEVER, &r));
    AKT_TRY(akt_sleep(self, a->sleeps_ns));
    wait_for_paths(self, AKT_ETIMEOUT);
    wait_for_file(self, file, AKT_ETIMEOUT);
    return AKT_OK;
}
AKT_TASK(waits_in_a_request, struct about);

#endif
