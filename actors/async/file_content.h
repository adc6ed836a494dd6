/* SPDX-License-Identifier: MIT */
/*
 * What is read from a file: a block that grows while it is filled and then is the
 * reply itself, so that nothing is copied on the way to the asker.
 */
#ifndef AKT_ASYNC_FILE_CONTENT_H
#define AKT_ASYNC_FILE_CONTENT_H

#include "akt/file.h"

#include <stddef.h>

/* A content that is being filled; zero is empty. */
struct akti_content {
    char *bytes;
    size_t used;
    size_t room; /* of bytes; a NUL has a place of its own */
};

/* Room for `room` bytes in all; what is there stays. AKT_ENOMEM. */
akt_err akti_content_reserve(akt_self *self, struct akti_content *c,
                             size_t room);

/* Ends it by a NUL and hands it over; it is empty afterwards. */
akt_file_content akti_content_finish(struct akti_content *c);

void akti_content_free(struct akti_content *c);

/* Frees what was in a content. NULL is allowed. */
void akti_content_drop(const void *bytes);

#endif
