/* SPDX-License-Identifier: MIT */
/* Batches that are filled and taken apart by hand, without any socket. */
#include "actors/net/batch.h"
#include "akt/wire.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#define FOUR 4
/* Of four bytes and a head each, behind the head of the batch. */
#define IN_A_BATCH 7
#define LIMIT (1 + (FOUR + 1) * IN_A_BATCH)
#define LONG_ONE 300
#define HUGE_ONE ((size_t)1 << 20)

#define assert_err(expression, expected)                                       \
    assert_string_equal(akt_err_name(expression), akt_err_name(expected))
#define assert_ok(expression) assert_err(expression, AKT_OK)

#define ORDER(F) F(u64, id) F(text, item)
AKT_MESSAGE(order, ORDER);

/* Of so many calls of realloc the last one fails; 0: none does. */
static unsigned fails_at;

void *__real_realloc(void *block, size_t size);
void *__wrap_realloc(void *block, size_t size);

void *
__wrap_realloc(void *block, size_t size)
{
    if (fails_at > 0 && --fails_at == 0) {
        return NULL;
    }
    return __real_realloc(block, size);
}

static akt_err
pack_number(akt_nng_packer *p, uint32_t n)
{
    return akt_nng_pack(p, (akt_bytes){&n, sizeof(n)});
}

/* As a receiver gets it. */
static struct akt_nng_batch
batch_of(akt_nng_packer *p)
{
    return (struct akt_nng_batch){.data = akti_batch_whole(p),
                                  .count = (uint32_t)p->count};
}

/* Numbers from the first to the last, and nothing else. */
static void
assert_numbers(akt_nng_packer *p, uint32_t first, uint32_t last)
{
    struct akt_nng_batch batch = batch_of(p);
    akt_bytes bytes;
    size_t at = 0;

    assert_int_equal(batch.count, last - first + 1);
    for (; first <= last; first++) {
        assert_true(akt_nng_unpack(&batch, &at, &bytes));
        assert_int_equal(bytes.len, sizeof(first));
        assert_memory_equal(bytes.ptr, &first, sizeof(first));
    }
    assert_false(akt_nng_unpack(&batch, &at, &bytes));
    assert_false(akt_nng_unpack(&batch, &at, &bytes));
}

static void
test_batch_takes_what_fits_and_says_when_it_is_full(void **state)
{
    akt_nng_packer p = {.limit = LIMIT};
    uint32_t n;

    (void)state;
    for (n = 1; n <= IN_A_BATCH; n++) {
        assert_ok(pack_number(&p, n));
    }
    assert_err(pack_number(&p, n), AKT_EFULL);
    assert_err(akt_nng_pack(&p, (akt_bytes){NULL, 0}), AKT_EFULL);
    assert_int_equal(p.count, IN_A_BATCH);
    assert_int_equal(batch_of(&p).data.len, LIMIT);
    assert_numbers(&p, 1, IN_A_BATCH);
    akt_nng_packer_fini(&p);
}

static void
test_message_beyond_the_limit_is_alone(void **state)
{
    static const char bytes[LONG_ONE] = "long";
    const akt_bytes long_one = {bytes, sizeof(bytes)};
    akt_nng_packer p = {.limit = LIMIT};
    struct akt_nng_batch batch;
    akt_bytes out;
    size_t at = 0;

    (void)state;
    assert_ok(pack_number(&p, 1));
    assert_err(akt_nng_pack(&p, long_one), AKT_EFULL);
    akti_batch_clear(&p);
    assert_ok(akt_nng_pack(&p, long_one));
    assert_err(pack_number(&p, 1), AKT_EFULL);
    batch = batch_of(&p);
    assert_true(akt_nng_unpack(&batch, &at, &out));
    assert_int_equal(out.len, LONG_ONE);
    assert_memory_equal(out.ptr, bytes, LONG_ONE);
    assert_false(akt_nng_unpack(&batch, &at, &out));
    akt_nng_packer_fini(&p);
}

