/* SPDX-License-Identifier: MIT */
#include "walk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static struct level *
top_level(struct walk *walk)
{
    return walk->depth == 0 ? NULL : &walk->levels[walk->depth - 1];
}

/* Adds the current path, as a copy, to what was found. */
static void
add(struct walk *walk, struct found found)
{
    found.path = strdup(walk->path);
    if (found.path == NULL) {
        walk->no_memory = true;
        return;
    }
    walk->found[walk->n_found++] = found;
}

static void
add_failure(struct walk *walk, int err)
{
    add(walk, (struct found){.err = err});
}

static void
close_level(struct level *level)
{
    if (level->dir != NULL) {
        closedir(level->dir);
        level->dir = NULL;
    }
}

/* Closes the outermost open directories until fewer than `max` are open. */
static void
close_outer(struct walk *walk, size_t max)
{
    size_t open = 0;
    for (size_t i = 0; i < walk->depth; i++) {
        open += walk->levels[i].dir != NULL;
    }
    for (size_t i = 0; i < walk->depth && open >= max; i++) {
        if (walk->levels[i].dir != NULL) {
            close_level(&walk->levels[i]);
            open--;
        }
    }
}

/* opendir that gives up own directories when there are no descriptors. */
static DIR *
open_dir(struct walk *walk, const char *path)
{
    close_outer(walk, WALK_OPEN_MAX);
    DIR *dir = opendir(path);
    if (dir == NULL && (errno == EMFILE || errno == ENFILE)) {
        close_outer(walk, 1);
        dir = opendir(path);
    }
    return dir;
}

static bool
should_wait(struct walk *walk, int err, bool last_try)
{
    walk->wait_fd = (err == EMFILE || err == ENFILE) && !last_try;
    return walk->wait_fd;
}

static bool
is_on_the_way(const struct walk *walk, const struct stat *st)
{
    for (size_t i = 0; i < walk->depth; i++) {
        if (walk->levels[i].dev == st->st_dev
            && walk->levels[i].ino == st->st_ino) {
            return true;
        }
    }
    return false;
}

/* Makes room for one more level. */
static bool
grow(struct walk *walk)
{
    if (walk->depth < walk->n_levels) {
        return true;
    }
    size_t n = walk->n_levels == 0 ? 16 : 2 * walk->n_levels;
    struct level *levels = realloc(walk->levels, n * sizeof *levels);
    if (levels == NULL) {
        walk->no_memory = true;
        return false;
    }
    walk->levels = levels;
    walk->n_levels = n;
    return true;
}

/* Goes into the directory at the current path. */
static void
enter(struct walk *walk, bool last_try)
{
    if (!grow(walk)) {
        return;
    }
    struct stat st;
    DIR *dir = open_dir(walk, walk->path);
    if (dir == NULL || fstat(dirfd(dir), &st) != 0) {
        int err = errno;
        if (dir != NULL) {
            closedir(dir);
        }
        if (!should_wait(walk, err, last_try)) {
            walk->descend = false;
            add_failure(walk, err);
        }
        return;
    }
    walk->descend = false;
    if (is_on_the_way(walk, &st)) {
        closedir(dir);
        add_failure(walk, ELOOP);
        return;
    }
    walk->levels[walk->depth++] = (struct level){.dir = dir,
                                                 .path_len = strlen(walk->path),
                                                 .dev = st.st_dev,
                                                 .ino = st.st_ino};
}

/* Reads on to just behind the entry `name`; false when it is gone. */
static bool
skip_to(DIR *dir, const char *name)
{
    struct dirent *entry = readdir(dir);
    while (entry != NULL && strcmp(entry->d_name, name) != 0) {
        entry = readdir(dir);
    }
    return entry != NULL;
}

/* Opens a directory again that was closed while the walk was below it; the path
 * still ends in the entry that it was at. */
