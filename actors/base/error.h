/* SPDX-License-Identifier: MIT */
/* Errors as those who read a log want to have them. Any thread. */
#ifndef AKT_BASE_ERROR_H
#define AKT_BASE_ERROR_H

#include "akt/error.h"

/* Room for any label, with its NUL. */
#define AKTI_ERR_LABEL_SIZE 24

/* The name of an error; of one of the application's own also which: "AKT_EUSER + 5".
 * A static string, or `buffer`. */
const char *akti_err_label(akt_err err, char buffer[AKTI_ERR_LABEL_SIZE]);

#endif
