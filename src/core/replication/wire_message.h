/*
 * The messages of PostgreSQL's protocol as they stand in a buffer, version 3.0. Pure, fuzzed.
 */
#ifndef CORE_WIRE_MESSAGE_H
#define CORE_WIRE_MESSAGE_H

#include <glib.h>
#include <stdbool.h>

/* More than any message of a base backup; a longer one is no message. */
enum { WIRE_MOST = 1 << 20 };

/* Points into the buffer. */
struct wire_message {
    char type;
    const guint8 *body;
    gsize length; /* of the body */
};

enum wire_state {
    WIRE_WHOLE,
    WIRE_MORE,   /* the rest has not arrived */
    WIRE_BROKEN, /* what stands there is no message */
};

/* The message at the beginning of these bytes; *ret_taken gets its length in all. */
enum wire_state wire_message_take(const guint8 *bytes, gsize length,
                                  struct wire_message *ret_message, gsize *ret_taken);

/* The columns of a DataRow, NULL for null: an array of char *, with a free function; NULL when it is
 * malformed. Caller unrefs. */
GPtrArray *wire_message_row(const struct wire_message *message);

/* A field of an ErrorResponse or NoticeResponse ('M', 'C', 'V', 'H'); NULL: it has none. Points into
 * the message. */
const char *wire_message_field(const struct wire_message *message, char code);

#endif
