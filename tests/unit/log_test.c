/* SPDX-License-Identifier: MIT */
/* Levels, the sink, long lines. */
#include "actors/base/log.h"
#include "tests/unit/unit.h"

#include <string.h>

struct record {
    unsigned lines;
    akt_log_level level;
    char line[4096];
};

static void
keep(akt_log_level level, const char *line, void *arg)
{
    struct record *r = arg;

    r->lines++;
    r->level = level;
    memcpy(r->line, line, strlen(line) + 1);
}

static void
test_line_reaches_the_sink_formatted(void **state)
{
    struct record r = {0};
    struct akti_log log;

    (void)state;
    akti_log_init(&log, AKT_LOG_DEBUG, keep, &r);
    akti_log_line(&log, AKT_LOG_ERROR, "%s is %d", "x", 5);
    assert_int_equal(r.lines, 1);
    assert_int_equal(r.level, AKT_LOG_ERROR);
    assert_string_equal(r.line, "x is 5");
}

static void
test_line_at_the_level_is_written(void **state)
{
    struct record r = {0};
    struct akti_log log;

    (void)state;
    akti_log_init(&log, AKT_LOG_INFO, keep, &r);
    akti_log_line(&log, AKT_LOG_INFO, "x");
    assert_int_equal(r.lines, 1);
}

static void
test_line_below_the_level_is_dropped(void **state)
{
    struct record r = {0};
    struct akti_log log;

    (void)state;
    akti_log_init(&log, AKT_LOG_INFO, keep, &r);
    akti_log_line(&log, AKT_LOG_DEBUG, "x");
    assert_int_equal(r.lines, 0);
}

static void
test_default_level_is_warning(void **state)
{
    struct record r = {0};
    struct akti_log log;

    (void)state;
    akti_log_init(&log, AKT_LOG_DEFAULT, keep, &r);
    akti_log_line(&log, AKT_LOG_INFO, "x");
    assert_int_equal(r.lines, 0);
    akti_log_line(&log, AKT_LOG_WARNING, "x");
    assert_int_equal(r.lines, 1);
}

static void
test_level_off_drops_errors_too(void **state)
{
    struct record r = {0};
    struct akti_log log;

    (void)state;
    akti_log_init(&log, AKT_LOG_OFF, keep, &r);
    akti_log_line(&log, AKT_LOG_ERROR, "x");
    assert_int_equal(r.lines, 0);
}

static void
test_long_line_is_cut_and_ended(void **state)
{
    struct record r = {0};
    struct akti_log log;

    (void)state;
    akti_log_init(&log, AKT_LOG_DEBUG, keep, &r);
    akti_log_line(&log, AKT_LOG_ERROR, "%3000d", 1);
    assert_int_equal(strlen(r.line), 1023);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_line_reaches_the_sink_formatted),
        cmocka_unit_test(test_line_at_the_level_is_written),
        cmocka_unit_test(test_line_below_the_level_is_dropped),
        cmocka_unit_test(test_default_level_is_warning),
        cmocka_unit_test(test_level_off_drops_errors_too),
        cmocka_unit_test(test_long_line_is_cut_and_ended),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