static void
test_empty_messages_are_messages(void **state)
{
    akt_nng_packer p = {.limit = LIMIT};
    struct akt_nng_batch batch;
    akt_bytes out = {"x", 1};
    size_t at = 0;

    (void)state;
    assert_ok(akt_nng_pack(&p, (akt_bytes){NULL, 0}));
    assert_ok(akt_nng_pack(&p, (akt_bytes){"", 0}));
    assert_int_equal(p.count, 2);
    batch = batch_of(&p);
    assert_true(akt_nng_unpack(&batch, &at, &out));
    assert_int_equal(out.len, 0);
    assert_true(akt_nng_unpack(&batch, &at, &out));
    assert_false(akt_nng_unpack(&batch, &at, &out));
    akt_nng_packer_fini(&p);
}

static void
test_one_that_is_all_zero_has_the_usual_limit(void **state)
{
    static const char bytes[AKT_NNG_BATCH / 2 - 10];
    const akt_bytes half = {bytes, sizeof(bytes)};
    akt_nng_packer p = {0};

    (void)state;
    assert_ok(akt_nng_pack(&p, half));
    assert_ok(akt_nng_pack(&p, half));
    assert_err(akt_nng_pack(&p, half), AKT_EFULL);
    assert_int_equal(p.limit, AKT_NNG_BATCH);
    akt_nng_packer_fini(&p);
}

/* The smallest limit there is: each is alone. */
static void
test_limit_of_one_byte_takes_one_message(void **state)
{
    akt_nng_packer p = {.limit = 1};

    (void)state;
    assert_ok(akt_nng_pack(&p, (akt_bytes){NULL, 0}));
    assert_err(akt_nng_pack(&p, (akt_bytes){NULL, 0}), AKT_EFULL);
    akt_nng_packer_fini(&p);
}

/* What no message may hold is not gathered, and no more memory taken than used. */
static void
test_limit_is_at_most_that_of_messages(void **state)
{
    akt_nng_packer p = {.limit = SIZE_MAX};
    static char bytes[HUGE_ONE];
    size_t i;

    (void)state;
    assert_err(akt_nng_pack(&p, (akt_bytes){bytes, AKT_MESSAGE_SIZE_MAX}),
               AKT_ESIZE);
    assert_err(akt_nng_pack(&p, (akt_bytes){bytes, SIZE_MAX}), AKT_ESIZE);
    assert_int_equal(p.count, 0);
    assert_ok(pack_number(&p, 1));
    assert_in_range(p.limit, AKT_MESSAGE_SIZE_MAX / 2, AKT_MESSAGE_SIZE_MAX);
    assert_in_range(p.size, 1, 2 * AKT_NNG_BATCH);
    for (i = 1; i < AKT_MESSAGE_SIZE_MAX / sizeof(bytes); i++) {
        assert_ok(akt_nng_pack(&p, (akt_bytes){bytes, sizeof(bytes)}));
    }
    assert_err(akt_nng_pack(&p, (akt_bytes){bytes, sizeof(bytes)}), AKT_EFULL);
    akt_nng_packer_fini(&p);
}

/* Packs as many numbers; false: one found no memory, and went in the second time. */
static bool
pack_numbers(akt_nng_packer *p, uint32_t many)
{
    bool all = true;
    uint32_t n;

    for (n = 1; n <= many; n++) {
        akt_err err = pack_number(p, n);

        if (err != AKT_OK) {
            assert_err(err, AKT_ENOMEM);
            assert_int_equal(p->count, n - 1);
            assert_ok(pack_number(p, n));
            all = false;
        }
    }
    return all;
}

/* Wherever there is none, nothing has happened, and it goes on when there is. */
static void
test_without_memory_nothing_has_happened(void **state)
{
    static const uint32_t enough = 4 * AKT_NNG_BATCH / (FOUR + 1);
    unsigned calls = 0;
    bool all = false;

    (void)state;
    while (!all) {
        akt_nng_packer p = {.limit = 8 * AKT_NNG_BATCH};

        fails_at = ++calls;
        all = pack_numbers(&p, enough);
        assert_numbers(&p, 1, enough);
        akt_nng_packer_fini(&p);
    }
    fails_at = 0;
    /* The first block, and what it had to grow. */
    assert_in_range(calls, 3, 8);
}

static void
test_fini_leaves_an_empty_one(void **state)
{
    akt_nng_packer p = {0};

    (void)state;
    akt_nng_packer_fini(&p);
    assert_ok(pack_number(&p, 1));
    akt_nng_packer_fini(&p);
    akt_nng_packer_fini(&p);
    assert_int_equal(p.count, 0);
    assert_ok(pack_number(&p, 2));
    assert_numbers(&p, 2, 2);
    akt_nng_packer_fini(&p);
}

