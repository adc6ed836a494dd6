/* SPDX-License-Identifier: MIT */
/*
 * Messages as text, and descriptors of two files compared: format_other.c
 * declares types of the same names.
 */
#include "akt/message.h"
#include "tests/unit/format_types.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#define SIGNED(F) F(i8, a) F(i16, b) F(i32, c) F(i64, d)
AKT_MESSAGE(signed_ones, SIGNED);

#define UNSIGNED(F) F(u8, a) F(u16, b) F(u32, c) F(u64, d)
AKT_MESSAGE(unsigned_ones, UNSIGNED);

#define FLAGS(F) F(bool, yes) F(bool, no)
AKT_MESSAGE(flags, FLAGS);

#define REAL(F) F(f64, x)
AKT_MESSAGE(real, REAL);

#define NOTE(F) F(text, text)
AKT_MESSAGE(note, NOTE);

#define BLOB(F) F(bytes, data)
AKT_MESSAGE(blob, BLOB);

#define LINK(F) F(ref, to)
AKT_MESSAGE(link_to, LINK);

#define PATH(F) F(message, place, from) F(message_array, place, via, 2)
AKT_MESSAGE(path, PATH);

#define ROW(F) F(array, i16, cells, 3)
AKT_MESSAGE(row, ROW);

AKT_SIGNAL(tick);

struct opaque {
    int x;
};
AKT_LOCAL_MESSAGE(opaque);

/* Differ from those of format_other.c; see there. */
#define OTHER_KIND(F) F(i64, n)
AKT_MESSAGE(other_kind, OTHER_KIND);
#define OTHER_NAME(F) F(i64, n)
AKT_MESSAGE(other_name, OTHER_NAME);
#define OTHER_COUNT(F) F(i32, a) F(i32, b)
AKT_MESSAGE(other_count, OTHER_COUNT);
#define OTHER_SHAPE(F) F(array, i32, a, 2)
AKT_MESSAGE(other_shape, OTHER_SHAPE);
#define INNER(F) F(i32, x)
AKT_MESSAGE(inner, INNER);
#define OTHER_NESTED(F) F(message, inner, it)
AKT_MESSAGE(other_nested, OTHER_NESTED);
#define OTHER_REPLY(F) F(i64, n)
AKT_REQUEST(other_reply, OTHER_REPLY, place);
#define OTHER_ORDER(F) F(i32, a) F(i32, b)
AKT_MESSAGE(other_order, OTHER_ORDER);

static char buffer[1024];

static void
assert_prints(const akt_type *type, const void *payload, const char *expected)
{
    size_t n = akt_message_format(type, payload, buffer, sizeof(buffer));

    assert_string_equal(buffer, expected);
    assert_int_equal(n, strlen(expected));
}

/* --- the printer --- */

static void
test_format_of_signed_fields_prints_the_extremes(void **state)
{
    struct signed_ones m = {INT8_MIN, INT16_MIN, INT32_MIN, INT64_MIN};

    (void)state;
    assert_prints(&signed_ones_type, &m,
                  "signed_ones{a=-128, b=-32768, c=-2147483648, "
                  "d=-9223372036854775808}");
}

static void
test_format_of_unsigned_fields_prints_the_extremes(void **state)
{
    struct unsigned_ones m = {UINT8_MAX, UINT16_MAX, UINT32_MAX, UINT64_MAX};

    (void)state;
    assert_prints(&unsigned_ones_type, &m,
                  "unsigned_ones{a=255, b=65535, c=4294967295, "
                  "d=18446744073709551615}");
}

static void
test_format_of_bool_says_true_and_false(void **state)
{
    struct flags m = {true, false};

    (void)state;
    assert_prints(&flags_type, &m, "flags{yes=true, no=false}");
}

static void
test_format_of_double_can_be_read_back(void **state)
{
    static const double values[] = {0.0, -1.5, 0.1, 1e300, 5e-324};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        struct real m = {values[i]};

        (void)akt_message_format(&real_type, &m, buffer, sizeof(buffer));
        assert_true(strtod(strchr(buffer, '=') + 1, NULL) == values[i]);
    }
}

static void
test_format_of_text_quotes_it(void **state)
{
    struct note m = {AKT_TEXT("hello you")};

    (void)state;
    assert_prints(&note_type, &m, "note{text=\"hello you\"}");
}

