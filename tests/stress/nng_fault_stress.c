/* SPDX-License-Identifier: MIT */
/*
 * No memory for sockets. A scenario that opens, joins, uses and closes them runs
 * again and again while its n-th allocation fails, once or from then on. Each call
 * answers an error or does what it says, what was asked ends, nothing hangs, and
 * no memory and no descriptor is left.
 *
 * Counted and failed are all allocations of akt itself, those of its allocator as
 * those of the C library that the sockets use beside it, and each call of nng that
 * answers with a new thing or NNG_ENOMEM: the program is linked with --wrap for
 * them. What nng allocates on its own, in its threads, cannot be failed so: it
 * takes no allocator.
 *
 * The same over a simulated network, where no thread makes the number vary.
 *
 * AKT_NNG_FAULT="n,m" runs the n-th alone; m is 1 when all later ones fail too.
 */
#include "actors/base/thread.h"
#include "actors/net/nng_back.h"
#include "akt/akt.h"
#include "akt/nng.h"
#include "akt/sim.h"
#include "tests/support/stress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* In the place of a number of workers. */
#define SIMULATED 0
#define WORKERS 2

/* --- what fails --- */

static _Atomic bool armed;
static _Atomic bool and_later;
static _Atomic uint64_t calls;
static _Atomic uint64_t fail_at;
static _Atomic uint64_t failed;
static _Atomic int64_t live; /* blocks */

static bool
fails(void)
{
    uint64_t n;

    if (!armed) {
        return false;
    }
    n = calls++;
    if (n == fail_at || (n > fail_at && and_later)) {
        failed++;
        return true;
    }
    return false;
}

static void *
given(void *block)
{
    live += block != NULL ? 1 : 0;
    return block;
}

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__real_aligned_alloc(size_t align, size_t size);
void *__wrap_aligned_alloc(size_t align, size_t size);
void __real_free(void *block);
void __wrap_free(void *block);

void *
__wrap_malloc(size_t size)
{
    return fails() ? NULL : given(__real_malloc(size));
}

void *
__wrap_calloc(size_t n, size_t size)
{
    return fails() ? NULL : given(__real_calloc(n, size));
}

void *
__wrap_realloc(void *old, size_t size)
{
    void *block = fails() ? NULL : __real_realloc(old, size);

    return old == NULL ? given(block) : block;
}

void *
__wrap_aligned_alloc(size_t align, size_t size)
{
    return fails() ? NULL : given(__real_aligned_alloc(align, size));
}

void
__wrap_free(void *block)
{
    live -= block != NULL ? 1 : 0;
    __real_free(block);
}

/* One of nng's functions, which answers no memory. */
#define MAY_FAIL(name, parameters, arguments)                                  \
    int __real_##name parameters;                                              \
    int __wrap_##name parameters;                                              \
    int __wrap_##name parameters                                               \
    {                                                                          \
        return fails() ? NNG_ENOMEM : __real_##name arguments;                 \
    }
MAY_FAIL(nng_aio_alloc, (nng_aio * *out, void (*fn)(void *), void *arg),
         (out, fn, arg))
MAY_FAIL(nng_ctx_open, (nng_ctx * out, nng_socket s), (out, s))
MAY_FAIL(nng_dialer_create, (nng_dialer * out, nng_socket s, const char *url),
         (out, s, url))
MAY_FAIL(nng_listener_create,
         (nng_listener * out, nng_socket s, const char *url), (out, s, url))
MAY_FAIL(nng_msg_alloc, (nng_msg * *out, size_t size), (out, size))
MAY_FAIL(nng_msg_header_append_u32, (nng_msg * m, uint32_t n), (m, n))
MAY_FAIL(nng_push0_open, (nng_socket * out), (out))

/* --- the scenario --- */

struct owner {
    int64_t handled;
};

static akt_err
on_bytes(akt_self *self, struct owner *o, const struct akt_nng_bytes *m)
{
    (void)self;
    STRESS_CHECK(m->data.len == 4 && memcmp(m->data.ptr, "some", 4) == 0,
                 "content");
    o->handled++;
    return AKT_OK;
}

static akt_err
on_request(akt_self *self, struct owner *o, const struct akt_nng_request *m)
{
    o->handled++;
    return akt_reply(self, m, .data = m->data);
}

static akt_err
on_batch(akt_self *self, struct owner *o, const struct akt_nng_batch *m)
{
    (void)self;
    o->handled += m->count;
    return AKT_OK;
}

static akt_err
on_up(akt_self *self, struct owner *o, const struct akt_nng_peer_up *m)
{
    (void)self;
    (void)m;
    o->handled++;
    return AKT_OK;
}

