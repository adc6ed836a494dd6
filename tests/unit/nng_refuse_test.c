/* SPDX-License-Identifier: MIT */
/* Wrong addresses, options and certificates, and strangers that send anything. */
#include "actors/base/fault.h"
#include "tests/support/net.h"
#include "tests/support/stranger.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The last error has this code, and its sentence these words. */
static void
says(const struct net *net, akt_err err, akt_err code, const char *words)
{
    if (err != code || strstr(net->error.text, words) == NULL) {
        print_error("%d: %s\n", (int)err, net->error.text);
    }
    assert_err(err, code);
    assert_non_null(strstr(net->error.text, words));
}

/* First of all: no thread that opens is there yet. */
static void
test_thread_refused_is_named(void **state)
{
    struct net net;
    akt_nng pull;

    (void)state;
    net_begin(&net);
    pull = net_open(&net, AKT_NNG_PULL, net.a);
    akti_fault_set(AKTI_FAULT_THREAD, 0, 1);
    says(&net, net_try_listen(&net, pull, "tcp://127.0.0.1:0"), AKT_ETHREAD,
         "thread");
    net_listen(&net, pull, "tcp://127.0.0.1:0");
    net_end(&net);
}

static void
test_wrong_addresses_are_named(void **state)
{
    struct net net;
    akt_nng pull;
    akt_nng second;
    char url[AKT_NNG_URL_MAX + 2];

    (void)state;
    net_begin(&net);
    pull = net_open(&net, AKT_NNG_PULL, net.a);
    second = net_open(&net, AKT_NNG_PULL, net.a);
    says(&net, net_try_listen(&net, pull, ""), AKT_EINVAL, "not an address");
    says(&net, net_try_listen(&net, pull, "carrier://pigeon"), AKT_EINVAL,
         "listen on carrier://pigeon");
    says(&net, net_try_listen(&net, pull, "tcp://"), AKT_EINVAL, "nothing");
    says(&net, net_try_dial(&net, pull, "tcp://127.0.0.1:bad", true),
         AKT_EINVAL, "dial tcp://127.0.0.1:bad");
    says(&net, net_try_dial(&net, pull, "tcp://no-such-host.invalid:80", false),
         AKT_EINVAL, "nobody knows the host");
    says(&net, net_try_listen(&net, pull, "tls+tcp://127.0.0.1:0"), AKT_EINVAL,
         "without `tls`");
    net_listen(&net, pull, "tcp://127.0.0.1:0");
    says(&net, net_try_listen(&net, second, net.url), AKT_EEXIST, "in use");
    memset(url, 'x', sizeof(url) - 1);
    url[sizeof(url) - 1] = '\0';
    says(&net, net_try_listen(&net, pull, url), AKT_EINVAL, "127 characters");
    /* After all of that it is what it was. */
    second = net_open(&net, AKT_NNG_PUSH, NULL);
    net_dial(&net, second);
    net_send(&net, second, "still here");
    net_expect(net.a, "still here");
    net_end(&net);
}

static const char *const transports[] = {"inproc", "ipc", "tcp", "ws"};
#define TRANSPORTS (sizeof(transports) / sizeof(transports[0]))

/* Also where one looks again, because some socket's address may be free soon. */
static void
test_address_in_use_is_named_while_others_close(void **state)
{
    struct net net;
    akt_nng other;
    size_t i;
    int n;

    (void)state;
    net_begin(&net);
    for (i = 0; i < TRANSPORTS; i++) {
        net_listen(&net, net_open(&net, AKT_NNG_PULL, net.a),
                   net_address(&net, transports[i]));
        other = net_open(&net, AKT_NNG_PULL, net.a);
        for (n = 0; n < 10; n++) {
            akt_nng_close(net.me, net_open(&net, AKT_NNG_PUSH, NULL));
        }
        says(&net, net_try_listen(&net, other, net.url), AKT_EEXIST, "in use");
    }
    net_end(&net);
}

