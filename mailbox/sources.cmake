# SPDX-License-Identifier: MIT
# Every .c file of mailbox/. To add a file, add a line.

list(APPEND AKT_SOURCES
    mailbox/format.c
    mailbox/mailbox.c
    mailbox/message.c
)
