/* SPDX-License-Identifier: MIT */
/*
 * A worker: one connection to the coordinator, and behind it as many counters as
 * there are processors. When the connection is lost all is over: what was done is
 * with the coordinator, and the rest is nobody's any more.
 */
#include "counter.h"
#include "protocol.h"
#include "spread.h"

#include <akt/nng.h>

#include <inttypes.h>
#include <stdio.h>

enum {
    COUNTERS_MAX = 256,
    REDIAL_MS = 100,
    SOON_MS = 200 /* it is not worth a word to wait so long */
};

/* What the task of the program cannot be given otherwise. */
static struct {
    const struct options *options;
    struct crew crew;
    int status;
} program;

static akt_err
open_socket(akt_self *self, akt_nng *out)
{
    akt_nng_opts opts = {.protocol = AKT_NNG_REQ,
                         .name = "coordinator",
                         .peers = true,
                         .max_message = SPREAD_MESSAGE_MAX,
                         .redial_min_ns = AKT_MS(REDIAL_MS),
                         .redial_max_ns = AKT_MS(REDIAL_MS)};
    akt_error error = AKT_ERROR_NONE;
    akt_err err = akt_nng_open(self, &opts, out, &error);
    return err == AKT_OK ? AKT_OK : akt_task_fail_with(self, &error);
}

static akt_err
dial(akt_self *self, akt_nng socket, const char *url)
{
    akt_error error = AKT_ERROR_NONE;
    struct akt_nng_bound bound;
    akt_future f;
    AKT_TRY(
        akt_ask(self, socket.ref, &f, akt_nng_dial, .url = akt_text_of(url)));
    akt_err err = akt_await_as_with(self, f, akt_nng_bound, &bound, &error);
    return err == AKT_OK ? AKT_OK : akt_task_fail_with(self, &error);
}

/* The coordinator may begin after its workers. */
static akt_err
await_coordinator(akt_self *self, const struct options *options)
{
    akt_received m;
    akt_err err = akt_receive(self, AKT_MS(SOON_MS), &m);
    if (err == AKT_ETIMEOUT && !options->quiet) {
        fprintf(stderr, "wordcount: waiting for a coordinator at %s\n",
                options->worker);
    }
    if (err == AKT_ETIMEOUT) {
        err = akt_receive(self, AKT_SECONDS((uint64_t)options->wait_s), &m);
    }
    if (err == AKT_ETIMEOUT) {
        akt_error error = AKT_ERROR_NONE;
        (void)akt_error_set(&error, err,
                            "no coordinator at %s within %" PRIu32 " seconds",
                            options->worker, options->wait_s);
        return akt_task_fail_with(self, &error);
    }
    return err;
}

static akt_err
spawn_counters(akt_self *self, akt_future *out_all)
{
    akt_future ends[COUNTERS_MAX];
    uint32_t n =
        akt_system_workers(akt_self_system(self)); /* a thread for each */
    n = n < COUNTERS_MAX ? n : COUNTERS_MAX;
    for (uint32_t i = 0; i < n; i++) {
        akt_task task;
        AKT_TRY(counter_spawn(self, &program.crew, &task));
        ends[i] = task.future;
    }
    return akt_all(self, ends, n, out_all);
}

static akt_err
fail_gone(akt_self *self)
{
    akt_error error = AKT_ERROR_NONE;
    (void)akt_error_set(&error, AKT_ECLOSED, "the coordinator at %s is gone",
                        program.crew.url);
    return akt_task_fail_with(self, &error);
}

static akt_err
take_end(akt_self *self, akt_answer *answer)
{
    akt_error error = AKT_ERROR_NONE;
    akt_err err = akt_answer_error(answer, &error);
    akt_answer_free(self, answer);
    return err == AKT_OK ? AKT_OK : akt_task_fail_with(self, &error);
}

/* Until the counters have ended, or their coordinator has. */
static akt_err
await_end(akt_self *self, akt_future counters)
{
    akt_answer *answer = NULL;
    akt_received m;
    akt_branch branches[] = {AKT_WHEN_ENDED(counters, &answer),
                             AKT_WHEN_MESSAGE(&m)};
    for (;;) {
        size_t which = 0;
        AKT_TRY(akt_select(self, branches, 2, AKT_SELECT_BIASED, AKT_NEVER,
                           &which));
        AKT_TRY(branches[which].error);
        if (which == 0) {
            return take_end(self, answer);
        }
        if (akt_received_as(&m, akt_nng_peer_down) != NULL) {
            return fail_gone(self);
        }
    }
}

static akt_err
work(akt_self *self)
{
    akt_nng socket;
    akt_future counters;
    AKT_TRY(open_socket(self, &socket));
    AKT_TRY(dial(self, socket, program.crew.url));
    AKT_TRY(await_coordinator(self, program.options));
    program.crew.coordinator = socket.ref;
    AKT_TRY(spawn_counters(self, &counters));
    return await_end(self, counters);
}
AKT_TASK(work, void);

/* Says itself what went wrong, and how the program ends. */
static akt_err
work_and_tell(akt_self *self, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    akt_error error = AKT_ERROR_NONE;
    akt_task task;
    AKT_TRY(akt_task_spawn(self, work, &task));
    akt_err err = akt_join_with(self, task, &error);
    if (err == AKT_OK || akt_task_is_cancelled(self)) {
        return err;
    }
    fprintf(stderr, "wordcount: %s\n", error.text);
    program.status = EXIT_FAILED;
    return AKT_OK;
}

int
worker_run(const struct options *options)
{
    akt_system_opts system = AKT_SYSTEM_OPTS_INIT;
    akt_run_opts opts = AKT_RUN_OPTS_INIT;
    system.name = "wordcount";
    system.workers = options->workers;
    system.blocking_threads = STAGE_MAX;
    opts.system = &system;
    program.options = options;
    program.crew.url = options->worker;
    program.crew.quiet = options->quiet;
    int status = akt_run_with(&opts, work_and_tell, 0, NULL);
    if (status == 0) {
        return program.status;
    }
    /* By a signal; else it could not even begin, and akt_run has said why. */
    return status > 128 ? status : EXIT_FAILED;
}
