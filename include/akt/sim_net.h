/* SPDX-License-Identifier: MIT */
/**
 * @file sim_net.h
 * @brief The network of a simulation: sockets (nng.h) with delay and loss by seed.
 *
 * In a simulated system `akt_nng_open` opens a socket of a network that is in the
 * system too. No byte leaves the process and no thread of nng is started; addresses
 * are only names, and both ends of each connection are sockets of this system. The
 * program is the same:
 *
 *     akt_explore_opts opts = AKT_EXPLORE_OPTS_INIT;
 *     opts.faults[AKT_FAULT_CUT] = 20000;    one message in 50 cuts its connection
 *     opts.faults[AKT_FAULT_DIAL] = 100000;  one dial in 10 is refused
 *     assert_int_equal(akt_explore(&opts, gateway, NULL, NULL), AKT_OK);
 *
 * **On its way.** A message travels for a time that the seed chooses, and arrives
 * behind those that left before it by the same connection. A connection holds
 * `buffer` messages in each direction; when the receiver takes none, the sender's
 * window fills, then its mailbox, and then who sends waits: as with nng.
 *
 * **Loss.** A message is lost with its connection and in no other way: by the fault
 * `cut`, by `akt_sim_net_cut`, by `akt_sim_net_part`, or because the receiving
 * socket was closed. What a socket sent before it was closed still arrives. PUB,
 * SURVEYOR and BUS drop what finds no room, as nng does. A lost connection is
 * dialed again. Nothing arrives twice, and nothing overtakes.
 *
 * **Restarts.** A listener is restarted by closing its socket and listening on the
 * same address with another one; who dials it comes back.
 *
 * In a list of choices 0 is the shortest delay, no cut and no refusal.
 */
#ifndef AKT_SIM_NET_H
#define AKT_SIM_NET_H

#include "akt/error.h"
#include "akt/export.h"
#include "akt/sim.h"
#include "akt/system.h"
#include "akt/types.h"

AKT_BEGIN_DECLS

/** How the network is. Zero means default; `AKT_SIM_NET_OPTS_INIT`. */
typedef struct akt_sim_net_opts {
    size_t size; /**< of this struct, for the library's versions to come */
    uint64_t delay_min_ns; /**< of a message or a dial; 0: 50 us */
    uint64_t delay_max_ns; /**< 0: ten times the shortest; at most an hour */
    /** Messages that a connection holds in each direction, 1 to 65536; 0: 16. */
    uint32_t buffer;
} akt_sim_net_opts;

/** The start of an options struct. */
#define AKT_SIM_NET_OPTS_INIT                                                  \
    ((akt_sim_net_opts){.size = sizeof(akt_sim_net_opts)})

/**
 * What the network did. At any time `sent` is the sum of `arrived`, `dropped`,
 * `unwanted`, `lost` and `on_way`.
 */
typedef struct akt_sim_net_counters {
    /** Messages to a peer; to all is one for each, and a batch is one. */
    uint64_t sent;
    uint64_t arrived;  /**< and have been taken, or will be */
    uint64_t dropped;  /**< no room: PUB, SURVEYOR and BUS, SUB */
    uint64_t unwanted; /**< of no topic of the subscriber's; or an answer to a
                            request that had been given up */
    uint64_t lost;     /**< with a connection or with the receiving socket */
    uint64_t on_way;
    uint64_t connections; /**< now */
    uint64_t connected;   /**< until now */
    uint64_t cut;         /**< until now, not counting those that were closed */
    uint64_t refused;     /**< dials that did not become connections */
} akt_sim_net_counters;

/**
 * @brief Changes the network, for what is sent from now on.
 * @param system [borrow] a simulated system
 * @param opts [borrow] see `akt_sim_net_opts`
 * @retval AKT_OK done
 * @retval AKT_EINVAL an option is out of range
 * @retval AKT_ENOMEM out of memory
 * @retval AKT_ECONTEXT the system is not simulated
 * @threadsafety setup
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_sim_net_set(akt_system *system,
                                              const akt_sim_net_opts *opts);

/**
 * @brief Cuts connections now: what is on its way by them is lost. They are dialed
 *        again.
 * @param system [borrow] a simulated system; ignored when it is not
 * @param url [borrow] the address that is listened on; NULL: all
 * @return how many
 * @threadsafety setup
 * @blocking no
 */
AKT_API uint32_t akt_sim_net_cut(akt_system *system, const char *url);

/**
 * @brief Cuts them and lets none be made until `akt_sim_net_join`: nobody can reach
 *        this address.
 * @param system [borrow] a simulated system
 * @param url [borrow] the address that is listened on; copied
 * @retval AKT_OK nobody can, from now on
 * @retval AKT_EINVAL the address is longer than `AKT_NNG_URL_MAX`
 * @retval AKT_ENOMEM out of memory
 * @retval AKT_ECONTEXT the system is not simulated
 * @threadsafety setup
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_sim_net_part(akt_system *system,
                                               const char *url);

/**
 * @brief Ends what `akt_sim_net_part` began. `akt_sim_heal` does too.
 * @param system [borrow] a simulated system; ignored when it is not
 * @param url [borrow] the address; NULL: all
 * @threadsafety setup
 * @blocking no
 */
AKT_API void akt_sim_net_join(akt_system *system, const char *url);

/**
 * @brief What the network did until now.
 * @param system [borrow] a simulated system
 * @return the numbers; zero when the system is not simulated
 * @threadsafety setup
 * @blocking no
 */
AKT_API akt_sim_net_counters akt_sim_net_stats(const akt_system *system);

AKT_END_DECLS

#endif
