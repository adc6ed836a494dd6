/* SPDX-License-Identifier: MIT */
/*
 * Waiting for descriptors, by tasks and plain threads at once, while tasks are
 * cancelled, time runs out and numbers are used again.
 *
 *  - what was written into a few pairs of sockets is read, all of it, by readers and
 *    writers who wait, however many others wait for the same and give up;
 *  - whose wait for a descriptor of his own has ended finds there what he was sent,
 *    though others open and close descriptors of the same numbers all the time;
 *  - when all is over nobody waits.
 */
#include "actors/core/system.h"
#include "akt/akt.h"
#include "tests/support/stress.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define PAIRS 5
#define READERS 2 /* of each */
#define WRITERS 2
#define CROWD 1000 /* futures of each thread */
#define THREADS 2

/* Relaxed all over: joins order what they count. */
#define ADD(to, n) atomic_fetch_add_explicit((to), (n), memory_order_relaxed)
#define GET(of) atomic_load_explicit((of), memory_order_relaxed)

static struct {
    akt_system *system;
    int fd[PAIRS][2];
    uint32_t quota;
    _Atomic uint64_t written;
    _Atomic uint64_t read;
    _Atomic uint64_t cancelled;
    _Atomic uint64_t late;
    _Atomic bool over;
} run;

static void
open_both(int fd[2])
{
    int small = 4096;

    STRESS_CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, fd) == 0, "%s",
                 strerror(errno));
    for (int i = 0; i < 2; i++) {
        (void)fcntl(fd[i], F_SETFL, O_NONBLOCK);
        (void)setsockopt(fd[i], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
    }
}

static struct stress_random
random_of(uint32_t number)
{
    return (struct stress_random){stress_seed() * 1000 + number};
}

/* Mostly for ever, at times hardly at all. */
static uint64_t
patience(struct stress_random *r)
{
    return stress_below(r, 3) != 0 ? AKT_NEVER : stress_below(r, 50000);
}

/* --- all that is written is read --- */

struct work {
    uint32_t number;
};

/* Until the other end is closed, or it is cancelled. */
static akt_err
reads(akt_self *self, struct work *w)
{
    struct stress_random r = random_of(w->number);
    int fd = run.fd[w->number % PAIRS][0];
    char bytes[700];

    for (;;) {
        akt_err err =
            akt_fd_wait(self, fd, AKT_FD_READABLE, patience(&r), NULL);
        ssize_t n;

        if (err == AKT_ECANCELLED) {
            return AKT_OK;
        }
        if (err == AKT_ETIMEOUT) {
            continue;
        }
        STRESS_OK(err);
        n = read(fd, bytes, 1 + stress_below(&r, sizeof(bytes) - 1));
        if (n == 0) {
            return AKT_OK;
        }
        STRESS_CHECK(n > 0 || errno == EAGAIN, "%s", strerror(errno));
        ADD(&run.read, n > 0 ? (uint64_t)n : 0);
        ADD(&run.late, n < 0);
    }
}
AKT_TASK(reads, struct work);

static akt_err
writes(akt_self *self, struct work *w)
{
    static const char bytes[3000];
    struct stress_random r = random_of(100 + w->number);
    int fd = run.fd[w->number % PAIRS][1];
    uint32_t left = run.quota;

    while (left > 0) {
        uint32_t size = 1 + stress_below(&r, sizeof(bytes) - 1);
        ssize_t n = write(fd, bytes, size < left ? size : left);

        STRESS_CHECK(n > 0 || errno == EAGAIN, "%s", strerror(errno));
        if (n > 0) {
            left -= (uint32_t)n;
            ADD(&run.written, (uint64_t)n);
            continue;
        }
        STRESS_OK(akt_fd_wait(self, fd, AKT_FD_WRITABLE, AKT_NEVER, NULL));
    }
    return AKT_OK;
}
AKT_TASK(writes, struct work);

/* Tasks that read and are cancelled soon, as long as the others write. */
static akt_err
cancels(akt_self *self, struct work *w)
{
    struct stress_random r = random_of(200 + w->number);

    while (!GET(&run.over)) {
        akt_task task;

        STRESS_OK(akt_task_spawn(self, reads, &task,
                                 .number = stress_below(&r, PAIRS)));
        AKT_TRY(akt_sleep(self, stress_below(&r, 100000)));
        akt_ignore(akt_task_cancel(self, task));
        STRESS_OK(akt_join(self, task));
        ADD(&run.cancelled, 1);
    }
    return AKT_OK;
}
AKT_TASK(cancels, struct work);

/* Many futures for the same descriptors, of which some are given up all the time. */
static void *
crowds(void *arg)
{
    struct stress_random r = random_of(300 + *(const uint32_t *)arg);
    akt_future *f = test_calloc(CROWD, sizeof(*f));
    akt_self *self;

    STRESS_OK(akt_attach(run.system, &self));
    for (uint32_t i = 0; !GET(&run.over); i++) {
        uint32_t k = stress_below(&r, CROWD);

        if (i % 7 == 0) {
            akt_ignore(akt_cancel(self, f[k]));
        }
        akt_future_drop(self, f[k]);
        STRESS_OK(akt_fd_ready(self, run.fd[stress_below(&r, PAIRS)][i % 2],
                               1 + stress_below(&r, 3), patience(&r), &f[k]));
        if (i % 64 == 0) {
            STRESS_OK(akt_task_yield(self));
        }
    }
    akt_detach(self);
    test_free(f);
    return NULL;
}

