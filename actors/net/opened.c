/* SPDX-License-Identifier: MIT */
/*
 * Sockets that listen or dial from the beginning: the owner, a task or a thread,
 * waits until they do.
 */
#include "actors/async/task.h"
#include "actors/net/socket.h"
#include "akt/task.h"

#include <string.h>

/* An address to listen on or to dial. */
struct wish {
    struct akti_socket *socket;
    const char *doing;
    const char *url;
    akt_future future;
};

static void
keep_url(struct akti_socket *s, akt_text url)
{
    if (s->url[0] == '\0') {
        memcpy(s->url, url.ptr, url.len);
        s->url[url.len] = '\0';
    }
}

/* What nobody has said more about gets the address in front. */
static akt_err
fail_at(const struct wish *w, akt_err err, akt_error *error)
{
    (void)akt_error_set(error, err, NULL);
    return akt_error_wrap(error, err, "%s %s", w->doing, w->url);
}

static akt_err
wait_for(akt_self *self, struct wish *w, akt_error *error)
{
    const struct akt_nng_bound *bound;
    akt_answer *answer = NULL;
    akt_err err = akt_await(self, w->future, &answer);

    if (err != AKT_OK) {
        akt_future_drop(self, w->future);
        return fail_at(w, err, error);
    }
    err = akt_answer_error(answer, error);
    bound = akt_answer_as(answer, akt_nng_bound);
    if (bound != NULL) {
        keep_url(w->socket, bound->url);
    } else if (answer->outcome != AKT_FAILED) {
        err = fail_at(w, err, error);
    }
    akt_answer_free(self, answer);
    return err;
}

static akt_err
listen_at(akt_self *self, struct akti_socket *s, const char *url,
          akt_error *error)
{
    struct wish w = {s, "listen on", url, {NULL, 0}};
    akt_err err = akt_ask(self, s->out, &w.future, akt_nng_listen,
                          .url = akt_text_of(url));

    return err == AKT_OK ? wait_for(self, &w, error) : fail_at(&w, err, error);
}

static akt_err
dial_to(akt_self *self, struct akti_socket *s, const akt_nng_opts *opts,
        akt_error *error)
{
    struct wish w = {s, "dial", opts->dial, {NULL, 0}};
    akt_err err = akt_ask(self, s->out, &w.future, akt_nng_dial,
                          .url = akt_text_of(opts->dial), .once = opts->once);

    return err == AKT_OK ? wait_for(self, &w, error) : fail_at(&w, err, error);
}

/* A task or an attached thread. */
static bool
may_wait(const akt_self *self)
{
    return self->port != NULL || akti_task_of(self) != NULL;
}

static akt_err
check_caller(akt_self *self, const akt_nng_opts *opts, akt_error *error)
{
    if ((opts->listen == NULL && opts->dial == NULL) || may_wait(self)) {
        return AKT_OK;
    }
    return akt_error_set(error, AKT_ECONTEXT,
                         "a handler cannot wait for an address: open the "
                         "socket without, and ask it for akt_nng_listen or "
                         "akt_nng_dial");
}

akt_err
akt_nng_open(akt_self *self, const akt_nng_opts *opts, akt_nng *out_socket,
             akt_error *error)
{
    struct akti_socket *s;
    akt_err err = AKT_OK;
    akt_nng socket;

    AKT_TRY(check_caller(self, opts, error));
    AKT_TRY(akti_socket_open(self, opts, &socket, error));
    s = akti_socket_of(self, socket);
    if (opts->listen != NULL) {
        err = listen_at(self, s, opts->listen, error);
    }
    if (err == AKT_OK && opts->dial != NULL) {
        err = dial_to(self, s, opts, error);
    }
    if (err != AKT_OK) {
        akt_nng_close(self, socket);
        return err;
    }
    *out_socket = socket;
    return AKT_OK;
}

const char *
akt_nng_url(akt_self *self, akt_nng socket)
{
    struct akti_socket *s = akti_socket_of(self, socket);

    return s != NULL ? s->url : "";
}
