/* SPDX-License-Identifier: MIT */
#include "tests/determinism/scenario.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#define NUMBER(F) F(i64, n)
#define WORDS(F) F(i64, n) F(text, words)
AKT_MESSAGE(work, NUMBER);
AKT_MESSAGE(tick, NUMBER);
AKT_MESSAGE(letter, WORDS);
AKT_REQUEST(get, NUMBER, letter);
AKT_REQUEST(load, NUMBER, letter);

/* Places for actors; more are not alive at a time, so that slots come again. */
#define PLACES 14
#define ACTORS_MAX 16
#define TIMERS 3
#define ROUNDS 10

/* --- what is noted --- */

/* X(name): what happens in a run; each must, in some run. */
#define EVENTS(X)                                                              \
    X(start)                                                                   \
    X(stopped)                                                                 \
    X(drained)                                                                 \
    X(killed)                                                                  \
    X(failed)                                                                  \
    X(overflow)                                                                \
    X(shutdown)                                                                \
    X(work)                                                                    \
    X(tick)                                                                    \
    X(letter)                                                                  \
    X(idle)                                                                    \
    X(get)                                                                     \
    X(job)                                                                     \
    X(unstash)                                                                 \
    X(become)                                                                  \
    X(spawn)                                                                   \
    X(order)                                                                   \
    X(send)                                                                    \
    X(try_send)                                                                \
    X(later)                                                                   \
    X(timer)                                                                   \
    X(periodic)                                                                \
    X(cancel_timer)                                                            \
    X(ask)                                                                     \
    X(cancel)                                                                  \
    X(give_up)                                                                 \
    X(block)                                                                   \
    X(stash)                                                                   \
    X(reply)                                                                   \
    X(fail)                                                                    \
    X(keep)                                                                    \
    X(forward)                                                                 \
    X(end_kept)                                                                \
    X(forward_kept)                                                            \
    X(replied)                                                                 \
    X(refused)                                                                 \
    X(expired)                                                                 \
    X(cancelled)                                                               \
    X(broken)                                                                  \
    X(letter_dropped)                                                          \
    X(letter_expired)                                                          \
    X(letter_returned)                                                         \
    X(letter_dead)                                                             \
    X(letter_discarded)                                                        \
    X(waited)                                                                  \
    X(within)

#define EVENT_NAME(name) SAW_##name,
enum event {
    EVENTS(EVENT_NAME) EVENT_COUNT
};
#undef EVENT_NAME
#define EVENT_NAME(name) #name,
static const char *const event_names[] = {EVENTS(EVENT_NAME)};

static uint64_t coverage[EVENT_COUNT];

/* The one run. */
static struct {
    struct scenario_opts opts;
    akt_system *system;
    akt_self *me;
    uint64_t seen;
    akt_ref places[PLACES];
} run;

