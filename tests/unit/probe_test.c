/* SPDX-License-Identifier: MIT */
/* What a probe is sent, and what is expected of that, in virtual time. */
#include "tests/unit/probe_quiet.h"

#define POINT(F) F(i32, x) F(i8, y)
#define SHAPE(F)                                                               \
    F(message, point, at)                                                      \
    F(message_array, point, more, 2)                                           \
    F(array, u16, sides, 3)                                                    \
    F(text, name) F(bytes, raw) F(f64, area) F(bool, filled) F(ref, owner)
AKT_MESSAGE(point, POINT);
AKT_MESSAGE(shape, SHAPE);

static void
held(struct sim *sim)
{
    akt_ref echo = spawn_echo(sim);
    akt_probe *p = open_quiet(sim);
    const struct pong *m;

    assert_ok(akt_probe_send(p, echo, ping, .n = 1));
    assert_ok(akt_probe_send(p, echo, ping, .n = 2));
    assert_int_equal(akt_probe_waiting(p), 0);
    m = akt_expect(p, 0, pong);
    assert_non_null(m);
    assert_int_equal(m->n, 1);
    assert_true(akt_ref_equal(akt_probe_sender(p), echo));
    assert_true(akt_type_equal(akt_probe_type(p), &pong_type));
    (void)akt_sim_run_until_idle(sim->system);
    assert_int_equal(akt_probe_waiting(p), 1);
    m = akt_expect(p, 0, pong);
    assert_int_equal(m->n, 2);
    assert_ok(akt_probe_error(p));
    assert_string_equal(akt_probe_failure(p), "");
    assert_int_equal(akt_probe_failures(p), 0);
    assert_int_equal(told_times, 0);
    akt_probe_close(p);
}

static void
test_expect_what_came_gives_it_in_order(void **state)
{
    (void)state;
    sim_each_seed(held);
}

static void
other_type(struct sim *sim)
{
    akt_probe *p = open_quiet(sim);

    assert_ok(akt_send(sim->me, akt_probe_ref(p), ping, .n = 3));
    assert_null(akt_expect(p, AKT_MS(100), pong));
    assert_int_equal(told_line, __LINE__ - 1);
    assert_failed(p, AKT_EUNEXPECTED,
                  "probe: expected pong within 100 ms, but got ping{n=3} from "
                  "nobody");
    /* It is used up, and can be looked at. */
    assert_int_equal(akt_probe_as(p, ping)->n, 3);
    assert_null(akt_probe_as(p, pong));
    assert_true(akt_ref_is_none(akt_probe_sender(p)));
    assert_null(akt_expect(p, AKT_MS(1), ping));
    assert_failed(p, AKT_ETIMEOUT,
                  "probe: expected ping within 1 ms, but nothing came");
    assert_null(akt_probe_as(p, ping));
    assert_null(akt_probe_type(p));
    akt_probe_close(p);
}

static void
test_expect_when_another_type_came_says_what(void **state)
{
    (void)state;
    sim_each_seed(other_type);
}

static void
in_time(struct sim *sim)
{
    akt_ref echo = spawn_echo(sim);
    akt_probe *p = open_quiet(sim);
    uint64_t start = akt_now_ns(sim->me);

    assert_ok(akt_probe_send(p, echo, ping, .n = -30));
    assert_null(akt_expect(p, AKT_MS(29), pong));
    assert_err(akt_probe_error(p), AKT_ETIMEOUT);
    assert_int_equal(akt_now_ns(sim->me), start + AKT_MS(29));
    assert_int_equal(akt_expect(p, AKT_SECONDS(9), pong)->n, -30);
    assert_int_equal(akt_now_ns(sim->me), start + AKT_MS(30));
    assert_ok(akt_probe_send(p, echo, ping, .n = -1));
    assert_non_null(akt_expect(p, AKT_MS(1), pong));
    assert_null(akt_expect(p, AKT_NEVER, pong));
    assert_failed(p, AKT_ETIMEOUT,
                  "probe: expected pong at any time, but nothing came");
    assert_int_equal(akt_now_ns(sim->me), start + AKT_MS(31));
    akt_probe_close(p);
}

static void
test_expect_takes_the_time_that_it_needs(void **state)
{
    (void)state;
    sim_each_seed(in_time);
}

static void
none(struct sim *sim)
{
    akt_ref echo = spawn_echo(sim);
    akt_probe *p = open_quiet(sim);
    uint64_t start = akt_now_ns(sim->me);

    assert_ok(akt_probe_send(p, echo, ping, .n = -30));
    assert_ok(akt_expect_none(p, AKT_MS(29)));
    assert_int_equal(akt_now_ns(sim->me), start + AKT_MS(29));
    assert_err(akt_expect_none(p, AKT_US(1500)), AKT_EUNEXPECTED);
    assert_int_equal(akt_now_ns(sim->me), start + AKT_MS(30));
    assert_int_equal(akt_probe_as(p, pong)->n, -30);
    assert_non_null(strstr(told, "expected no message within 1500 us, but got "
                                 "pong{n=-30} from "));
    assert_ok(akt_expect_none(p, 0));
    akt_probe_close(p);
}

