/* SPDX-License-Identifier: MIT */
/* What the tests of directories share: trees of them, and what a walk met. */
#ifndef AKT_TESTS_UNIT_WALKS_H
#define AKT_TESTS_UNIT_WALKS_H

#include "akt/dir.h"
#include "tests/unit/files.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* What a walk met. */
struct seen {
    uint32_t count;
    uint32_t dirs;
    uint32_t files;
    uint32_t links;
    uint32_t errors;
    uint32_t deepest;
    uint32_t batches;
    int errnum; /* of the last error */
    char why[512];
};

static inline void
see(struct seen *s, const akt_dir_entry *e)
{
    assert_string_equal(e->name.ptr + e->name.len, "");
    assert_ptr_equal(e->name.ptr + e->name.len, e->path.ptr + e->path.len);
    assert_int_equal(strlen(e->why.ptr), e->why.len);
    assert_int_equal(e->error == AKT_OK, e->why.len == 0);
    s->count++;
    assert_true(s->count < 1000); /* a walk ends */
    s->dirs += e->kind == AKT_FILE_KIND_DIR;
    s->files += e->kind == AKT_FILE_KIND_FILE;
    s->links += e->kind == AKT_FILE_KIND_LINK;
    s->deepest = e->depth > s->deepest ? e->depth : s->deepest;
    if (e->error != AKT_OK) {
        s->errors++;
        s->errnum = e->errnum;
        (void)snprintf(s->why, sizeof(s->why), "%s", e->why.ptr);
    }
}

/* One batch; false at the end. */
static inline bool
see_batch(akt_self *me, akt_dir dir, struct seen *s)
{
    akt_dir_entries batch = {NULL, 0, NULL};
    akt_error e = AKT_ERROR_NONE;
    bool any;
    uint32_t i;

    if (akt_read_dir(me, dir, &batch, &e) != AKT_OK) {
        fail_msg("%s", e.text);
    }
    for (i = 0; i < batch.count; i++) {
        see(s, &batch.entries[i]);
    }
    any = batch.count > 0;
    s->batches += any;
    akt_dir_entries_free(&batch);
    return any;
}

static inline void
see_rest(akt_self *me, akt_dir dir, struct seen *s)
{
    while (see_batch(me, dir, s)) {
    }
    assert_false(see_batch(me, dir, s));
    assert_ok(akt_dir_close(me, dir));
    assert_err(akt_dir_close(me, dir), AKT_EENDED);
}

static inline void
make(const char *name)
{
    (void)mkdir(folder_name(&folder, name), 0700);
}

/* d0/d0/..., each with two files, `depth` deep and `width` wide at the top. */
static inline uint32_t
plant(uint32_t width, uint32_t depth)
{
    uint32_t n = 0;
    uint32_t i;
    uint32_t k;

    for (i = 0; i < width; i++) {
        char name[300];
        int len = snprintf(name, sizeof(name), "t%u", i);

        for (k = 0; k < depth; k++) {
            make(name);
            (void)snprintf(name + len, sizeof(name) - (size_t)len, "/f");
            folder_write(&folder, name, "x", 1);
            (void)snprintf(name + len, sizeof(name) - (size_t)len, "/g");
            folder_write(&folder, name, "x", 1);
            len += snprintf(name + len, sizeof(name) - (size_t)len, "/d");
            n += 3;
        }
    }
    return n;
}

#endif
