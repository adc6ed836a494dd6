// expect: _Generic|generic|not compatible
/* SPDX-License-Identifier: MIT */
/* The content of a message is taken into another struct. */
#include "akt/akt.h"

struct chunk {
    char *data;
};

struct other {
    char *data;
};

static void
chunk_free(struct chunk *c)
{
    c->data = NULL;
}
AKT_LOCAL_MESSAGE_WITH(chunk, chunk_free);

akt_err keep(akt_self *self, const struct chunk *m, struct chunk *mine,
             struct other *theirs);

akt_err
keep(akt_self *self, const struct chunk *m, struct chunk *mine,
     struct other *theirs)
{
    (void)mine;
    (void)theirs;
#ifdef AKT_MUST_FAIL
    return akt_take(self, m, theirs);
#else
    return akt_take(self, m, mine);
#endif
}