static uint64_t
mix(uint64_t hash, uint64_t value)
{
    uint64_t z = (hash ^ value) + UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* `who` did or met `what`, with a number that belongs to it. */
static void
note(int64_t who, enum event what, int64_t n)
{
    coverage[what]++;
    run.seen = mix(mix(mix(run.seen, (uint64_t)who), what), (uint64_t)n);
    if (run.opts.is_verbose) {
        printf("trace %016" PRIx64 " actor %" PRId64 " %s %" PRId64 "\n",
               akt_sim_trace_hash(run.system), who, event_names[what], n);
    }
}

/* --- the actors --- */

struct peer {
    int64_t id;
    bool is_quiet; /* by its other behaviour */
    akt_promise_of(get) kept;
    akt_future last;
    akt_timer timers[TIMERS];
};

static uint32_t
below(akt_self *self, uint32_t n)
{
    return (uint32_t)(akt_random(self) % n);
}

static akt_ref
someone(akt_self *self)
{
    return run.places[below(self, PLACES)];
}

static akt_err spawn_at(akt_self *self, uint32_t place);

static akt_err
heard(akt_self *self, struct peer *p, const akt_answer *answer,
      const struct letter *reply)
{
    (void)self;
    note(p->id, SAW_replied + (enum event)(answer->outcome - AKT_REPLIED),
         reply != NULL ? reply->n : (int64_t)answer->error);
    return AKT_OK;
}
AKT_THEN(heard, struct peer, get);

static akt_err
loaded(akt_self *self, struct peer *p, const akt_answer *answer,
       const struct letter *reply)
{
    return heard(self, p, answer, reply);
}
AKT_THEN(loaded, struct peer, load);

static akt_err
job(akt_self *self, const struct load *m)
{
    note(-1, SAW_job, m->n);
    if (m->n % 5 == 0) {
        return AKT_EIO;
    }
    return akt_reply(self, m, .n = m->n, .words = AKT_TEXT("from the pool"));
}
AKT_JOB(job, load);

static void
ask(akt_self *self, struct peer *p)
{
    uint64_t timeout = AKT_US(1 + below(self, 4000));
    akt_err err =
        akt_ask_within(self, timeout, someone(self), &p->last, get, .n = p->id);

    if (err == AKT_OK) {
        akt_ignore(akt_then(self, p->last, heard, NULL));
    }
    note(p->id, SAW_ask, (int64_t)err);
}

static void
ask_pool(akt_self *self, struct peer *p)
{
    akt_future f;
    akt_err err = akt_ask_blocking_within(self, AKT_US(100 + below(self, 4000)),
                                          &f, job, load, .n = p->id);

    if (err == AKT_OK) {
        akt_ignore(akt_then(self, f, loaded, NULL));
    }
    note(p->id, SAW_block, (int64_t)err);
}

static void
give_up(akt_self *self, struct peer *p)
{
    note(p->id, SAW_give_up, (int64_t)akt_future_poll(self, p->last));
    akt_future_drop(self, p->last);
}

static void
end_kept(akt_self *self, struct peer *p)
{
    akt_err err = AKT_OK;

    switch (below(self, 4)) {
    case 0:
        akt_promise_drop(self, &p->kept.promise);
        break;
    case 1:
        err = akt_promise_fail(self, &p->kept.promise, AKT_EUSER, "no");
        break;
    case 2:
        err = akt_promise_forward(self, &p->kept.promise, someone(self));
        note(p->id, SAW_forward_kept, (int64_t)err);
        return;
    default:
        err = akt_promise_reply(self, &p->kept, .n = 1000 + p->id);
        break;
    }
    note(p->id, SAW_end_kept, (int64_t)err);
}

static void
start_timer(akt_self *self, struct peer *p)
{
    uint32_t i = below(self, TIMERS);
    uint64_t after = AKT_US(below(self, 3000));
    uint64_t every = below(self, 2) == 0 ? 0 : AKT_US(200 + below(self, 900));
    akt_err err;

    note(p->id, SAW_cancel_timer,
         (int64_t)akt_timer_cancel(self, p->timers[i]));
    err = akt_timer_start(self, after, every, &p->timers[i], tick,
                          .n = (int64_t)every);
    note(p->id, every == 0 ? SAW_timer : SAW_periodic, (int64_t)err);
}

static void
order(akt_self *self, struct peer *p)
{
    akt_ref victim = someone(self);
    akt_err err;

    switch (below(self, 3)) {
    case 0:
        err = akt_stop(self, victim);
        break;
    case 1:
        err = akt_drain(self, victim);
        break;
    default:
        err = akt_kill(self, victim);
        break;
    }
    note(p->id, SAW_order, (int64_t)err);
}

static void
send_one(akt_self *self, struct peer *p, akt_ref to, int64_t n)
{
    switch (below(self, 6)) {
    case 0:
        note(p->id, SAW_try_send,
             (int64_t)akt_try_send(self, to, work, .n = n));
        break;
    case 1:
        note(p->id, SAW_later,
             (int64_t)akt_send_after(self, AKT_US(below(self, 500)), to, letter,
                                     .n = n, .words = AKT_TEXT("later")));
        break;
    case 2:
        note(p->id, SAW_send,
             (int64_t)akt_send(self, to, letter, .n = n,
                               .words = AKT_TEXT("now")));
        break;
    default:
        note(p->id, SAW_send, (int64_t)akt_send(self, to, work, .n = n));
        break;
    }
}

static akt_err do_become(akt_self *self, struct peer *p);

/* What may come of any message; the seldom ones change who is there. */
static akt_err
act(akt_self *self, struct peer *p)
{
    switch (below(self, 24)) {
    case 0:
        return below(self, 4) == 0 ? AKT_EUSER : AKT_OK;
    case 1:
        akt_stop_self(self);
        return AKT_OK;
    case 2:
        order(self, p);
        return AKT_OK;
    case 3:
    case 4:
    case 5:
        return spawn_at(self, below(self, PLACES));
    case 6:
        return do_become(self, p);
    case 7:
    case 8:
        ask_pool(self, p);
        return AKT_OK;
    case 9:
        note(p->id, SAW_cancel, (int64_t)akt_cancel(self, p->last));
        return AKT_OK;
    case 10:
        give_up(self, p);
        return AKT_OK;
    case 11:
    case 12:
        end_kept(self, p);
        return AKT_OK;
    case 13:
    case 14:
        start_timer(self, p);
        return AKT_OK;
    case 15:
        note(p->id, SAW_unstash, (int64_t)akt_unstash(self));
        return AKT_OK;
    default:
        ask(self, p);
        return AKT_OK;
    }
}

static akt_err
on_work(akt_self *self, struct peer *p, const struct work *m)
{
    akt_ref to = someone(self);
    int64_t n;

    note(p->id, SAW_work, m->n);
    if (below(self, 8) == 0) {
        akt_err err = akt_stash(self);

        note(p->id, SAW_stash, (int64_t)err);
        return AKT_OK;
    }
    /* Some go on when a send has to wait. */
    for (n = m->n - 1; n >= 0; n -= 2) {
        if (akt_is_awaiting(self) && p->id % 2 == 0) {
            break;
        }
        send_one(self, p, n % 4 == 0 ? someone(self) : to, n);
    }
    return act(self, p);
}

static akt_err
on_tick(akt_self *self, struct peer *p, const struct tick *m)
{
    note(p->id, SAW_tick, m->n);
    return act(self, p);
}

static akt_err
on_letter(akt_self *self, struct peer *p, const struct letter *m)
{
    (void)self;
    note(p->id, SAW_letter, m->n + (int64_t)m->words.len);
    return AKT_OK;
}

static akt_err
on_idle(akt_self *self, struct peer *p, const struct akt_idle *m)
{
    (void)m;
    note(p->id, SAW_idle, (int64_t)akt_now_ns(self));
    return AKT_OK;
}

static akt_err
on_get(akt_self *self, struct peer *p, const struct get *m)
{
    note(p->id, SAW_get, (int64_t)akt_deadline_ns(self));
    switch (below(self, 8)) {
    case 0:
        return AKT_OK; /* dropped */
    case 1:
        note(p->id, SAW_fail,
             (int64_t)akt_reply_error(self, AKT_EUSER, "will not"));
        return AKT_OK;
    case 2:
        ask(self, p); /* under the same deadline */
        return AKT_OK;
    case 3:
        note(p->id, SAW_stash, (int64_t)akt_stash(self));
        return AKT_OK;
    case 4:
        note(p->id, SAW_forward, (int64_t)akt_forward(self, someone(self)));
        return AKT_OK;
    case 5:
    case 6:
        akt_promise_drop(self, &p->kept.promise);
        note(p->id, SAW_keep, (int64_t)akt_keep(self, m, &p->kept));
        return AKT_OK;
    default:
        note(p->id, SAW_reply, (int64_t)akt_reply(self, m, .n = m->n));
        return AKT_OK;
    }
}

static akt_err
on_start(akt_self *self, struct peer *p)
{
    const void *address = p;

    note(p->id, SAW_start, akt_self_ref(self).generation);
    if (run.opts.is_broken) {
        note(p->id, SAW_start, (int64_t)(uintptr_t)address + getpid());
    }
    start_timer(self, p);
    return AKT_OK;
}

static void
on_exit_(akt_self *self, struct peer *p, const akt_exit *reason)
{
    (void)self;
    note(p->id, SAW_stopped + (enum event)(reason->kind - AKT_EXIT_STOPPED),
         (int64_t)reason->error);
}

AKT_BEHAVIOR(quiet, struct peer, AKT_ON(work, on_work), AKT_ON(get, on_get),
             AKT_ON(tick, on_tick));
AKT_CLASS(peer, struct peer, AKT_ON_START(on_start), AKT_ON_EXIT(on_exit_),
          AKT_ON(work, on_work), AKT_ON(get, on_get), AKT_ON(tick, on_tick),
          AKT_ON(letter, on_letter), AKT_ON(akt_idle, on_idle),
          AKT_IDLE(AKT_MS(1)), AKT_STASH(4), AKT_OUTBOX(8), AKT_REQUESTS(6));

static akt_err
do_become(akt_self *self, struct peer *p)
{
    p->is_quiet = !p->is_quiet;
    note(p->id, SAW_become, p->is_quiet);
    return p->is_quiet ? akt_become(self, quiet)
                       : akti_become(self, &peer_behavior);
}

/* One for each thing that a full mailbox can do. */
static akt_class classes[AKT_STOP + 1];

static void
make_classes(void)
{
    uint32_t i;

    for (i = AKT_AWAIT; i <= AKT_STOP; i++) {
        classes[i] = peer_class;
        classes[i].mailbox.overflow = (akt_overflow)i;
        classes[i].mailbox.capacity = 1 + i % 3;
        classes[i].mailbox.max_age_ns = i == AKT_SHED_OLD ? AKT_US(300) : 0;
        classes[i].placement = (akt_placement)(i % 3);
    }
}

static akt_err
spawn_at(akt_self *self, uint32_t place)
{
    struct peer state = {.id = place};
    akt_ref ref;
    akt_err err =
        akti_spawn(self, &classes[below(self, AKT_STOP + 1)], &ref, &state);

    if (err == AKT_OK) {
        run.places[place] = ref;
    }
    note(place, SAW_spawn, (int64_t)err);
    return AKT_OK;
}

/* --- the run --- */

static void
keep_letter(const akt_dead_letter *letter, void *arg)
{
    enum event what =
        SAW_letter_dropped + (enum event)(letter->fate - AKT_FATE_DROPPED);

    (void)arg;
    note((int64_t)letter->target.slot, what, (int64_t)letter->reason);
}

/* A plain thread asks, and waits. */
static void
ask_from_outside(void)
{
    akt_answer *answer;
    akt_future f;
    akt_err err =
        akt_ask_within(run.me, AKT_MS(2), someone(run.me), &f, get, .n = 77);

    if (err == AKT_OK) {
        akt_ignore(akt_wait(run.me, f, &answer));
        note(-2, SAW_waited, (int64_t)answer->outcome);
        akt_answer_free(run.me, answer);
    }
}

/* Some work from outside, and time for it. */
static void
go_round(void)
{
    uint32_t i;

    for (i = 0; i < 6; i++) {
        /* One after the other: compilers evaluate arguments in any order. */
        akt_ref to = someone(run.me);
        int64_t n = 1 + below(run.me, 8);

        note(-2, SAW_send, (int64_t)akt_send(run.me, to, work, .n = n));
    }
    note(-2, SAW_within,
         (int64_t)akt_send_within(run.me, AKT_US(200), someone(run.me), work,
                                  .n = 3));
    ask_from_outside();
    for (i = 0; i < 4; i++) {
        akt_ignore(spawn_at(run.me, below(run.me, PLACES)));
    }
    (void)akt_sim_advance(run.system, AKT_US(below(run.me, 4000)));
}

static void
see_counters(void)
{
    akt_counters c;

    akt_system_counters(run.system, &c);
    run.seen = mix(mix(run.seen, c.accepted), c.delivered);
    run.seen = mix(mix(run.seen, c.asked), c.late_replies);
    run.seen = mix(mix(run.seen, c.spawned), c.refused);
}

akt_err
scenario_run(const struct scenario_opts *opts, struct scenario_result *out)
{
    akt_system_opts system_opts = AKT_SYSTEM_OPTS_INIT;
    uint32_t i;

    make_classes();
    run.opts = *opts;
    run.seen = 0;
    system_opts.max_actors = ACTORS_MAX;
    system_opts.batch = 5;
    system_opts.blocking_queue = 3;
    system_opts.log_level = AKT_LOG_OFF;
    system_opts.dead_letter = keep_letter;
    AKT_TRY(akt_sim_start(&system_opts, opts->seed, &run.system));
    AKT_TRY(akt_attach(run.system, &run.me));
    for (i = 0; i < PLACES; i++) {
        AKT_TRY(spawn_at(run.me, i));
    }
    for (i = 0; i < ROUNDS; i++) {
        go_round();
    }
    AKT_TRY(akt_system_stop(run.system, AKT_US(below(run.me, 2) * 100)));
    see_counters();
    *out = (struct scenario_result){akt_sim_trace_hash(run.system), run.seen};
    akt_detach(run.me);
    akt_system_destroy(run.system);
    return AKT_OK;
}

bool
scenario_print_coverage(void)
{
    bool is_complete = true;
    uint32_t i;

    for (i = 0; i < EVENT_COUNT; i++) {
        printf("%s %" PRIu64 "\n", event_names[i], coverage[i]);
        is_complete = is_complete && coverage[i] > 0;
    }
    return is_complete;
}
