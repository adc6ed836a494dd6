/* SPDX-License-Identifier: MIT */
/**
 * @file wordcount.h
 * @brief The pipeline: who sends what to whom.
 *
 *     dispatcher --path--> readers --chunks--> splitters --batches--> reducers
 *         ^  |                |                                          |
 *         |  +---progress-----|-------------------------> reporter <-tables-+
 *         +-------done--------+
 *
 * The dispatcher walks directories by jobs of the blocking pool and hands one
 * file at a time to each reader. A reader reads by jobs too, one at a time, and
 * cuts what it gets at the end of a word. A splitter turns a chunk into one
 * batch of words for each reducer; a reducer owns the words of its share of the
 * hashes. Every arrow is a bounded mailbox with AKT_AWAIT: when a stage is slow,
 * the one before it is suspended, and so on up to the dispatcher. No cycle can
 * wait: a reader has room for all that the dispatcher ever has under way to it.
 *
 * The end runs down the same arrows: the dispatcher tells each reader, a reader
 * each splitter, a splitter each reducer. Messages between two actors keep their
 * order, so whoever has the mark of all before it has all their data.
 *
 * With --coordinate the coordinator stands for readers, splitters and reducers; it
 * has files at many workers at a time, which are other processes (protocol.h):
 *
 *     dispatcher --path--> coordinator --table--> reporter
 *                            ^  |
 *                            |  +--lease of files--> workers (--worker)
 *                            +-------words-----------+
 */
#ifndef AKT_EXAMPLES_WORDCOUNT_WORDCOUNT_H
#define AKT_EXAMPLES_WORDCOUNT_WORDCOUNT_H

#include "options.h"
#include "source.h"
#include "table.h"
#include "walk.h"
#include "words.h"

#include <akt/akt.h>

#include <stdlib.h>

enum {
    STAGE_MAX = 64,   /* actors of one stage, however many workers */
    SLOTS_MAX = 1024, /* files that are being read at a time, by whomever */
    LISTED_MAX = 20,  /* unreadable files that are named */
    PROGRESS_MS = 200
};

/* Jobs take as long as they take: a writer of a FIFO may be slow. */
#define NO_HURRY AKT_SECONDS(UINT64_C(10) * 365 * 24 * 3600)

/** A path that could not be read, and why. */
struct failure {
    char *path;
    int err; /* an errno value */
};

/** All that is said in the end. Written by the reporter, read by main when the
 *  system has stopped. */
struct report {
    uint64_t files;
    uint64_t bytes;
    uint64_t unreadable;
    uint64_t skipped;
    uint64_t cut;    /* words cut at LONGEST_WORD */
    uint64_t leases; /* that workers had and that were done */
    uint64_t again;  /* files that were given out once more */
    struct failure listed[LISTED_MAX];
    uint64_t chunks[STAGE_MAX];     /* of each splitter */
    struct table tables[STAGE_MAX]; /* of each reducer, sorted */
};

/** The whole job. Owned by main, outlives the system; each part is written by
 *  the one actor it belongs to, or before the actors that read it start. */
struct pipeline {
    uint32_t readers;
    uint32_t slots; /* files that the readers have at a time, in turn */
    uint32_t splitters;
    uint32_t reducers;
    const char *url; /* where workers are waited for; NULL: alone */
    bool quiet;
    bool show_progress;
    akt_ref reporter_ref;
    akt_ref reducer_refs[STAGE_MAX];
    akt_ref splitter_refs[STAGE_MAX];
    akt_ref reader_refs[STAGE_MAX];
    akt_ref dispatcher_ref;
    akt_ref interrupt_ref;            /* who is told of Ctrl-C */
    struct walk walk;                 /* the dispatcher's, lent to its job */
    struct source sources[STAGE_MAX]; /* the readers', lent to their jobs */
    struct report report;             /* the reporter's */
};

/* From main, to the dispatcher in the end: read nothing more. */
AKT_SIGNAL(interrupt);

