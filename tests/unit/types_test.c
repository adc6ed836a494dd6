/* SPDX-License-Identifier: MIT */
/* Texts and references as values: compare, hash, print, copy; durations. */
#include "akt/types.h"
#include "tests/unit/unit.h"

#include <string.h>

static const akt_ref sample = {17, 3, 1, 0};

static void
test_text_of_null_is_empty(void **state)
{
    akt_text text = akt_text_of(NULL);

    (void)state;
    assert_int_equal(text.len, 0);
}

static void
test_text_of_string_borrows_it(void **state)
{
    const char *string = "hello";
    akt_text text = akt_text_of(string);

    (void)state;
    assert_ptr_equal(text.ptr, string);
    assert_int_equal(text.len, 5);
}

static void
test_text_literal_is_measured_without_its_nul(void **state)
{
    akt_text text = AKT_TEXT("a\0b");

    (void)state;
    assert_int_equal(text.len, 3);
    assert_memory_equal(text.ptr, "a\0b", 3);
}

static void
test_bytes_literal_is_measured_without_its_nul(void **state)
{
    akt_bytes bytes = AKT_BYTES("\0\xff");

    (void)state;
    assert_int_equal(bytes.len, 2);
    assert_memory_equal(bytes.ptr, "\0\xff", 2);
}

static void
test_text_equal_with_same_bytes_is_true(void **state)
{
    char copy[] = "same";

    (void)state;
    assert_true(akt_text_equal(AKT_TEXT("same"), akt_text_of(copy)));
}

static void
test_text_equal_with_other_bytes_is_false(void **state)
{
    (void)state;
    assert_false(akt_text_equal(AKT_TEXT("same"), AKT_TEXT("sane")));
}

static void
test_text_equal_with_prefix_is_false(void **state)
{
    (void)state;
    assert_false(akt_text_equal(AKT_TEXT("same"), AKT_TEXT("sam")));
    assert_false(akt_text_equal(AKT_TEXT("sam"), AKT_TEXT("same")));
}

static void
test_text_equal_after_inner_nul_looks_on(void **state)
{
    (void)state;
    assert_false(akt_text_equal(AKT_TEXT("a\0b"), AKT_TEXT("a\0c")));
}

static void
test_text_equal_with_empty_ones_ignores_pointers(void **state)
{
    akt_text null = {NULL, 0};

    (void)state;
    assert_true(akt_text_equal(null, AKT_TEXT("")));
    assert_true(akt_text_equal(null, null));
}

static void
test_ref_equal_with_itself_is_true(void **state)
{
    (void)state;
    assert_true(akt_ref_equal(sample, sample));
}

static void
test_ref_equal_with_one_part_changed_is_false(void **state)
{
    akt_ref slot = sample;
    akt_ref generation = sample;
    akt_ref system = sample;
    akt_ref node = sample;

    (void)state;
    slot.slot++;
    generation.generation++;
    system.system++;
    node.node++;
    assert_false(akt_ref_equal(sample, slot));
    assert_false(akt_ref_equal(sample, generation));
    assert_false(akt_ref_equal(sample, system));
    assert_false(akt_ref_equal(sample, node));
}

static void
test_ref_is_none_with_zero_ref_is_true(void **state)
{
    akt_ref zero;

    (void)state;
    memset(&zero, 0, sizeof(zero));
    assert_true(akt_ref_is_none(zero));
    assert_true(akt_ref_is_none(AKT_REF_NONE));
    assert_true(akt_ref_equal(zero, AKT_REF_NONE));
}

static void
test_ref_is_none_with_first_slot_is_false(void **state)
{
    akt_ref first = {0, 1, 0, 0};

    (void)state;
    assert_false(akt_ref_is_none(first));
}

static void
test_ref_store_and_load_gives_an_equal_one(void **state)
{
    struct {
        char odd;
        unsigned char bytes[sizeof(akt_ref)];
    } stored;
    akt_ref loaded;

    (void)state;
    memcpy(stored.bytes, &sample, sizeof(sample));
    memcpy(&loaded, stored.bytes, sizeof(loaded));
    assert_true(akt_ref_equal(sample, loaded));
    assert_true(akt_ref_hash(sample) == akt_ref_hash(loaded));
}

static void
test_ref_hash_with_one_part_changed_differs(void **state)
{
    akt_ref other[4] = {sample, sample, sample, sample};
    size_t i;

    (void)state;
    other[0].slot++;
    other[1].generation++;
    other[2].system++;
    other[3].node++;
    for (i = 0; i < 4; i++) {
        assert_true(akt_ref_hash(sample) != akt_ref_hash(other[i]));
    }
}

