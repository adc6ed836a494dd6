/* SPDX-License-Identifier: MIT */
/* nng's errors as akt's, with a sentence that a person can act on. */
#include "actors/net/nng_back.h"

#include <errno.h>

/* What one of nng's errors is called here, and what one may do about it. */
struct meaning {
    int rv;
    akt_err err;
    const char *hint; /* NULL: what nng says */
};

static const struct meaning meanings[] = {
    {NNG_ENOMEM, AKT_ENOMEM, "out of memory"},
    {NNG_ENOFILES, AKT_EMFILE, "out of file descriptors; raise `ulimit -n`"},
    {NNG_EINVAL, AKT_EINVAL, "nng takes this for no proper value"},
    {NNG_EADDRINVAL, AKT_EINVAL,
     "the address is malformed, nobody knows the host, or it is not this one"},
    {NNG_ENOTSUP, AKT_EINVAL, "nng does not know this transport"},
    {NNG_EADDRINUSE, AKT_EEXIST,
     "the address is in use: another program, or another socket, listens "
     "there"},
    {NNG_EPERM, AKT_EACCES, "permission denied"},
    {NNG_ECONNREFUSED, AKT_ECLOSED, "nobody listens there"},
    {NNG_ECONNRESET, AKT_ECLOSED,
     "the peer closed the connection; does it speak the fitting protocol?"},
    {NNG_ECONNABORTED, AKT_ECLOSED,
     "the connection was given up; does the peer speak the fitting protocol?"},
    {NNG_ECONNSHUT, AKT_ECLOSED, "the peer closed the connection"},
    {NNG_ECLOSED, AKT_ECLOSED, "the socket was closed meanwhile"},
    {NNG_ETIMEDOUT, AKT_ETIMEOUT, "the peer did not answer in time"},
    {NNG_EUNREACHABLE, AKT_EIO, "the host cannot be reached"},
    {NNG_ENOENT, AKT_ENOENT, "there is nothing of this name"},
    {NNG_EPROTO, AKT_EIO, "the peer does not speak the fitting protocol"},
    {NNG_EMSGSIZE, AKT_ESIZE, "the message is too large"},
    {NNG_ECRYPTO, AKT_EACCES,
     "the certificates do not match: the peer's is not vouched for, is "
     "expired, or has another name; or it speaks no TLS"},
    {NNG_EPEERAUTH, AKT_EACCES,
     "the peer's certificate is not vouched for, is expired, or has another "
     "name"},
    {NNG_ENOARG, AKT_EINVAL, "an option is missing"},
};

static const struct meaning *
meaning_of(int rv)
{
    size_t i;

    for (i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
        if (meanings[i].rv == rv) {
            return &meanings[i];
        }
    }
    return NULL;
}

akt_err
akti_nng_err(int rv)
{
    const struct meaning *m = meaning_of(rv);

    if (m != NULL) {
        return m->err;
    }
    if ((rv & NNG_ESYSERR) != 0) {
        return akt_err_of_errno(rv & ~NNG_ESYSERR);
    }
    return rv == 0 ? AKT_OK : AKT_EIO;
}

akt_err
akti_nng_fail(akt_error *error, int rv, const char *doing, const char *what)
{
    const struct meaning *m = meaning_of(rv);

    return akt_error_set(error, akti_nng_err(rv), "%s %s: %s", doing, what,
                         m != NULL && m->hint != NULL ? m->hint
                                                      : nng_strerror(rv));
}
