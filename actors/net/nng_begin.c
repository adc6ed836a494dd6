/* SPDX-License-Identifier: MIT */
/*
 * Listening and dialing, on a helper: names are looked up and peers waited for.
 * Options are set on the dialer or listener, before it starts.
 */
#include "actors/base/clock.h"
#include "actors/base/mutant.h"
#include "actors/net/address.h"
#include "actors/net/nng_back.h"

#include <stdio.h>
#include <string.h>

/* How long an address may be in use by a socket that is being closed. */
#define REUSE_NS AKT_SECONDS(3)
/* A listener's descriptor is closed by a thread of nng, so long after nng_close on a
 * busy machine. */
#define FREE_NS AKT_MS(250)
/* Who opens while more sockets than that are being closed waits for as long. */
#define CLOSINGS_MAX 512

static void
nap(void)
{
    struct timespec t = {0, 5000000};

    (void)nanosleep(&t, NULL);
}

static nng_duration
milliseconds(uint64_t ns)
{
    return (nng_duration)(ns / AKT_MS(1));
}

static void
note_url(struct akti_net *net, const char *url)
{
    (void)pthread_mutex_lock(&net->peers.lock);
    (void)snprintf(net->url, sizeof(net->url), "%s", url);
    (void)pthread_mutex_unlock(&net->peers.lock);
}

/* --- listening --- */

static int
set_listener(const struct akti_net *net, nng_listener l, const char *url)
{
    /* A transport without such a limit has no such option. */
    int rv = nng_listener_set_size(l, NNG_OPT_RECVMAXSZ, net->max_message);

    if (rv == NNG_ENOTSUP) {
        rv = 0;
    }
    return rv == 0 && akti_address_scheme(url)->is_secure
               ? akti_nng_tls_listener(net, l)
               : rv;
}

/*
 * One attempt. A listener that has failed to start is not started again: where it is
 * one of WebSockets nng 1.5 would die of that.
 */
static int
try_listen(const struct akti_net *net, const char *url, nng_listener *out)
{
    int rv = nng_listener_create(out, net->socket, url);

    if (rv != 0) {
        return rv;
    }
    rv = set_listener(net, *out, url);
    if (rv == 0) {
        rv = nng_listener_start(*out, 0);
    }
    if (rv != 0) {
        (void)nng_listener_close(*out);
    }
    return rv;
}

/* Our own sockets may need a moment to give an address back. */
static int
listen_at_last(const struct akti_net *net, const char *url, nng_listener *out)
{
    uint64_t now = akti_clock_now();
    uint64_t until = now + REUSE_NS;
    uint64_t free_ns = 0;
    int rv;

    for (;;) {
        /* Before the attempt: a close may be over when that has failed. */
        if (akti_nng_closings() > 0) {
            free_ns = now + FREE_NS;
        }
        rv = try_listen(net, url, out);
        if (rv != NNG_EADDRINUSE || now >= free_ns || now >= until) {
            return rv;
        }
        nap();
        now = akti_clock_now();
    }
}

/* The port in the place of port 0, where nng has not put it: ws://host:0/path. */
static void
put_port(char *url, uint16_t port)
{
    char *host = strstr(url, "://");
    char *end = host != NULL ? host + 3 + strcspn(host + 3, "/") : url;
    char rest[AKTI_NET_URL_SIZE];

    if (end - url > 2 && memcmp(end - 2, ":0", 2) == 0) {
        (void)snprintf(rest, sizeof(rest), "%s", end);
        (void)snprintf(end - 1, AKTI_NET_URL_SIZE - (size_t)(end - 1 - url),
                       "%u%s", (unsigned)port, rest);
    }
}

/* The address as it is: with the port that was found. */
static void
read_back(nng_listener l, struct akti_opening *o)
{
    char *url = NULL;
    int port = 0;

    if (nng_listener_get_string(l, NNG_OPT_URL, &url) == 0) {
        (void)snprintf(o->url, sizeof(o->url), "%s", url);
        nng_strfree(url);
    }
    if (nng_listener_get_int(l, NNG_OPT_TCP_BOUND_PORT, &port) == 0) {
        o->port = (uint16_t)port;
        if (!AKTI_MUTANT(nng_port_untold)) {
            put_port(o->url, o->port);
        }
    }
}

static int
listen_on(struct akti_net *net, struct akti_opening *o)
{
    nng_listener l;
    int rv = listen_at_last(net, o->url, &l);

    if (rv != 0) {
        return rv;
    }
    /* release: pairs: nng_close.c, wait_until_quiet */
    atomic_store_explicit(&net->listens, 1, memory_order_release);
    read_back(l, o);
    return 0;
}

/* --- dialing --- */

