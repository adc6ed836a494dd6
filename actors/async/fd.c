/* SPDX-License-Identifier: MIT */
/* Waiting for a descriptor: by a future, or until one has ended. */
#include "akt/fd.h"

#include "actors/async/task.h"
#include "actors/core/readiness.h"
#include "akt/oneshot.h"

/* Whether the caller may wait. */
static akt_err
check(akt_self *self)
{
    const struct akti_task *t = akti_task_of(self);

    if (t == NULL) {
        return self->port != NULL ? AKT_OK : AKT_ECONTEXT;
    }
    return akti_task_must_end(t) ? AKT_ECANCELLED : AKT_OK;
}

static akt_err
wait_for(akt_self *self, const struct akt_fd_look *what, uint64_t timeout_ns,
         uint32_t *out_ready)
{
    struct akt_fd_event event;
    akti_want want = {&akt_fd_event_type, &event};
    akt_future future;
    akt_err err;

    AKT_TRY(akti_readiness_open(self, what, timeout_ns, &future));
    err = akti_await_as(self, future, &want, NULL);
    if (err != AKT_OK) {
        akt_future_drop(self, future);
        return err;
    }
    *out_ready = event.events;
    return AKT_OK;
}

akt_err
akt_fd_wait(akt_self *self, int fd, uint32_t events, uint64_t timeout_ns,
            uint32_t *out_ready)
{
    struct akt_fd_look what = {{{.fd = fd, .events = events}}};
    uint32_t ready = 0;

    AKT_TRY(check(self));
    AKT_TRY(akti_readiness_look(self, fd, events, &ready));
    if (ready == 0) {
        AKT_TRY(timeout_ns != 0 ? wait_for(self, &what, timeout_ns, &ready)
                                : AKT_ETIMEOUT);
    }
    if (out_ready != NULL) {
        *out_ready = ready;
    }
    return AKT_OK;
}

akt_err
akt_fd_ready(akt_self *self, int fd, uint32_t events, uint64_t timeout_ns,
             akt_future *out_future)
{
    struct akt_fd_look what = {{{.fd = fd, .events = events}}};
    struct akt_fd_event event = {.fd = fd};
    akti_message_arg reply = {&akt_fd_event_type, &event};
    akt_future future = {NULL, 0};
    akt_err err;

    AKT_TRY(akti_readiness_look(self, fd, events, &event.events));
    err = event.events != 0
              ? akti_future_ready(self, &reply, &future)
              : akti_readiness_open(self, &what, timeout_ns, &future);
    if (err == AKT_OK) {
        *out_future = future;
    }
    return err;
}
