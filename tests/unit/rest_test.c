/* SPDX-License-Identifier: MIT */
/*
 * A turn may ask its worker to rest before the next look. What else there is to do
 * goes on meanwhile: here one worker has an actor that does nothing but look.
 */
#include "actors/core/self.h"
#include "akt/akt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define assert_ok(e) assert_int_equal((e), AKT_OK)

#define REST_NS 5000u
#define WITHIN AKT_SECONDS(20)

AKT_SIGNAL(look);
#define PING(F) F(u64, n)
AKT_MESSAGE(pong, PING);
AKT_REQUEST(ping, PING, pong);

struct looker {
    uint64_t looks;
};

static akt_err
on_look(akt_self *self, struct looker *l, const struct look *m)
{
    (void)m;
    l->looks++;
    self->ctx->rest_ns = REST_NS;
    return akt_send(self, akt_self_ref(self), look);
}
AKT_CLASS(looker, struct looker, AKT_ON(look, on_look));

struct other {
    akt_promise_of(ping) end;
    akt_timer timer;
};

static akt_err
on_ping(akt_self *self, struct other *o, const struct ping *m)
{
    if (m->n == 0) {
        return akt_reply(self, m, .n = 1);
    }
    AKT_TRY(akt_keep(self, m, &o->end));
    return akt_timer_start(self, AKT_MS(m->n), 0, &o->timer, look);
}

static akt_err
on_time(akt_self *self, struct other *o, const struct look *m)
{
    (void)m;
    return akt_promise_reply(self, &o->end, .n = 2);
}
AKT_CLASS(other, struct other, AKT_ON(ping, on_ping), AKT_ON(look, on_time));

struct here {
    akt_system *system;
    akt_self *me;
    akt_ref other;
};

static void
begin(struct here *here)
{
    akt_system_opts opts = AKT_SYSTEM_OPTS_INIT;
    akt_ref looks;

    opts.workers = 1;
    assert_ok(akt_system_start(&opts, &here->system));
    assert_ok(akt_attach(here->system, &here->me));
    assert_ok(akt_spawn(here->me, looker, &looks));
    assert_ok(akt_spawn(here->me, other, &here->other));
    assert_ok(akt_send(here->me, looks, look));
}

static void
end(struct here *here)
{
    akt_detach(here->me);
    assert_ok(akt_system_stop(here->system, 0));
    akt_system_destroy(here->system);
}

/* Answered at once, or after so many milliseconds. */
static void
ask(struct here *here, uint64_t after_ms, uint64_t expected)
{
    akt_answer *answer = NULL;
    akt_future f;

    assert_ok(
        akt_ask_within(here->me, WITHIN, here->other, &f, ping, .n = after_ms));
    assert_ok(akt_wait(here->me, f, &answer));
    assert_ok(answer->error);
    assert_int_equal(akt_answer_as(answer, pong)->n, expected);
    akt_answer_free(here->me, answer);
}

static void
test_what_comes_is_done_between_looks(void **state)
{
    struct here here;
    int i;

    (void)state;
    begin(&here);
    for (i = 0; i < 100; i++) {
        ask(&here, 0, 1);
    }
    end(&here);
}

static void
test_timers_go_off_between_looks(void **state)
{
    struct here here;

    (void)state;
    begin(&here);
    ask(&here, 2, 2);
    ask(&here, 20, 2);
    end(&here);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_comes_is_done_between_looks),
        cmocka_unit_test(test_timers_go_off_between_looks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
