/* SPDX-License-Identifier: MIT */
/*
 * A combined future: a cell whose end is made of the ends of others, its parts. It
 * has a block with a slot for each part and a rule that says what their ends mean.
 * All of it is the owner's alone: a part ends like any future, its reply or notice
 * comes to the owner, and there the rule is asked; in a turn of the actor, or in
 * the thread while that waits or polls. Nobody else ever looks at a block. What can
 * end a combined future besides is its own deadline, if it has one.
 *
 * Parts that have ended stay until the combined one is closed, because its answer
 * is made of theirs. Parts that nobody needs any more are forgotten: ended as
 * cancelled if they are open, and closed. The ends of children are not forgotten:
 * they are told to end, and the combined one, which has ended, arrives when they
 * have. Whoever hears of it knows that nothing of it runs any more.
 *
 * Trees of them may be deep; nothing here recurses.
 */
#ifndef AKT_CORE_JOIN_H
#define AKT_CORE_JOIN_H

#include "actors/core/cell.h"
#include "actors/core/future.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct akti_slot {
    struct akti_join *join;
    struct akti_cell *cell; /* the part; NULL: forgotten */
};

struct akti_rule {
    /*
     * A part has ended. True: so has the combined one, by akti_join_end or
     * akti_join_follow.
     */
    bool (*ended)(akt_self *self, struct akti_join *join,
                  struct akti_slot *slot);
    bool keeps_all; /* the answer has those of all parts */
    bool steps;     /* it calls a user's function: in a turn of its own */
};

struct akti_join {
    const struct akti_rule *rule;
    struct akti_cell *cell; /* the combined one */
    const akt_type *type;   /* of its reply; NULL: not known */
    uint32_t count;
    uint32_t open;       /* parts that have not ended */
    uint32_t decided;    /* the slot that decided; `count`: none */
    bool waits;          /* it has ended, and arrives when `open` is 0 */
    akt_answer *answers; /* of all parts; NULL: the rule keeps none */
    size_t size;
    const void *step; /* a rule's own */
    void *arg;        /* of the step */
    struct akti_slot slots[];
};

/*
 * A combined future of `count` parts, which are added next, with a deadline of its
 * own or AKT_NEVER. AKT_ECONTEXT, AKT_ELIMIT, AKT_ENOMEM, AKT_EINVAL.
 */
akt_err akti_join_new(akt_self *self, const struct akti_rule *rule,
                      size_t count, uint64_t due_ns, struct akti_join **out);

/* Takes a future over. AKT_EENDED; AKT_EINVAL when it is its part already. */
akt_err akti_join_add(akt_self *self, struct akti_join *join, uint32_t at,
                      akt_future future);

/* Gives the parts back and frees the rest: nothing has happened. */
void akti_join_undo(akt_self *self, struct akti_join *join);

/* All parts are there. What has ended already has its effect. */
void akti_join_begin(akt_self *self, struct akti_join *join, akt_future *out);

/* --- for rules --- */

/* It ends as this part did. False: it had ended. */
bool akti_join_follow(akt_self *self, struct akti_slot *slot);

/* It ends without a part's reply, perhaps with one of its own, which is moved. */
bool akti_join_end(akt_self *self, struct akti_join *join, akt_outcome outcome,
                   akt_err err, struct akti_message *reply);

/* A part that is not needed any more. */
void akti_join_drop(akt_self *self, struct akti_slot *slot);

/* Takes on a part in place of one that was dropped; it may have arrived. */
akt_err akti_join_replace(akt_self *self, struct akti_slot *slot,
                          akt_future future);

/* The types of parts as one: a type that no continuation has when they differ. */
const akt_type *akti_join_common_type(const struct akti_join *join);
extern const akt_type akti_mixed_type;

/* --- for futures --- */

/*
 * A future with a mark has arrived. Gives back the one that the owner is to hear
 * of now, which may be one that it is part of, or NULL.
 */
struct akti_cell *akti_join_arrive(akt_self *self, struct akti_cell *cell);

/* The combined future was ended by its owner: so are its open parts. */
void akti_join_cancel(akt_self *self, struct akti_cell *cell);

/* It has ended, and does not wait for its parts: in a simulation that stands. */
void akti_join_wait_no_more(akt_self *self, struct akti_cell *cell);

/* Closes any future of the owner's, ended or not, and all that it is made of. */
void akti_join_forget(akt_self *self, struct akti_cell *cell);

/* The same for one of all futures that go at the owner's end. */
void akti_join_abandon(akt_self *self, struct akti_cell *cell);

/* What only combined ones say; gives back the cell whose message has the rest. */
struct akti_cell *akti_join_source(struct akti_cell *cell, akt_answer *out);

const akt_type *akti_join_type(const struct akti_cell *cell);

#endif
