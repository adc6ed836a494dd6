/* SPDX-License-Identifier: MIT */
#include "tests/support/sim.h"

#include "actors/test/oracle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEEDS 200
#define NOTES_MAX 65536

/* Follows the outermost of the open systems: see actors/test/oracle.h. */
static struct akti_oracle oracle = {.max_steps = UINT64_MAX};

/* The system that was opened last, for sim_report. */
static const struct sim *current;

static uint64_t runs;

static int64_t notes[NOTES_MAX];
static size_t note_count;

/* --- hooks --- */

static void *
count_alloc(void *arg, size_t size, size_t align)
{
    struct sim_memory *memory = arg;
    void *ptr;

    memory->calls++;
    if (memory->fail_at != 0
        && (memory->calls == memory->fail_at
            || (memory->for_ever && memory->calls > memory->fail_at))) {
        memory->failed++;
        return NULL;
    }
    ptr = aligned_alloc(align, size);
    if (ptr != NULL) {
        /* Nobody may count on zeroes. */
        memset(ptr, 0xa5, size);
        memory->bytes += size;
    }
    return ptr;
}

static void
count_free(void *arg, void *ptr, size_t size)
{
    struct sim_memory *memory = arg;

    memory->bytes -= size;
    free(ptr);
}

static void
keep_letter(const akt_dead_letter *letter, void *arg)
{
    struct sim *sim = arg;
    struct sim_letter *to = &sim->letters[sim->letter_count % SIM_LETTERS];
    size_t size = letter->type->size;

    if (sim->letter_count++ >= SIM_LETTERS) {
        return;
    }
    *to = (struct sim_letter){letter->sender, letter->target, letter->type,
                              letter->fate,   letter->reason, 0};
    memcpy(&to->first, letter->payload,
           size < sizeof(to->first) ? size : sizeof(to->first));
}

static void
keep_line(akt_log_level level, const char *line, void *arg)
{
    struct sim *sim = arg;
    size_t n = strlen(line);

    (void)level;
    if (n + 2 <= SIM_LOG - sim->log_used) {
        memcpy(sim->log + sim->log_used, line, n);
        sim->log_used += n;
        sim->log[sim->log_used++] = '\n';
        sim->log[sim->log_used] = '\0';
    }
}

/* --- a system --- */

void
sim_prepare(struct sim *sim, uint64_t seed)
{
    memset(sim, 0, sizeof(*sim));
    sim->seed = seed;
    sim->allocator = (akt_allocator){count_alloc, count_free, &sim->memory};
    sim->opts = AKT_SYSTEM_OPTS_INIT;
    sim->opts.name = "sim";
    sim->opts.allocator = &sim->allocator;
    sim->opts.log = keep_line;
    sim->opts.log_arg = sim;
    sim->opts.dead_letter = keep_letter;
    sim->opts.dead_letter_arg = sim;
    sim_forget();
}

void
sim_start(struct sim *sim)
{
    sim->outer = current;
    current = sim;
    assert_ok(akt_sim_start(&sim->opts, sim->seed, &sim->system));
    if (sim->outer == NULL) {
        oracle.unchecked = 0;
        akti_oracle_watch(&oracle, sim->system);
    }
    assert_ok(akt_attach(sim->system, &sim->me));
}

void
sim_open(struct sim *sim, uint64_t seed)
{
    sim_prepare(sim, seed);
    sim_start(sim);
}

static void
check_account(struct sim *sim)
{
    akt_counters c = sim_counters(sim);
    uint64_t lost = c.dropped + c.expired + c.returned + c.dead + c.discarded;

    assert_int_equal(c.accepted, c.delivered + lost);
    assert_int_equal(c.queued, 0);
    assert_int_equal(c.asked, c.replied + c.failed + c.timed_out + c.cancelled
                                  + c.broken);
    assert_int_equal(c.open, 0);
    assert_int_equal(c.spawned, c.exited);
    assert_int_equal(sim->letter_count, lost);
}

void
sim_close(struct sim *sim)
{
    assert_ok(akt_system_stop(sim->system, 0));
    akt_detach(sim->me);
    check_account(sim);
    if (oracle.system == sim->system) {
        oracle.unchecked = sim->unchecked;
        akti_oracle_close(&oracle);
        akti_oracle_forget(&oracle);
    }
    if (akt_sim_failure(sim->system) != NULL) {
        fail_msg("%s", akt_sim_failure(sim->system));
    }
    akt_system_destroy(sim->system);
    sim_check_memory(sim);
}

void
sim_check_memory(struct sim *sim)
{
    assert_int_equal(sim->memory.bytes, 0);
    current = sim->outer;
}

