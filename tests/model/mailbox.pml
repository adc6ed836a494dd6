/* SPDX-License-Identifier: MIT */
/*
 * mailbox.pml - the hand-off of an actor's mailbox: push, schedule, run, return
 * credits, go idle, wait for room, stop, reuse of the slot.
 *
 * One 64-bit word per actor is the only shared synchronisation of the hot path.
 * Every operation loads the word, decides on its own copy, and takes effect in
 * one CAS, which fails when the word has changed. The model keeps exactly these
 * steps: a load and the decisions that follow from it are one step (they read
 * nothing else that is shared), the CAS is another, and everything that C does
 * outside the word (generation, control flag, waiter list and its lock, run
 * queue) is a step of its own.
 *
 * Spin explores SEQUENTIALLY CONSISTENT interleavings. A missing acquire or
 * release in the C code is invisible here; that is for the thread sanitizer and
 * for a checker that knows the C11 memory model.
 *
 * Checked in every reachable state (assert) and at the end (process monitor):
 *   P1  the actor is never queued twice and never run by two workers;
 *   P2  users never exceeds the capacity and never falls below zero;
 *   P3  an accepted message has exactly one fate, delivered or dead;
 *   P4  one sender's messages are delivered in the order of sending;
 *   P5  a message for a dead actor never reaches its successor, nor does a stop;
 *   P6  when nothing can move any more: every sender is through, the mailbox is
 *       empty and idle, no waiter is left, no control request is forgotten.
 *
 * Configuration (-D):
 *   CAP, LOW      bound, and the level at which waiters are woken
 *   BUDGET        messages a run may handle
 *   N0, N1, N2    messages of the three senders
 *   K0, K1, K2    their kind: WAITS (suspends when full), TRIES (gives up when
 *                 full), SYSTEM (reply or timer expiry: no bound)
 *   STOPS         processes that ask the actor to stop (0, 1 or 2)
 * Planted bugs (-D BUG_...): see README.md. Each must make pan report an error.
 */
#define WAITS 0
#define TRIES 1
#define SYSTEM 2

#ifndef CAP
#define CAP 1
#endif
#ifndef LOW
#define LOW (CAP / 2)
#endif
#ifndef BUDGET
#define BUDGET 1
#endif
#ifndef N0
#define N0 1
#endif
#ifndef N1
#define N1 1
#endif
#ifndef N2
#define N2 1
#endif
#ifndef K0
#define K0 WAITS
#endif
#ifndef K1
#define K1 WAITS
#endif
#ifndef K2
#define K2 TRIES
#endif
#ifndef STOPS
#define STOPS 0
#endif

#define SENDERS 3
#define WORKERS 2
#define M (N0 + N1 + N2) /* messages are numbered from 1; 0 is null */

/* ---- the word ---------------------------------------------------------- */

#define TOP_MASK 15 /* newest message of the inbox, or 0 */
#define USER1 16    /* one user message: admitted, not yet credited back */
#define USERS_MASK 112
#define RUN 128    /* the token is out: scheduled or running */
#define WAIT 256   /* a sender waits for room */
#define CLOSED 512 /* stopped: nothing is accepted any more */
#define CTRL 1024  /* a control request is pending */

#define top_of(w) ((w) & TOP_MASK)
#define users_of(w) (((w) & USERS_MASK) / USER1)

short word = 0;

/* ---- what the word protects, and its neighbours ------------------------ */

byte next[M + 1];        /* link of a message, in the inbox and in the FIFO */
byte fifo_head, fifo_tail; /* the consumer's private FIFO */

byte generation = 0; /* of the slot; read by senders before they push */
byte published = 0;  /* the generation that a fresh reference carries */
/* The control flag lives in one word WITH the generation it is meant for (the
 * variable `generation` above), so that setting it is a CAS on both. */
bool stop_flag = false;

bool queued = false; /* the slot is in the run queue */

bool waiter_lock = false;
byte waiters = 0;      /* bit s: sender s is on the waiter list */
bool resumed[SENDERS]; /* sender s has been resumed; survives being early */

/* ---- ghosts: only asserts look at them --------------------------------- */

bool ended[M + 1];     /* has its fate: delivered, dead, or given back as full */
byte target_of[M + 1]; /* generation that the message was sent to */
bool running = false;  /* a worker runs the actor */
byte stop_target = 0;  /* generation that the stop was meant for */
byte senders_done = 0;
byte stops_done = 0;

