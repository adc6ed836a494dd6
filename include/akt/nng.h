/* SPDX-License-Identifier: MIT */
/**
 * @file nng.h
 * @brief Sockets of nng as actors: what comes in is mail, what goes out is a send.
 *
 * A socket belongs to who opened it, an actor, a task or an attached thread, and
 * speaks one of nng's protocols with every nng program there is:
 *
 *     akt_nng_opts opts = {AKT_NNG_PULL, .listen = "tcp://127.0.0.1:0"};
 *     akt_nng s;
 *     akt_error error = AKT_ERROR_NONE;
 *
 *     if (akt_nng_open(self, &opts, &s, &error) != AKT_OK) {
 *         return akt_task_fail_with(self, &error);
 *     }
 *     printf("at %s\n", akt_nng_url(self, s));
 *
 * and what arrives is a message in the owner's mailbox like any other:
 *
 *     static akt_err
 *     on_bytes(akt_self *self, struct server *s, const struct akt_nng_bytes *m)
 *     {
 *         return work_on(s, m->data.ptr, m->data.len);
 *     }
 *     AKT_CLASS(server, struct server, AKT_ON(akt_nng_bytes, on_bytes));
 *
 * **Sending.** `s.ref` is the socket as an actor. A message that is sent to it
 * leaves by the network: `akt_send(self, s.ref, akt_nng_bytes, .data = bytes)`.
 * Its mailbox is bounded, so who sends faster than the peers take waits for room
 * as he does for any other actor (mailbox.h).
 *
 * **Receiving.** A full mailbox of the owner stops the receiving, and so, where
 * the protocol can, the peers. Where it cannot, what came and finds no room is dropped
 * and counted (`akt_nng_stats`); what nng itself drops on its way out, for a peer that
 * is slower, it does not tell: see the table.
 *
 * **Asking.** On a `AKT_NNG_REQ` socket `akt_ask(self, s.ref, &f, akt_nng_request,
 * .data = bytes)` is answered by an `akt_nng_bytes`, with the deadline and the
 * cancellation of any request; many may be open at a time. Neither travels: the peer
 * has its own time for an answer (`answer_ns`), and does not hear that nobody waits any
 * more; who wants it to know puts the time that is left into the message. Nothing is
 * sent twice:
 * who wants to ask again asks again. When the connection by which it went is lost
 * before the answer has come, it fails at once with `AKT_ECLOSED`; whether the peer
 * has done what it was asked is not known then. Without a peer it waits for one, and
 * is not sent any more once it is over. On an `AKT_NNG_REP` socket each request is a
 * message with a promise: `akt_reply(self, m, .data = ...)` now, `akt_keep` for
 * later, `akt_forward` to another actor, or return without, and the peer gets no
 * answer. On `AKT_NNG_SURVEYOR` an `akt_nng_survey` is answered by the list of the
 * answers that came in its time (`akt_nng_answers`); to `AKT_NNG_RESPONDENT` it
 * comes as an `akt_nng_request`.
 *
 * | protocol   | out                | in                  | slow peer, slow owner |
 * |------------|--------------------|---------------------|-----------------------|
 * | PUSH       | to one of the peers | -                  | the sender waits      |
 * | PULL       | -                  | `akt_nng_bytes`     | the peers wait        |
 * | PUB        | to all             | -                   | nng drops, uncounted  |
 * | SUB        | -                  | `akt_nng_bytes`     | dropped, counted      |
 * | REQ        | `akt_nng_request`  | the replies         | the asker waits       |
 * | REP        | the replies        | `akt_nng_request`   | the peers wait        |
 * | SURVEYOR   | `akt_nng_survey`   | `akt_nng_answers`   | nng drops questions, uncounted; answers are counted |
 * | RESPONDENT | the answers        | `akt_nng_request`   | the peers wait        |
 * | PAIR, PAIR0 | to the peer       | `akt_nng_bytes`     | both wait             |
 * | BUS        | to all             | `akt_nng_bytes`     | nng drops what goes out, uncounted; what came is counted |
 *
 * **Typed messages.** Any message with a field list can be sent to a socket, and
 * asked of a REQ one: `akt_send(self, s.ref, order, .id = 7)`. It travels in its wire
 * form with its name (wire.h). A socket that is opened with `types` brings its owner
 * messages of these types, and requests among them with a promise as any other
 * request. What is not of such a form (another type, a text that is no UTF-8, bytes
 * behind it) is refused and counted, and the socket lives.
 *
 *     AKT_WIRE_TYPES(taken, order, price_of);
 *     akt_nng_opts opts = {.protocol = AKT_NNG_REP, .types = taken};
 *
 * A survey is typed by `akt_nng_ask_all`, and its answers by `akt_nng_next_answer`.
 *
 * **Many small messages.** nng takes its time for each message, however small. With
 * `batch_bytes` at both ends they travel together: between processes 64 bytes then
 * cost less than a twentieth of that. Nothing else changes. Whoever sends sends one
 * message; it waits for nothing while the network is idle, and gathers with others
 * while it is busy. Each arrives as a message of its own, in order. What does not fit
 * into the owner's mailbox waits in the batch, and is counted, dropped or refused by
 * itself; as a whole a batch is lost with its connection, and dropped where the table
 * says that messages are. What is no batch is refused.
 *
 *     akt_nng_opts opts = {.protocol = AKT_NNG_PUSH, .batch_bytes = AKT_NNG_BATCH};
 *
 * **Many more.** On this way each message still passes two mailboxes, which within a
 * process is most of what it costs. Who has thousands at hand fills a batch himself,
 * and sends it as one message:
 *
 *     akt_nng_packer packer = {.limit = AKT_NNG_BATCH};
 *
 *     while (next(&bytes)) {
 *         if (akt_nng_pack(&packer, bytes) == AKT_EFULL) {
 *             AKT_TRY(akt_nng_packer_send(self, &packer, s.ref));
 *             AKT_TRY(akt_nng_pack(&packer, bytes));
 *         }
 *     }
 *     AKT_TRY(akt_nng_packer_send(self, &packer, s.ref));
 *     akt_nng_packer_fini(&packer);
 *
 * It is copied twice on its way to the network, and leaves as it is, behind what was
 * sent before. Nothing leaves before it is sent: a packer knows no time. On the
 * other side a socket that was opened with `whole` brings its owner each batch as
 * one message:
 *
 *     static akt_err
 *     on_batch(akt_self *self, struct server *s, const struct akt_nng_batch *m)
 *     {
 *         akt_bytes bytes;
 *         size_t at = 0;
 *
 *         while (akt_nng_unpack(m, &at, &bytes)) {
 *             work_on(s, bytes.ptr, bytes.len);
 *         }
 *         return AKT_OK;
 *     }
 *
 * Both sockets have `batch_bytes`, and what is between them is the same in any case,
 * so either end may do without: who fills batches need not know whether they are
 * brought whole, and a whole batch may be one that was gathered. A mailbox counts a
 * batch as one message, so its bound in bytes is a larger one: the socket's 1024 times
 * the packer's `limit`, or `AKT_NNG_WHOLE` (16) times that where it is opened with
 * `whole`, which is the faster way too; the owner's its capacity times `max_message`,
 * which `AKT_MAILBOX(16, AKT_AWAIT)` keeps small. The numbers of `akt_nng_stats` are in
 * messages; those of mailboxes and dead letters in batches.
 *
 * Not between those who ask and answer, since each answer belongs to one question;
 * nor with topics, since nng compares them with the beginning of a batch. A PUB
 * socket can send batches to those who want all of it. The form is described in
 * actors/net/WIRE.md for programs that are not akt's; these can also send batches of
 * one message each.
 *
 * **Addresses** are nng's: `tcp://host:port` (port 0: any, see `akt_nng_url`),
 * `ipc:///path`, `inproc://name`, `ws://host:port/path`, `tls+tcp://host:port` and
 * `wss://host:port/path`. A task or a thread opens a socket that listens, or dials, in
 * one call that waits for it. Actors, whose handlers wait for nothing, and all who
 * want more addresses ask for them: `akt_nng_listen`, `akt_nng_dial`. The folder of an
 * ipc address must not be one that others may write to: a stranger's connection could
 * stop it for good (a mistake of nng before 1.6).
 *
 * **The end.** A socket is closed by `akt_nng_close`, with the scope in which it
 * was opened, and when its owner ends for whatever reason. What was sent before
 * may still leave, for `linger_ns`. Draining a system waits for that too. When it is
 * gone the log has a line if messages were lost or dropped. Who wants to know himself
 * has it end by asking for that, and hears the last numbers:
 *
 *     akt_nng_counters last;
 *
 *     AKT_TRY(akt_call(self, s.ref, akt_nng_finish, &last));
 *     printf("%" PRIu64 " messages did not leave\n", last.lost);
 *
 * **A peer that is killed** while both ends send can leave nng before 1.10 (Debian 12 has
 * 1.5) unable to remove connections, by a mistake of its own: a busy PAIR needs some
 * dozens of such peers, REQ many more; where messages go one way it has not been seen.
 * From then on nng dials nothing again and tells of no end in this process: requests end
 * by their deadlines, and descriptors are lost. akt tells it on standard error after
 * some seconds. Only a new process helps.
 *
 * **ws:// is for peers that are trusted.** nng answers each ping of a WebSocket, and keeps
 * the answers for a peer that does not read them, without a bound: neither `max_message`
 * nor `max_peers` is one. By wss:// with `mutual` nobody else comes so far. The other
 * kinds of addresses have nothing like it.
 *
 * In a simulation a network that is simulated too takes the place of nng, with delay
 * and loss by seed: see sim_net.h. That one is there also where akt was built
 * without nng (`AKT_WITH_NNG`).
 *
 * No thread of nng exists before the first socket of the process is opened. After
 * that the process must not fork and open sockets in the child: `AKT_EFORK`.
 */
