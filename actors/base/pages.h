/* SPDX-License-Identifier: MIT */
/*
 * What the system is told about large pieces of memory. Tables of a million
 * cells are walked in no order: with pages of the ordinary size that is a page
 * fault for each page and a miss of the address cache for each cell.
 */
#ifndef AKT_BASE_PAGES_H
#define AKT_BASE_PAGES_H

#include <stddef.h>

/* Pieces of this size and more are aligned to AKTI_HUGE_PAGE. */
#define AKTI_HUGE_FROM ((size_t)4 << 20)
#define AKTI_HUGE_PAGE ((size_t)2 << 20)

/* Asks for large pages behind this memory; a wish, without effect elsewhere. */
void akti_pages_prefer_huge(void *ptr, size_t size);

#endif