static akt_err
on_down(akt_self *self, struct owner *o, const struct akt_nng_peer_down *m)
{
    (void)self;
    (void)m;
    o->handled++;
    return AKT_OK;
}
AKT_CLASS(owner, struct owner, AKT_ON(akt_nng_bytes, on_bytes),
          AKT_ON(akt_nng_batch, on_batch), AKT_ON(akt_nng_request, on_request),
          AKT_ON(akt_nng_peer_up, on_up), AKT_ON(akt_nng_peer_down, on_down),
          AKT_MAILBOX(2, AKT_AWAIT));

static const akt_nng_protocol pairs[][2] = {
    {AKT_NNG_PULL, AKT_NNG_PUSH},
    {AKT_NNG_PAIR, AKT_NNG_PAIR}, /* with batches */
    {AKT_NNG_REP, AKT_NNG_REQ},
    {AKT_NNG_RESPONDENT, AKT_NNG_SURVEYOR}};
#define PAIRS (sizeof(pairs) / sizeof(pairs[0]))

static uint32_t answered;

/* Until when: much sooner where answers may be missing. */
static uint64_t soon = AKT_MS(200);

/* An answer within the time, whatever it is; an error has a sentence. */
static void
await(akt_self *self, akt_err asked, akt_future f)
{
    akt_error error = AKT_ERROR_NONE;
    akt_answer *answer;

    if (asked != AKT_OK) {
        STRESS_CHECK(asked == AKT_ENOMEM || asked == AKT_EDEAD, "asked: %s",
                     akt_err_name(asked));
        return;
    }
    if (akt_wait(self, f, &answer) != AKT_OK) {
        akt_future_drop(self, f);
        return;
    }
    if (akt_answer_error(answer, &error) == AKT_OK) {
        answered++;
    } else {
        STRESS_CHECK(error.text[0] != '\0', "an error without a word");
    }
    akt_answer_free(self, answer);
}

static void
check_sent(akt_err err)
{
    STRESS_CHECK(err == AKT_OK || err == AKT_ENOMEM || err == AKT_EDEAD,
                 "sent: %s", akt_err_name(err));
}

/* One that is gathered, and a batch that has to wait for it. */
static void
pack(akt_self *self, akt_nng s, akt_bytes data)
{
    akt_nng_packer packer = {0};
    akt_err err;

    check_sent(akt_send(self, s.ref, akt_nng_bytes, .data = data));
    err = akt_nng_pack(&packer, data);
    check_sent(err);
    check_sent(akt_nng_packer_send(self, &packer, s.ref));
    STRESS_CHECK(packer.count <= (err == AKT_OK), "packed: %lu",
                 (unsigned long)packer.count);
    akt_nng_packer_fini(&packer);
}

static void
use(akt_self *self, akt_nng s, akt_nng_protocol protocol)
{
    const akt_bytes data = {"some", 4};
    akt_future f = {NULL, 0};
    akt_err err;
    int i;

    for (i = 0; i < 3; i++) {
        if (protocol == AKT_NNG_REQ) {
            err = akt_ask_within(self, soon, s.ref, &f, akt_nng_request,
                                 .data = data);
            await(self, err, f);
        } else if (protocol == AKT_NNG_SURVEYOR && i == 0) {
            err =
                akt_ask_within(self, soon, s.ref, &f, akt_nng_survey,
                               .data = data, .wait_ns = soon / 2, .enough = 1);
            await(self, err, f);
        } else if (protocol == AKT_NNG_PUSH) {
            check_sent(akt_send(self, s.ref, akt_nng_bytes, .data = data));
        } else if (protocol == AKT_NNG_PAIR) {
            pack(self, s, data);
        }
    }
}

static bool
open_one(akt_self *self, akt_nng_protocol protocol, akt_ref to, akt_nng *out)
{
    akt_nng_opts opts = {.protocol = protocol,
                         .to = to,
                         .peers = true,
                         .requests = 2,
                         .batch_bytes = protocol == AKT_NNG_PAIR ? 100 : 0,
                         .whole = protocol == AKT_NNG_PAIR,
                         .linger_ns = AKT_MS(10)};
    akt_error error = AKT_ERROR_NONE;
    akt_err err = akt_nng_open(self, &opts, out, &error);

    STRESS_CHECK(err == AKT_OK || err == AKT_ENOMEM, "open: %s",
                 akt_err_name(err));
    STRESS_CHECK(err == AKT_OK || (error.code == err && error.text[0] != '\0'),
                 "open: an error without a word");
    return err == AKT_OK;
}

