/* SPDX-License-Identifier: MIT */
/*
 * Walking through directories. A directory is opened from the one above it, by its
 * name, and never through a link that took its place meanwhile. When too many are
 * open the outermost are closed; on the way back each is opened by its path, has
 * to be the same directory still, and is read up to the name where the walk went
 * down, which is what stands behind its path.
 */
#include "actors/async/dir_walk.h"

#include "actors/async/file.h"
#include "actors/base/mutant.h"
#include "actors/core/system.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* --- levels --- */

static struct akti_level *
top(struct akti_walk *w)
{
    return &w->levels[w->depth - 1];
}

akt_err
akti_walk_reserve(struct akti_walk *w)
{
    struct akti_memory *memory = &w->self->ctx->dispatcher->memory;
    uint32_t room = w->room > 0 ? w->room * 2 : 16;
    struct akti_level *levels;

    if (w->depth < w->room) {
        return AKT_OK;
    }
    levels = akti_fails(w->self->ctx, AKT_FAULT_ALLOC)
                 ? NULL
                 : akti_memory_alloc(memory, room * sizeof(*levels), 64);
    if (levels == NULL) {
        return AKT_ENOMEM;
    }
    if (w->levels != NULL) {
        memcpy(levels, w->levels, w->depth * sizeof(*levels));
        akti_memory_free(memory, w->levels, w->room * sizeof(*levels), 64);
    }
    w->levels = levels;
    w->room = room;
    return AKT_OK;
}

static void
close_level(struct akti_level *level)
{
    int saved = errno;

    if (level->dir != NULL) {
        (void)closedir(level->dir);
        level->dir = NULL;
    }
    errno = saved;
}

/* Closes the outermost until at most `keep` are open; the innermost stays. */
static void
close_outer(struct akti_walk *w, uint32_t keep)
{
    uint32_t i;

    if (AKTI_MUTANT(walk_keeps_all_open)) {
        return;
    }
    for (i = 0; i + keep < w->depth; i++) {
        close_level(&w->levels[i]);
    }
}

static bool
is_on_the_way(const struct akti_walk *w, const struct stat *st)
{
    uint32_t i;

    for (i = 0; i < w->depth; i++) {
        if (w->levels[i].device == st->st_dev
            && w->levels[i].inode == st->st_ino) {
            return !AKTI_MUTANT(walk_goes_round);
        }
    }
    return false;
}

/* Makes a stream of a descriptor, which is closed on an error. */
static DIR *
list(struct akti_walk *w, int fd, struct stat *st)
{
    DIR *dir = fd >= 0 && akti_file_fstat(w->self, fd, st) == 0
                   ? akti_file_list(w->self, fd)
                   : NULL;

    if (dir == NULL) {
        akti_file_abandon(fd);
    }
    return dir;
}

/* Opens by a name, and once more with fewer descriptors in use. */
static DIR *
open_dir(struct akti_walk *w, int at, const char *name, bool follow,
         struct stat *st)
{
    int flags = O_RDONLY | O_DIRECTORY | O_NONBLOCK | (follow ? 0 : O_NOFOLLOW);
    /* The path of the root is empty, as the slash belongs to what follows. */
    const char *opened = name[0] != '\0' ? name : "/";
    int fd;

    close_outer(w, AKT_DIR_DESCRIPTORS - 1);
    fd = akti_file_open_at(w->self, at, opened, flags);
    if (fd < 0 && (errno == EMFILE || errno == ENFILE)) {
        close_outer(w, 1);
        fd = akti_file_open_at(w->self, at, opened, flags);
    }
    return list(w, fd, st);
}

/* Puts the directory of the current path on the stack. 0, or an errno. */
static int
enter(struct akti_walk *w, int at, const char *name, size_t path_len)
{
    struct stat st;
    DIR *dir = open_dir(w, at, name, w->follow || w->depth == 0, &st);

    if (dir == NULL) {
        return errno;
    }
    if (is_on_the_way(w, &st)) {
        (void)closedir(dir);
        return ELOOP;
    }
    w->levels[w->depth++] =
        (struct akti_level){dir, path_len, st.st_dev, st.st_ino};
    return 0;
}

/* --- the way back --- */

/* Reads on to behind the entry of that name; false: it is gone, or an error. */
static bool
skip_to(struct akti_walk *w, DIR *dir, const char *name)
{
    struct dirent *entry = akti_file_entry(w->self, dir);

    while (entry != NULL && strcmp(entry->d_name, name) != 0) {
        entry = akti_file_entry(w->self, dir);
    }
    return entry != NULL;
}

/*
 * Opens a level that was closed, behind the entry that the path ends in. 0, or an
 * errno.
 */
static int
reopen(struct akti_walk *w, struct akti_level *level)
{
    char *slash = w->path + level->path_len;
    struct stat st;
    int errnum;
    DIR *dir;

    *slash = '\0';
    dir = open_dir(w, AT_FDCWD, w->path, true, &st);
    if (dir == NULL) {
        return errno;
    }
    if (st.st_dev != level->device || st.st_ino != level->inode) {
        (void)closedir(dir);
        return ESTALE;
    }
    if (AKTI_MUTANT(walk_begins_again) || skip_to(w, dir, slash + 1)) {
        level->dir = dir;
        return 0;
    }
    errnum = errno != 0 ? errno : ESTALE;
    (void)closedir(dir);
    return errnum;
}

/* --- steps --- */

