/* SPDX-License-Identifier: MIT */
/* The await forms: ask, wait, and take the reply out of the answer. */
#include "akt/file.h"
#include "akt/future.h"
#include "akt/task.h"

#include <string.h>

/* What a call waits with. */
static akt_err
wait_for(akt_self *self, akt_future future, akt_answer **out_answer)
{
    return akt_await(self, future, out_answer);
}

/* Asking failed before there was a job that could say more. */
static akt_err
not_asked(akt_error *error, akt_err err, const char *doing, akt_text path)
{
    int shown = path.len < 200 ? (int)path.len : 200;

    return akt_error_set(error, err, "%s %.*s: %s", doing, shown,
                         path.len > 0 ? path.ptr : "", akt_err_text(err));
}

/* Waits and moves the reply of `type` to `out`, unless that is NULL. */
akt_err
akti_file_await(akt_self *self, akt_future future, const akt_type *type,
                void *out, akt_error *error)
{
    akt_answer *answer = NULL;
    akt_err err = wait_for(self, future, &answer);

    if (err != AKT_OK) {
        akt_future_drop(self, future);
        return akt_error_set(error, err, NULL);
    }
    err = akt_answer_error(answer, error);
    if (err == AKT_OK && out != NULL) {
        err = (type->flags & AKT_TYPE_LOCAL) != 0
                  ? akti_answer_take(answer, type, out)
                  : AKT_OK;
        if ((type->flags & AKT_TYPE_LOCAL) == 0) {
            memcpy(out, answer->reply, type->size);
        }
    }
    akt_answer_free(self, answer);
    return err;
}

akt_err
akt_read_file(akt_self *self, akt_text path, uint64_t max_bytes,
              akt_file_content *out_content, akt_error *error)
{
    akt_future f;
    akt_err err = akt_file_read_all(self, path, max_bytes, &f);

    return err != AKT_OK ? not_asked(error, err, "read", path)
                         : akti_file_await(self, f, &akt_file_content_type,
                                           out_content, error);
}

akt_err
akt_write_file(akt_self *self, akt_text path, akt_bytes bytes,
               const akt_file_write_opts *opts, akt_error *error)
{
    akt_future f;
    akt_err err = akt_file_write_all(self, path, bytes, opts, &f);

    return err != AKT_OK
               ? not_asked(error, err, "write", path)
               : akti_file_await(self, f, &akt_file_done_type, NULL, error);
}

akt_err
akt_append_file(akt_self *self, akt_text path, akt_bytes bytes,
                const akt_file_write_opts *opts, akt_error *error)
{
    akt_future f;
    akt_err err = akt_file_append(self, path, bytes, opts, &f);

    return err != AKT_OK
               ? not_asked(error, err, "append to", path)
               : akti_file_await(self, f, &akt_file_done_type, NULL, error);
}