#define sender_of(m) ((m) <= N0 -> 0 : ((m) <= N0 + N1 -> 1 : 2))
#define kind_of_sender(s) ((s) == 0 -> K0 : ((s) == 1 -> K1 : K2))
#define is_first(m) ((m) == 1 || sender_of(m) != sender_of(m - 1))
#define is_user(m) (kind_of_sender(sender_of(m)) != SYSTEM)

/* The one place where a message ends. Which fate it has does not matter for P3,
 * and leaving it out keeps histories that differ only in it together. */
inline end_message(m)
{
    assert(!ended[m]); /* P3 */
    ended[m] = true;
    target_of[m] = 0
}

/* Puts the slot in the run queue. Whoever turns RUN from 0 to 1 owes this call,
 * and so does a worker whose finish leaves RUN set. */
inline enqueue()
{
    atomic {
        assert(!queued && !running); /* P1 */
        queued = true
    }
}

/* ---- senders ----------------------------------------------------------- */

proctype sender(byte s; byte first; byte count; byte kind)
{
    byte m = first; /* the message being sent */
    byte target;    /* the generation in the sender's reference */
    short w;        /* the loaded word */

next_message:
    if
    :: m == first + count -> goto done
    :: else -> skip
    fi;
    /* Looks the actor up anew for every message. The lookup may be old news by
     * the time of the push: that is how a stale reference comes about. */
    atomic { target = published; target_of[m] = target };

check_generation:
    if
    :: generation != target -> goto dead
    :: else -> skip
    fi;

push:
#ifdef BUG_FETCH_ADD
    /* Planted: adds first and gives back when full; the count itself is the
     * token (0 -> 1 schedules). A refused sender's +1 is visible for a while. */
    atomic { w = word; word = word + USER1 };
    if
    :: users_of(w) >= CAP ->
        atomic { word = word - USER1 };
        goto no_room
    :: else -> skip
    fi;
    atomic { next[m] = top_of(word); word = (word & ~TOP_MASK) | m };
    if
    :: users_of(w) == 0 -> enqueue()
    :: else -> skip
    fi;
    goto accepted;
#else
    atomic {
        w = word;
        if
        :: w & CLOSED -> w = 0; goto dead
        :: !(w & CLOSED) && kind != SYSTEM && users_of(w) >= CAP ->
            w = 0;
            goto no_room
        :: else -> skip
        fi
    };
    atomic {
        if
        :: word == w ->
            atomic {
                next[m] = top_of(w);
                word = (w & ~TOP_MASK) | m | RUN;
                if
                :: kind != SYSTEM ->
                    word = word + USER1;
                    assert(users_of(word) <= CAP) /* P2 */
                :: else -> skip
                fi
            }
        :: else -> w = 0; goto push
        fi
    };
    if
    :: !(w & RUN) -> w = 0; enqueue()
    :: else -> w = 0
    fi;
    goto accepted;
#endif

no_room:
    if
    :: kind == TRIES ->
        atomic { end_message(m); m++; target = 0 };
        goto next_message
    :: else -> skip
    fi;
    atomic { !waiter_lock -> waiter_lock = true };
#ifdef BUG_WAIT_UNLOCKED
    /* Planted: it was full a moment ago, so it still is. */
    atomic { word = word | WAIT };
#else
register:
    atomic {
        w = word;
        if
        :: (w & CLOSED) || users_of(w) < CAP ->
            w = 0;
            waiter_lock = false; /* room, or dead: the push will tell */
            goto check_generation
        :: else -> skip
        fi
    };
    atomic {
        if
        :: word == w -> word = w | WAIT; w = 0
        :: else -> w = 0; goto register
        fi
    };
#endif
    /* Whoever clears WAIT needs the lock to see the list, so it is no matter
     * that the bit is there before the entry. */
    atomic { waiters = waiters | (1 << s); waiter_lock = false };
    /* Suspended. The resume may have come already, so it is remembered. */
    atomic { resumed[s] -> resumed[s] = false };
    goto check_generation;

dead:
    atomic { end_message(m); m++; target = 0 };
    goto next_message;

accepted:
    atomic { m++; target = 0 };
    goto next_message;

done:
    senders_done++
}

/* ---- stop -------------------------------------------------------------- */

