/* SPDX-License-Identifier: MIT */
#include "tests/support/folder.h"

#include <dirent.h>
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

static void
remove_tree(const char *path)
{
    char inner[FOLDER_PATH * 2];
    DIR *d = opendir(path);
    struct dirent *e;

    must(d != NULL, path);
    while ((e = readdir(d)) != NULL) {
        struct stat st;

        if (is_dots(e->d_name)) {
            continue;
        }
        (void)snprintf(inner, sizeof(inner), "%s/%s", path, e->d_name);
        must(lstat(inner, &st) == 0, inner);
        if (S_ISDIR(st.st_mode)) {
            (void)chmod(inner, 0700);
            remove_tree(inner);
        } else {
            must(unlink(inner) == 0, inner);
        }
    }
    (void)closedir(d);
    must(rmdir(path) == 0, path);
}

void
folder_close(struct folder *f)
{
    remove_tree(f->path);
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
