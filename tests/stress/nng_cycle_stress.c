/* SPDX-License-Identifier: MIT */
/*
 * Sockets that are opened, used and closed while messages are on their way, in
 * either order: no close hangs, and no descriptor and no memory stays.
 */
#include "actors/base/thread.h"
#include "actors/net/transport.h"
#include "akt/akt.h"
#include "akt/nng.h"
#include "tests/support/folder.h"
#include "tests/support/stress.h"

#include <stdio.h>
#include <string.h>

#define PATIENCE AKT_SECONDS(20)
/* Who opens waits when more than 512 are being closed; some more were on their way
 * to that. */
#define CLOSINGS_MOST 1024

/* A peer of each protocol, for what the first one sends. */
static const akt_nng_protocol pairs[][2] = {
    {AKT_NNG_PUSH, AKT_NNG_PULL},  {AKT_NNG_PAIR, AKT_NNG_PAIR},
    {AKT_NNG_BUS, AKT_NNG_BUS},    {AKT_NNG_PUB, AKT_NNG_SUB},
    {AKT_NNG_REQ, AKT_NNG_REP},    {AKT_NNG_SURVEYOR, AKT_NNG_RESPONDENT},
    {AKT_NNG_PAIR0, AKT_NNG_PAIR0}};
#define PAIRS (sizeof(pairs) / sizeof(pairs[0]))

struct sink {
    int64_t n;
};

static akt_err
on_bytes(akt_self *self, struct sink *s, const struct akt_nng_bytes *m)
{
    (void)self;
    (void)m;
    s->n++;
    return AKT_OK;
}

static akt_err
on_batch(akt_self *self, struct sink *s, const struct akt_nng_batch *m)
{
    (void)self;
    s->n += m->count;
    return AKT_OK;
}

static akt_err
on_request(akt_self *self, struct sink *s, const struct akt_nng_request *m)
{
    s->n++;
    return s->n % 8 != 0 ? akt_reply(self, m, .data = m->data) : AKT_OK;
}
AKT_CLASS(sink, struct sink, AKT_ON(akt_nng_bytes, on_bytes),
          AKT_ON(akt_nng_batch, on_batch), AKT_ON(akt_nng_request, on_request),
          AKT_MAILBOX(64, AKT_AWAIT));

struct run {
    akt_system *system;
    akt_self *me;
    akt_ref sink;
    struct folder folder;
    struct stress_random random;
    unsigned cycle;
    char url[AKT_NNG_URL_MAX + 1];
};

static void
choose_url(struct run *r)
{
    switch (stress_below(&r->random, 4)) {
    case 0:
        (void)snprintf(r->url, sizeof(r->url), "inproc://cycle%u", r->cycle);
        break;
    case 1:
        (void)snprintf(r->url, sizeof(r->url), "ipc://%.80s/c%u",
                       r->folder.path, r->cycle);
        break;
    default:
        (void)snprintf(r->url, sizeof(r->url), "tcp://127.0.0.1:0");
        break;
    }
}

static void
await_bound(struct run *r, akt_future f)
{
    akt_answer *answer = NULL;
    akt_error error = AKT_ERROR_NONE;
    const struct akt_nng_bound *bound;

    STRESS_OK(akt_wait(r->me, f, &answer));
    STRESS_CHECK(akt_answer_error(answer, &error) == AKT_OK, "%s", error.text);
    bound = akt_answer_as(answer, akt_nng_bound);
    (void)snprintf(r->url, sizeof(r->url), "%s", bound->url.ptr);
    akt_answer_free(r->me, answer);
}

/* Half of the pairs that may have batches, small and large ones. */
static size_t
choose_batch(struct run *r, akt_nng_protocol p)
{
    static const size_t sizes[] = {0, 0, 300, AKT_NNG_BATCH};
    size_t chosen = sizes[stress_below(&r->random, 4)];

    return p != AKT_NNG_REQ && p != AKT_NNG_SURVEYOR ? chosen : 0;
}

static akt_nng
open_one(struct run *r, akt_nng_protocol p, size_t batch_bytes)
{
    akt_nng_opts opts = {.protocol = p,
                         .to = r->sink,
                         .batch_bytes = batch_bytes,
                         .whole = batch_bytes > 0
                                  && stress_below(&r->random, 2) != 0};
    akt_error error = AKT_ERROR_NONE;
    akt_nng s;

    STRESS_CHECK(akt_nng_open(r->me, &opts, &s, &error) == AKT_OK, "%s",
                 error.text);
    return s;
}

