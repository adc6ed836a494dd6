/* SPDX-License-Identifier: MIT */
/*
 * A cache: a value is computed once for all who ask meanwhile, and lives for a
 * second. One asker has little patience. It is the first one, and the others must not
 * pay for that: the computation is begun by a message to oneself, which inherits
 * neither its deadline nor its end. In virtual time (akt/sim.h), so that nobody waits.
 */
#include <akt/akt.h>

#include <inttypes.h>
#include <stdio.h>

#define LIFE_NS AKT_SECONDS(1)
#define KEYS 4
#define WAITING_MAX 8

#define KEY(F) F(u32, key)
#define VALUE(F) F(i64, value)
AKT_MESSAGE(value, VALUE);
AKT_REQUEST(get, KEY, value);     /* of the cache */
AKT_REQUEST(compute, KEY, value); /* of the source */
AKT_MESSAGE(begin, KEY);
AKT_MESSAGE(finish, KEY);
AKT_MESSAGE(expire, KEY);

/* The source takes 50 ms. Its values are how many it has computed. */
struct source {
    int64_t computed;
    akt_promise_of(compute) open[KEYS];
};

static akt_err
on_compute(akt_self *self, struct source *s, const struct compute *m)
{
    AKT_TRY(akt_keep(self, m, &s->open[m->key]));
    return akt_timer_start(self, AKT_MS(50), 0, NULL, finish, .key = m->key);
}

static akt_err
on_finish(akt_self *self, struct source *s, const struct finish *m)
{
    return akt_promise_reply(self, &s->open[m->key], .value = ++s->computed);
}
AKT_CLASS(source, struct source, AKT_ON(compute, on_compute),
          AKT_ON(finish, on_finish));

struct entry {
    bool there;
    int64_t value;
    uint32_t waiting; /* more than 0: it is being computed */
    akt_promise_of(get) waiters[WAITING_MAX];
};

struct cache {
    akt_ref source;
    struct entry entries[KEYS];
};

/* Those who have given up meanwhile do not hear it. */
static void
tell_all(akt_self *self, struct entry *e, akt_err err)
{
    for (uint32_t i = 0; i < e->waiting; i++) {
        akt_ignore(
            err == AKT_OK
                ? akt_promise_reply(self, &e->waiters[i], .value = e->value)
                : akt_promise_fail(self, &e->waiters[i].promise, err, NULL));
    }
    e->waiting = 0;
}

static akt_err
on_get(akt_self *self, struct cache *c, const struct get *m)
{
    struct entry *e;

    if (m->key >= KEYS) {
        return akt_reply_error(self, AKT_EINVAL, "there is no such key");
    }
    e = &c->entries[m->key];
    if (e->there) {
        return akt_reply(self, m, .value = e->value);
    }
    if (e->waiting == WAITING_MAX) {
        return akt_reply_error(self, AKT_EFULL, "too many wait for this key");
    }
    AKT_TRY(akt_keep(self, m, &e->waiters[e->waiting]));
    return ++e->waiting > 1
               ? AKT_OK
               : akt_send(self, akt_self_ref(self), begin, .key = m->key);
}

static akt_err
on_value(akt_self *self, struct cache *c, const akt_answer *answer,
         const struct value *v)
{
    struct entry *e = answer->arg;

    if (v != NULL) {
        e->value = v->value;
        e->there = true;
        AKT_TRY(akt_timer_start(self, LIFE_NS, 0, NULL, expire,
                                .key = (uint32_t)(e - c->entries)));
    }
    tell_all(self, e, answer->error);
    return AKT_OK;
}
AKT_THEN(on_value, struct cache, compute);

/* Its own turn, and no request: what it asks has a deadline of its own. */
static akt_err
on_begin(akt_self *self, struct cache *c, const struct begin *m)
{
    akt_future f;

    AKT_TRY(akt_ask(self, c->source, &f, compute, .key = m->key));
    return akt_then(self, f, on_value, &c->entries[m->key]);
}

static akt_err
on_expire(akt_self *self, struct cache *c, const struct expire *m)
{
    (void)self;
    c->entries[m->key].there = false;
    return AKT_OK;
}
AKT_CLASS(cache, struct cache, AKT_ON(get, on_get), AKT_ON(begin, on_begin),
          AKT_ON(expire, on_expire));

/* Waits for an answer and prints it. */
static akt_err
show(akt_self *me, const char *who, akt_future f)
{
    akt_answer *answer = NULL;
    const struct value *v;

    AKT_TRY(akt_wait(me, f, &answer));
    v = akt_answer_as(answer, value);
    if (v != NULL) {
        printf("%s: %" PRId64 "\n", who, v->value);
    } else {
        printf("%s: %s\n", who, akt_err_text(answer->error));
    }
    akt_answer_free(me, answer);
    return AKT_OK;
}

/* The first one waits for 10 ms only. */
static akt_err
ask_together(akt_self *me, akt_ref cache)
{
    akt_future hasty;
    akt_future second;
    akt_future third;

    AKT_TRY(akt_ask_within(me, AKT_MS(10), cache, &hasty, get, .key = 1));
    AKT_TRY(akt_ask(me, cache, &second, get, .key = 1));
    AKT_TRY(akt_ask(me, cache, &third, get, .key = 1));
    AKT_TRY(show(me, "the hasty one", hasty));
    AKT_TRY(show(me, "the second one", second));
    return show(me, "the third one", third);
}

static akt_err
ask_around(akt_system *system, akt_self *me)
{
    akt_ref source;
    akt_ref cache;
    akt_future late;

    AKT_TRY(akt_spawn(me, source, &source));
    AKT_TRY(akt_spawn(me, cache, &cache, .source = source));
    AKT_TRY(ask_together(me, cache));
    (void)akt_sim_advance(system, AKT_SECONDS(2));
    AKT_TRY(akt_ask(me, cache, &late, get, .key = 1));
    return show(me, "two seconds later", late);
}

int
main(void)
{
    akt_system *system = NULL;
    akt_self *me = NULL;
    akt_err err = akt_sim_start(NULL, 1, &system);

    if (err == AKT_OK) {
        err = akt_attach(system, &me);
    }
    if (err == AKT_OK) {
        err = ask_around(system, me);
    }
    akt_detach(me);
    akt_system_destroy(system);
    if (err != AKT_OK) {
        fprintf(stderr, "cache: %s\n", akt_err_text(err));
    }
    return err == AKT_OK ? 0 : 1;
}
