/* SPDX-License-Identifier: MIT */
#include "actors/net/typed.h"

#include <stdlib.h>

/* States and messages are aligned so at most. */
#define ALIGN ((size_t)64)

akt_err
akti_typed_write(const akti_message_arg *message, void *room, size_t length,
                 akt_error *error)
{
    akt_wire_buffer buffer = {.ptr = room, .size = length};

    return akt_wire_encode(AKT_WIRE_NAMED, message->type, message->payload,
                           &buffer, error);
}

akt_err
akti_typed_packet(struct akti_socket *s, const akti_message_arg *message,
                  struct akti_packet *out, akt_error *error)
{
    size_t length = 0;
    void *room = NULL;
    akt_err err;

    AKT_TRY(akti_typed_length(message, &length, error));
    err = s->transport->packet_new(s->net, length, out, &room);
    if (err != AKT_OK) {
        return akt_error_set(error, err, NULL);
    }
    err = akti_typed_write(message, room, length, error);
    if (err != AKT_OK) {
        s->transport->packet_free(s->net, out);
    }
    return err;
}

akt_err
akti_typed_read(const struct akti_packet *p, const akt_type *type, void **out,
                akt_error *error)
{
    /* A signal has no struct; it gets a block all the same. */
    size_t size = (type->size + ALIGN) & ~(ALIGN - 1);
    void *message = aligned_alloc(ALIGN, size);
    akt_err err;

    if (message == NULL) {
        return akt_error_set(error, AKT_ENOMEM, NULL);
    }
    err = akt_wire_decode(AKT_WIRE_NAMED, type, akti_packet_bytes(p), message,
                          error);
    if (err != AKT_OK) {
        free(message);
        return err;
    }
    *out = message;
    return AKT_OK;
}

void
akti_typed_free(void *message)
{
    free(message);
}