static int
set_dialer(const struct akti_net *net, nng_dialer d, const char *url)
{
    int rv = nng_dialer_set_size(d, NNG_OPT_RECVMAXSZ, net->max_message);

    if (rv == NNG_ENOTSUP) {
        rv = 0;
    }
    if (rv == 0) {
        rv = nng_dialer_set_ms(d, NNG_OPT_RECONNMINT,
                               milliseconds(net->redial_min_ns));
    }
    if (rv == 0) {
        rv = nng_dialer_set_ms(d, NNG_OPT_RECONNMAXT,
                               milliseconds(net->redial_max_ns));
    }
    return rv == 0 && akti_address_scheme(url)->is_secure
               ? akti_nng_tls_dialer(net, d, url)
               : rv;
}

/* Who is not wanted for his certificate hears no more than that. */
static bool
may_be_unwanted(const char *url, int rv)
{
    return akti_address_scheme(url)->is_secure
           && (rv == NNG_ECONNSHUT || rv == NNG_ECONNRESET);
}

static bool
is_unproven(const char *url, int rv)
{
    return akti_address_scheme(url)->is_secure
           && (rv == NNG_ECRYPTO || rv == NNG_EPEERAUTH);
}

/* The peer may come yet. */
static bool
may_change(int rv)
{
    return rv == NNG_ECONNREFUSED || rv == NNG_ECONNRESET
           || rv == NNG_ECONNABORTED || rv == NNG_ECONNSHUT
           || rv == NNG_ETIMEDOUT || rv == NNG_EUNREACHABLE || rv == NNG_ENOENT;
}

static int
dial_to(struct akti_net *net, struct akti_opening *o)
{
    nng_dialer d;
    int rv = nng_dialer_create(&d, net->socket, o->url);

    if (rv != 0) {
        return rv;
    }
    rv = set_dialer(net, d, o->url);
    if (rv == 0) {
        rv = nng_dialer_start(d, 0);
        if (may_change(rv) && !may_be_unwanted(o->url, rv)
            && o->kind == AKTI_OPENING_DIAL) {
            rv = nng_dialer_start(d, NNG_FLAG_NONBLOCK);
        }
    }
    if (rv != 0) {
        (void)nng_dialer_close(d);
    }
    return rv;
}

/* --- both --- */

/* Closing is slower than opening, and keeps descriptors until it is done. */
static void
wait_for_closings(void)
{
    uint64_t until = akti_clock_now() + REUSE_NS;

    while (akti_nng_closings() > CLOSINGS_MAX && akti_clock_now() < until) {
        nap();
    }
}

/* Which of them it is, and whose certificate, mbed TLS does not tell. */
static void
say_unproven(const struct akti_net *net, struct akti_opening *o,
             const char *asked)
{
    char host[AKTI_NET_URL_SIZE];

    (void)akt_error_set(&o->error, AKT_EACCES,
                        "dial %s: the certificates do not match: the peer's is "
                        "not vouched for, is expired, or is not for the name "
                        "'%s' (tls.server_name); or the peer does not take "
                        "this one's, or speaks no TLS",
                        asked, akti_nng_tls_name(net->tls, asked, host));
}

static void
say_why(const struct akti_net *net, struct akti_opening *o, int rv,
        const char *asked)
{
    bool listens = o->kind == AKTI_OPENING_LISTEN;

    if (!listens && is_unproven(asked, rv)) {
        say_unproven(net, o, asked);
    } else if (!listens && may_be_unwanted(asked, rv)) {
        (void)akt_error_set(&o->error, AKT_EACCES,
                            "dial %s: the peer closed the connection; it may "
                            "want a certificate, or another one",
                            asked);
    } else {
        (void)akti_nng_fail(&o->error, rv, listens ? "listen on" : "dial",
                            asked);
    }
}

static void
run(struct akti_nng_job *job)
{
    struct akti_net *net = job->net;
    struct akti_opening *o = job->opening;
    bool listens = o->kind == AKTI_OPENING_LISTEN;
    char asked[AKTI_NET_URL_SIZE];
    int rv;

    free(job);
    memcpy(asked, o->url, sizeof(asked));
    if (akti_nng_check_url(net, o, &o->error) == AKT_OK) {
        wait_for_closings();
        rv = listens ? listen_on(net, o) : dial_to(net, o);
        if (rv != 0) {
            say_why(net, o, rv, asked);
        } else {
            note_url(net, o->url);
        }
    }
    akti_link_opened(net->link, o);
    akti_nng_release(net);
}

void
akti_nng_begin(struct akti_net *net, struct akti_opening *opening)
{
    struct akti_nng_job *job = malloc(sizeof(*job));
    akt_err err = AKT_ENOMEM;

    if (job != NULL) {
        *job =
            (struct akti_nng_job){.run = run, .net = net, .opening = opening};
        akti_nng_hold(net);
        err = akti_nng_help(AKTI_NNG_OPENS, job);
        if (err == AKT_OK) {
            return;
        }
        akti_nng_release(net);
        free(job);
    }
    (void)akt_error_set(&opening->error, err, NULL);
    akti_link_opened(net->link, opening);
}
