/* SPDX-License-Identifier: MIT */
/* What an exploration says: progress, a failure, how to repeat it. */
#include "actors/base/clock.h"
#include "actors/test/explorer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_SIZE 512
#define REPRODUCE_SIZE 8192
#define CHOICES_SIZE 4096
#define PROGRESS_NS (UINT64_C(500) * 1000000u)

static void
say_line(struct akti_explorer *x, const char *line)
{
    if (x->opts.quiet) {
        return;
    }
    if (x->opts.report != NULL) {
        x->opts.report(line, x->opts.report_arg);
    } else {
        (void)fprintf(stderr, "%s\n", line);
    }
}

void
akti_say(struct akti_explorer *x, const char *format, ...)
{
    char line[LINE_SIZE + AKT_VIOLATION_TEXT];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    say_line(x, line);
}

static const char *
name_of(const struct akti_explorer *x)
{
    return x->opts.name != NULL ? x->opts.name : "scenario";
}

void
akti_progress(struct akti_explorer *x)
{
    const struct akti_shared *shared = x->shared;
    uint64_t now;

    if (x->opts.quiet || x->opts.report != NULL || shared->next % 256 != 0
        || isatty(STDERR_FILENO) == 0) {
        return;
    }
    now = akti_clock_now();
    if (x->told_ns == 0) {
        x->told_ns = now;
    }
    if (now - x->told_ns < PROGRESS_NS) {
        return;
    }
    x->told_ns = now;
    (void)fprintf(stderr, "\r%s: %llu of %llu seeds, %llu steps\033[K\r",
                  name_of(x), (unsigned long long)shared->next,
                  (unsigned long long)x->opts.seeds,
                  (unsigned long long)shared->steps);
}

/* --- the command --- */

static void
append(char *to, size_t size, const char *text)
{
    size_t used = strlen(to);

    (void)snprintf(to + used, size - used, "%s", text);
}

static bool
is_plain(const char *word)
{
    return *word != '\0'
           && strspn(word, "abcdefghijklmnopqrstuvwxyz"
                           "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=,+@%")
                  == strlen(word);
}

/* A word as the shell reads it. */
static void
append_word(char *to, size_t size, const char *word)
{
    char quoted[2] = {0};

    append(to, size, " ");
    if (is_plain(word)) {
        append(to, size, word);
        return;
    }
    append(to, size, "'");
    for (; *word != '\0'; word++) {
        quoted[0] = *word;
        append(to, size, *word == '\'' ? "'\\''" : quoted);
    }
    append(to, size, "'");
}

/* The command line of this process, where the system tells it. */
static void
append_command(char *to, size_t size)
{
    FILE *file = fopen("/proc/self/cmdline", "r");
    char words[4096];
    size_t n = 0;
    size_t at = 0;

    if (file != NULL) {
        n = fread(words, 1, sizeof(words) - 1, file);
        (void)fclose(file);
    }
    words[n] = '\0';
    if (n == 0) {
        append_word(to, size, "PROGRAM");
    }
    while (at < n) {
        append_word(to, size, words + at);
        at += strlen(words + at) + 1;
    }
}

/* False: they are too many to say. */
static bool
write_choices(const akt_sim_choices *c, char *to, size_t size)
{
    size_t used = 0;
    size_t i;

    to[0] = '\0';
    for (i = 0; i < c->count && i < c->room; i++) {
        int n = 0;

        if (c->list[i] != 0) {
            n = snprintf(to + used, size - used, "%s%zu:%u",
                         used > 0 ? "," : "", i, c->list[i]);
        }
        used += (size_t)n;
        if (used >= size) {
            return false;
        }
    }
    if (used == 0) {
        append(to, size, "fifo");
    }
    return true;
}

static void
say_command(struct akti_explorer *x, const struct akti_plan *plan)
{
    char line[REPRODUCE_SIZE];
    char choices[CHOICES_SIZE];

    (void)snprintf(line, sizeof(line), "REPRODUCE: AKT_SIM_SEED=%llu",
                   (unsigned long long)plan->seed);
    if (plan->replay != NULL
        && write_choices(plan->replay, choices, sizeof(choices))) {
        append(line, sizeof(line), " AKT_SIM_CHOICES=");
        append(line, sizeof(line), choices);
    }
    if (x->opts.name != NULL && is_plain(x->opts.name)) {
        append(line, sizeof(line), " AKT_SIM_NAME=");
        append(line, sizeof(line), x->opts.name);
    }
    if (x->strategy_from_environment) {
        append(line, sizeof(line), " AKT_SIM_STRATEGY=");
        append(line, sizeof(line), akt_sim_strategy_name(x->opts.strategy));
    }
    append_command(line, sizeof(line));
    say_line(x, line);
}

/* --- the report --- */

static void
say_trace(struct akti_explorer *x)
{
    const char *text = x->shared->trace;
    const char *end = text + x->shared->trace_used;
    char line[LINE_SIZE];

    say_line(x, "  step    seconds");
    while (text < end) {
        size_t n = strcspn(text, "\n");
        size_t kept = n < sizeof(line) ? n : sizeof(line) - 1;

        memcpy(line, text, kept);
        line[kept] = '\0';
        say_line(x, line);
        text += n + 1;
    }
    if (x->shared->trace_used + LINE_SIZE > sizeof(x->shared->trace)) {
        say_line(x, "  (the rest is left out)");
    }
}

void
akti_report(struct akti_explorer *x, const struct akti_plan *plan,
            const akt_explore_result *result)
{
    typedef unsigned long long number;
    const struct akti_outcome *again = &x->shared->outcome;

    akti_say(x, "%s: seed %llu (%s) fails, after %llu runs", name_of(x),
             (number)result->seed, akt_sim_strategy_name(result->strategy),
             (number)result->runs);
    if (plan->replay != NULL) {
        akti_say(x,
                 "from %llu steps with %llu choices to %llu steps with %llu:",
                 (number)result->found_steps, (number)result->found_choices,
                 (number)result->shrunk_steps, (number)result->shrunk_choices);
    }
    say_trace(x);
    akti_say(x, "%s: %s", name_of(x),
             again->violation != AKT_VIOLATION_NONE ? again->text
                                                    : result->text);
    if (again->violation == AKT_VIOLATION_NONE) {
        akti_say(x,
                 "%s: it did not fail again: something outside the "
                 "simulation has a say",
                 name_of(x));
    }
    say_command(x, plan);
}
