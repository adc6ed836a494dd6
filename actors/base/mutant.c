/* SPDX-License-Identifier: MIT */
/* Which planted bug this process has; see mutant.h. */
#include "actors/base/mutant.h"

#if defined(AKT_MUTANTS)

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    const char *text;
} bugs[] = {
#define AKTI_MUTANT_NAME_(name, text) {#name, text},
    {"none", "the code as it is"}, AKTI_MUTANTS(AKTI_MUTANT_NAME_)};

enum akti_mutant akti_mutant;

static void
list(void)
{
    size_t i;

    for (i = 1; i < AKTI_MUTANT_COUNT; i++) {
        (void)printf("%-28s %s\n", bugs[i].name, bugs[i].text);
    }
}

/* Before main(): no test runs without the bug that was asked for. */
__attribute__((constructor)) static void
choose(void)
{
    const char *name = getenv("AKT_MUTANT");
    int i = 0;

    if (name == NULL || *name == '\0') {
        return;
    }
    if (strcmp(name, "list") == 0) {
        list();
        exit(0);
    }
    while (i < AKTI_MUTANT_COUNT && strcmp(bugs[i].name, name) != 0) {
        i++;
    }
    if (i == AKTI_MUTANT_COUNT) {
        (void)fprintf(stderr, "AKT_MUTANT: no planted bug is called %s\n",
                      name);
        exit(2);
    }
    akti_mutant = (enum akti_mutant)i;
}

#else

/* ISO C wants a declaration in every file. */
typedef int akti_mutant_unused;

#endif
