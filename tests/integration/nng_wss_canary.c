/* SPDX-License-Identifier: MIT */
/*
 * Whether the end of a wss:// connection may still be lost in the installed nng: one
 * end closes just after the connection has come about, and the other one never hears
 * of it. Either outcome is fine, and said. Which one it is, is up to the machine and
 * to what else it does: some of a hundred closes where it is busy.
 *
 *     nng_wss_canary CERTS.SH     which makes the certificates
 */
#include <nng/nng.h>
#include <nng/protocol/pipeline0/pull.h>
#include <nng/protocol/pipeline0/push.h>
#include <nng/supplemental/tls/tls.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define CLOSES 300
#define LIVES_S 10
/* An end that comes through takes some milliseconds. */
#define HEARD_S 2
#define URL_SIZE 64
#define PATH_SIZE 64

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int came; /* guarded by lock */
static int went; /* the same */

static void
on_pipe(nng_pipe pipe, nng_pipe_ev event, void *arg)
{
    (void)pipe;
    (void)arg;
    (void)pthread_mutex_lock(&lock);
    came += event == NNG_PIPE_EV_ADD_POST;
    went += event == NNG_PIPE_EV_REM_POST;
    (void)pthread_cond_broadcast(&changed);
    (void)pthread_mutex_unlock(&lock);
}

/* Waits until there are so many, or it has taken too long. */
static bool
reaches(const int *count, int wanted)
{
    struct timespec until = {.tv_sec = time(NULL) + HEARD_S + 1};
    bool there;

    (void)pthread_mutex_lock(&lock);
    while (*count < wanted
           && pthread_cond_timedwait(&changed, &lock, &until) == 0) {
    }
    there = *count >= wanted;
    (void)pthread_mutex_unlock(&lock);
    return there;
}

/* A certificate with its key, in a folder that is taken away again. */
static bool
certify(nng_tls_config *tls, const char *script)
{
    char folder[PATH_SIZE] = "/tmp/akt-canary-XXXXXX";
    char command[512];
    char path[2 * PATH_SIZE];
    bool done;

    if (mkdtemp(folder) == NULL) {
        return false;
    }
    (void)snprintf(
        command, sizeof(command),
        "cd %s && sh %s . >log 2>&1 && cat server.pem server.key >both", folder,
        script);
    (void)snprintf(path, sizeof(path), "%s/both", folder);
    done = system(command) == 0
           && nng_tls_config_cert_key_file(tls, path, NULL) == 0;
    (void)snprintf(command, sizeof(command), "rm -r %s", folder);
    return system(command) == 0 && done;
}

/* Says where. */
static bool
serve(const char *script, char *url)
{
    nng_tls_config *tls;
    nng_socket s;
    nng_listener l;
    int port = 0;

    if (nng_tls_config_alloc(&tls, NNG_TLS_MODE_SERVER) != 0
        || !certify(tls, script) || nng_pull0_open(&s) != 0
        || nng_pipe_notify(s, NNG_PIPE_EV_ADD_POST, on_pipe, NULL) != 0
        || nng_pipe_notify(s, NNG_PIPE_EV_REM_POST, on_pipe, NULL) != 0
        || nng_listener_create(&l, s, "wss://127.0.0.1:0/way") != 0
        || nng_listener_set_ptr(l, NNG_OPT_TLS_CONFIG, tls) != 0
        || nng_listener_start(l, 0) != 0
        || nng_listener_get_int(l, NNG_OPT_TCP_BOUND_PORT, &port) != 0) {
        return false;
    }
    (void)snprintf(url, URL_SIZE, "wss://127.0.0.1:%d/way", port);
    return true;
}

/* The n-th that comes, and goes at once. */
static bool
visit(const char *url, int n)
{
    nng_tls_config *tls;
    nng_socket s;
    nng_dialer d;

    if (nng_tls_config_alloc(&tls, NNG_TLS_MODE_CLIENT) != 0
        || nng_tls_config_auth_mode(tls, NNG_TLS_AUTH_MODE_NONE) != 0
        || nng_push0_open(&s) != 0 || nng_dialer_create(&d, s, url) != 0
        || nng_dialer_set_ptr(d, NNG_OPT_TLS_CONFIG, tls) != 0
        || nng_dialer_start(d, 0) != 0 || !reaches(&came, n)) {
        return false;
    }
    (void)nng_close(s);
    nng_tls_config_free(tls);
    return true;
}

int
main(int argc, char **argv)
{
    time_t until = time(NULL) + LIVES_S;
    char url[URL_SIZE] = "";
    bool heard = true;
    int closes = 0;

    if (argc < 2 || !serve(argv[1], url)) {
        (void)fprintf(stderr, "nng_wss_canary: it cannot listen\n");
        return 1;
    }
    while (heard && closes < CLOSES && time(NULL) < until) {
        closes++;
        if (!visit(url, closes)) {
            (void)fprintf(stderr, "nng_wss_canary: it cannot dial\n");
            return 1;
        }
        heard = reaches(&went, closes);
    }
    (void)printf("nng %s: the end of a wss connection %s, after %d closes\n",
                 nng_version(),
                 heard ? "came through, this time" : "may be lost", closes);
    (void)fflush(stdout);
    /* What is lost would hold a close up. */
    _exit(0);
}
