/* SPDX-License-Identifier: MIT */
/* Addresses, before nng sees them: what it would take badly is refused here. */
#include "actors/net/nng_back.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct transport {
    const char *scheme;
    bool is_secure;
    bool is_local; /* a path */
};

static const struct transport transports[] = {
    {"tcp://", false, false},     {"tcp4://", false, false},
    {"tcp6://", false, false},    {"ipc://", false, true},
    {"unix://", false, true},     {"inproc://", false, false},
    {"ws://", false, false},      {"wss://", true, false},
    {"tls+tcp://", true, false},  {"tls+tcp4://", true, false},
    {"tls+tcp6://", true, false},
};

static const struct transport *
transport_of(const char *url)
{
    size_t i;

    for (i = 0; i < sizeof(transports) / sizeof(transports[0]); i++) {
        if (strncmp(url, transports[i].scheme, strlen(transports[i].scheme))
            == 0) {
            return &transports[i];
        }
    }
    return NULL;
}

bool
akti_nng_is_secure(const char *url)
{
    const struct transport *t = transport_of(url);

    return t != NULL && t->is_secure;
}

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

akt_err
akti_nng_check_url(const struct akti_net *net, const struct akti_opening *o,
                   akt_error *error)
{
    bool listens = o->kind == AKTI_OPENING_LISTEN;
    const char *doing = listens ? "listen on" : "dial";
    const struct transport *t = transport_of(o->url);

    if (t == NULL) {
        return akt_error_set(error, AKT_EINVAL,
                             "%s %s: not an address; they begin with tcp://, "
                             "ipc://, inproc://, ws://, tls+tcp:// or wss://",
                             doing, o->url);
    }
    if (o->url[strlen(t->scheme)] == '\0') {
        return akt_error_set(error, AKT_EINVAL, "%s %s: nothing follows", doing,
                             o->url);
    }
    if (t->is_secure && net->tls == NULL) {
        return akt_error_set(error, AKT_EINVAL,
                             "%s %s: the socket was opened without `tls`",
                             doing, o->url);
    }
    return t->is_local && listens
               ? check_folder(o->url, o->url + strlen(t->scheme), error)
               : AKT_OK;
}
