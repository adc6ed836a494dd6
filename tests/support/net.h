/* SPDX-License-Identifier: MIT */
/*
 * What the tests of sockets share: a real system with two probes, and addresses
 * that no other test uses.
 */
#ifndef AKT_TESTS_SUPPORT_NET_H
#define AKT_TESTS_SUPPORT_NET_H

#include "akt/akt.h"
#include "akt/nng.h"
#include "akt/test.h"
#include "tests/support/folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define NET_WITHIN AKT_SECONDS(20)

#define assert_ok(e) assert_int_equal((e), AKT_OK)
#define assert_err(e, err) assert_int_equal((e), (err))

struct net {
    akt_system *system;
    akt_self *me;
    akt_probe *a;
    akt_probe *b;
    struct folder folder;
    char url[AKT_NNG_URL_MAX + 1]; /* of the last net_listen, as it is */
    akt_error error;               /* of the last call that failed */
};

void net_begin(struct net *net);
/* Stops it without draining; all actors have ended in time. */
void net_end(struct net *net);

/* "tcp", "ipc", "inproc" or "ws": an address to listen on. */
const char *net_address(struct net *net, const char *transport);

/* Of the thread; what arrives goes to the probe, or to nobody (NULL). */
akt_nng net_open(struct net *net, akt_nng_protocol protocol, akt_probe *to);
akt_nng net_open_with(struct net *net, const akt_nng_opts *opts);

akt_err net_try_listen(struct net *net, akt_nng s, const char *url);
akt_err net_try_dial(struct net *net, akt_nng s, const char *url, bool once);
/* Both answer AKT_OK; dials what net_listen listens on. */
void net_listen(struct net *net, akt_nng s, const char *url);
void net_dial(struct net *net, akt_nng s);
/* Both, at an address of this transport. */
void net_connect(struct net *net, const char *transport, akt_nng listens,
                 akt_nng dials);

/* Sends, waiting for room. */
void net_send(struct net *net, akt_nng s, const char *text);
/* The probe gets bytes that are this text. */
void net_expect(akt_probe *probe, const char *text);

akt_nng_counters net_stats(struct net *net, akt_nng s);
/* Its last ones: it has ended. */
akt_nng_counters net_finish(struct net *net, akt_nng s);

#endif