akt_file_kind
akti_kind_of_mode(mode_t mode)
{
    return S_ISREG(mode)   ? AKT_FILE_KIND_FILE
           : S_ISDIR(mode) ? AKT_FILE_KIND_DIR
           : S_ISLNK(mode) ? AKT_FILE_KIND_LINK
                           : AKT_FILE_KIND_OTHER;
}

static akt_text
path_of(const struct akti_walk *w, size_t len)
{
    return (akt_text){w->path, len};
}

/* Something in the innermost directory, or the rest of it, cannot be read. */
static bool
complain(struct akti_walk *w, int errnum, struct akti_found *found)
{
    size_t len = top(w)->path_len;
    const char *slash;

    w->path[len] = '\0';
    if (len == 0) {
        w->path[len++] = '/';
        w->path[len] = '\0';
    }
    slash = len > 1 ? strrchr(w->path, '/') : NULL;
    *found =
        (struct akti_found){.path_len = len,
                            .name_len = slash != NULL ? strlen(slash + 1) : len,
                            .kind = AKT_FILE_KIND_DIR,
                            .depth = w->depth - 1};
    (void)akti_file_fail(&found->error, errnum, "read", path_of(w, len));
    return true;
}

static void
leave(struct akti_walk *w)
{
    struct akti_level *level = top(w);

    /* The one above finds its place by what stands behind its path. */
    w->path[level->path_len] = '\0';
    close_level(level);
    w->depth--;
}

/* Puts a name behind the path of the innermost directory; false: no room. */
static bool
join(struct akti_walk *w, const char *name, struct akti_found *found)
{
    size_t front = top(w)->path_len;
    size_t len = strlen(name);

    if (front + 1 + len >= sizeof(w->path)) {
        return false;
    }
    w->path[front] = '/';
    memcpy(w->path + front + 1, name, len + 1);
    *found = (struct akti_found){
        .path_len = front + 1 + len, .name_len = len, .depth = w->depth};
    return true;
}

/* Finds out the kind; where a link leads to, if that is wished and is there. */
static int
look(struct akti_walk *w, const char *name, akt_file_kind *kind)
{
    int fd = dirfd(top(w)->dir);
    struct stat st;

    if (*kind == AKT_FILE_KIND_UNKNOWN) {
        if (akti_file_stat_at(w->self, fd, name, false, &st) < 0) {
            return errno;
        }
        *kind = akti_kind_of_mode(st.st_mode);
    }
    if (*kind == AKT_FILE_KIND_LINK && w->follow
        && akti_file_stat_at(w->self, fd, name, true, &st) == 0) {
        *kind = akti_kind_of_mode(st.st_mode);
    }
    return 0;
}

/* An entry that was read; goes down into a directory. */
static bool
meet(struct akti_walk *w, const struct dirent *entry, struct akti_found *found)
{
    const char *doing = "stat";
    int errnum;

    if (!join(w, entry->d_name, found)) {
        return complain(w, ENAMETOOLONG, found);
    }
    found->kind = akti_kind_of_entry(entry);
    errnum = look(w, entry->d_name, &found->kind);
    if (errnum == 0 && found->kind == AKT_FILE_KIND_DIR
        && w->depth < w->max_depth) {
        doing = "open";
        errnum = enter(w, dirfd(top(w)->dir), entry->d_name, found->path_len);
    }
    if (errnum != 0) {
        (void)akti_file_fail(&found->error, errnum, doing,
                             path_of(w, found->path_len));
    }
    return true;
}

static bool
is_dots(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* The next entry that is read; NULL: *errnum says why, 0 at the end. */
static struct dirent *
read_on(struct akti_walk *w, struct akti_level *level, int *errnum)
{
    struct dirent *entry;

    *errnum = level->dir == NULL ? reopen(w, level) : 0;
    if (*errnum != 0) {
        return NULL;
    }
    do {
        entry = akti_file_entry(w->self, level->dir);
    } while (entry != NULL && is_dots(entry->d_name));
    *errnum = entry == NULL ? errno : 0;
    return entry;
}

bool
akti_walk_step(struct akti_walk *w, struct akti_found *found)
{
    while (w->depth > 0) {
        int errnum;
        struct dirent *entry = read_on(w, top(w), &errnum);

        if (entry != NULL) {
            return meet(w, entry, found);
        }
        if (errnum != 0 && !AKTI_MUTANT(walk_hides_errors)) {
            (void)complain(w, errnum, found);
            leave(w);
            return true;
        }
        leave(w);
    }
    return false;
}

akt_err
akti_walk_begin(struct akti_walk *w, akt_text path, akt_error *error)
{
    int errnum;

    AKT_TRY(akti_file_check(error, "open", path));
    if (path.len >= sizeof(w->path)) {
        return akti_file_fail(error, ENAMETOOLONG, "open", path);
    }
    if (akti_walk_reserve(w) != AKT_OK) {
        return akti_file_refuse(error, AKT_ENOMEM, "open", path,
                                "out of memory");
    }
    memcpy(w->path, path.ptr, path.len);
    while (path.len > 0 && w->path[path.len - 1] == '/') {
        path.len--;
    }
    w->path[path.len] = '\0';
    errnum = enter(w, AT_FDCWD, w->path, path.len);
    return errnum == 0 ? AKT_OK : akti_file_fail(error, errnum, "open", path);
}

void
akti_walk_end(struct akti_walk *w, struct akti_memory *memory)
{
    uint32_t i;

    for (i = 0; i < w->depth; i++) {
        close_level(&w->levels[i]);
    }
    akti_memory_free(memory, w->levels, w->room * sizeof(*w->levels), 64);
}
