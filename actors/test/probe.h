/* SPDX-License-Identifier: MIT */
/*
 * A probe: a block that its actor and the test's thread share. The actor puts
 * what it is sent into the queue; the thread takes it out, keeps it while the
 * test may look at it, and answers requests itself. Who of the two is the last
 * to leave frees the block.
 */
#ifndef AKT_TEST_PROBE_H
#define AKT_TEST_PROBE_H

#include "actors/core/system.h"
#include "akt/test.h"

/* A message of the record with who sent it; longer ones are cut. */
#define AKTI_PROBE_LINE 160
/* A failure in a sentence. */
#define AKTI_PROBE_SENTENCE 1024

struct akti_probe_line {
    uint64_t number; /* 0: lost */
    uint64_t at_ns;  /* since the probe was opened */
    char text[AKTI_PROBE_LINE];
};

struct akt_probe {
    /* immutable */
    akt_self *self;
    const char *name;
    akt_probe_fail_fn *on_fail;
    void *fail_arg;
    uint64_t opened_ns;
    uint32_t capacity;
    uint32_t line_count;
    bool quiet;
    /* the test's thread */
    akt_ref ref;
    struct akti_message *last; /* of the last expectation; among `held` */
    akt_answer *answer;
    akt_err error;
    uint64_t failures;
    char sentence[AKTI_PROBE_SENTENCE];
    /* guarded by lock */
    struct akti_mutex lock;
    struct akti_cond changed;
    struct akti_message *head; /* not expected yet */
    struct akti_message *tail;
    struct akti_message *held; /* expected; open requests and the last one */
    uint32_t waiting;
    uint64_t seen;
    uint64_t lost;
    uint64_t lost_untold;
    uint64_t lines; /* ever written; the ring has the last of them */
    bool ended;     /* the actor has */
    bool closed;    /* the thread has */
    struct akti_probe_line line[];
};

/* A message with its sender as text, cut to the buffer. */
void akti_probe_describe(struct akt_system *s, struct akti_message *m,
                         char *buffer, size_t size);
/* The same for a message that was not sent. */
void akti_probe_describe_payload(const akt_type *type, const void *payload,
                                 char *buffer, size_t size);

/* Puts a line on record; the lock is held. */
void akti_probe_note_locked(akt_probe *probe,
                            const struct akti_probe_line *line);

/* The instant that is so long from now. */
uint64_t akti_probe_deadline(akt_probe *probe, uint64_t within_ns);
/* Waits for a message and takes it; NULL when none came. */
struct akti_message *akti_probe_next(akt_probe *probe, uint64_t deadline_ns);
/* In a simulation, when nothing is left to run until then. */
void akti_probe_pass_time(akt_probe *probe, uint64_t deadline_ns);
/* "within 100 ms". */
void akti_probe_time_text(uint64_t within_ns, char *buffer, size_t size);
#define AKTI_PROBE_TIME 40

/* Forgets the last expectation and frees what nobody may look at any more. */
void akti_probe_begin(akt_probe *probe);
/* An expectation failed: keeps the sentence and says it. Last of all. */
akt_err akti_probe_failed(akt_probe *probe, const akti_place *place,
                          akt_err err, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Breaks open requests and frees the list. The lock is not held. */
void akti_probe_free_messages(akt_self *self, struct akti_message *list);

/* Whether two payloads of a type with fields say the same. */
bool akti_payload_equal(const akt_type *type, const void *a, const void *b);

#endif
