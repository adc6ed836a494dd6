/* SPDX-License-Identifier: MIT */
#include "actors/net/out_open.h"

#include "actors/core/future.h"
#include "actors/core/send.h"

#include <stdlib.h>
#include <string.h>

static akt_err
refuse(akt_self *self, struct akti_socket *s, akt_err err, const char *why)
{
    akti_socket_count(&s->refused);
    akt_ignore(akt_reply_error(self, err, why));
    return AKT_OK;
}

static akt_err
begin(akt_self *self, struct akti_socket *s, const void *message, akt_text url,
      enum akti_opening_kind kind)
{
    struct akti_opening *opening;
    akt_err err;

    if (url.len > AKT_NNG_URL_MAX || memchr(url.ptr, '\0', url.len) != NULL) {
        akt_ignore(akt_reply_error(self, AKT_EINVAL,
                                   "an address has at most 127 characters, and "
                                   "no NUL"));
        return AKT_OK;
    }
    opening = calloc(1, sizeof(*opening));
    if (opening == NULL) {
        return refuse(self, s, AKT_ENOMEM, NULL);
    }
    opening->kind = kind;
    if (url.len > 0) {
        memcpy(opening->url, url.ptr, url.len);
    }
    /* Sent without being asked: done all the same, and nobody hears. */
    err = akti_keep(self, message, &opening->promise);
    if (err == AKT_ENOMEM) {
        free(opening);
        return refuse(self, s, err, NULL);
    }
    s->transport->begin(s->net, opening);
    return AKT_OK;
}

akt_err
akti_out_listen(akt_self *self, void *state, const void *message)
{
    const struct akt_nng_listen *m = message;

    return begin(self, akti_side_socket(state), message, m->url,
                 AKTI_OPENING_LISTEN);
}

akt_err
akti_out_dial(akt_self *self, void *state, const void *message)
{
    const struct akt_nng_dial *m = message;

    return begin(self, akti_side_socket(state), message, m->url,
                 m->once ? AKTI_OPENING_DIAL_ONCE : AKTI_OPENING_DIAL);
}

static void
tell_opened(akt_self *self, struct akti_opening *o)
{
    struct akt_nng_bound bound = {.url = akt_text_of(o->url), .port = o->port};
    akt_err err = AKT_EENDED;

    if (o->promise.generation == 0) {
        return;
    }
    if (o->error.code == AKT_OK) {
        err = akti_promise_reply(self, &o->promise, &bound);
    } else {
        err = akt_promise_fail_with(self, &o->promise, &o->error);
    }
    if (err != AKT_OK) {
        akt_promise_drop(self, &o->promise);
    }
}

void
akti_out_take_opened(akt_self *self, struct akti_socket *s)
{
    struct akti_opening *opened = akti_link_take_opened(s->link);

    while (opened != NULL) {
        struct akti_opening *next = opened->next;

        tell_opened(self, opened);
        free(opened);
        opened = next;
    }
}

static akt_err
set_topic(akt_self *self, struct akti_socket *s, akt_bytes topic, bool wanted)
{
    akt_err err;

    if (s->protocol != AKT_NNG_SUB) {
        return refuse(self, s, AKT_EUNHANDLED, "only a SUB socket has topics");
    }
    if (s->batch_bytes > 0) {
        return refuse(self, s, AKT_EUNHANDLED,
                      "a socket with batches has no topics");
    }
    err = s->transport->topic(s->net, topic, wanted);
    return err != AKT_OK ? refuse(self, s, err, NULL) : AKT_OK;
}

akt_err
akti_out_subscribe(akt_self *self, void *state, const void *message)
{
    const struct akt_nng_subscribe *m = message;

    AKT_TRY(set_topic(self, akti_side_socket(state), m->topic, true));
    akt_ignore(akt_reply(self, m, .port = 0));
    return AKT_OK;
}

akt_err
akti_out_unsubscribe(akt_self *self, void *state, const void *message)
{
    const struct akt_nng_unsubscribe *m = message;

    AKT_TRY(set_topic(self, akti_side_socket(state), m->topic, false));
    akt_ignore(akt_reply(self, m, .port = 0));
    return AKT_OK;
}
