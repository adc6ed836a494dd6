/* SPDX-License-Identifier: MIT */
/*
 * sleep.pml - how workers go to sleep and how they are woken.
 *
 * Two workers, each with a queue that the other may steal from, and one inject
 * queue (behind a mutex: each operation on it is one step) that outside threads
 * fill. A worker that finds nothing raises its `asleep` flag, looks at all queues
 * AGAIN, and only then blocks on its doorbell (an eventfd: a counter). A producer
 * enqueues first and then looks for a raised flag; the CAS 1 -> 0 on that flag
 * elects the one waker, which rings that doorbell. `searching` counts the workers
 * that look for work: while there is one, a producer wakes nobody, and the last
 * one to find some wakes the next worker if more is left. A worker that has found
 * nothing may wait awake: it is counted as a searcher meanwhile, and looks again.
 *
 * There is no back-stop time-out in the model: the protocol has to do without.
 *
 * A handler may run for ever (one does, in some interleavings): then the other
 * worker must still get everything that is queued, wherever it is. This is the
 * stronger reading of "no work is lost": work never waits while a worker sleeps.
 *
 * Spin explores SEQUENTIALLY CONSISTENT interleavings. The two pairs "raise flag,
 * read queue" and "write queue, read flag" are exactly where a weaker order
 * loses a wake-up, so in C all four are seq_cst or read-modify-write; this model
 * cannot tell when they are not.
 *
 * Checked:
 *   P1  when nothing can move any more, every queue is empty and every item was
 *       taken, although a worker may be stuck in a handler;
 *   P2  a doorbell is rung at most once per sleep;
 *   P3  a running worker's flag is down.
 *
 * Configuration (-D): ITEMS0, ITEMS1 items of the two producers; SPAWNS items that
 * handlers add to their own worker's queue; BATCH items that a worker moves from
 * the inject queue at a time.
 * Planted bugs (-D BUG_...): see README.md. Each must make pan report an error.
 */
#ifndef ITEMS0
#define ITEMS0 2
#endif
#ifndef ITEMS1
#define ITEMS1 1
#endif
#ifndef SPAWNS
#define SPAWNS 1
#endif
#ifndef BATCH
#define BATCH 2
#endif

#define WORKERS 2

byte inject = 0;
byte own[WORKERS];
byte searching = 0;
bool asleep[WORKERS];
byte bell[WORKERS]; /* the eventfd's counter */

/* ghosts */
bool elected[WORKERS]; /* somebody has won the right to ring for this sleep */
byte taken = 0;
byte spawned = 0;
bool stuck = false; /* a worker is in a handler that does not return */

/* Called by whoever has made work visible. */
inline wake_one()
{
    atomic {
        if
        :: searching > 0 -> i = WORKERS /* it finds the work, or looks again */
        :: else -> i = 0
        fi
    };
    do
    :: atomic { i < WORKERS && !asleep[i] -> i++ }
    :: atomic {
            i < WORKERS && asleep[i] -> /* the CAS 1 -> 0 */
#ifndef BUG_RING_WITHOUT_ELECTION
            asleep[i] = false;
#endif
            assert(!elected[i]); /* P2 */
            elected[i] = true
        };
        atomic { bell[i]++; i = WORKERS }
    :: atomic { i == WORKERS -> i = 0; break }
    od
}

/* Something outside the runtime sends. */
proctype producer(byte items)
{
    byte i;

    do
    :: items == 0 -> break
    :: else ->
#ifdef BUG_CHECK_BEFORE_ENQUEUE
        wake_one(); /* planted */
#endif
        atomic { inject++; items-- };
#ifndef BUG_CHECK_BEFORE_ENQUEUE
        wake_one()
#endif
    od
}

proctype worker(byte me)
{
    byte i;
    bool found, last, waited;

search: /* entered awake */
    searching++;
look:
    /* Looks once: own queue, inject queue, the other's queue. */
    atomic {
        if
        :: own[me] > 0 -> own[me]--; taken++; goto got_work
        :: else -> skip
        fi
    };
    atomic {
        if
        :: inject > 0 ->
            inject--;
            taken++;
            i = 1;
            do
            :: i < BATCH && inject > 0 -> inject--; own[me]++; i++
            :: else -> break
            od;
            i = 0;
            goto got_work
        :: else -> skip
        fi
    };
    atomic {
        if
        :: own[1 - me] > 0 -> own[1 - me]--; taken++; goto got_work
        :: else -> skip
        fi
    };

    /* Nothing. It may wait awake; one more look stands for all of them. */
    if
    :: atomic { !waited -> waited = true; goto look }
    :: waited = false
    fi;

    /* Flag up first, then out of the searchers, then looks again: a
     * producer that saw a searcher enqueued before the second look, one that
     * saw none sees the flag. */
    atomic { asleep[me] = true; elected[me] = false };
#ifndef BUG_SEARCH_LEFT_LATE
    searching--;
#endif
#ifndef BUG_NO_RECHECK
    found = own[me] > 0;
    found = (found || inject > 0);
    found = (found || own[1 - me] > 0);
#endif
#ifdef BUG_SEARCH_LEFT_LATE
    searching--; /* planted: after the second look */
#endif
    if
    :: found ->
        found = false;
        /* Whether or not a waker was quicker: its ring stays pending and makes
         * the next sleep a short one. */
        atomic {
#ifndef BUG_FLAG_NOT_CLEARED
            asleep[me] = false;
#endif
            elected[me] = false
        };
        goto search
    :: else -> skip
    fi;

end_blocked: /* no work and no ring: a fine place to be for ever */
    atomic { bell[me] > 0 -> bell[me] = 0 };
    /* A ring left over from an earlier sleep comes with the flag still up. */
    atomic {
#ifndef BUG_STALE_RING_KEEPS_FLAG
        asleep[me] = false;
#endif
        elected[me] = false
    };
    goto search;

got_work:
    atomic { searching--; last = (searching == 0) };
#ifndef BUG_NO_HANDOVER
    /* Producers may have relied on this searcher: passes the duty on. Looks at
     * all queues, a step each. */
    if
    :: last ->
        last = false;
        found = own[me] > 0;
        found = (found || inject > 0);
        found = (found || own[1 - me] > 0);
        if
        :: found -> found = false; wake_one()
        :: else -> skip
        fi
    :: else -> skip
    fi;
#else
    last = false;
#endif

    /* Runs the item. */
#ifndef BUG_FLAG_NOT_CLEARED
#ifndef BUG_STALE_RING_KEEPS_FLAG
    assert(!asleep[me]); /* P3; these two bugs must show by their effect */
#endif
#endif
    if
    :: atomic { spawned < SPAWNS -> spawned++; own[me]++ };
        wake_one()
    :: true -> skip
    fi;
    if
    :: atomic { !stuck -> stuck = true; goto end_stuck }
    :: true -> skip
    fi;
    goto search;

end_stuck:
    false
}

init
{
    atomic {
        run worker(0);
        run worker(1);
        run producer(ITEMS0);
        run producer(ITEMS1)
    };
    timeout -> /* nothing can move any more */
    assert(inject == 0 && own[0] == 0 && own[1] == 0);  /* P1 */
    assert(taken == ITEMS0 + ITEMS1 + spawned && searching == 0)
}