#ifndef AKT_NNG_H
#define AKT_NNG_H

#include "akt/actor.h"
#include "akt/error.h"
#include "akt/export.h"
#include "akt/failure.h"
#include "akt/future.h"
#include "akt/message.h"
#include "akt/types.h"

AKT_BEGIN_DECLS

/** The largest message that a peer may send unless said: 1 MiB. */
#define AKT_NNG_MESSAGE_MAX ((size_t)1 << 20)
/** A batch of messages that is worth its while: 64 KiB; see `batch_bytes`. */
#define AKT_NNG_BATCH ((size_t)64 << 10)
/** Batches in the mailbox of a socket that is opened with `whole`. */
#define AKT_NNG_WHOLE 16
/** The longest address. */
#define AKT_NNG_URL_MAX 127

/** What a socket speaks. */
typedef enum akt_nng_protocol {
    AKT_NNG_PUSH = 1,
    AKT_NNG_PULL,
    AKT_NNG_PUB,
    AKT_NNG_SUB,
    AKT_NNG_REQ,
    AKT_NNG_REP,
    AKT_NNG_SURVEYOR,
    AKT_NNG_RESPONDENT,
    AKT_NNG_PAIR,  /**< version 1 */
    AKT_NNG_PAIR0, /**< version 0, of old nanomsg programs */
    AKT_NNG_BUS
} akt_nng_protocol;

