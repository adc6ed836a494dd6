/* SPDX-License-Identifier: MIT */
/*
 * The mailbox's word among threads: three producers against one consumer,
 * actors whose owner runs on whatever thread woke it, and the bound, which is
 * exact however many push at once.
 */
#include "mailbox/mailbox.h"
#include "tests/unit/unit.h"

#include <pthread.h>
#include <sched.h>
#include <string.h>

#define PRODUCERS 3u
#define RING 16u

/* Messages lie at multiples of 64, as those of the pool do. */
struct slot {
    _Alignas(64) struct akti_message m;
    _Atomic uint32_t busy; /* in the mailbox or with the consumer */
};

struct race {
    struct akti_mailbox box;
    uint32_t capacity;
    uint32_t per_producer;
    uint64_t seed;
    struct slot ring[PRODUCERS][RING];
    /* owner of the token */
    uint64_t next[PRODUCERS]; /* sequence that is expected */
    uint32_t running;         /* 1 while somebody runs; not atomic on purpose */
    uint64_t handled;
    const char *wrong;
    /* any */
    _Atomic uint32_t tokens; /* put down by wakers for the consumer */
    _Atomic uint32_t orders;
    _Atomic uint32_t producers_done;
    _Atomic uint64_t accepted;
    _Atomic uint32_t over; /* the bound was seen exceeded */
};

static void
note(struct race *r, bool good, const char *text)
{
    if (!good && r->wrong == NULL) {
        r->wrong = text;
    }
}

static void
watch_bound(struct race *r)
{
    if (akti_mailbox_users(&r->box) > r->capacity) {
        atomic_fetch_add_explicit(&r->over, 1, memory_order_relaxed);
    }
}

static void
handle(struct race *r, struct akti_message *m)
{
    note(r, m->sender_slot < PRODUCERS, "a strange message");
    note(r, m->deadline_ns == r->next[m->sender_slot],
         "messages of one producer are not in order");
    r->next[m->sender_slot] = m->deadline_ns + 1;
    r->handled++;
    /* release: the producer may write to it again */
    atomic_store_explicit(&((struct slot *)m)->busy, 0, memory_order_release);
}

