/* SPDX-License-Identifier: MIT */
/*
 * Peers that are killed while both ends send. nng before 1.10 soon stops to remove
 * connections; that is said. It happens in a process of its own, which no close could
 * end; where nng does not do so, all its connections have to be removed.
 */
#include "actors/net/nng_back.h"
#include "akt/akt.h"
#include "akt/nng.h"
#include "tests/support/folder.h"
#include "tests/unit/unit.h"

#include <nng/protocol/pair1/pair.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define KILLS 60
#define BYTES 2000

static const char *itself;
static char url[FOLDER_PATH + 8];

/* Sends what there is room for, and takes what has come. */
static akt_err
pump(akt_self *self, akt_nng s)
{
    static const char bytes[BYTES];
    akt_received received;
    int i;

    for (i = 0; i < 100; i++) {
        akt_ignore(akt_try_send(self, s.ref, akt_nng_bytes,
                                .data = {bytes, sizeof(bytes)}));
        while (akt_receive(self, 0, &received) == AKT_OK) {
        }
    }
    return akt_task_yield(self);
}

static akt_err
pump_for(akt_self *self, akt_nng s, uint64_t ns)
{
    uint64_t until_ns = akt_now_ns(self) + ns;

    while (akt_now_ns(self) < until_ns) {
        AKT_TRY(pump(self, s));
    }
    return AKT_OK;
}

/* AKT_ETIMEOUT: it has not come to that. */
static akt_err
pump_until_peers(akt_self *self, akt_nng s, uint64_t peers)
{
    uint64_t until_ns = akt_now_ns(self) + AKT_SECONDS(3);
    akt_nng_counters c;

    do {
        AKT_TRY(pump(self, s));
        AKT_TRY(akt_nng_stats(self, s, &c));
    } while (c.peers != peers && akt_now_ns(self) < until_ns);
    return c.peers == peers ? AKT_OK : AKT_ETIMEOUT;
}

/* The peer, until it is killed. */
static akt_err
be_peer(akt_self *self, int argc, char **argv)
{
    akt_nng_opts opts = {.protocol = AKT_NNG_PAIR, .dial = argv[argc - 1]};
    akt_nng s;

    AKT_TRY(akt_nng_open(self, &opts, &s, NULL));
    return pump_for(self, s, AKT_SECONDS(60));
}

static akt_err
with_a_peer(akt_self *self, akt_nng s)
{
    pid_t pid = fork();
    akt_err err;

    if (pid == 0) {
        (void)execl(itself, itself, url, (char *)NULL);
        _exit(1);
    }
    err = pump_until_peers(self, s, 1);
    if (err == AKT_OK) {
        err = pump_for(self, s, AKT_MS(20));
    }
    (void)kill(pid, SIGKILL);
    (void)waitpid(pid, NULL, 0);
    return err != AKT_OK ? err : pump_until_peers(self, s, 0);
}

/* Ends with 0 when all connections were removed. */
static akt_err
lose_peers(akt_self *self, int argc, char **argv)
{
    akt_nng_opts opts = {.protocol = AKT_NNG_PAIR, .listen = url};
    akt_nng s;
    int i;

    (void)argc;
    (void)argv;
    AKT_TRY(akt_nng_open(self, &opts, &s, NULL));
    for (i = 0; i < KILLS; i++) {
        AKT_TRY(with_a_peer(self, s));
    }
    _exit(0);
}

/* What the process says, until `word` is among it or it ends. */
static bool
says(int fd, const char *word)
{
    char said[4096] = "";
    size_t used = 0;
    ssize_t n = 1;

    while (n > 0 && strstr(said, word) == NULL && used < sizeof(said) - 1) {
        n = read(fd, said + used, sizeof(said) - 1 - used);
        used += n > 0 ? (size_t)n : 0;
        said[used] = '\0';
    }
    return strstr(said, word) != NULL;
}

static akt_err
lose_and_stay(akt_self *self, int argc, char **argv)
{
    akt_err err = lose_peers(self, argc, argv);

    if (err == AKT_ETIMEOUT) {
        AKT_TRY(akt_sleep(self, AKT_SECONDS(20)));
    }
    return err;
}

static void
test_connections_that_are_not_removed_are_told(void **state)
{
    struct folder folder;
    int ends[2];
    int status = 0;
    bool told;
    pid_t pid;

    (void)state;
    folder_open(&folder);
    (void)snprintf(url, sizeof(url), "ipc://%s", folder_name(&folder, "s"));
    assert_int_equal(pipe(ends), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)dup2(ends[1], STDERR_FILENO);
        (void)close(ends[0]);
        (void)close(ends[1]);
        _exit(akt_run(lose_and_stay, 0, NULL));
    }
    (void)close(ends[1]);
    told = says(ends[0], "restart the process");
    (void)kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    (void)close(ends[0]);
    folder_close(&folder);
    assert_true(told || (WIFEXITED(status) && WEXITSTATUS(status) == 0));
}

/* --- a connection that is said to be removed, and stays --- */

static nng_pipe connected;
static sem_t is_connected;

static void
on_connected(nng_pipe pipe, nng_pipe_ev event, void *arg)
{
    (void)event;
    (void)arg;
    connected = pipe;
    (void)sem_post(&is_connected);
}

static void
connect_pair(nng_socket pair[2])
{
    assert_int_equal(nng_pair1_open(&pair[0]), 0);
    assert_int_equal(nng_pair1_open(&pair[1]), 0);
    assert_int_equal(
        nng_pipe_notify(pair[0], NNG_PIPE_EV_ADD_POST, on_connected, NULL), 0);
    assert_int_equal(nng_listen(pair[0], "inproc://stays", NULL, 0), 0);
    assert_int_equal(nng_dial(pair[1], "inproc://stays", NULL, 0), 0);
    assert_int_equal(sem_wait(&is_connected), 0);
}

static void
test_a_connection_that_stays_is_told(void **state)
{
    nng_socket pair[2];
    int own = dup(STDERR_FILENO);
    int ends[2];

    (void)state;
    assert_int_equal(sem_init(&is_connected, 0, 0), 0);
    assert_int_equal(pipe(ends), 0);
    connect_pair(pair);
    assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
    (void)close(ends[1]);
    akti_nng_removing(nng_pipe_id(connected));
    assert_true(says(ends[0], "restart the process"));
    assert_true(dup2(own, STDERR_FILENO) >= 0);
    (void)close(own);
    (void)close(ends[0]);
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_connections_that_are_not_removed_are_told),
        cmocka_unit_test(test_a_connection_that_stays_is_told),
    };

    itself = argv[0];
    if (argc > 1) {
        return akt_run(be_peer, argc, argv);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