static void
reopen(struct walk *walk, struct level *level, bool last_try)
{
    char *slash = walk->path + level->path_len;
    *slash = '\0';
    DIR *dir = open_dir(walk, walk->path);
    int err = errno;
    struct stat st;
    if (dir == NULL && should_wait(walk, err, last_try)) {
        *slash = '/';
        return;
    }
    if (dir != NULL
        && (fstat(dirfd(dir), &st) != 0 || st.st_dev != level->dev
            || st.st_ino != level->ino || !skip_to(dir, slash + 1))) {
        closedir(dir);
        dir = NULL;
        err = ESTALE; /* it changed under us: the rest of it is not read */
    }
    level->dir = dir;
    if (dir == NULL) {
        add_failure(walk, err);
        walk->depth--;
    }
}

/* Sets the path to `name` in the directory `level`. */
static bool
join(struct walk *walk, const struct level *level, const char *name)
{
    size_t len = strlen(name);
    if (level->path_len + 1 + len >= sizeof walk->path) {
        walk->path[level->path_len] = '\0';
        add_failure(walk, ENAMETOOLONG);
        return false;
    }
    walk->path[level->path_len] = '/';
    memcpy(walk->path + level->path_len + 1, name, len + 1);
    return true;
}

/* Looks at the next entry of the innermost directory. */
static void
look(struct walk *walk, struct level *level)
{
    errno = 0;
    struct dirent *entry = readdir(level->dir);
    if (entry == NULL) {
        if (errno != 0) {
            int err = errno;
            walk->path[level->path_len] = '\0';
            add_failure(walk, err);
        }
        close_level(level);
        /* The outer ones find their place by the name behind theirs. */
        walk->path[level->path_len] = '\0';
        walk->depth--;
        return;
    }
    const char *name = entry->d_name;
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0
        || !join(walk, level, name)) {
        return;
    }
    struct stat st;
    if (fstatat(dirfd(level->dir), name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        add_failure(walk, errno);
    } else if (S_ISREG(st.st_mode)) {
        add(walk, (struct found){.size = (uint64_t)st.st_size});
    } else if (S_ISDIR(st.st_mode)) {
        walk->descend = true;
    } else {
        walk->skipped++;
    }
}

/* Takes the next path of the command line. */
static void
next_root(struct walk *walk)
{
    if (walk->next_root == walk->n_roots) {
        walk->ended = true;
        return;
    }
    const char *root = walk->roots[walk->next_root++];
    size_t len = strlen(root);
    bool too_long = len >= sizeof walk->path;
    if (too_long) {
        len = sizeof walk->path - 1;
    }
    memcpy(walk->path, root, len);
    walk->path[len] = '\0';
    struct stat st = {.st_size = 0};
    if (strcmp(root, "-") != 0 && !too_long && stat(root, &st) == 0
        && S_ISDIR(st.st_mode)) {
        walk->descend = true;
        return;
    }
    add(walk, (struct found){.err = too_long ? ENAMETOOLONG : 0,
                             .size = (uint64_t)st.st_size,
                             .named = true});
}

void
walk_step(struct walk *walk, bool last_try)
{
    walk->wait_fd = false;
    for (int looks = 0; looks < WALK_LOOKS_MAX; looks++) {
        struct level *level = top_level(walk);
        if (walk->descend) {
            enter(walk, last_try);
        } else if (level == NULL) {
            next_root(walk);
        } else if (level->dir == NULL) {
            reopen(walk, level, last_try);
        } else {
            look(walk, level);
        }
        if (walk->n_found == WALK_FOUND_MAX || walk->ended || walk->wait_fd
            || walk->no_memory) {
            return;
        }
    }
}

void
walk_fini(struct walk *walk)
{
    for (size_t i = 0; i < walk->depth; i++) {
        close_level(&walk->levels[i]);
    }
    for (uint32_t i = 0; i < walk->n_found; i++) {
        free(walk->found[i].path);
    }
    free(walk->levels);
    *walk = (struct walk){.roots = NULL};
}
