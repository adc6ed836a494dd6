/* SPDX-License-Identifier: MIT */
/*
 * Channels in every schedule where nobody but the oracle counts: the calls of these
 * tasks may end either way, and what they say has to be what became of the values.
 */
#include "tests/unit/channels.h"

#include "akt/select.h"

enum {
    TASKS = 3,
    ROUNDS = 6
};

struct ends {
    akt_tx tx;
    akt_rx rx;
};

/* --- select --- */

static akt_err
sends_by_select(akt_self *self, void *arg)
{
    struct ends *e = arg;
    int64_t i;
    size_t which;

    for (i = 0; i < ROUNDS; i++) {
        akt_branch b[] = {AKT_WHEN_SENT(e->tx, num, .n = i)};

        AKT_TRY(akt_select(self, b, 1, AKT_SELECT_FAIR, AKT_NEVER, &which));
    }
    return AKT_OK;
}

static akt_err
takes_by_select(akt_self *self, void *arg)
{
    struct ends *e = arg;
    struct num got;
    size_t which;
    akt_branch b[] = {AKT_WHEN_RECV(e->rx, num, &got)};

    do {
        AKT_TRY(akt_select(self, b, 1, AKT_SELECT_FAIR, AKT_NEVER, &which));
    } while (b[0].error == AKT_OK);
    return AKT_OK;
}

/* They are cancelled while others make room. */
static void
selects_that_are_cancelled(struct sim *sim)
{
    struct ends e;
    akt_task task[TASKS];
    struct num got;
    int i;

    assert_ok(akt_channel_open(sim->me, num, 1, &e.tx, &e.rx));
    for (i = 0; i < TASKS; i++) {
        task[i] = begin_task(sim->me, sends_by_select, &e);
    }
    for (i = 0; i < TASKS; i++) {
        run_steps(sim, 3 + sim->seed % 11);
        akt_ignore(akt_task_cancel(sim->me, task[i]));
        akt_ignore(akt_channel_try_recv(sim->me, e.rx, num, &got));
    }
    for (i = 0; i < TASKS; i++) {
        akt_ignore(akt_join(sim->me, task[i]));
    }
    while (akt_channel_try_recv(sim->me, e.rx, num, &got) == AKT_OK) {
    }
}

static void
test_a_select_says_what_it_sent(void **state)
{
    (void)state;
    sim_each_seed(selects_that_are_cancelled);
}

/* The last value and the close come while it waits. */
static void
selects_until_closed(struct sim *sim)
{
    struct ends e;
    akt_task task;

    assert_ok(akt_channel_open(sim->me, num, 4, &e.tx, &e.rx));
    task = begin_task(sim->me, takes_by_select, &e);
    run_steps(sim, sim->seed % 7);
    assert_ok(akt_channel_try_send(sim->me, e.tx, num, .n = 1));
    assert_ok(akt_channel_try_send(sim->me, e.tx, num, .n = 2));
    assert_ok(akt_tx_close(sim->me, e.tx));
    assert_ok(akt_join(sim->me, task));
}

static void
test_a_select_says_closed_when_nothing_is_left(void **state)
{
    (void)state;
    sim_each_seed(selects_until_closed);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sim_test(test_a_select_says_what_it_sent),
        sim_test(test_a_select_says_closed_when_nothing_is_left),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
