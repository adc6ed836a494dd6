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
 *     akt_sim_invariant(system, money_is_kept, &bank);   after each step
 *     akt_sim_advance(system, AKT_SECONDS(60));          a minute, at once
 *     akt_sim_run_until_idle(system);
 *
 * In a simulation `akt_wait`, `akt_send_within` and `akt_system_stop` run the
 * system until they have what they wait for. `AKT_PLACE_OWN_THREAD` is an ordinary
 * actor, and a blocking job is a step that takes no time.
 *
 * To run a scenario with many seeds, and have the one that fails explained, see
 * explore.h.
 *
 * **Strategies** decide what runs next.
 *
 * | strategy | next is                                                         |
 * |----------|-----------------------------------------------------------------|
 * | fifo     | who waits longest, with full batches: a scheduler of one worker |
 * | random   | any; a batch is one message or any number                       |
 * | PCT      | who has the highest of random priorities, which changes at `depth` - 1 random steps. It finds a mistake that needs `depth` things in a certain order among n actors and k steps with a chance of at least 1 / (n k^(depth - 1)) a run (Burckhardt and others, "A randomized scheduler with probabilistic guarantees of finding bugs", ASPLOS 2010) |
 * | starve   | any, but one actor only when nothing else can run               |
 *
 * **Choices.** Every choice is a number, 0 for what fifo would do. They can be
 * recorded into a list and the list can be given to another run of the same seed,
 * which then chooses so; beyond its end all is 0.
 *
 * **Faults.** What can go wrong goes wrong with a chance, or at the n-th time:
 *
 * | fault   | what happens                                                     |
 * |---------|------------------------------------------------------------------|
 * | alloc   | no memory for a message, a state, an actor, a request or a timer: the call answers `AKT_ENOMEM` |
 * | send    | no room: the call answers `AKT_EFULL`                             |
 * | spawn   | no place for an actor: the call answers `AKT_ELIMIT`              |
 * | handler | a handler is not called; its actor goes on as if it had returned `AKT_EINJECTED` |
 * | job     | a blocking job is not run; its request fails by `AKT_EINJECTED`   |
 * | timer   | the process was held up: time goes on to up to 10 ms beyond the next timer |
 *
 * | file    | a system call of files and directories (file.h, dir.h) fails: opening by `EMFILE`, writing by `ENOSPC`, all others by `EIO` |
 * | short   | a file is read or written by a few bytes where more was asked for |
 * | cut     | a message does not arrive: its connection ends, with all that is on its way (sim_net.h) |
 * | dial    | nobody takes a dial: it is tried again as on a real network      |
 *
 * The first three are answers for which a program is ready anyway. While the
 * system stops there are no faults.
 *
 * A simulated system is used by one thread. Its sockets (nng.h) belong to a simulated
 * network: see sim_net.h.
 */
#ifndef AKT_SIM_H
#define AKT_SIM_H

#include "akt/error.h"
#include "akt/export.h"
#include "akt/system.h"
#include "akt/types.h"

AKT_BEGIN_DECLS

/** How the next step is chosen; see above. */
typedef enum akt_sim_strategy {
    AKT_SIM_DEFAULT = 0, /**< random; with seed 0 fifo */
    AKT_SIM_FIFO,
    AKT_SIM_RANDOM,
    AKT_SIM_PCT,
    AKT_SIM_STARVE
} akt_sim_strategy;

/** What can be made to go wrong; see above. */
typedef enum akt_fault {
    AKT_FAULT_ALLOC = 0,
    AKT_FAULT_SEND,
    AKT_FAULT_SPAWN,
    AKT_FAULT_HANDLER,
    AKT_FAULT_JOB,
    AKT_FAULT_TIMER,
    AKT_FAULT_FILE,
    AKT_FAULT_SHORT,
    AKT_FAULT_CUT,
    AKT_FAULT_DIAL
} akt_fault;

/** How many sorts of faults there are. */
#define AKT_FAULTS 10

/** Certainty, where a chance is in millionths. */
#define AKT_SIM_ALWAYS UINT32_C(1000000)

/** A list of choices. */
typedef struct akt_sim_choices {
    uint32_t *list;
    size_t room;  /**< of the list; what is beyond it is only counted */
    size_t count; /**< choices so far */
} akt_sim_choices;

/** How a simulation is made. Zero means default; `AKT_SIM_OPTS_INIT`. */
typedef struct akt_sim_opts {
    size_t size; /**< of this struct, for the library's versions to come */
    uint64_t seed;
    akt_sim_strategy strategy;
    uint32_t depth; /**< of PCT, 1 to 4; 0: 2 */
    uint32_t steps; /**< that PCT expects, 1 to 10^9; 0: 200 */
    /** Whom starve holds back: the n-th actor that is spawned; 0: any. */
    uint32_t victim;
    /** `AKT_AWAIT` mailboxes hold at most so many; 0: what their class says. */
    uint32_t mailbox;
    /** The chance of each `akt_fault` in millionths. */
    uint32_t faults[AKT_FAULTS];
    const akt_sim_choices *replay; /**< [borrow] NULL: by the strategy */
    akt_sim_choices *record;       /**< [borrow] receives the choices; NULL */
} akt_sim_opts;

/** The start of an options struct. */
#define AKT_SIM_OPTS_INIT ((akt_sim_opts){.size = sizeof(akt_sim_opts)})

/** Looks at a simulated system between two steps; it must not change it. */
typedef bool akt_sim_condition(akt_system *system, void *arg);

