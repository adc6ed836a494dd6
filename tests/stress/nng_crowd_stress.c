/* SPDX-License-Identifier: MIT */
/*
 * A crowd at a socket's door. Thousands connect that say nothing, say something
 * else, claim a message of 2^62 bytes, or are peers with one message: what the
 * peers say is heard, once each; memory is bounded by the number of connections;
 * when all have gone, the socket serves the next one. And when no descriptor is
 * left to accept with, those who wait at the door are let in as soon as there is one.
 *
 * The crowd is in processes of its own, so that their descriptors are not counted
 * here. They are forked before anything else.
 */
#include "actors/base/thread.h"
#include "akt/akt.h"
#include "akt/nng.h"
#include "tests/support/stranger.h"
#include "tests/support/stress.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROCESSES 4
/* How much of memory a connection may cost here, and some for the rest. */
#define BYTES_EACH (8u << 10)
#define BYTES_MORE (8u << 20)

/* --- the crowd --- */

enum what {
    CONNECT_ALL_KINDS,
    CONNECT_PEERS,
    GO, /* the oldest of them */
    END
};

struct order {
    enum what what;
    uint32_t count;
    char url[64];
};

enum kind {
    SILENT,
    STRANGE,
    HUGE_CLAIM,
    PEER,
    KINDS
};

#define SAY(fd, text) stranger_say((fd), (text), sizeof(text) - 1)

static bool
come(int fd, enum kind kind)
{
    switch (kind) {
    case STRANGE:
        return SAY(fd, "GET / HTTP/1.0\r\n\r\n");
    case HUGE_CLAIM:
        return SAY(fd, STRANGER_PUSH_HELLO "\x40\0\0\0\0\0\0\0");
    case PEER:
        return SAY(fd, STRANGER_PUSH_HELLO "\0\0\0\0\0\0\0\x04"
                                           "peer");
    default:
        return true;
    }
}

struct crowd {
    int *fds;
    uint32_t count;
    uint32_t gone;
};

static bool
obey(struct crowd *c, const struct order *o)
{
    uint32_t i;

    for (i = 0; i < o->count; i++) {
        if (o->what == GO) {
            (void)close(c->fds[c->gone++]);
            continue;
        }
        c->fds[c->count] = stranger_connect(o->url);
        if (c->fds[c->count] < 0
            || !come(c->fds[c->count],
                     o->what == CONNECT_PEERS ? PEER : i % KINDS)) {
            return false;
        }
        c->count++;
    }
    return true;
}

/* A process of the crowd: does as it is told, and says when it is done. */
static void
be_crowd(int orders)
{
    struct crowd c = {.fds = calloc(1 << 16, sizeof(int))};
    struct order o;

    while (c.fds != NULL && read(orders, &o, sizeof(o)) == sizeof(o)
           && o.what != END) {
        char done = obey(&c, &o) ? 'y' : 'n';

        if (write(orders, &done, 1) != 1) {
            break;
        }
    }
    _exit(0);
}

static int crowds[PROCESSES];

static void
fork_crowds(void)
{
    int i;

    for (i = 0; i < PROCESSES; i++) {
        int ends[2];

        if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) {
            abort();
        }
        switch (fork()) {
        case -1:
            abort();
        case 0:
            (void)close(ends[0]);
            be_crowd(ends[1]);
            break;
        default:
            (void)close(ends[1]);
            crowds[i] = ends[0];
        }
    }
}

static void
tell(int crowd, const struct order *o)
{
    STRESS_CHECK(write(crowds[crowd], o, sizeof(*o)) == sizeof(*o), "an order");
}

static void
await_done(int crowd)
{
    char done = 0;

    STRESS_CHECK(read(crowds[crowd], &done, 1) == 1 && done == 'y',
                 "process %d of the crowd could not connect", crowd);
}

/* --- the door --- */

static struct stress_gate heard;

static int64_t
heard_so_far(void)
{
    int64_t n;

    (void)pthread_mutex_lock(&heard.lock);
    n = heard.sum;
    (void)pthread_mutex_unlock(&heard.lock);
    return n;
}

struct host {
    int64_t wrong;
};

static akt_err
on_bytes(akt_self *self, struct host *h, const struct akt_nng_bytes *m)
{
    (void)self;
    if (m->data.len != 4 || memcmp(m->data.ptr, "peer", 4) != 0) {
        h->wrong++;
    }
    STRESS_CHECK(h->wrong == 0, "what nobody said");
    stress_gate_add(&heard, 1);
    return AKT_OK;
}
AKT_CLASS(host, struct host, AKT_ON(akt_nng_bytes, on_bytes));

struct door {
    akt_system *system;
    akt_self *me;
    akt_nng pull;
    char url[64];
};

static void
await_bound(struct door *d, akt_future f)
{
    akt_answer *answer = NULL;
    akt_error error = AKT_ERROR_NONE;
    const struct akt_nng_bound *bound;

    STRESS_OK(akt_wait(d->me, f, &answer));
    STRESS_CHECK(akt_answer_error(answer, &error) == AKT_OK, "%s", error.text);
    bound = akt_answer_as(answer, akt_nng_bound);
    (void)snprintf(d->url, sizeof(d->url), "%s", bound->url.ptr);
    akt_answer_free(d->me, answer);
}

