/* SPDX-License-Identifier: MIT */
/*
 * A bank whose tellers first ask for a balance and then take the money: check, then
 * act. Two tellers at one account may both find enough in it. A worker leaves
 * next to no time for that, and nobody sees it (with several, on a busy machine, it
 * is one day in ten thousand); the simulation goes through the orders in which things
 * can happen, and shows a short one that is wrong.
 *
 *     bank_sim threads [DAYS]   on one worker: how often it went wrong
 *     bank_sim explore          the simulation, of the bank as it is
 *     bank_sim mended           the same, where an account checks and acts at once
 */
#include <akt/akt.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CENTS(F) F(i64, cents)
AKT_MESSAGE(balance, CENTS);
AKT_SIGNAL_REQUEST(query, balance);    /* how much is there? */
AKT_MESSAGE(take, CENTS);              /* without a look */
AKT_REQUEST(withdraw, CENTS, balance); /* what a customer wants */
AKT_SIGNAL(come_in);                   /* the next one, please */

/* --- an account --- */

struct account {
    int64_t cents;
};

static akt_err
on_query(akt_self *self, struct account *a, const struct query *m)
{
    return akt_reply(self, m, .cents = a->cents);
}

static akt_err
on_take(akt_self *self, struct account *a, const struct take *m)
{
    (void)self;
    a->cents -= m->cents;
    return AKT_OK;
}

/* As it should be: nothing comes between the look and the taking. */
static akt_err
on_withdraw_here(akt_self *self, struct account *a, const struct withdraw *m)
{
    a->cents -= a->cents >= m->cents ? m->cents : 0;
    return akt_reply(self, m, .cents = a->cents);
}

AKT_CLASS(account, struct account, AKT_ON(query, on_query),
          AKT_ON(take, on_take), AKT_ON(withdraw, on_withdraw_here));

/* --- a teller, who has one customer --- */

struct teller {
    akt_ref account;
    akt_ref door; /* where the next one waits */
    bool mended;
    int64_t cents;
    akt_promise_of(withdraw) customer;
};

static akt_err
on_balance(akt_self *self, struct teller *t, const akt_answer *answer,
           const struct balance *b)
{
    (void)answer;
    /* The mistake: what was so when it was asked need not be so now. */
    if (b != NULL && b->cents >= t->cents) {
        AKT_TRY(akt_send(self, t->account, take, .cents = t->cents));
    }
    return akt_promise_reply(self, &t->customer, .cents = b ? b->cents : 0);
}
AKT_THEN(on_balance, struct teller, query);

static akt_err
on_withdraw(akt_self *self, struct teller *t, const struct withdraw *m)
{
    akt_future f;
    if (!akt_ref_is_none(t->door)) {
        AKT_TRY(akt_send(self, t->door, come_in));
    }
    if (t->mended) {
        return akt_forward(self, t->account);
    }
    t->cents = m->cents;
    AKT_TRY(akt_keep(self, m, &t->customer));
    AKT_TRY(akt_ask(self, t->account, &f, query));
    return akt_then(self, f, on_balance, NULL);
}

AKT_CLASS(teller, struct teller, AKT_ON(withdraw, on_withdraw));

/* --- a desk, which sends a customer on; the first one is the door --- */

struct desk {
    akt_ref next;
    bool open;
};

static akt_err
on_customer(akt_self *self, struct desk *d, const struct withdraw *m)
{
    (void)m;
    return d->open ? akt_forward(self, d->next) : akt_stash(self);
}

static akt_err
on_come_in(akt_self *self, struct desk *d, const struct come_in *m)
{
    (void)m;
    d->open = true;
    (void)akt_unstash(self);
    return AKT_OK;
}

AKT_CLASS(desk, struct desk, AKT_ON(withdraw, on_customer),
          AKT_ON(come_in, on_come_in));

/* --- a day at the bank --- */

#define DESKS 4

struct bank {
    akt_ref account;
    akt_ref tellers[2];
    akt_ref desks[DESKS];
};