/* Whoever dialed the old one finds the new one. */
static void
test_closed_socket_s_address_is_free_at_once(void **state)
{
    struct net net;
    size_t i;

    (void)state;
    net_begin(&net);
    for (i = 0; i < TRANSPORTS; i++) {
        akt_nng_opts opts = {AKT_NNG_PULL, .to = akt_probe_ref(net.b),
                             .peers = true};
        akt_nng old = net_open(&net, AKT_NNG_PULL, net.a);
        akt_nng push = net_open(&net, AKT_NNG_PUSH, NULL);

        net_connect(&net, transports[i], old, push);
        net_send(&net, push, "to the old one");
        net_expect(net.a, "to the old one");
        akt_nng_close(net.me, old);
        net_listen(&net, net_open_with(&net, &opts), net.url);
        assert_non_null(akt_expect(net.b, NET_WITHIN, akt_nng_peer_up));
        net_send(&net, push, "to the new one");
        net_expect(net.b, "to the new one");
    }
    net_end(&net);
}

static void
test_dial_of_absent_peer(void **state)
{
    struct net net;
    akt_nng pull;
    akt_nng push;

    (void)state;
    net_begin(&net);
    push = net_open(&net, AKT_NNG_PUSH, NULL);
    pull = net_open(&net, AKT_NNG_PULL, net.a);
    (void)snprintf(net.url, sizeof(net.url), "%s", net_address(&net, "ipc"));
    assert_true(net_try_dial(&net, push, net.url, true) != AKT_OK);
    /* Dialed again until it is there. */
    assert_ok(net_try_dial(&net, push, net.url, false));
    net_listen(&net, pull, net.url);
    net_send(&net, push, "found you");
    net_expect(net.a, "found you");
    net_end(&net);
}

static void
test_folder_of_others_is_refused(void **state)
{
    struct net net;
    akt_nng pull;

    (void)state;
    net_begin(&net);
    pull = net_open(&net, AKT_NNG_PULL, net.a);
    assert_int_equal(chmod(net.folder.path, 0777), 0);
    says(&net, net_try_listen(&net, pull, net_address(&net, "ipc")), AKT_EACCES,
         "others may write");
    says(&net, net_try_listen(&net, pull, "ipc:///no/such/folder/s"),
         AKT_ENOENT, "/no/such/folder");
    assert_int_equal(chmod(net.folder.path, 0700), 0);
    net_listen(&net, pull, net_address(&net, "ipc"));
    net_end(&net);
}

static void
expect_refused(struct net *net, akt_nng_opts opts, akt_err code,
               const char *words)
{
    akt_nng s;

    net->error = AKT_ERROR_NONE;
    says(net, akt_nng_open(net->me, &opts, &s, &net->error), code, words);
}

/* Nobody's, for one who may do anything; all threads have them. */
static void
lose_rights(void)
{
    assert_true(geteuid() != 0 || seteuid(65534) == 0);
}

static void
regain_rights(void)
{
    assert_int_equal(seteuid(getuid()), 0);
}

static void
test_missing_rights_are_named(void **state)
{
    struct net net;
    akt_nng_tls tls = {0};
    akt_nng pull;
    akt_nng push;

    (void)state;
    net_begin(&net);
    pull = net_open(&net, AKT_NNG_PULL, net.a);
    push = net_open(&net, AKT_NNG_PUSH, NULL);
    net_listen(&net, pull, net_address(&net, "ipc"));
    folder_write(&net.folder, "secret.pem", "?", 1);
    tls.ca = folder_name(&net.folder, "secret.pem");
    assert_int_equal(chmod(tls.ca, 0), 0);
    assert_int_equal(chmod(net.url + strlen("ipc://"), 0), 0);
    assert_int_equal(chmod(net.folder.path, 0555), 0);
    lose_rights();
    expect_refused(&net, (akt_nng_opts){.protocol = AKT_NNG_PUSH, .tls = &tls},
                   AKT_EACCES, "secret.pem");
    says(&net, net_try_dial(&net, push, net.url, false), AKT_EACCES,
         "permission denied");
    says(&net, net_try_listen(&net, pull, net_address(&net, "ipc")), AKT_EACCES,
         "permission denied");
    regain_rights();
    assert_int_equal(chmod(net.folder.path, 0700), 0);
    net_end(&net);
}

