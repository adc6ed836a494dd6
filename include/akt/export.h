/* SPDX-License-Identifier: MIT */
/**
 * @file export.h
 * @brief Visibility, must-check results and C++ linkage. Nothing to call.
 */
#ifndef AKT_EXPORT_H
#define AKT_EXPORT_H

/** Marks what the library exports; everything else is hidden. */
#define AKT_API __attribute__((visibility("default")))

/** The caller must look at the result; `akt_ignore()` says "on purpose". */
#define AKT_NODISCARD __attribute__((warn_unused_result))

#ifdef __cplusplus
#define AKT_BEGIN_DECLS extern "C" {
#define AKT_END_DECLS }
#else
#define AKT_BEGIN_DECLS
#define AKT_END_DECLS
#endif

#endif
