/* SPDX-License-Identifier: MIT */
/*
 * Numbers go there and back by sockets, a few at a time, so that their queues are
 * empty again and again: there threads of the transport and workers meet. Each
 * number comes once, in its order, as it was sent.
 */
#include "akt/akt.h"
#include "akt/nng.h"
#include "tests/support/stress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define WAYS 2
#define AHEAD 4 /* numbers that are on each way */

struct end {
    akt_ref out;
    uint64_t next;
    uint64_t last; /* of the one that begins; 0: the one that answers */
};

static struct stress_gate done;

static akt_err
send_number(akt_self *self, struct end *e, uint64_t number)
{
    return akt_send(self, e->out, akt_nng_bytes,
                    .data = {&number, sizeof(number)});
}

static akt_err
on_bytes(akt_self *self, struct end *e, const struct akt_nng_bytes *m)
{
    uint64_t number = 0;

    STRESS_CHECK(m->data.len == sizeof(number), "%zu bytes", m->data.len);
    memcpy(&number, m->data.ptr, sizeof(number));
    STRESS_CHECK(number == e->next, "%llu, not %llu",
                 (unsigned long long)number, (unsigned long long)e->next);
    e->next++;
    if (e->last == 0) {
        return send_number(self, e, number);
    }
    if (e->next > e->last) {
        stress_gate_add(&done, 1);
    }
    return e->next + AHEAD - 1 <= e->last
               ? send_number(self, e, e->next + AHEAD - 1)
               : AKT_OK;
}

/* To begin with. */
AKT_SIGNAL(go);

static akt_err
on_go(akt_self *self, struct end *e, const struct go *m)
{
    uint64_t i;

    (void)m;
    for (i = 1; i <= AHEAD; i++) {
        AKT_TRY(send_number(self, e, i));
    }
    return AKT_OK;
}

#define OUT(F) F(ref, out)
AKT_MESSAGE(take_out, OUT);

static akt_err
on_out(akt_self *self, struct end *e, const struct take_out *m)
{
    (void)self;
    e->out = m->out;
    return AKT_OK;
}
AKT_CLASS(end, struct end, AKT_ON(akt_nng_bytes, on_bytes), AKT_ON(go, on_go),
          AKT_ON(take_out, on_out));

static akt_ref
open_end(akt_self *me, akt_nng *s, uint64_t last)
{
    akt_nng_opts opts = {.protocol = AKT_NNG_PAIR};
    akt_error error = AKT_ERROR_NONE;
    akt_ref ref;

    STRESS_OK(akt_spawn(me, end, &ref, .next = 1, .last = last));
    opts.to = ref;
    STRESS_CHECK(akt_nng_open(me, &opts, s, &error) == AKT_OK, "%s",
                 error.text);
    STRESS_OK(akt_send(me, ref, take_out, .out = s->ref));
    return ref;
}

static void
await_answer(akt_self *me, akt_future f)
{
    akt_answer *answer = NULL;

    STRESS_OK(akt_wait(me, f, &answer));
    STRESS_CHECK(answer->outcome == AKT_REPLIED, "no answer");
    akt_answer_free(me, answer);
}

static void
connect_ends(akt_self *me, const akt_nng *a, const akt_nng *b, uint32_t way)
{
    char url[64];
    akt_future f;

    (void)snprintf(url, sizeof(url), "inproc://trip%u", way);
    STRESS_OK(akt_ask(me, a->ref, &f, akt_nng_listen, .url = akt_text_of(url)));
    await_answer(me, f);
    STRESS_OK(akt_ask(me, b->ref, &f, akt_nng_dial, .url = akt_text_of(url)));
    await_answer(me, f);
}

static void
trips(uint32_t workers, uint32_t n)
{
    akt_system_opts opts = stress_opts(workers, NULL);
    akt_system *system;
    akt_nng a[WAYS], b[WAYS];
    akt_self *me;
    uint32_t i;

    stress_gate_init(&done);
    STRESS_OK(akt_system_start(&opts, &system));
    STRESS_OK(akt_attach(system, &me));
    for (i = 0; i < WAYS; i++) {
        akt_ref begins = open_end(me, &a[i], n);

        (void)open_end(me, &b[i], 0);
        connect_ends(me, &a[i], &b[i], i);
        STRESS_OK(akt_send(me, begins, go));
    }
    stress_gate_wait(&done, WAYS);
    akt_detach(me);
    stress_stop(system, AKT_SECONDS(10), NULL);
    stress_gate_fini(&done);
}

static void
test_each_number_comes_once_as_it_was_sent(void **state)
{
    uint32_t n = stress_scale(10000);
    uint32_t run;

    (void)state;
    for (run = 0; run < STRESS_WORKER_RUNS; run++) {
        stress_phase("%u workers", stress_workers(run));
        trips(stress_workers(run), n);
        stress_figure(1, (uint64_t)n * WAYS * 2, "messages by sockets");
    }
    stress_end();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_number_comes_once_as_it_was_sent),
    };

    stress_begin("nng_trip_stress");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