static void
write_all(akt_self *me)
{
    akt_task writer[WRITERS * PAIRS];

    for (uint32_t i = 0; i < WRITERS * PAIRS; i++) {
        STRESS_OK(akt_task_spawn(me, writes, &writer[i], .number = i));
    }
    for (uint32_t i = 0; i < WRITERS * PAIRS; i++) {
        STRESS_OK(akt_join(me, writer[i]));
    }
}

static void
bytes_are_conserved(akt_self *me)
{
    akt_task reader[READERS * PAIRS];
    uint32_t numbers[THREADS];
    pthread_t thread[THREADS];
    akt_task canceller;

    for (uint32_t i = 0; i < PAIRS; i++) {
        open_both(run.fd[i]);
    }
    for (uint32_t i = 0; i < READERS * PAIRS; i++) {
        STRESS_OK(akt_task_spawn(me, reads, &reader[i], .number = i));
    }
    for (uint32_t i = 0; i < THREADS; i++) {
        numbers[i] = i;
        stress_thread_start(&thread[i], crowds, &numbers[i]);
    }
    STRESS_OK(akt_task_spawn(me, cancels, &canceller, .number = 0));
    write_all(me);
    atomic_store(&run.over, true);
    for (uint32_t i = 0; i < THREADS; i++) {
        stress_thread_join(thread[i]);
    }
    STRESS_OK(akt_join(me, canceller));
    for (uint32_t i = 0; i < PAIRS; i++) {
        (void)close(run.fd[i][1]);
    }
    for (uint32_t i = 0; i < READERS * PAIRS; i++) {
        STRESS_OK(akt_join(me, reader[i]));
    }
    for (uint32_t i = 0; i < PAIRS; i++) {
        (void)close(run.fd[i][0]);
    }
    STRESS_CHECK(GET(&run.read) == GET(&run.written),
                 "%" PRIu64 " of %" PRIu64 " bytes were read", GET(&run.read),
                 GET(&run.written));
    print_message("%" PRIu64 " bytes, %" PRIu64 " tasks cancelled, %" PRIu64
                  " found nothing left\n",
                  GET(&run.read), GET(&run.cancelled), GET(&run.late));
}

/* --- numbers that are used again --- */

struct line {
    int fd;
};

/* It alone reads here, so what it waited for is there. */
static akt_err
reads_one(akt_self *self, struct line *l)
{
    akt_err err = akt_fd_wait(self, l->fd, AKT_FD_READABLE, AKT_NEVER, NULL);
    char byte;

    if (err == AKT_ECANCELLED) {
        return AKT_OK;
    }
    STRESS_OK(err);
    STRESS_CHECK(read(l->fd, &byte, 1) == 1, "there was nothing: %s",
                 strerror(errno));
    return AKT_OK;
}
AKT_TASK(reads_one, struct line);

static akt_err
opens_and_closes(akt_self *self, struct work *w)
{
    struct stress_random r = random_of(400 + w->number);

    for (uint32_t i = 0; i < run.quota; i++) {
        akt_task task;
        int fd[2];

        open_both(fd);
        STRESS_OK(akt_task_spawn(self, reads_one, &task, .fd = fd[0]));
        if (stress_below(&r, 2) == 0) {
            AKT_TRY(akt_task_yield(self));
        }
        if (stress_below(&r, 2) == 0) {
            STRESS_CHECK(write(fd[1], "x", 1) == 1, "%s", strerror(errno));
        } else {
            akt_ignore(akt_task_cancel(self, task));
        }
        STRESS_OK(akt_join(self, task));
        (void)close(fd[0]);
        (void)close(fd[1]);
    }
    return AKT_OK;
}
AKT_TASK(opens_and_closes, struct work);

static void
numbers_are_used_again(akt_self *me)
{
    akt_task task[8];

    run.quota = stress_scale(400);
    for (uint32_t i = 0; i < 8; i++) {
        STRESS_OK(akt_task_spawn(me, opens_and_closes, &task[i], .number = i));
    }
    for (uint32_t i = 0; i < 8; i++) {
        STRESS_OK(akt_join(me, task[i]));
    }
}

typedef void part_fn(akt_self *me);

static bool
run_part(part_fn *part, uint32_t workers, struct stress_memory *memory)
{
    akt_system_opts opts = stress_opts(workers, memory);
    akt_self *me;

    memset(&run, 0, sizeof(run));
    run.quota = stress_scale(2000000);
    STRESS_OK(akt_system_start(&opts, &run.system));
    STRESS_OK(akt_attach(run.system, &me));
    part(me);
    STRESS_CHECK(akti_reactor_waits(&run.system->dispatcher) == 0,
                 "somebody waits");
    akt_detach(me);
    stress_stop(run.system, AKT_SECONDS(60), NULL);
    return true;
}

static void
run_with_all(const char *name, part_fn *part)
{
    for (uint32_t i = 0; i < STRESS_WORKER_RUNS; i++) {
        struct stress_memory memory = {.live = 0};

        stress_memory_init(&memory);
        stress_phase("%s with %u workers", name, stress_workers(i));
        (void)run_part(part, stress_workers(i), &memory);
        stress_memory_check(&memory);
        stress_end();
    }
}

static void
test_what_is_written_is_read(void **state)
{
    (void)state;
    run_with_all("what is written is read", bytes_are_conserved);
}

static void
test_numbers_are_used_again(void **state)
{
    (void)state;
    run_with_all("numbers are used again", numbers_are_used_again);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_written_is_read),
        cmocka_unit_test(test_numbers_are_used_again),
    };

    stress_begin("fd_stress");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
