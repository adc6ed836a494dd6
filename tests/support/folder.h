/* SPDX-License-Identifier: MIT */
/*
 * A directory of a test's own, with files that are made and looked at without
 * the library. Whoever is left in it at the end is an error.
 */
#ifndef AKT_TESTS_SUPPORT_FOLDER_H
#define AKT_TESTS_SUPPORT_FOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FOLDER_PATH 512

struct folder {
    char path[256];
};

void folder_open(struct folder *f);
/* Removes all that is in it, and itself. */
void folder_close(struct folder *f);

/* "folder/name", in one of a few buffers that are used in turn. */
const char *folder_name(const struct folder *f, const char *name);

void folder_write(const struct folder *f, const char *name, const void *bytes,
                  size_t size);
/* The whole file is `text`. */
bool folder_has(const struct folder *f, const char *name, const char *text);
uint32_t folder_mode(const struct folder *f, const char *name);
/* How many entries there are. */
uint32_t folder_count(const struct folder *f);

#endif
