/* SPDX-License-Identifier: MIT */
/*
 * A walk through directories: a stack of those on the way down, of which the inner
 * ones are open. It is bounded by the longest path. In jobs only, one at a time.
 */
#ifndef AKT_ASYNC_DIR_WALK_H
#define AKT_ASYNC_DIR_WALK_H

#include "actors/base/memory.h"
#include "akt/dir.h"

#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

/* What a mode says. */
akt_file_kind akti_kind_of_mode(mode_t mode);

/* What an entry says of itself; UNKNOWN: nothing. Linux and POSIX variants. */
akt_file_kind akti_kind_of_entry(const struct dirent *entry);

/* A directory on the way down. */
struct akti_level {
    DIR *dir; /* NULL: closed for now */
    size_t path_len;
    dev_t device;
    ino_t inode;
};

struct akti_walk {
    akt_self *self; /* of the job that runs */
    struct akti_level *levels;
    uint32_t depth; /* levels in use */
    uint32_t room;  /* levels there are */
    uint32_t max_depth;
    bool follow;
    char path[PATH_MAX];
};

/* What a step has found. The path and the name are in the walk's path. */
struct akti_found {
    size_t path_len;
    size_t name_len;
    akt_file_kind kind;
    uint32_t depth;
    akt_error error;
};

/* Opens the first directory. An error that names it. */
akt_err akti_walk_begin(struct akti_walk *w, akt_text path, akt_error *error);

/* Room for what a step may need. AKT_ENOMEM. */
akt_err akti_walk_reserve(struct akti_walk *w);

/* The next entry, after akti_walk_reserve. False: there is no more. */
bool akti_walk_step(struct akti_walk *w, struct akti_found *found);

/* Closes and frees all; zero is allowed. */
void akti_walk_end(struct akti_walk *w, struct akti_memory *memory);

#endif
