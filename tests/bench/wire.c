/* SPDX-License-Identifier: MIT */
/*
 * A message with an integer, a small one, a double and a text of 12 characters,
 * n times written and n times read, on one thread.
 */
#include "akt/wire.h"
#include "bench.h"

#define TRADE(F) F(u64, id) F(i32, count) F(f64, price) F(text, item)
AKT_MESSAGE(trade, TRADE);

/* The message changes each time, so that no compiler writes it once. */
static akt_err
encode(struct bench *bench, akt_wire_buffer *buffer)
{
    struct trade m = {
        .count = -1000, .price = 1234.56789, .item = AKT_TEXT("abcdefghijkl")};

    for (int64_t i = 0; i < bench->n; i++) {
        m.id = UINT64_C(0x123456789a) + (uint64_t)i;
        AKT_TRY(akt_wire_encode_as(AKT_WIRE_BARE, trade, &m, buffer, NULL));
    }
    return AKT_OK;
}

static akt_err
decode(struct bench *bench, akt_bytes bytes, uint64_t *sum)
{
    struct trade m;

    for (int64_t i = 0; i < bench->n; i++) {
        AKT_TRY(akt_wire_decode_as(AKT_WIRE_BARE, trade, bytes, &m, NULL));
        *sum += m.id + m.item.len;
    }
    return AKT_OK;
}

akt_err
bench_wire(struct bench *bench)
{
    unsigned char bytes[64];
    akt_wire_buffer buffer = {.ptr = bytes, .size = sizeof(bytes)};
    uint64_t sum = 0;
    double encoded_s;
    uint64_t id = UINT64_C(0x123456789a) + (uint64_t)bench->n - 1;

    report_begin(&bench->report);
    AKT_TRY(encode(bench, &buffer));
    report_end(&bench->report);
    encoded_s = bench->report.seconds;
    report_begin(&bench->report);
    AKT_TRY(decode(bench, (akt_bytes){bytes, buffer.length}, &sum));
    report_end(&bench->report);
    report_add(&bench->report, "bytes", (double)buffer.length);
    report_add(&bench->report, "encode_ns", encoded_s * 1e9 / (double)bench->n);
    report_add(&bench->report, "decode_ns",
               bench->report.seconds * 1e9 / (double)bench->n);
    return bench_expect("sum of what was read", sum,
                        (uint64_t)bench->n * (id + 12));
}
