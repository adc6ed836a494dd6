/* SPDX-License-Identifier: MIT */
/* The await forms: ask, wait, and take the reply out of the answer. */
#include "actors/async/file.h"
#include "actors/core/future.h"
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

/* Waits and moves the reply of `type` to `out`, unless that is NULL. */
akt_err
akti_file_await(akt_self *self, akt_future future, const akt_type *type,
                void *out, akt_error *error)
{
    akt_answer *answer = NULL;
    akt_err err = wait_for(self, future, &answer);

    if (err != AKT_OK) {
        (void)akti_future_refuse(self, future, err, error);
        akt_future_drop(self, future);
        return err;
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

    return err != AKT_OK ? akti_file_not_asked(error, err, "read", path)
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
               ? akti_file_not_asked(error, err, "write", path)
               : akti_file_await(self, f, &akt_file_done_type, NULL, error);
}

akt_err
akt_append_file(akt_self *self, akt_text path, akt_bytes bytes,
                const akt_file_write_opts *opts, akt_error *error)
{
    akt_future f;
    akt_err err = akt_file_append(self, path, bytes, opts, &f);

    return err != AKT_OK
               ? akti_file_not_asked(error, err, "append to", path)
               : akti_file_await(self, f, &akt_file_done_type, NULL, error);
}

/* --- open files --- */

static akt_err
wait_done(akt_self *self, akt_future future, akt_error *error)
{
    return akti_file_await(self, future, &akt_file_done_type, NULL, error);
}

akt_err
akt_open_file(akt_self *self, akt_text path, const akt_file_open_opts *opts,
              akt_file *out_file, akt_error *error)
{
    akt_file file;
    akt_future f;
    akt_err err = akt_file_open(self, path, opts, &file, &f);

    if (err != AKT_OK) {
        return akti_file_not_asked(error, err, "open", path);
    }
    err = wait_done(self, f, error);
    if (err != AKT_OK) {
        akt_ignore(akt_file_close(self, file, NULL));
        return err;
    }
    *out_file = file;
    return AKT_OK;
}

akt_err
akt_read_from(akt_self *self, akt_file file, uint64_t size,
              akt_file_content *out_content, akt_error *error)
{
    akt_future f;
    akt_err err = akt_file_read(self, file, size, &f);

    return err != AKT_OK ? akti_file_not_asked(error, err, "read",
                                               akti_file_path(self, file))
                         : akti_file_await(self, f, &akt_file_content_type,
                                           out_content, error);
}

akt_err
akt_read_from_at(akt_self *self, akt_file file, akt_file_range range,
                 akt_file_content *out_content, akt_error *error)
{
    akt_future f;
    akt_err err = akt_file_read_at(self, file, range.offset, range.size, &f);

    return err != AKT_OK ? akti_file_not_asked(error, err, "read",
                                               akti_file_path(self, file))
                         : akti_file_await(self, f, &akt_file_content_type,
                                           out_content, error);
}

akt_err
akt_write_to(akt_self *self, akt_file file, akt_bytes bytes, akt_error *error)
{
    akt_future f;
    akt_err err = akt_file_write(self, file, bytes, &f);

    return err != AKT_OK ? akti_file_not_asked(error, err, "write",
                                               akti_file_path(self, file))
                         : wait_done(self, f, error);
}

akt_err
akt_write_to_at(akt_self *self, akt_file file, uint64_t offset, akt_bytes bytes,
                akt_error *error)
{
    akt_future f;
    akt_err err = akt_file_write_at(self, file, offset, bytes, &f);

    return err != AKT_OK ? akti_file_not_asked(error, err, "write",
                                               akti_file_path(self, file))
                         : wait_done(self, f, error);
}

akt_err
akt_sync_file(akt_self *self, akt_file file, akt_error *error)
{
    akt_future f;
    akt_err err = akt_file_sync(self, file, &f);

    return err != AKT_OK ? akti_file_not_asked(error, err, "sync",
                                               akti_file_path(self, file))
                         : wait_done(self, f, error);
}

akt_err
akt_measure_file(akt_self *self, akt_file file, uint64_t *out_size,
                 akt_error *error)
{
    struct akt_file_done done = {0};
    akt_future f;
    akt_err err = akt_file_size(self, file, &f);

    if (err != AKT_OK) {
        return akti_file_not_asked(error, err, "measure",
                                   akti_file_path(self, file));
    }
    err = akti_file_await(self, f, &akt_file_done_type, &done, error);
    if (err == AKT_OK) {
        *out_size = done.bytes;
    }
    return err;
}

akt_err
akt_truncate_file(akt_self *self, akt_file file, uint64_t size,
                  akt_error *error)
{
    akt_future f;
    akt_err err = akt_file_truncate(self, file, size, &f);

    return err != AKT_OK ? akti_file_not_asked(error, err, "truncate",
                                               akti_file_path(self, file))
                         : wait_done(self, f, error);
}

akt_err
akt_close_file(akt_self *self, akt_file file, akt_error *error)
{
    akt_future f;
    akt_err err = akt_file_close(self, file, &f);

    if (err == AKT_OK) {
        return wait_done(self, f, error);
    }
    (void)akti_file_not_asked(error, err, "close", akti_file_path(self, file));
    akt_ignore(akt_file_close(self, file, NULL));
    return err;
}
