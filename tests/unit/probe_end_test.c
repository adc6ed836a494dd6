/* SPDX-License-Identifier: MIT */
/* What a probe keeps and loses, and how it and the actors it watches end. */
#include "tests/unit/probe_quiet.h"

/* --- the record --- */

static void
recorded(struct sim *sim)
{
    akt_probe_opts opts = AKT_PROBE_OPTS_INIT;
    akt_probe *p;
    char name[AKT_REF_TEXT_SIZE];
    char expected[512];
    char record[512];
    FILE *file = tmpfile();
    size_t n;

    opts.name = "bank";
    opts.record = 3;
    assert_ok(akt_probe_open(sim->me, &opts, &p));
    assert_ok(akt_send(sim->me, akt_probe_ref(p), tick));
    assert_ok(akt_send(sim->me, akt_probe_ref(p), ping, .n = 1));
    (void)akt_sim_advance(sim->system, AKT_MS(1500));
    assert_ok(akt_send(sim->me, akt_probe_ref(p), ping, .n = 2));
    (void)akt_sim_run_until_idle(sim->system);
    assert_ok(akt_send(sim->me, akt_probe_ref(p), ping, .n = 3));
    assert_non_null(akt_expect(p, 0, tick));
    assert_non_null(akt_expect(p, 0, ping));
    assert_non_null(akt_expect(p, 0, ping));
    (void)akt_sim_run_until_idle(sim->system);
    (void)akt_ref_format(akt_probe_ref(p), name, sizeof(name));
    (void)snprintf(expected, sizeof(expected),
                   "bank%s: 4 messages, of which 1 wait; 0 lost\n"
                   "       the first 1 are not on record any more\n"
                   "     2      0.000000 s  ping{n=1} from nobody\n"
                   "     3      1.500000 s  ping{n=2} from nobody\n"
                   "     4      1.500000 s  ping{n=3} from nobody (waits)\n",
                   name);
    assert_int_equal(akt_probe_record(p, record, sizeof(record)),
                     strlen(expected));
    assert_string_equal(record, expected);
    /* As snprintf does: what there is room for, and the whole length. */
    assert_int_equal(akt_probe_record(p, record, 9), strlen(expected));
    assert_int_equal(strlen(record), 8);
    assert_non_null(file);
    akt_probe_print(p, file);
    rewind(file);
    n = fread(record, 1, sizeof(record) - 1, file);
    record[n] = '\0';
    assert_string_equal(record, expected);
    assert_int_equal(fclose(file), 0);
    akt_probe_close(p);
}

static void
test_record_has_a_line_for_each_message(void **state)
{
    (void)state;
    sim_each_seed(recorded);
}

/* --- at the bound --- */

static void
lost(struct sim *sim)
{
    akt_probe_opts opts = AKT_PROBE_OPTS_INIT;
    char record[1024];
    akt_probe *p;
    int64_t i;

    opts.capacity = 2;
    opts.quiet = true;
    assert_ok(akt_probe_open(sim->me, &opts, &p));
    for (i = 0; i < 5; i++) {
        assert_ok(akt_send(sim->me, akt_probe_ref(p), ping, .n = i));
    }
    (void)akt_sim_run_until_idle(sim->system);
    assert_int_equal(akt_probe_waiting(p), 2);
    assert_int_equal(sim_letters(sim, AKT_FATE_DROPPED, AKT_EFULL), 3);
    assert_int_equal(akt_expect(p, 0, ping)->n, 0);
    assert_int_equal(akt_expect(p, 0, ping)->n, 1);
    assert_err(akt_expect_none(p, 0), AKT_EFULL);
    assert_string_equal(akt_probe_failure(p),
                        "probe: expected no message at once, but 3 messages "
                        "were lost, as 2 waited");
    /* That is told once. */
    assert_ok(akt_expect_none(p, 0));
    assert_true(akt_probe_record(p, record, sizeof(record)) < sizeof(record));
    assert_non_null(strstr(record, ": 2 messages, of which 0 wait; 3 lost\n"));
    assert_non_null(strstr(record, "s  ping{n=4} from nobody (lost)\n"));
    assert_ok(akt_send(sim->me, akt_probe_ref(p), ping, .n = 7));
    assert_int_equal(akt_expect(p, 0, ping)->n, 7);
    akt_probe_close(p);
}

static void
test_what_a_full_probe_loses_fails_an_expectation(void **state)
{
    (void)state;
    sim_each_seed(lost);
}

/* --- local messages --- */

struct parcel {
    int64_t *freed;
    int64_t n;
};

static void
parcel_free(struct parcel *parcel)
{
    *parcel->freed += parcel->n;
}
AKT_LOCAL_MESSAGE_WITH(parcel, parcel_free);

static void
freed_once(struct sim *sim)
{
    akt_probe *p = open_quiet(sim);
    int64_t freed = 0;
    int64_t n;

    for (n = 1; n <= 1000; n *= 10) {
        assert_ok(akt_send(sim->me, akt_probe_ref(p), parcel, &freed, n));
    }
    assert_int_equal(akt_expect(p, 0, parcel)->n, 1);
    assert_int_equal(freed, 0);
    assert_null(akt_expect_equal(p, 0, parcel, &freed, 10));
    assert_failed(p, AKT_EINVAL,
                  "probe: parcel is local and has no fields to compare");
    assert_int_equal(freed, 1);
    assert_int_equal(akt_expect(p, 0, parcel)->n, 10);
    assert_null(akt_fish(p, 0, ping)); /* skips and frees them */
    assert_int_equal(freed, 1111);
    assert_ok(akt_send(sim->me, akt_probe_ref(p), parcel, &freed, 5));
    assert_ok(akt_send(sim->me, akt_probe_ref(p), parcel, &freed, 6));
    (void)akt_expect(p, 0, parcel);
    (void)akt_sim_run_until_idle(sim->system);
    akt_probe_close(p);
    assert_int_equal(freed, 1122);
}

