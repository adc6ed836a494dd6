/* SPDX-License-Identifier: MIT */
/* Envelopes of every size, from none to above the limit, and alignment. */
#include "tests/unit/message_heap.h"

AKT_REQUEST(question, NUMBER, number);

AKT_SIGNAL(tick);
AKT_SIGNAL_REQUEST(how_many, number);

struct cache_line {
    _Alignas(64) char c[64];
};
AKT_LOCAL_MESSAGE(cache_line);

struct pair16 {
    _Alignas(16) char c[16];
};
AKT_LOCAL_MESSAGE(pair16);

struct vector32 {
    _Alignas(32) char c[96];
};
AKT_LOCAL_MESSAGE(vector32);

struct page128 {
    _Alignas(128) char c[128];
};
AKT_LOCAL_MESSAGE(page128);

/* --- sizes --- */

static void
test_new_of_signal_carries_nothing(void **state)
{
    struct tick payload = {0};
    struct akti_message *m = made(&tick_type, &payload);

    (void)state;
    assert_int_equal(tick_type.size, 0);
    assert_int_equal(tick_type.flags, AKT_TYPE_SIGNAL);
    assert_int_equal(m->size_class, akti_size_class(64));
    drop(m);
}

static void
test_new_of_signal_request_carries_nothing(void **state)
{
    struct how_many payload = {NULL};
    struct akti_message *m = made(&how_many_type, &payload);

    (void)state;
    assert_int_equal(how_many_type.size, 0);
    assert_ptr_equal(how_many_type.reply, &number_type);
    drop(m);
}

static void
test_new_with_eight_bytes_is_one_cache_line(void **state)
{
    struct question payload = {{.n = 5}};
    struct akti_message *m = made(&question_type, &payload);

    (void)state;
    assert_int_equal(m->size_class, akti_size_class(64));
    assert_true(((const struct question *)akti_message_payload(m))->n == 5);
    drop(m);
}

static void
fill(unsigned char *p, size_t n, size_t seed)
{
    size_t i;

    for (i = 0; i < n; i++) {
        p[i] = (unsigned char)((i * 31 + seed) & 0xff);
    }
}

static void
test_new_of_any_size_copies_every_byte(void **state)
{
    static unsigned char payload[9000];
    size_t size;

    (void)state;
    for (size = 1; size <= sizeof(payload);
         size += size < 300 || (size > 3900 && size < 4200) ? 1 : 61) {
        akt_type type = {.name = "plain",
                         .size = (uint32_t)size,
                         .align = 1,
                         .flags = AKT_TYPE_LOCAL};
        struct akti_message *m;

        fill(payload, size, size);
        m = made(&type, payload);
        assert_memory_equal(akti_message_payload(m), payload, size);
        drop(m);
    }
}

static void
test_new_with_text_of_any_length_ends_it_with_nul(void **state)
{
    static char source[9000];
    size_t len;

    (void)state;
    memset(source, 'x', sizeof(source));
    for (len = 0; len <= sizeof(source);
         len += len < 300 || (len > 3900 && len < 4200) ? 1 : 61) {
        struct texts payload = {{source, len}, AKT_TEXT("behind")};
        struct akti_message *m = made(&texts_type, &payload);
        const struct texts *t = akti_message_payload(m);

        assert_int_equal(strlen(t->a.ptr), len);
        assert_text(t->b, "behind");
        drop(m);
    }
}

static void
test_new_with_64_mebibytes_copies_them(void **state)
{
    size_t size = (size_t)64 << 20;
    unsigned char *data = malloc(size);
    struct blob payload = {{data, size}};
    struct akti_message *m;

    (void)state;
    assert_non_null(data);
    memset(data, 0xa5, size);
    data[size - 1] = 1;
    m = made(&blob_type, &payload);
    assert_int_equal(m->size_class, AKTI_SIZE_LARGE);
    assert_int_equal(
        memcmp(((const struct blob *)akti_message_payload(m))->data.ptr, data,
               size),
        0);
    free(data);
    drop(m);
}

static void
assert_too_large(const akt_type *type, const void *payload)
{
    struct akti_message *m = NULL;

    assert_int_equal(akti_message_new(&heap.caches, type, payload, &m),
                     AKT_ESIZE);
    assert_null(m);
    assert_int_equal(atomic_load(&heap.memory.calls), 0);
}