/* One turn of the owner: takes all, handles it oldest first. */
static unsigned
turn(struct race *r, struct akti_random *random)
{
    struct akti_message *newest = akti_mailbox_take(&r->box);
    struct akti_message *oldest = NULL;
    uint32_t credited = 0;

    note(r, r->running++ == 0, "two run at the same time");
    (void)atomic_exchange_explicit(&r->orders, 0, memory_order_relaxed);
    while (newest != NULL) {
        struct akti_message *next = newest->next;

        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    while (oldest != NULL) {
        struct akti_message *next = oldest->next;

        credited += (oldest->flags & AKTI_CREDITED) != 0;
        handle(r, oldest);
        oldest = next;
        if (credited > 0 && akti_random_below(random, 8) == 0) {
            akti_mailbox_credit(&r->box, 1);
            credited--;
        }
    }
    watch_bound(r);
    r->running--;
    return akti_mailbox_finish(&r->box, credited, 0, false);
}

static struct akti_message *
prepare(struct race *r, uint32_t number, uint64_t sequence)
{
    struct slot *s = &r->ring[number][sequence % RING];

    /* acquire: whoever handled it has done with it */
    while (atomic_load_explicit(&s->busy, memory_order_acquire) != 0) {
        (void)sched_yield();
    }
    s->m.sender_slot = number;
    s->m.deadline_ns = sequence;
    s->m.flags = 0;
    atomic_store_explicit(&s->busy, 1, memory_order_relaxed);
    return &s->m;
}

/* Some are sent, some have room of their own, some are followed by an order. */
static bool
send_one(struct race *r, struct akti_random *random, struct akti_message *m)
{
    bool reserved = akti_random_below(random, 10) == 0;
    enum akti_push pushed;

    for (;;) {
        pushed = reserved ? akti_mailbox_push_reserved(&r->box, m)
                          : akti_mailbox_push(&r->box, m, r->capacity);
        watch_bound(r);
        if (pushed != AKTI_PUSH_FULL) {
            break;
        }
        (void)sched_yield();
    }
    atomic_fetch_add_explicit(&r->accepted, 1, memory_order_relaxed);
    return pushed == AKTI_PUSHED_WAKE;
}

static bool
maybe_order(struct race *r, struct akti_random *random)
{
    if (akti_random_below(random, 20) != 0) {
        return false;
    }
    atomic_fetch_add_explicit(&r->orders, 1, memory_order_relaxed);
    return akti_mailbox_order(&r->box);
}

struct producer {
    struct race *race;
    uint32_t number;
    bool runs_owner; /* else the consumer's thread does */
    pthread_t thread;
};

static void
woken(struct producer *p, struct akti_random *random)
{
    struct race *r = p->race;

    if (!p->runs_owner) {
        /* Relaxed: the word of the mailbox orders what matters. */
        atomic_fetch_add_explicit(&r->tokens, 1, memory_order_relaxed);
        return;
    }
    while ((turn(r, random) & AKTI_FINISH_MORE) != 0) {
    }
}

static void *
produce(void *arg)
{
    struct producer *p = arg;
    struct race *r = p->race;
    struct akti_random random = {r->seed * 100 + p->number};
    uint64_t i;

    for (i = 0; i < r->per_producer; i++) {
        if (send_one(r, &random, prepare(r, p->number, i))) {
            woken(p, &random);
        }
        if (maybe_order(r, &random)) {
            woken(p, &random);
        }
    }
    /* release: its tokens are seen before its end */
    atomic_fetch_add_explicit(&r->producers_done, 1, memory_order_release);
    return NULL;
}

/* Waits for the token, which there is at most one of. False at the end. */
static bool
token(struct race *r)
{
    for (;;) {
        uint32_t done =
            atomic_load_explicit(&r->producers_done, memory_order_acquire);
        uint32_t n =
            atomic_exchange_explicit(&r->tokens, 0, memory_order_relaxed);

        note(r, n <= 1, "two tokens are out");
        if (n > 0) {
            return true;
        }
        if (done == PRODUCERS) {
            return false;
        }
        (void)sched_yield();
    }
}

static void
consume(struct race *r)
{
    struct akti_random random = {r->seed};

    while (token(r)) {
        while ((turn(r, &random) & AKTI_FINISH_MORE) != 0) {
        }
    }
}

static const char *
verdict(struct race *r)
{
    uint64_t sum = (uint64_t)PRODUCERS * r->per_producer;

    note(r, atomic_load(&r->over) == 0, "the bound was exceeded");
    note(r, atomic_load(&r->accepted) == sum, "not all were accepted");
    note(r, r->handled == sum, "accepted and handled differ");
    note(r, akti_mailbox_is_empty(&r->box), "something is left");
    note(r, akti_mailbox_users(&r->box) == 0, "the count is not back at zero");
    note(r, atomic_load(&r->orders) == 0, "an order was not seen");
    return r->wrong;
}

static const char *
run_race(uint64_t seed, bool runs_owner)
{
    static struct race r;
    struct producer producer[PRODUCERS];
    uint32_t i;

    memset(&r, 0, sizeof(r));
    r.seed = seed;
    r.capacity = 1 + (uint32_t)(seed % 9);
    r.per_producer = 4000;
    akti_mailbox_open(&r.box);
    for (i = 0; i < PRODUCERS; i++) {
        producer[i] = (struct producer){&r, i, runs_owner, (pthread_t){0}};
        if (pthread_create(&producer[i].thread, NULL, produce, &producer[i])
            != 0) {
            return "no thread";
        }
    }
    if (!runs_owner) {
        consume(&r);
    }
    for (i = 0; i < PRODUCERS; i++) {
        (void)pthread_join(producer[i].thread, NULL);
    }
    return verdict(&r);
}

static const char *
one_consumer(uint64_t seed)
{
    return run_race(seed, false);
}

static const char *
wakers_run(uint64_t seed)
{
    return run_race(seed, true);
}

static void
test_three_producers_and_a_consumer_lose_nothing(void **state)
{
    (void)state;
    unit_for_each_seed(20, one_consumer);
}

static void
test_owner_on_changing_threads_sees_its_own_past(void **state)
{
    (void)state;
    unit_for_each_seed(20, wakers_run);
}

/* --- the bound is exact --- */

struct rush {
    struct akti_mailbox box;
    struct slot slot[PRODUCERS][64];
    uint32_t capacity;
    _Atomic uint32_t arrived;
    _Atomic uint32_t accepted;
    _Atomic uint32_t wakes;
};

struct rusher {
    struct rush *rush;
    uint32_t number;
    pthread_t thread;
};

static void *
push_until_full(void *arg)
{
    struct rusher *me = arg;
    struct rush *r = me->rush;
    uint32_t i;

    atomic_fetch_add_explicit(&r->arrived, 1, memory_order_relaxed);
    while (atomic_load_explicit(&r->arrived, memory_order_relaxed)
           < PRODUCERS) {
        (void)sched_yield();
    }
    for (i = 0; i < 64; i++) {
        enum akti_push pushed =
            akti_mailbox_push(&r->box, &r->slot[me->number][i].m, r->capacity);

        if (pushed == AKTI_PUSH_FULL) {
            break;
        }
        atomic_fetch_add_explicit(&r->accepted, 1, memory_order_relaxed);
        atomic_fetch_add_explicit(&r->wakes, pushed == AKTI_PUSHED_WAKE,
                                  memory_order_relaxed);
    }
    return NULL;
}

static uint32_t
length(const struct akti_message *m)
{
    uint32_t n = 0;

    for (; m != NULL; m = m->next) {
        n++;
    }
    return n;
}

static const char *
rush_once(uint64_t seed)
{
    static struct rush r;
    struct rusher rusher[PRODUCERS];
    uint32_t i;

    memset(&r, 0, sizeof(r));
    r.capacity = 1 + (uint32_t)(seed % 63);
    akti_mailbox_open(&r.box);
    for (i = 0; i < PRODUCERS; i++) {
        rusher[i] = (struct rusher){&r, i, (pthread_t){0}};
        if (pthread_create(&rusher[i].thread, NULL, push_until_full, &rusher[i])
            != 0) {
            return "no thread";
        }
    }
    for (i = 0; i < PRODUCERS; i++) {
        (void)pthread_join(rusher[i].thread, NULL);
    }
    if (atomic_load(&r.accepted) != r.capacity
        || akti_mailbox_users(&r.box) != r.capacity) {
        return "not as many as the bound were accepted";
    }
    if (atomic_load(&r.wakes) != 1) {
        return "not one waker";
    }
    return length(akti_mailbox_take(&r.box)) == r.capacity
               ? NULL
               : "taken and accepted differ";
}

static void
test_push_by_three_fills_exactly_to_the_bound(void **state)
{
    (void)state;
    unit_for_each_seed(300, rush_once);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_three_producers_and_a_consumer_lose_nothing),
        cmocka_unit_test(test_owner_on_changing_threads_sees_its_own_past),
        cmocka_unit_test(test_push_by_three_fills_exactly_to_the_bound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