/** How often a fault could have happened, and did. */
typedef struct akt_sim_fault_count {
    uint64_t passed; /**< with and without harm */
    uint64_t fired;
} akt_sim_fault_count;

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
 * @brief Starts a simulated system with a strategy, faults, recorded choices.
 * @param opts [borrow] as for `akt_system_start`; `workers` is without meaning
 * @param sim [borrow] see `akt_sim_opts`
 * @param out_system [out] the system
 * @retval AKT_OK it can be run
 * @retval AKT_EINVAL an option is out of range; the log says which
 * @retval AKT_ENOMEM out of memory
 * @threadsafety any
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_sim_start_with(const akt_system_opts *opts,
                                                 const akt_sim_opts *sim,
                                                 akt_system **out_system);

/**
 * @brief Takes one step: one turn of one actor or one blocking job.
 * @param system [borrow] a simulated system
 * @return false when nothing can run without time going on, or the run has failed
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

/**
 * @brief Runs, and lets time go on, until a condition holds.
 * @param system [borrow] a simulated system
 * @param condition looked at before the first step and after each
 * @param arg [borrow] for it
 * @param deadline_ns the virtual instant up to which time may go on; `AKT_NEVER`:
 *        as long as there are timers
 * @return whether it holds; false when the time is up, nothing can happen any more
 *         or the run has failed
 * @threadsafety setup
 * @blocking no
 */
AKT_API bool akt_sim_run_until(akt_system *system, akt_sim_condition *condition,
                               void *arg, uint64_t deadline_ns);

/**
 * @brief The virtual time.
 * @param system [borrow] a simulated system
 * @return an instant as of `akt_now_ns`; 0 when the system is not simulated
 * @threadsafety setup
 * @blocking no
 */
AKT_API uint64_t akt_sim_now_ns(const akt_system *system);

/** The most invariants that one system checks. */
#define AKT_SIM_INVARIANTS 16

/**
 * Something that has to hold after each step, until the system stops. When it does
 * not the run has failed: `akt_sim_failure` names the function and the step, and
 * nothing runs any more but the stop.
 */
#define akt_sim_invariant(system, condition, arg)                              \
    akti_sim_invariant((system), #condition, (condition), (arg))

/**
 * @brief What `akt_sim_invariant` calls.
 * @param system [borrow] a simulated system
 * @param name [borrow] static
 * @param condition true when all is well
 * @param arg [borrow] for it
 * @retval AKT_OK it is checked from now on
 * @retval AKT_ELIMIT there are `AKT_SIM_INVARIANTS` already
 * @retval AKT_ENOMEM out of memory
 * @retval AKT_ECONTEXT the system is not simulated
 * @threadsafety setup
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akti_sim_invariant(akt_system *system,
                                                 const char *name,
                                                 akt_sim_condition *condition,
                                                 void *arg);

/**
 * @brief Says that the run has failed, from anywhere in it: a handler's own check.
 * @param system [borrow] a simulated system; ignored when it is not
 * @param text [borrow] what is wrong; copied. The first one counts
 * @threadsafety setup
 * @blocking no
 */
AKT_API void akt_sim_fail(akt_system *system, const char *text);

/**
 * @brief Why the run has failed.
 * @param system [borrow] a simulated system
 * @return NULL when it has not; valid as long as the system
 * @threadsafety setup
 * @blocking no
 */
AKT_API const char *akt_sim_failure(const akt_system *system);

/**
 * @brief Gives a fault a chance from now on.
 * @param system [borrow] a simulated system
 * @param fault which
 * @param millionths its chance at each pass; 0: never
 * @retval AKT_OK done
 * @retval AKT_EINVAL no such fault, or more than `AKT_SIM_ALWAYS`
 * @retval AKT_ECONTEXT the system is not simulated
 * @threadsafety setup
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_sim_fault_chance(akt_system *system,
                                                   akt_fault fault,
                                                   uint32_t millionths);

/**
 * @brief Makes a fault happen at its n-th pass from now on, once.
 * @param system [borrow] a simulated system
 * @param fault which
 * @param n from 1 on; 0: not any more
 * @retval AKT_OK done
 * @retval AKT_EINVAL no such fault
 * @retval AKT_ECONTEXT the system is not simulated
 * @threadsafety setup
 * @blocking no
 */
AKT_API AKT_NODISCARD akt_err akt_sim_fault_at(akt_system *system,
                                               akt_fault fault, uint64_t n);

/**
 * @brief Ends all faults: from now on the world is well.
 * @param system [borrow] a simulated system; ignored when it is not
 * @threadsafety setup
 * @blocking no
 */
AKT_API void akt_sim_heal(akt_system *system);

/**
 * @brief How often a fault happened.
 * @param system [borrow] a simulated system
 * @param fault which
 * @return passes of the fault's place while it had a chance or a number, and how
 *         many of them were faults; zero for what does not exist
 * @threadsafety setup
 * @blocking no
 */
AKT_API akt_sim_fault_count akt_sim_faults(const akt_system *system,
                                           akt_fault fault);

/**
 * @brief A fault's name, such as "handler".
 * @param fault which
 * @return a static string; "?" for what does not exist
 * @threadsafety any
 * @blocking no
 */
AKT_API const char *akt_fault_name(akt_fault fault);

/**
 * @brief A strategy's name, such as "pct".
 * @param strategy which
 * @return a static string; "?" for what does not exist
 * @threadsafety any
 * @blocking no
 */
AKT_API const char *akt_sim_strategy_name(akt_sim_strategy strategy);

AKT_END_DECLS

#endif