/** A socket. A value; used by who opened it, but `ref` by anybody. */
typedef struct akt_nng {
    void *cell;
    uint32_t generation; /**< 0: no socket */
    akt_ref ref;         /**< to send to, to ask */
    akt_ref from;        /**< the sender of what arrives; see `akt_sender` */
} akt_nng;

/** How addresses with tls+tcp:// and wss:// are secured; PEM files, which are read
 * and checked when the socket is opened. Who dials has to have `ca`. */
typedef struct akt_nng_tls {
    const char *ca;   /**< [borrow] who may vouch for the peers */
    const char *cert; /**< [borrow] one's own certificate; a listener's duty */
    /** [borrow] Its key, without a password; NULL: in the same file. */
    const char *key;
    /** [borrow] The name that the certificate of whom one dials must have; NULL: the
     * host of the address. mbed TLS before 3.5 (Debian 12 has 2.28) looks for a host
     * in digits among the names only, not among the addresses of a certificate. */
    const char *server_name;
    bool mutual; /**< a listener wants certificates of its peers too */
} akt_nng_tls;

/** How a socket is opened; zero means default, but for `protocol`. */
typedef struct akt_nng_opts {
    akt_nng_protocol protocol;
    const char *name; /**< [borrow] in logs and errors; NULL: the protocol's */
    /** [borrow] Where it listens from the beginning; NULL: nowhere. Not in a
     * handler, which cannot wait for it. */
    const char *listen;
    /** [borrow] Whom it dials, after that, as `akt_nng_dial` does. */
    const char *dial;
    bool once;  /**< that nobody is there to be dialed is an error */
    akt_ref to; /**< who gets what arrives; nobody: the owner */
    /**
     * [borrow] Topics that a SUB socket wants, ended by NULL: the bytes with
     * which messages begin. NULL: all messages.
     */
    const char *const *topics;
    /**
     * [borrow] The messages that it takes, ended by NULL, as by `AKT_WIRE_TYPES`
     * (wire.h), as long as the socket is open; NULL: what arrives is bytes.
     */
    const akt_type *const *types;
    bool peers; /**< tell `akt_nng_peer_up` and `akt_nng_peer_down` */
    /** Bytes of a message from a peer, 1 to 256 MiB; what is larger ends the
     * peer's connection. 0: `AKT_NNG_MESSAGE_MAX`. */
    size_t max_message;
    /** Messages, or batches, between the network and the mailboxes in each
     * direction, 1 to 65536. 0: 128; but 4 batches that are sent, and for PUSH,
     * PULL and PAIR without batches 2048 messages, or fewer that have 4 MiB. What
     * is on its way to one PULL socket the others do not get: workers that share
     * long tasks have small ones (the network itself holds some too). Answers to a
     * REQ socket are at most as many as `requests`. */
    uint32_t window;
    /** Requests that a REQ, REP, SURVEYOR or RESPONDENT socket has open at a
     * time, 1 to 65536; 0: 1024. */
    uint32_t requests;
    /**
     * Messages travel in batches of at most so many bytes, up to 256 MiB; a longer
     * message is alone in one. 0: each by itself. Both ends have to say so. Not for
     * protocols that ask or answer, and not with topics. `AKT_NNG_BATCH` is a good
     * number; to receive, any will do, but `max_message` is that of a batch.
     */
    size_t batch_bytes;
    /**
     * This end works with batches, not with their messages: each comes to the owner
     * as it is, as an `akt_nng_batch`, and of what is sent only `AKT_NNG_WHOLE` wait in
     * the socket's mailbox, as they are large. Only with `batch_bytes`, and without
     * `types`.
     */
    bool whole;
    /** Connections at a time, 1 to 65536; 0: 16384. Who is refused dials again;
     * by nng 1.5 he may die of that, in nng: leave room. */
    uint32_t max_peers;
    /** How long the owner has to answer a request; 0: the system's
     * `ask_timeout_ns`. */
    uint64_t answer_ns;
    uint64_t linger_ns; /**< what was sent may leave at the end; 0: 1 s */
    /** Before a lost connection is dialed again: at first, and at most; the wait
     * doubles, and nng takes some random part of it. In whole milliseconds, 1 ms to an
     * hour, but very few of them keep a core busy as long as nobody is there; 0: 100 ms
     * and 10 s. */
    uint64_t redial_min_ns;
    uint64_t redial_max_ns;
    const akt_nng_tls *tls; /**< [borrow] NULL: no TLS */
} akt_nng_opts;

