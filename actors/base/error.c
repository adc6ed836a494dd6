/* SPDX-License-Identifier: MIT */
/* Names and texts of the error codes, from the one list in akt/error.h. */
#include "actors/base/error.h"

#include <stddef.h>
#include <stdio.h>

struct entry {
    int code;
    const char *name;
    const char *text;
};

#define ENTRY(code, name, text) {code, #name, text},
static const struct entry entries[] = {AKT_ERRORS(ENTRY)};
#undef ENTRY

/* The codes are dense from 0, which the unit test checks. */
static const struct entry *
find(akt_err err)
{
    /* An enum may be unsigned: what is negative as an int is large here. */
    size_t i = (size_t)(unsigned)err;
    size_t n = sizeof(entries) / sizeof(entries[0]);

    return i < n ? &entries[i] : NULL;
}

const char *
akt_err_name(akt_err err)
{
    const struct entry *e = find(err);

    if (e != NULL) {
        return e->name;
    }
    return (int)err >= AKT_EUSER ? "AKT_EUSER" : "AKT_E?";
}

const char *
akt_err_text(akt_err err)
{
    const struct entry *e = find(err);

    if (e != NULL) {
        return e->text;
    }
    return (int)err >= AKT_EUSER ? "an error of the application's own"
                                 : "not an error code of akt";
}

const char *
akti_err_label(akt_err err, char buffer[AKTI_ERR_LABEL_SIZE])
{
    if ((int)err <= AKT_EUSER) {
        return akt_err_name(err);
    }
    (void)snprintf(buffer, AKTI_ERR_LABEL_SIZE, "AKT_EUSER + %d",
                   (int)err - AKT_EUSER);
    return buffer;
}
