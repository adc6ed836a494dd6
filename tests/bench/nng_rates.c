/* SPDX-License-Identifier: MIT */
/*
 * Sockets as actors against the same with nng's own calls: 64-byte messages one
 * way by PUSH and PULL, each by itself, in batches, and in batches that the sender
 * packs and the receiver takes whole, and round trips by REQ and REP, over inproc, ipc and tcp. Both ends are in this process.
 *
 *     bench/nng_rates [messages [round trips]]
 */
#include "akt/akt.h"
#include "akt/nng.h"
#include "nng_figures.h"

#include <nng/nng.h>
#include <nng/protocol/pipeline0/pull.h>
#include <nng/protocol/pipeline0/push.h>
#include <nng/protocol/reqrep0/rep.h>
#include <nng/protocol/reqrep0/req.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SIZE 64
#define ROUNDS 5
/* Of bare sockets and actors; even, so that each begins as often. */
#define PAIRS 30
/* Trips of one before the other has its turn. */
#define BLOCK 100

static const char *const transports[] = {"inproc", "ipc", "tcp"};
static char folder[] = "/tmp/akt_nng_rates.XXXXXX";
static int64_t messages = 100000;
static int64_t trips = 5000;

static int addresses; /* that were given out */

static void
remove_folder(void)
{
    char path[128];
    int n;

    for (n = 1; n <= addresses; n++) {
        (void)snprintf(path, sizeof(path), "%s/%d", folder, n);
        (void)unlink(path);
    }
    (void)rmdir(folder);
}

static const char *
address(const char *transport)
{
    static char url[128];
    int n = ++addresses;

    if (strcmp(transport, "tcp") == 0) {
        (void)snprintf(url, sizeof(url), "tcp://127.0.0.1:0");
    } else if (strcmp(transport, "ipc") == 0) {
        (void)snprintf(url, sizeof(url), "ipc://%s/%d", folder, n);
    } else {
        (void)snprintf(url, sizeof(url), "inproc://rates%d", n);
    }
    return url;
}

/* --- nng's own calls --- */

static void
connect_bare(nng_socket listens, nng_socket dials, const char *transport)
{
    nng_listener l;
    char *url = NULL;

    check(nng_listen(listens, address(transport), &l, 0), "listen");
    check(nng_listener_get_string(l, NNG_OPT_URL, &url), "url");
    check(nng_dial(dials, url, NULL, 0), "dial");
    nng_strfree(url);
}

/*
 * How nng's own calls may send, of which the fastest is what actors are compared
 * with: one call after the other, or by so many aios, whose callbacks send on.
 */
struct way {
    int aios; /* 0: calls that wait */
    int buffer;
};

static const struct way ways[] = {{0, 0}, {0, 128}, {1, 0}, {8, 0}, {8, 128}};

#define AIOS_MAX 8

/* What sends. An aio's callback may be in its last line when all is over. */
struct pusher_bare {
    nng_socket socket;
    _Atomic int64_t left;
    struct push_aio {
        struct pusher_bare *pusher;
        nng_aio *aio;
    } aios[AIOS_MAX];
};

static nng_msg *
new_message(void)
{
    nng_msg *m;

    check(nng_msg_alloc(&m, SIZE), "alloc");
    return m;
}

static void *
push_bare(void *arg)
{
    struct pusher_bare *p = arg;

    while (p->left-- > 0) {
        check(nng_sendmsg(p->socket, new_message(), 0), "send");
    }
    return NULL;
}

static void
on_pushed(void *arg)
{
    struct push_aio *a = arg;

    check(nng_aio_result(a->aio), "send");
    if (a->pusher->left-- > 0) {
        nng_aio_set_msg(a->aio, new_message());
        nng_send_aio(a->pusher->socket, a->aio);
    }
}

static void
push_by_aios(struct pusher_bare *p, int n)
{
    int i;

    for (i = 0; i < n; i++) {
        struct push_aio *a = &p->aios[i];

        a->pusher = p;
        check(nng_aio_alloc(&a->aio, on_pushed, a), "aio");
    }
    for (i = 0; i < n && p->left-- > 0; i++) {
        nng_aio_set_msg(p->aios[i].aio, new_message());
        nng_send_aio(p->socket, p->aios[i].aio);
    }
}

/* Received by callback, which is the fastest way. */
struct counted {
    nng_socket socket;
    nng_aio *aio;
    int64_t left;
    pthread_mutex_t lock;
    pthread_cond_t done;
};