/* Messages are C only, as all are. */
#ifndef __cplusplus

#define AKTI_NNG_BYTES(F) F(bytes, data)
/** One message from or to the network, as it is. */
AKT_MESSAGE(akt_nng_bytes, AKTI_NNG_BYTES);

#define AKTI_NNG_BATCH(F) F(bytes, data) F(u32, count)
/**
 * `count` messages in one, from a socket that was opened with `whole`, which has
 * looked at all of it; see `akt_nng_unpack`. To a socket it is sent by a packer, or
 * as it came: `akt_send(self, s.ref, akt_nng_batch, .data = m->data)`.
 */
AKT_MESSAGE(akt_nng_batch, AKTI_NNG_BATCH);

/** Asks the peers of a REQ socket, or the owner of a REP or RESPONDENT one. */
AKT_REQUEST(akt_nng_request, AKTI_NNG_BYTES, akt_nng_bytes);

#define AKTI_NNG_URL(F) F(text, url)
#define AKTI_NNG_DIAL(F) F(text, url) F(bool, once)
#define AKTI_NNG_BOUND(F) F(text, url) F(u16, port)
#define AKTI_NNG_TOPIC(F) F(bytes, topic)
#define AKTI_NNG_PEER(F) F(u64, peer) F(text, address)
/** It is done: the whole address, with the port that was found for port 0. */
AKT_MESSAGE(akt_nng_bound, AKTI_NNG_BOUND);
/**
 * Has the socket listen: `akt_ask(self, s.ref, &f, akt_nng_listen, .url = ...)`.
 * The answer is an `akt_nng_bound`, or an error that says which address and why.
 *
 * As all that is sent to a socket this and `akt_nng_dial` have their turn behind what
 * was sent before. Who has sent more than `window` messages, and has no peer to take
 * them, waits for one that never comes: join first, then send.
 */