static void
test_new_with_bytes_above_the_limit_says_esize(void **state)
{
    struct blob payload = {{"", AKT_MESSAGE_SIZE_MAX}};

    (void)state;
    assert_too_large(&blob_type, &payload);
    payload.data.len = AKT_MESSAGE_SIZE_MAX + 1;
    assert_too_large(&blob_type, &payload);
}

/* Lengths whose sum, with padding, would wrap around. */
static void
test_new_with_absurd_length_says_esize(void **state)
{
    struct texts payload = {{"", SIZE_MAX}, {"", SIZE_MAX - 7}};

    (void)state;
    assert_too_large(&texts_type, &payload);
}

static void
test_new_with_texts_above_the_limit_together_says_esize(void **state)
{
    struct texts payload = {{"", AKT_MESSAGE_SIZE_MAX / 2},
                            {"", AKT_MESSAGE_SIZE_MAX / 2}};

    (void)state;
    assert_too_large(&texts_type, &payload);
}

static void
test_new_of_struct_above_the_limit_says_esize(void **state)
{
    akt_type type = {.name = "huge",
                     .size = (uint32_t)AKT_MESSAGE_SIZE_MAX + 1,
                     .align = 1,
                     .flags = AKT_TYPE_LOCAL};

    (void)state;
    assert_too_large(&type, "");
}

/* --- alignment --- */

static void
test_new_of_aligned_structs_keeps_their_alignment(void **state)
{
    static const struct pair16 p = {"sixteen"};
    static const struct vector32 v = {"thirty-two"};
    static const struct cache_line c = {"sixty-four"};
    struct akti_message *m[3];

    (void)state;
    m[0] = made(&pair16_type, &p);
    m[1] = made(&vector32_type, &v);
    m[2] = made(&cache_line_type, &c);
    assert_int_equal((uintptr_t)akti_message_payload(m[0]) % 16, 0);
    assert_int_equal((uintptr_t)akti_message_payload(m[1]) % 32, 0);
    assert_int_equal((uintptr_t)akti_message_payload(m[2]) % 64, 0);
    assert_memory_equal(akti_message_payload(m[0]), &p, sizeof(p));
    assert_memory_equal(akti_message_payload(m[1]), &v, sizeof(v));
    assert_memory_equal(akti_message_payload(m[2]), &c, sizeof(c));
    drop(m[0]);
    drop(m[1]);
    drop(m[2]);
}

static void
test_new_of_struct_aligned_above_64_says_esize(void **state)
{
    static const struct page128 p = {"x"};

    (void)state;
    assert_too_large(&page128_type, &p);
}

static void
test_copy_of_aligned_struct_keeps_its_alignment(void **state)
{
    static const struct cache_line c = {"sixty-four"};
    struct akti_message *m = made(&cache_line_type, &c);
    struct akti_message *copy = NULL;

    (void)state;
    assert_int_equal(akti_message_copy(&heap.caches, m, &copy), AKT_OK);
    assert_int_equal((uintptr_t)akti_message_payload(copy) % 64, 0);
    assert_memory_equal(akti_message_payload(copy), &c, sizeof(c));
    drop(m);
    drop(copy);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        with_heap(test_new_of_signal_carries_nothing),
        with_heap(test_new_of_signal_request_carries_nothing),
        with_heap(test_new_with_eight_bytes_is_one_cache_line),
        with_heap(test_new_of_any_size_copies_every_byte),
        with_heap(test_new_with_text_of_any_length_ends_it_with_nul),
        with_heap(test_new_with_64_mebibytes_copies_them),
        with_heap(test_new_with_bytes_above_the_limit_says_esize),
        with_heap(test_new_with_absurd_length_says_esize),
        with_heap(test_new_with_texts_above_the_limit_together_says_esize),
        with_heap(test_new_of_struct_above_the_limit_says_esize),
        with_heap(test_new_of_aligned_structs_keeps_their_alignment),
        with_heap(test_new_of_struct_aligned_above_64_says_esize),
        with_heap(test_copy_of_aligned_struct_keeps_its_alignment),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
