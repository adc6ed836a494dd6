/* SPDX-License-Identifier: MIT */
/**
 * @file sim.h
 * @brief The same program in a simulation: one thread, virtual time, one seed.
 *
 * A simulated system runs the same actors by the same code, but no thread is
 * started and nothing happens until you say so. Time stands still while there is
 * work and then jumps to the next timer. Which of the runnable actors is next,
 * how many messages it handles in a row, and every random number follow from the
 * seed: a run is repeated by its seed, and its trace hash says that it was.
 *
 *     akt_system *system;
 *     AKT_TRY(akt_sim_start(NULL, 42, &system));
 *     ... attach, spawn, send ...
 *     akt_sim_advance(system, AKT_SECONDS(60));      a minute, at once
 *     akt_sim_run_until_idle(system);
 *
 * In a simulation `akt_wait`, `akt_send_within` and `akt_system_stop` run the
 * system until they have what they wait for. `AKT_PLACE_OWN_THREAD` is an ordinary
 * actor, and a blocking job is a step that takes no time.
 *
 * A simulated system is used by one thread.
 */
#ifndef AKT_SIM_H
#define AKT_SIM_H

#include "akt/error.h"
#include "akt/export.h"
#include "akt/system.h"
#include "akt/types.h"

AKT_BEGIN_DECLS

/**
 * @brief Starts a simulated system.
 * @param opts [borrow] as for `akt_system_start`; `workers` is without meaning
 * @param seed decides every choice. 0: always the actor that waits longest, full
 *        batches, as a plain scheduler with one worker does
 * @param out_system [out] the system
 * @retval AKT_OK it can be run
 * @retval AKT_EINVAL an option is out of range; the log says which
 * @retval AKT_ENOMEM out of memory
 * @threadsafety any
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_sim_start(const akt_system_opts *opts,
                                            uint64_t seed,
                                            akt_system **out_system);

/**
 * @brief Takes one step: one turn of one actor or one blocking job.
 * @param system [borrow] a simulated system
 * @return false when nothing can run without time going on
 * @threadsafety setup
 * @blocking no
 */
AKT_API bool akt_sim_step(akt_system *system);

/**
 * @brief Runs until nothing can run without time going on.
 * @param system [borrow] a simulated system
 * @return steps taken
 * @threadsafety setup
 * @blocking no
 */
AKT_API uint64_t akt_sim_run_until_idle(akt_system *system);

/**
 * @brief Lets virtual time go on, running all that becomes due, in order.
 * @param system [borrow] a simulated system
 * @param duration_ns how far
 * @return steps taken
 * @threadsafety setup
 * @blocking no
 */
AKT_API uint64_t akt_sim_advance(akt_system *system, uint64_t duration_ns);

/**
 * @brief The virtual time of the next timer.
 * @param system [borrow] a simulated system
 * @return an instant as of `akt_now_ns`, `AKT_NEVER` when there is no timer
 * @threadsafety setup
 * @blocking no
 */
AKT_API uint64_t akt_sim_next_timer_ns(akt_system *system);

/**
 * @brief A hash of all that happened so far: each choice, send, delivery, fate,
 *        timer and exit, in order. Equal seeds give equal hashes, also in other
 *        builds of the same program.
 * @param system [borrow] a simulated system
 * @return 64 bits
 * @threadsafety setup
 * @blocking no
 */
AKT_API uint64_t akt_sim_trace_hash(akt_system *system);

AKT_END_DECLS

#endif
