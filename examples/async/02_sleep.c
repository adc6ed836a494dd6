/* SPDX-License-Identifier: MIT */
/*
 * A function that waits is an ordinary function: it calls others that wait, has
 * locals, and returns. While it sleeps its worker runs other tasks.
 */
#include <akt/akt.h>

#include <stdio.h>

static akt_err
count_down(akt_self *self, int from)
{
    for (int i = from; i > 0; i--) {
        printf("%d\n", i);
        AKT_TRY(akt_sleep(self, AKT_MS(10)));
    }
    return AKT_OK;
}

static akt_err
run(akt_self *self, int argc, char **argv)
{
    uint64_t began = akt_now_ns(self);

    (void)argc;
    (void)argv;
    AKT_TRY(count_down(self, 3));
    AKT_TRY(akt_sleep_until(self, began + AKT_MS(50)));
    printf("it took %s\n", akt_now_ns(self) - began >= AKT_MS(50)
                               ? "at least 50 ms"
                               : "too little");
    return AKT_OK;
}

AKT_MAIN(run);
