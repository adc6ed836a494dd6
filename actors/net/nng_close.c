/* SPDX-License-Identifier: MIT */
/*
 * The end of a socket. In nng before 1.10 closing a connection that has traffic may
 * leave nng's one reaper thread waiting for ever, and with it every later close.
 * A connection without traffic is closed safely. So, in this order: nothing more is
 * received (hush), what was sent leaves (the side OUT waits for that), and here: wait
 * until nothing has moved for a while, peers included; then close, one socket at a time, on
 * a thread that nobody waits for, under a watchdog that names the socket. New
 * peers are let in meanwhile: refused ones would dial at once again, and a
 * connection that comes about during a close is lost with its descriptors.
 *
 * A socket that stops receiving gets quiet because nng stops reading. SUB, BUS,
 * SURVEYOR and REQ read on; they are read, and dropped, until they are quiet. Only
 * the answers to requests that were over before are not seen here.
 */
#include "actors/base/clock.h"
#include "actors/base/mutant.h"
#include "actors/net/nng_back.h"

#include <stdio.h>

/* Nothing has moved for so long. */
#define QUIET_NS AKT_MS(30)
/* Who listens lets the peers go first, which may be closing at this moment too: a
 * connection that both ends close at once is one with traffic. */
#define LISTENER_QUIET_NS AKT_MS(250)
#define LOOK_NS AKT_MS(5)
/* When a close is said to hang. */
#define HANG_NS AKT_SECONDS(5)

/* One that is being closed. */
struct closing {
    struct closing *next;
    const char *name;
    const char *url;
    uint64_t since_ns;
    bool said;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* One at a time, with a pause: what nng does afterwards has no witness. */
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static struct closing *closings; /* guarded by lock */
static bool watched;             /* the same: there is a watchdog */
static _Atomic uint32_t count;   /* of the sockets that are on their way */

uint32_t
akti_nng_closings(void)
{
    /* Relaxed: a hint whether to try again. */
    return atomic_load_explicit(&count, memory_order_relaxed);
}

static void
nap(void)
{
    struct timespec t = {0, (long)LOOK_NS};

    (void)nanosleep(&t, NULL);
}

/* --- the watchdog --- */

/* To standard error: the system whose log it would be may be gone. */
static void
say_hanging(void)
{
    uint64_t now = akti_clock_now();
    struct closing *c;

    for (c = closings; c != NULL; c = c->next) {
        if (!c->said && now - c->since_ns >= HANG_NS) {
            c->said = true;
            (void)fprintf(stderr,
                          "akt: nng has not closed the socket %s (%s) for 5 s; "
                          "its thread and descriptors are lost\n",
                          c->name, c->url[0] != '\0' ? c->url : "no address");
        }
    }
}

static bool
any_unsaid(void)
{
    struct closing *c = closings;

    while (c != NULL && c->said) {
        c = c->next;
    }
    return c != NULL;
}

static void *
watch(void *arg)
{
    bool goes_on = true;

    while (goes_on) {
        nap();
        (void)pthread_mutex_lock(&lock);
        say_hanging();
        goes_on = any_unsaid();
        watched = goes_on;
        (void)pthread_mutex_unlock(&lock);
    }
    return arg;
}

static void
enter(struct closing *c)
{
    pthread_t thread;

    (void)pthread_mutex_lock(&lock);
    c->next = closings;
    closings = c;
    if (!watched && akti_thread_start(&thread, watch, NULL) == AKT_OK) {
        akti_thread_detach(thread);
        watched = true;
    }
    (void)pthread_mutex_unlock(&lock);
}

static void
leave(const struct closing *c)
{
    struct closing **at = &closings;

    (void)pthread_mutex_lock(&lock);
    while (*at != c) {
        at = &(*at)->next;
    }
    *at = c->next;
    (void)pthread_mutex_unlock(&lock);
}

/* --- closing --- */

/* How long nothing must have moved. */
static uint64_t
quiet_of(struct akti_net *net)
{
    /* acquire: pairs: listen_on */
    bool listens =
        atomic_load_explicit(&net->listens, memory_order_acquire) != 0;

    return listens && akti_nng_peer_count(net) > 0 ? LISTENER_QUIET_NS
                                                   : QUIET_NS;
}

/* Grows with all that moves; the coming and going of peers counts as well. */
static uint64_t
movement(struct akti_net *net)
{
    /* Relaxed: numbers that order nothing. */
    return atomic_load_explicit(&net->activity, memory_order_relaxed)
           + atomic_load_explicit(&net->sent, memory_order_relaxed)
           + atomic_load_explicit(&net->sent_bytes, memory_order_relaxed)
           + atomic_load_explicit(&net->received, memory_order_relaxed)
           + atomic_load_explicit(&net->received_bytes, memory_order_relaxed)
           + atomic_load_explicit(&net->lost, memory_order_relaxed);
}

static void
wait_until_quiet(struct akti_net *net)
{
    uint64_t since = akti_clock_now();
    uint64_t seen = 0;

    while (akti_clock_now() - since < quiet_of(net)
           && !AKTI_MUTANT(nng_closed_in_traffic)) {
        uint64_t now = movement(net);

        if (now != seen) {
            seen = now;
            since = akti_clock_now();
        }
        nap();
    }
}

static void
close_watched(struct akti_net *net)
{
    struct closing c = {
        .name = net->name, .url = net->url, .since_ns = akti_clock_now()};

    (void)pthread_mutex_lock(&turn);
    c.since_ns = akti_clock_now();
    enter(&c);
    (void)nng_close(net->socket);
    leave(&c);
    nap();
    (void)pthread_mutex_unlock(&turn);
}

static void
run_close(struct akti_nng_job *job)
{
    struct akti_net *net = job->net;

    wait_until_quiet(net);
    if (AKTI_MUTANT(nng_closing_told_early)) {
        (void)atomic_fetch_sub_explicit(&count, 1, memory_order_relaxed);
    }
    close_watched(net);
    akti_nng_flow_stop(net);
    akti_nng_answer_stop(net);
    akti_nng_ask_stop(net);
    (void)atomic_fetch_sub_explicit(&count, 1, memory_order_relaxed);
    free(job);
    akti_nng_release(net);
}

void
akti_nng_retire(struct akti_net *net)
{
    /* Relaxed, both: numbers that order nothing. */
    if (atomic_exchange_explicit(&net->retired, 1, memory_order_relaxed) == 0) {
        (void)atomic_fetch_add_explicit(&count, 1, memory_order_relaxed);
    }
}

void
akti_nng_close(struct akti_net *net)
{
    struct akti_nng_job *job = net->close_job;

    /* release: nothing is sent any more; pairs: nng_flow.c, on_sent */
    atomic_store_explicit(&net->closing, 1, memory_order_release);
    akti_nng_ask_close(net);
    akti_nng_retire(net);
    job->run = run_close;
    job->net = net;
    if (akti_nng_help(AKTI_NNG_CLOSES, job) != AKT_OK) {
        /* Without a thread it stays open: that harms nobody but the process. */
        (void)fprintf(stderr, "akt: no thread to close the socket %s\n",
                      net->name);
    }
}
