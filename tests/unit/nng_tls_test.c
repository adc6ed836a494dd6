/* SPDX-License-Identifier: MIT */
/*
 * Sockets with certificates: who is vouched for is heard, who is not is told why,
 * and the one who listens goes on.
 */
#include "actors/net/address.h"
#include "tests/support/net.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct secure {
    struct net net;
    char names[5][FOLDER_PATH];
};

static const char *
pem(struct secure *t, unsigned i, const char *name)
{
    (void)snprintf(t->names[i], sizeof(t->names[i]), "%s/%s",
                   t->net.folder.path, name);
    return t->names[i];
}

static void
begin_with(struct secure *t, const char *more)
{
    char command[2 * FOLDER_PATH + 64];

    net_begin(&t->net);
    (void)snprintf(command, sizeof(command), "sh %s %s %s >%s/log 2>&1",
                   AKT_CERTS, t->net.folder.path, more, t->net.folder.path);
    assert_int_equal(system(command), 0);
}

static void
begin(struct secure *t)
{
    begin_with(t, "");
}

static akt_nng
open_with(struct secure *t, akt_nng_protocol protocol, const akt_nng_tls *tls,
          akt_probe *to)
{
    akt_nng_opts opts = {.protocol = protocol,
                         .tls = tls,
                         .to = to != NULL ? akt_probe_ref(to) : AKT_REF_NONE};

    return net_open_with(&t->net, &opts);
}

/* A PULL socket that listens with this certificate. */
static akt_nng
serve(struct secure *t, const char *name, bool mutual, const char *url)
{
    char key[64];
    akt_nng_tls tls = {.mutual = mutual};
    akt_nng s;

    (void)snprintf(key, sizeof(key), "%s.key", name);
    tls.key = pem(t, 0, key);
    (void)snprintf(key, sizeof(key), "%s.pem", name);
    tls.cert = pem(t, 1, key);
    tls.ca = pem(t, 2, "ca.pem");
    s = open_with(t, AKT_NNG_PULL, &tls, t->net.a);
    net_listen(&t->net, s, url);
    return s;
}

static const char *const urls[] = {"tls+tcp://127.0.0.1:0",
                                   "wss://127.0.0.1:0/way"};

/* Dials what serves; says what went wrong in net.error. */
static akt_err
visit(struct secure *t, const char *ca, const char *server_name,
      const char *own, akt_nng *out)
{
    char name[64];
    akt_nng_tls tls = {.ca = pem(t, 2, ca), .server_name = server_name};

    if (own != NULL) {
        (void)snprintf(name, sizeof(name), "%s.pem", own);
        tls.cert = pem(t, 3, name);
        (void)snprintf(name, sizeof(name), "%s.key", own);
        tls.key = pem(t, 4, name);
    }
    *out = open_with(t, AKT_NNG_PUSH, &tls, NULL);
    return net_try_dial(&t->net, *out, t->net.url, true);
}

static void
assert_refused(struct secure *t, akt_err err)
{
    if (err != AKT_EACCES) {
        print_error("%s: %s\n", akt_err_name(err), t->net.error.text);
    }
    assert_err(err, AKT_EACCES);
    assert_non_null(strstr(t->net.error.text, "certificate"));
    assert_non_null(strstr(t->net.error.text, t->net.url));
}

static void
test_messages_come_to_whom_the_authority_vouches_for(void **state)
{
    unsigned i;

    (void)state;
    for (i = 0; i < 2; i++) {
        struct secure t;
        akt_nng client;

        begin(&t);
        (void)serve(&t, "server", false, urls[i]);
        assert_ok(visit(&t, "ca.pem", "localhost", NULL, &client));
        net_send(&t.net, client, "a secret");
        net_expect(t.net.a, "a secret");
        net_end(&t.net);
    }
}

static void
test_strange_names_and_authorities_are_refused(void **state)
{
    struct secure t;
    akt_nng client;

    (void)state;
    begin(&t);
    (void)serve(&t, "server", false, "tls+tcp://127.0.0.1:0");
    assert_refused(&t, visit(&t, "other.pem", "localhost", NULL, &client));
    assert_refused(&t, visit(&t, "ca.pem", "elsewhere", NULL, &client));
    /* Who listens has not suffered. */
    assert_ok(visit(&t, "ca.pem", "localhost", NULL, &client));
    net_send(&t.net, client, "still there");
    net_expect(t.net.a, "still there");
    net_end(&t.net);
}

/* A certificate of the same authority for somebody else proves nothing. */
static void
test_name_is_that_of_the_address_unless_said(void **state)
{
    unsigned i;

    (void)state;
    for (i = 0; i < 2; i++) {
        struct secure t;
        akt_nng client;

        begin(&t);
        (void)serve(&t, "server", false, urls[i]);
        assert_refused(&t, visit(&t, "ca.pem", NULL, NULL, &client));
        assert_non_null(strstr(t.net.error.text, "'127.0.0.1'"));
        (void)serve(&t, "digits", false, urls[i]);
        assert_ok(visit(&t, "ca.pem", NULL, NULL, &client));
        net_send(&t.net, client, "for you");
        net_expect(t.net.a, "for you");
        net_end(&t.net);
    }
}

