/* SPDX-License-Identifier: MIT */
/*
 * The reporter shows the progress and puts together what the others have to say
 * in the end. Writing to a terminal can block (Ctrl-S), so a job does it; progress
 * that comes meanwhile is not shown, the next line says it all.
 */
#include "wordcount.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct reporter {
    struct pipeline *line;
    uint32_t parts;   /* of the report that have come */
    uint32_t listed;  /* unreadable files that are named */
    uint32_t workers; /* in other processes */
    bool printing;
};

#define PRINT(F) F(text, what)
AKT_SIGNAL(printed);
AKT_REQUEST(print, PRINT, printed);

static akt_err
print_text(akt_self *self, const struct print *m)
{
    fputs(m->what.ptr, stderr);
    return akt_reply(self, m, 0);
}
AKT_JOB(print_text, print);

static akt_err
on_printed(akt_self *self, struct reporter *r, const akt_answer *answer,
           const struct printed *m)
{
    (void)answer;
    (void)m;
    r->printing = false;
    (void)akt_unstash(self);
    return AKT_OK;
}
AKT_THEN(on_printed, struct reporter, print);

static akt_err
show(akt_self *self, struct reporter *r, const char *text)
{
    akt_future f;
    AKT_TRY(akt_ask_blocking_within(self, NO_HURRY, &f, print_text, print,
                                    .what = akt_text_of(text)));
    r->printing = true;
    return akt_then(self, f, on_printed, NULL);
}

static akt_err
on_progress(akt_self *self, struct reporter *r, const struct progress *m)
{
    char text[128];
    if (r->printing) {
        return AKT_OK;
    }
    int n = snprintf(text, sizeof text, "\r%" PRIu64 " files, %.1f MiB ",
                     m->files, (double)m->bytes / (1024 * 1024));
    if (r->line->url != NULL) {
        (void)snprintf(text + n, sizeof text - (size_t)n,
                       "by %" PRIu32 " workers%s \033[K", r->workers,
                       r->workers == 0 ? ": waiting for some" : "");
    }
    return show(self, r, text);
}

/* In their order, so what comes while another is printed is put aside; what finds
 * no room there is not worth more. */
static akt_err
on_note(akt_self *self, struct reporter *r, const struct note *m)
{
    char text[512];
    r->workers = m->workers;
    if (r->printing) {
        akt_err err = akt_stash(self);
        return err == AKT_EFULL ? AKT_OK : err;
    }
    (void)snprintf(text, sizeof text, "%swordcount: %s\n",
                   r->line->show_progress ? "\r\033[K" : "", m->line.ptr);
    return show(self, r, text);
}

/* The report is whole when the dispatcher, each splitter and each reducer have
 * sent their part. */
static void
count_part(struct reporter *r)
{
    r->parts++;
    if (r->parts == 1 + r->line->splitters + r->line->reducers) {
        tell_main(AKT_OK);
    }
}

static akt_err
on_unreadable(akt_self *self, struct reporter *r, const struct unreadable *m)
{
    (void)self;
    struct report *report = &r->line->report;
    report->unreadable++;
    if (r->listed == LISTED_MAX) {
        return AKT_OK;
    }
    char *path = strdup(m->path.ptr);
    if (path == NULL) {
        return AKT_ENOMEM;
    }
    report->listed[r->listed++] = (struct failure){.path = path, .err = m->err};
    return AKT_OK;
}

static akt_err
on_input_totals(akt_self *self, struct reporter *r,
                const struct input_totals *m)
{
    (void)self;
    struct report *report = &r->line->report;
    report->files = m->files;
    report->bytes = m->bytes;
    report->skipped = m->skipped;
    report->cut = m->cut;
    count_part(r);
    return AKT_OK;
}

static akt_err
on_spread_totals(akt_self *self, struct reporter *r,
                 const struct spread_totals *m)
{
    (void)self;
    r->line->report.leases = m->leases;
    r->line->report.again = m->again;
    return AKT_OK;
}

static akt_err
on_splitter_totals(akt_self *self, struct reporter *r,
                   const struct splitter_totals *m)
{
    (void)self;
    r->line->report.chunks[m->splitter] = m->chunks;
    count_part(r);
    return AKT_OK;
}

static akt_err
on_reduced(akt_self *self, struct reporter *r, const struct reduced *m)
{
    struct reduced taken;
    AKT_TRY(akt_take(self, m, &taken));
    r->line->report.tables[taken.reducer] = taken.table;
    count_part(r);
    return AKT_OK;
}

static void
on_exit_reporter(akt_self *self, struct reporter *r, const akt_exit *reason)
{
    (void)self;
    (void)r;
    tell_main_of_exit("the reporter", reason);
}

AKT_CLASS(reporter, struct reporter, AKT_ON(progress, on_progress),
          AKT_ON(note, on_note), AKT_ON(spread_totals, on_spread_totals),
          AKT_ON(unreadable, on_unreadable),
          AKT_ON(input_totals, on_input_totals),
          AKT_ON(splitter_totals, on_splitter_totals),
          AKT_ON(reduced, on_reduced), AKT_ON_EXIT(on_exit_reporter));

akt_err
reporter_spawn(akt_self *self, struct pipeline *line)
{
    return akt_spawn(self, reporter, &line->reporter_ref, .line = line);
}
