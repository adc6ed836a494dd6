/* SPDX-License-Identifier: MIT */
/*
 * What message_test.c and message_size_test.c share: messages on a heap that
 * each case has to leave empty, and types that both send.
 */
#ifndef AKT_TESTS_UNIT_MESSAGE_HEAP_H
#define AKT_TESTS_UNIT_MESSAGE_HEAP_H

#include "mailbox/message.h"
#include "tests/unit/unit.h"

#include <string.h>

#define TEXTS(F) F(text, a) F(text, b)
AKT_MESSAGE(texts, TEXTS);

#define BLOB(F) F(bytes, data)
AKT_MESSAGE(blob, BLOB);

#define NUMBER(F) F(i64, n)
AKT_MESSAGE(number, NUMBER);

static struct unit_heap heap;

static inline int
set_up(void **state)
{
    (void)state;
    unit_heap_init(&heap);
    return 0;
}

static inline int
take_down(void **state)
{
    (void)state;
    unit_heap_fini(&heap);
    return 0;
}

#define with_heap(test) cmocka_unit_test_setup_teardown(test, set_up, take_down)

static inline struct akti_message *
made(const akt_type *type, const void *payload)
{
    struct akti_message *m = NULL;

    assert_int_equal(akti_message_new(&heap.caches, type, payload, &m), AKT_OK);
    assert_non_null(m);
    return m;
}

static inline void
drop(struct akti_message *m)
{
    akti_message_free(&heap.caches, m);
}

static inline void
assert_text(akt_text text, const char *expected)
{
    assert_int_equal(text.len, strlen(expected));
    assert_memory_equal(text.ptr, expected, text.len + 1);
}

#endif
