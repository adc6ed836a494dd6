/* SPDX-License-Identifier: MIT */
/* Surveys with a typed question: made into bytes by who asks, and so the answers. */
#include "actors/base/clock.h"
#include "actors/core/send.h"
#include "akt/nng.h"
#include "akt/wire.h"

#include <string.h>

/* How much later than the survey's end its request's deadline is. */
#define GRACE_NS AKT_SECONDS(5)
#define WAIT_NS AKT_SECONDS(1)

akt_err
akti_nng_ask_all(akt_self *self, akt_ref to, const struct akt_nng_survey *how,
                 const akti_message_arg *question, akt_future *out_future)
{
    uint64_t wait_ns = how->wait_ns != 0 ? how->wait_ns : WAIT_NS;
    struct akt_nng_survey survey = *how;
    akt_wire_buffer buffer = {.ptr = NULL};
    akt_err err;

    AKT_TRY(akt_wire_encode_alloc(AKT_WIRE_NAMED, question->type,
                                  question->payload, &buffer, NULL));
    survey.data = (akt_bytes){buffer.ptr, buffer.length};
    err = akti_ask(self, to, akti_clock_add(wait_ns, GRACE_NS),
                   &(akti_message_arg){&akt_nng_survey_type, &survey},
                   out_future);
    akt_wire_free(&buffer);
    return err;
}

bool
akti_nng_next_answer(const struct akt_nng_answers *answers, uint32_t *at,
                     const akt_type *type, void *out)
{
    while (*at < answers->count) {
        akt_bytes bytes = answers->answers[(*at)++];

        if (akt_wire_decode(AKT_WIRE_NAMED, type, bytes, out, NULL) == AKT_OK) {
            return true;
        }
    }
    return false;
}