static void
open_door(struct door *d)
{
    akt_system_opts opts = stress_opts(2, NULL);
    akt_nng_opts pull = {.protocol = AKT_NNG_PULL};
    akt_error error = AKT_ERROR_NONE;
    akt_future f;

    stress_gate_init(&heard);
    STRESS_OK(akt_system_start(&opts, &d->system));
    STRESS_OK(akt_attach(d->system, &d->me));
    STRESS_OK(akt_spawn(d->me, host, &pull.to));
    STRESS_CHECK(akt_nng_open(d->me, &pull, &d->pull, &error) == AKT_OK, "%s",
                 error.text);
    STRESS_OK(akt_ask_within(d->me, AKT_SECONDS(20), d->pull.ref, &f,
                             akt_nng_listen,
                             .url = AKT_TEXT("tcp://127.0.0.1:0")));
    await_bound(d, f);
}

static void
close_door(struct door *d)
{
    akt_detach(d->me);
    stress_stop(d->system, 0, NULL);
    stress_gate_fini(&heard);
}

static void
await_peers(struct door *d, uint64_t n)
{
    akt_nng_counters c;
    uint32_t tries = 0;

    do {
        STRESS_OK(akt_nng_stats(d->me, d->pull, &c));
        akti_thread_pause(tries++);
    } while (c.peers != n);
    STRESS_CHECK(c.peers_refused == 0, "%" PRIu64 " refused", c.peers_refused);
}

/* The most that was resident until now. */
static uint64_t
peak_bytes(void)
{
    struct rusage usage;

    STRESS_CHECK(getrusage(RUSAGE_SELF, &usage) == 0, "getrusage");
    return (uint64_t)usage.ru_maxrss << 10;
}

/* --- many --- */

static void
meet_all_kinds(struct door *d, uint32_t each)
{
    struct order come_all = {.what = CONNECT_ALL_KINDS, .count = each};
    struct order go = {.what = GO, .count = each};
    uint32_t peers = PROCESSES * each / KINDS;
    uint64_t before = peak_bytes();
    int64_t heard_before = heard_so_far();
    uint64_t grown;
    int i;

    stress_phase("%u connections of all kinds", PROCESSES * each);
    memcpy(come_all.url, d->url, sizeof(d->url));
    for (i = 0; i < PROCESSES; i++) {
        tell(i, &come_all);
    }
    for (i = 0; i < PROCESSES; i++) {
        await_done(i);
    }
    stress_gate_wait(&heard, heard_before + peers);
    await_peers(d, peers);
    grown = peak_bytes() - before;
    printf("%u connections: %" PRIu64 " KiB\n", PROCESSES * each, grown >> 10);
    STRESS_CHECK(stress_is_sanitized()
                     || grown < (uint64_t)PROCESSES * each * BYTES_EACH
                                    + BYTES_MORE,
                 "%" PRIu64 " bytes", grown);
    for (i = 0; i < PROCESSES; i++) {
        tell(i, &go);
        await_done(i);
    }
    await_peers(d, 0);
    STRESS_CHECK(heard_so_far() == heard_before + peers,
                 "%" PRId64 " heard, not %u", heard_so_far() - heard_before,
                 peers);
    stress_figure(5, PROCESSES * each, "connections of a crowd");
}

static void
meet_one_more(struct door *d)
{
    struct order one = {.what = CONNECT_PEERS, .count = 1};
    int64_t before = heard_so_far();

    stress_phase("one more");
    memcpy(one.url, d->url, sizeof(d->url));
    tell(0, &one);
    await_done(0);
    stress_gate_wait(&heard, before + 1);
    one.what = GO;
    tell(0, &one);
    await_done(0);
    await_peers(d, 0);
}

/* --- no descriptors --- */

static void
set_limit(rlim_t files)
{
    struct rlimit limit;

    STRESS_CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0, "getrlimit");
    limit.rlim_cur = files;
    STRESS_CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0, "setrlimit");
}

/* The highest descriptor in use, plus one. */
static uint32_t
first_beyond(void)
{
    int highest = fcntl(0, F_DUPFD, 3);
    int i;

    /* All below the one that is given next are in use. */
    for (i = highest; i < highest + 64; i++) {
        if (i != highest && fcntl(i, F_GETFD) >= 0) {
            highest = i;
        }
    }
    (void)close(highest);
    return (uint32_t)highest;
}

#define ROUND 16
#define ROUNDS 4

/* So many can be accepted, and all others wait until those go. */
static void
meet_without_descriptors(struct door *d)
{
    struct order come_in = {.what = CONNECT_PEERS, .count = ROUND * ROUNDS};
    struct order go = {.what = GO, .count = ROUND};
    struct rlimit whole;
    int64_t before = heard_so_far();
    int i;

    stress_phase("no descriptors");
    STRESS_CHECK(getrlimit(RLIMIT_NOFILE, &whole) == 0, "getrlimit");
    set_limit(first_beyond() + ROUND);
    memcpy(come_in.url, d->url, sizeof(d->url));
    tell(0, &come_in);
    await_done(0);
    for (i = 1; i <= ROUNDS; i++) {
        stress_gate_wait(&heard, before + (int64_t)i * ROUND);
        STRESS_CHECK(i == ROUNDS || (fcntl(0, F_DUPFD, 3) < 0),
                     "a descriptor was left");
        tell(0, &go);
        await_done(0);
    }
    await_peers(d, 0);
    set_limit(whole.rlim_max);
}

int
main(void)
{
    struct rlimit limit;
    struct door d;
    struct order end = {.what = END};
    int i;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
    fork_crowds();
    stress_begin("nng_crowd");
    open_door(&d);
    meet_without_descriptors(&d);
    meet_all_kinds(&d, KINDS * stress_scale(15));
    meet_one_more(&d);
    close_door(&d);
    stress_end();
    for (i = 0; i < PROCESSES; i++) {
        tell(i, &end);
        (void)wait(NULL);
    }
    return 0;
}
