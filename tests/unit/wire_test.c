/* SPDX-License-Identifier: MIT */
/*
 * Messages on the wire, where the tables of WIRE.md do not reach: all floats of
 * two bytes, all characters, cut inputs, depths, lengths, errors of the sender,
 * memory that runs out.
 */
#include "actors/net/utf8.h"
#include "tests/support/wire.h"
#include "tests/unit/unit.h"

#include <math.h>
#include <string.h>

/* Nine levels, of which eight are taken. */
#define L9(F) F(u8, x)
AKT_MESSAGE(level9, L9);
#define L8(F) F(u8, x) F(message, level9, next)
AKT_MESSAGE(level8, L8);
#define L7(F) F(message, level8, next)
AKT_MESSAGE(level7, L7);
#define L6(F) F(message, level7, next)
AKT_MESSAGE(level6, L6);
#define L5(F) F(message, level6, next)
AKT_MESSAGE(level5, L5);
#define L4(F) F(message, level5, next)
AKT_MESSAGE(level4, L4);
#define L3(F) F(message, level4, next)
AKT_MESSAGE(level3, L3);
#define L2(F) F(message, level3, next)
AKT_MESSAGE(level2, L2);
#define L1(F) F(message, level2, next)
AKT_MESSAGE(level1, L1);

struct opaque {
    int x;
};
AKT_LOCAL_MESSAGE(opaque);

#define BAG(F) F(array, ref, to, 2) F(array, text, texts, 2) F(bytes, data)
AKT_MESSAGE(bag, BAG);

AKT_WIRE_TYPES(taken, order, tick, drawing);

static unsigned char buffer[1 << 12];
static akt_error error;

static size_t
encoded(akt_wire_form form, const akt_type *type, const void *message)
{
    size_t length = 0;

    assert_int_equal(wire_encode(form, type, message,
                                 (akt_bytes){buffer, sizeof(buffer)}, &length),
                     AKT_OK);
    return length;
}

#define assert_refused(call, sentence)                                         \
    do {                                                                       \
        akt_err refused;                                                       \
                                                                               \
        error = AKT_ERROR_NONE;                                                \
        refused = (call);                                                      \
        assert_int_not_equal(refused, AKT_OK);                                 \
        assert_int_equal(refused, error.code);                                 \
        assert_string_equal(error.text, (sentence));                           \
    } while (0)

/* --- numbers and characters --- */

static double
value_of_half(unsigned bits)
{
    int exponent = (int)(bits >> 10 & 31);
    double fraction = bits & 1023;
    double value = exponent == 0    ? ldexp(fraction, -24)
                   : exponent != 31 ? ldexp(fraction + 1024, exponent - 25)
                   : fraction == 0  ? (double)INFINITY
                                    : (double)NAN;

    return (bits & 0x8000) != 0 ? -value : value;
}

/* Against arithmetic of our own. */
static void
test_encode_of_each_half_takes_its_two_bytes(void **state)
{
    unsigned bits;

    (void)state;
    for (bits = 1; bits < 0x10000; bits++) {
        struct order o = {.price = value_of_half(bits)};
        unsigned expected = isnan(o.price) ? 0x7e00 : bits;

        assert_int_equal(encoded(AKT_WIRE_BARE, &order_type, &o), 5);
        assert_int_equal(buffer[2], 0xf9);
        assert_int_equal(buffer[3] << 8 | buffer[4], expected);
    }
}

static void
test_decode_of_each_half_has_its_value(void **state)
{
    unsigned bits;

    (void)state;
    for (bits = 0; bits < 0x10000; bits++) {
        unsigned char bytes[] = {0xa1, 3, 0xf9, (unsigned char)(bits >> 8),
                                 (unsigned char)bits};
        double expected = value_of_half(bits);
        struct order o;

        assert_int_equal(akt_wire_decode_as(AKT_WIRE_BARE, order,
                                            ((akt_bytes){bytes, 5}), &o, NULL),
                         AKT_OK);
        if (isnan(expected) ? !isnan(o.price)
                            : o.price != expected
                                  || !signbit(o.price) != !signbit(expected)) {
            fail_msg("%04x is %.17g", bits, o.price);
        }
    }
}