static void
test_format_of_text_escapes_quotes_and_backslashes(void **state)
{
    struct note m = {AKT_TEXT("a\"b\\c")};

    (void)state;
    assert_prints(&note_type, &m, "note{text=\"a\\\"b\\\\c\"}");
}

static void
test_format_of_text_escapes_control_characters(void **state)
{
    struct note m = {AKT_TEXT("\n\0\x1f\x7f")};

    (void)state;
    assert_prints(&note_type, &m, "note{text=\"\\x0a\\x00\\x1f\\x7f\"}");
}

static void
test_format_of_text_passes_utf8_through(void **state)
{
    struct note m = {AKT_TEXT("\xc3\xa4")};

    (void)state;
    assert_prints(&note_type, &m, "note{text=\"\xc3\xa4\"}");
}

static void
test_format_of_text_without_nul_stops_at_its_length(void **state)
{
    struct note m = {{"abcdef", 3}};

    (void)state;
    assert_prints(&note_type, &m, "note{text=\"abc\"}");
}

static void
test_format_of_empty_text_and_bytes_prints_none(void **state)
{
    struct note n = {{NULL, 0}};
    struct blob b = {{NULL, 0}};

    (void)state;
    assert_prints(&note_type, &n, "note{text=\"\"}");
    assert_prints(&blob_type, &b, "blob{data=h''}");
}

static void
test_format_of_bytes_is_hexadecimal(void **state)
{
    struct blob m = {{"\x00\xff\x0a", 3}};

    (void)state;
    assert_prints(&blob_type, &m, "blob{data=h'00ff0a'}");
}

static void
test_format_of_ref_is_as_everywhere(void **state)
{
    struct link_to m = {{17, 3, 1, 0}};

    (void)state;
    assert_prints(&link_to_type, &m, "link_to{to=<1.17.3>}");
}

static void
test_format_of_nested_messages_prints_them(void **state)
{
    struct path m = {.from = {1, 2}, .via = {{3, 4}, {5, 6}}};

    (void)state;
    assert_prints(&path_type, &m,
                  "path{from=place{x=1, y=2}, "
                  "via=[place{x=3, y=4}, place{x=5, y=6}]}");
}

static void
test_format_of_array_is_a_list(void **state)
{
    struct row m = {{1, -2, 3}};

    (void)state;
    assert_prints(&row_type, &m, "row{cells=[1, -2, 3]}");
}

static void
test_format_of_signal_is_its_name(void **state)
{
    struct tick m = {0};

    (void)state;
    assert_prints(&tick_type, &m, "tick{}");
}

static void
test_format_of_local_message_hides_its_content(void **state)
{
    struct opaque m = {5};

    (void)state;
    assert_prints(&opaque_type, &m, "opaque{...}");
}

/* --- truncation --- */

static void
test_format_into_any_size_cuts_as_snprintf(void **state)
{
    struct path m = {.from = {1, 2}, .via = {{3, 4}, {5, 6}}};
    char whole[256];
    size_t length = akt_message_format(&path_type, &m, whole, sizeof(whole));
    size_t size;

    (void)state;
    for (size = 0; size <= length + 2; size++) {
        char expected[256];
        char cut[256];

        memset(cut, '#', sizeof(cut));
        memset(expected, '#', sizeof(expected));
        (void)snprintf(expected, size, "%s", whole);
        assert_int_equal(akt_message_format(&path_type, &m, cut, size), length);
        assert_memory_equal(cut, expected, sizeof(cut));
    }
}

static void
test_format_without_buffer_tells_the_length(void **state)
{
    struct row m = {{1, -2, 3}};

    (void)state;
    assert_int_equal(akt_message_format(&row_type, &m, NULL, 0), 21);
}

/* --- equality --- */

static void
test_type_equal_with_itself_is_true(void **state)
{
    (void)state;
    assert_true(akt_type_equal(&place_type, &place_type));
    assert_true(akt_type_equal(&tick_type, &tick_type));
}

static void
test_type_equal_with_null_is_false(void **state)
{
    (void)state;
    assert_false(akt_type_equal(&place_type, NULL));
    assert_false(akt_type_equal(NULL, &place_type));
    assert_false(akt_type_equal(NULL, NULL));
}

static void
test_type_equal_of_one_declaration_in_two_files_is_true(void **state)
{
    (void)state;
    assert_ptr_not_equal(other_type("place"), &place_type);
    assert_true(akt_type_equal(other_type("place"), &place_type));
    assert_true(akt_type_equal(&place_type, other_type("place")));
}

