/* SPDX-License-Identifier: MIT */
/*
 * promise.pml - the end of a request: reply, error, deadline, cancel, drop, death
 * of either side, shutdown; and the life of the cell that holds its state.
 *
 * A cell has one atomic word {generation, FREE | OPEN | ENDED}. Whoever moves it
 * from OPEN to ENDED by CAS has won: it alone delivers the notice to the asker
 * (the reply message, or the notice that is embedded in the cell). The asker
 * runs its continuation on the notice and releases the cell. The deadline's
 * entry in a worker's timer heap lies inside the cell too, so a cell is freed by
 * the worker that owns that heap, after it has taken the entry out. A freed cell
 * is reused at once, with the next generation; cells are never unmapped.
 *
 * The model has ONE cell and REQUESTS requests that use it one after another,
 * each with all its contenders, so that every holder of an old promise meets the
 * successor. The generation of a request is its number.
 *
 * Spin explores SEQUENTIALLY CONSISTENT interleavings: a missing acquire or
 * release in the C code is invisible here.
 *
 * Checked in every reachable state (assert) and at the end (init):
 *   P1  every promise ends exactly once;
 *   P2  never two notices; a late reply never enters a mailbox;
 *   P3  the continuation runs exactly once, or never when the asker died;
 *   P4  a cell is touched only by who owns it; a stale holder fails its CAS;
 *   P5  the timer never fires on a freed or reused cell;
 *   P6  at the end the cell is free, and no message is left.
 *
 * Configuration (-D):
 *   TIMER     THERE: armed on another worker than the asker runs on now;
 *             HERE: on the asker's own; NEVER: the request has no deadline
 *   REQUESTS  2
 *   NO_SHUTDOWN, NO_DEATH   leave these contenders out
 * Planted bugs (-D BUG_...): see README.md. Each must make pan report an error.
 */
#define NEVER 0
#define THERE 1
#define HERE 2

#ifndef TIMER
#define TIMER THERE
#endif
#ifndef REQUESTS
#define REQUESTS 2
#endif

/* ---- the cell ---------------------------------------------------------- */

#define FREE 0
#define OPEN 1
#define ENDED 2
#define STATE(g, s) ((g) * 4 + (s))
#define generation_of(state) ((state) / 4)
#define phase_of(state) ((state) & 3)

byte state = STATE(0, FREE);
bool armed = false;   /* the deadline's entry is in the timer heap */
bool cleanup = false; /* the cell is on the timer worker's clean-up list */

/* ---- the askers' mailboxes: only what matters here --------------------- */

#define NOTHING 0
#define NOTICE 1 /* embedded in the cell */
#define REPLY 2  /* a message of its own */

byte box[REQUESTS];
bool closed[REQUESTS];

/* ---- ghosts ------------------------------------------------------------ */

byte armed_for = 0; /* the request whose deadline is in the heap */
byte messages = 0;  /* reply messages that have entered a mailbox */
byte ends[REQUESTS], notices[REQUESTS], continued[REQUESTS];
bool died[REQUESTS];

/* Reads or writes a field of the cell other than the word: allowed to the owner
 * only, and only while the cell is request r's. */
inline touch(r)
{
    assert(generation_of(state) == r && phase_of(state) != FREE) /* P4, P5 */
}

/* The only way to end a promise. */
inline try_end(r, won)
{
#if defined(BUG_NO_CAS)
    /* Planted: looks, then stores. */
    won = (state == STATE(r, OPEN));
    atomic {
        if
        :: won -> state = STATE(r, ENDED); ends[r]++; assert(ends[r] == 1)
        :: else -> skip
        fi
    }
#else
    atomic {
        if
#ifdef BUG_GEN_IGNORED
        /* Planted: compares the phase only. */
        :: phase_of(state) == OPEN ->
            assert(generation_of(state) == r); /* P4 */
#else
        :: state == STATE(r, OPEN) ->
#endif
            state = STATE(r, ENDED);
            won = true;
            ends[r]++;
            assert(ends[r] == 1) /* P1 */
        :: else -> won = false
        fi
    }
#endif
}

inline free_cell(r)
{
    atomic {
        touch(r);
        state = STATE(r + 1, FREE)
    }
}

/* Gives the cell up, on a thread that does not own the timer heap. */
inline release_elsewhere(r)
{
#if TIMER == NEVER || defined(BUG_FREE_BEFORE_TIMER_REMOVED)
    free_cell(r)
#else
    atomic {
        touch(r);
        assert(!cleanup);
        cleanup = true /* a push on the list of the heap's owner */
    }
#endif
}

/* Gives the cell up, on the thread that the asker runs on. */
inline release(r)
{
#if TIMER == HERE
    atomic {
        touch(r);
        armed = false;
        state = STATE(r + 1, FREE)
    }
#else
    release_elsewhere(r)
#endif
}

/* The winner's duty. After a push that succeeds the cell is the asker's. When
 * the asker is dead nobody else is left to release the cell. */
inline deliver(r, what)
{
    atomic { /* the CAS on the asker's mailbox: lands, or finds it closed */
        if
        :: what == NOTICE -> touch(r) /* it is written before that */
        :: else -> skip
        fi;
        if
        :: closed[r] -> refused = true
        :: else ->
            refused = false;
            notices[r]++;
            assert(notices[r] == 1 && box[r] == NOTHING); /* P2 */
            box[r] = what;
            messages = messages + (what == REPLY -> 1 : 0)
        fi;
        won = false
    };
    if
    :: refused ->
        refused = false; /* a refused reply message is freed here */
#ifndef BUG_ASKER_DEATH_LEAKS
        release_elsewhere(r)
#endif
    :: else -> skip
    fi
}

