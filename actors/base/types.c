/* SPDX-License-Identifier: MIT */
/* Texts and references as values. */
#include "akt/types.h"

#include "actors/base/hash.h"

#include <stdio.h>
#include <string.h>

akt_text
akt_text_of(const char *string)
{
    akt_text text = {string, string == NULL ? 0 : strlen(string)};

    return text;
}

bool
akt_text_equal(akt_text a, akt_text b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

uint64_t
akt_ref_hash(akt_ref ref)
{
    uint64_t low = (uint64_t)ref.slot << 32 | ref.generation;
    uint64_t high = (uint64_t)ref.node << 32 | ref.system;

    return akti_hash_mix(akti_hash_mix(0, low), high);
}

size_t
akt_ref_format(akt_ref ref, char *buffer, size_t size)
{
    int n;

    if (akt_ref_is_none(ref)) {
        n = snprintf(buffer, size, "<none>");
    } else if (ref.node == 0) {
        n = snprintf(buffer, size, "<%u.%u.%u>", ref.system, ref.slot,
                     ref.generation);
    } else {
        n = snprintf(buffer, size, "<%u:%u.%u.%u>", ref.node, ref.system,
                     ref.slot, ref.generation);
    }
    return n < 0 ? 0 : (size_t)n;
}
