/* SPDX-License-Identifier: MIT */
/*
 * Files are read and written by other threads while the task waits. An error
 * says what was done, to what, and why it failed; each function on the way up
 * puts its words in front, and the code that began it is still there.
 */
#include <akt/akt.h>

#include <stdio.h>

static akt_err
load(akt_self *self, const char *path, akt_error *error)
{
    akt_file_content content = {0};
    akt_err err = akt_read_file(self, akt_text_of(path), 1024, &content, error);

    if (err != AKT_OK) {
        err = akt_error_wrap(error, err, "load");
        goto out;
    }
    printf("%s: %s", path, (const char *)content.bytes.ptr);
out:
    akt_file_content_free(&content);
    return err;
}

static akt_err
run(akt_self *self, int argc, char **argv)
{
    const char *path = argc > 1 ? argv[1] : "05_file.tmp";
    akt_bytes greeting = {"hello, file\n", 12};
    akt_error error = AKT_ERROR_NONE;

    AKT_TRY(akt_write_file(self, akt_text_of(path), greeting, NULL, NULL));
    AKT_TRY(load(self, path, NULL));
    remove(path);
    if (load(self, path, &error) != AKT_OK) {
        printf("%s\n", error.text);
        printf("the cause: %s\n", akt_err_name(akt_error_cause(&error, 1)));
    }
    return AKT_OK;
}

AKT_MAIN(run);
