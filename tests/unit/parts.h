/* SPDX-License-Identifier: MIT */
/*
 * Tasks that are parts of combined futures, and bodies that combine them: run as a
 * task, and by the thread itself. Included by one file of a program.
 */
#ifndef AKT_TESTS_UNIT_PARTS_H
#define AKT_TESTS_UNIT_PARTS_H

#include "tests/support/sim.h"

#define NUMBER(F) F(i64, n)
AKT_MESSAGE(put, NUMBER);

#define OWN_ERROR ((akt_err)(AKT_EUSER + 7))

static int running;

/* What a part does: sleeps, and then returns a number, or fails by a negative one;
 * cancelled it takes `linger` ms to clean up. */
struct part {
    int64_t n;
    int64_t ms;
    int64_t linger;
};

static akt_err
clean_up(akt_self *self, const struct part *p)
{
    akt_task_shield(self, true);
    assert_ok(akt_sleep(self, AKT_MS(p->linger)));
    akt_task_shield(self, false);
    sim_note(-p->n);
    running--;
    return AKT_ECANCELLED;
}

static akt_err
part(akt_self *self, struct part *p)
{
    running++;
    if (akt_sleep(self, AKT_MS(p->ms)) != AKT_OK) {
        return clean_up(self, p);
    }
    running--;
    sim_note(p->n);
    if (p->n < 0) {
        return akt_task_fail(self, OWN_ERROR, "it went wrong");
    }
    return akt_task_return(self, put, .n = p->n);
}
AKT_TASK(part, struct part);

/* Spawns such a task; 50 ms to clean up. */
static inline akt_future
spawn_part(akt_self *self, int64_t n, int64_t ms)
{
    akt_task task;

    assert_ok(
        akt_task_spawn(self, part, &task, .n = n, .ms = ms, .linger = 50));
    return task.future;
}

static inline int64_t
number(const akt_answer *answer)
{
    const struct put *p = akt_answer_as(answer, put);

    return p != NULL ? p->n : -1000 - (int64_t)answer->error;
}

/* --- a body that runs as a task, and as the thread itself --- */

struct body {
    void (*fn)(akt_self *self);
};

static akt_err
doing(akt_self *self, struct body *b)
{
    b->fn(self);
    return AKT_OK;
}
AKT_TASK(doing, struct body);

static inline void
in_task(struct sim *sim, void (*fn)(akt_self *))
{
    akt_task task;

    running = 0;
    assert_ok(akt_task_spawn(sim->me, doing, &task, .fn = fn));
    assert_ok(akt_join(sim->me, task));
    assert_int_equal(running, 0);
}

static inline void
in_both(struct sim *sim, void (*fn)(akt_self *))
{
    in_task(sim, fn);
    sim_forget();
    fn(sim->me);
    assert_int_equal(running, 0);
}

/* The end of a whole, of which nothing runs then. */
static inline akt_answer *
end_of(akt_self *self, akt_future whole)
{
    akt_answer *answer = NULL;

    assert_ok(akt_await(self, whole, &answer));
    assert_int_equal(running, 0);
    return answer;
}

#endif
