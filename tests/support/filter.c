/* SPDX-License-Identifier: MIT */
/* AKT_TEST=<name or pattern with *> in the environment runs those tests alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

__attribute__((constructor)) static void
filter(void)
{
    const char *pattern = getenv("AKT_TEST");

    if (pattern != NULL) {
        cmocka_set_test_filter(pattern);
    }
}
