/* SPDX-License-Identifier: MIT */
/*
 * Certificates. The files are read when a socket is opened, so that what is wrong
 * with them is said there; nng gets a configuration for each address.
 */
#include "actors/base/mutant.h"
#include "actors/net/address.h"
#include "actors/net/nng_back.h"

#include <errno.h>
#include <fcntl.h>
#include <nng/supplemental/tls/tls.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX ((size_t)1 << 20)

struct akti_nng_tls {
    char *ca; /* PEM; NULL: none */
    char *cert;
    char *key;
    char *server_name;
    bool mutual;
};

static akt_err
read_open(int fd, const char *path, char **out, akt_error *error)
{
    struct stat st;
    ssize_t n = 0;
    size_t used = 0;

    if (fstat(fd, &st) != 0) {
        return akt_error_set_errno(error, errno, "certificate file %s", path);
    }
    if (!S_ISREG(st.st_mode) || (size_t)st.st_size > FILE_MAX) {
        return akt_error_set(error, AKT_EINVAL,
                             "certificate file %s: not a PEM file", path);
    }
    *out = calloc(1, (size_t)st.st_size + 1);
    if (*out == NULL) {
        return akt_error_set(error, AKT_ENOMEM, NULL);
    }
    do {
        n = read(fd, *out + used, (size_t)st.st_size - used);
        used += n > 0 ? (size_t)n : 0;
    } while (n > 0 || (n < 0 && errno == EINTR));
    return n < 0
               ? akt_error_set_errno(error, errno, "certificate file %s", path)
               : AKT_OK;
}

/* *out stays NULL when there is no path. */
static akt_err
read_file(const char *path, char **out, akt_error *error)
{
    akt_err err;
    int fd;

    if (path == NULL) {
        return AKT_OK;
    }
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return akt_error_set_errno(error, errno, "certificate file %s", path);
    }
    err = read_open(fd, path, out, error);
    (void)close(fd);
    return err;
}

static int
set_own(nng_tls_config *c, const struct akti_nng_tls *t)
{
    return t->cert != NULL ? nng_tls_config_own_cert(
               c, t->cert, t->key != NULL ? t->key : t->cert, NULL)
                           : 0;
}

/* The name that the peer must have; NULL: it listens. */
static int
set_up(nng_tls_config *c, const struct akti_nng_tls *t, const char *name)
{
    int rv = set_own(c, t);

    if (rv == 0 && t->ca != NULL) {
        rv = nng_tls_config_ca_chain(c, t->ca, NULL);
    }
    if (rv == 0) {
        rv = nng_tls_config_auth_mode(c, name == NULL && !t->mutual
                                             ? NNG_TLS_AUTH_MODE_NONE
                                             : NNG_TLS_AUTH_MODE_REQUIRED);
    }
    if (rv == 0 && name != NULL && !AKTI_MUTANT(nng_any_name)) {
        rv = nng_tls_config_server_name(c, name);
    }
    return rv;
}

static int
make(const struct akti_nng_tls *t, const char *name, nng_tls_config **out)
{
    int rv = nng_tls_config_alloc(out, name == NULL ? NNG_TLS_MODE_SERVER
                                                    : NNG_TLS_MODE_CLIENT);

    if (rv == 0) {
        rv = set_up(*out, t, name);
        if (rv != 0) {
            nng_tls_config_free(*out);
        }
    }
    return rv;
}

/* Whether nng can read this. */
static bool
is_good(const struct akti_nng_tls *t)
{
    nng_tls_config *c = NULL;

    if (make(t, NULL, &c) != 0) {
        return false;
    }
    nng_tls_config_free(c);
    return true;
}

static akt_err
try_certificate(char *pem, const char *path, akt_error *error)
{
    return pem == NULL || is_good(&(struct akti_nng_tls){.ca = pem})
               ? AKT_OK
               : akt_error_set(error, AKT_EINVAL,
                               "certificate file %s: no certificate in PEM "
                               "form",
                               path);
}

static akt_err
try_key(const struct akti_nng_tls *t, const akt_nng_tls *opts, akt_error *error)
{
    const char *path = opts->key != NULL ? opts->key : opts->cert;
    bool differs = false;

    if (!is_good(&(struct akti_nng_tls){.cert = t->cert, .key = t->key})) {
        return akt_error_set(error, AKT_EINVAL,
                             "key file %s: no private key in PEM form, or one "
                             "with a password",
                             path);
    }
    if (akti_nng_key_check(t->cert, t->key != NULL ? t->key : t->cert, &differs)
        != AKT_OK) {
        return akt_error_set(error, AKT_ENOMEM, NULL);
    }
    return !differs || AKTI_MUTANT(nng_key_unchecked)
               ? AKT_OK
               : akt_error_set(error, AKT_EINVAL,
                               "key file %s: not the key of the "
                               "certificate in %s",
                               path, opts->cert);
}

