/* SPDX-License-Identifier: MIT */
#include "actors/net/address.h"

#include <string.h>

static const struct akti_scheme schemes[] = {
    {"tcp://", .has_port = true},
    {"tcp4://", .has_port = true},
    {"tcp6://", .has_port = true},
    {"ipc://", .is_path = true},
    {"unix://", .is_path = true},
    {.begins = "inproc://"},
    {"ws://", .has_port = true},
    {"wss://", .has_port = true, .is_secure = true},
    {"tls+tcp://", .has_port = true, .is_secure = true},
    {"tls+tcp4://", .has_port = true, .is_secure = true},
    {"tls+tcp6://", .has_port = true, .is_secure = true},
};

const struct akti_scheme *
akti_address_scheme(const char *url)
{
    size_t i;

    for (i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        if (strncmp(url, schemes[i].begins, strlen(schemes[i].begins)) == 0) {
            return &schemes[i];
        }
    }
    return NULL;
}

void
akti_address_host(const char *url, char *out)
{
    const char *host = strstr(url, "://");
    bool is_bracketed;
    size_t n;

    host = host != NULL ? host + 3 : url;
    is_bracketed = *host == '[';
    host += is_bracketed;
    n = strcspn(host, is_bracketed ? "]" : ":/?#");
    memcpy(out, host, n);
    out[n] = '\0';
}

akt_err
akti_address_check(const struct akti_opening *o, bool has_tls, akt_error *error)
{
    const char *doing = o->kind == AKTI_OPENING_LISTEN ? "listen on" : "dial";
    const struct akti_scheme *s = akti_address_scheme(o->url);

    if (s == NULL) {
        return akt_error_set(error, AKT_EINVAL,
                             "%s %s: not an address; they begin with tcp://, "
                             "ipc://, inproc://, ws://, tls+tcp:// or wss://",
                             doing, o->url);
    }
    if (o->url[strlen(s->begins)] == '\0') {
        return akt_error_set(error, AKT_EINVAL, "%s %s: nothing follows", doing,
                             o->url);
    }
    if (s->is_secure && !has_tls) {
        return akt_error_set(error, AKT_EINVAL,
                             "%s %s: the socket was opened without `tls`",
                             doing, o->url);
    }
    return AKT_OK;
}
