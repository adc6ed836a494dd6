/* SPDX-License-Identifier: MIT */
/**
 * @file scope.h
 * @brief Scopes: what is started in one has ended when it is closed.
 *
 *     akt_scope scope;
 *     akt_err err;
 *
 *     AKT_TRY(akt_scope_open(self, AKT_NEVER, &scope));
 *     err = akt_task_spawn(self, fetch, NULL, .url = a);
 *     if (err == AKT_OK) {
 *         err = akt_task_spawn(self, fetch, NULL, .url = b);
 *     }
 *     return akt_scope_close(self, scope, err);
 *
 * A scope is a part of a task's run. To it belongs all that the task opens while
 * it is the innermost one: tasks, actors (`akt_spawn_child`), requests and jobs,
 * kept promises, and whatever is closed with its owner: files, channel ends,
 * descriptors and clean-ups (`akt_defer`).
 *
 * **Closing** waits for tasks and actors (which first handle what is in their
 * mailboxes), and then gives up the rest, newest first. Closing with an error
 * cancels tasks and actors before it waits.
 *
 * **Failing.** When a task of the scope returns an error that nobody is joining at
 * that moment, or an actor of it fails, or its time is over, the scope has failed:
 * all in it is cancelled, and so is what the owner itself waits for, until it
 * closes the scope, which answers that first error. A task of a task of the scope is
 * that task's: it brings the scope down when its owner ends, or at once where the owner
 * has a scope of its own around it.
 *
 * Scopes nest and are closed in the reverse order; one that is left open when the
 * task's function returns is closed then. A scope is cheaper than a task: one cell
 * of 128 bytes.
 */
#ifndef AKT_SCOPE_H
#define AKT_SCOPE_H

#include "akt/actor.h"
#include "akt/error.h"
#include "akt/export.h"
#include "akt/task.h"
#include "akt/types.h"

AKT_BEGIN_DECLS

/** An open scope. A value; used by the task that opened it. */
typedef struct akt_scope {
    void *cell;
    uint32_t generation; /**< 0: no scope */
} akt_scope;

/**
 * @brief Opens a scope within those that are open.
 * @param self [borrow] a task
 * @param timeout_ns when it fails with `AKT_ETIMEOUT`, from now, never earlier; from
 *        200 ms on up to 10 ms later; `AKT_NEVER`
 * @param out_scope [out] to be closed by this task
 * @retval AKT_OK it is open
 * @retval AKT_ENOMEM out of memory
 * @retval AKT_ECONTEXT not in a task
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_scope_open(akt_self *self,
                                             uint64_t timeout_ns,
                                             akt_scope *out_scope);

/**
 * @brief Waits for all that belongs to a scope, and gives the rest up.
 * @param self [borrow] the task that opened it
 * @param scope the scope; ones within it that are still open are closed with it
 * @param err what the body ended with; not `AKT_OK`: what is in it is cancelled
 * @return the first error: of the scope, else `err`. That its owner is cancelled is not
 *         one: where all in it ended well this is `AKT_OK`, and the owner's next wait
 *         tells. A loop that waits by nothing else looks at `akt_task_is_cancelled`;
 *         besides
 * @retval AKT_EENDED it is closed already, or another task's
 * @retval AKT_ECONTEXT not in a task
 * @threadsafety actor
 * @blocking until all has ended, also when the task is cancelled meanwhile: then
 *           so is what it waits for
 */
AKT_API AKT_NODISCARD akt_err akt_scope_close(akt_self *self, akt_scope scope,
                                              akt_err err);

/**
 * @brief The same, and says what failed as an error object.
 * @param self [borrow] the task that opened it
 * @param scope the scope
 * @param err as for `akt_scope_close`
 * @param error [out] what the first error said: of the task or actor that failed
 *        unchanged; when it is `err` what was in it before stays
 * @return as for `akt_scope_close`
 * @threadsafety actor
 * @blocking as `akt_scope_close`
 */
AKT_API AKT_NODISCARD akt_err akt_scope_close_with(akt_self *self,
                                                   akt_scope scope, akt_err err,
                                                   akt_error *error);

/**
 * @brief Cancels all that belongs to a scope, and what its owner waits for.
 * @param self [borrow] the task that opened it
 * @param scope the scope; to be closed nevertheless
 * @param err what it failed with, not `AKT_OK`; without effect when it has failed
 * @retval AKT_OK done
 * @retval AKT_EINVAL `err` is `AKT_OK`
 * @retval AKT_EENDED it is closed, or another task's
 * @retval AKT_ECONTEXT not in a task
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_scope_fail(akt_self *self, akt_scope scope,
                                             akt_err err);

/**
 * Spawns an actor that the caller owns: `akt_spawn_child(self, account, &child,
 * .cents = 5)`, with an `akt_task *` or NULL. As for a task, `child.future` ends
 * when the actor has, with its error when it failed, `akt_join` waits for that,
 * and it is told to end when its owner ends. Errors as for `akt_spawn`.
 */
#define akt_spawn_child(self, name, ...)                                       \
    akti_spawn_child(                                                          \
        (self), &name##_class, AKTI_FIRST(__VA_ARGS__),                        \
        AKTI_CAT(AKTI_STATE_, AKTI_MANY(__VA_ARGS__))(name, __VA_ARGS__))

/**
 * @brief Has a function called when the innermost scope is closed, or the caller
 *        ends: `akt_defer(self, close_it, it)`.
 * @param self [borrow] a task, an actor or an attached thread
 * @param fn called once, in the caller's turn; it must not wait
 * @param arg [borrow] given to `fn`
 * @retval AKT_OK it will be called
 * @retval AKT_ENOMEM out of memory; it will not
 * @retval AKT_ECONTEXT in a job
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_defer(akt_self *self, void (*fn)(void *arg),
                                        void *arg);

/**
 * @brief Has a descriptor closed when the innermost scope is, or the caller ends.
 * @param self [borrow] a task, an actor or an attached thread
 * @param fd [move] an open descriptor, by `close`
 * @retval AKT_OK it will be closed
 * @retval AKT_EINVAL `fd` is negative
 * @retval AKT_ENOMEM out of memory; it is still the caller's
 * @retval AKT_ECONTEXT in a job; it is still the caller's
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_own_fd(akt_self *self, int fd);

/* What the macros call. Their contracts are those of the macros. */
AKT_API AKT_NODISCARD akt_err akti_spawn_child(akt_self *self,
                                               const akt_class *cls,
                                               akt_task *out_child,
                                               const void *state);

AKT_END_DECLS

#endif
