// expect: account_class
/* SPDX-License-Identifier: MIT */
/* A spawn of a class that was never declared. */
#include "akt/akt.h"

akt_err make(akt_self *self, akt_ref *out);

akt_err
make(akt_self *self, akt_ref *out)
{
#ifdef AKT_MUST_FAIL
    return akt_spawn(self, account, out);
#else
    *out = akt_self_ref(self);
    return AKT_OK;
#endif
}
