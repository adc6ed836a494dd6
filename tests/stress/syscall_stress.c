/* SPDX-License-Identifier: MIT */
/*
 * Every system call that the library makes says no: the n-th one alone, and the
 * n-th and all after it, for n = 1, 2, ... until a scenario of threads, pool,
 * timers and own-thread actors passes without meeting the failure. The calls are
 * wrapped by the linker (see CMakeLists.txt) for the library's own, and replaced
 * for those that libevent makes; libevent's allocations fail as well.
 *
 * Whatever fails, each call answers an error or does what it says, what was
 * accepted and asked is accounted for, nothing hangs, and no memory, descriptor
 * or thread is left behind.
 *
 * Not here: what cannot fail on a running system, such as reading the monotonic
 * clock, unlocking a lock that one holds, or closing what one has opened.
 */
#include "akt/akt.h"
#include "tests/support/folder.h"
#include "tests/support/stress.h"
#include "tests/support/syscalls.h"

#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define WORD(F) F(u32, n)
AKT_MESSAGE(result, WORD);
AKT_REQUEST(task, WORD, result);
AKT_REQUEST(grind, WORD, result);
AKT_SIGNAL(tick);
AKT_MESSAGE(go, WORD);

/* --- the scenario --- */

struct server {
    akt_promise_of(task) kept;
};

static akt_err
grind_it(akt_self *self, const struct grind *m)
{
    return akt_reply(self, m, .n = m->n + 1);
}
AKT_JOB(grind_it, grind);

static akt_err
on_ground(akt_self *self, struct server *s, const akt_answer *answer,
          const struct result *r)
{
    (void)self;
    (void)s;
    STRESS_CHECK((r != NULL) == (answer->outcome == AKT_REPLIED), "a reply");
    return AKT_OK;
}
AKT_THEN(on_ground, struct server, grind);

static akt_err
on_go(akt_self *self, struct server *s, const struct go *m)
{
    akt_future f;

    (void)s;
    if (akt_ask_blocking(self, &f, grind_it, grind, .n = m->n) == AKT_OK) {
        return akt_then(self, f, on_ground, NULL);
    }
    return AKT_OK;
}

static akt_err
on_tick(akt_self *self, struct server *s, const struct tick *m)
{
    (void)m;
    return akt_promise_reply(self, &s->kept, .n = 1);
}

static akt_err
on_task(akt_self *self, struct server *s, const struct task *m)
{
    AKT_TRY(akt_keep(self, m, &s->kept));
    return akt_timer_start(self, AKT_US(300), 0, NULL, tick);
}

AKT_CLASS(server, struct server, AKT_ON(go, on_go), AKT_ON(tick, on_tick),
          AKT_ON(task, on_task));
AKT_CLASS(own, struct server, AKT_ON(go, on_go), AKT_ON(tick, on_tick),
          AKT_ON(task, on_task), AKT_PLACEMENT(AKT_PLACE_OWN_THREAD));

#define SERVERS 4

/* A timer's answer, which comes whatever the calls below say. */
static void
ask_and_wait(akt_self *self, akt_ref to)
{
    akt_answer *answer;
    akt_future f;

    STRESS_OK(akt_ask_within(self, AKT_SECONDS(60), to, &f, task, .n = 7));
    STRESS_OK(akt_wait(self, f, &answer));
    STRESS_CHECK(answer->outcome == AKT_REPLIED, "outcome %d",
                 (int)answer->outcome);
    akt_answer_free(self, answer);
}

static bool
is_system_error(akt_err err)
{
    return err == AKT_ENOMEM || err == AKT_EMFILE || err == AKT_EIO
           || err == AKT_ETHREAD;
}

/* --- files --- */

static struct folder folder;

static akt_text
in_folder(const char *name)
{
    return akt_text_of(folder_name(&folder, name));
}

/* Each call is done or says that it is not; how it says so is seen by its text. */
static bool
did(akt_err err, const akt_error *e)
{
    STRESS_CHECK((err == AKT_OK) == (e->code == AKT_OK), "%s: %s",
                 akt_err_name(err), e->text);
    STRESS_CHECK(err == AKT_OK || e->length > 10, "%s without a sentence",
                 akt_err_name(err));
    return err == AKT_OK;
}

/* An entry of its own says what failed in a walk; other entries are counted. */
static void
walk(akt_self *self)
{
    akt_error e = AKT_ERROR_NONE;
    uint32_t entries = 0;
    uint32_t errors = 0;
    bool more = true;
    akt_dir dir;

    if (!did(akt_walk_dir(self, in_folder("."), NULL, &dir, &e), &e)) {
        return;
    }
    while (more) {
        akt_dir_entries b = {NULL, 0, NULL};
        uint32_t i;

        more = did(akt_read_dir(self, dir, &b, &e), &e) && b.count > 0;
        for (i = 0; i < b.count; i++) {
            errors += b.entries[i].error != AKT_OK;
            entries += b.entries[i].error == AKT_OK;
        }
        akt_dir_entries_free(&b);
    }
    STRESS_CHECK(errors > 0 || e.code != AKT_OK || entries == 2,
                 "%u entries and no error", entries);
    STRESS_OK(akt_dir_close(self, dir));
}

