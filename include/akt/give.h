/* SPDX-License-Identifier: MIT */
/**
 * @file give.h
 * @brief Tasks that own what they are spawned with.
 *
 * What is opened belongs to who opened it. A task that is to close an end of a
 * channel (channel.h) gets it with its spawn:
 *
 *     akt_tx tx;
 *     akt_rx rx;
 *     AKT_TRY(akt_channel_open(self, job, 32, &tx, &rx));
 *     AKT_TRY(akt_task_spawn_giving(self, work, AKT_GIFTS(rx), &task,
 *                                   .jobs = rx));
 *
 * The end is the task's from its first turn on, whatever it does then, and closes
 * when it ends. A spawn that fails closes it too: after this line it is not the
 * caller's in any case. The same goes for permits of channels, and for permits of
 * semaphores that are held (semaphore.h), so that there are at most so many tasks:
 *
 *     AKT_TRY(akt_semaphore_hold(self, slots, 1, &slot));
 *     AKT_TRY(akt_task_spawn_giving(self, serve, AKT_GIFTS(slot), NULL,
 *                                   .client = client));
 *
 * To give an end to what runs already there are `akt_tx_give` and `akt_rx_give`.
 */
#ifndef AKT_GIVE_H
#define AKT_GIVE_H

#include "akt/channel.h"
#include "akt/error.h"
#include "akt/export.h"
#include "akt/foreach.h"
#include "akt/semaphore.h"
#include "akt/task.h"
#include "akt/types.h"

#include <stddef.h>

AKT_BEGIN_DECLS

/**
 * What a task is given: `AKT_GIFTS(rx, tx)`, up to 32 variables that are an
 * `akt_tx`, an `akt_rx`, an `akt_permit` or an `akt_hold` each.
 */
#define AKT_GIFTS(...)                                                         \
    (&(const akti_gifts){                                                      \
        (const akti_gift[]){AKTI_EACH(AKTI_GIFT_OF, ~, __VA_ARGS__)},          \
        AKTI_COUNT(__VA_ARGS__)})

/**
 * Spawns a task as `akt_task_spawn` does, and makes it the owner of the gifts:
 * `akt_task_spawn_giving(self, work, AKT_GIFTS(rx), &task, .jobs = rx)`. They are no
 * longer the caller's, and on an error are closed. `AKT_EENDED`: one of them is not
 * an open one of the caller's. Others as for `akt_task_spawn`. Any thread that has
 * `self`; does not block.
 */
#define akt_task_spawn_giving(self, fn, gifts, ...)                            \
    akti_task_spawn_giving(                                                    \
        (self), &fn##_akt_task, (gifts), AKTI_FIRST(__VA_ARGS__),              \
        AKTI_CAT(AKTI_ARGS_, AKTI_MANY(__VA_ARGS__))(fn, __VA_ARGS__))

/* What the macros call. Their contracts are those of the macros. */

/** Something with an owner, by its name. */
typedef struct akti_gift {
    void *cell;
    uint32_t generation;
} akti_gift;

/** Several. */
typedef struct akti_gifts {
    const akti_gift *gifts;
    size_t count;
} akti_gifts;

AKT_API AKT_NODISCARD akt_err akti_task_spawn_giving(
    akt_self *self, const akt_task_function *fn, const akti_gifts *gifts,
    akt_task *out_task, const void *args);

#define AKTI_GIFT_OF(ctx, gift)                                                \
    {_Generic((gift), akt_tx                                                   \
              : (gift).cell, akt_rx                                            \
              : (gift).cell, akt_permit                                        \
              : (gift).cell, akt_hold                                          \
              : (gift).cell),                                                  \
     (gift).generation},

AKT_END_DECLS

#endif