static void
use_pair(akt_self *self, const akt_nng_protocol *protocols, akt_ref to)
{
    static unsigned n;
    char url[AKT_NNG_URL_MAX + 1];
    akt_nng listener;
    akt_nng dialer;
    akt_future f = {NULL, 0};
    akt_err err;

    if (!open_one(self, protocols[0], to, &listener)) {
        return;
    }
    if (open_one(self, protocols[1], to, &dialer)) {
        (void)snprintf(url, sizeof(url), "inproc://fault%u", n++);
        err = akt_ask_within(self, soon, listener.ref, &f, akt_nng_listen,
                             .url = akt_text_of(url));
        await(self, err, f);
        err = akt_ask_within(self, soon, dialer.ref, &f, akt_nng_dial,
                             .url = akt_text_of(url), .once = true);
        await(self, err, f);
        use(self, dialer, protocols[1]);
        akt_nng_close(self, dialer);
    }
    akt_nng_close(self, listener);
}

static bool
scenario(uint32_t workers, struct stress_memory *memory)
{
    akt_system_opts opts = stress_opts(workers, NULL);
    akt_system *system = NULL;
    akt_self *self;
    akt_counters c;
    akt_ref to;
    uint32_t i;

    (void)memory;
    if ((workers == SIMULATED ? akt_sim_start(&opts, stress_seed(), &system)
                              : akt_system_start(&opts, &system))
        != AKT_OK) {
        return false;
    }
    if (akt_attach(system, &self) == AKT_OK) {
        if (akt_spawn(self, owner, &to) == AKT_OK) {
            for (i = 0; i < PAIRS; i++) {
                use_pair(self, pairs[i], to);
            }
        }
        akt_detach(self);
    }
    STRESS_OK(akt_system_stop(system, soon));
    akt_system_counters(system, &c);
    stress_check_account(&c);
    akt_system_destroy(system);
    return true;
}

/* --- the loop --- */

/* Whether any failed. */
static bool
fail_one(uint32_t workers, uint64_t n, bool later)
{
    stress_phase("%u workers, AKT_NNG_FAULT=%lu,%d", workers, (unsigned long)n,
                 later);
    calls = 0;
    failed = 0;
    fail_at = n;
    and_later = later;
    armed = true;
    (void)scenario(workers, NULL);
    armed = false;
    return failed > 0;
}

/* When nothing fails, each question is answered. */
static bool
clean(uint32_t workers, struct stress_memory *memory)
{
    answered = 0;
    soon = AKT_SECONDS(20);
    STRESS_CHECK(scenario(workers, memory), "no start");
    soon = AKT_MS(200);
    /* For each pair two addresses; three requests, one survey. */
    STRESS_CHECK(answered == 2 * PAIRS + 4, "%u answers", answered);
    return true;
}

/* What closes goes on, and is to end and to free everything. */
static void
wait_closed(void)
{
    uint32_t tries = 0;

    stress_phase("the closes");
    while (akti_nng_transport.closings() > 0 || live > 0) {
        akti_thread_pause(tries++);
    }
}

static uint64_t
fail_each(uint32_t workers, uint64_t step, uint64_t first, bool later)
{
    uint64_t n = first;
    uint64_t done = 0;
    uint32_t quiet = 0;

    /* Threads make the number vary: over when none has failed for a while. */
    while (quiet < 3) {
        quiet = fail_one(workers, n, later) ? 0 : quiet + 1;
        n += step;
        done++;
        if (done % 16 == 0) {
            wait_closed();
        }
    }
    wait_closed();
    printf("%s: %lu to %lu, each %lu., %s\n",
           workers == SIMULATED ? "simulated" : "threads", (unsigned long)first,
           (unsigned long)n, (unsigned long)step,
           later ? "and all later" : "once");
    return done;
}

int
main(void)
{
    struct stress_baseline baseline;
    const char *one = getenv("AKT_NNG_FAULT");
    uint64_t step;
    uint64_t done;

    stress_begin("nng_fault");
    /* Each of them when there is time. */
    step = 1 + 12 / stress_scale(1);
    baseline = stress_baseline_after(clean);
    (void)clean(SIMULATED, NULL);
    if (one != NULL) {
        char *end;
        uint64_t n = strtoull(one, &end, 10);

        (void)fail_one(SIMULATED, n, *end == ',' && end[1] == '1');
        (void)fail_one(WORKERS, n, *end == ',' && end[1] == '1');
    } else {
        done = fail_each(SIMULATED, 1, 0, false);
        done += fail_each(SIMULATED, 1, 0, true);
        done += fail_each(WORKERS, step, stress_seed() % step, false);
        done += fail_each(WORKERS, step, stress_seed() % step, true);
        stress_figure(15, done, "allocations of sockets failed");
    }
    wait_closed();
    stress_baseline_check(&baseline);
    stress_end();
    return 0;
}
