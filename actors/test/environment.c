/* SPDX-License-Identifier: MIT */
/* What the environment says about an exploration: see explore.h. */
#include "actors/test/explorer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static akt_err
wrong(struct akti_explorer *x, const char *name, const char *text)
{
    akti_say(x, "%s=%s: not understood; see akt/explore.h", name, text);
    return AKT_EINVAL;
}

static akt_err
read_number(struct akti_explorer *x, const char *name, uint64_t *out)
{
    const char *text = getenv(name);
    unsigned long long value;
    char *end;

    if (text == NULL) {
        return AKT_OK;
    }
    errno = 0;
    value = strtoull(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0 || *text == '-') {
        return wrong(x, name, text);
    }
    *out = value;
    return AKT_OK;
}

static akt_err
read_strategy(struct akti_explorer *x)
{
    const char *text = getenv("AKT_SIM_STRATEGY");
    unsigned i;

    if (text == NULL) {
        return AKT_OK;
    }
    for (i = AKT_SIM_FIFO; i <= AKT_SIM_STARVE; i++) {
        if (strcmp(text, akt_sim_strategy_name((akt_sim_strategy)i)) == 0) {
            x->opts.strategy = (akt_sim_strategy)i;
            x->strategy_from_environment = true;
            return AKT_OK;
        }
    }
    return wrong(x, "AKT_SIM_STRATEGY", text);
}

/* place:value,place:value; true when all of it was. */
static bool
parse_choices(const char *text, akt_sim_choices *to)
{
    while (*text != '\0') {
        char *end;
        unsigned long place = strtoul(text, &end, 10);
        unsigned long value;

        if (end == text || *end != ':' || place >= to->room) {
            return false;
        }
        text = end + 1;
        value = strtoul(text, &end, 10);
        if (end == text || value > UINT32_MAX
            || (*end != ',' && *end != '\0')) {
            return false;
        }
        to->list[place] = (uint32_t)value;
        to->count = place >= to->count ? place + 1 : to->count;
        text = *end == ',' ? end + 1 : end;
    }
    return true;
}

static akt_err
read_choices(struct akti_explorer *x)
{
    const char *text = getenv("AKT_SIM_CHOICES");

    if (text == NULL) {
        return AKT_OK;
    }
    x->given.list = calloc(AKTI_CHOICES_MAX, sizeof(*x->given.list));
    if (x->given.list == NULL) {
        return AKT_ENOMEM;
    }
    x->given.room = AKTI_CHOICES_MAX;
    if (strcmp(text, "fifo") != 0 && !parse_choices(text, &x->given)) {
        return wrong(x, "AKT_SIM_CHOICES", text);
    }
    return AKT_OK;
}

akt_err
akti_environment_read(struct akti_explorer *x)
{
    AKT_TRY(read_number(x, "AKT_SIM_SEEDS", &x->opts.seeds));
    if (getenv("AKT_SIM_SEED") != NULL) {
        AKT_TRY(read_number(x, "AKT_SIM_SEED", &x->opts.first_seed));
        x->opts.seeds = 1;
        x->one_seed = true;
    }
    AKT_TRY(read_strategy(x));
    return read_choices(x);
}

bool
akti_environment_skips(const struct akti_explorer *x)
{
    const char *name = getenv("AKT_SIM_NAME");

    return name != NULL
           && (x->opts.name == NULL || strcmp(name, x->opts.name) != 0);
}
