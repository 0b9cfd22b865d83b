/* For tests: WAL written by hand, page by page, in segments of 1 MiB where nothing else is said. */
#ifndef CORE_WAL_FIXTURE_H
#define CORE_WAL_FIXTURE_H

#include "wal/wal_crc.h"
#include "wal/wal_record.h"

#include <string.h>

enum { PAGE = 8192, MB = 1 << 20 };

static const guint64 system_id = G_GUINT64_CONSTANT(7123456789012345678);

struct writer {
    GByteArray *bytes;
    guint64 start, previous;
    guint16 magic;
    guint32 timeline;
    guint32 segment_bytes;
};

static inline guint64 position(const struct writer *writer)
{
    return writer->start + writer->bytes->len;
}

static inline void put(struct writer *writer, guint64 value, guint size)
{
    guint8 bytes[8];

    for (guint i = 0; i < size; i++)
        bytes[i] = (guint8) (value >> 8 * i);
    g_byte_array_append(writer->bytes, bytes, size);
}

static inline void put_page(struct writer *writer, guint32 rest, guint16 flags)
{
    guint64 lsn = position(writer);
    bool is_long = lsn % writer->segment_bytes == 0;

    put(writer, writer->magic, 2);
    put(writer, (guint64) (flags | (rest > 0 ? 1 : 0) | (is_long ? 2 : 0)), 2);
    put(writer, writer->timeline, 4);
    put(writer, lsn, 8);
    put(writer, rest, 4);
    put(writer, 0, 4);
    if (is_long) {
        put(writer, system_id, 8);
        put(writer, writer->segment_bytes, 4);
        put(writer, PAGE, 4);
    }
}

static inline void put_over_pages(struct writer *writer, const guint8 *bytes, guint32 length)
{
    while (length > 0) {
        guint32 room = PAGE - (guint32) (position(writer) % PAGE);
        guint32 take = MIN(length, room);

        if (room == PAGE) {
            put_page(writer, length, 0);
            continue;
        }
        g_byte_array_append(writer->bytes, bytes, take);
        bytes += take;
        length -= take;
    }
}

/* Returns where the record begins. */
static inline guint64 put_record(struct writer *writer, guint8 manager, guint8 info,
                                 guint32 xid, const GByteArray *data)
{
    struct writer record = {.bytes = g_byte_array_new()};
    guint64 lsn = 0;

    while (position(writer) % 8 != 0)
        put(writer, 0, 1);
    if (position(writer) % PAGE == 0)
        put_page(writer, 0, 0);
    lsn = position(writer);
    put(&record, WAL_RECORD_HEADER + 5 + data->len, 4);
    put(&record, xid, 4);
    put(&record, writer->previous, 8);
    put(&record, info, 1);
    put(&record, manager, 1);
    put(&record, 0, 6);
    put(&record, 254, 1);
    put(&record, data->len, 4);
    g_byte_array_append(record.bytes, data->data, data->len);
    guint32 crc = wal_crc(0, record.bytes->data + 24, record.bytes->len - 24);
    crc = GUINT32_TO_LE(wal_crc(crc, record.bytes->data, 20));
    memcpy(record.bytes->data + 20, &crc, 4);
    put_over_pages(writer, record.bytes->data, record.bytes->len);
    writer->previous = lsn;
    g_byte_array_unref(record.bytes);
    return lsn;
}

static inline guint64 put_filler(struct writer *writer, guint32 length)
{
    g_autoptr(GByteArray) data = g_byte_array_new();

    g_byte_array_set_size(data, length);
    memset(data->data, 'f', length);
    return put_record(writer, 10, 0, 5, data);
}

static inline guint64 put_end(struct writer *writer, guint8 info, guint32 xid, gint64 time_us)
{
    struct writer data = {.bytes = g_byte_array_new()};

    put(&data, (guint64) (time_us - G_GINT64_CONSTANT(946684800000000)), 8);
    if (info & 0x80) { /* a prepared one: database, a subtransaction, one invalidation */
        put(&data, 1 | 2 | (info == 0xB0 ? 8 : 0) | 16, 4);
        put(&data, 0, 8);
        put(&data, 1, 4);
        put(&data, 77, 4);
        if (info == 0xB0) {
            put(&data, 1, 4);
            put(&data, 0, 8);
            put(&data, 0, 8);
        }
        put(&data, xid, 4);
        xid = 9999;
    }
    guint64 lsn = put_record(writer, 1, info, xid, data.bytes);
    g_byte_array_unref(data.bytes);
    return lsn;
}

static inline guint64 put_point(struct writer *writer, const char *name, gint64 time_us)
{
    struct writer data = {.bytes = g_byte_array_new()};

    put(&data, (guint64) (time_us - G_GINT64_CONSTANT(946684800000000)), 8);
    g_byte_array_append(data.bytes, (const guint8 *) name, (guint) strlen(name));
    for (gsize i = strlen(name); i < 64; i++)
        put(&data, 0, 1);
    guint64 lsn = put_record(writer, 0, 0x70, 0, data.bytes);
    g_byte_array_unref(data.bytes);
    return lsn;
}

static inline struct writer writer_of(guint64 start, guint32 segment_bytes)
{
    struct writer writer = {g_byte_array_new(), start, start > 48 ? start - 48 : 0, 0xD110, 1,
                            segment_bytes};

    put_page(&writer, 0, 0);
    return writer;
}

static inline struct writer writer_at(guint64 start)
{
    return writer_of(start, MB);
}

/* Fills up to the end of the segment, and not a byte further, when what is there is aligned. */
static inline void put_rest(struct writer *writer)
{
    guint64 end = (position(writer) / writer->segment_bytes + 1) * writer->segment_bytes;

    while (position(writer) + 4 * PAGE < end)
        put_filler(writer, 5000);
    while (end - position(writer) > PAGE)
        put_filler(writer, 3);
    /* The last one begins where a writer at the end supposes it: 48 bytes before. Of a record 24 bytes
     * of header and 5 of its data's header are its own. */
    while (end - position(writer) > 128)
        put_filler(writer, 3);
    put_filler(writer, (guint32) (end - position(writer)) - 48 - 29);
    put_filler(writer, 48 - 29);
}

#endif
