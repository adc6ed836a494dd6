/* SPDX-License-Identifier: MIT */
/*
 * What probe_test.c and probe_end_test.c share: an actor that answers, and a
 * probe whose failures are kept for the test instead of printed.
 */
#ifndef AKT_TESTS_UNIT_PROBE_QUIET_H
#define AKT_TESTS_UNIT_PROBE_QUIET_H

#include "akt/test.h"
#include "tests/support/sim.h"

#include <stdio.h>
#include <string.h>

#define NUMBER(F) F(i64, n)
AKT_MESSAGE(ping, NUMBER);
AKT_MESSAGE(pong, NUMBER);
AKT_SIGNAL(tick);

/* Answers its sender; a negative number after as many milliseconds. */
struct echo {
    int64_t calls;
};

static inline akt_err
on_ping(akt_self *self, struct echo *e, const struct ping *m)
{
    e->calls++;
    if (m->n < 0) {
        return akt_send_after(self, AKT_MS((uint64_t)-m->n), akt_sender(self),
                              pong, .n = m->n);
    }
    return akt_send(self, akt_sender(self), pong, .n = m->n);
}
AKT_CLASS(echo, struct echo, AKT_ON(ping, on_ping));

/* What on_fail was told. */
static char told[1024];
static int told_line;
static int told_times;

static inline void
tell(const char *text, const char *file, int line, void *arg)
{
    assert_string_equal(file, __BASE_FILE__); /* the test, not this header */
    assert_ptr_equal(arg, &told_times);
    told_times++;
    told_line = line;
    (void)snprintf(told, sizeof(told), "%s", text);
}

/* Failures go to `told` alone. */
static inline akt_probe *
open_quiet(struct sim *sim)
{
    akt_probe_opts opts = AKT_PROBE_OPTS_INIT;
    akt_probe *probe;

    opts.quiet = true;
    opts.on_fail = tell;
    opts.fail_arg = &told_times;
    told[0] = '\0';
    told_times = 0;
    assert_ok(akt_probe_open(sim->me, &opts, &probe));
    return probe;
}

static inline akt_ref
spawn_echo(struct sim *sim)
{
    akt_ref ref;

    assert_ok(akt_spawn(sim->me, echo, &ref));
    return ref;
}

/* The last expectation failed like this. */
static inline void
assert_failed(const akt_probe *p, akt_err err, const char *sentence)
{
    assert_err(akt_probe_error(p), err);
    assert_string_equal(akt_probe_failure(p), sentence);
    assert_string_equal(told, sentence);
    assert_int_equal(told_times, akt_probe_failures(p));
}

#endif