static void
on_counted(void *arg)
{
    struct counted *c = arg;

    if (nng_aio_result(c->aio) != 0) {
        return;
    }
    nng_msg_free(nng_aio_get_msg(c->aio));
    if (c->left > 1) {
        c->left--;
        nng_recv_aio(c->socket, c->aio);
        return;
    }
    (void)pthread_mutex_lock(&c->lock);
    c->left = 0;
    (void)pthread_cond_signal(&c->done);
    (void)pthread_mutex_unlock(&c->lock);
}

static void
wait_counted(struct counted *c)
{
    (void)pthread_mutex_lock(&c->lock);
    while (c->left > 0) {
        (void)pthread_cond_wait(&c->done, &c->lock);
    }
    (void)pthread_mutex_unlock(&c->lock);
}

static double
rate_of_way(const char *transport, const struct way *way)
{
    struct counted *c = calloc(1, sizeof(*c));
    struct pusher_bare *p = calloc(1, sizeof(*p));
    pthread_t sender;
    uint64_t begin;

    check(c == NULL || p == NULL, "memory");
    c->left = messages;
    p->left = messages;
    (void)pthread_mutex_init(&c->lock, NULL);
    (void)pthread_cond_init(&c->done, NULL);
    check(nng_pull0_open(&c->socket), "pull");
    check(nng_push0_open(&p->socket), "push");
    check(nng_socket_set_int(p->socket, NNG_OPT_SENDBUF, way->buffer),
          "buffer");
    connect_bare(c->socket, p->socket, transport);
    check(nng_aio_alloc(&c->aio, on_counted, c), "aio");
    begin = now_ns();
    nng_recv_aio(c->socket, c->aio);
    if (way->aios > 0) {
        push_by_aios(p, way->aios);
        wait_counted(c);
    } else {
        check(pthread_create(&sender, NULL, push_bare, p), "thread");
        wait_counted(c);
        (void)pthread_join(sender, NULL);
    }
    return (double)messages * 1e9 / (double)(now_ns() - begin);
}

#define WAYS (sizeof(ways) / sizeof(ways[0]))
#define TRIES 3

/* By the median of some runs, in turns. */
static const struct way *
fastest_way(const char *transport)
{
    const struct way *fastest = NULL;
    double rates[WAYS][TRIES];
    double best = 0;
    size_t i;
    size_t n;

    for (n = 0; n < TRIES * WAYS; n++) {
        i = n % WAYS;
        rates[i][n / WAYS] = rate_of_way(transport, &ways[i]);
    }
    for (i = 0; i < WAYS; i++) {
        qsort(rates[i], TRIES, sizeof(double), compare_figures);
        if (rates[i][TRIES / 2] > best) {
            best = rates[i][TRIES / 2];
            fastest = &ways[i];
        }
    }
    return fastest;
}

static void *
answer_bare(void *arg)
{
    nng_socket *s = arg;
    nng_msg *m;

    while (nng_recvmsg(*s, &m, 0) == 0 && nng_sendmsg(*s, m, 0) == 0) {
    }
    return NULL;
}

/* Sockets that stay, for trips in several blocks. */
struct asker_bare {
    nng_socket req;
    nng_socket *rep; /* the server's */
};

static void
open_trips_bare(const char *transport, struct asker_bare *a)
{
    pthread_t server;

    a->rep = calloc(1, sizeof(*a->rep));
    check(a->rep == NULL, "memory");
    check(nng_rep0_open(a->rep), "rep");
    check(nng_req0_open(&a->req), "req");
    connect_bare(*a->rep, a->req, transport);
    check(pthread_create(&server, NULL, answer_bare, a->rep), "thread");
    (void)pthread_detach(server);
}

static void
trips_bare(struct asker_bare *a, uint64_t *ns, int64_t n)
{
    int64_t i;

    for (i = 0; i < n; i++) {
        uint64_t begin = now_ns();
        nng_msg *m;

        check(nng_msg_alloc(&m, SIZE), "alloc");
        check(nng_sendmsg(a->req, m, 0), "send");
        check(nng_recvmsg(a->req, &m, 0), "receive");
        nng_msg_free(m);
        ns[i] = now_ns() - begin;
    }
}

/* --- actors --- */

AKT_SIGNAL(go_on);
#define RUN(F) F(i64, n)
AKT_MESSAGE(outcome, RUN);
AKT_REQUEST(run, RUN, outcome);

