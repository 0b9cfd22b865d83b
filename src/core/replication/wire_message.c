#include "replication/wire_message.h"

#include <string.h>

enum { HEAD_BYTES = 5, LENGTH_BYTES = 4 };

static guint32 read32(const guint8 *bytes)
{
    guint32 value;

    memcpy(&value, bytes, sizeof value);
    return GUINT32_FROM_BE(value);
}

enum wire_state wire_message_take(const guint8 *bytes, gsize length,
                                  struct wire_message *ret_message, gsize *ret_taken)
{
    if (length < HEAD_BYTES)
        return WIRE_MORE;
    guint32 said = read32(bytes + 1);
    if (!g_ascii_isalnum(bytes[0]) || said < LENGTH_BYTES || said > WIRE_MOST)
        return WIRE_BROKEN;
    if (length < (gsize) said + 1)
        return WIRE_MORE;
    *ret_message = (struct wire_message){
        .type = (char) bytes[0], .body = bytes + HEAD_BYTES, .length = said - LENGTH_BYTES};
    *ret_taken = (gsize) said + 1;
    return WIRE_WHOLE;
}

GPtrArray *wire_message_row(const struct wire_message *message)
{
    g_autoptr(GPtrArray) row = g_ptr_array_new_with_free_func(g_free);
    const guint8 *at = message->body, *end = at + message->length;

    if (message->length < 2)
        return NULL;
    guint columns = (guint) at[0] << 8 | at[1];
    at += 2;
    for (guint i = 0; i < columns; i++) {
        if (end - at < LENGTH_BYTES)
            return NULL;
        guint32 length = read32(at);
        at += LENGTH_BYTES;
        if (length == G_MAXUINT32) {
            g_ptr_array_add(row, NULL);
            continue;
        }
        if ((gsize) (end - at) < length)
            return NULL;
        g_ptr_array_add(row, g_strndup((const char *) at, length));
        at += length;
    }
    return at == end ? g_steal_pointer(&row) : NULL;
}

const char *wire_message_field(const struct wire_message *message, char code)
{
    const char *at = (const char *) message->body, *end = at + message->length;

    while (at < end && *at != '\0') {
        char found = *at++;
        const char *zero = memchr(at, '\0', (gsize) (end - at));
        if (zero == NULL)
            return NULL;
        if (found == code)
            return at;
        at = zero + 1;
    }
    return NULL;
}
