/* SPDX-License-Identifier: MIT */
/**
 * @file walk.h
 * @brief Walks directories in small steps, in bounded memory.
 *
 * A walk is a stack of open directories, not a list of paths: one of a million
 * entries costs as much as one of ten. At most `WALK_OPEN_MAX` are open; deeper
 * down the outer ones are closed, and found again by the name of the entry that
 * the walk went into. Nothing here knows of actors; one thread at a time.
 */
#ifndef AKT_EXAMPLES_WORDCOUNT_WALK_H
#define AKT_EXAMPLES_WORDCOUNT_WALK_H

#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    WALK_FOUND_MAX = 64,   /* paths of one step */
    WALK_LOOKS_MAX = 4096, /* entries looked at in one step */
    WALK_OPEN_MAX = 4
};

/** A path that a step met. */
struct found {
    char *path;    /* owned by whoever takes it */
    int err;       /* an errno value: a directory that could not be read */
    uint64_t size; /* in bytes; 0 when it is not known */
    bool named;    /* on the command line: whatever it is, it is read */
};

/** A directory on the way down. */
struct level {
    DIR *dir; /* NULL: closed for now */
    size_t path_len;
    dev_t dev;
    ino_t ino;
};

/** A walk under way. All zero but the roots is the start. */
struct walk {
    const char *const *roots; /* borrowed */
    int n_roots;
    int next_root;
    struct level *levels;
    size_t depth;
    size_t n_levels; /* allocated */
    char path[PATH_MAX];
    bool descend;     /* path is a directory that is to be entered */
    bool wait_fd;     /* out: stopped for want of a descriptor; repeat later */
    bool ended;       /* out: nothing is left */
    bool no_memory;   /* out */
    uint64_t skipped; /* links and special files */
    uint32_t n_found;
    struct found found[WALK_FOUND_MAX];
};

/** Goes on until there are enough paths in `found`, or long enough. `last_try`:
 *  do not wait for descriptors, report what needs one. */
void walk_step(struct walk *walk, bool last_try);

/** Frees what is left; zeroed memory is fine. */
void walk_fini(struct walk *walk);

#endif
