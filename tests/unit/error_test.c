/* SPDX-License-Identifier: MIT */
/* The list of errors: dense, named, told; and AKT_TRY. */
#include "actors/base/error.h"
#include "tests/unit/unit.h"

struct row {
    akt_err code;
    const char *name;
    const char *text;
};

#define ROW(code, name, text) {name, #name, text},
static const struct row rows[] = {AKT_ERRORS(ROW)};
#undef ROW

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static void
test_codes_of_the_list_are_dense_from_zero(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < ROWS; i++) {
        assert_int_equal(rows[i].code, i);
    }
    assert_int_equal(AKT_OK, 0);
    assert_true(ROWS < AKT_EUSER);
}

static void
test_name_of_listed_code_is_its_identifier(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < ROWS; i++) {
        assert_string_equal(akt_err_name(rows[i].code), rows[i].name);
    }
}

static void
test_text_of_listed_code_is_its_sentence(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < ROWS; i++) {
        assert_string_equal(akt_err_text(rows[i].code), rows[i].text);
    }
}

static void
test_text_of_two_codes_is_never_the_same(void **state)
{
    size_t i;
    size_t k;

    (void)state;
    for (i = 0; i < ROWS; i++) {
        for (k = 0; k < i; k++) {
            assert_string_not_equal(rows[i].text, rows[k].text);
        }
    }
}

static void
test_name_of_application_code_is_euser(void **state)
{
    (void)state;
    assert_string_equal(akt_err_name(AKT_EUSER), "AKT_EUSER");
    assert_string_equal(akt_err_name((akt_err)(AKT_EUSER + 17)), "AKT_EUSER");
    assert_string_equal(akt_err_name(AKT_EUSER_LAST), "AKT_EUSER");
}

static void
test_label_of_application_code_says_which(void **state)
{
    char label[AKTI_ERR_LABEL_SIZE];

    (void)state;
    assert_string_equal(akti_err_label(AKT_EFULL, label), "AKT_EFULL");
    assert_string_equal(akti_err_label(AKT_EUSER, label), "AKT_EUSER");
    assert_string_equal(akti_err_label((akt_err)(AKT_EUSER + 17), label),
                        "AKT_EUSER + 17");
    assert_string_equal(akti_err_label(AKT_EUSER_LAST, label),
                        "AKT_EUSER + 2147482647");
    assert_string_equal(akti_err_label((akt_err)999, label), "AKT_E?");
}

static void
test_text_of_application_code_differs_from_unknown(void **state)
{
    (void)state;
    assert_string_not_equal(akt_err_text(AKT_EUSER),
                            akt_err_text((akt_err)(AKT_EUSER - 1)));
    assert_string_equal(akt_err_text(AKT_EUSER), akt_err_text(AKT_EUSER_LAST));
}

static void
test_name_of_code_between_list_and_euser_is_unknown(void **state)
{
    (void)state;
    assert_string_equal(akt_err_name((akt_err)ROWS), "AKT_E?");
    assert_string_equal(akt_err_name((akt_err)(AKT_EUSER - 1)), "AKT_E?");
}

static void
test_name_of_negative_code_is_unknown(void **state)
{
    (void)state;
    assert_string_equal(akt_err_name((akt_err)-1), "AKT_E?");
}

static void
test_text_of_negative_code_is_that_of_unknown(void **state)
{
    (void)state;
    assert_string_equal(akt_err_text((akt_err)-1),
                        akt_err_text((akt_err)(AKT_EUSER - 1)));
}

static akt_err
try_and_note(akt_err err, int *passed)
{
    AKT_TRY(err);
    *passed += 1;
    return AKT_OK;
}

static void
test_try_with_ok_goes_on(void **state)
{
    int passed = 0;

    (void)state;
    assert_int_equal(try_and_note(AKT_OK, &passed), AKT_OK);
    assert_int_equal(passed, 1);
}

static void
test_try_with_error_returns_it(void **state)
{
    int passed = 0;

    (void)state;
    assert_int_equal(try_and_note(AKT_EFULL, &passed), AKT_EFULL);
    assert_int_equal(passed, 0);
}

static akt_err
count_call(int *calls)
{
    *calls += 1;
    return AKT_EDEAD;
}

static akt_err
try_call(int *calls)
{
    AKT_TRY(count_call(calls));
    return AKT_OK;
}

static void
test_try_with_call_evaluates_it_once(void **state)
{
    int calls = 0;

    (void)state;
    assert_int_equal(try_call(&calls), AKT_EDEAD);
    assert_int_equal(calls, 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_codes_of_the_list_are_dense_from_zero),
        cmocka_unit_test(test_name_of_listed_code_is_its_identifier),
        cmocka_unit_test(test_text_of_listed_code_is_its_sentence),
        cmocka_unit_test(test_text_of_two_codes_is_never_the_same),
        cmocka_unit_test(test_name_of_application_code_is_euser),
        cmocka_unit_test(test_label_of_application_code_says_which),
        cmocka_unit_test(test_text_of_application_code_differs_from_unknown),
        cmocka_unit_test(test_name_of_code_between_list_and_euser_is_unknown),
        cmocka_unit_test(test_name_of_negative_code_is_unknown),
        cmocka_unit_test(test_text_of_negative_code_is_that_of_unknown),
        cmocka_unit_test(test_try_with_ok_goes_on),
        cmocka_unit_test(test_try_with_error_returns_it),
        cmocka_unit_test(test_try_with_call_evaluates_it_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
