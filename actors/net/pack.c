/* SPDX-License-Identifier: MIT */
/* Batches that their senders fill, and that their receivers take apart. */
#include "actors/base/mutant.h"
#include "actors/core/send.h"
#include "actors/net/batch.h"
#include "actors/net/typed.h"

#include <string.h>

/* Of a message, or of all, so that the batch is no larger than a message may be. */
#define BYTES_MAX (AKT_MESSAGE_SIZE_MAX - 256)

static void
set_limit(akt_nng_packer *p)
{
    if (p->limit == 0) {
        p->limit = AKT_NNG_BATCH;
    } else if (p->limit > BYTES_MAX && !AKTI_MUTANT(pack_limit_believed)) {
        p->limit = BYTES_MAX;
    }
}

/* Where the next message of so many bytes goes, once it is known to fit. */
static akt_err
make_room(akt_nng_packer *p, size_t length, void **out_room)
{
    void *room;

    set_limit(p);
    if (length > BYTES_MAX) {
        return AKT_ESIZE;
    }
    if (!akti_batch_fits(p, length) && !AKTI_MUTANT(pack_beyond_limit)) {
        return AKT_EFULL;
    }
    room = akti_batch_room(p, length);
    if (room == NULL) {
        return AKT_ENOMEM;
    }
    *out_room = room;
    return AKT_OK;
}

akt_err
akt_nng_pack(akt_nng_packer *packer, akt_bytes bytes)
{
    void *room = NULL;

    AKT_TRY(make_room(packer, bytes.len, &room));
    if (bytes.len > 0) {
        memcpy(room, bytes.ptr, bytes.len);
    }
    akti_batch_add(packer, bytes.len);
    return AKT_OK;
}

akt_err
akti_nng_pack_message(akt_nng_packer *packer, const akti_message_arg *message,
                      akt_error *error)
{
    size_t length = 0;
    void *room = NULL;
    akt_err err;

    AKT_TRY(akti_typed_length(message, &length, error));
    err = make_room(packer, length, &room);
    if (err != AKT_OK) {
        return akt_error_set(error, err, NULL);
    }
    AKT_TRY(akti_typed_write(message, room, length, error));
    akti_batch_add(packer, length);
    return AKT_OK;
}

static struct akt_nng_batch
batch_of(akt_nng_packer *p)
{
    return (struct akt_nng_batch){.data = akti_batch_whole(p),
                                  .count = (uint32_t)p->count};
}

/* What was sent is no more in it. */
static akt_err
clear_sent(akt_nng_packer *p, akt_err err)
{
    if (err == AKT_OK || AKTI_MUTANT(pack_lost_on_error)) {
        akti_batch_clear(p);
    }
    return err;
}

akt_err
akt_nng_packer_send(akt_self *self, akt_nng_packer *packer, akt_ref to)
{
    struct akt_nng_batch batch;

    if (packer->count == 0) {
        return AKT_OK;
    }
    batch = batch_of(packer);
    return clear_sent(packer, akti_send(self, to, &akt_nng_batch_type, &batch));
}

akt_err
akt_nng_packer_send_within(akt_self *self, uint64_t timeout_ns,
                           akt_nng_packer *packer, akt_ref to)
{
    struct akt_nng_batch batch;

    if (packer->count == 0) {
        return AKT_OK;
    }
    batch = batch_of(packer);
    return clear_sent(packer, akti_send_within(self, to, timeout_ns,
                                               &akt_nng_batch_type, &batch));
}

void
akt_nng_packer_fini(akt_nng_packer *packer)
{
    akti_batch_fini(packer);
}

bool
akt_nng_unpack(const struct akt_nng_batch *batch, size_t *at,
               akt_bytes *out_bytes)
{
    return akti_batch_next_at(batch->data, at, out_bytes);
}
