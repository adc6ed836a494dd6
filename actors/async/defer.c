/* SPDX-License-Identifier: MIT */
/* Clean-ups: functions and descriptors that an owner leaves behind. */
#include "actors/core/future.h"
#include "actors/core/self.h"
#include "actors/core/system.h"
#include "akt/scope.h"

#include <unistd.h>

struct deferred {
    void (*fn)(void *arg);
    void *arg;
};

static void
free_deferred(akt_self *self, struct deferred *d)
{
    akti_sizes_free(&self->ctx->caches, akti_size_class(sizeof(*d)), d,
                    sizeof(*d));
}

static void
close_deferred(akt_self *self, struct akti_cell *cell)
{
    struct deferred *d = cell->arg;

    akti_cell_release(self->ctx, cell);
    d->fn(d->arg);
    free_deferred(self, d);
}

static const struct akti_owned deferred_owned = {"deferred", close_deferred};

static bool
may_own(const akt_self *self)
{
    return (self->actor != NULL || self->port != NULL) && !self->exiting;
}

akt_err
akt_defer(akt_self *self, void (*fn)(void *arg), void *arg)
{
    struct deferred *d;

    if (!may_own(self)) {
        return AKT_ECONTEXT;
    }
    d = akti_sizes_alloc(&self->ctx->caches, akti_size_class(sizeof(*d)),
                         sizeof(*d));
    if (d == NULL) {
        return AKT_ENOMEM;
    }
    *d = (struct deferred){fn, arg};
    if (akti_owned_new(self, &deferred_owned, d) == NULL) {
        free_deferred(self, d);
        return AKT_ENOMEM;
    }
    return AKT_OK;
}

static void
close_fd(akt_self *self, struct akti_cell *cell)
{
    int fd = (int)(intptr_t)cell->arg;

    akti_cell_release(self->ctx, cell);
    (void)close(fd);
}

static const struct akti_owned fd_owned = {"descriptor", close_fd};

akt_err
akt_own_fd(akt_self *self, int fd)
{
    if (fd < 0) {
        return AKT_EINVAL;
    }
    if (!may_own(self)) {
        return AKT_ECONTEXT;
    }
    return akti_owned_new(self, &fd_owned, (void *)(intptr_t)fd) != NULL
               ? AKT_OK
               : AKT_ENOMEM;
}
