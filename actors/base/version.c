/* SPDX-License-Identifier: MIT */
/* The version of the library itself; constant, any thread may ask. */
#include "akt/version.h"

const char *
akt_version(void)
{
    return AKT_VERSION_STRING;
}