static void
test_wrong_options_are_named(void **state)
{
    static const char *const topics[] = {"x", NULL};
    akt_nng_tls tls = {.ca = "/no/such/ca.pem"};
    struct net net;

    (void)state;
    net_begin(&net);
    expect_refused(&net, (akt_nng_opts){.protocol = 0}, AKT_EINVAL, "protocol");
    expect_refused(&net, (akt_nng_opts){.protocol = AKT_NNG_BUS + 1},
                   AKT_EINVAL, "protocol");
    expect_refused(&net,
                   (akt_nng_opts){.protocol = AKT_NNG_PUSH, .topics = topics},
                   AKT_EINVAL, "topics");
    expect_refused(&net, (akt_nng_opts){.protocol = AKT_NNG_PULL}, AKT_EINVAL,
                   "`to`");
    expect_refused(&net, (akt_nng_opts){.protocol = AKT_NNG_PUSH, .tls = &tls},
                   AKT_ENOENT, "/no/such/ca.pem");
    folder_write(&net.folder, "bad.pem", "no certificate", 14);
    tls.ca = folder_name(&net.folder, "bad.pem");
    expect_refused(&net, (akt_nng_opts){.protocol = AKT_NNG_PUSH, .tls = &tls},
                   AKT_EINVAL, "bad.pem");
    tls = (akt_nng_tls){.mutual = true, .cert = "x"};
    expect_refused(&net, (akt_nng_opts){.protocol = AKT_NNG_PUSH, .tls = &tls},
                   AKT_EINVAL, "tls.ca");
    net_end(&net);
}

/* A plain connection to where net_listen listens. */
static int
connect_to(const struct net *net)
{
    int fd = stranger_connect(net->url);

    assert_true(fd >= 0);
    return fd;
}

static void
say(int fd, const char *bytes, size_t size)
{
    assert_true(stranger_say(fd, bytes, size));
}

#define HOUR AKT_SECONDS(3600)
#define MOST ((size_t)256 << 20)

static void
test_options_are_taken_up_to_their_bounds(void **state)
{
    static const akt_nng_opts within = {.protocol = AKT_NNG_PUSH,
                                        .max_message = MOST,
                                        .window = 65536,
                                        .requests = 65536,
                                        .batch_bytes = MOST,
                                        .max_peers = 65536,
                                        .answer_ns = AKT_NEVER - 1,
                                        .redial_min_ns = AKT_MS(1),
                                        .redial_max_ns = HOUR};
    static const struct {
        akt_nng_opts opts;
        const char *words;
    } beyond[] = {{{.max_message = MOST + 1}, "max_message"},
                  {{.window = 65537}, "window"},
                  {{.requests = 65537}, "requests"},
                  {{.batch_bytes = MOST + 1}, "batch_bytes"},
                  {{.max_peers = 65537}, "max_peers"},
                  {{.answer_ns = AKT_NEVER}, "answer_ns"},
                  {{.redial_min_ns = AKT_MS(1) - 1}, "redial_min_ns"},
                  {{.redial_min_ns = HOUR + 1}, "redial_min_ns"},
                  {{.redial_max_ns = AKT_MS(1) - 1}, "redial_max_ns"},
                  {{.redial_max_ns = HOUR + 1}, "redial_max_ns"}};
    struct net net;
    size_t i;

    (void)state;
    net_begin(&net);
    (void)net_open_with(&net, &within);
    for (i = 0; i < sizeof(beyond) / sizeof(beyond[0]); i++) {
        akt_nng_opts opts = beyond[i].opts;

        opts.protocol = AKT_NNG_PUSH;
        expect_refused(&net, opts, AKT_EINVAL, beyond[i].words);
    }
    net_end(&net);
}