struct pusher {
    akt_ref to;
    int64_t left;
};

static akt_err
on_go_on(akt_self *self, struct pusher *p, const struct go_on *m)
{
    static const char bytes[SIZE];
    int64_t n;

    (void)m;
    for (n = 0; n < 64 && p->left > 0 && !akt_is_awaiting(self); n++) {
        AKT_TRY(akt_send(self, p->to, akt_nng_bytes, .data = {bytes, SIZE}));
        p->left--;
    }
    return p->left > 0 ? akt_send(self, akt_self_ref(self), go_on) : AKT_OK;
}
AKT_CLASS(pusher, struct pusher, AKT_ON(go_on, on_go_on));

/* The same in batches that it fills itself, one for each turn. */
struct packing {
    akt_ref to;
    int64_t left;
    akt_nng_packer packer;
};

static akt_err
on_pack_on(akt_self *self, struct packing *p, const struct go_on *m)
{
    static const char bytes[SIZE];

    (void)m;
    while (p->left > 0
           && akt_nng_pack(&p->packer, (akt_bytes){bytes, SIZE}) == AKT_OK) {
        p->left--;
    }
    AKT_TRY(akt_nng_packer_send(self, &p->packer, p->to));
    if (p->left > 0) {
        return akt_send(self, akt_self_ref(self), go_on);
    }
    akt_nng_packer_fini(&p->packer);
    return AKT_OK;
}
AKT_CLASS(packing, struct packing, AKT_ON(go_on, on_pack_on));

struct counter {
    akt_promise_of(run) end;
    int64_t left;
};

static akt_err
on_run(akt_self *self, struct counter *c, const struct run *m)
{
    c->left = m->n;
    return akt_keep(self, m, &c->end);
}

static akt_err
on_bytes(akt_self *self, struct counter *c, const struct akt_nng_bytes *m)
{
    (void)m;
    return --c->left == 0 ? akt_promise_reply(self, &c->end, .n = 0) : AKT_OK;
}

static akt_err
on_batch(akt_self *self, struct counter *c, const struct akt_nng_batch *m)
{
    akt_bytes bytes;
    size_t at = 0;

    while (akt_nng_unpack(m, &at, &bytes)) {
        c->left -= bytes.len == SIZE;
    }
    return c->left == 0 ? akt_promise_reply(self, &c->end, .n = 0) : AKT_OK;
}
AKT_CLASS(counter, struct counter, AKT_ON(run, on_run),
          AKT_ON(akt_nng_bytes, on_bytes));
AKT_CLASS(whole_counter, struct counter, AKT_ON(run, on_run),
          AKT_ON(akt_nng_batch, on_batch),
          AKT_MAILBOX(AKT_NNG_WHOLE, AKT_AWAIT));

static akt_err
on_request(akt_self *self, struct counter *c, const struct akt_nng_request *m)
{
    (void)c;
    return akt_reply(self, m, .data = m->data);
}
AKT_CLASS(echo, struct counter, AKT_ON(akt_nng_request, on_request));

/* Asks for one after the other, and notes how long each took. */
struct asker {
    akt_promise_of(run) end;
    akt_ref to;
    uint64_t *ns;
    uint64_t begin;
    int64_t n;
    int64_t done;
};

static akt_err on_reply(akt_self *self, struct asker *a,
                        const akt_answer *answer,
                        const struct akt_nng_bytes *reply);
AKT_THEN(on_reply, struct asker, akt_nng_request);

static akt_err
ask_next(akt_self *self, struct asker *a)
{
    static const char bytes[SIZE];
    akt_future f;

    a->begin = now_ns();
    AKT_TRY(akt_ask(self, a->to, &f, akt_nng_request, .data = {bytes, SIZE}));
    return akt_then(self, f, on_reply, NULL);
}

static akt_err
on_reply(akt_self *self, struct asker *a, const akt_answer *answer,
         const struct akt_nng_bytes *reply)
{
    if (reply == NULL) {
        return answer->error;
    }
    a->ns[a->done++] = now_ns() - a->begin;
    return a->done < a->n ? ask_next(self, a)
                          : akt_promise_reply(self, &a->end, .n = a->n);
}

static akt_err
on_ask_run(akt_self *self, struct asker *a, const struct run *m)
{
    a->n = m->n;
    AKT_TRY(akt_keep(self, m, &a->end));
    return ask_next(self, a);
}
AKT_CLASS(asker, struct asker, AKT_ON(run, on_ask_run));

