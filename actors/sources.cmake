# SPDX-License-Identifier: MIT
# Every .c file of actors/, in the order of the layers. To add a file, add a
# line. (lint/sources fails on a file that is missing here.)

list(APPEND AKT_SOURCES
    actors/base/error.c
    actors/base/failure.c
    actors/base/fault.c
    actors/base/latch.c
    actors/base/log.c
    actors/base/memory.c
    actors/base/mutant.c
    actors/base/overflow.c
    actors/base/pool.c
    actors/base/sizes.c
    actors/base/stack.c
    actors/base/thread.c
    actors/base/types.c
    actors/base/version.c
    actors/sched/blocking.c
    actors/sched/busywait.c
    actors/sched/dispatcher.c
    actors/sched/inject.c
    actors/sched/loop.c
    actors/sched/reactor.c
    actors/sched/runqueue.c
    actors/sched/sim.c
    actors/sched/simfault.c
    actors/sched/steal.c
    actors/sched/strategy.c
    actors/sched/timerq.c
    actors/sched/worker.c
    actors/core/account.c
    actors/core/actor.c
    actors/core/cell.c
    actors/core/child.c
    actors/core/abandon.c
    actors/core/class.c
    actors/core/cycle.c
    actors/core/failure.c
    actors/core/future.c
    actors/core/job.c
    actors/core/join.c
    actors/core/owned.c
    actors/core/pool.c
    actors/core/port.c
    actors/core/promise.c
    actors/core/queue.c
    actors/core/readiness.c
    actors/core/run.c
    actors/core/self.c
    actors/core/send.c
    actors/core/share.c
    actors/core/simulation.c
    actors/core/stash.c
    actors/core/stop.c
    actors/core/suspend.c
    actors/core/system.c
    actors/core/timer.c
    actors/core/wait.c
    actors/async/await.c
    actors/async/barrier.c
    actors/async/broadcast.c
    actors/async/channel.c
    actors/async/chanend.c
    actors/async/chanwait.c
    actors/async/chanwatch.c
    actors/async/children.c
    actors/async/fd.c
    actors/async/give.c
    actors/async/hold.c
    actors/async/notify.c
    actors/async/park.c
    actors/async/queue.c
    actors/async/run.c
    actors/async/scope.c
    actors/async/select.c
    actors/async/semaphore.c
    actors/async/shared.c
    actors/async/sleep.c
    actors/async/task.c
    actors/async/topic.c
    actors/async/waiters.c
    actors/async/watch.c
    actors/test/arena.c
    actors/test/attempt.c
    actors/test/child.c
    actors/test/environment.c
    actors/test/equal.c
    actors/test/explore.c
    actors/test/inspect.c
    actors/test/map.c
    actors/test/oracle.c
    actors/test/oracle_channel.c
    actors/test/oracle_end.c
    actors/test/oracle_scope.c
    actors/test/probe.c
    actors/test/probe_ask.c
    actors/test/probe_expect.c
    actors/test/probe_record.c
    actors/test/report.c
    actors/test/shrink.c
    actors/test/trace.c
    actors/async/combine.c
    actors/async/oneshot.c
    actors/async/ready.c
    actors/async/step.c
    actors/async/defer.c
    actors/async/dir_await.c
    actors/async/dir_handle.c
    actors/async/dir_walk.c
    actors/async/file_append.c
    actors/async/file_await.c
    actors/async/file_content.c
    actors/async/file_error.c
    actors/async/file_handle.c
    actors/async/file_name.c
    actors/async/file_open.c
    actors/async/file_read.c
    actors/async/file_replace.c
    actors/async/file_sys.c
)

# POSIX with its XSI option: stacks for signals, _longjmp. Fortified, that takes
# a jump to another stack for a mistake.
set_source_files_properties(
    actors/base/coro_ucontext.c actors/base/overflow.c
    PROPERTIES COMPILE_DEFINITIONS _XOPEN_SOURCE=700)
set_source_files_properties(actors/base/coro_ucontext.c
    PROPERTIES COMPILE_OPTIONS -U_FORTIFY_SOURCE)

# Files that exist twice: with Linux system calls, and with POSIX alone.
# Those in AKT_GNU_SOURCES are compiled with _GNU_SOURCE.
if(AKT_PORTABLE)
    list(APPEND AKT_SOURCES
        actors/base/clock_posix.c
        actors/base/cpus_posix.c
        actors/base/pages_posix.c
        actors/sched/doorbell_pipe.c
        actors/sched/poller_poll.c
        actors/async/dir_kind_posix.c
    )
    # MAP_ANONYMOUS: POSIX has had it since 2024.
    set_source_files_properties(actors/base/pages_posix.c PROPERTIES
        COMPILE_DEFINITIONS "_DEFAULT_SOURCE;_DARWIN_C_SOURCE;__BSD_VISIBLE")
else()
    list(APPEND AKT_SOURCES
        actors/base/clock_linux.c
        actors/base/cpus_linux.c
        actors/base/pages_linux.c
        actors/sched/doorbell_eventfd.c
        actors/sched/poller_epoll.c
        actors/async/dir_kind_linux.c
    )
    list(APPEND AKT_GNU_SOURCES
        actors/async/dir_kind_linux.c
        actors/base/clock_linux.c
        actors/base/cpus_linux.c
        actors/base/pages_linux.c
    )
endif()

# What carries the messages of sockets, where they are real; see AKT_WITH_NNG.
if(AKT_WITH_NNG)
    list(APPEND AKT_SOURCES
        actors/net/nng_answer.c
        actors/net/nng_ask.c
        actors/net/nng_back.c
        actors/net/nng_begin.c
        actors/net/nng_check.c
        actors/net/nng_close.c
        actors/net/nng_error.c
        actors/net/nng_flow.c
        actors/net/nng_helper.c
        actors/net/nng_key.c
        actors/net/nng_peers.c
        actors/net/nng_reaper.c
        actors/net/nng_tls.c
    )
elseif(AKT_WITH_NET)
    list(APPEND AKT_SOURCES actors/net/no_nng.c)
endif()

# How coroutines switch; see cmake/AktCoro.cmake.
if(AKT_CORO_FOUND STREQUAL "fcontext")
    list(APPEND AKT_SOURCES actors/base/coro_fcontext.c ${AKT_CORO_OBJECT})
else()
    list(APPEND AKT_SOURCES actors/base/coro_ucontext.c)
endif()

# What leaves the process; see cmake/AktNet.cmake.
if(AKT_WITH_NET)
    list(APPEND AKT_SOURCES
        actors/net/address.c
        actors/net/answer.c
        actors/net/asks.c
        actors/net/batch.c
        actors/net/cbor_read.c
        actors/net/cbor_write.c
        actors/net/in.c
        actors/net/link.c
        actors/net/opened.c
        actors/net/out.c
        actors/net/out_open.c
        actors/net/outlet.c
        actors/net/pack.c
        actors/net/sim_arrive.c
        actors/net/sim_ask.c
        actors/net/sim_back.c
        actors/net/sim_begin.c
        actors/net/sim_conn.c
        actors/net/sim_flow.c
        actors/net/sim_message.c
        actors/net/sim_world.c
        actors/net/socket.c
        actors/net/survey.c
        actors/net/typed.c
        actors/net/utf8.c
        actors/net/wire_decode.c
        actors/net/wire_encode.c
        actors/net/wire_name.c
        actors/net/wire_place.c
        actors/net/wire_skip.c
        actors/net/wire_value.c
    )
endif()