/* Whatever they send, or if they send nothing: a good peer is served meanwhile. */
static void
test_strangers_disturb_nobody(void **state)
{
    static const char huge[] = STRANGER_PUSH_HELLO "\x40\0\0\0\0\0\0\0";
    static const char large[] = STRANGER_PUSH_HELLO "\0\0\0\0\0\x20\0\0";
    struct net net;
    akt_nng pull;
    akt_nng push;
    int fds[60];
    int i;

    (void)state;
    net_begin(&net);
    pull = net_open(&net, AKT_NNG_PULL, net.a);
    push = net_open(&net, AKT_NNG_PUSH, NULL);
    net_listen(&net, pull, "tcp://127.0.0.1:0");
    for (i = 0; i < 60; i += 4) {
        fds[i] = connect_to(&net); /* says nothing */
        fds[i + 1] = connect_to(&net);
        say(fds[i + 1], "GET / HTTP/1.0\r\n\r\n", 18);
        fds[i + 2] = connect_to(&net);
        say(fds[i + 2], huge, sizeof(huge) - 1);
        fds[i + 3] = connect_to(&net);
        say(fds[i + 3], large, sizeof(large) - 1);
    }
    net_dial(&net, push);
    net_send(&net, push, "good");
    net_expect(net.a, "good");
    for (i = 0; i < 60; i++) {
        assert_int_equal(close(fds[i]), 0);
    }
    net_send(&net, push, "as ever");
    net_expect(net.a, "as ever");
    assert_int_equal(net_stats(&net, pull).received, 2);
    net_end(&net);
}

/* One byte too many ends the connection, before the bytes are there. */
static void
test_message_beyond_the_limit_ends_its_connection(void **state)
{
    static const char most[] = STRANGER_PUSH_HELLO "\0\0\0\0\0\0\x03\xe8";
    static const char more[] = STRANGER_PUSH_HELLO "\0\0\0\0\0\0\x03\xe9";
    akt_nng_opts opts = {.protocol = AKT_NNG_PULL, .max_message = 1000};
    struct net net;
    akt_nng pull;
    char text[1001];
    int large;
    int fits;

    (void)state;
    net_begin(&net);
    opts.to = akt_probe_ref(net.a);
    pull = net_open_with(&net, &opts);
    net_listen(&net, pull, "tcp://127.0.0.1:0");
    large = connect_to(&net);
    say(large, more, sizeof(more) - 1);
    assert_true(stranger_hears_end(large));
    fits = connect_to(&net);
    say(fits, most, sizeof(most) - 1);
    memset(text, 'x', 1000);
    text[1000] = '\0';
    say(fits, text, 1000);
    net_expect(net.a, text);
    assert_int_equal(close(large), 0);
    assert_int_equal(close(fits), 0);
    net_end(&net);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_thread_refused_is_named),
        cmocka_unit_test(test_wrong_addresses_are_named),
        cmocka_unit_test(test_address_in_use_is_named_while_others_close),
        cmocka_unit_test(test_closed_socket_s_address_is_free_at_once),
        cmocka_unit_test(test_dial_of_absent_peer),
        cmocka_unit_test(test_folder_of_others_is_refused),
        cmocka_unit_test(test_missing_rights_are_named),
        cmocka_unit_test(test_wrong_options_are_named),
        cmocka_unit_test(test_options_are_taken_up_to_their_bounds),
        cmocka_unit_test(test_strangers_disturb_nobody),
        cmocka_unit_test(test_message_beyond_the_limit_ends_its_connection),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