struct actors {
    akt_system *system;
    akt_self *me;
};

/* How messages travel. */
struct fare {
    size_t batch_bytes;
    bool packed; /* by the sender, and taken whole */
};

static akt_nng
open_socket(struct actors *a, akt_nng_protocol protocol, akt_ref to,
            struct fare fare)
{
    akt_nng_opts opts = {.protocol = protocol,
                         .to = to,
                         .batch_bytes = fare.batch_bytes,
                         .whole = fare.packed};
    akt_nng s = {NULL, 0, AKT_REF_NONE, AKT_REF_NONE};

    check(akt_nng_open(a->me, &opts, &s, NULL), "open");
    return s;
}

static void
await(struct actors *a, akt_future f, char *url)
{
    akt_answer *answer = NULL;

    check(akt_wait(a->me, f, &answer), "wait");
    check(answer->error, "answer");
    if (url != NULL) {
        (void)strcpy(url, akt_answer_as(answer, akt_nng_bound)->url.ptr);
    }
    akt_answer_free(a->me, answer);
}

static void
connect_actors(struct actors *a, akt_nng listens, akt_nng dials,
               const char *transport)
{
    char url[AKT_NNG_URL_MAX + 1];
    akt_future f;

    check(akt_ask(a->me, listens.ref, &f, akt_nng_listen,
                  .url = akt_text_of(address(transport))),
          "listen");
    await(a, f, url);
    check(akt_ask(a->me, dials.ref, &f, akt_nng_dial, .url = akt_text_of(url)),
          "dial");
    await(a, f, NULL);
}

static double
rate_actors(struct actors *a, const char *transport, int64_t n,
            struct fare fare)
{
    akt_ref to = AKT_REF_NONE;
    akt_ref from = AKT_REF_NONE;
    akt_nng pull;
    akt_nng push;
    akt_future f;
    uint64_t begin;

    check(fare.packed ? akt_spawn(a->me, whole_counter, &to)
                      : akt_spawn(a->me, counter, &to),
          "spawn");
    pull = open_socket(a, AKT_NNG_PULL, to, fare);
    push = open_socket(a, AKT_NNG_PUSH, AKT_REF_NONE, fare);
    connect_actors(a, pull, push, transport);
    check(fare.packed
              ? akt_spawn(a->me, packing, &from, .to = push.ref, .left = n,
                          .packer = {.limit = AKT_NNG_BATCH})
              : akt_spawn(a->me, pusher, &from, .to = push.ref, .left = n),
          "spawn");
    check(akt_ask_within(a->me, AKT_SECONDS(100), to, &f, run, .n = n), "ask");
    begin = now_ns();
    check(akt_send(a->me, from, go_on), "send");
    await(a, f, NULL);
    begin = now_ns() - begin;
    akt_nng_close(a->me, push);
    akt_nng_close(a->me, pull);
    return (double)n * 1e9 / (double)begin;
}

struct asker_actors {
    akt_nng rep;
    akt_nng req;
};

static void
open_trips_actors(struct actors *a, const char *transport,
                  struct asker_actors *out)
{
    akt_ref to = AKT_REF_NONE;

    check(akt_spawn(a->me, echo, &to), "spawn");
    out->rep = open_socket(a, AKT_NNG_REP, to, (struct fare){0});
    out->req = open_socket(a, AKT_NNG_REQ, AKT_REF_NONE, (struct fare){0});
    connect_actors(a, out->rep, out->req, transport);
}

static void
trips_actors(struct actors *a, struct asker_actors *s, uint64_t *ns, int64_t n)
{
    akt_ref from = AKT_REF_NONE;
    akt_future f;

    check(akt_spawn(a->me, asker, &from, .to = s->req.ref, .ns = ns), "spawn");
    check(akt_ask_within(a->me, AKT_SECONDS(100), from, &f, run, .n = n),
          "ask");
    await(a, f, NULL);
    check(akt_kill(a->me, from), "kill");
}

/* --- side by side --- */

enum {
    BARE,
    ONE,
    ONE_RATIO,
    BATCHED,
    PACKS,
    BARE_TRIP,
    TRIP,
    FIGURES
};

/*
 * One after the other, in pairs of which each second one begins with the actors: how
 * the kernel spreads the threads depends on what ran before.
 */
