/* SPDX-License-Identifier: MIT */
/*
 * A chat without a server: each member's BUS socket is connected to those of all
 * others. A member listens, and dials who was there before. A door lets programs
 * in that do not speak BUS: it says what is pushed to it, and publishes the rest.
 */
#include "demo.h"

#include <poll.h>
#include <unistd.h>

AKT_SIGNAL(end_of_input);
#define LINE(F) F(text, text) F(bool, ended)
AKT_MESSAGE(line, LINE);
AKT_SIGNAL_REQUEST(read_line, line);

/* In the pool, because it blocks; for a moment only, so that Ctrl-C is heard. */
static akt_err
read_input(akt_self *self, const struct read_line *m)
{
    struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
    char text[400] = "";

    if (poll(&in, 1, 100) > 0 && fgets(text, sizeof(text), stdin) == NULL) {
        return akt_reply(self, m, .ended = true);
    }
    text[strcspn(text, "\n")] = '\0';
    return akt_reply(self, m, .text = akt_text_of(text));
}
AKT_JOB(read_input, read_line);

struct talker {
    const char *name;
    akt_ref bus;
    akt_ref owner;
};

static akt_err
talk(akt_self *self, struct talker *t)
{
    struct line said = {.ended = false};
    akt_future f;

    while (!said.ended) {
        AKT_TRY(akt_ask_blocking(self, &f, read_input, read_line));
        AKT_TRY(akt_await_as(self, f, line, &said));
        if (said.text.len > 0) {
            AKT_TRY(send_text(self, t->bus, "%s: %s", t->name, said.text.ptr));
        }
    }
    return akt_send(self, t->owner, end_of_input);
}
AKT_TASK(talk, struct talker);

/* Opens the member's socket at its own address, and dials the others. */
static akt_err
join(akt_self *self, char **urls, akt_nng *bus)
{
    akt_nng_opts opts = {AKT_NNG_BUS, .name = "member", .listen = *urls,
                         .peers = true};

    AKT_TRY(open_socket(self, &opts, bus));
    for (urls++; *urls != NULL; urls++) {
        AKT_TRY(dial_too(self, *bus, *urls));
    }
    return AKT_OK;
}

/* What the others say, and who comes and goes, until the input ends. */
static akt_err
chat(akt_self *self, char **args)
{
    akt_received m;
    char text[512];
    akt_nng bus;

    setvbuf(stdin, NULL, _IONBF, 0); /* poll has to see what is left */
    AKT_TRY(join(self, args + 1, &bus));
    AKT_TRY(akt_task_spawn(self, talk, NULL, .name = args[0], .bus = bus.ref,
                           .owner = akt_self_ref(self)));
    do {
        AKT_TRY(akt_receive(self, AKT_NEVER, &m));
        if (received_text(&m, text, sizeof(text)) != NULL) {
            printf("%s\n", text);
        } else if (akt_received_as(&m, akt_nng_peer_up) != NULL) {
            printf("* somebody comes\n");
        } else if (akt_received_as(&m, akt_nng_peer_down) != NULL) {
            printf("* somebody goes\n");
        }
    } while (akt_received_as(&m, end_of_input) == NULL);
    return AKT_OK;
}

static akt_err
keep_door(akt_self *self, char **args)
{
    akt_nng_opts in = {AKT_NNG_PULL, .name = "say", .listen = args[0]};
    akt_nng_opts out = {AKT_NNG_PUB, .name = "hear", .listen = args[1]};
    akt_nng bus, say, hear;
    akt_received m;

    AKT_TRY(join(self, args + 2, &bus));
    AKT_TRY(open_socket(self, &in, &say));
    AKT_TRY(open_socket(self, &out, &hear));
    for (;;) {
        AKT_TRY(akt_receive(self, AKT_NEVER, &m));
        if (akt_received_as(&m, akt_nng_bytes) != NULL) {
            bool said = akt_ref_equal(akt_sender(self), say.from);
            AKT_TRY(akt_forward(self, said ? bus.ref : hear.ref));
        }
    }
}

DEMO({"member", "NAME URL OTHER-URL...", chat},
     {"door", "SAY-URL HEAR-URL URL OTHER-URL...", keep_door});
