/* SPDX-License-Identifier: MIT */
/*
 * Whether the installed nng still hangs when a connection with traffic is closed
 * (DESIGN.md, Sockets). It runs that in a process of its own, and says what came
 * out; either is fine. If it never hangs any more, the wait before each close has
 * lost its reason.
 */
#include <nng/nng.h>
#include <nng/protocol/pipeline0/pull.h>
#include <nng/protocol/pipeline0/push.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define CYCLES 150
#define HANG_S 3

struct cycle {
    nng_socket pull;
    nng_socket push;
    nng_aio *aio;
    _Atomic int received;
    _Atomic int ends;
};

static void
on_received(void *arg)
{
    struct cycle *c = arg;

    if (nng_aio_result(c->aio) == 0) {
        nng_msg_free(nng_aio_get_msg(c->aio));
        /* Relaxed: it is only waited for. */
        (void)atomic_fetch_add_explicit(&c->received, 1, memory_order_relaxed);
        nng_recv_aio(c->pull, c->aio);
    }
}

static void *
stream(void *arg)
{
    struct cycle *c = arg;
    char bytes[64] = "";

    /* Relaxed: as above. */
    while (atomic_load_explicit(&c->ends, memory_order_relaxed) == 0
           && nng_send(c->push, bytes, sizeof(bytes), NNG_FLAG_NONBLOCK)
                  != NNG_ECLOSED) {
    }
    return NULL;
}

/* A socket is closed while messages come in. */
static int
run_cycle(void)
{
    struct cycle c = {.aio = NULL};
    nng_listener l;
    pthread_t sender;
    char *url = NULL;

    if (nng_pull0_open(&c.pull) != 0 || nng_push0_open(&c.push) != 0
        || nng_aio_alloc(&c.aio, on_received, &c) != 0
        || nng_listen(c.pull, "tcp://127.0.0.1:0", &l, 0) != 0
        || nng_listener_get_string(l, NNG_OPT_URL, &url) != 0
        || nng_dial(c.push, url, NULL, 0) != 0
        || pthread_create(&sender, NULL, stream, &c) != 0) {
        return 1;
    }
    nng_strfree(url);
    nng_recv_aio(c.pull, c.aio);
    while (atomic_load_explicit(&c.received, memory_order_relaxed) < 50) {
    }
    (void)nng_close(c.pull);
    atomic_store_explicit(&c.ends, 1, memory_order_relaxed);
    (void)pthread_join(sender, NULL);
    (void)nng_close(c.push);
    nng_aio_stop(c.aio);
    nng_aio_free(c.aio);
    return 0;
}

static int
run_cycles(void)
{
    int i;

    (void)signal(SIGALRM, SIG_DFL);
    for (i = 0; i < CYCLES; i++) {
        (void)alarm(HANG_S);
        if (run_cycle() != 0) {
            return 1;
        }
    }
    return 0;
}

int
main(void)
{
    pid_t child = fork();
    int status = 0;

    if (child == 0) {
        _exit(run_cycles());
    }
    if (child < 0 || waitpid(child, &status, 0) != child) {
        (void)fprintf(stderr, "nng_canary: no child process\n");
        return 1;
    }
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) {
        (void)printf("nng %s: closing a connection with traffic hangs\n",
                     nng_version());
        return 0;
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        (void)printf(
            "nng %s: %d connections with traffic closed without a hang\n",
            nng_version(), CYCLES);
        return 0;
    }
    (void)fprintf(stderr, "nng_canary: the child ended by status %x\n",
                  (unsigned)status);
    return 1;
}
