/* SPDX-License-Identifier: MIT */
/*
 * The tables of actors/net/WIRE.md are read from the page: what they say is what
 * the code does. The page is the program's argument.
 */
#include "actors/net/batch.h"
#include "tests/support/wire.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

enum {
    CELLS = 4,
    LINE_MAX_SIZE = 1024
};

static const char *page;

/* A row of a table; cells without their backquotes. */
struct row {
    unsigned line;
    unsigned cells;
    const char *cell[CELLS];
    char text[LINE_MAX_SIZE];
    const akt_type *type;
    akt_wire_form form;
    akt_bytes input;
    unsigned char bytes[LINE_MAX_SIZE];
};

typedef void check_fn(const struct row *row);

/* Cuts the line at the bars that stand between cells. */
static bool
split(struct row *row)
{
    char *at = row->text;

    row->cells = 0;
    while (*at == '|' && row->cells < CELLS) {
        char *end = strstr(at + 1, " |");

        if (end == NULL) {
            break;
        }
        at += 2 + (at[2] == '`');
        row->cell[row->cells++] = at;
        end[end[-1] == '`' ? -1 : 0] = '\0';
        at = end + 1;
    }
    return row->cells >= 3;
}

static bool
find_type(struct row *row)
{
    const akt_type *const *t = wire_types;

    while (*t != NULL && strcmp((*t)->name, row->cell[0]) != 0) {
        t++;
    }
    row->type = *t;
    return *t != NULL;
}

static void
parse_bytes(struct row *row)
{
    const char *digits = row->cell[1];
    size_t n = strlen(digits) / 2;
    size_t i;

    for (i = 0; i < n; i++) {
        unsigned value;

        assert_int_equal(sscanf(digits + 2 * i, "%2x", &value), 1);
        row->bytes[i] = (unsigned char)value;
    }
    row->input = (akt_bytes){row->bytes, n};
}

/* Each row of the table below `title`; at least `wanted` of them. */
static void
for_each_row(const char *title, unsigned wanted, check_fn *check)
{
    FILE *file = fopen(page, "r");
    static struct row row;
    bool inside = false;
    unsigned found = 0;

    if (file == NULL) {
        fail_msg("no page %s", page);
    }
    row.form =
        strstr(title, "with the name") != NULL ? AKT_WIRE_NAMED : AKT_WIRE_BARE;
    for (row.line = 1; fgets(row.text, sizeof(row.text), file) != NULL;
         row.line++) {
        row.text[strcspn(row.text, "\n")] = '\0';
        if (strncmp(row.text, "#", 1) == 0) {
            inside = strcmp(row.text, title) == 0;
        } else if (inside && split(&row)
                   && (find_type(&row) || strcmp(row.cell[0], "batch") == 0)) {
            parse_bytes(&row);
            check(&row);
            found++;
        }
    }
    (void)fclose(file);
    if (found < wanted) {
        fail_msg("%u rows below \"%s\", not %u", found, title, wanted);
    }
}

static void
print(const struct row *row, const void *message, char *text, size_t size)
{
    FILE *file = fmemopen(text, size, "w");

    assert_non_null(file);
    wire_print(file, row->form, row->type, message);
    (void)fclose(file);
}

static void
decode(const struct row *row, struct wire_space *out)
{
    char text[LINE_MAX_SIZE] = "";
    akt_error error = AKT_ERROR_NONE;

    if (akt_wire_decode(row->form, row->type, row->input, out, &error)
        != AKT_OK) {
        fail_msg("line %u: %s", row->line, error.text);
    }
    print(row, out, text, sizeof(text));
    if (strcmp(text, row->cell[2]) != 0) {
        fail_msg("line %u: means %s", row->line, text);
    }
}

/* Whether it is written as its row has it. */
static bool
is_written_so(const struct row *row, const struct wire_space *message)
{
    unsigned char bytes[LINE_MAX_SIZE];
    size_t length = 0;

    assert_int_equal(wire_encode(row->form, row->type, message,
                                 (akt_bytes){bytes, sizeof(bytes)}, &length),
                     AKT_OK);
    return length == row->input.len && memcmp(bytes, row->bytes, length) == 0;
}

static void
check_canonical(const struct row *row)
{
    struct wire_space message;

    decode(row, &message);
    if (!is_written_so(row, &message)) {
        fail_msg("line %u: is written otherwise", row->line);
    }
}

static void
check_taken(const struct row *row)
{
    struct wire_space message;

    decode(row, &message);
    if (is_written_so(row, &message)) {
        fail_msg("line %u: is written like this", row->line);
    }
}