static void
measure_singly(struct actors *a, const char *transport, double *out)
{
    const struct way *way = fastest_way(transport);
    const struct fare one = {0};
    double bare[PAIRS];
    double ours[PAIRS];
    double ratios[PAIRS];
    int i;

    for (i = 0; i < PAIRS; i++) {
        if (i % 2 == 0) {
            bare[i] = rate_of_way(transport, way);
        }
        ours[i] = rate_actors(a, transport, messages, one);
        if (i % 2 == 1) {
            bare[i] = rate_of_way(transport, way);
        }
        ratios[i] = ours[i] / bare[i];
    }
    out[BARE] = median(bare, PAIRS);
    out[ONE] = median(ours, PAIRS);
    out[ONE_RATIO] = median(ratios, PAIRS);
}

static void
measure_batches(struct actors *a, const char *transport, double *out)
{
    const struct fare batched = {AKT_NNG_BATCH, false};
    const struct fare packed = {AKT_NNG_BATCH, true};
    double figures[2][ROUNDS];
    int i;

    for (i = 0; i < ROUNDS; i++) {
        figures[0][i] = rate_actors(a, transport, 20 * messages, batched);
        figures[1][i] = rate_actors(a, transport, 100 * messages, packed);
    }
    out[BATCHED] = median(figures[0], ROUNDS);
    out[PACKS] = median(figures[1], ROUNDS);
}

/* All trips of both, in short blocks by turns, of which each second pair begins with
 * the actors; the medians of all trips. */
static void
measure_trips(struct actors *a, const char *transport, double *out)
{
    int64_t n = ROUNDS * trips;
    uint64_t *bare = calloc((size_t)n, sizeof(*bare));
    uint64_t *ours = calloc((size_t)n, sizeof(*ours));
    struct asker_actors actors;
    struct asker_bare calls;
    int64_t at;
    int64_t i;

    check(bare == NULL || ours == NULL, "memory");
    open_trips_bare(transport, &calls);
    open_trips_actors(a, transport, &actors);
    for (at = 0, i = 0; at < n; at += BLOCK, i++) {
        int64_t k = n - at < BLOCK ? n - at : BLOCK;

        if (i % 2 == 0) {
            trips_bare(&calls, bare + at, k);
        }
        trips_actors(a, &actors, ours + at, k);
        if (i % 2 == 1) {
            trips_bare(&calls, bare + at, k);
        }
    }
    out[BARE_TRIP] = median_us(bare, n);
    out[TRIP] = median_us(ours, n);
    akt_nng_close(a->me, actors.req);
    akt_nng_close(a->me, actors.rep);
    free(bare);
    free(ours);
}

static void
print_row(const char *transport, const double *f)
{
    (void)printf("%-8s %10.0f %10.0f %6.2f %12.0f %6.1f %6.1f "
                 "%12.0f %6.1f %6.1f   %8.1f %8.1f %6.2f\n",
                 transport, f[BARE], f[ONE], f[ONE_RATIO], f[BATCHED],
                 f[BATCHED] / f[BARE], f[BATCHED] / f[ONE], f[PACKS],
                 f[PACKS] / f[BARE], f[PACKS] / f[ONE], f[BARE_TRIP], f[TRIP],
                 f[TRIP] / f[BARE_TRIP]);
    (void)fflush(stdout);
}

int
main(int argc, char **argv)
{
    struct actors a = {NULL, NULL};
    size_t i;

    messages = argc > 1 ? atoll(argv[1]) : messages;
    trips = argc > 2 ? atoll(argv[2]) : trips;
    check(mkdtemp(folder) == NULL, "folder");
    check(akt_system_start(NULL, &a.system), "start");
    check(akt_attach(a.system, &a.me), "attach");
    (void)printf("%-8s %10s %10s %6s %12s %6s %6s %12s %6s %6s   %8s %8s %6s\n",
                 "", "nng msg/s", "akt msg/s", "ratio", "in batches", "/nng",
                 "/akt", "packed", "/nng", "/akt", "nng us", "akt us", "ratio");
    for (i = 0; i < sizeof(transports) / sizeof(transports[0]); i++) {
        double figures[FIGURES];

        measure_singly(&a, transports[i], figures);
        measure_batches(&a, transports[i], figures);
        measure_trips(&a, transports[i], figures);
        print_row(transports[i], figures);
    }
    akt_detach(a.me);
    check(akt_system_stop(a.system, 0), "stop");
    akt_system_destroy(a.system);
    remove_folder();
    /* The sockets of nng's own calls stay: closing them may hang. */
    (void)fflush(stdout);
    _exit(0);
}