static void
test_expect_none_fails_by_what_comes(void **state)
{
    (void)state;
    sim_each_seed(none);
}

static jmp_buf out_of_the_test;

static void
jump(const char *text, const char *file, int line, void *arg)
{
    (void)text;
    (void)file;
    (void)line;
    (void)arg;
    longjmp(out_of_the_test, 1);
}

/* As a test framework does; what was open can still be closed. */
static void
jumped(struct sim *sim)
{
    akt_probe_opts opts = AKT_PROBE_OPTS_INIT;
    akt_probe *volatile p = NULL;
    akt_probe *opened;

    opts.quiet = true;
    opts.on_fail = jump;
    assert_ok(akt_probe_open(sim->me, &opts, &opened));
    p = opened;
    assert_ok(akt_send(sim->me, akt_probe_ref(p), ping, .n = 3));
    if (setjmp(out_of_the_test) == 0) {
        (void)akt_expect_equal(p, 0, pong);
        fail_msg("on_fail came back");
    }
    assert_int_equal(akt_probe_failures(p), 1);
    assert_int_equal(akt_probe_as(p, ping)->n, 3);
    assert_ok(akt_send(sim->me, akt_probe_ref(p), ping, .n = 4));
    assert_non_null(akt_expect_equal(p, 0, ping, .n = 4));
    akt_probe_close(p);
}

static void
test_on_fail_may_jump_out(void **state)
{
    (void)state;
    sim_in_order(jumped);
}

/* --- fields --- */

static void
equal(struct sim *sim)
{
    akt_ref echo = spawn_echo(sim);
    akt_probe *p = open_quiet(sim);
    char expected[256];
    char name[AKT_REF_TEXT_SIZE];

    assert_ok(akt_probe_send(p, echo, ping, .n = 3));
    assert_ok(akt_probe_send(p, echo, ping, .n = 4));
    assert_int_equal(akt_expect_equal(p, 0, pong, .n = 3)->n, 3);
    assert_null(akt_expect_equal(p, 0, pong, .n = 3));
    (void)akt_ref_format(echo, name, sizeof(name));
    (void)snprintf(expected, sizeof(expected),
                   "probe: expected pong{n=3} at once, but got pong{n=4} from "
                   "echo%s",
                   name);
    assert_failed(p, AKT_EUNEXPECTED, expected);
    assert_null(akt_expect_equal(p, AKT_SECONDS(1), pong, .n = 3));
    assert_failed(p, AKT_ETIMEOUT,
                  "probe: expected pong{n=3} within 1 s, but nothing came");
    assert_ok(akt_send(sim->me, akt_probe_ref(p), tick));
    assert_ok(akt_send(sim->me, akt_probe_ref(p), tick));
    assert_non_null(akt_expect_equal(p, 0, tick));
    assert_null(akt_expect_equal(p, 0, pong));
    assert_err(akt_probe_error(p), AKT_EUNEXPECTED);
    akt_probe_close(p);
}

static void
test_expect_equal_compares_the_fields(void **state)
{
    (void)state;
    sim_each_seed(equal);
}

static const struct shape square = {
    .at = {.x = 1, .y = 2},
    .more = {{.x = 3}, {.y = 4}},
    .sides = {5, 6, 7},
    .name = {"square", 6},
    .raw = {"\0\1", 2},
    .area = 1.5,
    .filled = true,
    .owner = {1, 2, 3, 0},
};

/* Whether a probe takes `sent` for the square. */
static bool
is_square(akt_probe *p, struct sim *sim, struct shape sent)
{
    assert_ok(akti_send(sim->me, akt_probe_ref(p), &shape_type, &sent));
    return akt_expect_equal(p, 0, shape, .at = square.at,
                            .more = {square.more[0], square.more[1]},
                            .sides = {5, 6, 7}, .name = square.name,
                            .raw = square.raw, .area = square.area,
                            .filled = square.filled, .owner = square.owner)
           != NULL;
}

/* Changes one field of a copy. */
#define WITH(change)                                                           \
    do {                                                                       \
        struct shape other = square;                                           \
                                                                               \
        other.change;                                                          \
        assert_false(is_square(p, sim, other));                                \
    } while (0)

static void
each_kind(struct sim *sim)
{
    akt_probe *p = open_quiet(sim);
    char same[] = "square";
    struct shape copy = square;

    copy.name.ptr = same;
    assert_true(is_square(p, sim, copy));
    WITH(at.x = 9);
    WITH(at.y = 9);
    WITH(more[0].x = 9);
    WITH(more[1].y = 9);
    WITH(sides[2] = 9);
    WITH(name.len = 5);
    WITH(name.ptr = "sqvare");
    WITH(raw.ptr = "\0\2");
    WITH(raw.len = 0);
    WITH(area = 1.25);
    WITH(filled = false);
    WITH(owner.slot = 9);
    assert_int_equal(akt_probe_failures(p), 12);
    /* What is not named is empty. */
    assert_ok(akt_send(sim->me, akt_probe_ref(p), shape, .name = square.name));
    assert_null(akt_expect_equal(p, 0, shape));
    assert_ok(akt_send(sim->me, akt_probe_ref(p), shape));
    assert_non_null(akt_expect_equal(p, 0, shape));
    akt_probe_close(p);
}

