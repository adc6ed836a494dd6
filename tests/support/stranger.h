/* SPDX-License-Identifier: MIT */
/*
 * A peer that is no socket of nng: a plain connection to where one listens, that
 * says whatever the test wants.
 */
#ifndef AKT_TESTS_SUPPORT_STRANGER_H
#define AKT_TESTS_SUPPORT_STRANGER_H

#include <stdbool.h>
#include <stddef.h>

/* What nng's own sockets say first. */
#define STRANGER_HELLO_SIZE 8
#define STRANGER_PUSH_HELLO "\0SP\0\0\x50\0\0"
#define STRANGER_REQ_HELLO "\0SP\0\0\x30\0\0"
#define STRANGER_REP_HELLO "\0SP\0\0\x31\0\0"

/* Connects to tcp://127.0.0.1:port; -1 with errno. */
int stranger_connect(const char *url);
/* Says it all; false when the other end has gone. */
bool stranger_say(int fd, const char *bytes, size_t size);
/* Reads until the other end closes; false if it has not in 20 s. */
bool stranger_hears_end(int fd);

#endif
