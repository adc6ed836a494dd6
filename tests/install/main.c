/* SPDX-License-Identifier: MIT */
/*
 * A small program outside the tree, built against an installed akt: the headers
 * are complete, the library links, and both are of the same version.
 */
#include <akt/akt.h>

#include <stdio.h>
#include <string.h>

int
main(void)
{
    if (strcmp(akt_version(), AKT_VERSION_STRING) != 0) {
        fprintf(stderr, "library %s, headers %s\n", akt_version(),
                AKT_VERSION_STRING);
        return 1;
    }
    printf("akt %s\n", akt_version());
    return 0;
}
