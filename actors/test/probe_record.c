/* SPDX-License-Identifier: MIT */
/*
 * What a probe has seen, as text. A line is written when its message arrives, so
 * that the record outlives the messages; its memory is there from the beginning.
 */
#include "actors/test/probe.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* " from " and who. */
#define SENDER (AKTI_PROBE_LINE / 2)

/* What is cut ends like this. */
static void
mark_cut(char *buffer, size_t size, size_t length)
{
    if (length >= size && size > 4) {
        memcpy(buffer + size - 4, "...", 4);
    }
}

void
akti_probe_describe_payload(const akt_type *type, const void *payload,
                            char *buffer, size_t size)
{
    mark_cut(buffer, size, akt_message_format(type, payload, buffer, size));
}

/* " from account<1.17.3>"; the class is known as long as the sender lives. */
static void
describe_sender(struct akt_system *s, const struct akti_message *m,
                char *buffer, size_t size)
{
    akt_ref ref = {m->sender_slot, m->sender_generation, s->id, 0};
    struct akti_actor *a = NULL;
    char name[SENDER - 8];

    if (m->sender_generation == 0) {
        (void)snprintf(buffer, size, " from nobody");
        return;
    }
    if (akti_system_find(s, ref, &a) == AKT_OK) {
        (void)akti_actor_format(s, a, name, sizeof(name));
    } else {
        (void)akt_ref_format(ref, name, sizeof(name));
    }
    (void)snprintf(buffer, size, " from %s", name);
}

void
akti_probe_describe(struct akt_system *s, struct akti_message *m, char *buffer,
                    size_t size)
{
    char sender[SENDER];
    size_t room;

    describe_sender(s, m, sender, sizeof(sender));
    /* The sender is told in full, and of the message what there is room for. */
    room = size - strlen(sender);
    akti_probe_describe_payload(m->type, akti_message_payload(m), buffer, room);
    memcpy(buffer + strlen(buffer), sender, strlen(sender) + 1);
}

void
akti_probe_note_locked(akt_probe *p, const struct akti_probe_line *line)
{
    p->line[p->lines++ % p->line_count] = *line;
}

void
akti_probe_time_text(uint64_t within_ns, char *buffer, size_t size)
{
    static const struct {
        uint64_t ns;
        const char *name;
    } units[] = {
        {1000000000u, "s"}, {1000000u, "ms"}, {1000u, "us"}, {1u, "ns"}};
    size_t i = 0;

    if (within_ns == 0 || within_ns == AKT_NEVER) {
        (void)snprintf(buffer, size,
                       within_ns == 0 ? "at once" : "at any time");
        return;
    }
    while (within_ns % units[i].ns != 0) {
        i++;
    }
    (void)snprintf(buffer, size, "within %" PRIu64 " %s",
                   within_ns / units[i].ns, units[i].name);
}

/* --- printing --- */

/* Into a buffer, counting what does not fit too; or to a file. */
struct writer {
    char *buffer;
    size_t size;
    size_t used;
    FILE *file;
};

static void put(struct writer *w, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
put(struct writer *w, const char *format, ...)
{
    bool fits = w->used < w->size;
    va_list args;
    int n;

    va_start(args, format);
    n = w->file != NULL ? vfprintf(w->file, format, args)
                        : vsnprintf(fits ? w->buffer + w->used : NULL,
                                    fits ? w->size - w->used : 0, format, args);
    va_end(args);
    w->used += n < 0 ? 0 : (size_t)n;
}

static void
put_line(struct writer *w, const akt_probe *p,
         const struct akti_probe_line *line)
{
    uint64_t expected = p->seen - p->waiting;
    const char *stand = line->number > expected ? " (waits)" : "";

    if (line->number != 0) {
        put(w, "%6" PRIu64, line->number);
    } else {
        put(w, "%6s", "-");
        stand = " (lost)";
    }
    put(w, " %6" PRIu64 ".%06" PRIu64 " s  %s%s\n", line->at_ns / 1000000000u,
        line->at_ns % 1000000000u / 1000u, line->text, stand);
}

static void
put_record(struct writer *w, akt_probe *p)
{
    char ref[AKT_REF_TEXT_SIZE];
    uint64_t from;
    uint64_t i;

    (void)akt_ref_format(p->ref, ref, sizeof(ref));
    akti_mutex_lock(&p->lock);
    put(w,
        "%s%s: %" PRIu64 " messages, of which %" PRIu32 " wait; %" PRIu64
        " lost\n",
        p->name, ref, p->seen, p->waiting, p->lost);
    from = p->lines > p->line_count ? p->lines - p->line_count : 0;
    if (from > 0) {
        put(w, "%6s the first %" PRIu64 " are not on record any more\n", "",
            from);
    }
    for (i = from; i < p->lines; i++) {
        put_line(w, p, &p->line[i % p->line_count]);
    }
    akti_mutex_unlock(&p->lock);
}

size_t
akt_probe_record(akt_probe *p, char *buffer, size_t size)
{
    struct writer w = {buffer, size, 0, NULL};

    put_record(&w, p);
    return w.used;
}

void
akt_probe_print(akt_probe *p, FILE *out)
{
    struct writer w = {NULL, 0, 0, out};

    put_record(&w, p);
}
