/* SPDX-License-Identifier: MIT */
/*
 * For builds that count coverage: a process that ends by these calls keeps what it
 * has counted. Children in which runs are explored, and checks that abort, would
 * else have reached nothing.
 */
#include <stdlib.h>

void __gcov_dump(void);
void __real__exit(int status) __attribute__((noreturn));
void __real__Exit(int status) __attribute__((noreturn));
void __real_abort(void) __attribute__((noreturn));
void __wrap__exit(int status) __attribute__((noreturn));
void __wrap__Exit(int status) __attribute__((noreturn));
void __wrap_abort(void) __attribute__((noreturn));

void
__wrap__exit(int status)
{
    __gcov_dump();
    __real__exit(status);
}

void
__wrap__Exit(int status)
{
    __gcov_dump();
    __real__Exit(status);
}

void
__wrap_abort(void)
{
    __gcov_dump();
    __real_abort();
}
