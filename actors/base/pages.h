/* SPDX-License-Identifier: MIT */
/*
 * What the system is told about large pieces of memory. Tables of a million
 * cells are walked in no order: with pages of the ordinary size that is a page
 * fault for each page and a miss of the address cache for each cell. Stacks are
 * the opposite: of each little is used, and the rest is to cost nothing.
 */
#ifndef AKT_BASE_PAGES_H
#define AKT_BASE_PAGES_H

#include <stdbool.h>
#include <stddef.h>

/* Pieces of this size and more are aligned to AKTI_HUGE_PAGE. */
#define AKTI_HUGE_FROM ((size_t)4 << 20)
#define AKTI_HUGE_PAGE ((size_t)2 << 20)

/* Asks for large pages behind this memory; a wish, without effect elsewhere. */
void akti_pages_prefer_huge(void *ptr, size_t size);

/* Address space for stacks, filled with zero; memory when touched. Or NULL. */
void *akti_pages_map(size_t size);
void akti_pages_unmap(void *ptr, size_t size);

/*
 * Makes pages that end the process when they are touched, by a mark in the page
 * table, which costs no mapping. False where the kernel has no such marks.
 */
bool akti_pages_mark_guard(void *ptr, size_t size);

/* The same by access rights; false when the kernel has no mapping left for it. */
bool akti_pages_forbid(void *ptr, size_t size);

/* What is in these pages is not needed any more; their memory goes back. */
void akti_pages_drop(void *ptr, size_t size);

#endif