static void
test_host_of_an_address(void **state)
{
    static const char *const hosts[][2] = {
        {"tls+tcp://a.example:5000", "a.example"},
        {"wss://a.example/way:7", "a.example"},
        {"wss://a.example?b", "a.example"},
        {"tls+tcp6://[::1]:5000", "::1"},
        {"tls+tcp://[::1", "::1"},
        {"tls+tcp://:5000", ""},
        {"tls+tcp://[", ""},
    };
    char host[AKTI_NET_URL_SIZE];
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        akti_address_host(hosts[i][0], host);
        assert_string_equal(host, hosts[i][1]);
    }
}

static void
test_expired_certificates_are_refused(void **state)
{
    struct secure t;
    akt_nng client;

    (void)state;
    begin(&t);
    (void)serve(&t, "old", false, "tls+tcp://127.0.0.1:0");
    assert_refused(&t, visit(&t, "ca.pem", "localhost", NULL, &client));
    net_end(&t.net);
}

static void
test_mutual_wants_certificates_of_those_who_dial(void **state)
{
    struct secure t;
    akt_nng client;
    akt_nng stranger;

    (void)state;
    begin(&t);
    (void)serve(&t, "server", true, "tls+tcp://127.0.0.1:0");
    assert_refused(&t, visit(&t, "ca.pem", "localhost", NULL, &stranger));
    /* It is no peer that may come yet. */
    assert_err(net_try_dial(&t.net, stranger, t.net.url, false), AKT_EACCES);
    assert_ok(visit(&t, "ca.pem", "localhost", "client", &client));
    net_send(&t.net, client, "it is me");
    net_expect(t.net.a, "it is me");
    net_end(&t.net);
}

/* What is wrong with the files is said when the socket is opened; NULL: nothing. */
static void
open_says(struct secure *t, const char *ca, const char *cert, const char *key,
          const char *words)
{
    akt_nng_tls tls = {.ca = ca != NULL ? pem(t, 0, ca) : NULL,
                       .cert = cert != NULL ? pem(t, 1, cert) : NULL,
                       .key = key != NULL ? pem(t, 2, key) : NULL};
    akt_nng_opts opts = {AKT_NNG_PUSH, .tls = &tls};
    akt_error error = AKT_ERROR_NONE;
    akt_err err;
    akt_nng s;

    err = akt_nng_open(t->net.me, &opts, &s, &error);
    if (words == NULL ? err != AKT_OK : strstr(error.text, words) == NULL) {
        fail_msg("%s, %s: '%s', not '%s'", cert, key, error.text, words);
    }
    assert_err(err, words == NULL ? AKT_OK : AKT_EINVAL);
}

static void
test_key_that_does_not_fit_is_named(void **state)
{
    struct secure t;

    (void)state;
    begin_with(&t, "keys");
    open_says(&t, NULL, "server.pem", "server.key", NULL);
    open_says(&t, NULL, "server.pem", "server.p8", NULL);
    open_says(&t, NULL, "rsa.pem", "rsa.p1", NULL);
    open_says(&t, NULL, "rsa.pem", "rsa.p8", NULL);
    open_says(&t, NULL, "both.pem", NULL, NULL);
    open_says(&t, NULL, "server.pem", "client.key",
              "client.key: not the key of the certificate in ");
    open_says(&t, NULL, "client.pem", "server.p8", "server.p8: not the key");
    open_says(&t, NULL, "server.pem", "rsa.p1", "rsa.p1: not the key");
    open_says(&t, NULL, "rsa.pem", "server.key", "server.key: not the key");
    open_says(&t, NULL, "server.pem", "server.locked", "with a password");
    open_says(&t, NULL, "server.pem", "client.pem", "client.pem: no private");
    open_says(&t, NULL, "server.pem", NULL, "server.pem: no private key");
    open_says(&t, NULL, "server.key", "server.key", "no certificate");
    open_says(&t, "ca.key", NULL, NULL, "ca.key: no certificate");
    open_says(&t, "ca.pem", NULL, "server.key", "tls.key");
    open_says(&t, NULL, NULL, NULL, "neither");
    net_end(&t.net);
}

/* Who listens needs a certificate, and who dials somebody to trust. */
static void
test_what_is_missing_for_an_address_is_named(void **state)
{
    akt_nng_tls tls = {0};
    struct secure t;
    akt_nng s;

    (void)state;
    begin(&t);
    tls.ca = pem(&t, 0, "ca.pem");
    s = open_with(&t, AKT_NNG_PUSH, &tls, NULL);
    assert_err(net_try_listen(&t.net, s, "tls+tcp://127.0.0.1:0"), AKT_EINVAL);
    assert_non_null(strstr(t.net.error.text, "tls.cert"));
    tls = (akt_nng_tls){.cert = pem(&t, 1, "server.pem"),
                        .key = pem(&t, 2, "server.key")};
    s = open_with(&t, AKT_NNG_PUSH, &tls, NULL);
    net_listen(&t.net, s, "wss://127.0.0.1:0");
    assert_err(net_try_dial(&t.net, s, t.net.url, false), AKT_EINVAL);
    assert_non_null(strstr(t.net.error.text, "tls.ca"));
    net_end(&t.net);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages_come_to_whom_the_authority_vouches_for),
        cmocka_unit_test(test_strange_names_and_authorities_are_refused),
        cmocka_unit_test(test_name_is_that_of_the_address_unless_said),
        cmocka_unit_test(test_host_of_an_address),
        cmocka_unit_test(test_expired_certificates_are_refused),
        cmocka_unit_test(test_mutual_wants_certificates_of_those_who_dial),
        cmocka_unit_test(test_key_that_does_not_fit_is_named),
        cmocka_unit_test(test_what_is_missing_for_an_address_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
