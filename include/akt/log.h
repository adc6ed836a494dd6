/* SPDX-License-Identifier: MIT */
/**
 * @file log.h
 * @brief Logging through one hook, silent by default below warnings.
 *
 * The library writes no file and formats nothing that nobody reads: a message
 * below the system's level costs one comparison. Without a hook, warnings and
 * errors go to standard error, one line each.
 */
#ifndef AKT_LOG_H
#define AKT_LOG_H

#include "akt/export.h"

AKT_BEGIN_DECLS

/** How much a line matters. */
typedef enum akt_log_level {
    AKT_LOG_DEFAULT = 0, /**< in options: `AKT_LOG_WARNING` */
    AKT_LOG_DEBUG,       /**< for those who work on akt */
    AKT_LOG_INFO,        /**< ordinary events: started, stopped */
    AKT_LOG_WARNING,     /**< something is lost, late or refused */
    AKT_LOG_ERROR,       /**< the system can't do what it was asked to */
    AKT_LOG_OFF          /**< in options: nothing at all */
} akt_log_level;

/**
 * Receives one finished line, without a newline. Called from any thread, also
 * from several at once; must not call into the system that logs.
 */
typedef void akt_log_fn(akt_log_level level, const char *line, void *arg);

AKT_END_DECLS

#endif
