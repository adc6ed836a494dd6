/* SPDX-License-Identifier: MIT */
/*
 * A request has exactly one outcome. The main thread asks an account for money:
 * it gets a reply, an error with a sentence, and, from somebody who never
 * answers, a time-out.
 */
#include <akt/akt.h>

#include <inttypes.h>
#include <stdio.h>

#define WITHDRAW(F) F(i64, cents)
#define BALANCE(F) F(i64, cents)
AKT_MESSAGE(balance, BALANCE);
AKT_REQUEST(withdraw, WITHDRAW, balance);

#define ENOTENOUGH ((akt_err)(AKT_EUSER + 1))

struct account {
    int64_t cents;
};

static akt_err
on_withdraw(akt_self *self, struct account *a, const struct withdraw *m)
{
    if (m->cents > a->cents) {
        return akt_reply_error(self, ENOTENOUGH, "there is not enough money");
    }
    a->cents -= m->cents;
    return akt_reply(self, m, .cents = a->cents);
}

AKT_CLASS(account, struct account, AKT_ON(withdraw, on_withdraw));

/* It keeps the promise and never answers. */
struct sloth {
    akt_promise_of(withdraw) pending;
};

static akt_err
on_withdraw_slowly(akt_self *self, struct sloth *s, const struct withdraw *m)
{
    return akt_keep(self, m, &s->pending);
}

AKT_CLASS(sloth, struct sloth, AKT_ON(withdraw, on_withdraw_slowly));

static akt_err
show(akt_self *me, akt_ref from, int64_t cents)
{
    akt_future f;
    akt_answer *answer = NULL;
    AKT_TRY(akt_ask_within(me, AKT_MS(50), from, &f, withdraw, .cents = cents));
    AKT_TRY(akt_wait(me, f, &answer));
    const struct balance *b = akt_answer_as(answer, balance);
    if (b != NULL) {
        printf("asked for %" PRId64 ": replied, %" PRId64 " are left\n", cents,
               b->cents);
    } else if (answer->outcome == AKT_FAILED) {
        printf("asked for %" PRId64 ": failed, %s\n", cents, answer->text.ptr);
    } else {
        printf("asked for %" PRId64 ": no answer, %s\n", cents,
               akt_err_text(answer->error));
    }
    akt_answer_free(me, answer);
    return AKT_OK;
}

static akt_err
show_all(akt_self *me)
{
    akt_ref ada;
    akt_ref sid;
    AKT_TRY(akt_spawn(me, account, &ada, .cents = 100));
    AKT_TRY(akt_spawn(me, sloth, &sid));
    AKT_TRY(show(me, ada, 30));
    AKT_TRY(show(me, ada, 500));
    AKT_TRY(show(me, sid, 1));
    return show(me, ada, 70);
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
        err = show_all(me);
    }
    akt_detach(me);
    akt_system_destroy(system);
    if (err != AKT_OK) {
        fprintf(stderr, "ask_reply: %s\n", akt_err_text(err));
    }
    return err == AKT_OK ? 0 : 1;
}