AKT_REQUEST(akt_nng_listen, AKTI_NNG_URL, akt_nng_bound);
/**
 * Has the socket dial. Answered when the connection is there, with the address
 * that was dialed. From then on a connection that is lost is dialed again, and so
 * is a peer that is not there yet (it refuses, or cannot be reached now): then the
 * answer comes without a connection, unless `once` says that this is an error. An
 * address that is wrong, a host that nobody knows and certificates that do not
 * match are errors in any case.
 */
AKT_REQUEST(akt_nng_dial, AKTI_NNG_DIAL, akt_nng_bound);
/** Has a SUB socket want one topic more. */
AKT_REQUEST(akt_nng_subscribe, AKTI_NNG_TOPIC, akt_nng_bound);
/** Has it want one less. */
AKT_REQUEST(akt_nng_unsubscribe, AKTI_NNG_TOPIC, akt_nng_bound);

/** A connection is there; `peer` is a number that no other one will have. */
AKT_MESSAGE(akt_nng_peer_up, AKTI_NNG_PEER);
/** It is gone. */
AKT_MESSAGE(akt_nng_peer_down, AKTI_NNG_PEER);

#endif /* __cplusplus */

/** The answers to a survey, in the order in which they came. */
typedef struct akt_nng_answers {
    uint32_t count;
    akt_bytes *answers; /**< in one block, which is the message's */
} akt_nng_answers;

/**
 * @brief Frees answers that were taken out of an answer.
 * @param answers [borrow] emptied; empty ones are allowed
 * @threadsafety any
 * @blocking no
 */
AKT_API void akt_nng_answers_free(struct akt_nng_answers *answers);

#ifndef __cplusplus

AKT_LOCAL_MESSAGE_WITH(akt_nng_answers, akt_nng_answers_free);

#define AKTI_NNG_SURVEY(F) F(bytes, data) F(u64, wait_ns) F(u32, enough)
/**
 * Asks all peers of a SURVEYOR socket and collects what they say for `wait_ns`
 * (0: 1 s), or until there are `enough` answers (0: for all of the time). The
 * deadline of the request itself is to be later than that.
 */
AKT_REQUEST(akt_nng_survey, AKTI_NNG_SURVEY, akt_nng_answers);

