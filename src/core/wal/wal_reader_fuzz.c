/*
 * Input: a byte that sizes the pieces, then WAL, which says itself where it begins. What is read in
 * pieces is what is read at once, to the same end; and the inside of a record is read whatever its
 * checksum says.
 */
#include "wal/wal_index.h"
#include "wal/wal_record.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SEGMENT = 1 << 24, PAGE = 8192 };

struct tally {
    guint64 sum, last;
    guint count;
};

static void tally(const struct wal_event *event, gpointer data)
{
    struct tally *seen = data;

    g_assert(event->lsn >= seen->last && event->end_lsn > event->lsn);
    g_assert((event->name != NULL) == (event->kind == WAL_RESTORE_POINT));
    seen->last = event->lsn;
    seen->sum = seen->sum * 31 + event->lsn + event->xid + (guint64) event->time_us;
    seen->count++;
}

static guint64 start_of(const uint8_t *data, size_t size)
{
    guint64 address = size >= 16 ? wal_get64(data + 8) : 0;

    return (address & G_MAXINT64 >> 1) / PAGE * PAGE;
}

static struct tally read_all(const uint8_t *data, size_t size, size_t piece, guint64 *ret_end)
{
    guint64 start = start_of(data, size);
    struct tally seen = {0, start, 0};
    AUTO(wal_reader) reader = wal_reader_new(start, SEGMENT, 0, tally, &seen);
    bool transaction = false;

    for (size_t at = 0; at < size; at += piece) {
        g_autoptr(GError) error = NULL;
        bool good = wal_reader_feed(reader, data + at, MIN(piece, size - at), &error);
        g_assert(good == (error == NULL));
        if (!good)
            break;
    }
    *ret_end = wal_reader_end(reader);
    g_assert(wal_reader_open(reader, &transaction) == 0 ||
             wal_reader_open(reader, &transaction) >= start);
    return seen;
}

static void read_inside(const uint8_t *data, size_t size)
{
    struct wal_event event = {.kind = WAL_COMMIT};

    for (int version = 14; version <= 18 && size >= WAL_RECORD_HEADER; version++) {
        g_autofree char *name = NULL;
        wal_record_read(data, data + WAL_RECORD_HEADER, size - WAL_RECORD_HEADER, version,
                        &event, &name);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    guint64 whole_end = 0, pieces_end = 0;

    if (size == 0)
        return 0;
    struct tally whole = read_all(data + 1, size - 1, size, &whole_end);
    struct tally pieces = read_all(data + 1, size - 1, data[0] + (size_t) 1, &pieces_end);
    g_assert(whole.count == pieces.count && whole.sum == pieces.sum && whole_end == pieces_end);
    read_inside(data + 1, size - 1);
    return 0;
}
