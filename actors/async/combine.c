/* SPDX-License-Identifier: MIT */
/* The rules by which several futures are one; see core/join.h. */
#include "akt/combine.h"

#include "actors/async/task.h"
#include "actors/base/mutant.h"
#include "actors/core/future.h"
#include "actors/core/join.h"
#include "actors/core/self.h"

#include <stdbool.h>

static bool
has_replied(const struct akti_slot *slot)
{
    return akti_cell_outcome(slot->cell) == AKT_REPLIED;
}

/* --- the rules --- */

static bool
end_well(akt_self *self, struct akti_join *join)
{
    return akti_join_end(self, join, AKT_REPLIED, AKT_OK, NULL);
}

static bool
all_ended(akt_self *self, struct akti_join *join, struct akti_slot *slot)
{
    if (!has_replied(slot)) {
        return akti_join_follow(self, slot);
    }
    return join->open == (AKTI_MUTANT(all_ends_early) ? 1 : 0)
           && end_well(self, join);
}

static bool
settled_ended(akt_self *self, struct akti_join *join, struct akti_slot *slot)
{
    (void)slot;
    return join->open == 0 && end_well(self, join);
}

static bool
any_ended(akt_self *self, struct akti_join *join, struct akti_slot *slot)
{
    bool decides =
        has_replied(slot) || join->open == 0 || AKTI_MUTANT(any_takes_errors);

    return decides && akti_join_follow(self, slot);
}

static bool
first_ended(akt_self *self, struct akti_join *join, struct akti_slot *slot)
{
    (void)join;
    return akti_join_follow(self, slot);
}

static const struct akti_rule rule_all = {.ended = all_ended,
                                          .keeps_all = true};
static const struct akti_rule rule_settled = {.ended = settled_ended,
                                              .keeps_all = true};
static const struct akti_rule rule_any = {.ended = any_ended};
static const struct akti_rule rule_first = {.ended = first_ended};

/* --- the calls --- */

struct parts {
    const akt_future *futures;
    size_t n;
};

static akt_err
combine(akt_self *self, const struct akti_rule *rule, struct parts parts,
        uint64_t due_ns, akt_future *out)
{
    struct akti_join *join = NULL;
    uint32_t i;

    if (out == NULL || (parts.futures == NULL && parts.n > 0)) {
        return AKT_EINVAL;
    }
    AKT_TRY(akti_join_new(self, rule, parts.n, due_ns, &join));
    for (i = 0; i < parts.n; i++) {
        akt_err err = akti_join_add(self, join, i, parts.futures[i]);

        if (err != AKT_OK) {
            akti_join_undo(self, join);
            return err;
        }
    }
    join->type =
        rule->keeps_all ? &akti_mixed_type : akti_join_common_type(join);
    akti_child_watch(self, join->cell);
    akti_join_begin(self, join, out);
    if (parts.n == 0) {
        (void)end_well(self, join);
    }
    return AKT_OK;
}

akt_err
akt_all(akt_self *self, const akt_future *futures, size_t n, akt_future *out)
{
    return combine(self, &rule_all, (struct parts){futures, n}, AKT_NEVER, out);
}

akt_err
akt_all_settled(akt_self *self, const akt_future *futures, size_t n,
                akt_future *out)
{
    return combine(self, &rule_settled, (struct parts){futures, n}, AKT_NEVER,
                   out);
}

akt_err
akt_any(akt_self *self, const akt_future *futures, size_t n, akt_future *out)
{
    return n > 0 ? combine(self, &rule_any, (struct parts){futures, n},
                           AKT_NEVER, out)
                 : AKT_EINVAL;
}

akt_err
akt_race(akt_self *self, const akt_future *futures, size_t n, akt_future *out)
{
    return n > 0 ? combine(self, &rule_first, (struct parts){futures, n},
                           AKT_NEVER, out)
                 : AKT_EINVAL;
}

akt_err
akt_timeout(akt_self *self, akt_future future, uint64_t timeout_ns,
            akt_future *out)
{
    if (timeout_ns == 0 || timeout_ns == AKT_NEVER) {
        return AKT_EINVAL;
    }
    return combine(self, &rule_first, (struct parts){&future, 1},
                   akti_future_due(self, timeout_ns), out);
}