static void
test_local_messages_are_freed_once(void **state)
{
    (void)state;
    sim_each_seed(freed_once);
}

/* --- the ends of probe and actors --- */

static void
closed(struct sim *sim)
{
    akt_probe *p = open_quiet(sim);
    akt_ref ref = akt_probe_ref(p);

    assert_ok(akt_send(sim->me, ref, tick));
    assert_non_null(akt_expect(p, 0, tick));
    assert_ok(akt_send(sim->me, ref, tick));
    akt_probe_close(p);
    assert_ok(akt_send(sim->me, ref, tick));
    (void)akt_sim_run_until_idle(sim->system);
    assert_false(akt_ref_is_alive(sim->me, ref));
    assert_err(akt_send(sim->me, ref, tick), AKT_EDEAD);
    assert_int_equal(sim_letters(sim, AKT_FATE_DEAD, AKT_EDEAD), 2);
    akt_probe_close(NULL);
}

static void
test_close_ends_the_actor(void **state)
{
    (void)state;
    sim_each_seed(closed);
}

static void
stopped(struct sim *sim)
{
    akt_probe *p = open_quiet(sim);
    uint64_t start = akt_now_ns(sim->me);

    assert_ok(akt_send(sim->me, akt_probe_ref(p), ping, .n = 1));
    assert_ok(akt_drain(sim->me, akt_probe_ref(p)));
    assert_int_equal(akt_expect(p, AKT_SECONDS(1), ping)->n, 1);
    assert_null(akt_expect(p, AKT_SECONDS(1), ping));
    assert_failed(p, AKT_EDEAD,
                  "probe: expected ping within 1 s, but the probe has ended");
    assert_err(akt_expect_none(p, AKT_SECONDS(1)), AKT_EDEAD);
    assert_int_equal(akt_now_ns(sim->me), start);
    akt_probe_close(p);
}

static void
test_expect_of_a_probe_that_was_stopped_says_so(void **state)
{
    (void)state;
    sim_each_seed(stopped);
}

static void
stopped_system(struct sim *sim)
{
    akt_probe *p = open_quiet(sim);

    assert_ok(akt_send(sim->me, akt_probe_ref(p), ping, .n = 1));
    assert_ok(akt_system_stop(sim->system, AKT_SECONDS(1)));
    assert_int_equal(akt_expect(p, 0, ping)->n, 1);
    assert_err(akt_expect_any(p, AKT_SECONDS(1)), AKT_EDEAD);
    akt_probe_close(p);
}

static void
test_probe_of_a_stopped_system_can_be_read_and_closed(void **state)
{
    (void)state;
    sim_each_seed(stopped_system);
}

static void
ends(struct sim *sim)
{
    akt_ref echo = spawn_echo(sim);
    akt_probe *p = open_quiet(sim);
    uint64_t start = akt_now_ns(sim->me);

    assert_err(akt_expect_end(p, AKT_MS(5), echo), AKT_ETIMEOUT);
    assert_non_null(strstr(told, " to end within 5 ms, but it is still there"));
    assert_int_equal(akt_now_ns(sim->me), start + AKT_MS(5));
    assert_ok(akt_stop(sim->me, echo));
    assert_ok(akt_expect_end(p, AKT_MS(5), echo));
    assert_int_equal(akt_now_ns(sim->me), start + AKT_MS(5));
    akt_probe_close(p);
}

static void
test_expect_end_waits_for_the_end(void **state)
{
    (void)state;
    sim_each_seed(ends);
}

static akt_err
open_in_handler(akt_self *self, struct echo *e, const struct act *m)
{
    akt_probe *p = NULL;

    (void)e;
    (void)m;
    assert_err(akt_probe_open(self, NULL, &p), AKT_ECONTEXT);
    sim_note(1);
    return AKT_OK;
}
AKT_CLASS(opener, struct echo, AKT_ON(act, open_in_handler));

static void
refused(struct sim *sim)
{
    akt_probe_opts opts = AKT_PROBE_OPTS_INIT;
    akt_probe *p = NULL;
    akt_ref ref;

    assert_ok(akt_spawn(sim->me, opener, &ref));
    sim_do(sim, ref, NULL, NULL);
    assert_notes(1);
    opts.capacity = (1u << 20) + 1;
    assert_err(akt_probe_open(sim->me, &opts, &p), AKT_EINVAL);
    opts = AKT_PROBE_OPTS_INIT;
    opts.record = (1u << 20) + 1;
    assert_err(akt_probe_open(sim->me, &opts, &p), AKT_EINVAL);
    opts = AKT_PROBE_OPTS_INIT;
    opts.size--;
    assert_err(akt_probe_open(sim->me, &opts, &p), AKT_EINVAL);
    assert_ok(akt_system_stop(sim->system, 0));
    assert_err(akt_probe_open(sim->me, NULL, &p), AKT_ESTOPPED);
    assert_null(p);
}

static void
test_open_is_refused_where_it_cannot_be(void **state)
{
    (void)state;
    sim_in_order(refused);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        sim_test(test_record_has_a_line_for_each_message),
        sim_test(test_what_a_full_probe_loses_fails_an_expectation),
        sim_test(test_local_messages_are_freed_once),
        sim_test(test_close_ends_the_actor),
        sim_test(test_expect_of_a_probe_that_was_stopped_says_so),
        sim_test(test_probe_of_a_stopped_system_can_be_read_and_closed),
        sim_test(test_expect_end_waits_for_the_end),
        sim_test(test_open_is_refused_where_it_cannot_be),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