static void
test_utf8_of_each_code_point_is_valid_unless_a_surrogate(void **state)
{
    uint32_t c;

    (void)state;
    for (c = 0; c < 0x120000; c++) {
        unsigned char text[4];
        size_t n = wire_utf8(c, text);
        bool wanted = c < 0x110000 && (c < 0xd800 || c > 0xdfff);

        if (akti_utf8_is_valid(text, n) != wanted
            || (n > 1 && akti_utf8_is_valid(text, n - 1))) {
            fail_msg("U+%04X", (unsigned)c);
        }
    }
}

/* Of all sequences of three bytes as many are valid as there are texts. */
static void
test_utf8_of_three_bytes_has_no_other_form(void **state)
{
    uint32_t count = 0;
    uint32_t i;

    (void)state;
    for (i = 0; i < 0x1000000; i++) {
        unsigned char text[] = {(unsigned char)(i >> 16),
                                (unsigned char)(i >> 8), (unsigned char)i};

        count += akti_utf8_is_valid(text, 3);
    }
    /* 1+1+1, 1+2, 2+1, 3 */
    assert_int_equal(count, 128 * 128 * 128 + 2 * 128 * 1920 + 63488 - 2048);
}

/* The mistake stands in each place of a text longer than what is read at once. */
static void
test_utf8_is_looked_at_to_its_end(void **state)
{
    char text[40];
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(text); i++) {
        memset(text, 'a', sizeof(text));
        text[i] = (char)0xff;
        assert_true(akti_utf8_is_valid(text, i));
        assert_false(akti_utf8_is_valid(text, sizeof(text)));
    }
}

/* --- lengths --- */

static void
test_decode_of_cut_input_is_refused_at_each_byte(void **state)
{
    struct drawing d = {.origin = {1, -1},
                        .line = {{1, 2}, {3, 4}},
                        .widths = {1, 300, 3},
                        .data = {"\0\1\2", 3},
                        .closed = true};
    size_t length = encoded(AKT_WIRE_NAMED, &drawing_type, &d);
    size_t i;

    (void)state;
    for (i = 0; i < length; i++) {
        unsigned char *exact = malloc(i + 1);
        struct drawing out;

        assert_non_null(exact);
        memcpy(exact, buffer, i);
        assert_int_equal(akt_wire_decode_as(AKT_WIRE_NAMED, drawing,
                                            ((akt_bytes){exact, i}), &out,
                                            NULL),
                         AKT_EFORMAT);
        free(exact);
    }
}

static void
test_decode_of_nothing_is_refused(void **state)
{
    struct order o;

    (void)state;
    assert_refused(akt_wire_decode_as(AKT_WIRE_BARE, order,
                                      ((akt_bytes){NULL, 0}), &o, &error),
                   "order at byte 0: the input ends in this item");
}

/* A count that is believed would be told to be too long, not the input short. */
static void
test_decode_of_a_count_beyond_the_input_is_refused_at_its_head(void **state)
{
    static const unsigned char bytes[] = {0xa1, 3, 0x9b, 0, 0, 0,
                                          1,    0, 0,    0, 0, 1};
    struct drawing d;

    (void)state;
    assert_refused(akt_wire_decode_as(AKT_WIRE_BARE, drawing,
                                      ((akt_bytes){bytes, sizeof(bytes)}), &d,
                                      &error),
                   "drawing.widths at byte 2: the input ends in this item");
}

