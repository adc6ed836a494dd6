/* SPDX-License-Identifier: MIT */
/*
 * Messages of random types there and back, and inputs that are almost messages:
 * AKT_STRESS=10 makes a million of each.
 */
#include "tests/support/stress.h"
#include "tests/support/wire.h"

#include "actors/test/probe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
    ROUNDS = 100000,
    PER_TYPE = 20
};

struct round {
    struct akti_random random;
    const akt_type *type;
    akt_wire_form form;
    struct wire_arena arena;
    struct wire_space sent;
    struct wire_space got;
    unsigned char bytes[1 << 16];
    size_t length;
};

/* A message of the round's type, encoded. */
static void
encode(struct round *r)
{
    size_t length = 0;

    r->arena.used = 0;
    r->form =
        akti_random_below(&r->random, 2) == 0 ? AKT_WIRE_BARE : AKT_WIRE_NAMED;
    wire_random_message(&r->random, r->type, &r->arena, &r->sent);
    STRESS_CHECK(wire_encode(r->form, r->type, &r->sent,
                             (akt_bytes){r->bytes, sizeof(r->bytes)},
                             &r->length)
                     == AKT_OK,
                 "not encoded");
    STRESS_CHECK(akt_wire_length(r->form, r->type, &r->sent, &length, NULL)
                         == AKT_OK
                     && length == r->length,
                 "another length: %zu, not %zu", length, r->length);
}

static void
decode(struct round *r)
{
    akt_error error = AKT_ERROR_NONE;
    akt_bytes bytes = {r->bytes, r->length};

    STRESS_CHECK(akt_wire_decode(r->form, r->type, bytes, &r->got, &error)
                     == AKT_OK,
                 "not decoded: %s", error.text);
    STRESS_CHECK(akti_payload_equal(r->type, &r->sent, &r->got),
                 "another message came back");
}

/* In memory of exactly its size, so that the address sanitizer sees each byte. */
static bool
judge(struct round *r)
{
    unsigned char *exact = malloc(r->length > 0 ? r->length : 1);
    akt_bytes bytes = {exact, r->length};
    bool taken = false;
    const char *wrong;

    STRESS_CHECK(exact != NULL, "no memory");
    memcpy(exact, r->bytes, r->length);
    wrong = wire_oracle(r->form, r->type, bytes, &taken);
    STRESS_CHECK(wrong == NULL, "%s", wrong);
    free(exact);
    return taken;
}

static struct round *
begin(const char *phase)
{
    struct round *r = malloc(sizeof(*r));

    STRESS_CHECK(r != NULL, "no memory");
    r->random.state = stress_seed();
    stress_phase("%s", phase);
    return r;
}

static void
test_random_messages_come_back_the_same(void **state)
{
    struct round *r = begin("there and back");
    uint32_t rounds = stress_scale(ROUNDS);
    uint32_t i;

    (void)state;
    for (i = 0; i < rounds; i++) {
        if (i % PER_TYPE == 0) {
            r->type = wire_random_type(&r->random);
        }
        encode(r);
        decode(r);
    }
    print_message("%u messages\n", rounds);
    stress_end();
    free(r);
}

static void
test_what_is_almost_a_message_is_refused_or_means_one_thing(void **state)
{
    struct round *r = begin("changed bytes");
    uint32_t rounds = stress_scale(ROUNDS);
    uint32_t taken = 0;
    uint32_t i;

    (void)state;
    for (i = 0; i < rounds; i++) {
        if (i % PER_TYPE == 0) {
            r->type = wire_random_type(&r->random);
        }
        encode(r);
        r->length =
            wire_mutate(&r->random, r->bytes, r->length, sizeof(r->bytes));
        taken += judge(r);
    }
    print_message("%u inputs, %u taken\n", rounds, taken);
    /* Some of both, or nothing was tried. */
    STRESS_CHECK(rounds < 100 || (taken > 0 && taken < rounds),
                 "%u of %u taken", taken, rounds);
    stress_end();
    free(r);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_messages_come_back_the_same),
        cmocka_unit_test(
            test_what_is_almost_a_message_is_refused_or_means_one_thing),
    };

    stress_begin("wire_stress");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
