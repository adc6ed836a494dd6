// expect: euros
/* SPDX-License-Identifier: MIT */
/* A oneshot is completed by a field that its type does not have. */
#include "akt/akt.h"

#define BALANCE(F) F(i64, cents)
AKT_MESSAGE(balance, BALANCE);

akt_err finish(akt_self *self, akt_completer completer);

akt_err
finish(akt_self *self, akt_completer completer)
{
#ifdef AKT_MUST_FAIL
    return akt_complete(self, completer, balance, .euros = 5);
#else
    return akt_complete(self, completer, balance, .cents = 5);
#endif
}