static void
check_refused(const struct row *row)
{
    struct wire_space message;
    akt_error error = AKT_ERROR_NONE;

    if (akt_wire_decode(row->form, row->type, row->input, &message, &error)
        == AKT_OK) {
        fail_msg("line %u: it is taken", row->line);
    }
    if (strcmp(error.text, row->cell[2]) != 0) {
        fail_msg("line %u: refused with %s", row->line, error.text);
    }
}

static void
test_vectors_are_written_and_taken(void **state)
{
    (void)state;
    for_each_row("### Written and taken", 32, check_canonical);
}

static void
test_vectors_with_the_name_are_written_and_taken(void **state)
{
    (void)state;
    for_each_row("### Written and taken, with the name", 3, check_canonical);
}

static void
test_vectors_of_others_are_taken(void **state)
{
    (void)state;
    for_each_row("### Taken, but written otherwise", 20, check_taken);
}

static void
test_vectors_are_refused(void **state)
{
    (void)state;
    for_each_row("### Refused", 60, check_refused);
}

static void
test_vectors_with_the_name_are_refused(void **state)
{
    (void)state;
    for_each_row("### Refused, with the name", 10, check_refused);
}

/* --- batches --- */

static void
print_batch(struct akti_batch_reader *r, char *text, size_t size)
{
    FILE *file = fmemopen(text, size, "w");
    akt_bytes element;
    const char *between = "";
    size_t i;

    assert_non_null(file);
    (void)fprintf(file, "[");
    while (akti_batch_next(r, &element)) {
        (void)fprintf(file, "%sh'", between);
        for (i = 0; i < element.len; i++) {
            (void)fprintf(file, "%02x",
                          ((const unsigned char *)element.ptr)[i]);
        }
        (void)fprintf(file, "'");
        between = ", ";
    }
    (void)fprintf(file, "]");
    (void)fclose(file);
}

/* Whether akt writes these messages so. */
static bool
is_batched_so(struct akti_batch_reader r, akt_bytes expected)
{
    akt_nng_packer batch;
    akt_bytes element;
    akt_bytes whole;
    bool same;

    akti_batch_init(&batch, LINE_MAX_SIZE);
    while (akti_batch_next(&r, &element)) {
        void *room = akti_batch_room(&batch, element.len);

        assert_non_null(room);
        memcpy(room, element.ptr, element.len);
        akti_batch_add(&batch, element.len);
    }
    if (batch.count == 0) {
        return false;
    }
    whole = akti_batch_whole(&batch);
    same = whole.len == expected.len
           && memcmp(whole.ptr, expected.ptr, whole.len) == 0;
    akti_batch_fini(&batch);
    return same;
}

static void
check_batch(const struct row *row)
{
    char text[LINE_MAX_SIZE] = "";
    bool otherwise = row->cells > 3;
    struct akti_batch_reader r;
    struct akti_batch_reader again;

    if (!akti_batch_open(&r, row->input)) {
        fail_msg("line %u: it is refused", row->line);
    }
    again = r;
    assert_int_equal(akti_batch_count(row->input), r.left);
    print_batch(&r, text, sizeof(text));
    assert_string_equal(text, row->cell[2]);
    if (is_batched_so(again, row->input) == otherwise) {
        fail_msg("line %u: is written %s", row->line,
                 otherwise ? "like this" : "otherwise");
    }
}

static void
check_refused_batch(const struct row *row)
{
    struct akti_batch_reader r;

    if (akti_batch_open(&r, row->input)) {
        fail_msg("line %u: it is taken", row->line);
    }
    assert_true(akti_batch_count(row->input) <= row->input.len);
}

static void
test_vectors_in_batches(void **state)
{
    struct akti_batch_reader r;

    (void)state;
    for_each_row("### Written and taken, in batches", 7, check_batch);
    for_each_row("### Taken, but written otherwise, in batches", 6,
                 check_batch);
    for_each_row("### Refused, in batches", 20, check_refused_batch);
    assert_false(akti_batch_open(&r, (akt_bytes){NULL, 0}));
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors_are_written_and_taken),
        cmocka_unit_test(test_vectors_with_the_name_are_written_and_taken),
        cmocka_unit_test(test_vectors_of_others_are_taken),
        cmocka_unit_test(test_vectors_are_refused),
        cmocka_unit_test(test_vectors_with_the_name_are_refused),
        cmocka_unit_test(test_vectors_in_batches),
    };

    page = argc > 1 ? argv[1] : "actors/net/WIRE.md";
    return cmocka_run_group_tests(tests, NULL, NULL);
}
