/* SPDX-License-Identifier: MIT */
/* Errors of files: what was done, to which file, and what the system said. */
#include "actors/async/file.h"
#include "actors/base/mutant.h"
#include "actors/core/future.h"
#include "akt/actor.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

const char *
akti_file_show(char buffer[AKTI_FILE_SHOWN], akt_text path)
{
    return akti_file_show_in(buffer, AKTI_FILE_SHOWN, path);
}

const char *
akti_file_show_in(char *buffer, size_t size, akt_text path)
{
    size_t room = size - 1;
    size_t n = path.len < room ? path.len : room;
    const char *from = path.len > 0 ? path.ptr + (path.len - n) : "";
    size_t i;

    for (i = 0; i < n; i++) {
        unsigned char c = (unsigned char)from[i];

        buffer[i] = (char)(c < ' ' || c == 0x7f ? '?' : c);
    }
    if (n < path.len) {
        memcpy(buffer, "...", 3);
    }
    buffer[n] = '\0';
    return buffer;
}

akt_err
akti_file_fail(akt_error *error, int errnum, const char *doing, akt_text path)
{
    char shown[AKTI_FILE_SHOWN];

    return akt_error_set_errno(error, errnum, "%s %s", doing,
                               akti_file_show(shown, path));
}

akt_err
akti_file_not_opened(akt_error *error, akt_text path)
{
    int errnum = errno;
    struct stat st;

    /* What the system says of a socket is said of missing devices too. */
    if ((errnum == ENXIO || errnum == EOPNOTSUPP) && stat(path.ptr, &st) == 0
        && S_ISSOCK(st.st_mode)) {
        return akti_file_refuse(error, AKT_EINVAL, "open", path,
                                "it is a socket");
    }
    return akti_file_fail(error, errnum, "open", path);
}

akt_err
akti_file_refuse(akt_error *error, akt_err code, const char *doing,
                 akt_text path, const char *why)
{
    char shown[AKTI_FILE_SHOWN];

    return akt_error_set(error, code, "%s %s: %s", doing,
                         akti_file_show(shown, path), why);
}

akt_err
akti_file_check(akt_error *error, const char *doing, akt_text path)
{
    if (path.len == 0) {
        return akt_error_set(error, AKT_EINVAL, "%s: the path is empty", doing);
    }
    if (memchr(path.ptr, '\0', path.len) != NULL) {
        return akti_file_refuse(error, AKT_EINVAL, doing, path,
                                "the path has a NUL in it");
    }
    return AKT_OK;
}

akt_err
akti_file_wanted(akt_self *self, akt_error *error, const char *doing,
                 akt_text path)
{
    return akt_is_cancelled(self) && !AKTI_MUTANT(unwanted_file_goes_on)
               ? akti_file_refuse(error, AKT_ECANCELLED, doing, path,
                                  "nobody waits for it any more")
               : AKT_OK;
}

akt_err
akti_file_not_asked(akt_error *error, akt_err err, const char *doing,
                    akt_text path)
{
    return akti_file_refuse(error, err, doing, path, akt_err_text(err));
}

akt_err
akti_file_asked(akt_self *self, akt_err err, const char *doing, akt_text path,
                const akt_future *future)
{
    char *words = err == AKT_OK ? akti_future_words(self, *future) : NULL;

    if (words != NULL) {
        size_t n = (size_t)snprintf(words, AKTI_WORDS_SIZE, "%s ", doing);

        (void)akti_file_show_in(words + n, AKTI_FILE_SHOWN, path);
    }
    return err;
}

akt_err
akti_file_answer(akt_self *self, const akt_error *error)
{
    return akt_reply_failure(self, error);
}
