/* SPDX-License-Identifier: MIT */
/*
 * Runs in child processes, so that a crash is a failure like any other. Child and
 * parent share the memory of an unlinked file.
 */
#include "actors/test/explorer.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- shared memory --- */

static void *
map_file(FILE *file, size_t size)
{
    void *map;

    if (ftruncate(fileno(file), (off_t)size) != 0) {
        return NULL;
    }
    map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fileno(file), 0);
    return map != MAP_FAILED ? map : NULL;
}

struct akti_shared *
akti_shared_new(bool in_process)
{
    FILE *file;
    void *map;

    if (in_process) {
        return calloc(1, sizeof(struct akti_shared));
    }
    file = tmpfile();
    if (file == NULL) {
        return NULL;
    }
    map = map_file(file, sizeof(struct akti_shared));
    (void)fclose(file);
    return map;
}

void
akti_shared_free(struct akti_shared *shared, bool in_process)
{
    if (shared == NULL) {
        return;
    }
    if (in_process) {
        free(shared);
    } else {
        (void)munmap(shared, sizeof(*shared));
    }
}

/* --- children --- */

/* Assertions have said what they had to say. */
static void
be_silent(void)
{
    int null = open("/dev/null", O_WRONLY);

    if (null >= 0) {
        (void)dup2(null, STDOUT_FILENO);
        (void)dup2(null, STDERR_FILENO);
        (void)close(null);
    }
}

/* Does not return. */
static void
live(struct akti_explorer *x, void (*work)(struct akti_explorer *x, void *arg),
     void *arg, bool silent)
{
    /* A failed assertion of cmocka ends this process, not the test. */
    (void)setenv("CMOCKA_TEST_ABORT", "1", 1);
    (void)signal(SIGALRM, SIG_DFL);
    if (silent) {
        be_silent();
    }
    work(x, arg);
    (void)fflush(NULL);
    _exit(0);
}

static void
crashed(struct akti_explorer *x, int status)
{
    struct akti_outcome *out = &x->shared->outcome;

    if (out->violation != AKT_VIOLATION_NONE) {
        return; /* the run had failed before */
    }
    out->violation = AKT_VIOLATION_CRASH;
    out->hash = 0;
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) {
        (void)snprintf(out->text, sizeof(out->text),
                       "it did not get on for a minute");
    } else if (WIFSIGNALED(status)) {
        (void)snprintf(out->text, sizeof(out->text),
                       "the process was ended by a signal: %s",
                       strsignal(WTERMSIG(status)));
    } else {
        (void)snprintf(out->text, sizeof(out->text),
                       "the process ended with status %d", WEXITSTATUS(status));
    }
    /* As far as it came; the steps are counted by the choices. */
    out->steps = 0;
}

static akt_err
wait_for(pid_t child, int *out_status)
{
    pid_t ended;

    do {
        ended = waitpid(child, out_status, 0);
    } while (ended < 0 && errno == EINTR);
    return ended == child ? AKT_OK : AKT_EIO;
}

akt_err
akti_in_child(struct akti_explorer *x,
              void (*work)(struct akti_explorer *x, void *arg), void *arg,
              bool silent)
{
    int status = 0;
    pid_t child;

    if (x->opts.in_process) {
        work(x, arg);
        return AKT_OK;
    }
    (void)fflush(NULL); /* what is buffered is written once */
    child = fork();
    if (child < 0) {
        return AKT_EIO;
    }
    if (child == 0) {
        live(x, work, arg, silent);
    }
    AKT_TRY(wait_for(child, &status));
    if (status != 0) {
        crashed(x, status);
    }
    return AKT_OK;
}