static void
test_encode_into_each_size_writes_nothing_beyond(void **state)
{
    struct order o = {.id = 1000, .price = 0.1, .item = AKT_TEXT("water")};
    size_t length = encoded(AKT_WIRE_NAMED, &order_type, &o);
    size_t i;

    (void)state;
    for (i = 0; i <= length + 1; i++) {
        unsigned char *exact = malloc(i + 1);
        size_t used = 12345;
        akt_err err;

        assert_non_null(exact);
        exact[i] = 0x55;
        err = wire_encode(AKT_WIRE_NAMED, &order_type, &o,
                          (akt_bytes){exact, i}, &used);
        assert_int_equal(err, i < length ? AKT_ESIZE : AKT_OK);
        assert_int_equal(used, i < length ? 12345 : length);
        assert_int_equal(exact[i], 0x55);
        assert_true(i < length || memcmp(exact, buffer, length) == 0);
        free(exact);
    }
}

static void
test_length_is_that_of_the_encoding(void **state)
{
    struct order o = {.id = 1000, .item = AKT_TEXT("water")};
    size_t length = 0;

    (void)state;
    assert_int_equal(
        akt_wire_length(AKT_WIRE_NAMED, &order_type, &o, &length, NULL),
        AKT_OK);
    assert_int_equal(length, encoded(AKT_WIRE_NAMED, &order_type, &o));
}

/* --- depth --- */

static void
test_eight_levels_are_written_and_taken(void **state)
{
    struct level1 one = {.next.next.next.next.next.next.next.x = 5};
    struct level1 out;
    size_t length = encoded(AKT_WIRE_BARE, &level1_type, &one);

    (void)state;
    assert_int_equal(akt_wire_decode_as(AKT_WIRE_BARE, level1,
                                        ((akt_bytes){buffer, length}), &out,
                                        NULL),
                     AKT_OK);
    assert_int_equal(out.next.next.next.next.next.next.next.x, 5);
}

static void
test_nine_levels_are_not_written(void **state)
{
    struct level1 one = {.next.next.next.next.next.next.next.next.x = 5};
    akt_wire_buffer room = {.ptr = buffer, .size = sizeof(buffer)};

    (void)state;
    assert_refused(
        akt_wire_encode_as(AKT_WIRE_BARE, level1, &one, &room, &error),
        "level1.next.next.next.next.next.next.next.next: nested too deep");
}

static void
test_nine_levels_are_not_taken(void **state)
{
    static const unsigned char bytes[] = {0xa1, 1, 0xa1, 1, 0xa1, 1, 0xa1, 1,
                                          0xa1, 1, 0xa1, 1, 0xa1, 1, 0xa1, 2,
                                          0xa1, 1, 5};
    struct level1 out;

    (void)state;
    assert_refused(
        akt_wire_decode_as(AKT_WIRE_BARE, level1,
                           ((akt_bytes){bytes, sizeof(bytes)}), &out, &error),
        "level1.next.next.next.next.next.next.next.next at byte 16: nested "
        "deeper than 8 levels");
}

/* --- what cannot leave, and what is not as it should be --- */

static void
test_local_message_does_not_leave_nor_come(void **state)
{
    struct opaque o = {5};
    akt_wire_buffer room = {.ptr = buffer, .size = sizeof(buffer)};

    (void)state;
    assert_refused(akt_wire_encode_as(AKT_WIRE_BARE, opaque, &o, &room, &error),
                   "opaque: it has no field list, so it cannot leave the "
                   "process");
    assert_refused(akt_wire_decode_as(AKT_WIRE_BARE, opaque,
                                      ((akt_bytes){"\xa0", 1}), &o, &error),
                   "opaque has no field list, so it cannot leave the process");
    assert_int_equal(error.code, AKT_ETYPE);
}

static void
test_reference_does_not_leave(void **state)
{
    struct bag b = {.to = {AKT_REF_NONE, {1, 2, 3, 0}}};
    size_t length;

    (void)state;
    assert_refused(
        akt_wire_length(AKT_WIRE_BARE, &bag_type, &b, &length, &error),
        "bag.to[0]: a reference to an actor cannot leave the "
        "process");
    b.to[1] = AKT_REF_NONE;
    assert_int_equal(encoded(AKT_WIRE_BARE, &bag_type, &b), 1);
}

