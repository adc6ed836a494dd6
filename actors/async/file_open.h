/* SPDX-License-Identifier: MIT */
/*
 * What is open: a file or a directory. A handle names something that its owner
 * owns; what the system gave is in the hands of jobs alone, which run one at a
 * time in the lane of the blocking pool that each has. So the handle is there at
 * once, what is asked of it waits for the opening, and the last job of the lane,
 * whose room was set aside with the handle, closes and frees it: when it is
 * closed, or when its owner ends.
 */
#ifndef AKT_ASYNC_FILE_OPEN_H
#define AKT_ASYNC_FILE_OPEN_H

#include "actors/core/cell.h"
#include "actors/core/job.h"

#include <stddef.h>

/* A job, what it is asked, and the future that it answers. */
struct akti_ask {
    const akt_job *what;
    const akti_message_arg *arg;
    akt_future *out_future;
    const char *doing; /* what it does, as its errors say */
};

/* The first member of what is open. */
struct akti_open {
    struct akti_lane lane;
    struct akti_job last; /* closes and frees it */
    void (*end)(struct akti_context *ctx,
                struct akti_open *open); /* closes it; in the last job */
    size_t size;                         /* of the block */
    akt_text path;                       /* at its end, with a NUL */
};

/*
 * A zeroed block of `size` bytes that begins with an akti_open, and the path
 * behind it. AKT_ESIZE, AKT_ENOMEM, AKT_ECONTEXT (in a job).
 */
akt_err akti_open_new(akt_self *self, size_t size, akt_text path,
                      void (*end)(struct akti_context *ctx,
                                  struct akti_open *open),
                      struct akti_open **out);

/* Asks for the first job, and gives out the handle. On an error it is freed. */
akt_err akti_open_begin(akt_self *self, const struct akti_owned *owned,
                        struct akti_open *open, const struct akti_ask *ask,
                        struct akti_cell **out_cell);

/* What a handle of the caller's names; NULL: nothing. */
struct akti_open *akti_open_find(akt_self *self, void *cell,
                                 uint32_t generation,
                                 const struct akti_owned *owned);

/* Asks for a job in its lane. */
akt_err akti_open_ask(akt_self *self, struct akti_open *open,
                      const struct akti_ask *ask);

/* For akti_owned: the handle goes; what it named when its last job has run. */
void akti_open_close(akt_self *self, struct akti_cell *cell);

/* In a job: what its lane is of. */
struct akti_open *akti_open_of_job(akt_self *self);

#endif
