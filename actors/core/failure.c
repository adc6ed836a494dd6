/* SPDX-License-Identifier: MIT */
/*
 * Errors that travel: the message that ends a future as AKT_FAILED. It carries
 * the code and the text, and what else an akt_error has: errno and the causes.
 */
#include "akt/failure.h"
#include "actors/core/future.h"

#include <string.h>

/* Longer texts of errors are cut. */
#define ERROR_TEXT_MAX 1000

#define AKTI_ERROR_FIELDS(F)                                                   \
    F(i32, code) F(i32, errnum) F(text, text) F(bytes, causes)
AKT_MESSAGE(akti_error, AKTI_ERROR_FIELDS);

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
