/* SPDX-License-Identifier: MIT */
/*
 * What files are, and what is in directories. A walk gives batches, so that it
 * takes as little memory for a million entries as for ten; a directory that may
 * not be read is an entry with an error.
 */
#include <akt/akt.h>

#include <inttypes.h>
#include <stdio.h>

static akt_err
plant(akt_self *self, akt_error *error)
{
    akt_dir_make_opts parents = {.parents = true};
    akt_bytes text = {"hello\n", 6};

    AKT_TRY(akt_make_dir(self, AKT_TEXT("16_dir.tmp/a/b"), &parents, error));
    return akt_write_file(self, AKT_TEXT("16_dir.tmp/a/b/file"), text, NULL,
                          error);
}

static akt_err
look(akt_self *self, akt_error *error)
{
    akt_file_info info;

    AKT_TRY(akt_stat_file(self, AKT_TEXT("16_dir.tmp/a/b/file"), &info, error));
    printf("%s of %" PRIu64 " bytes\n",
           info.kind == AKT_FILE_KIND_FILE ? "a file" : "something else",
           info.size);
    return AKT_OK;
}

static akt_err
walk(akt_self *self, akt_error *error)
{
    akt_dir dir;
    akt_dir_entries batch = {0};
    akt_err err;

    AKT_TRY(akt_walk_dir(self, AKT_TEXT("16_dir.tmp"), NULL, &dir, error));
    while ((err = akt_read_dir(self, dir, &batch, error)) == AKT_OK
           && batch.count > 0) {
        for (uint32_t i = 0; i < batch.count; i++) {
            const akt_dir_entry *e = &batch.entries[i];

            printf("%" PRIu32 " %s%s\n", e->depth, e->path.ptr,
                   e->kind == AKT_FILE_KIND_DIR ? "/" : "");
        }
        akt_dir_entries_free(&batch);
    }
    akt_ignore(akt_dir_close(self, dir));
    return err;
}

static akt_err
clear(akt_self *self, akt_error *error)
{
    AKT_TRY(akt_remove_file(self, AKT_TEXT("16_dir.tmp/a/b/file"), error));
    AKT_TRY(akt_remove_dir(self, AKT_TEXT("16_dir.tmp/a/b"), error));
    AKT_TRY(akt_remove_dir(self, AKT_TEXT("16_dir.tmp/a"), error));
    return akt_remove_dir(self, AKT_TEXT("16_dir.tmp"), error);
}

static akt_err
run(akt_self *self, int argc, char **argv)
{
    akt_error error = AKT_ERROR_NONE;
    akt_file_info info;

    (void)argc;
    (void)argv;
    AKT_TRY(plant(self, &error));
    AKT_TRY(look(self, &error));
    AKT_TRY(walk(self, &error));
    AKT_TRY(clear(self, &error));
    if (akt_stat_file(self, AKT_TEXT("16_dir.tmp"), &info, &error) != AKT_OK) {
        printf("%s\n", error.text);
    }
    return AKT_OK;
}

int
main(int argc, char **argv)
{
    return akt_run(run, argc, argv);
}
