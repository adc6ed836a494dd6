// expect: read-only|const-qualified
/* SPDX-License-Identifier: MIT */
/* What was expected is changed, though the probe has it. */
#include "akt/akt.h"
#include "akt/test.h"

#define NOTICE(F) F(i64, number)
AKT_MESSAGE(notice, NOTICE);

void change(akt_probe *probe);

void
change(akt_probe *probe)
{
#ifdef AKT_MUST_FAIL
    akt_expect(probe, AKT_MS(1), notice)->number = 1;
#else
    akt_expect(probe, AKT_MS(1), notice);
#endif
}
