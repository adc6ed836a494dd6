/* SPDX-License-Identifier: MIT */
/* A build without nng: sockets are there in simulations, and say so elsewhere. */
#include "akt/akt.h"
#include "akt/nng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void
test_open_outside_of_a_simulation_says_what_is_missing(void **state)
{
    akt_system_opts opts = AKT_SYSTEM_OPTS_INIT;
    akt_nng_opts push = {.protocol = AKT_NNG_PUSH};
    akt_error error = AKT_ERROR_NONE;
    akt_system *system;
    akt_self *self;
    akt_nng s;

    (void)state;
    opts.workers = 1;
    assert_int_equal(akt_system_start(&opts, &system), AKT_OK);
    assert_int_equal(akt_attach(system, &self), AKT_OK);
    assert_int_equal(akt_nng_open(self, &push, &s, &error), AKT_ECONTEXT);
    assert_non_null(strstr(error.text, "without nng"));
    akt_detach(self);
    assert_int_equal(akt_system_stop(system, 0), AKT_OK);
    akt_system_destroy(system);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            test_open_outside_of_a_simulation_says_what_is_missing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