/* So many messages in batches of several, as far as there is room. */
static void
pack(struct run *r, akt_nng s, akt_bytes data, uint32_t n)
{
    akt_nng_packer packer = {.limit = 1000};

    while (n-- > 0) {
        if (akt_nng_pack(&packer, data) == AKT_EFULL) {
            akt_ignore(akt_nng_packer_send(r->me, &packer, s.ref));
        }
    }
    akt_ignore(akt_nng_packer_send(r->me, &packer, s.ref));
    akt_nng_packer_fini(&packer);
}

static void
use(struct run *r, akt_nng s, akt_nng_protocol p, bool packs)
{
    static const char bytes[64] = "some bytes";
    akt_bytes data = {bytes, sizeof(bytes)};
    uint32_t n = stress_below(&r->random, 200);
    akt_future f;

    while (n-- > 0) {
        if (p == AKT_NNG_REQ) {
            if (akt_ask_within(r->me, AKT_MS(200), s.ref, &f, akt_nng_request,
                               .data = data)
                == AKT_OK) {
                akt_future_drop(r->me, f);
            }
        } else if (p == AKT_NNG_SURVEYOR) {
            if (akt_ask_within(r->me, AKT_MS(200), s.ref, &f, akt_nng_survey,
                               .data = data, .wait_ns = AKT_MS(20))
                == AKT_OK) {
                akt_future_drop(r->me, f);
            }
        } else if (packs && n % 3 == 0) {
            pack(r, s, data, 40);
        } else {
            akt_ignore(akt_try_send(r->me, s.ref, akt_nng_bytes, .data = data));
        }
    }
}

static void
cycle(struct run *r)
{
    const akt_nng_protocol *p = pairs[stress_below(&r->random, PAIRS)];
    bool listens_first = stress_below(&r->random, 2) != 0;
    size_t batch_bytes = choose_batch(r, p[0]);
    akt_nng a = open_one(r, p[0], batch_bytes);
    akt_nng b = open_one(r, p[1], batch_bytes);
    akt_nng *listener = listens_first ? &a : &b;
    akt_nng *dialer = listens_first ? &b : &a;
    akt_future f;

    choose_url(r);
    STRESS_OK(akt_ask_within(r->me, PATIENCE, listener->ref, &f, akt_nng_listen,
                             .url = akt_text_of(r->url)));
    await_bound(r, f);
    STRESS_OK(akt_ask_within(r->me, PATIENCE, dialer->ref, &f, akt_nng_dial,
                             .url = akt_text_of(r->url)));
    await_bound(r, f);
    use(r, a, p[0], batch_bytes > 0 && stress_below(&r->random, 2) != 0);
    if (stress_below(&r->random, 2) != 0) {
        akt_nng_close(r->me, a);
        akt_nng_close(r->me, b);
    } else {
        akt_nng_close(r->me, b);
        akt_nng_close(r->me, a);
    }
}

/* Until nng has ended what was closed. */
static void
wait_closed(void)
{
    uint32_t tries = 0;

    while (akti_nng_transport.closings() > 0) {
        akti_thread_pause(tries++);
    }
}

static void
cycles(uint32_t n, uint64_t seed)
{
    akt_system_opts opts = stress_opts(2, NULL);
    struct run r = {.random = {seed}};
    akt_counters c;
    uint32_t most = 0;
    uint32_t now;

    STRESS_OK(akt_system_start(&opts, &r.system));
    STRESS_OK(akt_attach(r.system, &r.me));
    STRESS_OK(akt_spawn(r.me, sink, &r.sink));
    folder_open(&r.folder);
    for (r.cycle = 0; r.cycle < n; r.cycle++) {
        if (r.cycle % 50 == 0) {
            stress_phase("cycle %u of %u", r.cycle, n);
        }
        cycle(&r);
        now = akti_nng_transport.closings();
        most = now > most ? now : most;
    }
    printf("%u cycles: at most %u closes at a time\n", n, most);
    STRESS_CHECK(most <= CLOSINGS_MOST, "%u closes at a time", most);
    stress_phase("the end of %u cycles", n);
    akt_detach(r.me);
    stress_stop(r.system, 0, &c);
    wait_closed();
    folder_close(&r.folder);
}

int
main(void)
{
    struct stress_baseline baseline;

    stress_begin("nng_cycle");
    /* What nng starts with its first socket stays. */
    cycles(2, 1);
    stress_baseline_take(&baseline);
    cycles(stress_scale(60), stress_seed());
    stress_baseline_check(&baseline);
    stress_end();
    return 0;
}
