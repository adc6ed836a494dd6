/* SPDX-License-Identifier: MIT */
/*
 * Errors that travel: the message that ends a future as AKT_FAILED. It carries
 * the code and the text, and what else an akt_error has: errno and the causes.
 * Words that a future has from the beginning are such a message too, in its cell:
 * an end that says nothing itself completes them.
 */
#include "akt/failure.h"
#include "actors/base/mutant.h"
#include "actors/core/future.h"

#include <stdio.h>
#include <string.h>

/* Longer texts of errors are cut. */
#define ERROR_TEXT_MAX 1000

#define AKTI_ERROR_FIELDS(F)                                                   \
    F(i32, code) F(i32, errnum) F(text, text) F(bytes, causes)
AKT_MESSAGE(akti_error, AKTI_ERROR_FIELDS);

/* Words that wait for their end have room for ": " and its sentence behind them. */
#define SENTENCE_SIZE 80

/* One of the causes, as it lies in the bytes. */
struct cause {
    int32_t code;
    uint32_t from;
};

static struct akti_message *
new_message(struct akti_context *ctx, const struct akti_error *error)
{
    struct akti_message *m = NULL;

    if (akti_message_new(&ctx->caches, &akti_error_type, error, &m) != AKT_OK) {
        return NULL;
    }
    m->error = 1;
    return m;
}

struct akti_message *
akti_error_message(struct akti_context *ctx, akt_err err, const char *text)
{
    struct akti_error error = {.code = (int32_t)err, .text = akt_text_of(text)};

    if (error.text.len > ERROR_TEXT_MAX) {
        error.text.len = ERROR_TEXT_MAX;
    }
    return new_message(ctx, &error);
}

struct akti_message *
akti_failure_message(struct akti_context *ctx, const akt_error *e)
{
    struct cause causes[AKT_ERROR_CAUSES];
    struct akti_error error = {.code = (int32_t)e->code,
                               .errnum = e->errnum,
                               .text = {e->text, e->length},
                               .causes = {causes, 0}};
    unsigned i;

    for (i = 0; i < e->count && i < AKT_ERROR_CAUSES; i++) {
        causes[i] = (struct cause){(int32_t)e->causes[i], e->from[i]};
    }
    /* One that says the same as the code is not worth its bytes. */
    error.causes.len = i > 1 ? i * sizeof(causes[0]) : 0;
    return new_message(ctx, &error);
}

void
akti_error_message_read(struct akti_message *m, akt_answer *answer)
{
    const struct akti_error *error;

    if (m == NULL) {
        return;
    }
    error = akti_message_payload(m);
    answer->error = (akt_err)error->code;
    answer->text = error->text;
}

/* --- words that wait for an end --- */

static struct akti_error *
error_of(struct akti_message *m)
{
    return akti_message_payload(m);
}

/* The message is the owner's alone, and so are the bytes in it. */
static char *
text_of(struct akti_message *m)
{
    return (char *)(uintptr_t)error_of(m)->text.ptr;
}

char *
akti_future_words(akt_self *self, akt_future future)
{
    static const char blank[AKTI_WORDS_SIZE + SENTENCE_SIZE];
    struct akti_error error = {.text = {blank, sizeof(blank)}};
    struct akti_cell *cell = akti_future_find(self, future);

    if (cell == NULL || cell->arrived || cell->marks != 0) {
        return NULL;
    }
    cell->message = new_message(self->ctx, &error);
    if (cell->message == NULL) {
        return NULL;
    }
    cell->marks |= AKTI_WORDED;
    return text_of(cell->message);
}

void
akti_words_drop(struct akti_context *ctx, struct akti_cell *cell)
{
    if ((cell->marks & AKTI_WORDED) != 0) {
        akti_message_free(&ctx->caches, cell->message);
        cell->message = NULL;
        cell->marks &= (uint8_t)~AKTI_WORDED;
    }
}

static void
complete(struct akti_message *words, akt_err err)
{
    struct akti_error *error = error_of(words);
    char *text = text_of(words);
    size_t n = strlen(text);

    (void)snprintf(text + n, SENTENCE_SIZE, ": %s", akt_err_text(err));
    error->code = (int32_t)err;
    error->text.len = strlen(text);
}

struct akti_message *
akti_words_settle(struct akti_context *ctx, struct akti_cell *cell,
                  struct akti_message *reply)
{
    struct akti_message *words = cell->message;
    akt_err err = cell->error;

    if (reply != NULL && (reply->error == 0 || error_of(reply)->text.len > 0)) {
        akti_words_drop(ctx, cell);
        return reply;
    }
    if (reply != NULL) {
        err = (akt_err)error_of(reply)->code;
        akti_message_free(&ctx->caches, reply);
    }
    cell->marks &= (uint8_t)~AKTI_WORDED;
    if (!AKTI_MUTANT(ended_file_is_nameless)) {
        complete(words, err);
        return words;
    }
    akti_message_free(&ctx->caches, words);
    return NULL;
}

void
akti_words_read(struct akti_message *m, akt_answer *answer)
{
    if (m != NULL && m->error != 0
        && error_of(m)->code == (int32_t)answer->error) {
        answer->text = error_of(m)->text;
    }
}

akt_err
akti_future_refuse(akt_self *self, akt_future future, akt_err err,
                   akt_error *error)
{
    struct akti_cell *cell = akti_future_find(self, future);

    return cell != NULL && (cell->marks & AKTI_WORDED) != 0
                   && !AKTI_MUTANT(cancelled_wait_is_nameless)
               ? akt_error_set(error, err, "%s: %s", text_of(cell->message),
                               akt_err_text(err))
               : akt_error_set(error, err, NULL);
}

/* --- reading --- */

static void
read_causes(const struct akti_error *error, akt_error *e)
{
    struct cause cause;
    size_t n = error->causes.len / sizeof(cause);
    size_t i;

    for (i = 0; i < n && i < AKT_ERROR_CAUSES; i++) {
        memcpy(&cause, (const char *)error->causes.ptr + i * sizeof(cause),
               sizeof(cause));
        e->causes[i] = (akt_err)cause.code;
        e->from[i] = (uint16_t)cause.from;
        e->count = (uint16_t)(i + 1);
    }
    e->errnum = error->errnum;
}

akt_err
akt_answer_error(const akt_answer *answer, akt_error *error)
{
    struct akti_message *m = answer->akti_message;
    int length = answer->text.len < AKT_ERROR_TEXT_SIZE ? (int)answer->text.len
                                                        : AKT_ERROR_TEXT_SIZE;

    if (error == NULL || answer->error == AKT_OK) {
        return answer->error;
    }
    if (length == 0) {
        akt_ignore(akt_error_set(error, answer->error, NULL));
    } else {
        akt_ignore(akt_error_set(error, answer->error, "%.*s", length,
                                 answer->text.ptr));
    }
    if (answer->outcome == AKT_FAILED && m != NULL) {
        read_causes(akti_message_payload(m), error);
    }
    return answer->error;
}
