/* SPDX-License-Identifier: MIT */
/*
 * The requests that OUT has sent and that peers have not answered: kept promises,
 * by the numbers that travel. A number names a place and how often it was used, so
 * a late answer finds another number there. Owned by OUT.
 */
#ifndef AKT_NET_ASKS_H
#define AKT_NET_ASKS_H

#include "actors/net/socket.h"

/* The answers to a survey, as they come. */
struct akti_survey {
    akt_bytes
        *list; /* malloc: each with its bytes behind the array at the end */
    uint32_t count;
    uint32_t room;
    uint32_t enough; /* 0: as many as come in time */
    size_t bytes;    /* of all answers */
};

struct akti_ask {
    akt_promise promise; /* generation 0: the place is free */
    struct akti_survey *survey;
    uint32_t round;
    uint32_t next_free;
};

struct akti_asks {
    struct akti_ask *places; /* malloc */
    uint32_t limit;
    uint32_t used;  /* places that were ever used */
    uint32_t free;  /* the first of the free ones, or `limit` */
    uint32_t count; /* open ones */
};

/* Nothing is allocated before the first request. */
void akti_asks_init(struct akti_asks *t, uint32_t limit);
void akti_asks_fini(akt_self *self, struct akti_asks *t);

static inline bool
akti_asks_is_full(const struct akti_asks *t)
{
    return t->count == t->limit;
}

/*
 * Keeps the current message's promise; *out_number names it. AKT_ENOMEM; AKT_EENDED,
 * AKT_ECONTEXT as akt_keep. There must be room.
 */
akt_err akti_asks_keep(akt_self *self, struct akti_asks *t, const void *message,
                       uint64_t *out_number);
/* The open one of this number, or NULL. */
struct akti_ask *akti_asks_find(struct akti_asks *t, uint64_t number);
/* It is over: its promise has been answered or is dropped here. */
void akti_asks_close(akt_self *self, struct akti_asks *t, struct akti_ask *ask);
/* The number of an open one. */
uint64_t akti_asks_number(const struct akti_asks *t,
                          const struct akti_ask *ask);
/* Whether nobody waits for this open one any more. */
bool akti_asks_is_over(akt_self *self, const struct akti_ask *ask);
/* The next open one from place *at on that nobody waits for; NULL: there is none. */
struct akti_ask *akti_asks_next_over(akt_self *self, struct akti_asks *t,
                                     uint32_t *at);

/* --- answer.c --- */

/* What came for one of them, and belongs to the caller still, is given on. */
void akti_asks_answer(akt_self *self, struct akti_socket *s,
                      struct akti_asks *t, const struct akti_packet *p);

/* --- surveys --- */

/* Adds an answer; false when it is the last one that is wanted. */
bool akti_survey_add(struct akti_survey *survey, akt_bytes answer);
/* Gives what came as the reply, and closes it. */
void akti_survey_end(akt_self *self, struct akti_asks *t, struct akti_ask *ask);

#endif
