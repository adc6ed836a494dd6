/* SPDX-License-Identifier: MIT */
/* Kinds of entries: most file systems give them with the name. */
#include "actors/async/dir_walk.h"

akt_file_kind
akti_kind_of_entry(const struct dirent *entry)
{
    switch (entry->d_type) {
    case DT_UNKNOWN:
        return AKT_FILE_KIND_UNKNOWN;
    case DT_REG:
        return AKT_FILE_KIND_FILE;
    case DT_DIR:
        return AKT_FILE_KIND_DIR;
    case DT_LNK:
        return AKT_FILE_KIND_LINK;
    default:
        return AKT_FILE_KIND_OTHER;
    }
}
