/* SPDX-License-Identifier: MIT */
/* Envelopes: what a copy owns, destructors, running out of memory. */
#include "tests/unit/message_heap.h"

#define POINT(F) F(i32, x) F(i32, y)
AKT_MESSAGE(point, POINT);

#define WORD(F) F(text, word) F(u16, rank)
AKT_MESSAGE(word, WORD);

#define EVERY(F)                                                               \
    F(i8, i8)                                                                  \
    F(i16, i16)                                                                \
    F(i32, i32)                                                                \
    F(i64, i64)                                                                \
    F(u8, u8)                                                                  \
    F(u16, u16)                                                                \
    F(u32, u32)                                                                \
    F(u64, u64)                                                                \
    F(bool, truth)                                                             \
    F(f64, number)                                                             \
    F(text, text)                                                              \
    F(bytes, bytes)                                                            \
    F(ref, ref)                                                                \
    F(message, point, place)                                                   \
    F(message, word, head)                                                     \
    F(array, u16, ports, 3)                                                    \
    F(array, text, names, 3)                                                   \
    F(message_array, word, tail, 2)
AKT_MESSAGE(every, EVERY);

struct handle {
    int *closed;
};

static void
handle_close(struct handle *h)
{
    *h->closed += 1;
}
AKT_LOCAL_MESSAGE_WITH(handle, handle_close);

static struct every
sample(void)
{
    static const unsigned char bytes[] = {0, 255, 7};

    return (struct every){
        .i8 = INT8_MIN,
        .i16 = INT16_MIN,
        .i32 = INT32_MIN,
        .i64 = INT64_MIN,
        .u8 = UINT8_MAX,
        .u16 = UINT16_MAX,
        .u32 = UINT32_MAX,
        .u64 = UINT64_MAX,
        .truth = true,
        .number = 0.5,
        .text = AKT_TEXT("text"),
        .bytes = {bytes, sizeof(bytes)},
        .ref = {1, 2, 3, 4},
        .place = {-1, 1},
        .head = {AKT_TEXT("head"), 9},
        .ports = {80, 443, 8080},
        .names = {AKT_TEXT("one"), AKT_TEXT(""), AKT_TEXT("three")},
        .tail = {{AKT_TEXT("first"), 1}, {AKT_TEXT("second"), 2}}};
}

/* --- what is copied --- */

static void
test_new_message_has_an_empty_header(void **state)
{
    struct number payload = {5};
    struct akti_message *m = made(&number_type, &payload);

    (void)state;
    assert_ptr_equal(m->type, &number_type);
    assert_null(m->next);
    assert_null(m->cell);
    assert_int_equal(m->cell_generation, 0);
    assert_int_equal(m->sender_slot | m->sender_generation, 0);
    assert_int_equal(m->target_slot | m->target_generation, 0);
    assert_true(m->deadline_ns == AKT_NEVER);
    assert_int_equal(m->kind, AKTI_USER);
    assert_int_equal(m->error, 0);
    drop(m);
}

static void
test_new_message_is_aligned_to_a_cache_line(void **state)
{
    struct number payload = {5};
    struct akti_message *m = made(&number_type, &payload);

    (void)state;
    assert_int_equal((uintptr_t)m % 64, 0);
    drop(m);
}

static void
test_new_with_plain_fields_copies_them(void **state)
{
    struct every payload = sample();
    struct akti_message *m = made(&every_type, &payload);
    const struct every *e = akti_message_payload(m);

    (void)state;
    assert_int_equal(e->i8, INT8_MIN);
    assert_int_equal(e->i16, INT16_MIN);
    assert_int_equal(e->i32, INT32_MIN);
    assert_true(e->i64 == INT64_MIN);
    assert_int_equal(e->u8, UINT8_MAX);
    assert_int_equal(e->u16, UINT16_MAX);
    assert_int_equal(e->u32, UINT32_MAX);
    assert_true(e->u64 == UINT64_MAX);
    assert_true(e->truth);
    assert_true(e->number == 0.5);
    assert_true(akt_ref_equal(e->ref, payload.ref));
    assert_int_equal(e->place.x, -1);
    assert_int_equal(e->ports[2], 8080);
    drop(m);
}

static void
test_new_with_text_copies_it_with_a_nul(void **state)
{
    char word[] = {'a', 'b', 'c', 'X'};
    struct texts payload = {.a = {word, 3}};
    struct akti_message *m = made(&texts_type, &payload);
    const struct texts *t = akti_message_payload(m);

    (void)state;
    memset(word, '?', sizeof(word));
    assert_ptr_not_equal(t->a.ptr, word);
    assert_text(t->a, "abc");
    drop(m);
}

