// expect: chunk_free must be void
/* SPDX-License-Identifier: MIT */
/* A destructor that takes another struct than the message's. */
#include "akt/akt.h"

struct chunk {
    char *data;
};

struct other {
    char *data;
};

#ifdef AKT_MUST_FAIL
static void
chunk_free(struct other *c)
#else
static void
chunk_free(struct chunk *c)
#endif
{
    c->data = NULL;
}
AKT_LOCAL_MESSAGE_WITH(chunk, chunk_free);

const akt_type *the_type(void);

const akt_type *
the_type(void)
{
    return &chunk_type;
}
