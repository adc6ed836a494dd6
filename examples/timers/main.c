/* SPDX-License-Identifier: MIT */
/*
 * Timers are messages: a periodic one that is cancelled at its third tick, one
 * that is cancelled before it fires and never does, and one that fires once.
 */
#include <akt/akt.h>

#include <stdio.h>

#define DONE(F) F(i32, ticks) F(bool, early)
AKT_MESSAGE(done, DONE);
AKT_SIGNAL_REQUEST(run, done);

AKT_SIGNAL(tick);
AKT_SIGNAL(last);
AKT_SIGNAL(never);

struct clock {
    akt_timer ticking;
    uint64_t start_ns;
    int32_t ticks;
    bool early;
    akt_promise_of(run) runner;
};

static akt_err
on_run(akt_self *self, struct clock *c, const struct run *m)
{
    akt_timer cancelled;
    AKT_TRY(akt_keep(self, m, &c->runner));
    c->start_ns = akt_now_ns(self);
    AKT_TRY(akt_timer_start(self, AKT_MS(5), 0, &cancelled, never));
    AKT_TRY(akt_timer_cancel(self, cancelled));
    return akt_timer_start(self, AKT_MS(10), AKT_MS(10), &c->ticking, tick);
}

static akt_err
on_tick(akt_self *self, struct clock *c, const struct tick *m)
{
    (void)m;
    c->ticks++;
    uint64_t due = c->start_ns + AKT_MS(10) * (uint64_t)c->ticks;
    c->early = c->early || akt_now_ns(self) < due;
    printf("tick %d\n", (int)c->ticks);
    if (c->ticks < 3) {
        return AKT_OK;
    }
    AKT_TRY(akt_timer_cancel(self, c->ticking));
    printf("cancelled\n");
    return akt_timer_start(self, AKT_MS(30), 0, NULL, last);
}

static akt_err
on_last(akt_self *self, struct clock *c, const struct last *m)
{
    (void)m;
    printf("the last one\n");
    return akt_promise_reply(self, &c->runner, .ticks = c->ticks,
                             .early = c->early);
}

static akt_err
on_never(akt_self *self, struct clock *c, const struct never *m)
{
    (void)self;
    (void)c;
    (void)m;
    printf("a cancelled timer fired\n");
    return AKT_OK;
}

AKT_CLASS(clock, struct clock, AKT_ON(run, on_run), AKT_ON(tick, on_tick),
          AKT_ON(last, on_last), AKT_ON(never, on_never));

static akt_err
show(akt_self *me)
{
    akt_ref ref;
    akt_future f;
    akt_answer *answer = NULL;
    AKT_TRY(akt_spawn(me, clock, &ref));
    AKT_TRY(akt_ask(me, ref, &f, run));
    AKT_TRY(akt_wait(me, f, &answer));
    const struct done *d = akt_answer_as(answer, done);
    akt_err err = answer->error;
    if (d != NULL) {
        printf("%d ticks, %s early\n", (int)d->ticks,
               d->early ? "one was" : "none");
    }
    akt_answer_free(me, answer);
    return err;
}

int
main(void)
{
    akt_system *system = NULL;
    akt_self *me = NULL;
    akt_err err = akt_system_start(NULL, &system);
    if (err == AKT_OK) {
        err = akt_attach(system, &me);
    }
    if (err == AKT_OK) {
        err = show(me);
    }
    akt_detach(me);
    akt_system_destroy(system);
    if (err != AKT_OK) {
        fprintf(stderr, "timers: %s\n", akt_err_text(err));
    }
    return err == AKT_OK ? 0 : 1;
}