/* An empty variable is none. */
static bool
is_set(const char *name)
{
    const char *text = getenv(name);

    return text != NULL && *text != '\0';
}

static uint64_t
from_environment(const char *name, uint64_t standard)
{
    return is_set(name) ? strtoull(getenv(name), NULL, 0) : standard;
}

static void
run_one(const akt_system_opts *opts, uint64_t seed, sim_scenario *scenario)
{
    struct sim sim;

    sim_prepare(&sim, seed);
    sim.opts.max_actors = opts->max_actors;
    sim.opts.batch = opts->batch;
    sim.opts.blocking_queue = opts->blocking_queue;
    sim.opts.ask_timeout_ns = opts->ask_timeout_ns;
    sim_start(&sim);
    scenario(&sim);
    sim_close(&sim);
    runs++;
}

uint64_t
sim_runs(void)
{
    return runs;
}

void
sim_figure(int promise, uint64_t number, const char *words)
{
    print_message("FIGURE %d %llu %s\n", promise, (unsigned long long)number,
                  words);
}

void
sim_each_seed_with(const akt_system_opts *opts, sim_scenario *scenario)
{
    uint64_t first = from_environment("AKT_SIM_SEED", 0);
    uint64_t n =
        from_environment("AKT_SIM_SEEDS", is_set("AKT_SIM_SEED") ? 1 : SEEDS);
    uint64_t i;

    for (i = 0; i < n; i++) {
        run_one(opts, first + i, scenario);
    }
}

void
sim_each_seed(sim_scenario *scenario)
{
    const akt_system_opts standard = AKT_SYSTEM_OPTS_INIT;

    sim_each_seed_with(&standard, scenario);
}

void
sim_in_order_with(const akt_system_opts *opts, sim_scenario *scenario)
{
    run_one(opts, 0, scenario);
}

void
sim_in_order(sim_scenario *scenario)
{
    const akt_system_opts standard = AKT_SYSTEM_OPTS_INIT;

    run_one(&standard, 0, scenario);
}

int
sim_report(void **state)
{
    (void)state;
    if (current != NULL) {
        print_error("failed with AKT_SIM_SEED=%llu; log:\n%s",
                    (unsigned long long)current->seed, current->log);
        current = NULL;
    }
    return 0;
}

/* --- what happened --- */

akt_counters
sim_counters(struct sim *sim)
{
    akt_counters c;

    akt_system_counters(sim->system, &c);
    return c;
}

size_t
sim_letters(const struct sim *sim, akt_fate fate, akt_err reason)
{
    size_t kept =
        sim->letter_count < SIM_LETTERS ? sim->letter_count : SIM_LETTERS;
    size_t n = 0;
    size_t i;

    for (i = 0; i < kept; i++) {
        n += sim->letters[i].fate == fate && sim->letters[i].reason == reason;
    }
    return n;
}

bool
sim_log_has(const struct sim *sim, const char *text)
{
    return strstr(sim->log, text) != NULL;
}

void
sim_note(int64_t what)
{
    if (note_count < NOTES_MAX) {
        notes[note_count++] = what;
    }
}

void
sim_forget(void)
{
    note_count = 0;
}

size_t
sim_noted(int64_t what)
{
    size_t n = 0;
    size_t i;

    for (i = 0; i < note_count; i++) {
        n += notes[i] == what;
    }
    return n;
}

size_t
sim_note_count(void)
{
    return note_count;
}

int64_t
sim_note_at(size_t i)
{
    return i < note_count ? notes[i] : INT64_MIN;
}

static void
print_notes(const char *title, const int64_t *n, size_t count)
{
    size_t i;

    print_error("%s", title);
    for (i = 0; i < count && i < 40; i++) {
        print_error(" %lld", (long long)n[i]);
    }
    print_error("\n");
}

void
sim_assert_notes(const int64_t *expected, size_t n, const char *file, int line)
{
    if (n != note_count || memcmp(expected, notes, n * sizeof(*notes)) != 0) {
        print_notes("expected:", expected, n);
        print_notes("noted:   ", notes, note_count);
        _fail(file, line);
    }
}

/* --- acting --- */

void
sim_act(struct sim *sim, akt_ref actor,
        akt_err (*fn)(akt_self *self, void *arg), void *arg)
{
    assert_ok(akt_send(sim->me, actor, act, .fn = fn, .arg = arg));
}

void
sim_do(struct sim *sim, akt_ref actor, akt_err (*fn)(akt_self *self, void *arg),
       void *arg)
{
    sim_act(sim, actor, fn, arg);
    (void)akt_sim_run_until_idle(sim->system);
}