static void
test_type_equal_of_request_in_two_files_is_true(void **state)
{
    (void)state;
    assert_ptr_not_equal(other_type("where"), &where_type);
    assert_true(akt_type_equal(other_type("where"), &where_type));
}

static void
test_type_equal_of_signal_in_two_files_is_true(void **state)
{
    (void)state;
    assert_ptr_not_equal(other_type("ping"), &ping_type);
    assert_true(akt_type_equal(other_type("ping"), &ping_type));
}

static void
assert_differ(const akt_type *here)
{
    const akt_type *there = other_type(here->name);

    assert_non_null(there);
    assert_false(akt_type_equal(here, there));
    assert_false(akt_type_equal(there, here));
}

static void
test_type_equal_with_other_field_kind_is_false(void **state)
{
    (void)state;
    assert_differ(&other_kind_type);
}

static void
test_type_equal_with_other_field_name_is_false(void **state)
{
    (void)state;
    assert_differ(&other_name_type);
}

static void
test_type_equal_with_other_field_count_is_false(void **state)
{
    (void)state;
    assert_differ(&other_count_type);
}

static void
test_type_equal_with_array_for_fields_is_false(void **state)
{
    (void)state;
    assert_differ(&other_shape_type);
}

static void
test_type_equal_with_other_nested_message_is_false(void **state)
{
    (void)state;
    assert_differ(&other_nested_type);
}

static void
test_type_equal_with_other_field_order_is_false(void **state)
{
    (void)state;
    assert_differ(&other_order_type);
}

/* Else the reply of one would be read as that of the other. */
static void
test_type_equal_with_other_reply_is_false(void **state)
{
    (void)state;
    assert_differ(&other_reply_type);
}

static void
test_type_equal_of_two_names_is_false(void **state)
{
    (void)state;
    assert_false(akt_type_equal(&other_kind_type, &other_name_type));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_format_of_signed_fields_prints_the_extremes),
        cmocka_unit_test(test_format_of_unsigned_fields_prints_the_extremes),
        cmocka_unit_test(test_format_of_bool_says_true_and_false),
        cmocka_unit_test(test_format_of_double_can_be_read_back),
        cmocka_unit_test(test_format_of_text_quotes_it),
        cmocka_unit_test(test_format_of_text_escapes_quotes_and_backslashes),
        cmocka_unit_test(test_format_of_text_escapes_control_characters),
        cmocka_unit_test(test_format_of_text_passes_utf8_through),
        cmocka_unit_test(test_format_of_text_without_nul_stops_at_its_length),
        cmocka_unit_test(test_format_of_empty_text_and_bytes_prints_none),
        cmocka_unit_test(test_format_of_bytes_is_hexadecimal),
        cmocka_unit_test(test_format_of_ref_is_as_everywhere),
        cmocka_unit_test(test_format_of_nested_messages_prints_them),
        cmocka_unit_test(test_format_of_array_is_a_list),
        cmocka_unit_test(test_format_of_signal_is_its_name),
        cmocka_unit_test(test_format_of_local_message_hides_its_content),
        cmocka_unit_test(test_format_into_any_size_cuts_as_snprintf),
        cmocka_unit_test(test_format_without_buffer_tells_the_length),
        cmocka_unit_test(test_type_equal_with_itself_is_true),
        cmocka_unit_test(test_type_equal_with_null_is_false),
        cmocka_unit_test(
            test_type_equal_of_one_declaration_in_two_files_is_true),
        cmocka_unit_test(test_type_equal_of_request_in_two_files_is_true),
        cmocka_unit_test(test_type_equal_of_signal_in_two_files_is_true),
        cmocka_unit_test(test_type_equal_with_other_field_kind_is_false),
        cmocka_unit_test(test_type_equal_with_other_field_name_is_false),
        cmocka_unit_test(test_type_equal_with_other_field_count_is_false),
        cmocka_unit_test(test_type_equal_with_array_for_fields_is_false),
        cmocka_unit_test(test_type_equal_with_other_nested_message_is_false),
        cmocka_unit_test(test_type_equal_with_other_field_order_is_false),
        cmocka_unit_test(test_type_equal_with_other_reply_is_false),
        cmocka_unit_test(test_type_equal_of_two_names_is_false),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
