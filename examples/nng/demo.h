/* SPDX-License-Identifier: MIT */
/**
 * @file demo.h
 * @brief What the demos share: roles by name, sockets, and texts.
 */
#ifndef AKT_EXAMPLES_NNG_DEMO_H
#define AKT_EXAMPLES_NNG_DEMO_H

#include <akt/akt.h>
#include <akt/nng.h>

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** What a process of a demo can be; a table of them ends with a zero. */
struct role {
    const char *name;
    /** Words. "..." at the end: the last one, any number of times. */
    const char *args;
    /** Gets what stands behind the name, ended by NULL. */
    akt_err (*run)(akt_self *self, char **args);
};

static const struct role *chosen;

static inline akt_err
run_chosen(akt_self *self, int argc, char **argv)
{
    (void)argc;
    return chosen->run(self, argv + 2);
}

static inline bool
fits(const struct role *role, int argc, char **argv)
{
    int least = 1;

    for (const char *c = role->args; *c != '\0'; c++) {
        least += *c == ' ';
    }
    if (strstr(role->args, "...") != NULL) {
        return argc - 2 >= least - 1 && strcmp(role->name, argv[1]) == 0;
    }
    return argc - 2 == least && strcmp(role->name, argv[1]) == 0;
}

/** Runs the role that the first argument names; else says how it is used. */
static inline int
run_role(const struct role *roles, int argc, char **argv)
{
    const struct role *r = roles;

    while (r->name != NULL && (argc < 2 || !fits(r, argc, argv))) {
        r++;
    }
    if (r->name != NULL) {
        setvbuf(stdout, NULL, _IOLBF, 0); /* for who waits for a line */
        chosen = r;
        return akt_run(run_chosen, argc, argv);
    }
    for (r = roles; r->name != NULL; r++) {
        fprintf(stderr, "%s %s %s %s\n", r == roles ? "usage:" : "      ",
                argc > 0 ? argv[0] : "", r->name, r->args);
    }
    return 2;
}

/** The program: what its processes can be. */
#define DEMO(...)                                                              \
    int main(int argc, char **argv)                                            \
    {                                                                          \
        static const struct role roles[] = {__VA_ARGS__, {NULL, NULL, NULL}};  \
        return run_role(roles, argc, argv);                                    \
    }                                                                          \
    struct role

/**
 * Opens a socket; one that listens prints where: "tasks at tcp://...". What goes
 * wrong is what the program ends with.
 */
static inline akt_err
open_socket(akt_self *self, const akt_nng_opts *opts, akt_nng *out)
{
    akt_error error = AKT_ERROR_NONE;

    if (akt_nng_open(self, opts, out, &error) != AKT_OK) {
        return akt_task_fail_with(self, &error);
    }
    if (opts->listen != NULL) {
        printf("%s at %s\n", opts->name, akt_nng_url(self, *out));
    }
    return AKT_OK;
}

/** Has an open socket dial one more. */
static inline akt_err
dial_too(akt_self *self, akt_nng s, const char *url)
{
    akt_error error = AKT_ERROR_NONE;
    struct akt_nng_bound bound;
    akt_err err = akt_call_with(self, s.ref, akt_nng_dial, &bound, &error,
                                .url = akt_text_of(url));

    return err != AKT_OK ? akt_task_fail_with(self, &error) : AKT_OK;
}

/** A number from 1 to `max`; else the program ends with a sentence. */
static inline akt_err
read_number(akt_self *self, const char *text, uint32_t max, uint32_t *out)
{
    char sentence[128];
    char *end = NULL;
    unsigned long n = strtoul(text, &end, 10);

    if (text[0] < '0' || text[0] > '9' || *end != '\0' || n < 1 || n > max) {
        (void)snprintf(sentence, sizeof(sentence),
                       "'%.40s' is not a number from 1 to %" PRIu32, text, max);
        return akt_task_fail(self, AKT_EINVAL, sentence);
    }
    *out = (uint32_t)n;
    return AKT_OK;
}

/** Sends a text, made as printf does; it waits for room as all sends. */
__attribute__((format(printf, 3, 4))) static inline akt_err
send_text(akt_self *self, akt_ref to, const char *format, ...)
{
    char text[512];
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (n < 0 || (size_t)n >= sizeof(text)) {
        return AKT_ESIZE;
    }
    return akt_send(self, to, akt_nng_bytes, .data = {text, (size_t)n});
}

/** The bytes that were received as a text, cut at `size`; NULL: other mail. */
static inline const char *
received_text(const akt_received *m, char *out, size_t size)
{
    const struct akt_nng_bytes *b = akt_received_as(m, akt_nng_bytes);

    if (b != NULL) {
        (void)snprintf(out, size, "%.*s", (int)b->data.len,
                       (const char *)b->data.ptr);
    }
    return b != NULL ? out : NULL;
}

#endif
