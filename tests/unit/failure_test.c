/* SPDX-License-Identifier: MIT */
/* The error object: its words, its causes, and how it travels with an answer. */
#include "akt/failure.h"
#include "tests/support/sim.h"

#include <errno.h>
#include <string.h>

#define EOWN ((akt_err)(AKT_EUSER + 3))

/* --- the value --- */

static void
test_set_keeps_code_and_words(void **state)
{
    akt_error e = AKT_ERROR_NONE;

    (void)state;
    assert_err(akt_error_set(&e, AKT_EINVAL, "port %d is too large", 70000),
               AKT_EINVAL);
    assert_int_equal(e.code, AKT_EINVAL);
    assert_int_equal(e.errnum, 0);
    assert_string_equal(e.text, "port 70000 is too large");
    assert_int_equal(e.length, strlen(e.text));
    assert_err(akt_error_cause(&e, 0), AKT_EINVAL);
    assert_err(akt_error_cause(&e, 1), AKT_OK);
}

static void
test_set_without_words_says_the_sentence_of_the_code(void **state)
{
    akt_error e = AKT_ERROR_NONE;

    (void)state;
    assert_err(akt_error_set(&e, AKT_EFULL, NULL), AKT_EFULL);
    assert_string_equal(e.text, akt_err_text(AKT_EFULL));
}

static void
test_errno_becomes_a_code_and_words(void **state)
{
    akt_error e = AKT_ERROR_NONE;

    (void)state;
    assert_err(akt_error_set_errno(&e, ENOENT, "open %s", "/etc/x"),
               AKT_ENOENT);
    assert_int_equal(e.errnum, ENOENT);
    assert_string_equal(e.text, "open /etc/x: No such file or directory");
    assert_err(akt_error_set_errno(&e, EPIPE, NULL), AKT_EIO);
    assert_string_equal(e.text, "Broken pipe");
    assert_int_equal(e.errnum, EPIPE);
}

static void
test_every_errno_of_the_list_has_its_code(void **state)
{
    static const struct {
        int errnum;
        akt_err code;
    } rows[] = {{0, AKT_OK},
                {ENOENT, AKT_ENOENT},
                {EACCES, AKT_EACCES},
                {EPERM, AKT_EACCES},
                {EROFS, AKT_EACCES},
                {EEXIST, AKT_EEXIST},
                {EISDIR, AKT_EISDIR},
                {ENOTDIR, AKT_ENOTDIR},
                {ENOTEMPTY, AKT_ENOTEMPTY},
                {ENOSPC, AKT_ENOSPC},
                {EDQUOT, AKT_ENOSPC},
                {EMFILE, AKT_EMFILE},
                {ENFILE, AKT_EMFILE},
                {ENOMEM, AKT_ENOMEM},
                {EFBIG, AKT_ESIZE},
                {EINVAL, AKT_EINVAL},
                {ENAMETOOLONG, AKT_EINVAL},
                {ETIMEDOUT, AKT_ETIMEOUT},
                {EIO, AKT_EIO},
                {ELOOP, AKT_EIO},
                {-1, AKT_EIO},
                {99999, AKT_EIO}};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_err(akt_err_of_errno(rows[i].errnum), rows[i].code);
    }
}

static void
test_wrap_puts_words_in_front_and_keeps_the_causes(void **state)
{
    akt_error e = AKT_ERROR_NONE;

    (void)state;
    akt_ignore(akt_error_set_errno(&e, ENOENT, "open %s", "/etc/x"));
    assert_err(akt_error_wrap(&e, AKT_ENOENT, "load config"), AKT_ENOENT);
    assert_err(akt_error_wrap(&e, EOWN, "start %s", "web"), EOWN);
    assert_string_equal(e.text,
                        "start web: load config: open /etc/x: No such file or "
                        "directory");
    assert_int_equal(e.code, EOWN);
    assert_int_equal(e.errnum, ENOENT);
    assert_int_equal(e.count, 3);
    assert_int_equal(akt_error_cause(&e, 0), EOWN);
    assert_err(akt_error_cause(&e, 1), AKT_ENOENT);
    assert_err(akt_error_cause(&e, 2), AKT_ENOENT);
    assert_err(akt_error_cause(&e, 3), AKT_OK);
    assert_string_equal(akt_error_cause_text(&e, 1),
                        "load config: open /etc/x: No such file or directory");
    assert_string_equal(akt_error_cause_text(&e, 2),
                        "open /etc/x: No such file or directory");
    assert_string_equal(akt_error_cause_text(&e, 3), "");
    assert_true(akt_error_is(&e, AKT_ENOENT));
    assert_true(akt_error_is(&e, EOWN));
    assert_false(akt_error_is(&e, AKT_EIO));
}

