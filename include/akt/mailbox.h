/* SPDX-License-Identifier: MIT */
/**
 * @file mailbox.h
 * @brief Mailboxes are bounded; what happens at the bound is the owner's choice.
 *
 * Each actor has one mailbox. It holds at most `capacity` messages that others
 * sent; an empty one owns no buffer. Replies to the actor's own requests, its
 * own timers and the orders to stop or to end come in by room of their own, and
 * data cannot push them out. An order takes effect after the current message.
 * Replies and timers overtake what waits, at the actor's next batch at the
 * latest: after at most 100 messages (`batch` in the system's options).
 *
 * **Order.** Messages from one sender to one receiver arrive in the order in
 * which they were sent. Nothing is said between different senders, except that
 * replies and timers overtake what waits.
 *
 * **At the bound** the mailbox's owner decides, by `akt_overflow`. With
 * `AKT_AWAIT`, the default, the sending *actor* is suspended when its handler
 * returns: its message waits in the sender's own bounded outbox, in order, and
 * the sender handles no further message, reply or timer until the outbox is
 * empty again. It is resumed when the mailbox has drained to half of its
 * capacity; nothing polls and no thread blocks. A suspension that would close a
 * cycle of waiting actors does not happen: the send answers `AKT_EDEADLK`, the
 * cycle is logged by name, and `akt_deadlock_text()` tells it.
 *
 * | policy        | the sender gets | the message that does not fit           |
 * |---------------|-----------------|-----------------------------------------|
 * | `AKT_AWAIT`   | `AKT_OK`        | waits in the sender's outbox            |
 * | `AKT_FAIL`    | `AKT_EFULL`     | stays with the sender                   |
 * | `AKT_DROP_NEWEST` | `AKT_OK`    | is dropped, counted, a dead letter      |
 * | `AKT_DROP_OLDEST` | `AKT_OK`    | takes the place of the oldest           |
 * | `AKT_SHED_OLD` | `AKT_OK` or `AKT_EFULL` | takes the place of one that waits for longer than `max_age_ns`; such a message is dropped before its handler too |
 * | `AKT_STOP`    | `AKT_EFULL`     | stays with the sender; the owner ends with `AKT_EXIT_OVERFLOW` |
 *
 * A plain thread cannot be suspended: with `AKT_AWAIT` it gets `AKT_EFULL`, or
 * blocks until a deadline by `akt_send_within()`.
 */
#ifndef AKT_MAILBOX_H
#define AKT_MAILBOX_H

#include "akt/export.h"

#include <stdint.h>

AKT_BEGIN_DECLS

/** Messages a mailbox holds unless its class says otherwise. */
#define AKT_MAILBOX_CAPACITY 1024
/** The largest capacity that can be asked for. */
#define AKT_MAILBOX_CAPACITY_MAX 262143

/** What a full mailbox does; see the table above. */
typedef enum akt_overflow {
    AKT_AWAIT = 0,
    AKT_FAIL,
    AKT_DROP_NEWEST,
    AKT_DROP_OLDEST,
    AKT_SHED_OLD,
    AKT_STOP
} akt_overflow;

/** A class's mailbox; zero means default. */
typedef struct akt_mailbox_opts {
    /** Messages, 1 to `AKT_MAILBOX_CAPACITY_MAX`; 0: `AKT_MAILBOX_CAPACITY`. */
    uint32_t capacity;
    /** What happens at the bound; 0: `AKT_AWAIT`. */
    akt_overflow overflow;
    /** For `AKT_SHED_OLD`: how long a message may wait; not 0 there. */
    uint64_t max_age_ns;
} akt_mailbox_opts;

AKT_END_DECLS

#endif
