/* SPDX-License-Identifier: MIT */
/* Addresses, before nng sees them: what it would take badly is refused here. */
#include "actors/net/address.h"
#include "actors/net/nng_back.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The folder of a path, into a buffer as large as an address. */
static void
folder_of(const char *path, char *out)
{
    const char *slash = strrchr(path, '/');
    size_t n = slash != NULL ? (size_t)(slash - path) : 0;

    memcpy(out, slash == NULL ? "." : "/", 2);
    if (n > 0) {
        memcpy(out, path, n);
        out[n] = '\0';
    }
}

/* Nobody else may put a name there, or connect who is not let through. */
static akt_err
check_folder(const char *url, const char *path, akt_error *error)
{
    char folder[AKTI_NET_URL_SIZE];
    struct stat st;

    folder_of(path, folder);
    if (stat(folder, &st) != 0) {
        return akt_error_set_errno(error, errno, "listen on %s: folder %s", url,
                                   folder);
    }
    if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0
        || (st.st_uid != geteuid() && st.st_uid != 0)) {
        return akt_error_set(error, AKT_EACCES,
                             "listen on %s: others may write to the folder %s; "
                             "use one of your own (chmod go-w)",
                             url, folder);
    }
    return AKT_OK;
}

static akt_err
check_tls(const struct akti_net *net, const struct akti_opening *o,
          akt_error *error)
{
    bool listens = o->kind == AKTI_OPENING_LISTEN;
    const char *lacks = akti_nng_tls_lacks(net->tls, listens);

    return lacks == NULL
               ? AKT_OK
               : akt_error_set(error, AKT_EINVAL, "%s %s: this needs %s",
                               listens ? "listen on" : "dial", o->url, lacks);
}

akt_err
akti_nng_check_url(const struct akti_net *net, const struct akti_opening *o,
                   akt_error *error)
{
    const struct akti_scheme *s;

    AKT_TRY(akti_address_check(o, net->tls != NULL, error));
    s = akti_address_scheme(o->url);
    if (s->is_secure) {
        return check_tls(net, o, error);
    }
    return s->is_path && o->kind == AKTI_OPENING_LISTEN
               ? check_folder(o->url, o->url + strlen(s->begins), error)
               : AKT_OK;
}
