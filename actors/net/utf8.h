/* SPDX-License-Identifier: MIT */
/* Whether bytes are UTF-8 as RFC 3629 has it. */
#ifndef AKT_NET_UTF8_H
#define AKT_NET_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* No surrogates, nothing above U+10FFFF, each in its shortest form. */
bool akti_utf8_is_valid(const void *ptr, size_t length);

#endif