static void
test_expect_equal_sees_each_kind_of_field(void **state)
{
    (void)state;
    sim_in_order(each_kind);
}

static void
long_message(struct sim *sim)
{
    akt_probe *p = open_quiet(sim);
    static char text[5000];
    static char record[2000];

    memset(text, 'x', sizeof(text));
    assert_ok(akt_send(sim->me, akt_probe_ref(p), shape,
                       .name = {text, sizeof(text)}));
    assert_err(akt_expect_none(p, 0), AKT_EUNEXPECTED);
    assert_true(strlen(told) < 400);
    assert_non_null(strstr(told, "xxx... from nobody"));
    assert_true(akt_probe_record(p, record, sizeof(record)) < 300);
    assert_non_null(strstr(record, "... from nobody\n"));
    akt_probe_close(p);
}

static void
test_a_long_message_is_cut_in_sentences(void **state)
{
    (void)state;
    sim_in_order(long_message);
}

/* --- any, fish --- */

static void
fished(struct sim *sim)
{
    akt_probe *p = open_quiet(sim);
    akt_ref ref = akt_probe_ref(p);

    assert_ok(akt_send(sim->me, ref, ping, .n = 1));
    assert_ok(akt_send(sim->me, ref, tick));
    assert_ok(akt_send(sim->me, ref, pong, .n = 2));
    assert_ok(akt_send(sim->me, ref, ping, .n = 3));
    assert_int_equal(akt_fish(p, 0, pong)->n, 2);
    assert_ok(akt_expect_any(p, 0));
    assert_int_equal(akt_probe_as(p, ping)->n, 3);
    assert_err(akt_expect_any(p, 0), AKT_ETIMEOUT);
    assert_failed(p, AKT_ETIMEOUT,
                  "probe: expected any message at once, but nothing came");
    assert_ok(akt_send(sim->me, ref, tick));
    assert_ok(akt_expect_any(p, 0));
    assert_string_equal(akt_probe_failure(p), "");
    assert_ok(akt_send(sim->me, ref, tick));
    assert_ok(akt_send(sim->me, ref, tick));
    assert_null(akt_fish(p, AKT_MS(1), pong));
    assert_failed(p, AKT_ETIMEOUT,
                  "probe: expected pong among others (2 skipped) within 1 ms, "
                  "but nothing came");
    akt_probe_close(p);
}

static void
test_fish_skips_what_is_of_another_type(void **state)
{
    (void)state;
    sim_each_seed(fished);
}

/* One deadline holds for all that is skipped. */
static void
fished_late(struct sim *sim)
{
    akt_ref echo = spawn_echo(sim);
    akt_probe *p = open_quiet(sim);
    uint64_t start = akt_now_ns(sim->me);

    assert_ok(akt_probe_send(p, echo, ping, .n = -4));
    assert_ok(akt_probe_send(p, echo, ping, .n = -8));
    assert_null(akt_fish(p, AKT_MS(6), tick));
    assert_int_equal(akt_now_ns(sim->me), start + AKT_MS(6));
    assert_int_equal(akt_expect(p, AKT_MS(2), pong)->n, -8);
    akt_probe_close(p);
}

static void
test_fish_has_one_deadline_for_all(void **state)
{
    (void)state;
    sim_each_seed(fished_late);
}

/* --- the seed --- */

static uint64_t
hash_of(uint64_t seed)
{
    struct sim sim;
    akt_probe *p;
    akt_ref echo;
    uint64_t hash;

    sim_open(&sim, seed);
    echo = spawn_echo(&sim);
    p = open_quiet(&sim);
    assert_ok(akt_probe_send(p, echo, ping, .n = 1));
    assert_ok(akt_probe_send(p, echo, ping, .n = -2));
    assert_non_null(akt_fish(p, AKT_MS(2), pong));
    assert_non_null(akt_expect(p, AKT_MS(2), pong));
    hash = akt_sim_trace_hash(sim.system);
    akt_probe_close(p);
    sim_close(&sim);
    return hash;
}

static void
test_a_run_with_a_probe_is_repeated_by_its_seed(void **state)
{
    (void)state;
    assert_true(hash_of(7) == hash_of(7));
    assert_true(hash_of(7) != hash_of(8));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sim_test(test_expect_what_came_gives_it_in_order),
        sim_test(test_expect_when_another_type_came_says_what),
        sim_test(test_expect_takes_the_time_that_it_needs),
        sim_test(test_expect_none_fails_by_what_comes),
        sim_test(test_on_fail_may_jump_out),
        sim_test(test_expect_equal_compares_the_fields),
        sim_test(test_expect_equal_sees_each_kind_of_field),
        sim_test(test_a_long_message_is_cut_in_sentences),
        sim_test(test_fish_skips_what_is_of_another_type),
        sim_test(test_fish_has_one_deadline_for_all),
        sim_test(test_a_run_with_a_probe_is_repeated_by_its_seed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
