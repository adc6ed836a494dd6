/* SPDX-License-Identifier: MIT */
/* The ends of requests; see cell.h for who decides. */
#ifndef AKT_CORE_FUTURE_H
#define AKT_CORE_FUTURE_H

#include "actors/core/cell.h"
#include "actors/core/self.h"
#include "actors/core/system.h"
#include "akt/timer.h"

/* The answer that a waiter gets, with what it keeps alive. */
struct akti_held {
    akt_answer answer;
    struct akti_message *message;
    struct akti_cell *cell; /* of a combined future */
};

/*
 * Ends a future without a reply: error, deadline, cancellation, or broken. False
 * when it had ended already.
 */
bool akti_future_end(struct akti_context *ctx, void *cell, uint32_t generation,
                     akt_outcome outcome, akt_err err);

/*
 * Ends it by a message, which is moved: a reply, or an error with its text. A
 * late one is counted and freed.
 */
void akti_future_answer(struct akti_context *ctx, void *cell,
                        uint32_t generation, struct akti_message *reply);

/* The request's asker does not wait any more, or its asker's asker. */
bool akti_request_is_over(void *cell, uint32_t generation);
/* The same, and nothing will come of it any more: who waited has taken the end. */
bool akti_request_is_left(void *cell, uint32_t generation);

/* The deadline of a request; AKT_NEVER when it is over. */
uint64_t akti_request_deadline(void *cell, uint32_t generation);

/* A future's deadline has come. On the worker that armed it. */
void akti_future_expire(struct akti_context *ctx, struct akti_cell *cell);

/*
 * Stands for a continuation where the owner's hooks are to hear of the end, and
 * will take it by akti_future_take.
 */
extern const akt_continuation akti_awaited;

/* A notice or reply is in the owner's hands: runs the continuation. */
akt_err akti_future_arrive(akt_self *self, struct akti_message *m);

/* Whether a reply in the owner's hands has a continuation that is to run, and
 * nothing else is to be done with it. */
static inline bool
akti_future_is_awaited(const struct akti_message *reply)
{
    const struct akti_cell *cell = reply->cell;

    return cell->then != NULL && !cell->dropped
           && (cell->marks & AKTI_WORDED) == 0;
}
/* Runs it and releases the cell; the reply stays the caller's. */
akt_err akti_future_continue(akt_self *self, struct akti_message *reply);

/*
 * Takes the end of a cell that has arrived, and closes it. *out_message [move]
 * keeps what the answer points to; NULL when it points to nothing. Of a combined
 * future the part that decided is kept, and not what all said: that is
 * akti_future_hold's.
 */
void akti_future_take(akt_self *self, struct akti_cell *cell, akt_answer *out,
                      struct akti_message **out_message);

/* The same into what akt_answer_free takes, of any future. */
void akti_future_hold(akt_self *self, struct akti_cell *cell,
                      struct akti_held *held);

/* How a cell that has arrived ended, as an error; AKT_OK for a reply. */
akt_err akti_future_error(struct akti_cell *cell);

/* An answer as akt_wait gives it, to be filled in; NULL: out of memory. */
struct akti_held *akti_held_new(akt_self *self);

/* A reply or notice that its owner will not take: frees message and cell. */
void akti_future_discard(struct akti_context *ctx, struct akti_message *m);

/*
 * A future of the caller's for the end of an actor that it is going to make, and
 * owns: cancelling, dropping or abandoning it tells that actor to end (as
 * akt_kill), once it is named. Errors as for akti_future_open.
 */
akt_err akti_child_new(akt_self *self, bool is_actor, struct akti_cell **out);
void akti_child_name(akt_self *self, struct akti_cell *cell, akt_ref child);
/* Its number, slot << 32 | generation; 0: it has no owner, or no name yet. */
uint64_t akti_child_number(struct akti_cell *cell);
/* The actor goes on without an owner. */
void akti_child_forget(akt_self *self, struct akti_cell *cell);
bool akti_child_is(const struct akti_cell *cell);
bool akti_child_is_actor(const struct akti_cell *cell);
/* It is, or it is made of such. */
bool akti_child_is_in(const struct akti_cell *cell);
/*
 * Whether the owner waits for its end before it ends itself, also when nobody
 * wants to hear of it any more: a task does.
 */
bool akti_child_is_kept(struct akti_cell *cell);
/* What the end of a task replies is known when it does. */
bool akti_child_type_is(const akt_type *type);
/* As akt_drain, when it is an actor's. */
void akti_child_drain(struct akti_context *ctx, struct akti_cell *cell);
/* Nothing for other futures. */
void akti_child_cancel(struct akti_context *ctx, struct akti_cell *cell);