/* From each actor of a stage to each of the next: nothing more will come. */
AKT_SIGNAL(end_of_input);

/* From the dispatcher to a reader: slot i is of reader i modulo their number. */
#define READ_FILE(F) F(u32, slot) F(text, path) F(u64, size) F(bool, named)
AKT_MESSAGE(read_file, READ_FILE);

/* From a reader to the dispatcher: on the way, and at the end of a file. */
#define READ_SOME(F) F(u64, bytes)
AKT_MESSAGE(read_some, READ_SOME);
#define FILE_DONE(F)                                                           \
    F(u32, slot) F(u64, bytes) F(u64, cut) F(i32, err) F(bool, stopped)
AKT_MESSAGE(file_done, FILE_DONE);

/* From the dispatcher to the reporter. */
#define PROGRESS(F) F(u64, files) F(u64, bytes)
AKT_MESSAGE(progress, PROGRESS);
#define UNREADABLE(F) F(text, path) F(i32, err)
AKT_MESSAGE(unreadable, UNREADABLE);
#define INPUT_TOTALS(F) F(u64, files) F(u64, bytes) F(u64, skipped) F(u64, cut)
AKT_MESSAGE(input_totals, INPUT_TOTALS);

/* From the coordinator to the reporter: a line to be shown, and how many workers
 * there are now; what it did, at its end. */
#define NOTE(F) F(text, line) F(u32, workers)
AKT_MESSAGE(note, NOTE);
#define SPREAD_TOTALS(F) F(u64, leases) F(u64, again)
AKT_MESSAGE(spread_totals, SPREAD_TOTALS);

/* From a splitter to the reporter, at its end. */
#define SPLITTER_TOTALS(F) F(u32, splitter) F(u64, chunks)
AKT_MESSAGE(splitter_totals, SPLITTER_TOTALS);

/** From a reader to a splitter: bytes that begin and end between words. */
struct chunk {
    char *data;
    size_t len;
};
static inline void
chunk_free(struct chunk *chunk)
{
    free(chunk->data);
}
AKT_LOCAL_MESSAGE_WITH(chunk, chunk_free);

/** From a splitter to a reducer: words in lower case, each ended by NUL. */
struct batch {
    char *data;
    size_t len;
    size_t size;
};
static inline void
batch_free(struct batch *batch)
{
    free(batch->data);
}
AKT_LOCAL_MESSAGE_WITH(batch, batch_free);

/** From a reducer to the reporter: its words, sorted. */
struct reduced {
    uint32_t reducer;
    struct table table;
};
static inline void
reduced_free(struct reduced *reduced)
{
    table_fini(&reduced->table);
}
AKT_LOCAL_MESSAGE_WITH(reduced, reduced_free);

/* Each actor's file; main spawns them from the last stage to the first. */
akt_err reporter_spawn(akt_self *self, struct pipeline *line);
akt_err reducer_spawn(akt_self *self, struct pipeline *line, uint32_t index);
akt_err splitter_spawn(akt_self *self, struct pipeline *line, uint32_t index);
akt_err reader_spawn(akt_self *self, struct pipeline *line, uint32_t index);
akt_err dispatcher_spawn(akt_self *self, struct pipeline *line);

/** How the program ends when all is not well. */
enum exit_status {
    EXIT_UNREADABLE = 1,
    EXIT_USAGE = 2,
    EXIT_FAILED = 3
};

/** Tells main that all is done (`AKT_OK`) or that an actor failed. */
void tell_main(akt_err err);
/** For every actor's last turn: when it ends by an error, main has to know. */
void tell_main_of_exit(const char *who, const akt_exit *reason);

/** Writes the table to standard output; false when that failed. */
bool print_table(const struct pipeline *line, uint64_t top);
/** Writes the list of what could not be read to standard error. */
void print_unreadable(const struct report *report);
/** Writes the summary to standard error. */
void print_summary(const struct pipeline *line, uint32_t workers,
                   double seconds);

#endif