static void
test_new_leaves_the_senders_struct_alone(void **state)
{
    struct every payload = sample();
    struct every before = payload;

    (void)state;
    drop(made(&every_type, &payload));
    assert_ptr_equal(payload.text.ptr, before.text.ptr);
    assert_ptr_equal(payload.tail[1].word.ptr, before.tail[1].word.ptr);
    assert_ptr_equal(payload.bytes.ptr, before.bytes.ptr);
}

static void
test_new_with_empty_text_gives_a_nul(void **state)
{
    struct texts payload = {.a = {NULL, 0}, .b = AKT_TEXT("")};
    struct akti_message *m = made(&texts_type, &payload);
    const struct texts *t = akti_message_payload(m);

    (void)state;
    assert_text(t->a, "");
    assert_text(t->b, "");
    drop(m);
}

static void
test_new_with_inner_nul_keeps_the_rest(void **state)
{
    struct texts payload = {.a = AKT_TEXT("a\0b")};
    struct akti_message *m = made(&texts_type, &payload);
    const struct texts *t = akti_message_payload(m);

    (void)state;
    assert_int_equal(t->a.len, 3);
    assert_memory_equal(t->a.ptr, "a\0b", 4);
    drop(m);
}

static void
test_new_with_bytes_copies_them(void **state)
{
    unsigned char data[] = {1, 0, 255};
    struct blob payload = {{data, sizeof(data)}};
    struct akti_message *m = made(&blob_type, &payload);
    const struct blob *b = akti_message_payload(m);

    (void)state;
    data[0] = 9;
    assert_int_equal(b->data.len, 3);
    assert_memory_equal(b->data.ptr, "\1\0\377", 3);
    drop(m);
}

static void
test_new_with_empty_bytes_has_none(void **state)
{
    struct blob payload = {{NULL, 0}};
    struct akti_message *m = made(&blob_type, &payload);
    const struct blob *b = akti_message_payload(m);

    (void)state;
    assert_int_equal(b->data.len, 0);
    drop(m);
}

static void
test_new_with_nested_text_copies_it(void **state)
{
    struct every payload = sample();
    struct akti_message *m = made(&every_type, &payload);
    const struct every *e = akti_message_payload(m);

    (void)state;
    assert_ptr_not_equal(e->head.word.ptr, payload.head.word.ptr);
    assert_text(e->head.word, "head");
    assert_int_equal(e->head.rank, 9);
    drop(m);
}

static void
test_new_with_array_of_texts_copies_each(void **state)
{
    struct every payload = sample();
    struct akti_message *m = made(&every_type, &payload);
    const struct every *e = akti_message_payload(m);

    (void)state;
    assert_text(e->names[0], "one");
    assert_text(e->names[1], "");
    assert_text(e->names[2], "three");
    assert_ptr_not_equal(e->names[2].ptr, payload.names[2].ptr);
    drop(m);
}

static void
test_new_with_array_of_messages_copies_their_texts(void **state)
{
    struct every payload = sample();
    struct akti_message *m = made(&every_type, &payload);
    const struct every *e = akti_message_payload(m);

    (void)state;
    assert_text(e->tail[0].word, "first");
    assert_text(e->tail[1].word, "second");
    assert_int_equal(e->tail[1].rank, 2);
    assert_ptr_not_equal(e->tail[1].word.ptr, payload.tail[1].word.ptr);
    drop(m);
}

/* --- destructors --- */

static void
test_free_calls_the_destructor_once(void **state)
{
    int closed = 0;
    struct handle payload = {&closed};
    struct akti_message *m = made(&handle_type, &payload);

    (void)state;
    assert_int_equal(closed, 0);
    drop(m);
    assert_int_equal(closed, 1);
}

static void
test_free_after_the_content_was_taken_calls_none(void **state)
{
    int closed = 0;
    struct handle payload = {&closed};
    struct akti_message *m = made(&handle_type, &payload);

    (void)state;
    m->flags |= AKTI_TAKEN;
    drop(m);
    assert_int_equal(closed, 0);
}

static void
test_new_out_of_memory_calls_no_destructor(void **state)
{
    int closed = 0;
    struct handle payload = {&closed};
    struct akti_message *m = NULL;

    (void)state;
    unit_memory_limit(&heap.memory, 0);
    assert_int_equal(akti_message_new(&heap.caches, &handle_type, &payload, &m),
                     AKT_ENOMEM);
    assert_int_equal(closed, 0);
}