/*
 * A cell of the caller's that stands for something of the layers above, which is
 * closed with its owner. NULL: out of memory, or in a job.
 */
struct akti_cell *akti_owned_new(akt_self *self, const struct akti_owned *owned,
                                 void *arg);
/* The caller's cell behind a handle, or NULL when it is none, or closed. */
struct akti_cell *akti_owned_find(akt_self *self, void *cell,
                                  uint32_t generation,
                                  const struct akti_owned *owned);
/* It was not opened after all. */
void akti_owned_undo(akt_self *self, struct akti_cell *cell);
/* Takes it out and closes it. */
void akti_owned_close(akt_self *self, struct akti_cell *cell);

/* Gives up a cell of the caller's, of whatever kind. */
void akti_cell_close(akt_self *self, struct akti_cell *cell);

/* The owner ends: its futures end, its timers and kept promises go. */
void akti_cells_abandon(akt_self *self, struct akti_actor *a, akt_err reason);

/*
 * Makes a future of the caller's with its deadline; *out_deadline_ns is that.
 * AKT_ELIMIT, AKT_ENOMEM, AKT_EINVAL.
 */
akt_err akti_future_new(akt_self *self, const akt_type *request,
                        uint64_t timeout_ns, struct akti_cell **out);
/* Its name for the user. */
static inline akt_future
akti_future_name(struct akti_cell *cell)
{
    akt_future future = {cell, akti_cell_generation(cell)};

    return future;
}
/* It was asked: counts it. */
void akti_future_asked(akt_self *self, struct akti_cell *cell, akt_future *out);
/* It was not asked after all. */
void akti_future_undo(akt_self *self, struct akti_cell *cell);

/*
 * Makes a future of the caller's that is no request, with a deadline or AKT_NEVER:
 * it has no outer request and is not in the account. It is ended as others are.
 * Undone by akti_future_undo. AKT_ECONTEXT, AKT_ELIMIT, AKT_ENOMEM.
 */
akt_err akti_future_open(akt_self *self, const akt_type *type, uint64_t due_ns,
                         struct akti_cell **out);

/*
 * The caller's cell behind a future, unless it is gone or part of another; the
 * second one also when it is part of another.
 */
struct akti_cell *akti_future_find(akt_self *self, akt_future future);
struct akti_cell *akti_future_look_up(akt_self *self, akt_future future);

/* `timeout_ns` from now; 0: the system's default. */
uint64_t akti_future_due(akt_self *self, uint64_t timeout_ns);

/* It has won the cell: tells the owner, by a reply or, if NULL, by a notice. */
void akti_future_deliver(struct akti_context *ctx, struct akti_cell *cell,
                         struct akti_message *reply);

/* Counts its end, which the caller tells the owner or is the owner. */
void akti_future_count(struct akti_context *ctx, struct akti_cell *cell);

/* What an ended future says, as long as its cell is not closed. Owner. */
void akti_future_answer_of(struct akti_cell *cell, akt_answer *out);

/* The type of the reply; NULL: none is known, since there will be none. */
const akt_type *akti_future_reply_type(const struct akti_cell *cell);

/* It has arrived, and shall once more, in a turn of its own. Owner. */
void akti_future_again(akt_self *self, struct akti_cell *cell);

/* The owner is done with a cell that arrived and is not combined. */
void akti_future_close(akt_self *self, struct akti_cell *cell);

/*
 * Asks by a message that akti_send_prepare made; on an error it is undone.
 * Errors as for akt_ask.
 */
akt_err akti_future_ask(akt_self *self, struct akti_actor *target,
                        struct akti_message *m, uint64_t timeout_ns,
                        akt_future *out_future);

/* An error with its text as a reply; NULL when out of memory. */
struct akti_message *akti_error_message(struct akti_context *ctx, akt_err err,
                                        const char *text);

/* The same with all that an error object has. */
struct akti_message *akti_failure_message(struct akti_context *ctx,
                                          const akt_error *e);

/* What it says, into the answer, as long as the message lives; NULL: nothing. */
void akti_error_message_read(struct akti_message *m, akt_answer *answer);

/*
 * Room for words that say what a future of the caller's is for, such as "read /x":
 * an end without words of its own then says "read /x: the deadline passed". To be
 * filled in before anything else is done with it: at most AKTI_WORDS_SIZE bytes,
 * ended by NUL. NULL: out of memory, and the code is all that is said; or it is
 * part of something, or has arrived.
 */