/* The way to the second teller leads past all the desks. */
static akt_err
open_bank(akt_self *me, bool mended, struct bank *b)
{
    AKT_TRY(akt_spawn(me, account, &b->account, .cents = 100));
    AKT_TRY(akt_spawn(me, teller, &b->tellers[1], .account = b->account,
                      .mended = mended));
    akt_ref next = b->tellers[1];
    for (int i = DESKS - 1; i >= 0; i--) {
        AKT_TRY(akt_spawn(me, desk, &b->desks[i], .next = next, .open = i > 0));
        next = b->desks[i];
    }
    return akt_spawn(me, teller, &b->tellers[0], .account = b->account,
                     .door = b->desks[0], .mended = mended);
}

static akt_err
wait_for(akt_self *me, akt_future f, int64_t *out_cents)
{
    akt_answer *answer;
    AKT_TRY(akt_wait(me, f, &answer));
    const struct balance *b = akt_answer_as(answer, balance);
    *out_cents = b != NULL ? b->cents : 0;
    akt_answer_free(me, answer);
    return AKT_OK;
}

static akt_err
serve_two(akt_self *me, const struct bank *b)
{
    akt_future first;
    akt_future second;
    int64_t cents;
    AKT_TRY(akt_ask(me, b->desks[0], &second, withdraw, .cents = 60));
    AKT_TRY(akt_ask(me, b->tellers[0], &first, withdraw, .cents = 70));
    AKT_TRY(wait_for(me, first, &cents));
    return wait_for(me, second, &cents);
}

/* Two customers, one account with 100 cents, and what is in it in the evening. */
static akt_err
spend_day(akt_self *me, bool mended, int64_t *out_cents)
{
    struct bank b;
    akt_future evening;
    AKT_TRY(open_bank(me, mended, &b));
    AKT_TRY(serve_two(me, &b));
    AKT_TRY(akt_ask(me, b.account, &evening, query));
    return wait_for(me, evening, out_cents);
}

/* --- on threads, and in the simulation --- */

static akt_err
run_on_threads(int days)
{
    akt_system_opts opts = AKT_SYSTEM_OPTS_INIT;
    akt_system *system;
    akt_self *me = NULL;
    int wrong = 0;
    opts.workers = 1;
    AKT_TRY(akt_system_start(&opts, &system));
    akt_err err = akt_attach(system, &me);
    for (int i = 0; i < days && err == AKT_OK; i++) {
        int64_t cents = 0;
        err = spend_day(me, false, &cents);
        wrong += cents < 0;
    }
    akt_detach(me);
    akt_system_destroy(system);
    printf("on threads: %d of %d days ended below zero\n", wrong, days);
    return err;
}

static akt_err
simulate(akt_system *system, akt_self *me, void *mended)
{
    int64_t cents = 0;
    AKT_TRY(spend_day(me, *(bool *)mended, &cents));
    if (cents < 0) {
        akt_sim_fail(system, "the account is below zero");
    }
    return AKT_OK;
}

static akt_err
explore(bool mended)
{
    akt_explore_opts opts = AKT_EXPLORE_OPTS_INIT;
    akt_explore_result result;
    opts.name = "bank";
    opts.seeds = 10000;
    AKT_TRY(akt_explore(&opts, simulate, &mended, &result));
    printf("simulated: %" PRIu64 " days, none ended below zero\n", result.runs);
    return AKT_OK;
}

int
main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    akt_err err = AKT_OK;
    if (strcmp(what, "threads") == 0) {
        err = run_on_threads(argc > 2 ? (int)strtol(argv[2], NULL, 10) : 1000);
    } else if (strcmp(what, "explore") == 0 || strcmp(what, "mended") == 0) {
        err = explore(strcmp(what, "mended") == 0);
    } else {
        fprintf(stderr, "usage: bank_sim threads [DAYS] | explore | mended\n");
        return 2;
    }
    if (err != AKT_OK) {
        fprintf(stderr, "bank_sim: %s\n", akt_err_text(err));
    }
    return err == AKT_OK ? 0 : 1;
}