static void
test_ref_hash_is_the_same_in_every_run(void **state)
{
    (void)state;
    assert_true(akt_ref_hash(sample) == UINT64_C(0x96735a004607fa4e));
}

/* 4096 neighbours into 4096 buckets by the low bits: as balls into bins. */
static void
test_ref_hash_of_neighbours_spreads_over_buckets(void **state)
{
    static unsigned char bucket[4096];
    unsigned used = 0;
    uint32_t i;

    (void)state;
    for (i = 0; i < 4096; i++) {
        akt_ref ref = {i, 1, 1, 0};
        unsigned place = (unsigned)(akt_ref_hash(ref) & 4095);

        used += bucket[place] == 0;
        bucket[place] = 1;
    }
    assert_in_range(used, 2400, 2800);
}

static void
test_ref_format_of_nobody_says_none(void **state)
{
    char text[AKT_REF_TEXT_SIZE];

    (void)state;
    assert_int_equal(akt_ref_format(AKT_REF_NONE, text, sizeof(text)), 6);
    assert_string_equal(text, "<none>");
}

static void
test_ref_format_tells_system_slot_and_generation(void **state)
{
    char text[AKT_REF_TEXT_SIZE];

    (void)state;
    assert_int_equal(akt_ref_format(sample, text, sizeof(text)), 8);
    assert_string_equal(text, "<1.17.3>");
}

static void
test_ref_format_of_other_node_tells_the_node(void **state)
{
    char text[AKT_REF_TEXT_SIZE];
    akt_ref ref = {17, 3, 1, 9};

    (void)state;
    (void)akt_ref_format(ref, text, sizeof(text));
    assert_string_equal(text, "<9:1.17.3>");
}

static void
test_ref_format_of_largest_numbers_fits(void **state)
{
    char text[AKT_REF_TEXT_SIZE];
    akt_ref ref = {UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX};
    size_t n = akt_ref_format(ref, text, sizeof(text));

    (void)state;
    assert_true(n < sizeof(text));
    assert_int_equal(strlen(text), n);
    assert_int_equal(text[n - 1], '>');
}

static void
test_ref_format_into_short_buffer_cuts_and_tells_all(void **state)
{
    char text[5];

    (void)state;
    assert_int_equal(akt_ref_format(sample, text, sizeof(text)), 8);
    assert_string_equal(text, "<1.1");
}

static void
test_ref_format_without_buffer_tells_the_length(void **state)
{
    (void)state;
    assert_int_equal(akt_ref_format(sample, NULL, 0), 8);
}

static void
test_durations_are_in_nanoseconds(void **state)
{
    (void)state;
    assert_true(AKT_US(3) == UINT64_C(3000));
    assert_true(AKT_MS(3) == UINT64_C(3000000));
    assert_true(AKT_SECONDS(3) == UINT64_C(3000000000));
    assert_true(AKT_SECONDS(86400) == UINT64_C(86400000000000));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_of_null_is_empty),
        cmocka_unit_test(test_text_of_string_borrows_it),
        cmocka_unit_test(test_text_literal_is_measured_without_its_nul),
        cmocka_unit_test(test_bytes_literal_is_measured_without_its_nul),
        cmocka_unit_test(test_text_equal_with_same_bytes_is_true),
        cmocka_unit_test(test_text_equal_with_other_bytes_is_false),
        cmocka_unit_test(test_text_equal_with_prefix_is_false),
        cmocka_unit_test(test_text_equal_after_inner_nul_looks_on),
        cmocka_unit_test(test_text_equal_with_empty_ones_ignores_pointers),
        cmocka_unit_test(test_ref_equal_with_itself_is_true),
        cmocka_unit_test(test_ref_equal_with_one_part_changed_is_false),
        cmocka_unit_test(test_ref_is_none_with_zero_ref_is_true),
        cmocka_unit_test(test_ref_is_none_with_first_slot_is_false),
        cmocka_unit_test(test_ref_store_and_load_gives_an_equal_one),
        cmocka_unit_test(test_ref_hash_with_one_part_changed_differs),
        cmocka_unit_test(test_ref_hash_is_the_same_in_every_run),
        cmocka_unit_test(test_ref_hash_of_neighbours_spreads_over_buckets),
        cmocka_unit_test(test_ref_format_of_nobody_says_none),
        cmocka_unit_test(test_ref_format_tells_system_slot_and_generation),
        cmocka_unit_test(test_ref_format_of_other_node_tells_the_node),
        cmocka_unit_test(test_ref_format_of_largest_numbers_fits),
        cmocka_unit_test(test_ref_format_into_short_buffer_cuts_and_tells_all),
        cmocka_unit_test(test_ref_format_without_buffer_tells_the_length),
        cmocka_unit_test(test_durations_are_in_nanoseconds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
