/* SPDX-License-Identifier: MIT */
/*
 * What the tests of files share: a folder of their own for each test, which leaves
 * no descriptor open.
 */
#ifndef AKT_TESTS_UNIT_FILES_H
#define AKT_TESTS_UNIT_FILES_H

#include "tests/support/folder.h"
#include "tests/support/sim.h"
#include "tests/support/stress.h"

static struct folder folder;
static uint32_t files_before;

static uint32_t
count_files(void)
{
    struct stress_baseline now;

    stress_baseline_take(&now);
    return now.files;
}

static int
open_folder(void **state)
{
    (void)state;
    folder_open(&folder);
    files_before = count_files();
    return 0;
}

/* No test leaves a descriptor open. */
static int
close_folder(void **state)
{
    int failed = sim_report(state);

    folder_close(&folder);
    if (count_files() != files_before) {
        print_error("%u descriptors, not %u\n", count_files(), files_before);
        failed = -1;
    }
    return failed;
}

#define file_test(f)                                                           \
    cmocka_unit_test_setup_teardown(f, open_folder, close_folder)

static akt_text
at(const char *name)
{
    return akt_text_of(folder_name(&folder, name));
}

#endif
