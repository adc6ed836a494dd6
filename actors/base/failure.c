/* SPDX-License-Identifier: MIT */
/*
 * The error object: a value. The text is one string, "outer: inner: innermost";
 * each cause is the part of it from an offset on, so that putting words in front
 * moves the text and adds to the offsets.
 */
#include "akt/failure.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

_Static_assert(sizeof(akt_error) <= 512, "it lies on many stacks");

#define SIZE AKT_ERROR_TEXT_SIZE
#define DOTS "..."

struct mapping {
    int errnum;
    akt_err code;
};

/* What a user can act on; all the rest is AKT_EIO. */
static const struct mapping mappings[] = {
    {0, AKT_OK},
    {ENOENT, AKT_ENOENT},
    {EACCES, AKT_EACCES},
    {EPERM, AKT_EACCES},
    {EROFS, AKT_EACCES},
    {EEXIST, AKT_EEXIST},
    {EISDIR, AKT_EISDIR},
    {ENOTDIR, AKT_ENOTDIR},
    {ENOTEMPTY, AKT_ENOTEMPTY},
    {ENOSPC, AKT_ENOSPC},
    {EDQUOT, AKT_ENOSPC},
    {EMFILE, AKT_EMFILE},
    {ENFILE, AKT_EMFILE},
    {ENOMEM, AKT_ENOMEM},
    {EFBIG, AKT_ESIZE},
    {EINVAL, AKT_EINVAL},
    {ENAMETOOLONG, AKT_EINVAL},
    {ETIMEDOUT, AKT_ETIMEOUT},
};

akt_err
akt_err_of_errno(int errnum)
{
    size_t i;

    for (i = 0; i < sizeof(mappings) / sizeof(mappings[0]); i++) {
        if (mappings[i].errnum == errnum) {
            return mappings[i].code;
        }
    }
    return AKT_EIO;
}

static size_t format_cut(char *buffer, size_t size, const char *format,
                         va_list args) __attribute__((format(printf, 3, 0)));
static uint16_t put_in_front(akt_error *e, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

/* Writes at most size - 1 bytes; what was cut ends in dots. Returns how many. */
static size_t
format_cut(char *buffer, size_t size, const char *format, va_list args)
{
    int n = vsnprintf(buffer, size, format, args);

    if (n < 0) {
        buffer[0] = '\0';
        return 0;
    }
    if ((size_t)n < size) {
        return (size_t)n;
    }
    memcpy(buffer + size - sizeof(DOTS), DOTS, sizeof(DOTS));
    return size - 1;
}

static void
begin(akt_error *e, akt_err code, int errnum)
{
    e->code = code;
    e->errnum = errnum;
    e->count = 1;
    e->length = 0;
    e->from[0] = 0;
    e->causes[0] = code;
    e->text[0] = '\0';
}

static void
set_words(akt_error *e, const char *words)
{
    size_t n = strlen(words);

    e->length = (uint16_t)(n < SIZE ? n : SIZE - 1);
    memcpy(e->text, words, e->length);
    e->text[e->length] = '\0';
}

akt_err
akt_error_set(akt_error *error, akt_err code, const char *format, ...)
{
    va_list args;

    if (error == NULL) {
        return code;
    }
    begin(error, code, 0);
    if (format == NULL) {
        set_words(error, akt_err_text(code));
        return code;
    }
    va_start(args, format);
    error->length = (uint16_t)format_cut(error->text, SIZE, format, args);
    va_end(args);
    return code;
}

/*
 * Makes `words` and ": " the front of the text. They are cut when there is no
 * room; returns how far the text moved.
 */
static uint16_t
put_in_front(akt_error *e, const char *format, va_list args)
{
    char words[SIZE];
    size_t room = (size_t)SIZE - e->length;
    size_t n;

    if (room < sizeof(DOTS) + 2) {
        return 0;
    }
    n = format_cut(words, room - 2, format, args);
    memmove(e->text + n + 2, e->text, (size_t)e->length + 1);
    memcpy(e->text, words, n);
    memcpy(e->text + n, ": ", 2);
    e->length = (uint16_t)(e->length + n + 2);
    return (uint16_t)(n + 2);
}

akt_err
akt_error_set_errno(akt_error *error, int errnum, const char *format, ...)
{
    akt_err code = akt_err_of_errno(errnum);
    char words[128];
    va_list args;

    if (error == NULL) {
        return code;
    }
    begin(error, code, errnum);
    if (strerror_r(errnum, words, sizeof(words)) != 0) {
        (void)snprintf(words, sizeof(words), "error %d of the system", errnum);
    }
    set_words(error, words);
    if (format != NULL) {
        va_start(args, format);
        (void)put_in_front(error, format, args);
        va_end(args);
    }
    return code;
}

/* A place at the front; of too many the second from outside goes. */
static void
push_code(akt_error *e, akt_err code, uint16_t moved)
{
    uint16_t i;

    if (e->count < AKT_ERROR_CAUSES) {
        for (i = e->count++; i > 0; i--) {
            e->causes[i] = e->causes[i - 1];
            e->from[i] = e->from[i - 1];
        }
    }
    for (i = 1; i < e->count; i++) {
        e->from[i] = (uint16_t)(e->from[i] + moved);
    }
    e->causes[0] = code;
    e->from[0] = 0;
    e->code = code;
}

akt_err
akt_error_wrap(akt_error *error, akt_err code, const char *format, ...)
{
    uint16_t moved;
    va_list args;

    if (error == NULL || code == AKT_OK) {
        return code;
    }
    if (error->code == AKT_OK) {
        begin(error, code, 0);
        set_words(error, akt_err_text(code));
    }
    va_start(args, format);
    moved = put_in_front(error, format, args);
    va_end(args);
    push_code(error, code, moved);
    return code;
}

akt_err
akt_error_cause(const akt_error *error, unsigned i)
{
    bool has = error != NULL && error->code != AKT_OK && i < error->count;

    return has ? error->causes[i] : AKT_OK;
}

const char *
akt_error_cause_text(const akt_error *error, unsigned i)
{
    bool has = akt_error_cause(error, i) != AKT_OK;

    return has ? error->text + error->from[i] : "";
}

bool
akt_error_is(const akt_error *error, akt_err code)
{
    unsigned i = 0;
    akt_err cause;

    while ((cause = akt_error_cause(error, i++)) != AKT_OK) {
        if (cause == code) {
            return true;
        }
    }
    return false;
}
