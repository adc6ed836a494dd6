/* SPDX-License-Identifier: MIT */
#include "actors/base/overflow.h"

#include "actors/base/coro.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define LINE_SIZE 512
/* On top of what a signal frame needs, which grows with the processors. */
#define HANDLER_BYTES ((size_t)16 << 10)

#if defined(AKTI_STACK_ADDRESS_SANITIZER)                                      \
    || defined(AKTI_STACK_THREAD_SANITIZER)
#define HAS_OWN_REPORT 1
#else
#define HAS_OWN_REPORT 0
#endif

static pthread_once_t once = PTHREAD_ONCE_INIT;
static size_t page;
static struct sigaction segv_before;
static struct sigaction bus_before;

/* --- in the handler: only what is async-signal-safe --- */

struct line {
    char text[LINE_SIZE];
    size_t length;
};

static void
add(struct line *l, const char *text)
{
    while (*text != '\0' && l->length < LINE_SIZE) {
        l->text[l->length++] = *text++;
    }
}

static void
add_number(struct line *l, uintptr_t n, unsigned base)
{
    char digits[32];
    size_t i = sizeof(digits) - 1;

    digits[i] = '\0';
    do {
        digits[--i] = "0123456789abcdef"[n % base];
        n /= base;
    } while (n != 0);
    add(l, &digits[i]);
}

static void
report(const struct akti_coro *c)
{
    const char *low = c->stack->low - page;
    size_t size = (size_t)(c->stack->high - low); /* its top page may be less */
    struct line l = {.length = 0};

    add(&l, "akt: the stack of task ");
    add(&l, c->name != NULL ? c->name : "without a name");
    add(&l, " overflowed (");
    add_number(&l, (size + page - 1) & ~(page - 1), 10);
    add(&l, " bytes at 0x");
    add_number(&l, (uintptr_t)low, 16);
    add(&l, "; set a larger stack: akt_system_opts.task_stack)\n");
    if (write(STDERR_FILENO, l.text, l.length) < 0) {
        return; /* nobody reads it */
    }
}

/* Then the fault happens once more, and does what it did without us. */
static void
on_fault(int number, siginfo_t *info, void *context)
{
    const struct akti_coro *c = akti_coro_current;
    uintptr_t address = (uintptr_t)info->si_addr;
    bool is_sent = info->si_code <= 0;

    (void)context;
    if (!is_sent && c != NULL && address < (uintptr_t)c->stack->low
        && address >= (uintptr_t)c->stack->low - page) {
        report(c);
    }
    (void)sigaction(number, number == SIGSEGV ? &segv_before : &bus_before,
                    NULL);
    if (is_sent) {
        (void)raise(number);
    }
}

/* --- */

/* A sanitizer has a handler, which does not know of tasks: it comes second. */
static bool
is_mine_to_take(const struct sigaction *before)
{
    bool handled =
        (before->sa_flags & SA_SIGINFO) != 0 || before->sa_handler != SIG_DFL;

    return !handled || HAS_OWN_REPORT;
}

/* Only in the place of the default action. */
static void
install(int number, struct sigaction *before)
{
    struct sigaction action;

    (void)sigaction(number, NULL, before);
    if (!is_mine_to_take(before)) {
        return;
    }
    memset(&action, 0, sizeof(action));
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(number, &action, NULL);
}

static void
watch(void)
{
    page = (size_t)sysconf(_SC_PAGESIZE);
    install(SIGSEGV, &segv_before);
    install(SIGBUS, &bus_before);
}

void
akti_overflow_watch(void)
{
    (void)pthread_once(&once, watch);
}

akt_err
akti_overflow_begin(struct akti_overflow *o, struct akti_memory *memory)
{
    stack_t stack;

    memset(o, 0, sizeof(*o));
    if (sigaltstack(NULL, &stack) != 0 || (stack.ss_flags & SS_DISABLE) == 0) {
        return AKT_OK;
    }
    o->memory = memory;
    o->size = (size_t)SIGSTKSZ + HANDLER_BYTES;
    o->stack = akti_memory_alloc(memory, o->size, 64);
    if (o->stack == NULL) {
        return AKT_ENOMEM;
    }
    memset(&stack, 0, sizeof(stack));
    stack.ss_sp = o->stack;
    stack.ss_size = o->size;
    (void)sigaltstack(&stack, NULL);
    return AKT_OK;
}

void
akti_overflow_end(struct akti_overflow *o)
{
    stack_t none;

    if (o->stack == NULL) {
        return;
    }
    memset(&none, 0, sizeof(none));
    none.ss_flags = SS_DISABLE;
    (void)sigaltstack(&none, NULL);
    akti_memory_free(o->memory, o->stack, o->size, 64);
    o->stack = NULL;
}