static void
test_wrap_of_an_unwritten_error_says_the_code(void **state)
{
    akt_error e = AKT_ERROR_NONE;

    (void)state;
    assert_err(akt_error_wrap(&e, AKT_EFULL, "ask the pool"), AKT_EFULL);
    assert_string_equal(e.text,
                        "ask the pool: the queue is at its bound; try later "
                        "or slow down");
    assert_err(akt_error_wrap(&e, AKT_OK, "nothing"), AKT_OK);
    assert_int_equal(e.count, 2);
}

static void
test_null_error_is_allowed_everywhere(void **state)
{
    (void)state;
    assert_err(akt_error_set(NULL, AKT_EINVAL, "x"), AKT_EINVAL);
    assert_err(akt_error_set_errno(NULL, ENOENT, "x"), AKT_ENOENT);
    assert_err(akt_error_wrap(NULL, AKT_EIO, "x"), AKT_EIO);
    assert_err(akt_error_cause(NULL, 0), AKT_OK);
    assert_string_equal(akt_error_cause_text(NULL, 0), "");
    assert_false(akt_error_is(NULL, AKT_EIO));
}

static void
test_long_words_are_cut_and_say_so(void **state)
{
    akt_error e = AKT_ERROR_NONE;
    char words[1000];
    size_t n;

    (void)state;
    memset(words, 'w', sizeof(words) - 1);
    words[sizeof(words) - 1] = '\0';
    for (n = AKT_ERROR_TEXT_SIZE - 3; n < AKT_ERROR_TEXT_SIZE + 3; n++) {
        akt_ignore(akt_error_set(&e, AKT_EIO, "%.*s", (int)n, words));
        assert_int_equal(e.length, strlen(e.text));
        assert_int_equal(e.length,
                         n < AKT_ERROR_TEXT_SIZE ? n : AKT_ERROR_TEXT_SIZE - 1);
        assert_int_equal(e.text[e.length - 1],
                         n < AKT_ERROR_TEXT_SIZE ? 'w' : '.');
    }
    akt_ignore(akt_error_set_errno(&e, ENOENT, "open %s", words));
    assert_int_equal(e.length, AKT_ERROR_TEXT_SIZE - 1);
    assert_non_null(strstr(e.text, "www...: No such file or directory"));
}

/* Whatever is put in front, the innermost words and codes stay. */
static void
test_wrap_for_ever_keeps_the_innermost(void **state)
{
    akt_error e = AKT_ERROR_NONE;
    unsigned i;

    (void)state;
    akt_ignore(akt_error_set(&e, AKT_EACCES, "the innermost"));
    for (i = 0; i < 1000; i++) {
        const char *inner = "the innermost";

        akt_ignore(
            akt_error_wrap(&e, (akt_err)(AKT_EUSER + (int)i), "level %u", i));
        assert_int_equal(e.length, strlen(e.text));
        assert_true(e.length < AKT_ERROR_TEXT_SIZE);
        assert_string_equal(e.text + e.length - strlen(inner), inner);
        assert_int_equal(e.code, AKT_EUSER + (int)i);
        assert_int_equal(akt_error_cause(&e, 0), e.code);
        assert_err(akt_error_cause(&e, e.count - 1u), AKT_EACCES);
        assert_string_equal(akt_error_cause_text(&e, e.count - 1u), inner);
    }
    assert_int_equal(e.count, AKT_ERROR_CAUSES);
    assert_string_equal(akt_error_cause_text(&e, AKT_ERROR_CAUSES - 2u),
                        "level 0: the innermost");
}