/* ---- the contenders ---------------------------------------------------- */

/* Holds the promise; replies, and by mistake replies again. */
proctype answerer(byte r)
{
    bool won, refused;
    bool again = true;

reply:
    try_end(r, won);
#ifdef BUG_LATE_REPLY_DELIVERED
    won = true; /* planted: the asker may want it all the same */
#endif
    if
    :: won -> deliver(r, REPLY)
    :: else -> skip /* late: counted and freed, enters no mailbox */
    fi;
    if
    :: again -> again = false; goto reply
    :: else -> skip
    fi
}

/* The promise is dropped, or the answerer dies while another thread replies. */
proctype breaker(byte r)
{
    bool won, refused;

    try_end(r, won);
    if
    :: won -> deliver(r, NOTICE)
    :: else -> skip
    fi
}

/* Ends what it finds open in the table, whichever request that is. */
proctype shutdown()
{
    bool won, refused;
    byte r;
    bool open;

    atomic { r = generation_of(state); open = (phase_of(state) == OPEN) };
    if
    :: open ->
        try_end(r, won);
        if
        :: won -> deliver(r, NOTICE)
        :: else -> skip
        fi
    :: else -> skip
    fi
}

/* ---- the worker that owns the timer heap ------------------------------- */

/* The deadline has passed: takes the entry out of the heap, then contends. */
inline fire()
{
    atomic { armed = false; expired = armed_for; touch(expired) }; /* P5 */
    try_end(expired, won);
    if
    :: won -> deliver(expired, NOTICE)
    :: else -> skip
    fi;
    expired = 0
}

inline clean_up()
{
    atomic {
        cleanup = false;
        touch(armed_for);
#ifndef BUG_TIMER_LEFT_ARMED
        armed = false; /* takes the entry out, if it is still there */
#endif
        state = STATE(armed_for + 1, FREE)
    }
}

proctype timer_worker()
{
    byte expired;
    bool won, refused;

end:
    do
    :: armed -> fire()
    :: cleanup -> clean_up()
    od
}

/* ---- the asker --------------------------------------------------------- */

proctype asker()
{
    byte r, what, expired;
    bool won, refused;
    bool cancelled = false;

    /* Takes the cell and arms the deadline, on the worker that it runs on at
     * that moment, before the request is sent. */
    atomic {
        phase_of(state) == FREE ->
        r = generation_of(state);
        state = STATE(r, OPEN);
#if TIMER != NEVER
        assert(!armed); /* P5 */
        armed = true;
#endif
        armed_for = r;
        run answerer(r);
        /* The last request has no successor to harm: a contender less. */
        if
        :: r < REQUESTS - 1 -> run breaker(r)
        :: else -> skip
        fi
    };

    do
    :: atomic { box[r] != NOTHING -> what = box[r]; box[r] = NOTHING } ->
        atomic { touch(r); continued[r]++; assert(continued[r] == 1) }; /* P3 */
        if
        :: what == REPLY -> messages--
        :: else -> skip
        fi;
        release(r);
        goto serve
    :: !cancelled ->
        cancelled = true;
        try_end(r, won);
        if
        :: won -> deliver(r, NOTICE) /* to itself, through the box */
        :: else -> skip
        fi
#ifndef NO_DEATH
    :: true -> died[r] = true; goto die
#endif
#if TIMER == HERE
    :: armed && armed_for == r -> fire()
#endif
    od;

die:
#ifndef BUG_CLOSE_BEFORE_WALK
    /* First ends what it waits for: the list of its requests runs through the
     * cells, and as long as its mailbox is open nobody else releases one. */
    atomic { touch(r) }; /* the link */
    try_end(r, won);
    if
    :: won -> release(r)
    :: else -> skip
    fi;
#endif
    /* Then closes: a notice has landed by now, or its winner finds it closed. */
    atomic { closed[r] = true; what = box[r]; box[r] = NOTHING };
    if
    :: what == REPLY -> messages--; release(r)
    :: what == NOTICE -> release(r)
    :: else ->
#ifdef BUG_CLOSE_BEFORE_WALK
        /* Planted: the other order. */
        atomic { touch(r) };
        try_end(r, won);
        if
        :: won -> release(r)
        :: else -> skip
        fi
#else
        skip
#endif
    fi;

serve: /* the actor is done; its worker still owns the timer heap */
#if TIMER == HERE
end:
    do
    :: armed && armed_for == r -> fire()
    :: cleanup && armed_for == r -> clean_up()
    od
#else
    skip
#endif
}

/* ---- start and end ----------------------------------------------------- */

init
{
    byte i;

    atomic {
#if TIMER == THERE
        run timer_worker();
#endif
#ifndef NO_SHUTDOWN
        run shutdown();
#endif
        for (i : 1 .. REQUESTS) { run asker() };
        i = 0
    };
    timeout -> /* nothing can move any more */
    assert(state == STATE(REQUESTS, FREE) && !armed && !cleanup); /* P6 */
    assert(messages == 0);
    for (i : 0 .. REQUESTS - 1) {
        assert(ends[i] == 1 && box[i] == NOTHING);
        assert(continued[i] == (died[i] -> 0 : 1))
    }
}
