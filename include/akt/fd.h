/* SPDX-License-Identifier: MIT */
/**
 * @file fd.h
 * @brief Waiting for a descriptor of the program's own: a socket, a pipe, an
 * eventfd, a terminal.
 *
 * A task that waits here holds no thread. It opens the descriptor, makes it
 * non-blocking, and waits when a call says `EAGAIN`:
 *
 *     akt_err
 *     receive(akt_self *self, int fd, void *to, size_t size, ssize_t *out_n)
 *     {
 *         while ((*out_n = recv(fd, to, size, 0)) < 0) {
 *             if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
 *                 return akt_err_of_errno(errno);
 *             AKT_TRY(akt_fd_wait(self, fd, AKT_FD_READABLE, AKT_SECONDS(30), NULL));
 *         }
 *         return AKT_OK;
 *     }
 *
 * An actor gets a future instead, for `akt_then`, `akt_select`, `akt_wait` and all
 * that takes futures:
 *
 *     AKT_THEN(on_ready, struct server, akt_fd_look);
 *
 *     AKT_TRY(akt_fd_ready(self, s->fd, AKT_FD_READABLE, AKT_NEVER, &f));
 *     AKT_TRY(akt_then(self, f, on_ready, NULL));
 *
 * **Each wait looks anew** and ends once: at once, if the descriptor is ready, so
 * nothing that came before is missed. Two may wait for one descriptor, to read and to
 * write, or several for the same. All of them are told, and the first one that reads
 * may have left nothing for the others: with a descriptor that is non-blocking
 * they see `EAGAIN` and wait again. A descriptor that is hung up or has an error
 * counts as ready for all that was asked; the next call says what it is. Regular
 * files and directories are always ready (file.h is for those).
 *
 * A wait that ends at once does not let others run: who reads without end from
 * somebody who writes without end yields now and then (`akt_task_yield`).
 *
 * **The descriptor stays the program's.** akt neither reads, sets, keeps nor closes it.
 * Before it is closed, those who wait for it have to be through: a future
 * is cancelled or dropped, a task has ended or is behind its wait; that has taken
 * effect when the call returns. `akt_own_fd` closes a descriptor at its task's end,
 * so after its waits. Who closes a descriptor for which somebody waits does no
 * harm to others, but that wait ends by its time, or when it is
 * cancelled, or with what has got the same number.
 *
 * What it costs: one thread of the system, and two descriptors, from the first wait
 * that does not end at once until the system stops; some 320 bytes for each wait as
 * long as it lasts.
 *
 * **In a simulation** descriptors are the real world. They are looked at before each
 * step, without waiting: what the program itself writes and reads (pipes, pairs of
 * sockets, eventfds) is the same in each run of a seed; what comes from outside is
 * not, and simulated time does not wait for it. When nothing else is left to do, who
 * waits sees the next deadline.
 */
#ifndef AKT_FD_H
#define AKT_FD_H

#include "akt/error.h"
#include "akt/export.h"
#include "akt/future.h"
#include "akt/message.h"
#include "akt/types.h"

AKT_BEGIN_DECLS

/** A read would not block: there are bytes, a connection, the end, or an error. */
#define AKT_FD_READABLE 1u
/** A write would not block: there is room, a connection is made, or an error. */
#define AKT_FD_WRITABLE 2u

/**
 * @brief Waits until a descriptor is ready: a task is suspended, a thread blocks.
 * @param self [borrow] a task or an attached thread
 * @param fd [borrow] an open descriptor
 * @param events `AKT_FD_READABLE`, `AKT_FD_WRITABLE` or both: whichever comes first
 * @param timeout_ns how long; `AKT_NEVER`; 0: only look
 * @param out_ready [out] what of `events` it is ready for; or NULL
 * @retval AKT_OK it is ready
 * @retval AKT_ETIMEOUT the time is up
 * @retval AKT_EBROKEN in a simulation, to a thread: nothing can happen any more
 * @retval AKT_ECANCELLED the task is cancelled, by its scope or for another reason
 * @retval AKT_EBADF there is no open descriptor of this number
 * @retval AKT_EINVAL no events, or unknown ones
 * @retval AKT_EMFILE it is the first wait, and there are no descriptors for it; or the
 *         system watches as many as it may (/proc/sys/fs/epoll/max_user_watches)
 * @retval AKT_ETHREAD it is the first wait, and there is no thread for it
 * @retval AKT_ENOMEM out of memory; nothing waits
 * @retval AKT_EIO the system refuses to watch it
 * @retval AKT_ELIMIT as many futures are open as the class allows
 * @retval AKT_ESTOPPED the system is stopping or has stopped, and the caller is a
 *         thread
 * @retval AKT_ECONTEXT in a handler or job
 * @retval AKT_EFORK the system belongs to the parent of this process
 * @threadsafety actor
 * @blocking until then
 */
AKT_API AKT_NODISCARD akt_err akt_fd_wait(akt_self *self, int fd,
                                          uint32_t events, uint64_t timeout_ns,
                                          uint32_t *out_ready);

/**
 * @brief A future that ends when a descriptor is ready: an answer to `akt_fd_look`.
 *
 * `AKT_REPLIED`: an `akt_fd_event` with what it is ready for. `AKT_EXPIRED`: the time is
 * up. `AKT_CANCELLED`: by the caller. `AKT_FAILED`: the system refuses to watch it on,
 * by `AKT_EBADF` (it was closed), `AKT_EMFILE`, `AKT_ENOMEM` or `AKT_EIO`. `AKT_BROKEN` by
 * `AKT_ESTOPPED`: the system has stopped, and the caller is a thread.
 * @param self [borrow] an actor, a task or an attached thread
 * @param fd [borrow] an open descriptor
 * @param events `AKT_FD_READABLE`, `AKT_FD_WRITABLE` or both: whichever comes first
 * @param timeout_ns how long; `AKT_NEVER`; 0: only look
 * @param out_future [out] the future, which may have ended already
 * @retval AKT_OK it waits, or has ended at once
 * @retval AKT_EBADF there is no open descriptor of this number
 * @retval AKT_EINVAL no events, or unknown ones
 * @retval AKT_EMFILE it is the first wait, and there are no descriptors for it; or the
 *         system watches as many as it may
 * @retval AKT_ETHREAD it is the first wait, and there is no thread for it
 * @retval AKT_ENOMEM out of memory; nothing waits
 * @retval AKT_EIO the system refuses to watch it
 * @retval AKT_ELIMIT as many futures are open as the class allows
 * @retval AKT_ESTOPPED the system is stopping, and the caller is a thread
 * @retval AKT_ECONTEXT in a job
 * @retval AKT_EFORK the system belongs to the parent of this process
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_fd_ready(akt_self *self, int fd,
                                           uint32_t events, uint64_t timeout_ns,
                                           akt_future *out_future);

#ifndef __cplusplus

/** What an `akt_fd_look` is answered by: what a descriptor is ready for. */
#define AKTI_FD_EVENT(F) F(i32, fd) F(u32, events)
AKT_MESSAGE(akt_fd_event, AKTI_FD_EVENT);

/** What `akt_fd_ready`'s future is an answer to. Never sent. */
#define AKTI_FD_LOOK(F) F(i32, fd) F(u32, events)
AKT_REQUEST(akt_fd_look, AKTI_FD_LOOK, akt_fd_event);

#endif

AKT_END_DECLS

#endif
