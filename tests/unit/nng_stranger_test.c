/* SPDX-License-Identifier: MIT */
/* A program that knows nothing of akt (nngcat) talks to sockets, each way. */
#include "tests/support/net.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Runs nngcat and gives what it prints. */
static void
run_nngcat(const char *how, const char *url, char *out, size_t size)
{
    char command[512];
    FILE *f;
    size_t n;

    (void)snprintf(command, sizeof(command), "nngcat %s --dial %s 2>&1", how,
                   url);
    f = popen(command, "r");
    assert_non_null(f);
    n = fread(out, 1, size - 1, f);
    out[n] = '\0';
    if (pclose(f) != 0) {
        fail_msg("%s: %s", command, out);
    }
}

static int
skip_without_nngcat(void)
{
    return system("command -v nngcat >/dev/null 2>&1") != 0;
}

static void
test_stranger_pushes(void **state)
{
    struct net net;
    akt_nng pull;
    char out[256];

    (void)state;
    if (skip_without_nngcat()) {
        skip();
    }
    net_begin(&net);
    pull = net_open(&net, AKT_NNG_PULL, net.a);
    net_listen(&net, pull, net_address(&net, "tcp"));
    run_nngcat("--push --data hello", net.url, out, sizeof(out));
    net_expect(net.a, "hello");
    net_end(&net);
}

struct echo {
    int64_t n;
};

static akt_err
on_request(akt_self *self, struct echo *e, const struct akt_nng_request *m)
{
    e->n++;
    return akt_reply(self, m, .data = m->data);
}
AKT_CLASS(echo, struct echo, AKT_ON(akt_nng_request, on_request));

static void
test_stranger_asks(void **state)
{
    akt_nng_opts opts = {.protocol = AKT_NNG_REP};
    struct net net;
    akt_nng rep;
    char out[256];

    (void)state;
    if (skip_without_nngcat()) {
        skip();
    }
    net_begin(&net);
    assert_ok(akt_spawn(net.me, echo, &opts.to));
    rep = net_open_with(&net, &opts);
    net_listen(&net, rep, net_address(&net, "ipc"));
    run_nngcat("--req --ascii --data question", net.url, out, sizeof(out));
    assert_non_null(strstr(out, "question"));
    net_end(&net);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stranger_pushes),
        cmocka_unit_test(test_stranger_asks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
