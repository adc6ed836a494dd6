/* SPDX-License-Identifier: MIT */
#include "actors/base/pages.h"

void
akti_pages_prefer_huge(void *ptr, size_t size)
{
    (void)ptr;
    (void)size;
}
