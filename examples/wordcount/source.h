/* SPDX-License-Identifier: MIT */
/**
 * @file source.h
 * @brief One file being read: a buffer that always starts between words.
 *
 * The reader owns it and lends it to its job while the job runs, so nothing is
 * locked. `source_fill` blocks; `source_cut` gives away what ends with a word
 * and keeps the beginning of the next one.
 */
#ifndef AKT_EXAMPLES_WORDCOUNT_SOURCE_H
#define AKT_EXAMPLES_WORDCOUNT_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    BLOCK_SIZE = 64 * 1024,
    LONGEST_WORD = 1024 * 1024 /* longer ones are cut here */
};

/** A file and what was read of it but not given away. */
struct source {
    int stop_fd; /* becomes readable when reading has to end */
    int fd;      /* -1: none */
    char *path;
    bool named;   /* on the command line: FIFOs and devices are read too */
    bool ended;   /* out: nothing more will come */
    bool stopped; /* out: ended by stop_fd */
    int err;      /* out: ended by this errno value */
    bool full;    /* the last piece given away was LONGEST_WORD letters */
    uint64_t cut; /* words that went on after such a piece */
    char *data;
    size_t used;
    size_t size;
};

/** An empty source. */
void source_init(struct source *source, int stop_fd);

/** Names the file to read next; false when out of memory. */
bool source_set_path(struct source *source, const char *path, bool named);

/** Opens the file if it is not, and reads until the buffer is full or the file
 *  ended. Blocks. Returns the bytes read. */
size_t source_fill(struct source *source);

/** Gives away, in a buffer of the caller's to free, all that ends between
 *  words; false when out of memory. An empty `*out_len` has no buffer. */
bool source_cut(struct source *source, char **out_data, size_t *out_len);

/** Frees all, closes the file. */
void source_fini(struct source *source);

#endif
