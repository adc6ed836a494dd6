/* SPDX-License-Identifier: MIT */
/* One actor, two messages: it greets whom it is told to, and counts. */
#include <akt/akt.h>

#include <stdio.h>

#define GREET(F) F(text, name)
AKT_MESSAGE(greet, GREET);

struct greeter {
    int greeted;
};

static akt_err
on_greet(akt_self *self, struct greeter *g, const struct greet *m)
{
    (void)self;
    g->greeted++;
    printf("%d: hello, %s\n", g->greeted, m->name.ptr);
    return AKT_OK;
}

AKT_CLASS(greeter, struct greeter, AKT_ON(greet, on_greet));

static akt_err
greet_two(akt_self *me)
{
    akt_ref ref;
    AKT_TRY(akt_spawn(me, greeter, &ref));
    AKT_TRY(akt_send(me, ref, greet, .name = AKT_TEXT("world")));
    return akt_send(me, ref, greet, .name = akt_text_of("actors"));
}

int
main(void)
{
    akt_system *system = NULL;
    akt_self *me = NULL;
    akt_err err = akt_system_start(NULL, &system);
    if (err == AKT_OK) {
        err = akt_attach(system, &me);
    }
    if (err == AKT_OK) {
        err = greet_two(me);
    }
    akt_detach(me);
    if (err == AKT_OK) {
        err = akt_system_stop(system, AKT_SECONDS(5)); /* after all is done */
    }
    akt_system_destroy(system);
    if (err != AKT_OK) {
        fprintf(stderr, "hello: %s\n", akt_err_text(err));
    }
    return err == AKT_OK ? 0 : 1;
}