/* A socket or a system is not needed: nothing is sent. */
static void
test_empty_one_is_not_sent(void **state)
{
    akt_nng_packer p = {0};

    (void)state;
    assert_ok(akt_nng_packer_send(NULL, &p, AKT_REF_NONE));
    assert_ok(akt_nng_packer_send_within(NULL, 1, &p, AKT_REF_NONE));
}

static void
test_typed_messages_are_packed_with_their_names(void **state)
{
    akt_nng_packer p = {.limit = 60};
    akt_error error = AKT_ERROR_NONE;
    struct akt_nng_batch batch;
    struct order o;
    akt_bytes bytes;
    size_t at = 0;

    (void)state;
    assert_ok(akt_nng_pack_message(&p, &error, order, .id = 7,
                                   .item = AKT_TEXT("tea")));
    assert_ok(akt_nng_pack_message(&p, NULL, order));
    assert_err(
        akt_nng_pack_message(&p, &error, order, .item = AKT_TEXT("\xff")),
        AKT_EINVAL);
    assert_non_null(strstr(error.text, "order.item"));
    assert_err(akt_nng_pack_message(
                   &p, &error, order,
                   .item = AKT_TEXT("more than there is room for in this one")),
               AKT_EFULL);
    assert_err(error.code, AKT_EFULL);
    batch = batch_of(&p);
    assert_int_equal(batch.count, 2);
    assert_true(akt_nng_unpack(&batch, &at, &bytes));
    assert_ok(akt_wire_decode_as(AKT_WIRE_NAMED, order, bytes, &o, &error));
    assert_int_equal(o.id, 7);
    assert_int_equal(o.item.len, 3);
    assert_true(akt_nng_unpack(&batch, &at, &bytes));
    assert_ok(akt_wire_decode_as(AKT_WIRE_NAMED, order, bytes, &o, &error));
    assert_int_equal(o.id, 0);
    akt_nng_packer_fini(&p);
}

/* Whatever it is given, it looks at nothing that is not there. */
static void
test_what_is_no_batch_is_read_as_far_as_it_goes(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        unsigned found;
    } inputs[] = {{"", 0, 0},
                  {"\x80", 1, 0},
                  {"\x41y", 2, 0},
                  {"\x82\x41y\x42n", 5, 1},
                  {"\x81\x81\x41y", 4, 0},
                  {"\x82\x41y", 3, 1},
                  {"\x9f\x41y\xff", 4, 1},
                  {"\x82\x5b\xff\xff\xff\xff\xff\xff\xff\xff", 10, 0}};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(inputs) / sizeof(inputs[0]); i++) {
        /* So that the address sanitizer sees the end. */
        char *copy = malloc(inputs[i].len + 1);
        struct akt_nng_batch batch = {.data = {copy + 1, inputs[i].len}};
        unsigned found = 0;
        akt_bytes bytes;
        size_t at = 0;

        assert_non_null(copy);
        memcpy(copy + 1, inputs[i].bytes, inputs[i].len);
        while (akt_nng_unpack(&batch, &at, &bytes)) {
            found++;
        }
        assert_int_equal(found, inputs[i].found);
        at = SIZE_MAX;
        assert_false(akt_nng_unpack(&batch, &at, &bytes));
        free(copy);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_batch_takes_what_fits_and_says_when_it_is_full),
        cmocka_unit_test(test_message_beyond_the_limit_is_alone),
        cmocka_unit_test(test_empty_messages_are_messages),
        cmocka_unit_test(test_one_that_is_all_zero_has_the_usual_limit),
        cmocka_unit_test(test_limit_of_one_byte_takes_one_message),
        cmocka_unit_test(test_limit_is_at_most_that_of_messages),
        cmocka_unit_test(test_without_memory_nothing_has_happened),
        cmocka_unit_test(test_fini_leaves_an_empty_one),
        cmocka_unit_test(test_empty_one_is_not_sent),
        cmocka_unit_test(test_typed_messages_are_packed_with_their_names),
        cmocka_unit_test(test_what_is_no_batch_is_read_as_far_as_it_goes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
