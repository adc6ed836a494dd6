/* SPDX-License-Identifier: MIT */
/*
 * Whether a process that dials still dies in the installed nng when the other end
 * closes its connections just as they come about (DESIGN.md, Sockets). Both are
 * processes of their own; either outcome is fine, and said.
 */
#include <nng/nng.h>
#include <nng/protocol/pipeline0/pull.h>
#include <nng/protocol/pipeline0/push.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define DIALERS 20
#define LIVES_S 3
#define URL_SIZE 64
/* An exit of its own: a sanitizer that sees nng's mistake ends by another. */
#define NOT_BEGUN 77

static void
refuse(nng_pipe pipe, nng_pipe_ev event, void *arg)
{
    (void)event;
    (void)arg;
    (void)nng_pipe_close(pipe);
}

/* Says where it listens, and lets nobody in. */
static int
be_full(int out)
{
    char text[URL_SIZE] = "";
    nng_socket s;
    nng_listener l;
    char *url = NULL;

    if (nng_pull0_open(&s) != 0
        || nng_pipe_notify(s, NNG_PIPE_EV_ADD_PRE, refuse, NULL) != 0
        || nng_listen(s, "tcp://127.0.0.1:0", &l, 0) != 0
        || nng_listener_get_string(l, NNG_OPT_URL, &url) != 0) {
        return 1;
    }
    (void)snprintf(text, sizeof(text), "%s", url);
    if (write(out, text, sizeof(text)) != sizeof(text)) {
        return 1;
    }
    (void)pause();
    return 0;
}

/* Dials again and again until its time is over. */
static int
dial(const char *url)
{
    struct rlimit none = {0, 0};
    int i;

    (void)setrlimit(RLIMIT_CORE, &none);
    (void)close(STDERR_FILENO);
    (void)signal(SIGALRM, SIG_DFL);
    (void)alarm(LIVES_S);
    for (i = 0; i < DIALERS; i++) {
        nng_socket s;
        nng_dialer d;

        if (nng_push0_open(&s) != 0 || nng_dialer_create(&d, s, url) != 0
            || nng_dialer_set_ms(d, NNG_OPT_RECONNMINT, 1) != 0
            || nng_dialer_set_ms(d, NNG_OPT_RECONNMAXT, 1) != 0
            || nng_dialer_start(d, NNG_FLAG_NONBLOCK) != 0) {
            return NOT_BEGUN;
        }
    }
    for (;;) {
        (void)pause();
    }
}

static int
tell(int status)
{
    bool lives = WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM;

    if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_BEGUN) {
        (void)fprintf(stderr, "nng_dialer_canary: it cannot dial\n");
        return 1;
    }
    (void)printf("nng %s: who dials and is refused %s\n", nng_version(),
                 lives ? "lived, this time" : "may die");
    return 0;
}

int
main(void)
{
    char url[URL_SIZE] = "";
    int ends[2];
    int status = 0;
    pid_t full;
    pid_t dialer;

    if (pipe(ends) != 0) {
        return 1;
    }
    full = fork();
    if (full == 0) {
        _exit(be_full(ends[1]));
    }
    (void)close(ends[1]);
    if (full < 0 || read(ends[0], url, sizeof(url)) != sizeof(url)) {
        return 1;
    }
    dialer = fork();
    if (dialer == 0) {
        _exit(dial(url));
    }
    if (dialer < 0 || waitpid(dialer, &status, 0) != dialer) {
        return 1;
    }
    (void)kill(full, SIGKILL);
    (void)waitpid(full, NULL, 0);
    return tell(status);
}
