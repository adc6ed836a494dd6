/* SPDX-License-Identifier: MIT */
/*
 * Sentences of errors: the way to a value is told from the steps that lie on the
 * stack, only when there is something to tell.
 */
#include "actors/net/wire.h"

#include <stdarg.h>
#include <stdio.h>

/* Appends to a path; what is too long is cut. */
static size_t append(char *path, size_t used, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static size_t
append(char *path, size_t used, const char *format, ...)
{
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(path + used, AKTI_WIRE_PATH_SIZE - used, format, args);
    va_end(args);
    used += n < 0 ? 0 : (size_t)n;
    return used < AKTI_WIRE_PATH_SIZE ? used : AKTI_WIRE_PATH_SIZE - 1;
}

/* There are at most as many steps as levels. */
static size_t
append_place(char *path, size_t used, const struct akti_wire_place *place)
{
    if (place == NULL) {
        return used;
    }
    used = append_place(path, used, place->up);
    if (place->field == NULL) {
        return append(path, used, ".?");
    }
    if (!place->indexed) {
        return append(path, used, ".%s", place->field->name);
    }
    return append(path, used, "[%u]", (unsigned)place->index);
}

void
akti_wire_path(const char *name, const struct akti_wire_place *place,
               char path[AKTI_WIRE_PATH_SIZE])
{
    (void)append_place(path, append(path, 0, "%s", name), place);
}

akt_err
akti_wire_refuse(const struct akti_wire_input *in,
                 const struct akti_wire_place *place, const unsigned char *at,
                 const char *format, ...)
{
    char path[AKTI_WIRE_PATH_SIZE];
    char reason[AKTI_WIRE_PATH_SIZE];
    va_list args;

    if (in->error == NULL) {
        return AKT_EFORMAT;
    }
    akti_wire_path(in->name, place, path);
    va_start(args, format);
    (void)vsnprintf(reason, sizeof(reason), format, args);
    va_end(args);
    return akt_error_set(in->error, AKT_EFORMAT, "%s at byte %zu: %s", path,
                         (size_t)(at - in->reader.begin), reason);
}

static const char *
item_name(const struct akti_cbor_item *item)
{
    static const char *const names[] = {
        [AKTI_CBOR_UINT] = "an integer", [AKTI_CBOR_NEGINT] = "an integer",
        [AKTI_CBOR_BYTES] = "bytes",     [AKTI_CBOR_TEXT] = "a text",
        [AKTI_CBOR_ARRAY] = "an array",  [AKTI_CBOR_MAP] = "a map",
        [AKTI_CBOR_TAG] = "a tag",       [AKTI_CBOR_BOOL] = "a bool",
        [AKTI_CBOR_FLOAT] = "a float",   [AKTI_CBOR_SIMPLE] = "a simple value",
    };

    return names[item->kind];
}

akt_err
akti_wire_unexpected(const struct akti_wire_input *in,
                     const struct akti_wire_place *place,
                     const unsigned char *at, const struct akti_cbor_item *item,
                     const char *wanted)
{
    return akti_wire_refuse(in, place, at, "%s where %s is expected",
                            item_name(item), wanted);
}

const char *
akti_wire_show(akt_text name, char shown[AKTI_WIRE_NAME_SIZE])
{
    size_t n =
        name.len < AKTI_WIRE_NAME_SIZE ? name.len : AKTI_WIRE_NAME_SIZE - 1;
    size_t i;

    for (i = 0; i < n; i++) {
        shown[i] = '?';
        if (name.ptr[i] >= ' ' && name.ptr[i] <= '~') {
            shown[i] = name.ptr[i];
        }
    }
    shown[n] = '\0';
    return shown;
}
