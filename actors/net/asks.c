/* SPDX-License-Identifier: MIT */
#include "actors/net/asks.h"

#include "actors/base/mutant.h"
#include "actors/core/future.h"

#include <stdlib.h>
#include <string.h>

#define PLACE_BITS 16
#define PLACE_MASK 0xffffu
/* Of a number of 31 bits; 0 is no round. */
#define ROUND_MAX 0x7fffu

/* What the answers to one survey may be together. */
#define SURVEY_BYTES_MAX ((size_t)64 << 20)
#define SURVEY_COUNT_MAX 65536u

void
akti_asks_init(struct akti_asks *t, uint32_t limit)
{
    *t = (struct akti_asks){.limit = limit, .free = limit};
}

static akt_err
take_place(struct akti_asks *t, uint32_t *out)
{
    if (t->places == NULL) {
        t->places = calloc(t->limit, sizeof(*t->places));
        if (t->places == NULL) {
            return AKT_ENOMEM;
        }
    }
    if (t->free < t->limit) {
        *out = t->free;
        t->free = t->places[t->free].next_free;
    } else {
        *out = t->used++;
    }
    return AKT_OK;
}

static void
give_place(struct akti_asks *t, struct akti_ask *ask)
{
    ask->next_free = t->free;
    t->free = (uint32_t)(ask - t->places);
}

akt_err
akti_asks_keep(akt_self *self, struct akti_asks *t, const void *message,
               uint64_t *out_number)
{
    uint32_t place = 0;
    struct akti_ask *ask;
    akt_err err;

    AKT_TRY(take_place(t, &place));
    ask = &t->places[place];
    err = akti_keep(self, message, &ask->promise);
    if (err != AKT_OK) {
        give_place(t, ask);
        return err;
    }
    ask->round = ask->round % ROUND_MAX + 1;
    t->count++;
    *out_number = akti_asks_number(t, ask);
    return AKT_OK;
}

uint64_t
akti_asks_number(const struct akti_asks *t, const struct akti_ask *ask)
{
    return (uint64_t)ask->round << PLACE_BITS | (uint64_t)(ask - t->places);
}

struct akti_ask *
akti_asks_find(struct akti_asks *t, uint64_t number)
{
    uint32_t place = (uint32_t)number & PLACE_MASK;

    if (place >= t->used || t->places[place].promise.generation == 0
        || (t->places[place].round != number >> PLACE_BITS
            && !AKTI_MUTANT(net_round_ignored))) {
        return NULL;
    }
    return &t->places[place];
}

static void
free_survey(struct akti_survey *survey)
{
    uint32_t i;

    if (survey != NULL) {
        for (i = 0; i < survey->count; i++) {
            free((void *)(uintptr_t)survey->list[i].ptr);
        }
        free(survey->list);
        free(survey);
    }
}

void
akti_asks_close(akt_self *self, struct akti_asks *t, struct akti_ask *ask)
{
    akt_promise_drop(self, &ask->promise);
    ask->promise = (akt_promise){NULL, 0};
    free_survey(ask->survey);
    ask->survey = NULL;
    t->count--;
    give_place(t, ask);
}

/* Also one of a thread that waits for something else, and ends nothing itself. */
bool
akti_asks_is_over(akt_self *self, const struct akti_ask *ask)
{
    struct akti_cell *cell = ask->promise.cell;
    struct akti_message *m = cell->message;

    if (m->deadline_ns <= akti_now_cached(self->ctx)) {
        (void)akti_future_end(self->ctx, m->cell, m->cell_generation,
                              AKT_EXPIRED, AKT_ETIMEOUT);
    }
    return akti_request_is_over(m->cell, m->cell_generation);
}

struct akti_ask *
akti_asks_next_over(akt_self *self, struct akti_asks *t, uint32_t *at)
{
    while (*at < t->used) {
        struct akti_ask *ask = &t->places[(*at)++];

        if (ask->promise.generation != 0 && akti_asks_is_over(self, ask)) {
            return ask;
        }
    }
    return NULL;
}

void
akti_asks_fini(akt_self *self, struct akti_asks *t)
{
    uint32_t i;

    /* The promises themselves were broken with the actor's cells. */
    (void)self;
    for (i = 0; i < t->used; i++) {
        free_survey(t->places[i].survey);
    }
    free(t->places);
}

/* --- surveys --- */

static bool
make_room(struct akti_survey *survey)
{
    uint32_t room = survey->room == 0 ? 8 : survey->room * 2;
    akt_bytes *list;

    if (survey->count < survey->room) {
        return true;
    }
    list = realloc(survey->list, room * sizeof(*list));
    if (list == NULL) {
        return false;
    }
    survey->list = list;
    survey->room = room;
    return true;
}

bool
akti_survey_add(struct akti_survey *survey, akt_bytes answer)
{
    void *copy;

    if (survey->count == SURVEY_COUNT_MAX
        || survey->bytes + answer.len > SURVEY_BYTES_MAX
        || !make_room(survey)) {
        return false;
    }
    copy = malloc(answer.len + 1);
    if (copy == NULL) {
        return false;
    }
    if (answer.len > 0) {
        memcpy(copy, answer.ptr, answer.len);
    }
    survey->list[survey->count++] = (akt_bytes){copy, answer.len};
    survey->bytes += answer.len;
    return survey->count != survey->enough;
}

/* All answers in one block, which a message can own. */
static akt_err
gather(const struct akti_survey *survey, akt_nng_answers *out)
{
    size_t head = survey->count * sizeof(akt_bytes);
    char *block = malloc(head + survey->bytes + 1);
    char *at;
    uint32_t i;

    if (block == NULL) {
        return AKT_ENOMEM;
    }
    at = block + head;
    out->answers = (akt_bytes *)(void *)block;
    out->count = survey->count;
    for (i = 0; i < survey->count; i++) {
        akt_bytes a = survey->list[i];

        memcpy(at, a.ptr, a.len);
        out->answers[i] = (akt_bytes){at, a.len};
        at += a.len;
    }
    return AKT_OK;
}

void
akti_survey_end(akt_self *self, struct akti_asks *t, struct akti_ask *ask)
{
    akt_nng_answers answers = {0, NULL};
    akt_err err = gather(ask->survey, &answers);

    if (err == AKT_OK) {
        err = akti_promise_reply(self, &ask->promise, &answers);
        if (err != AKT_OK) {
            akt_nng_answers_free(&answers);
        }
    }
    if (err != AKT_OK) {
        akt_ignore(akt_promise_fail(self, &ask->promise, err, NULL));
    }
    akti_asks_close(self, t, ask);
}

void
akt_nng_answers_free(struct akt_nng_answers *answers)
{
    free(answers->answers);
    *answers = (akt_nng_answers){0, NULL};
}
