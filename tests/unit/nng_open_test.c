/* SPDX-License-Identifier: MIT */
/* Sockets that listen and dial from the beginning: by threads, tasks and handlers. */
#include "actors/net/transport.h"
#include "tests/support/net.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void
open_fails(struct net *net, const akt_nng_opts *opts, akt_err err)
{
    akt_nng s = {0};

    net->error = AKT_ERROR_NONE;
    assert_err(akt_nng_open(net->me, opts, &s, &net->error), err);
    assert_int_equal(s.generation, 0);
    assert_err(net->error.code, err);
}

/* Threads of this process that nng has named. */
static uint32_t
threads_of_nng(void)
{
    DIR *dir = opendir("/proc/self/task");
    const struct dirent *entry;
    uint32_t n = 0;

    assert_non_null(dir);
    while ((entry = readdir(dir)) != NULL) {
        char path[64];
        char name[17] = "";
        FILE *f;

        (void)snprintf(path, sizeof(path), "/proc/self/task/%.16s/comm",
                       entry->d_name);
        f = fopen(path, "r");
        if (f != NULL) {
            n += fgets(name, sizeof(name), f) != NULL
                 && strncmp(name, "nng:", 4) == 0;
            (void)fclose(f);
        }
    }
    (void)closedir(dir);
    return n;
}

/* First of all: it is for programs that open none. */
static void
test_no_thread_of_nng_before_the_first_socket(void **state)
{
    struct net net;

    (void)state;
    net_begin(&net);
    assert_int_equal(threads_of_nng(), 0);
    (void)net_open(&net, AKT_NNG_PUSH, NULL);
    assert_true(threads_of_nng() > 0);
    net_end(&net);
}

static void
test_thread_opens_sockets_that_are_connected(void **state)
{
    static const char *const transports[] = {"tcp", "ipc", "inproc"};
    struct net net;
    size_t i;

    (void)state;
    net_begin(&net);
    for (i = 0; i < sizeof(transports) / sizeof(transports[0]); i++) {
        akt_nng_opts in = {AKT_NNG_PULL, .to = akt_probe_ref(net.a)};
        akt_nng_opts out = {AKT_NNG_PUSH, .once = true};
        akt_nng pull;
        akt_nng push;

        in.listen = net_address(&net, transports[i]);
        pull = net_open_with(&net, &in);
        out.dial = akt_nng_url(net.me, pull);
        push = net_open_with(&net, &out);
        assert_string_equal(akt_nng_url(net.me, push), out.dial);
        assert_null(strstr(out.dial, ":0"));
        net_send(&net, push, transports[i]);
        net_expect(net.a, transports[i]);
    }
    net_end(&net);
}

/* One that does both tells where it listens. */
static void
test_socket_listens_and_dials(void **state)
{
    akt_nng_opts opts = {.protocol = AKT_NNG_BUS};
    char url[AKT_NNG_URL_MAX + 1];
    struct net net;
    akt_nng first;
    akt_nng second;

    (void)state;
    net_begin(&net);
    opts.to = akt_probe_ref(net.a);
    opts.peers = true;
    opts.listen = net_address(&net, "inproc");
    first = net_open_with(&net, &opts);
    opts.dial = strcpy(url, opts.listen);
    opts.listen = net_address(&net, "inproc");
    second = net_open_with(&net, &opts);
    assert_string_equal(akt_nng_url(net.me, second), opts.listen);
    assert_non_null(akt_expect(net.a, NET_WITHIN, akt_nng_peer_up));
    assert_non_null(akt_expect(net.a, NET_WITHIN, akt_nng_peer_up));
    akt_nng_close(net.me, first);
    assert_string_equal(akt_nng_url(net.me, first), "");
    net_end(&net);
}

/* The port that was found stands where port 0 stood, and nowhere else. */
static void
test_port_is_told_whatever_follows_it(void **state)
{
    static const char *const urls[][2] = {{"tcp://127.0.0.1:0", ""},
                                          {"ws://127.0.0.1:0", ""},
                                          {"ws://127.0.0.1:0/", "/"},
                                          {"ws://127.0.0.1:0/a:0/", "/a:0/"}};
    struct net net;
    size_t i;

    (void)state;
    net_begin(&net);
    for (i = 0; i < 4; i++) {
        akt_nng_opts in = {AKT_NNG_PULL, .to = akt_probe_ref(net.a)};
        akt_nng_opts out = {AKT_NNG_PUSH, .once = true};
        char *path = NULL;

        in.listen = urls[i][0];
        out.dial = akt_nng_url(net.me, net_open_with(&net, &in));
        assert_int_not_equal(
            strtoul(out.dial + strlen(urls[i][0]) - 1 - strlen(urls[i][1]),
                    &path, 10),
            0);
        assert_string_equal(path, urls[i][1]);
        (void)net_open_with(&net, &out);
    }
    net_end(&net);
}

static void
test_open_without_an_address_has_none(void **state)
{
    akt_nng_opts opts = {.protocol = AKT_NNG_PUSH};
    struct net net;

    (void)state;
    net_begin(&net);
    assert_string_equal(akt_nng_url(net.me, net_open_with(&net, &opts)), "");
    net_end(&net);
}