static void
test_text_that_is_not_utf8_does_not_leave(void **state)
{
    struct bag b = {.texts = {{NULL, 0}, {"\xed\xa0\x80", 3}}};
    size_t length;

    (void)state;
    assert_refused(
        akt_wire_length(AKT_WIRE_BARE, &bag_type, &b, &length, &error),
        "bag.texts[1]: a text that is not UTF-8");
    assert_int_equal(error.code, AKT_EINVAL);
}

/* The bytes are not looked at: there are none. */
static void
test_more_than_a_message_may_be_does_not_leave(void **state)
{
    struct bag b = {.data = {buffer, AKT_MESSAGE_SIZE_MAX}};
    size_t length;

    (void)state;
    assert_refused(
        akt_wire_length(AKT_WIRE_BARE, &bag_type, &b, &length, &error),
        "bag.data: larger than a message may be");
    assert_int_equal(error.code, AKT_ESIZE);
    b.data.len = SIZE_MAX;
    assert_int_equal(
        akt_wire_length(AKT_WIRE_BARE, &bag_type, &b, &length, NULL),
        AKT_ESIZE);
}

static void
test_signal_needs_no_struct(void **state)
{
    size_t length = 0;

    (void)state;
    assert_int_equal(wire_encode(AKT_WIRE_NAMED, &tick_type, NULL,
                                 (akt_bytes){buffer, sizeof(buffer)}, &length),
                     AKT_OK);
    assert_int_equal(akt_wire_decode(AKT_WIRE_NAMED, &tick_type,
                                     (akt_bytes){buffer, length}, NULL, NULL),
                     AKT_OK);
}

static void
test_decode_points_into_the_input(void **state)
{
    struct order o = {.item = AKT_TEXT("tea")};
    size_t length = encoded(AKT_WIRE_BARE, &order_type, &o);
    struct order out;

    (void)state;
    assert_int_equal(akt_wire_decode_as(AKT_WIRE_BARE, order,
                                        ((akt_bytes){buffer, length}), &out,
                                        NULL),
                     AKT_OK);
    assert_ptr_equal(out.item.ptr, buffer + length - 3);
}

/* --- names --- */

static void
test_type_of_finds_each_of_the_set(void **state)
{
    const akt_type *const *t;

    (void)state;
    for (t = taken; *t != NULL; t++) {
        static const struct wire_space zero;
        const akt_type *type = NULL;
        size_t length = encoded(AKT_WIRE_NAMED, *t, &zero);

        assert_int_equal(
            akt_wire_type_of(taken, (akt_bytes){buffer, length}, &type, NULL),
            AKT_OK);
        assert_ptr_equal(type, *t);
    }
}

static void
test_type_of_another_is_refused_by_its_name(void **state)
{
    struct point p = {1, 2};
    const akt_type *type = NULL;
    size_t length = encoded(AKT_WIRE_NAMED, &point_type, &p);

    (void)state;
    assert_refused(
        akt_wire_type_of(taken, (akt_bytes){buffer, length}, &type, &error),
        "no message that is taken here is called \"point\"");
    assert_int_equal(error.code, AKT_ETYPE);
    assert_null(type);
}

/* What a stranger sends goes into logs. */
static void
test_type_of_a_name_that_is_not_printable_is_told_without_harm(void **state)
{
    static const char input[] = "\x82\x68y\x1b[2J\n\x00\xe4\xa0";
    const akt_type *type = NULL;

    (void)state;
    assert_refused(akt_wire_type_of(taken,
                                    (akt_bytes){input, sizeof(input) - 1},
                                    &type, &error),
                   "no message that is taken here is called \"y?[2J???\"");
}

static void
test_type_of_a_bare_message_is_refused(void **state)
{
    const akt_type *type = NULL;

    (void)state;
    assert_refused(
        akt_wire_type_of(taken, (akt_bytes){"\xa0", 1}, &type, &error),
        "message at byte 0: a map where an array of two, a name and a "
        "message, is expected");
}

/* --- memory --- */

