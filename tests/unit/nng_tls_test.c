/* SPDX-License-Identifier: MIT */
/*
 * Sockets with certificates: who is vouched for is heard, who is not is told why,
 * and the one who listens goes on.
 */
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
begin(struct secure *t)
{
    char command[2 * FOLDER_PATH + 64];

    net_begin(&t->net);
    (void)snprintf(command, sizeof(command), "sh %s %s >%s/log 2>&1", AKT_CERTS,
                   t->net.folder.path, t->net.folder.path);
    assert_int_equal(system(command), 0);
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
    static const char *const urls[] = {"tls+tcp://127.0.0.1:0",
                                       "wss://127.0.0.1:0/way"};
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
    assert_true(visit(&t, "ca.pem", "localhost", NULL, &stranger) != AKT_OK);
    assert_true(strlen(t.net.error.text) > 0);
    assert_ok(visit(&t, "ca.pem", "localhost", "client", &client));
    net_send(&t.net, client, "it is me");
    net_expect(t.net.a, "it is me");
    net_end(&t.net);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages_come_to_whom_the_authority_vouches_for),
        cmocka_unit_test(test_strange_names_and_authorities_are_refused),
        cmocka_unit_test(test_expired_certificates_are_refused),
        cmocka_unit_test(test_mutual_wants_certificates_of_those_who_dial),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