#define AKTI_WORDS_SIZE ((size_t)320)
char *akti_future_words(akt_self *self, akt_future future);

/* An end has come to a cell with words: what it has from now on, a reply that was
 * moved here, or the words, or NULL. What it has not is freed. */
struct akti_message *akti_words_settle(struct akti_context *ctx,
                                       struct akti_cell *cell,
                                       struct akti_message *reply);

/* They will not be needed, if there are any. Owner. */
void akti_words_drop(struct akti_context *ctx, struct akti_cell *cell);

/* What they say of an end without a reply, into the answer; NULL: nothing. */
void akti_words_read(struct akti_message *m, akt_answer *answer);

/* What a wait says that failed while the future was open. Returns `err`. */
akt_err akti_future_refuse(akt_self *self, akt_future future, akt_err err,
                           akt_error *error);

/* Breaks a kept promise whose keeper ends. The cell is in no list any more. */
void akti_kept_break(akt_self *self, struct akti_cell *cell, akt_err reason);

/* Gives up a timer that its owner has ended; it is in no list any more. */
void akti_timer_forget(struct akti_context *ctx, struct akti_cell *cell);

/* A timer of this worker is due; the dispatcher's `fire`. */
void akti_timer_fire(struct akti_timer_entry *t, struct akti_context *ctx);

/*
 * akt_timer_start for one shot with a payload of at most 8 bytes, by an actor that
 * has hooks too. AKT_ENOMEM.
 */
akt_err akti_timer_begin(akt_self *self, uint64_t after_ns,
                         const akti_timer_arg *message, akt_timer *out_timer);
/* The same at an instant, at once when that is past. */
akt_err akti_timer_begin_at(akt_self *self, uint64_t due_ns,
                            const akti_timer_arg *message,
                            akt_timer *out_timer);

/* The whole of akt_timer_start, for an actor that has hooks too. AKT_ENOMEM; what
 * repeats needs no memory from then on. */
akt_err akti_timer_repeat(akt_self *self, uint64_t after_ns, uint64_t every_ns,
                          const akti_timer_arg *message, akt_timer *out_timer);

/*
 * The alarm of something owned (akti_owned_new), in the same cell: a message of this
 * type, without fields, comes to the owner, with the cell as akti_message.cell. The
 * owner is one that stays with its worker. AKT_ENOMEM.
 */
akt_err akti_alarm_start(akt_self *self, struct akti_cell *cell,
                         uint64_t due_ns, const akt_type *signal);
/* In place of akti_cell_release for what may have an alarm. */
void akti_alarm_release(akt_self *self, struct akti_cell *cell);

/* Starts or restarts the idle timer of the running actor's class. */
akt_err akti_idle_start(akt_self *self);

/*
 * A timer's message is in the owner's hands. True: it is to be handled, and
 * akti_timer_done follows. False: it has been cancelled, or was only a notice.
 */
bool akti_timer_arrive(akt_self *self, struct akti_message *m);
/* `m` is NULL when it was given away. */
void akti_timer_done(akt_self *self, struct akti_cell *cell,
                     struct akti_message *m);
/* The owner ends: the message goes, and the timer with it. */
void akti_timer_discard(struct akti_context *ctx, struct akti_message *m);

/* How many futures of the caller are open, and in which list they are. */
static inline uint32_t *
akti_open_futures(akt_self *self)
{
    return self->actor != NULL ? &self->actor->open_requests
                               : &self->port->open_requests;
}

static inline struct akti_cell **
akti_cells_of(akt_self *self)
{
    return self->actor != NULL ? &self->actor->cells : &self->port->cells;
}

/* --- an attached thread's; see port.c --- */

/* A reply or notice for the port's thread. Any thread. */
void akti_port_deliver(struct akti_port *port, struct akti_message *m);

/* Takes what has come, and does what follows from it. */
void akti_port_take(struct akti_port *port);

/* Closes what was dropped and has come. */
void akti_port_sweep(struct akti_port *port);

/* Ends what is past its deadline, and finds the next one. */
void akti_port_expire(struct akti_port *port);

/*
 * Waits until a future of the port has arrived; false when the deadline passed
 * first. In a simulation it runs the system meanwhile, and false without a
 * deadline says that nothing is left to run.
 */
bool akti_port_await(struct akti_port *port, struct akti_cell *cell,
                     uint64_t deadline_ns);

#endif