/**
 * A survey with a typed question, any request with a field list, to RESPONDENT
 * sockets whose `types` have it: `akt_nng_ask_all(self, s.ref, &f, wait_ns, enough,
 * who_of, .room = 7)`. `wait_ns` and `enough` are those of `akt_nng_survey`, and so is
 * the answer; the deadline is later than `wait_ns`. Errors as for `akt_ask`, and
 * `AKT_EINVAL`: a text is not UTF-8, or a reference in it; `AKT_ELIMIT`: it nests
 * too deep.
 */
#define akt_nng_ask_all(self, to, out_future, wait, many, ...)                 \
    akti_nng_ask_all(                                                          \
        (self), (to),                                                          \
        &(struct akt_nng_survey){.wait_ns = (wait), .enough = (many)},         \
        &(akti_message_arg){AKTI_REQUEST_TYPE(__VA_ARGS__),                    \
                            &AKTI_LITERAL(__VA_ARGS__)},                       \
        (out_future))

/**
 * The next of the answers that is of the question's reply type, from number `*at`
 * on; those that are not are skipped. False: there is none.
 *
 *     struct node node;
 *     uint32_t at = 0;
 *     while (akt_nng_next_answer(answers, &at, who_of, &node))
 *         printf("%.*s\n", (int)node.name.len, node.name.ptr);
 *
 * Texts and bytes of it point into the answers. Any thread; does not block.
 */
#define akt_nng_next_answer(answers, at, question, out)                        \
    akti_nng_next_answer((answers), (at), question##_type.reply,               \
                         _Generic((out), AKTI_REPLY_OF(question) *             \
                                  : (out)))

AKT_API AKT_NODISCARD akt_err akti_nng_ask_all(akt_self *self, akt_ref to,
                                               const struct akt_nng_survey *how,
                                               const akti_message_arg *question,
                                               akt_future *out_future);
AKT_API bool akti_nng_next_answer(const struct akt_nng_answers *answers,
                                  uint32_t *at, const akt_type *type,
                                  void *out);

#endif /* __cplusplus */

/**
 * Messages that are gathered into a batch. All zero, or with a `limit`, it is an empty
 * one, and needs to be freed (`akt_nng_packer_fini`) once something was packed. Of one
 * thread, task or actor at a time; the rest is akt's.
 */
typedef struct akt_nng_packer {
    /** Bytes of a batch, up to those of a message; more is taken for that, 0 for
     * `AKT_NNG_BATCH`. A longer message is alone in one. */
    size_t limit;
    uint64_t count; /**< messages in it; to be read */
    unsigned char *block;
    size_t size;
    size_t used;
} akt_nng_packer;

/**
 * @brief Puts one message into the batch.
 * @param packer [borrow] where it goes
 * @param bytes copied; none is a message too
 * @retval AKT_OK it is in the batch
 * @retval AKT_EFULL it would be beyond the limit: send the batch, and pack again. An
 *         empty one is never full. On this error and the others nothing has happened
 * @retval AKT_ESIZE no message may be so long
 * @retval AKT_ENOMEM out of memory
 * @threadsafety any
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_nng_pack(akt_nng_packer *packer,
                                           akt_bytes bytes);

/**
 * @brief Sends the batch to a socket as `akt_send` does, and empties it, but keeps
 *        its memory. An empty one is not sent.
 *
 * A socket that has no `batch_bytes`, or sends nothing by itself, refuses it, and
 * counts what is in it as `refused`.
 * @param self [borrow] the sender's
 * @param packer [borrow] on an error it is as before
 * @param to the socket's `ref`
 * @retval AKT_OK it is accepted, or empty. Errors as for `akt_send`
 * @threadsafety any
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_nng_packer_send(akt_self *self,
                                                  akt_nng_packer *packer,
                                                  akt_ref to);

/**
 * @brief The same for a plain thread, which waits for room as by `akt_send_within`.
 * @param self [borrow] the thread's
 * @param timeout_ns for how long at most
 * @param packer [borrow] on an error it is as before
 * @param to the socket's `ref`
 * @retval AKT_OK it is accepted, or empty. Errors as for `akt_send_within`
 * @threadsafety any
 * @blocking until there is room
 */