proctype stopper()
{
    byte target = published;
    short w;

    /* Flag first, bit second: a worker that takes the bit sees the flag. The
     * flag is set by a CAS on {generation, flag}, or a stale stop would kill
     * the successor. */
#ifdef BUG_STOP_GEN_IGNORED
    if
    :: generation != target -> goto done
    :: else -> skip
    fi;
    atomic { stop_flag = true; stop_target = target };
#else
    atomic {
        if
        :: generation != target -> goto done
        :: else -> stop_flag = true; stop_target = target
        fi
    };
#endif

again:
    atomic {
        w = word;
        if
        :: w & CLOSED -> w = 0; goto done
        :: else -> skip
        fi
    };
#ifdef BUG_CTRL_LOST
    /* Planted: "it runs anyway, so it will look at the flag". */
    if
    :: w & RUN -> goto done
    :: else -> skip
    fi;
#endif
    atomic {
        if
        :: word == w -> word = w | CTRL | RUN
        :: else -> w = 0; goto again
        fi
    };
    if
    :: !(w & RUN) -> w = 0; enqueue()
    :: else -> w = 0
    fi;

done:
    stops_done++
}

/* ---- workers ----------------------------------------------------------- */

inline resume(s)
{
    if
    :: popped & (1 << s) ->
        assert(!resumed[s]); /* once per suspension */
        resumed[s] = true
    :: else -> skip
    fi
}

/* Takes all waiters off the list under the lock; resumes them without it. */
inline wake_waiters()
{
    /* One step: nobody can tell a slow resume from a slow sender. */
    atomic {
        !waiter_lock ->
        popped = waiters;
#ifdef BUG_LOW_WATER_ONCE
        /* Planted: room for one, so wake one; nobody sets WAIT for the others. */
        if
        :: popped & 1 -> popped = 1
        :: !(popped & 1) && (popped & 2) -> popped = 2
        :: else -> skip
        fi;
#endif
        waiters = waiters & ~popped;
        resume(0);
        resume(1);
        resume(2);
        popped = 0
    }
}

/* Appends the taken LIFO list `m`, down to `seen`, to the private FIFO, oldest first. */
inline append_reversed()
{
    atomic {
        tmp = 0; /* the list, turned round */
        newest = m;
        do
        :: m != seen -> link = next[m]; next[m] = tmp; tmp = m; m = link
        :: else -> break
        od;
        seen = 0;
#ifdef BUG_NO_REVERSE
        /* Planted: turns it round again. */
        m = tmp; newest = tmp; tmp = 0;
        do
        :: m != 0 -> link = next[m]; next[m] = tmp; tmp = m; m = link
        :: else -> break
        od;
#endif
        if
        :: tmp == 0 -> skip
        :: else ->
            if
            :: fifo_head == 0 -> fifo_head = tmp
            :: else -> next[fifo_tail] = tmp
            fi;
            fifo_tail = newest
        fi;
        m = 0; tmp = 0; newest = 0; link = 0
    }
}

/* The message `m` is handled. */
inline handle()
{
    atomic {
        ran++;
        handled = handled + (is_user(m) -> 1 : 0);
        if
#ifndef BUG_GEN_IGNORED
        :: target_of[m] != generation -> end_message(m)
#endif
        :: else ->
            assert(target_of[m] == generation); /* P5 */
            assert(is_first(m) || ended[m - 1]); /* P4 */
            end_message(m)
        fi
    }
}

inline pop_fifo()
{
    m = fifo_head;
    fifo_head = next[m];
    next[m] = 0;
    if
    :: fifo_head == 0 -> fifo_tail = 0
    :: else -> skip
    fi
}

