/* SPDX-License-Identifier: MIT */
/**
 * @file wake.h
 * @brief How a handler hears that what it waits for has come.
 *
 * A handler cannot wait. Objects that tasks wait at (channel.h, semaphore.h, notify.h,
 * watch.h, broadcast.h) give it a future instead, which ends as if `akt_wake` had
 * been asked and answered by nothing. It is used as any other (future.h):
 *
 *     static akt_err
 *     on_permit(akt_self *self, struct loader *l, const akt_answer *answer,
 *               const struct akt_woken *woken)
 *     {
 *         (void)woken;
 *         if (answer->outcome != AKT_REPLIED)
 *             return answer->error;
 *         return load_next(self, l);
 *     }
 *     AKT_THEN(on_permit, struct loader, akt_wake);
 *
 *     AKT_TRY(akt_semaphore_acquire_future(self, l->slots, &f));
 *     AKT_TRY(akt_then(self, f, on_permit, NULL));
 */
#ifndef AKT_WAKE_H
#define AKT_WAKE_H

#include "akt/export.h"
#include "akt/message.h"

AKT_BEGIN_DECLS

/** What the continuation of an `akt_wake` gets: always NULL. */
struct akt_woken {
    char akti_nothing;
};
/** What such a future is an answer to. Never sent. */
struct akt_wake {
    struct akt_woken *akti_reply;
};
/** The descriptor of `akt_woken`. */
AKT_API extern const akt_type akt_woken_type;
/** The descriptor of `akt_wake`. */
AKT_API extern const akt_type akt_wake_type;

AKT_END_DECLS

#endif
