/* SPDX-License-Identifier: MIT */
/*
 * wire_peer write SEED COUNT: messages at random, each a line of hexadecimal
 * bytes, a tab and diagnostic notation. wire_peer check SEED COUNT: reads a line
 * of bytes for each of the same messages and compares. The other one in between
 * is peer.js.
 */
#include "tests/support/wire.h"

#include "actors/test/probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LINE = 1 << 18,
    NAMED_TYPES = 6
};

/* The messages of a seed, one after the other. */
struct messages {
    struct akti_random random;
    const akt_type *type;
    akt_wire_form form;
    struct wire_arena arena;
    struct wire_space message;
};

static void
next(struct messages *m, uint32_t i)
{
    m->type = i % 3 == 0
                  ? wire_types[akti_random_below(&m->random, NAMED_TYPES)]
                  : wire_random_type(&m->random);
    m->form = i % 2 == 0 ? AKT_WIRE_BARE : AKT_WIRE_NAMED;
    m->arena.used = 0;
    wire_random_message(&m->random, m->type, &m->arena, &m->message);
}

static int
write_one(const struct messages *m)
{
    static unsigned char bytes[1 << 16];
    size_t length = 0;
    size_t i;

    if (wire_encode(m->form, m->type, &m->message,
                    (akt_bytes){bytes, sizeof(bytes)}, &length)
        != AKT_OK) {
        return 1;
    }
    for (i = 0; i < length; i++) {
        (void)printf("%02x", bytes[i]);
    }
    (void)putchar('\t');
    /* The array of the name is ours to write here: peer.js reads it as one. */
    wire_print(stdout, m->form, m->type, &m->message);
    (void)putchar('\n');
    return 0;
}

static size_t
parse(const char *digits, unsigned char *bytes)
{
    size_t n = strlen(digits) / 2;
    size_t i;

    for (i = 0; i < n; i++) {
        char pair[3] = {digits[2 * i], digits[2 * i + 1], '\0'};

        bytes[i] = (unsigned char)strtoul(pair, NULL, 16);
    }
    return n;
}

static int
check_one(const struct messages *m)
{
    static char line[LINE];
    static unsigned char bytes[LINE / 2];
    static struct wire_space got;
    akt_error error = AKT_ERROR_NONE;
    akt_bytes input = {bytes, 0};

    if (fgets(line, sizeof(line), stdin) == NULL) {
        (void)fprintf(stderr, "a message has no answer\n");
        return 1;
    }
    line[strcspn(line, "\n")] = '\0';
    input.len = parse(line, bytes);
    if (akt_wire_decode(m->form, m->type, input, &got, &error) != AKT_OK) {
        (void)fprintf(stderr, "%s\n%s\n", error.text, line);
        return 1;
    }
    if (m->type->field_count > 0
        && !akti_payload_equal(m->type, &m->message, &got)) {
        (void)fprintf(stderr, "another message came back: %s\n", line);
        return 1;
    }
    return 0;
}

int
main(int argc, char **argv)
{
    static struct messages m;
    bool is_check = argc > 1 && strcmp(argv[1], "check") == 0;
    uint32_t count;
    uint32_t i;
    int wrong = 0;

    if (argc != 4) {
        (void)fprintf(stderr, "usage: wire_peer write|check SEED COUNT\n");
        return 2;
    }
    m.random.state = strtoull(argv[2], NULL, 10);
    count = (uint32_t)strtoul(argv[3], NULL, 10);
    for (i = 0; i < count && wrong == 0; i++) {
        next(&m, i);
        wrong = is_check ? check_one(&m) : write_one(&m);
    }
    return wrong;
}
