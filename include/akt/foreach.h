/* SPDX-License-Identifier: MIT */
/**
 * @file foreach.h
 * @brief Preprocessor plumbing of the declaring macros. Nothing to call.
 *
 * C has no loop over macro arguments. `AKTI_EACH(op, ctx, ...)` applies
 * `op(ctx, argument)` to each of 1 to 32 arguments; `AKTI_MANY(...)` is `MANY`
 * or `ONE`, by which a macro tells a bare type name from one with fields.
 */
#ifndef AKT_FOREACH_H
#define AKT_FOREACH_H

#define AKTI_CAT_(a, b) a##b
#define AKTI_CAT(a, b) AKTI_CAT_(a, b)
#define AKTI_UNWRAP(...) __VA_ARGS__

/* clang-format off */
#define AKTI_PICK( \
    a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, \
    a17, a18, a19, a20, a21, a22, a23, a24, a25, a26, a27, a28, a29, a30, \
    a31, a32, a33, a34, a35, a36, a37, a38, a39, a40, a41, a42, a43, a44, \
    a45, a46, a47, a48, a49, a50, a51, a52, a53, a54, a55, a56, a57, a58, \
    a59, a60, a61, a62, a63, a64, n, ...) n
#define AKTI_COUNT(...) AKTI_PICK(__VA_ARGS__, \
    64, 63, 62, 61, 60, 59, 58, 57, 56, 55, 54, 53, 52, 51, 50, 49, 48, 47, \
    46, 45, 44, 43, 42, 41, 40, 39, 38, 37, 36, 35, 34, 33, 32, 31, 30, 29, \
    28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12, 11, \
    10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)
#define AKTI_MANY(...) AKTI_PICK(__VA_ARGS__, \
    MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, \
    MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, \
    MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, \
    MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, \
    MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, \
    MANY, MANY, MANY, ONE, 0)

#define AKTI_EACH(op, ctx, ...) \
    AKTI_CAT(AKTI_EACH_, AKTI_COUNT(__VA_ARGS__))(op, ctx, __VA_ARGS__)
#define AKTI_EACH_1(op, ctx, e) op(ctx, e)
#define AKTI_EACH_2(op, ctx, e, ...) \
    op(ctx, e) AKTI_EACH_1(op, ctx, __VA_ARGS__)
#define AKTI_EACH_3(op, ctx, e, ...) \
    op(ctx, e) AKTI_EACH_2(op, ctx, __VA_ARGS__)
#define AKTI_EACH_4(op, ctx, e, ...) \
    op(ctx, e) AKTI_EACH_3(op, ctx, __VA_ARGS__)
#define AKTI_EACH_5(op, ctx, e, ...) \
    op(ctx, e) AKTI_EACH_4(op, ctx, __VA_ARGS__)
#define AKTI_EACH_6(op, ctx, e, ...) \
    op(ctx, e) AKTI_EACH_5(op, ctx, __VA_ARGS__)
#define AKTI_EACH_7(op, ctx, e, ...) \
    op(ctx, e) AKTI_EACH_6(op, ctx, __VA_ARGS__)
#define AKTI_EACH_8(op, ctx, e, ...) \
    op(ctx, e) AKTI_EACH_7(op, ctx, __VA_ARGS__)
#define AKTI_EACH_9(op, ctx, e, ...) \
    op(ctx, e) AKTI_EACH_8(op, ctx, __VA_ARGS__)
#define AKTI_EACH_10(op, ctx, e, ...) \
    op(ctx, e) AKTI_EACH_9(op, ctx, __VA_ARGS__)
#define AKTI_EACH_11(op, ctx, e, ...) \
    op(ctx, e) AKTI_EACH_10(op, ctx, __VA_ARGS__)
#define AKTI_EACH_12(op, ctx, e, ...) \
    op(ctx, e) AKTI_EACH_11(op, ctx, __VA_ARGS__)
#define AKTI_EACH_13(op, ctx, e, ...) \
    op(ctx, e) AKTI_EACH_12(op, ctx, __VA_ARGS__)
#define AKTI_EACH_14(op, ctx, e, ...) \
    op(ctx, e) AKTI_EACH_13(op, ctx, __VA_ARGS__)
#define AKTI_EACH_15(op, ctx, e, ...) \
    op(ctx, e) AKTI_EACH_14(op, ctx, __VA_ARGS__)
#define AKTI_EACH_16(op, ctx, e, ...) \
    op(ctx, e) AKTI_EACH_15(op, ctx, __VA_ARGS__)
#define AKTI_EACH_17(op, ctx, e, ...) \
    op(ctx, e) AKTI_EACH_16(op, ctx, __VA_ARGS__)
#define AKTI_EACH_18(op, ctx, e, ...) \
    op(ctx, e) AKTI_EACH_17(op, ctx, __VA_ARGS__)
#define AKTI_EACH_19(op, ctx, e, ...) \
    op(ctx, e) AKTI_EACH_18(op, ctx, __VA_ARGS__)
#define AKTI_EACH_20(op, ctx, e, ...) \
    op(ctx, e) AKTI_EACH_19(op, ctx, __VA_ARGS__)
#define AKTI_EACH_21(op, ctx, e, ...) \
    op(ctx, e) AKTI_EACH_20(op, ctx, __VA_ARGS__)
#define AKTI_EACH_22(op, ctx, e, ...) \
    op(ctx, e) AKTI_EACH_21(op, ctx, __VA_ARGS__)
#define AKTI_EACH_23(op, ctx, e, ...) \
    op(ctx, e) AKTI_EACH_22(op, ctx, __VA_ARGS__)
#define AKTI_EACH_24(op, ctx, e, ...) \
    op(ctx, e) AKTI_EACH_23(op, ctx, __VA_ARGS__)
#define AKTI_EACH_25(op, ctx, e, ...) \
    op(ctx, e) AKTI_EACH_24(op, ctx, __VA_ARGS__)
#define AKTI_EACH_26(op, ctx, e, ...) \
    op(ctx, e) AKTI_EACH_25(op, ctx, __VA_ARGS__)
#define AKTI_EACH_27(op, ctx, e, ...) \
    op(ctx, e) AKTI_EACH_26(op, ctx, __VA_ARGS__)
#define AKTI_EACH_28(op, ctx, e, ...) \
    op(ctx, e) AKTI_EACH_27(op, ctx, __VA_ARGS__)
#define AKTI_EACH_29(op, ctx, e, ...) \
    op(ctx, e) AKTI_EACH_28(op, ctx, __VA_ARGS__)
#define AKTI_EACH_30(op, ctx, e, ...) \
    op(ctx, e) AKTI_EACH_29(op, ctx, __VA_ARGS__)
#define AKTI_EACH_31(op, ctx, e, ...) \
    op(ctx, e) AKTI_EACH_30(op, ctx, __VA_ARGS__)
#define AKTI_EACH_32(op, ctx, e, ...) \
    op(ctx, e) AKTI_EACH_31(op, ctx, __VA_ARGS__)
/* clang-format on */

#endif