proctype worker()
{
    short w;
    byte m, tmp, newest, link;
    byte seen; /* a message that lies in the mailbox while it is handled */
    byte handled, ran, popped;
    bool stays, wake;

end: /* a worker without work is not stuck */
    atomic {
        queued ->
        queued = false;
        assert(!running); /* P1 */
        running = true
    };

    handled = 0;
    ran = 0;
    /* A message that is the only one may stay in the mailbox for its turn. */
    atomic {
        if
        :: (top_of(word) != 0 && next[top_of(word)] == 0 && fifo_head == 0
            && !stop_flag) ->
            seen = top_of(word)
        :: true -> skip
        fi
    };
    if
    :: seen != 0 ->
        atomic { m = seen; handle(); m = 0 };
        if
        :: stop_flag -> goto unbox
        :: else -> goto finish
        fi
    :: else -> skip
    fi;

take:
    w = word;
    atomic {
        if
        :: word == w ->
            word = w & ~(TOP_MASK | CTRL);
            m = top_of(w);
            w = 0
        :: else -> w = 0; goto take
        fi;
        append_reversed() /* private: nobody else sees it */
    };

    do
    :: stop_flag -> goto close /* looked at before every message */
    :: else ->
        atomic {
            if
            :: fifo_head == 0 || ran == BUDGET -> break
            :: else -> skip
            fi;
            atomic { pop_fifo(); handle(); m = 0 }
        }
    od;

finish:
    w = word;
    atomic {
        if
#ifdef BUG_IDLE_NO_RECHECK
        :: true -> /* planted: a store, not a CAS */
#else
        :: word == w ->
#endif
            atomic {
                assert(users_of(w) >= handled); /* P2 */
#ifdef BUG_FETCH_ADD
                stays = users_of(w) != handled;
#else
                stays = (top_of(w) != seen || (w & CTRL));
#endif
#if !defined(BUG_FIFO_FORGOTTEN) && !defined(BUG_FETCH_ADD)
                stays = (stays || fifo_head != 0);
#endif
                word = w - handled * USER1;
                if
                :: seen != 0 ->
                    word = word & ~TOP_MASK;
#ifdef BUG_SEEN_ALONE
                    /* Planted: what came in meanwhile goes with it. */
                    seen = 0
#else
                    m = top_of(w);
                    append_reversed()
#endif
                :: else -> skip
                fi;
                wake = (w & WAIT) && users_of(word) <= LOW;
                word = word & ~(wake -> WAIT : 0);
                word = word & ~(stays -> 0 : RUN);
                running = false;
                handled = 0; ran = 0; w = 0
            }
        :: else -> w = 0; goto finish
        fi
    };
    /* From here on the actor may run elsewhere, stop, and its slot may be
     * reused: only the waiter list, which outlives the actor, is touched. */
    if
    :: stays -> stays = false; enqueue()
    :: else -> skip
    fi;
    if
    :: wake -> wake = false; wake_waiters()
    :: else -> skip
    fi;
    goto end;

unbox: /* the message is handled, and has to be out of the list */
    w = word;
    atomic {
        if
        :: word == w -> word = w & ~TOP_MASK; m = top_of(w); w = 0
        :: else -> w = 0; goto unbox
        fi;
#ifdef BUG_SEEN_TAKEN_TWICE
        /* Planted: takes it for a message that came in. */
        seen = 0;
#endif
        append_reversed()
    };
close:
    assert(stop_target == generation); /* P5 */
close_again:
    w = word;
    atomic {
        if
        :: word == w ->
            word = CLOSED | RUN; /* RUN: nobody may schedule the dying actor */
            m = top_of(w);
            append_reversed();
            atomic {
                do
                :: fifo_head != 0 -> pop_fifo(); end_message(m)
                :: else -> break
                od;
                m = 0; handled = 0; ran = 0; w = 0
            }
        :: else -> w = 0; goto close_again
        fi
    };
#ifndef BUG_CLOSE_FORGETS_WAITERS
    wake_waiters(); /* they will see CLOSED, or the new generation */
#endif
    /* One word in C, hence one store. */
    atomic { generation++; stop_flag = false; stop_target = 0 };
    /* The successor moves in. A push that was decided on an equal word of the
     * predecessor may still succeed: the message tells by its generation. */
    atomic { running = false; word = 0 };
    published = generation;
    goto end
}

/* ---- start and end ----------------------------------------------------- */

init
{
    byte i;

    atomic {
        run worker();
        run worker();
        run sender(0, 1, N0, K0);
        run sender(1, 1 + N0, N1, K1);
        run sender(2, 1 + N0 + N1, N2, K2);
#if STOPS > 0
        run stopper();
#endif
#if STOPS > 1
        run stopper();
#endif
        skip
    };
    /* `timeout`: no other process can move, now or later. */
    timeout ->
    assert(senders_done == SENDERS); /* or a sender sleeps for ever */
    assert(stops_done == STOPS);
    assert(top_of(word) == 0 && fifo_head == 0 && users_of(word) == 0);
    assert(!(word & (RUN | CLOSED | CTRL)) && !queued && !running);
    assert(waiters == 0 && !waiter_lock && !stop_flag);
    for (i : 1 .. M) { assert(ended[i]) } /* P3 */
}
