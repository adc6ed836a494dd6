/* SPDX-License-Identifier: MIT */
/*
 * Whether nng still removes connections. One thread of nng does, for the whole
 * process: it tells of the end of a connection, and then waits until nothing of it
 * runs any more. Before nng 1.10 that may be for ever (DESIGN.md, Sockets). From then
 * on no connection is told as gone, freed or dialed again, and nothing outside of nng
 * helps. So it is said. nng's statistics know a connection until it is removed.
 */
#include "actors/base/mutant.h"
#include "actors/net/nng_back.h"

#include <stdio.h>
#include <string.h>

/* A removal may take so many looks. Not by the clock, which goes on while the process
 * is stopped. */
#define LOOK_NS AKT_MS(100)
#define LOOKS 50

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* Guarded by lock: the removals so far, and of which connection the last one is. */
static uint64_t removals;
static int removed;
static bool watched;
static bool said;

static bool
is_connection(nng_stat *s, int pipe)
{
    nng_stat *id = nng_stat_find(s, "id");

    return strcmp(nng_stat_name(s), "pipe") == 0 && id != NULL
           && nng_stat_value(id) == (uint64_t)pipe;
}

static bool
is_there(int pipe)
{
    nng_stat *all = NULL;
    nng_stat *s;

    if (nng_stats_get(&all) != 0) {
        return false;
    }
    s = nng_stat_child(all);
    while (s != NULL && !is_connection(s, pipe)) {
        s = nng_stat_next(s);
    }
    nng_stats_free(all);
    return s != NULL;
}

/* The removals when there was none for a while, and the last of them. */
static uint64_t
wait_for_a_pause(int *out_pipe)
{
    struct timespec t = {0, (long)LOOK_NS};
    uint64_t seen = 0;
    int looks = 0;

    while (looks < LOOKS) {
        (void)nanosleep(&t, NULL);
        (void)pthread_mutex_lock(&lock);
        looks = removals == seen ? looks + 1 : 0;
        seen = removals;
        *out_pipe = removed;
        (void)pthread_mutex_unlock(&lock);
    }
    return seen;
}

/* False: there was another one meanwhile. */
static bool
leave(uint64_t seen, bool hangs)
{
    bool over;

    (void)pthread_mutex_lock(&lock);
    over = removals == seen;
    watched = !over;
    if (over && hangs) {
        said = true;
        (void)fprintf(stderr, "akt: nng has not removed a connection for 5 s: "
                              "of this process it will remove none any more, "
                              "and dial none again (a mistake of nng before "
                              "1.10); restart the process\n");
    }
    (void)pthread_mutex_unlock(&lock);
    return over;
}

/* The thread that removes may come to its end while it is looked at. */
static void *
watch(void *arg)
{
    uint64_t seen;
    int pipe;

    do {
        seen = wait_for_a_pause(&pipe);
    } while (!leave(seen, is_there(pipe)));
    return arg;
}

void
akti_nng_removing(int pipe)
{
    pthread_t thread;

    (void)pthread_mutex_lock(&lock);
    removals++;
    removed = pipe;
    if (!watched && !said && !AKTI_MUTANT(nng_removals_unwatched)
        && akti_thread_start(&thread, watch, NULL) == AKT_OK) {
        akti_thread_detach(thread);
        watched = true;
    }
    (void)pthread_mutex_unlock(&lock);
}