AKT_API AKT_NODISCARD akt_err akt_nng_packer_send_within(akt_self *self,
                                                         uint64_t timeout_ns,
                                                         akt_nng_packer *packer,
                                                         akt_ref to);

/**
 * @brief Frees its memory, and what was not sent; then it is an empty one.
 * @param packer [borrow] one that is all zero is allowed
 * @threadsafety any
 * @blocking no
 */
AKT_API void akt_nng_packer_fini(akt_nng_packer *packer);

#ifndef __cplusplus

/**
 * Puts a typed message into the batch, in the form in which a socket would send it:
 * `akt_nng_pack_message(&packer, &error, order, .id = 7)`. What was packed so comes to
 * a socket with `types` as that message; of a whole batch it is read by
 * `akt_wire_decode_as(AKT_WIRE_NAMED, order, bytes, &o, &error)`. `error` says which
 * field is wrong; NULL is allowed. Errors as for `akt_nng_pack` and
 * `akt_wire_length`. Any thread; does not block.
 */
#define akt_nng_pack_message(packer, error, ...)                               \
    akti_nng_pack_message((packer),                                            \
                          &(akti_message_arg){AKTI_FIRST_TYPE(__VA_ARGS__),    \
                                              &AKTI_LITERAL(__VA_ARGS__)},     \
                          (error))

/**
 * @brief The next message of a batch.
 *
 * Of bytes that are no batch it gives what can be read of them.
 * @param batch [borrow] as it was received
 * @param at where in the batch; 0 at first
 * @param out_bytes [out] the message, which lies in the batch
 * @return false: that was all
 * @threadsafety any
 * @blocking no
 */
AKT_API bool akt_nng_unpack(const struct akt_nng_batch *batch, size_t *at,
                            akt_bytes *out_bytes);

AKT_API AKT_NODISCARD akt_err akti_nng_pack_message(
    akt_nng_packer *packer, const akti_message_arg *message, akt_error *error);

#endif /* __cplusplus */

/**
 * What a socket did, in messages, also of batches; see `akt_nng_stats`. A batch
 * that is none counts as what it says to be.
 *
 * Of what was received nothing is forgotten: it is in `dropped`, `refused` or
 * `unwanted`, or its receiver, or who asked, has it (what is in a mailbox when its
 * actor ends is in the account of the system).
 */
typedef struct akt_nng_counters {
    uint64_t sent;     /**< messages handed to the network */
    uint64_t received; /**< messages that came from it */
    uint64_t sent_bytes;
    uint64_t received_bytes;
    uint64_t dropped; /**< of these: there was no room (SUB, BUS, SURVEYOR), the
                            receiver had ended, or the socket was closed */
    uint64_t refused; /**< received, and not of the form that was agreed on; or
                            sent, and not for this protocol */
    /** Answers that nobody waited for any more. What comes to a REQ socket some
     * tenths of a second after the end of its request nng drops, and nobody counts
     * (but a simulated network does, see sim_net.h). */
    uint64_t unwanted;
    uint64_t lost;  /**< accepted for sending, and the socket was closed; or a
                            request that was over before it had left */
    uint64_t peers; /**< connections now */
    uint64_t peers_refused; /**< beyond `max_peers` */
} akt_nng_counters;

#ifndef __cplusplus

AKT_LOCAL_MESSAGE(akt_nng_counters);

/**
 * Has the socket end as `akt_nng_close` does, when it has its turn behind what was
 * sent before: `akt_ask(self, s.ref, &f, akt_nng_finish)`. Answered when it is over
 * with an `akt_nng_counters`: what was accepted is in `sent` or `lost` then, and
 * nothing comes any more. The deadline of the request is to be later than
 * `linger_ns`; when it passes after the turn has come the socket ends all the same.
 * Where nobody takes what was sent before, and it is more than `window`, the turn does
 * not come: the answer is `AKT_ETIMEOUT`, the socket lives on, and `akt_nng_close` ends
 * it; what waits in its mailbox then becomes dead letters (system.h), and `lost` is the
 * rest. Until `akt_nng_close`, or the owner's end, `akt_nng_stats` goes on telling these
 * numbers. `AKT_EENDED`: it was asked before.
 */
