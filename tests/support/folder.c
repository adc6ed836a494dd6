/* SPDX-License-Identifier: MIT */
#include "tests/support/folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void
must(bool condition, const char *what)
{
    if (!condition) {
        perror(what);
        abort();
    }
}

void
folder_open(struct folder *f)
{
    const char *parent = getenv("TMPDIR");

    (void)snprintf(f->path, sizeof(f->path), "%s/folder.XXXXXX",
                   parent != NULL ? parent : "/tmp");
    must(mkdtemp(f->path) != NULL, "mkdtemp");
}

static bool
is_dots(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* By descriptors: a path may be longer than the system takes. */
static void
remove_all_in(int fd)
{
    DIR *d = fdopendir(fd);
    struct dirent *e;

    must(d != NULL, "fdopendir");
    while ((e = readdir(d)) != NULL) {
        struct stat st;
        int inner;

        if (is_dots(e->d_name)) {
            continue;
        }
        must(fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0, e->d_name);
        if (S_ISDIR(st.st_mode)) {
            (void)fchmodat(fd, e->d_name, 0700, 0);
            inner = openat(fd, e->d_name, O_RDONLY | O_DIRECTORY);
            must(inner >= 0, e->d_name);
            remove_all_in(inner);
        }
        must(unlinkat(fd, e->d_name, S_ISDIR(st.st_mode) ? AT_REMOVEDIR : 0)
                 == 0,
             e->d_name);
    }
    (void)closedir(d);
}

void
folder_close(struct folder *f)
{
    int fd = open(f->path, O_RDONLY | O_DIRECTORY);

    must(fd >= 0, f->path);
    remove_all_in(fd);
    must(rmdir(f->path) == 0, f->path);
}

const char *
folder_name(const struct folder *f, const char *name)
{
    static _Thread_local char buffers[8][FOLDER_PATH];
    static _Thread_local unsigned next;
    char *buffer = buffers[next++ % 8];

    (void)snprintf(buffer, FOLDER_PATH, "%s/%s", f->path, name);
    return buffer;
}

void
folder_write(const struct folder *f, const char *name, const void *bytes,
             size_t size)
{
    FILE *file = fopen(folder_name(f, name), "wb");

    must(file != NULL, name);
    must(fwrite(bytes, 1, size, file) == size, name);
    must(fclose(file) == 0, name);
}

bool
folder_has(const struct folder *f, const char *name, const char *text)
{
    FILE *file = fopen(folder_name(f, name), "rb");
    size_t size = strlen(text);
    char *buffer = malloc(size + 2);
    bool same;

    must(buffer != NULL, "malloc");
    if (file == NULL) {
        free(buffer);
        return false;
    }
    same = fread(buffer, 1, size + 1, file) == size
           && memcmp(buffer, text, size) == 0;
    (void)fclose(file);
    free(buffer);
    return same;
}

uint32_t
folder_mode(const struct folder *f, const char *name)
{
    struct stat st;

    must(stat(folder_name(f, name), &st) == 0, name);
    return (uint32_t)st.st_mode & 07777;
}

uint32_t
folder_count(const struct folder *f)
{
    DIR *d = opendir(f->path);
    struct dirent *e;
    uint32_t n = 0;

    must(d != NULL, f->path);
    while ((e = readdir(d)) != NULL) {
        n += !is_dots(e->d_name);
    }
    (void)closedir(d);
    return n;
}