static akt_err
inner(int n, akt_error *error)
{
    return n == 0 ? AKT_OK : akt_error_set(error, AKT_EIO, "inner %d", n);
}

static akt_err
outer(int n, int *passed, akt_error *error)
{
    AKT_TRY_WRAP(inner(n, error), error, "outer %d", n);
    *passed += 1;
    return AKT_OK;
}

static void
test_try_wrap_leaves_with_words_in_front(void **state)
{
    akt_error e = AKT_ERROR_NONE;
    int passed = 0;

    (void)state;
    assert_ok(outer(0, &passed, &e));
    assert_int_equal(passed, 1);
    assert_err(outer(4, &passed, &e), AKT_EIO);
    assert_string_equal(e.text, "outer 4: inner 4");
    assert_int_equal(passed, 1);
}

/* --- on its way --- */

#define NUMBER(F) F(i64, n)
AKT_MESSAGE(result, NUMBER);
AKT_REQUEST(query, NUMBER, result);

enum {
    REPLY_FAILURE,
    KEEP,
    PLAIN,
    NOT_AN_ERROR,
    TWICE,
    NO_WORDS,
    NO_MEMORY,
    SILENT
};

struct server {
    akt_promise_of(query) kept;
};

/* With something in every field. */
static akt_error
whole(void)
{
    akt_error e = AKT_ERROR_NONE;

    akt_ignore(akt_error_set_errno(&e, ENOENT, "open %s", "/etc/x"));
    akt_ignore(akt_error_wrap(&e, AKT_EINVAL, "load config"));
    akt_ignore(akt_error_wrap(&e, EOWN, "start"));
    return e;
}

static akt_err
fail_kept(akt_self *self, void *arg)
{
    struct server *s = arg;
    akt_error none = AKT_ERROR_NONE;
    akt_error e = whole();

    assert_err(akt_promise_fail_with(self, &s->kept.promise, &none),
               AKT_EINVAL);
    assert_ok(akt_promise_fail_with(self, &s->kept.promise, &e));
    assert_err(akt_promise_fail_with(self, &s->kept.promise, &e), AKT_EENDED);
    return AKT_OK;
}

static akt_err
on_query(akt_self *self, struct server *s, const struct query *m)
{
    akt_error none = AKT_ERROR_NONE;
    akt_error e = whole();

    switch (m->n) {
    case REPLY_FAILURE:
        return akt_reply_failure(self, &e);
    case KEEP:
        return akt_keep(self, m, &s->kept);
    case PLAIN:
        return akt_reply_error(self, EOWN, "plain words");
    case NOT_AN_ERROR:
        assert_err(akt_reply_failure(self, &none), AKT_EINVAL);
        return akt_reply(self, m, .n = 5);
    case TWICE:
        assert_ok(akt_reply_failure(self, &e));
        assert_err(akt_reply_failure(self, &e), AKT_EENDED);
        return AKT_OK;
    case NO_WORDS:
        return akt_reply_error(self, AKT_EFULL, NULL);
    case NO_MEMORY:
        assert_ok(akt_sim_fault_at(akt_self_system(self), AKT_FAULT_ALLOC, 1));
        return akt_reply_failure(self, &e);
    default:
        return AKT_OK;
    }
}

static akt_err
on_act(akt_self *self, struct server *s, const struct act *m)
{
    return m->fn(self, s);
}

AKT_CLASS(server, struct server, AKT_ON(query, on_query), AKT_ON(act, on_act));

/* What the asker gets. */
static akt_err
ask(struct sim *sim, int64_t n, akt_error *error)
{
    akt_answer *answer;
    akt_future f;
    akt_ref ref;
    akt_err err;

    assert_ok(akt_spawn(sim->me, server, &ref, .kept = {{NULL, 0}}));
    assert_ok(akt_ask(sim->me, ref, &f, query, .n = n));
    if (n == KEEP) {
        sim_act(sim, ref, fail_kept, NULL);
    }
    assert_ok(akt_wait(sim->me, f, &answer));
    assert_err(akt_answer_error(answer, NULL), answer->error);
    err = akt_answer_error(answer, error);
    akt_answer_free(sim->me, answer);
    return err;
}

