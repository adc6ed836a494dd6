/* SPDX-License-Identifier: MIT */
/* The await forms of dir.h: ask, wait, and take the reply out of the answer. */
#include "actors/async/file.h"
#include "akt/dir.h"
#include "akt/future.h"

static akt_err
wait_done(akt_self *self, akt_future future, akt_error *error)
{
    return akti_file_await(self, future, &akt_file_done_type, NULL, error);
}

static akt_err
wait_info(akt_self *self, akt_future future, akt_file_info *out_info,
          akt_error *error)
{
    return akti_file_await(self, future, &akt_file_info_type, out_info, error);
}

akt_err
akt_stat_file(akt_self *self, akt_text path, akt_file_info *out_info,
              akt_error *error)
{
    akt_future f;
    akt_err err = akt_file_stat(self, path, &f);

    return err != AKT_OK ? akti_file_not_asked(error, err, "stat", path)
                         : wait_info(self, f, out_info, error);
}

akt_err
akt_stat_link(akt_self *self, akt_text path, akt_file_info *out_info,
              akt_error *error)
{
    akt_future f;
    akt_err err = akt_file_stat_link(self, path, &f);

    return err != AKT_OK ? akti_file_not_asked(error, err, "stat", path)
                         : wait_info(self, f, out_info, error);
}

akt_err
akt_rename_file(akt_self *self, akt_text from, akt_text to, akt_error *error)
{
    akt_future f;
    akt_err err = akt_file_rename(self, from, to, &f);

    return err != AKT_OK ? akti_file_not_asked(error, err, "rename", from)
                         : wait_done(self, f, error);
}

akt_err
akt_remove_file(akt_self *self, akt_text path, akt_error *error)
{
    akt_future f;
    akt_err err = akt_file_remove(self, path, &f);

    return err != AKT_OK ? akti_file_not_asked(error, err, "remove", path)
                         : wait_done(self, f, error);
}

akt_err
akt_remove_dir(akt_self *self, akt_text path, akt_error *error)
{
    akt_future f;
    akt_err err = akt_dir_remove(self, path, &f);

    return err != AKT_OK ? akti_file_not_asked(error, err, "remove", path)
                         : wait_done(self, f, error);
}

akt_err
akt_make_dir(akt_self *self, akt_text path, const akt_dir_make_opts *opts,
             akt_error *error)
{
    akt_future f;
    akt_err err = akt_dir_make(self, path, opts, &f);

    return err != AKT_OK ? akti_file_not_asked(error, err, "make", path)
                         : wait_done(self, f, error);
}

/* Waits until it is open; nothing is left of one that cannot be opened. */
static akt_err
wait_open(akt_self *self, akt_future future, akt_dir dir, akt_dir *out_dir,
          akt_error *error)
{
    akt_err err = wait_done(self, future, error);

    if (err != AKT_OK) {
        akt_ignore(akt_dir_close(self, dir));
        return err;
    }
    *out_dir = dir;
    return AKT_OK;
}

akt_err
akt_open_dir(akt_self *self, akt_text path, const akt_dir_opts *opts,
             akt_dir *out_dir, akt_error *error)
{
    akt_dir dir;
    akt_future f;
    akt_err err = akt_dir_open(self, path, opts, &dir, &f);

    return err != AKT_OK ? akti_file_not_asked(error, err, "open", path)
                         : wait_open(self, f, dir, out_dir, error);
}

akt_err
akt_walk_dir(akt_self *self, akt_text path, const akt_dir_opts *opts,
             akt_dir *out_dir, akt_error *error)
{
    akt_dir dir;
    akt_future f;
    akt_err err = akt_dir_walk(self, path, opts, &dir, &f);

    return err != AKT_OK ? akti_file_not_asked(error, err, "open", path)
                         : wait_open(self, f, dir, out_dir, error);
}

akt_err
akt_read_dir(akt_self *self, akt_dir dir, akt_dir_entries *out_entries,
             akt_error *error)
{
    akt_future f;
    akt_err err = akt_dir_next(self, dir, &f);

    return err != AKT_OK ? akti_file_not_asked(error, err, "read",
                                               akti_dir_path(self, dir))
                         : akti_file_await(self, f, &akt_dir_entries_type,
                                           out_entries, error);
}