AKT_SIGNAL_REQUEST(akt_nng_finish, akt_nng_counters);

#endif /* __cplusplus */

/**
 * @brief Opens a socket, which belongs to the caller, and has it listen and dial
 *        where `opts` says so.
 * @param self [borrow] an actor's, a task's or an attached thread's
 * @param opts [borrow] how; copied
 * @param out_socket [out] the socket
 * @param error [out] says what is wrong, and with which address; NULL is allowed
 * @retval AKT_OK it is open, and where it was to listen or dial it does
 * @retval AKT_EEXIST the address to listen on is in use; this and the others leave
 *         no socket behind
 * @retval AKT_ECLOSED nobody listens at the address to dial, with `once`
 * @retval AKT_ETIMEOUT it took too long: as where the peer takes the connection and
 *         then says nothing, since it is stopped, or out of descriptors. A peer that
 *         is not there is none: it is dialed again
 * @retval AKT_ECANCELLED the task was cancelled while it waited
 * @retval AKT_EINVAL an option is out of range or an address wrong, or a protocol
 *         that receives has nobody to receive for: a thread must say `to`
 * @retval AKT_EACCES, AKT_ENOENT, AKT_EIO a certificate or key cannot be read, is
 *         none, or does not match; the address may not be used, or not be reached
 * @retval AKT_ENOMEM out of memory
 * @retval AKT_EMFILE no file descriptors left
 * @retval AKT_ELIMIT as many actors as the system allows
 * @retval AKT_ECONTEXT in a job, or in a handler with `listen` or `dial`; outside of
 *         simulations, where akt was built without nng
 * @retval AKT_ESTOPPED the system is stopping
 * @retval AKT_EFORK the process was forked since its first socket
 * @threadsafety actor
 * @blocking with `listen` or `dial` until that is done, at most for the system's
 *           `ask_timeout_ns` each; else no
 */
AKT_API AKT_NODISCARD akt_err akt_nng_open(akt_self *self,
                                           const akt_nng_opts *opts,
                                           akt_nng *out_socket,
                                           akt_error *error);

/**
 * @brief Where a socket listens, or whom it dialed, as it was opened; with the port
 *        that was found for port 0.
 * @param self [borrow] who opened it
 * @param socket the socket
 * @return the address, good until the socket is closed; "" when it was opened
 *         without one, is closed, or another's
 * @threadsafety actor
 * @blocking no
 */
AKT_API const char *akt_nng_url(akt_self *self, akt_nng socket);

/**
 * @brief Closes a socket: no more mail from now on, and what was sent to it may
 *        leave for `linger_ns`.
 *
 * What does not leave is in the log; `akt_nng_finish` tells it to the program.
 * Its address can be listened on again at once, though the old one may need a
 * moment, a quarter of a second where it has peers: the new one waits for it. What
 * peers ask meanwhile fails by `AKT_ECLOSED`. Certificates that replace others are
 * checked before the old socket is closed by opening the new one without `listen`, and
 * asking it for `akt_nng_listen` afterwards.
 * @param self [borrow] who opened it
 * @param socket the socket; one that is closed, or another's, is ignored
 * @threadsafety actor
 * @blocking no
 */
AKT_API void akt_nng_close(akt_self *self, akt_nng socket);

/**
 * @brief What a socket did until now; all that it did, when it has ended and the owner
 *        has not closed it yet.
 * @param self [borrow] who opened it
 * @param socket the socket
 * @param out_counters [out] the numbers
 * @retval AKT_OK done
 * @retval AKT_EENDED the owner has closed it, or it is another's
 * @threadsafety actor
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_nng_stats(akt_self *self, akt_nng socket,
                                            akt_nng_counters *out_counters);

AKT_END_DECLS

#endif