static void
use_files(akt_self *self)
{
    akt_error e = AKT_ERROR_NONE;
    akt_file_info info;

    if (did(akt_make_dir(self, in_folder("d"), NULL, &e), &e)) {
        bool moved;

        walk(self);
        moved =
            did(akt_rename_file(self, in_folder("d"), in_folder("c"), &e), &e);
        e = AKT_ERROR_NONE;
        (void)did(akt_stat_file(self, in_folder("f"), &info, &e), &e);
        e = AKT_ERROR_NONE;
        (void)did(akt_remove_dir(self, in_folder(moved ? "c" : "d"), &e), &e);
    }
    e = AKT_ERROR_NONE;
    (void)did(akt_remove_file(self, in_folder("f"), &e), &e);
}

static void
use(akt_system *system)
{
    static const struct server none = {.kept = {{NULL, 0}}};
    akt_self *self;
    uint32_t i;

    STRESS_OK(akt_attach(system, &self));
    for (i = 0; i < SERVERS; i++) {
        const akt_class *cls = i % 2 == 0 ? &server_class : &own_class;
        akt_ref ref;
        akt_err err = akti_spawn(self, cls, &ref, &none);

        if (err != AKT_OK) {
            STRESS_CHECK(i % 2 == 1 && is_system_error(err), "spawn: %s",
                         akt_err_name(err));
            continue;
        }
        STRESS_OK(akt_send(self, ref, go, .n = i));
        ask_and_wait(self, ref);
    }
    use_files(self);
    akt_detach(self);
}

/* Whether the start succeeded. */
static bool
scenario(uint32_t workers, struct stress_memory *memory)
{
    akt_system_opts opts = stress_opts(workers, memory);
    akt_system *system = NULL;
    akt_counters c;
    akt_err err;

    opts.blocking_threads = 2;
    folder_write(&folder, "f", "x", 1);
    err = akt_system_start(&opts, &system);
    if (err != AKT_OK) {
        STRESS_CHECK(is_system_error(err), "start: %s", akt_err_name(err));
        STRESS_CHECK(system == NULL, "an error and a system");
        return false;
    }
    use(system);
    STRESS_OK(akt_system_stop(system, AKT_MS(1)));
    akt_system_counters(system, &c);
    stress_check_account(&c);
    akt_system_destroy(system);
    return true;
}

/* --- the loop --- */

/* One run, with nothing left behind; whether the failure was met. */
static bool
fail_once(uint32_t workers, const struct syscall_fault *fault, uint32_t n,
          bool for_ever, const struct stress_baseline *b)
{
    struct stress_memory memory;
    uint32_t failed;

    stress_phase("%u workers: %s %u says %d%s", workers, fault->name, n,
                 fault->error, for_ever ? " and all later" : "");
    stress_memory_init(&memory);
    syscalls_fail(fault, n, for_ever ? UINT32_MAX : 1);
    (void)scenario(workers, &memory);
    failed = syscalls_end();
    /* What could not be removed meanwhile. */
    (void)rmdir(folder_name(&folder, "c"));
    (void)rmdir(folder_name(&folder, "d"));
    stress_memory_check(&memory);
    stress_baseline_check(b);
    return failed > 0;
}

static void
fail_each(uint32_t workers, const struct syscall_fault *fault, bool for_ever)
{
    struct stress_baseline b = stress_baseline_after(scenario);
    uint32_t quiet = 0;
    uint32_t met = 0;
    uint32_t n;

    /* Threads make the number vary: over when none was met for a while. */
    for (n = 1; quiet < 3; n++) {
        bool is_met = fail_once(workers, fault, n, for_ever, &b);

        quiet = is_met ? 0 : quiet + 1;
        met += is_met;
    }
    stress_figure(16, met, "system calls failed");
    STRESS_CHECK(met > 0 || fault->is_optional, "%s is never called",
                 fault->name);
    print_message("%u workers: %s (%d)%s: %u times\n", workers, fault->name,
                  fault->error, for_ever ? " for ever" : "", met);
    stress_end();
}

static void
test_each_system_call_that_fails_is_an_error(void **state)
{
    const struct syscall_fault *fault;
    uint32_t workers;

    (void)state;
    folder_open(&folder);
    for (fault = syscall_faults; fault->name != NULL; fault++) {
        for (workers = 1; workers <= 2; workers++) {
            fail_each(workers, fault, false);
            if (!fault->is_passing) {
                fail_each(workers, fault, true);
            }
        }
    }
    folder_close(&folder);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_system_call_that_fails_is_an_error),
    };

    stress_begin("syscall_stress");
    syscalls_begin();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
