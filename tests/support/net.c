/* SPDX-License-Identifier: MIT */
#include "tests/support/net.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

void
net_begin(struct net *net)
{
    akt_system_opts opts = AKT_SYSTEM_OPTS_INIT;

    memset(net, 0, sizeof(*net));
    opts.workers = 2;
    assert_ok(akt_system_start(&opts, &net->system));
    assert_ok(akt_attach(net->system, &net->me));
    assert_ok(akt_probe_open(net->me, NULL, &net->a));
    assert_ok(akt_probe_open(net->me, NULL, &net->b));
    folder_open(&net->folder);
}

void
net_end(struct net *net)
{
    uint64_t failures = akt_probe_failures(net->a) + akt_probe_failures(net->b);

    akt_probe_close(net->a);
    akt_probe_close(net->b);
    akt_detach(net->me);
    assert_ok(akt_system_stop(net->system, 0));
    akt_system_destroy(net->system);
    folder_close(&net->folder);
    assert_int_equal(failures, 0);
}

const char *
net_address(struct net *net, const char *transport)
{
    static unsigned n;
    static char url[AKT_NNG_URL_MAX + 1];

    n++;
    if (strcmp(transport, "ipc") == 0) {
        (void)snprintf(url, sizeof(url), "ipc://%.80s/s%u", net->folder.path,
                       n);
    } else if (strcmp(transport, "inproc") == 0) {
        (void)snprintf(url, sizeof(url), "inproc://test%u", n);
    } else {
        (void)snprintf(url, sizeof(url), "%s://127.0.0.1:0%s", transport,
                       strncmp(transport, "ws", 2) == 0 ? "/akt" : "");
    }
    return url;
}

akt_nng
net_open_with(struct net *net, const akt_nng_opts *opts)
{
    akt_nng s = {NULL, 0, AKT_REF_NONE, AKT_REF_NONE};

    assert_ok(akt_nng_open(net->me, opts, &s, &net->error));
    return s;
}

akt_nng
net_open(struct net *net, akt_nng_protocol protocol, akt_probe *to)
{
    akt_nng_opts opts = {.protocol = protocol,
                         .to = to != NULL ? akt_probe_ref(to) : AKT_REF_NONE};

    return net_open_with(net, &opts);
}

static akt_err
await_bound(struct net *net, akt_future f, bool keeps_url)
{
    akt_answer *answer = NULL;
    const struct akt_nng_bound *bound;
    akt_err err;

    assert_ok(akt_wait(net->me, f, &answer));
    net->error = AKT_ERROR_NONE;
    err = akt_answer_error(answer, &net->error);
    bound = akt_answer_as(answer, akt_nng_bound);
    if (bound != NULL && keeps_url) {
        (void)snprintf(net->url, sizeof(net->url), "%s", bound->url.ptr);
    }
    akt_answer_free(net->me, answer);
    return err;
}

akt_err
net_try_listen(struct net *net, akt_nng s, const char *url)
{
    akt_future f;

    assert_ok(akt_ask_within(net->me, NET_WITHIN, s.ref, &f, akt_nng_listen,
                             .url = akt_text_of(url)));
    return await_bound(net, f, true);
}

akt_err
net_try_dial(struct net *net, akt_nng s, const char *url, bool once)
{
    akt_future f;

    assert_ok(akt_ask_within(net->me, NET_WITHIN, s.ref, &f, akt_nng_dial,
                             .url = akt_text_of(url), .once = once));
    return await_bound(net, f, false);
}

void
net_listen(struct net *net, akt_nng s, const char *url)
{
    akt_err err = net_try_listen(net, s, url);

    if (err != AKT_OK) {
        print_error("%s\n", net->error.text);
    }
    assert_ok(err);
}

void
net_dial(struct net *net, akt_nng s)
{
    akt_err err = net_try_dial(net, s, net->url, true);

    if (err != AKT_OK) {
        print_error("%s\n", net->error.text);
    }
    assert_ok(err);
}

void
net_connect(struct net *net, const char *transport, akt_nng listens,
            akt_nng dials)
{
    net_listen(net, listens, net_address(net, transport));
    net_dial(net, dials);
}

void
net_send(struct net *net, akt_nng s, const char *text)
{
    assert_ok(akt_send_within(net->me, NET_WITHIN, s.ref, akt_nng_bytes,
                              .data = {text, strlen(text)}));
}

void
net_expect(akt_probe *probe, const char *text)
{
    const struct akt_nng_bytes *m =
        akt_expect(probe, NET_WITHIN, akt_nng_bytes);

    if (m == NULL) {
        print_error("no %s\n", text);
    }
    assert_non_null(m);
    assert_int_equal(m->data.len, strlen(text));
    assert_memory_equal(m->data.ptr, text, m->data.len);
}

akt_nng_counters
net_stats(struct net *net, akt_nng s)
{
    akt_nng_counters c;

    assert_ok(akt_nng_stats(net->me, s, &c));
    return c;
}

akt_nng_counters
net_finish(struct net *net, akt_nng s)
{
    akt_answer *answer = NULL;
    akt_nng_counters c = {0};
    akt_future f;

    assert_ok(akt_ask_within(net->me, NET_WITHIN, s.ref, &f, akt_nng_finish));
    assert_ok(akt_wait(net->me, f, &answer));
    assert_ok(akt_answer_take(answer, akt_nng_counters, &c));
    akt_answer_free(net->me, answer);
    return c;
}