/* The sentence names the address, and no socket is left behind. */
static void
test_open_at_a_wrong_address_says_which(void **state)
{
    akt_nng_opts opts = {.protocol = AKT_NNG_PUSH};
    char taken[AKT_NNG_URL_MAX + 1];
    struct net net;
    akt_nng s;

    (void)state;
    net_begin(&net);
    opts.listen = net_address(&net, "tcp");
    s = net_open_with(&net, &opts);
    (void)strcpy(taken, akt_nng_url(net.me, s));
    opts.listen = taken;
    open_fails(&net, &opts, AKT_EEXIST);
    assert_non_null(strstr(net.error.text, taken));
    opts.listen = NULL;
    opts.dial = "carrier://pigeon";
    open_fails(&net, &opts, AKT_EINVAL);
    assert_non_null(strstr(net.error.text, "carrier"));
    opts.dial = "inproc://nobody";
    opts.once = true;
    open_fails(&net, &opts, AKT_ECLOSED);
    assert_non_null(strstr(net.error.text, "inproc://nobody"));
    /* It listened before it dialed, and does no more. */
    opts.listen = net_address(&net, "ipc");
    open_fails(&net, &opts, AKT_ECLOSED);
    opts.dial = NULL;
    (void)net_open_with(&net, &opts);
    net_end(&net);
}

/* --- tasks and handlers --- */

static akt_err
open_in_task(akt_self *self, struct akt_nng_opts *opts)
{
    akt_error error = AKT_ERROR_NONE;
    akt_nng s;

    if (akt_nng_open(self, opts, &s, &error) != AKT_OK) {
        return akt_task_fail_with(self, &error);
    }
    return AKT_OK;
}
AKT_TASK(open_in_task, struct akt_nng_opts);

static void
test_task_opens_sockets_or_says_why_not(void **state)
{
    struct net net;
    akt_task task;

    (void)state;
    net_begin(&net);
    assert_ok(akt_task_spawn(net.me, open_in_task, &task,
                             .protocol = AKT_NNG_PUSH,
                             .listen = "inproc://task"));
    assert_ok(akt_join_with(net.me, task, &net.error));
    assert_ok(akt_task_spawn(net.me, open_in_task, &task,
                             .protocol = AKT_NNG_PUSH, .once = true,
                             .dial = "inproc://nobody"));
    assert_err(akt_join_with(net.me, task, &net.error), AKT_ECLOSED);
    assert_non_null(strstr(net.error.text, "inproc://nobody"));
    net_end(&net);
}

#define CODE(F) F(i32, code)
AKT_MESSAGE(outcome, CODE);
AKT_SIGNAL_REQUEST(try_to_open, outcome);

struct opener {
    char unused;
};

/* What cannot be waited for is not begun. */
static akt_err
on_try_to_open(akt_self *self, struct opener *o, const struct try_to_open *m)
{
    akt_nng_opts opts = {AKT_NNG_PULL, .listen = "inproc://handler"};
    akt_error error = AKT_ERROR_NONE;
    akt_nng s;
    akt_err err = akt_nng_open(self, &opts, &s, &error);

    (void)o;
    if (strstr(error.text, "akt_nng_listen") == NULL) {
        return AKT_EFORMAT;
    }
    return akt_reply(self, m, .code = (int32_t)err);
}
AKT_CLASS(opener, struct opener, AKT_ON(try_to_open, on_try_to_open));

static void
test_handler_cannot_wait_for_an_address(void **state)
{
    akt_nng_opts opts = {AKT_NNG_PUSH, .dial = "inproc://handler"};
    akt_answer *answer = NULL;
    struct net net;
    akt_future f;
    akt_ref ref;

    (void)state;
    net_begin(&net);
    assert_ok(akt_spawn(net.me, opener, &ref));
    assert_ok(akt_ask_within(net.me, NET_WITHIN, ref, &f, try_to_open));
    assert_ok(akt_wait(net.me, f, &answer));
    assert_non_null(akt_answer_as(answer, outcome));
    assert_err(akt_answer_as(answer, outcome)->code, AKT_ECONTEXT);
    akt_answer_free(net.me, answer);
    opts.once = true;
    open_fails(&net, &opts, AKT_ECLOSED);
    net_end(&net);
}

/* Whether a child of the process is refused, whatever system it asks by: one of its own
 * would have threads, which the thread sanitizer does not allow it. */
static bool
is_refused_in_child(akt_self *self)
{
    const akt_nng_opts opts = {.protocol = AKT_NNG_PUSH};
    const struct akti_net_config config = {.protocol = AKT_NNG_PUSH};
    struct akti_net *net;
    akt_nng s;

    return akt_nng_open(self, &opts, &s, NULL) == AKT_EFORK
           && akti_nng_transport.open(&config, NULL, &net, NULL) == AKT_EFORK;
}

static void
test_forked_child_opens_no_sockets(void **state)
{
    struct net net;
    int status;
    pid_t pid;

    (void)state;
    net_begin(&net);
    (void)net_open(&net, AKT_NNG_PUSH, NULL);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        _exit(is_refused_in_child(net.me) ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    net_end(&net);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_thread_of_nng_before_the_first_socket),
        cmocka_unit_test(test_thread_opens_sockets_that_are_connected),
        cmocka_unit_test(test_socket_listens_and_dials),
        cmocka_unit_test(test_port_is_told_whatever_follows_it),
        cmocka_unit_test(test_open_without_an_address_has_none),
        cmocka_unit_test(test_open_at_a_wrong_address_says_which),
        cmocka_unit_test(test_task_opens_sockets_or_says_why_not),
        cmocka_unit_test(test_handler_cannot_wait_for_an_address),
        cmocka_unit_test(test_forked_child_opens_no_sockets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
