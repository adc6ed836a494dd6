/* SPDX-License-Identifier: MIT */
#include "actors/test/trace.h"

#include "actors/core/cell.h"
#include "actors/test/inspect.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define NAME_SIZE (AKT_REF_TEXT_SIZE + 64)
#define MESSAGE_SIZE 120
#define LINE_SIZE 400

static void __attribute__((format(printf, 3, 4)))
line(struct akti_trace *t, const char *mark, const char *format, ...)
{
    struct akti_sim *sim = t->system->dispatcher.sim;
    uint64_t us = sim->now_ns / 1000u;
    char text[LINE_SIZE];
    va_list args;
    int n;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (t->room - *t->used < LINE_SIZE + 64) {
        return;
    }
    n = snprintf(
        t->text + *t->used, t->room - *t->used, "%6llu %6llu.%06llu %s %s\n",
        (unsigned long long)sim->steps + 1, (unsigned long long)(us / 1000000u),
        (unsigned long long)(us % 1000000u), mark, text);
    *t->used += n > 0 ? (size_t)n : 0;
}

static void
name_of(struct akti_trace *t, uint32_t slot, uint32_t generation, char *name)
{
    uint64_t number = generation != 0 ? (uint64_t)slot << 32 | generation : 0;

    akti_inspect_name(t->system, number, name, NAME_SIZE);
}

static void
sender_of(struct akti_trace *t, const struct akti_message *m, char *name)
{
    name_of(t, m->sender_slot, m->sender_generation, name);
}

static void
target_of(struct akti_trace *t, const struct akti_message *m, char *name)
{
    if (m->target_generation == 0) {
        (void)snprintf(name, NAME_SIZE, "the blocking pool");
        return;
    }
    name_of(t, m->target_slot, m->target_generation, name);
}

/* Its fields, on one line. */
static void
message_of(const struct akti_message *m, char *text)
{
    const void *payload =
        akti_message_payload((struct akti_message *)(uintptr_t)m);

    if (m->type == NULL) {
        (void)snprintf(text, MESSAGE_SIZE, "?");
    } else {
        (void)akt_message_format(m->type, payload, text, MESSAGE_SIZE);
    }
}

static void
note_send(struct akti_trace *t, const struct akti_message *m)
{
    char from[NAME_SIZE];
    char to[NAME_SIZE];
    char what[MESSAGE_SIZE];

    sender_of(t, m, from);
    target_of(t, m, to);
    message_of(m, what);
    line(t, t->turn != 0 ? "    ->" : "->", "%s  to %s%s%s", what, to,
         t->turn != 0 ? "" : "  from ", t->turn != 0 ? "" : from);
}

static void
note_begin(struct akti_trace *t, const struct akti_message *m)
{
    char from[NAME_SIZE];
    char to[NAME_SIZE];
    char what[MESSAGE_SIZE];

    name_of(t, m->target_slot, m->target_generation, to);
    if (m->kind == AKTI_NOTICE) {
        line(t, "", "%s hears that a request has ended", to);
        return;
    }
    if (m->kind == AKTI_GIFT) {
        line(t, "", "%s is given a share", to);
        return;
    }
    message_of(m, what);
    if (m->kind == AKTI_TIMER) {
        line(t, "", "%s has a timer %s", to, what);
        return;
    }
    if (m->kind == AKTI_REPLY) {
        line(t, "", "%s has the answer %s", to, what);
        return;
    }
    sender_of(t, m, from);
    line(t, "", "%s handles %s  from %s", to, what, from);
}

static const char *
fate_name(uint64_t fate)
{
    static const char *const names[] = {"delivered", "dropped", "expired",
                                        "returned",  "dead",    "discarded"};

    return fate < sizeof(names) / sizeof(names[0]) ? names[fate] : "?";
}