/* Once for each file, to name it. */
static akt_err
try_out(const struct akti_nng_tls *t, const akt_nng_tls *opts, akt_error *error)
{
    AKT_TRY(try_certificate(t->ca, opts->ca, error));
    AKT_TRY(try_certificate(t->cert, opts->cert, error));
    return t->cert != NULL ? try_key(t, opts, error) : AKT_OK;
}

static akt_err
copy_name(const char *name, char **out, akt_error *error)
{
    size_t size = name != NULL ? strlen(name) + 1 : 0;

    if (name == NULL) {
        return AKT_OK;
    }
    *out = malloc(size);
    if (*out == NULL) {
        return akt_error_set(error, AKT_ENOMEM, NULL);
    }
    memcpy(*out, name, size);
    return AKT_OK;
}

static akt_err
fill(struct akti_nng_tls *t, const akt_nng_tls *opts, akt_error *error)
{
    t->mutual = opts->mutual;
    if (opts->mutual && opts->ca == NULL) {
        return akt_error_set(error, AKT_EINVAL,
                             "tls.mutual needs tls.ca: who vouches for peers");
    }
    if (opts->ca == NULL && opts->cert == NULL) {
        return akt_error_set(error, AKT_EINVAL,
                             "tls names neither a certificate nor a CA");
    }
    if (opts->key != NULL && opts->cert == NULL) {
        return akt_error_set(error, AKT_EINVAL,
                             "tls.key is of no use without tls.cert");
    }
    AKT_TRY(read_file(opts->ca, &t->ca, error));
    AKT_TRY(read_file(opts->cert, &t->cert, error));
    AKT_TRY(read_file(opts->key, &t->key, error));
    AKT_TRY(copy_name(opts->server_name, &t->server_name, error));
    return try_out(t, opts, error);
}

akt_err
akti_nng_tls_open(const akt_nng_tls *opts, struct akti_nng_tls **out,
                  akt_error *error)
{
    struct akti_nng_tls *t = calloc(1, sizeof(*t));
    akt_err err;

    if (t == NULL) {
        return akt_error_set(error, AKT_ENOMEM, NULL);
    }
    err = fill(t, opts, error);
    if (err != AKT_OK) {
        akti_nng_tls_close(t);
        return err;
    }
    *out = t;
    return AKT_OK;
}

/* A key is not left in memory that others get. */
static void
free_text(char *text)
{
    volatile char *p = text;

    while (p != NULL && *p != '\0') {
        *p++ = '\0';
    }
    free(text);
}

void
akti_nng_tls_close(struct akti_nng_tls *t)
{
    if (t != NULL) {
        free_text(t->ca);
        free_text(t->cert);
        free_text(t->key);
        free_text(t->server_name);
        free(t);
    }
}

const char *
akti_nng_tls_lacks(const struct akti_nng_tls *t, bool listens)
{
    if (listens) {
        return t->cert == NULL ? "a certificate of its own (tls.cert)" : NULL;
    }
    return t->ca == NULL ? "somebody who vouches for the peer (tls.ca)" : NULL;
}

const char *
akti_nng_tls_name(const struct akti_nng_tls *t, const char *url, char *room)
{
    if (t->server_name != NULL) {
        return t->server_name;
    }
    akti_address_host(url, room);
    return room;
}

/*
 * Without a name nng would not look at that of the certificate: this configuration takes
 * the place of its own, which has the host.
 */
int
akti_nng_tls_dialer(const struct akti_net *net, nng_dialer dialer,
                    const char *url)
{
    char host[AKTI_NET_URL_SIZE];
    nng_tls_config *c = NULL;
    int rv = make(net->tls, akti_nng_tls_name(net->tls, url, host), &c);

    if (rv == 0) {
        rv = nng_dialer_set_ptr(dialer, NNG_OPT_TLS_CONFIG, c);
        nng_tls_config_free(c);
    }
    return rv;
}

int
akti_nng_tls_listener(const struct akti_net *net, nng_listener listener)
{
    nng_tls_config *c = NULL;
    int rv = make(net->tls, NULL, &c);

    if (rv == 0) {
        rv = nng_listener_set_ptr(listener, NNG_OPT_TLS_CONFIG, c);
        nng_tls_config_free(c);
    }
    return rv;
}
