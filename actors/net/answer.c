/* SPDX-License-Identifier: MIT */
/* What becomes of the packets by which OUT's requests end. */
#include "actors/base/mutant.h"
#include "actors/core/future.h"
#include "actors/net/asks.h"
#include "actors/net/typed.h"

/* What the kept request is answered by. */
static const akt_type *
reply_of(const struct akti_ask *ask_of)
{
    const struct akti_cell *cell = ask_of->promise.cell;

    return cell->message->type->reply;
}

static akt_err
answer_typed(akt_self *self, struct akti_ask *ask_of,
             const struct akti_packet *p, akt_error *error)
{
    void *reply = NULL;
    akt_err err;

    AKT_TRY(akti_typed_read(p, reply_of(ask_of), &reply, error));
    err = akti_promise_reply(self, &ask_of->promise, reply);
    akti_typed_free(reply);
    return err != AKT_OK ? akt_error_set(error, err, NULL) : AKT_OK;
}

static void
answer_one(akt_self *self, struct akti_socket *s, struct akti_asks *t,
           struct akti_ask *ask_of, const struct akti_packet *p)
{
    struct akt_nng_bytes reply = {.data = akti_packet_bytes(p)};
    akt_error error = AKT_ERROR_NONE;
    akt_err err;

    if (akt_type_equal(reply_of(ask_of), &akt_nng_bytes_type)) {
        err = akti_promise_reply(self, &ask_of->promise, &reply);
        if (err != AKT_OK) {
            (void)akt_error_set(&error, err, NULL);
        }
    } else {
        err = answer_typed(self, ask_of, p, &error);
    }
    if (err != AKT_OK) {
        akti_socket_count(&s->refused);
        akt_ignore(akt_promise_fail_with(self, &ask_of->promise, &error));
    }
    akti_asks_close(self, t, ask_of);
}

/* No answer will come. */
static void
fail_one(akt_self *self, struct akti_asks *t, struct akti_ask *ask_of,
         akt_err err)
{
    const char *why =
        err == AKT_ECLOSED ? "the peer went before it answered" : NULL;

    akt_ignore(akt_promise_fail(self, &ask_of->promise, err, why));
    akti_asks_close(self, t, ask_of);
}

static bool
is_unwanted(akt_self *self, const struct akti_ask *ask_of)
{
    return ask_of == NULL
           || (ask_of->survey == NULL && akti_asks_is_over(self, ask_of)
               && !AKTI_MUTANT(net_late_answer_taken));
}

void
akti_asks_answer(akt_self *self, struct akti_socket *s, struct akti_asks *t,
                 const struct akti_packet *p)
{
    struct akti_ask *ask_of = akti_asks_find(t, p->tag);

    if (p->message == NULL) {
        if (ask_of != NULL && !AKTI_MUTANT(net_loss_not_told)) {
            fail_one(self, t, ask_of, p->err);
        }
    } else if (is_unwanted(self, ask_of)) {
        akti_socket_count(&s->unwanted);
        if (ask_of != NULL) {
            akti_asks_close(self, t, ask_of);
        }
    } else if (ask_of->survey == NULL) {
        answer_one(self, s, t, ask_of, p);
    } else if (!akti_survey_add(ask_of->survey, akti_packet_bytes(p))) {
        akti_survey_end(self, t, ask_of);
    }
}
