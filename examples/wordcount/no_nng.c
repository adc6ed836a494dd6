/* SPDX-License-Identifier: MIT */
/* Of builds without nng: one process counts alone. */
#include "spread.h"

#include <stdio.h>

bool
spread_is_built(void)
{
    fputs("wordcount: this was built without nng, so --coordinate and --worker "
          "do not work (Debian: libnng-dev, libcbor-dev)\n",
          stderr);
    return false;
}

akt_err
coordinator_spawn(akt_self *self, struct pipeline *line)
{
    (void)self;
    (void)line;
    return AKT_ENOENT;
}

int
worker_run(const struct options *options)
{
    (void)options;
    return EXIT_FAILED;
}
