/* SPDX-License-Identifier: MIT */
/*
 * replay FOLDER [INPUTS]: gives a fuzz target the files of a corpus, and so many
 * inputs that are made of them by changing bytes, always the same ones. It finds
 * less than libFuzzer does, in every build.
 */
#include "tests/support/wire.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

enum {
    FILES_MAX = 512,
    LENGTH_MAX = 4096,
    INPUTS = 500000,
    SEED = 1
};

struct seed {
    size_t length;
    unsigned char bytes[LENGTH_MAX];
};

static struct seed *seeds[FILES_MAX];
static uint32_t seed_count;

static void
stop(const char *what, const char *name)
{
    (void)fprintf(stderr, "replay: %s: %s\n", name, what);
    exit(2);
}

static void
load(const char *folder, const char *name)
{
    char path[4096];
    struct seed *seed = malloc(sizeof(*seed));
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    file = fopen(path, "rb");
    if (seed == NULL || file == NULL || seed_count == FILES_MAX) {
        stop("cannot be read", path);
        return;
    }
    seed->length = fread(seed->bytes, 1, sizeof(seed->bytes), file);
    (void)fclose(file);
    seeds[seed_count++] = seed;
}

static void
load_all(const char *folder)
{
    DIR *dir = opendir(folder);
    const struct dirent *entry;

    if (dir == NULL) {
        stop("no such folder", folder);
        return;
    }
    while ((entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] != '.') {
            load(folder, entry->d_name);
        }
    }
    (void)closedir(dir);
}

/* By length and content: a folder has no order that is the same everywhere. */
static int
compare(const void *a, const void *b)
{
    const struct seed *x = *(struct seed *const *)a;
    const struct seed *y = *(struct seed *const *)b;

    if (x->length != y->length) {
        return x->length < y->length ? -1 : 1;
    }
    return memcmp(x->bytes, y->bytes, x->length);
}

/* In memory of exactly its size: what reads beyond it is seen. */
static void
run(const unsigned char *bytes, size_t length)
{
    unsigned char *exact = malloc(length > 0 ? length : 1);

    if (exact == NULL) {
        stop("no memory", "run");
        return;
    }
    memcpy(exact, bytes, length);
    (void)LLVMFuzzerTestOneInput(exact, length);
    free(exact);
}

int
main(int argc, char **argv)
{
    struct akti_random random = {SEED};
    static struct seed input;
    uint32_t inputs = INPUTS;
    uint32_t i;

    if (argc < 2) {
        stop("usage: replay FOLDER [INPUTS]", argv[0]);
    }
    if (argc > 2) {
        inputs = (uint32_t)strtoul(argv[2], NULL, 10);
    }
    load_all(argv[1]);
    if (seed_count == 0) {
        stop("nothing in it", argv[1]);
    }
    qsort(seeds, seed_count, sizeof(seeds[0]), compare);
    for (i = 0; i < seed_count; i++) {
        run(seeds[i]->bytes, seeds[i]->length);
    }
    for (i = 0; i < inputs; i++) {
        const struct seed *seed = seeds[akti_random_below(&random, seed_count)];

        memcpy(input.bytes, seed->bytes, seed->length);
        input.length = wire_mutate(&random, input.bytes, seed->length,
                                   sizeof(input.bytes));
        run(input.bytes, input.length);
    }
    (void)printf("%u files and %u inputs made of them\n", (unsigned)seed_count,
                 (unsigned)inputs);
    for (i = 0; i < seed_count; i++) {
        free(seeds[i]);
    }
    return 0;
}
