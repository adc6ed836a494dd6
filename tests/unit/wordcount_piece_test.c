/* SPDX-License-Identifier: MIT */
/* examples/wordcount: tables in pieces, and what is none of them. */
#include "examples/wordcount/piece.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
add(struct table *table, const char *word, size_t len, uint64_t count)
{
    uint64_t hash = WORD_HASH_START;

    for (size_t i = 0; i < len; i++) {
        hash = word_hash(hash, (unsigned char)word[i]);
    }
    assert_true(table_add(table, word, len, hash, count));
}

/* A word of its own for each number. */
static size_t
spell(uint32_t n, char *out)
{
    size_t len = 0;

    do {
        out[len++] = (char)('a' + n % 26);
        n /= 26;
    } while (n > 0);
    return len;
}

/* Sends all of one table to another; the pieces are as long as may be. */
static uint32_t
send_table(const struct table *from, struct table *to)
{
    char *piece = malloc(PIECE_MAX);
    uint32_t n = 0;
    size_t at = 0;
    size_t len;

    assert_non_null(piece);
    while ((len = piece_write(from, &at, piece)) > 0) {
        assert_true(len <= PIECE_MAX);
        assert_true(len <= PIECE_SIZE
                    || memchr(piece, '\n', len) == piece + len - 1);
        assert_true(piece_is_sound(piece, len));
        assert_true(piece_add(to, piece, len));
        n++;
    }
    free(piece);
    return n;
}

static void
assert_same(struct table *a, struct table *b)
{
    table_sort(a);
    table_sort(b);
    assert_int_equal(a->words, b->words);
    assert_int_equal(a->n_entries, b->n_entries);
    for (size_t i = 0; i < a->n_entries; i++) {
        assert_int_equal(entry_compare(&a->entries[i], &b->entries[i]), 0);
    }
    table_fini(a);
    table_fini(b);
}

static void
test_pieces_give_the_same_table(void **state)
{
    struct table from = {.entries = NULL};
    struct table to = {.entries = NULL};
    char word[16];

    (void)state;
    for (uint32_t i = 0; i < 40000; i++) {
        add(&from, word, spell(i, word), 1 + i % 1000);
    }
    assert_true(send_table(&from, &to) > 3);
    assert_same(&from, &to);
}

static void
test_pieces_take_longest_words_and_counts(void **state)
{
    struct table from = {.entries = NULL};
    struct table to = {.entries = NULL};
    char *word = malloc(LONGEST_WORD);

    (void)state;
    assert_non_null(word);
    memset(word, 'w', LONGEST_WORD);
    add(&from, word, LONGEST_WORD, UINT64_C(9999999999999999999));
    add(&from, word, PIECE_SIZE, 1);
    add(&from, "a", 1, 1);
    assert_true(send_table(&from, &to) >= 2);
    assert_same(&from, &to);
    free(word);
}

static void
test_empty_table_has_no_piece(void **state)
{
    struct table from = {.entries = NULL};
    struct table to = {.entries = NULL};

    (void)state;
    assert_int_equal(send_table(&from, &to), 0);
}

/* In memory of just that length, so that a sanitizer sees who reads on. */
static bool
is_sound(const char *text, size_t len)
{
    char *copy = malloc(len + (len == 0));
    bool sound;

    assert_non_null(copy);
    memcpy(copy, text, len);
    sound = piece_is_sound(copy, len);
    free(copy);
    return sound;
}

static void
test_what_is_no_line_is_refused(void **state)
{
    static const char *const bad[] = {
        "1",       "1 ",           "1 a",
        "1 \n",    " a\n",         "a\n",
        "0 a\n",   "1 A\n",        "1  a\n",
        "-1 a\n",  "+1 a\n",       "1 a\n1",
        "1 a b\n", "1 a;2 b\n",    "1a\n",
        "1 a\n\n", "1\ta\n",       "1 a\r\n",
        "\n",      "1 \xc3\xa4\n", "18446744073709551617 a\n",
    };

    (void)state;
    assert_true(is_sound("", 0));
    assert_true(is_sound("1 a\n23 bc\n", 10));
    assert_false(is_sound("1 a\0b\n", 6));
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        assert_false(is_sound(bad[i], strlen(bad[i])));
    }
}

/* Every byte of a piece as every other one: refused, or a table like others. */
static void
test_changed_bytes_are_refused_or_words(void **state)
{
    static const char piece[] = "1 a\n23 bc\n";
    char changed[sizeof(piece)];
    struct table table = {.entries = NULL};

    (void)state;
    for (size_t i = 0; i < 10; i++) {
        for (int byte = 0; byte < 256; byte++) {
            memcpy(changed, piece, sizeof(piece));
            changed[i] = (char)byte;
            if (is_sound(changed, 10)) {
                assert_true(piece_add(&table, changed, 10));
            }
        }
    }
    for (size_t i = 0; i < table.n_places; i++) {
        const struct entry *e = &table.entries[i];
        assert_true(e->word == NULL
                    || (e->len <= 6 && e->word[0] >= 'a' && e->word[0] <= 'z'));
    }
    table_fini(&table);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces_give_the_same_table),
        cmocka_unit_test(test_pieces_take_longest_words_and_counts),
        cmocka_unit_test(test_empty_table_has_no_piece),
        cmocka_unit_test(test_what_is_no_line_is_refused),
        cmocka_unit_test(test_changed_bytes_are_refused_or_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
