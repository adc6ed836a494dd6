/* SPDX-License-Identifier: MIT */
/*
 * What must hold in every run, checked from outside: it follows each message and
 * request by what a simulated system tells its observer, keeps its own books, and
 * compares them with the system's counters and with what is in its queues
 * (inspect.h). None of the checks asks the code that it checks.
 *
 * One oracle serves many runs, one after the other. One thread.
 */
#ifndef AKT_TEST_ORACLE_H
#define AKT_TEST_ORACLE_H

#include "actors/core/system.h"
#include "actors/test/map.h"
#include "akt/explore.h"

#include <stddef.h>

struct akti_trace;

/* What is known of a slot of the table of actors. */
struct akti_oracle_slot {
    bool ready;     /* in the queue */
    bool turning;   /* it has a turn */
    bool handling;  /* one of its handlers runs */
    uint64_t outer; /* whose turn this one is inside of, by its number */
    const struct akti_message *message; /* that is handled */
    const struct akti_message *before;  /* of the outer one */
};

/* Where faults by chance were, so that they can be dropped first. */
#define AKTI_FAULT_PLACES 256

struct akti_oracle {
    struct akt_system *system; /* NULL: no run */
    struct akti_sim *sim;
    uint32_t unchecked;
    uint64_t max_steps;
    akt_violation violation;  /* of the failure that this one found */
    struct akti_trace *trace; /* NULL: nobody reads it */
    /* Told at once when the run fails: what comes after may crash. */
    void (*failed)(void *arg);
    void *failed_arg;
    /* messages by address: a: sender, b: receiver, c: place in its pair's order */
    struct akti_map messages;
    struct akti_map
        requests;           /* by cell; a: asker, b: who has it, c: its scope */
    struct akti_map opened; /* futures of no request, by cell; c: its scope */
    struct akti_map pairs;  /* a: sent, b: begun */
    /* channels by address; a: sent, b: of these gone, c: number */
    struct akti_map channels;
    struct akti_map values; /* by channel and place; a: their bytes' digest */
    struct akti_map doomed; /* to be destroyed, by digest; a: how many */
    /* tasks that own: a: the innermost scope, b: children, c: what is in `owned` */
    struct akti_map owners;
    struct akti_map
        scopes; /* by cell; a: the owner, b: open in it, c: outer one */
    struct akti_map
        children; /* by number; a: the owner, b: its scope, c: cell */
    struct akti_map
        owned; /* other things, by cell; a: the owner, b: its scope */
    uint64_t channel_count;
    uint64_t doomed_count;
    struct akti_oracle_slot *slots;
    size_t slot_count;
    uint64_t running; /* whose turn it is, 0: nobody's */
    const struct akti_message *handled;
    const struct akti_message *before_job; /* what was handled outside of it */
    const struct akti_message *before_task;
    /* the books */
    uint64_t accepted;
    uint64_t fates[6];
    uint64_t asked;
    uint64_t ended;
    uint64_t asked_by_actors; /* and open */
    uint64_t spawned;
    uint64_t exited;
    uint64_t inspected; /* the step of the last look at all queues */
    size_t fault_count;
    uint32_t fault_places[AKTI_FAULT_PLACES];
};

void akti_oracle_fini(struct akti_oracle *o);

/* Begins to look at a system in which nothing has happened yet. */
void akti_oracle_watch(struct akti_oracle *o, struct akt_system *s);
void akti_oracle_forget(struct akti_oracle *o);

bool akti_oracle_checks(const struct akti_oracle *o, akt_check check);

/* The run has failed by a check; the first failure counts. */
void akti_oracle_fail(struct akti_oracle *o, akt_check check,
                      const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Its name, such as "account". */
const char *akti_check_name(akt_check check);

/* Nothing runs: the books, the counters and the queues must agree. */
void akti_oracle_settle(struct akti_oracle *o);

/* The system has stopped: nothing may be left. */
void akti_oracle_close(struct akti_oracle *o);

/*
 * A circle of requests that only deadlines will end, or actors that wait for room
 * while nothing runs: true, and it has been reported.
 */
bool akti_oracle_finds_cycle(struct akti_oracle *o);

/* The books of channels. */
void akti_oracle_channel_begin(struct akti_oracle *o);
void akti_oracle_channel_note(struct akti_oracle *o,
                              const struct akti_note *note);
void akti_oracle_channel_close(struct akti_oracle *o);
void akti_oracle_channel_fini(struct akti_oracle *o);

/* The books of what tasks and their scopes own. */
void akti_oracle_scope_begin(struct akti_oracle *o);
void akti_oracle_scope_note(struct akti_oracle *o,
                            const struct akti_note *note);
/* An actor's code has run, all of it. */
void akti_oracle_scope_exit(struct akti_oracle *o, const struct akti_actor *a);
void akti_oracle_scope_fini(struct akti_oracle *o);
/* Who owns a future, by its number; 0: no actor. */
uint64_t akti_oracle_owner_of(const struct akti_cell *cell);
/* A future of this actor's is open; in which scope, or 0. */
uint64_t akti_oracle_scope_of(struct akti_oracle *o, uint64_t owner);
/* It has ended. */
void akti_oracle_scope_left(struct akti_oracle *o, uint64_t scope);

/* Whether anybody waits for anything but time. Nothing runs. */
bool akti_oracle_at_rest(struct akti_oracle *o);

/* Who waits for whom, as text. */
void akti_oracle_write_waits(struct akti_oracle *o, char *text, size_t size);

#endif