static void
test_free_of_embedded_message_leaves_its_memory(void **state)
{
    static _Alignas(64) struct akti_message m = {.flags = AKTI_EMBEDDED};

    (void)state;
    drop(&m);
    assert_int_equal(atomic_load(&heap.memory.calls), 0);
}

/* --- out of memory --- */

static void
test_new_out_of_memory_says_so_and_writes_nothing(void **state)
{
    struct every payload = sample();
    struct number small = {1};
    struct akti_message *m = NULL;

    (void)state;
    unit_memory_limit(&heap.memory, 0);
    assert_int_equal(akti_message_new(&heap.caches, &every_type, &payload, &m),
                     AKT_ENOMEM);
    assert_int_equal(akti_message_new(&heap.caches, &number_type, &small, &m),
                     AKT_ENOMEM);
    assert_null(m);
}

/* --- copies --- */

static void
test_copy_owns_its_texts(void **state)
{
    struct every payload = sample();
    struct akti_message *m = made(&every_type, &payload);
    struct akti_message *copy = NULL;
    const struct every *e;

    (void)state;
    assert_int_equal(akti_message_copy(&heap.caches, m, &copy), AKT_OK);
    drop(m);
    e = akti_message_payload(copy);
    assert_text(e->text, "text");
    assert_text(e->head.word, "head");
    assert_text(e->tail[1].word, "second");
    assert_int_equal(e->bytes.len, 3);
    assert_memory_equal(e->bytes.ptr, "\0\377\7", 3);
    drop(copy);
}

static void
test_copy_has_the_same_ends_and_deadline_but_no_cell(void **state)
{
    struct number payload = {5};
    struct akti_message *m = made(&number_type, &payload);
    struct akti_message *copy = NULL;

    (void)state;
    m->sender_slot = 1;
    m->sender_generation = 2;
    m->target_slot = 3;
    m->target_generation = 4;
    m->deadline_ns = 5;
    m->cell = m;
    m->cell_generation = 6;
    assert_int_equal(akti_message_copy(&heap.caches, m, &copy), AKT_OK);
    assert_int_equal(copy->sender_slot, 1);
    assert_int_equal(copy->sender_generation, 2);
    assert_int_equal(copy->target_slot, 3);
    assert_int_equal(copy->target_generation, 4);
    assert_true(copy->deadline_ns == 5);
    assert_null(copy->cell);
    assert_int_equal(copy->cell_generation, 0);
    drop(m);
    drop(copy);
}

static void
test_copy_out_of_memory_leaves_the_original(void **state)
{
    static char large[8000];
    struct texts payload = {{large, sizeof(large)}, AKT_TEXT("b")};
    struct akti_message *m = made(&texts_type, &payload);
    struct akti_message *copy = NULL;

    (void)state;
    unit_memory_limit(&heap.memory, 0);
    assert_int_equal(akti_message_copy(&heap.caches, m, &copy), AKT_ENOMEM);
    assert_null(copy);
    assert_text(((const struct texts *)akti_message_payload(m))->b, "b");
    drop(m);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        with_heap(test_new_message_has_an_empty_header),
        with_heap(test_new_message_is_aligned_to_a_cache_line),
        with_heap(test_new_with_plain_fields_copies_them),
        with_heap(test_new_with_text_copies_it_with_a_nul),
        with_heap(test_new_leaves_the_senders_struct_alone),
        with_heap(test_new_with_empty_text_gives_a_nul),
        with_heap(test_new_with_inner_nul_keeps_the_rest),
        with_heap(test_new_with_bytes_copies_them),
        with_heap(test_new_with_empty_bytes_has_none),
        with_heap(test_new_with_nested_text_copies_it),
        with_heap(test_new_with_array_of_texts_copies_each),
        with_heap(test_new_with_array_of_messages_copies_their_texts),
        with_heap(test_free_calls_the_destructor_once),
        with_heap(test_free_after_the_content_was_taken_calls_none),
        with_heap(test_new_out_of_memory_calls_no_destructor),
        with_heap(test_free_of_embedded_message_leaves_its_memory),
        with_heap(test_new_out_of_memory_says_so_and_writes_nothing),
        with_heap(test_copy_owns_its_texts),
        with_heap(test_copy_has_the_same_ends_and_deadline_but_no_cell),
        with_heap(test_copy_out_of_memory_leaves_the_original),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