static void
assert_same(const akt_error *a, const akt_error *b)
{
    unsigned i;

    assert_int_equal(a->code, b->code);
    assert_int_equal(a->errnum, b->errnum);
    assert_int_equal(a->count, b->count);
    assert_string_equal(a->text, b->text);
    assert_int_equal(a->length, b->length);
    for (i = 0; i < a->count; i++) {
        assert_int_equal(akt_error_cause(a, i), akt_error_cause(b, i));
        assert_string_equal(akt_error_cause_text(a, i),
                            akt_error_cause_text(b, i));
    }
}

static void
travels(struct sim *sim)
{
    const int64_t ways[] = {REPLY_FAILURE, KEEP, TWICE};
    akt_error sent = whole();
    size_t i;

    for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        akt_error got = AKT_ERROR_NONE;

        assert_int_equal(ask(sim, ways[i], &got), EOWN);
        assert_same(&got, &sent);
    }
}

static void
test_error_travels_with_all_it_has(void **state)
{
    (void)state;
    sim_each_seed(travels);
}

static void
other_ends(struct sim *sim)
{
    akt_error got = AKT_ERROR_NONE;

    assert_ok(ask(sim, NOT_AN_ERROR, &got));
    assert_int_equal(got.code, AKT_OK);
    assert_int_equal(ask(sim, PLAIN, &got), EOWN);
    assert_string_equal(got.text, "plain words");
    assert_int_equal(got.count, 1);
    assert_int_equal(got.errnum, 0);
    assert_err(ask(sim, NO_WORDS, &got), AKT_EFULL);
    assert_string_equal(got.text, akt_err_text(AKT_EFULL));
    assert_err(ask(sim, SILENT, &got), AKT_EBROKEN);
    assert_string_equal(got.text, akt_err_text(AKT_EBROKEN));
}

static void
test_every_other_end_is_an_error_with_its_sentence(void **state)
{
    (void)state;
    sim_each_seed(other_ends);
}

/* Out of memory the code arrives, and its sentence. */
static void
out_of_memory(struct sim *sim)
{
    akt_error got = AKT_ERROR_NONE;

    assert_int_equal(ask(sim, NO_MEMORY, &got), EOWN);
    assert_int_equal(got.count, 1);
    assert_string_equal(got.text, akt_err_text(EOWN));
    assert_int_equal(akt_sim_faults(sim->system, AKT_FAULT_ALLOC).fired, 1);
}

static void
test_error_without_memory_arrives_as_its_code(void **state)
{
    (void)state;
    sim_in_order(out_of_memory);
}

static akt_err
reply_outside(akt_self *self, void *arg)
{
    akt_error e = whole();

    (void)arg;
    return akt_reply_failure(self, &e);
}

static void
outside(struct sim *sim)
{
    assert_err(reply_outside(sim->me, NULL), AKT_ECONTEXT);
}

static void
test_reply_failure_outside_a_handler_is_refused(void **state)
{
    (void)state;
    sim_in_order(outside);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set_keeps_code_and_words),
        cmocka_unit_test(test_set_without_words_says_the_sentence_of_the_code),
        cmocka_unit_test(test_errno_becomes_a_code_and_words),
        cmocka_unit_test(test_every_errno_of_the_list_has_its_code),
        cmocka_unit_test(test_wrap_puts_words_in_front_and_keeps_the_causes),
        cmocka_unit_test(test_wrap_of_an_unwritten_error_says_the_code),
        cmocka_unit_test(test_null_error_is_allowed_everywhere),
        cmocka_unit_test(test_long_words_are_cut_and_say_so),
        cmocka_unit_test(test_wrap_for_ever_keeps_the_innermost),
        cmocka_unit_test(test_try_wrap_leaves_with_words_in_front),
        sim_test(test_error_travels_with_all_it_has),
        sim_test(test_every_other_end_is_an_error_with_its_sentence),
        sim_test(test_error_without_memory_arrives_as_its_code),
        sim_test(test_reply_failure_outside_a_handler_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