static void
note_fate(struct akti_trace *t, const struct akti_note *note)
{
    const struct akti_message *m = note->what;
    char to[NAME_SIZE];
    char what[MESSAGE_SIZE];

    if (m == NULL || note->a == AKT_FATE_DELIVERED) {
        return;
    }
    target_of(t, m, to);
    message_of(m, what);
    line(t, "  x", "%s  to %s is %s (%s)", what, to, fate_name(note->a),
         akt_err_name((akt_err)note->err));
}

static void
note_ended(struct akti_trace *t, const struct akti_note *note)
{
    static const char *const names[] = {"pending", "replied",   "failed",
                                        "expired", "cancelled", "broken"};
    const struct akti_cell *cell = note->what;
    char whose[NAME_SIZE];

    if (cell->actor_generation != 0) {
        name_of(t, cell->actor->slot, cell->actor_generation, whose);
    } else {
        (void)snprintf(whose, sizeof(whose), "a plain thread");
    }
    line(t, "    =", "request %s of %s: %s%s%s", cell->type->name, whose,
         note->a < sizeof(names) / sizeof(names[0]) ? names[note->a] : "?",
         note->err != AKT_OK ? " by " : "",
         note->err != AKT_OK ? akt_err_name((akt_err)note->err) : "");
}

static void
note_exit(struct akti_trace *t, const struct akti_note *note)
{
    static const char *const names[] = {
        "?", "stopped", "drained", "killed", "failed", "overflow", "shutdown"};
    struct akti_actor *a = (struct akti_actor *)(uintptr_t)note->what;
    char name[NAME_SIZE];

    (void)akti_actor_format(t->system, a, name, sizeof(name));
    line(t, "  #", "%s ends: %s%s%s", name,
         note->b < sizeof(names) / sizeof(names[0]) ? names[note->b] : "?",
         note->err != AKT_OK ? " by " : "",
         note->err != AKT_OK ? akt_err_name((akt_err)note->err) : "");
}

static void
note_spawn(struct akti_trace *t, const struct akti_note *note)
{
    struct akti_actor *a = (struct akti_actor *)(uintptr_t)note->what;
    char name[NAME_SIZE];

    (void)akti_actor_format(t->system, a, name, sizeof(name));
    line(t, "  +", "%s is spawned", name);
}

static void
note_net(struct akti_trace *t, const struct akti_note *note)
{
    const char *url = note->what;

    if (note->a == AKTI_NET_CONNECTED) {
        line(t, "  ~", "connected to %s", url);
    } else if (note->a == AKTI_NET_GONE) {
        line(t, "  ~", "a connection to %s is gone", url);
    } else {
        line(t, "  ~", "%llu bytes arrive by %s", (unsigned long long)note->b,
             url);
    }
}

void
akti_trace_note(struct akti_trace *t, const struct akti_note *note)
{
    switch (note->event) {
    case AKTI_EVENT_TURN:
        t->turn = 1;
        break;
    case AKTI_EVENT_RETURN:
        t->turn = 0;
        break;
    case AKTI_EVENT_SEND:
        note_send(t, note->what);
        break;
    case AKTI_EVENT_UNSENT:
        line(t, "  x", "which is not accepted");
        break;
    case AKTI_EVENT_BEGIN:
        note_begin(t, note->what);
        break;
    case AKTI_EVENT_FATE:
        note_fate(t, note);
        break;
    case AKTI_EVENT_ENDED:
        note_ended(t, note);
        break;
    case AKTI_EVENT_SPAWN:
        note_spawn(t, note);
        break;
    case AKTI_EVENT_EXIT:
        note_exit(t, note);
        break;
    case AKTI_EVENT_JOB:
        line(t, "", "the blocking pool runs a job");
        break;
    case AKTI_EVENT_FAULT:
        line(t, "  !", "fault: %s", akt_fault_name((akt_fault)note->a));
        break;
    case AKTI_EVENT_NET:
        note_net(t, note);
        break;
    default:
        break;
    }
}