static void
test_encode_alloc_without_memory_says_so(void **state)
{
    struct unit_memory memory;
    struct order o = {.id = 7};
    akt_wire_buffer b = {.allocator = &memory.memory.hook};

    (void)state;
    unit_memory_init(&memory);
    unit_memory_limit(&memory, 0);
    assert_refused(
        akt_wire_encode_alloc(AKT_WIRE_BARE, &order_type, &o, &b, &error),
        "order: no memory for 3 bytes");
    assert_int_equal(error.code, AKT_ENOMEM);
    assert_null(b.ptr);
    assert_int_equal(b.size, 0);
    assert_nothing_leaked(&memory);
}

static void
test_encode_alloc_gives_the_encoding(void **state)
{
    struct unit_memory memory;
    struct order o = {.id = 7, .item = AKT_TEXT("as long as it is")};
    size_t length = encoded(AKT_WIRE_NAMED, &order_type, &o);
    akt_wire_buffer b = {.allocator = &memory.memory.hook};

    (void)state;
    unit_memory_init(&memory);
    assert_int_equal(
        akt_wire_encode_alloc(AKT_WIRE_NAMED, &order_type, &o, &b, NULL),
        AKT_OK);
    assert_int_equal(b.length, length);
    assert_memory_equal(b.ptr, buffer, length);
    assert_int_equal(atomic_load(&memory.live), 1);
    akt_wire_free(&b);
    assert_null(b.ptr);
    akt_wire_free(&b);
    assert_nothing_leaked(&memory);
}

static void
test_encode_alloc_without_a_hook_needs_none(void **state)
{
    struct order o = {.id = 7};
    akt_wire_buffer b = {.allocator = NULL};

    (void)state;
    assert_int_equal(
        akt_wire_encode_alloc(AKT_WIRE_NAMED, &order_type, &o, &b, NULL),
        AKT_OK);
    assert_int_equal(b.length, encoded(AKT_WIRE_NAMED, &order_type, &o));
    akt_wire_free(&b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_encode_of_each_half_takes_its_two_bytes),
        cmocka_unit_test(test_decode_of_each_half_has_its_value),
        cmocka_unit_test(
            test_utf8_of_each_code_point_is_valid_unless_a_surrogate),
        cmocka_unit_test(test_utf8_of_three_bytes_has_no_other_form),
        cmocka_unit_test(test_utf8_is_looked_at_to_its_end),
        cmocka_unit_test(test_decode_of_cut_input_is_refused_at_each_byte),
        cmocka_unit_test(test_decode_of_nothing_is_refused),
        cmocka_unit_test(
            test_decode_of_a_count_beyond_the_input_is_refused_at_its_head),
        cmocka_unit_test(test_encode_into_each_size_writes_nothing_beyond),
        cmocka_unit_test(test_length_is_that_of_the_encoding),
        cmocka_unit_test(test_eight_levels_are_written_and_taken),
        cmocka_unit_test(test_nine_levels_are_not_written),
        cmocka_unit_test(test_nine_levels_are_not_taken),
        cmocka_unit_test(test_local_message_does_not_leave_nor_come),
        cmocka_unit_test(test_reference_does_not_leave),
        cmocka_unit_test(test_text_that_is_not_utf8_does_not_leave),
        cmocka_unit_test(test_more_than_a_message_may_be_does_not_leave),
        cmocka_unit_test(test_signal_needs_no_struct),
        cmocka_unit_test(test_decode_points_into_the_input),
        cmocka_unit_test(test_type_of_finds_each_of_the_set),
        cmocka_unit_test(test_type_of_another_is_refused_by_its_name),
        cmocka_unit_test(
            test_type_of_a_name_that_is_not_printable_is_told_without_harm),
        cmocka_unit_test(test_type_of_a_bare_message_is_refused),
        cmocka_unit_test(test_encode_alloc_without_memory_says_so),
        cmocka_unit_test(test_encode_alloc_gives_the_encoding),
        cmocka_unit_test(test_encode_alloc_without_a_hook_needs_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
