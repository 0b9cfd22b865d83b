/*
 * The WAL as a stream: pages, and the records that run over their borders. Every record's CRC is
 * computed while its bytes pass; only transaction ends and restore points are kept as a whole.
 * What is inside those is read by wal_record.c.
 */
#include "wal/wal_reader.h"

#include "error.h"
#include "wal/wal_crc.h"
#include "wal/wal_name.h"
#include "wal/wal_record.h"

#include <string.h>

enum {
    PAGE = 8192,
    SHORT_HEADER = 24,
    LONG_HEADER = 40,
    FIRST_IS_CONTINUED = 1,
    IS_LONG = 2,
    FIRST_IS_OVERWRITTEN = 8, /* the record that began before was given up after a crash */
    ALL_FLAGS = 15,
};

enum reading {
    READ_CARRIED, /* the rest of a record that began before we did */
    READ_RECORDS,
    READ_VOID, /* behind a switch, to the end of the segment */
    READ_OVER, /* zeroes: nothing was written here yet */
    READ_BROKEN,
};

struct wal_reader {
    guint64 position; /* of the next byte */
    guint64 end;      /* behind the last complete record */
    guint32 segment_bytes, timeline;
    guint64 system;
    void (*visit)(const struct wal_event *event, gpointer data);
    gpointer data;
    int version;
    enum reading state;
    bool begun; /* the first page's header was read */

    guint8 page[LONG_HEADER];
    guint page_have;

    guint64 carried, carried_left;
    bool anew;            /* what would have been carried was given up */
    bool cut;             /* what was carried was given up further on */
    guint64 before_first; /* the record before the first one */
    guint64 checked;      /* behind the last complete record */
    guint64 empty;        /* behind the switch; 0: none was met */

    guint8 head[WAL_RECORD_HEADER];
    guint32 have, total; /* bytes of the record that is being read; 0: none */
    guint64 record, previous;
    guint32 crc;
    GByteArray *body; /* of a record that is kept */
};

struct wal_reader *wal_reader_new(guint64 start, guint32 segment_bytes, guint64 system,
                                  void (*visit)(const struct wal_event *event, gpointer data),
                                  gpointer data)
{
    struct wal_reader *reader = g_new0(struct wal_reader, 1);

    reader->position = reader->end = start;
    reader->segment_bytes = segment_bytes;
    reader->system = system;
    reader->visit = visit;
    reader->data = data;
    reader->state = READ_RECORDS;
    reader->body = g_byte_array_new();
    return reader;
}

void wal_reader_free(struct wal_reader *reader)
{
    g_byte_array_unref(reader->body);
    g_free(reader);
}

G_GNUC_PRINTF(3, 4)
static bool broken(struct wal_reader *reader, GError **error, const char *format, ...)
{
    g_autofree char *where = wal_lsn_format(reader->position);
    g_autofree char *what = NULL;
    va_list arguments;

    va_start(arguments, format);
    what = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    reader->state = READ_BROKEN;
    runbook_error_set(error, RUNBOOK_FAILED, NULL, "no valid WAL at %s: %s", where, what);
    return false;
}

/* ---- pages -------------------------------------------------------------------------------- */

static bool at_segment(const struct wal_reader *reader, guint64 lsn)
{
    return lsn % reader->segment_bytes == 0;
}

static int version_of(guint16 magic)
{
    static const guint16 magics[] = {0xD10D, 0xD110, 0xD113, 0xD116, 0xD118};

    for (int i = 0; i < (int) G_N_ELEMENTS(magics); i++) {
        if (magics[i] == magic)
            return 14 + i;
    }
    return 0;
}

static bool check_long(struct wal_reader *reader, GError **error)
{
    guint64 system = wal_get64(reader->page + 24);
    guint32 segment_bytes = wal_get32(reader->page + 32);
    guint32 block = wal_get32(reader->page + 36);

    if (reader->system != 0 && system != reader->system)
        return broken(reader, error,
                      "it belongs to the system %" G_GUINT64_FORMAT
                      ", not to %" G_GUINT64_FORMAT,
                      system, reader->system);
    if (segment_bytes != reader->segment_bytes)
        return broken(reader, error, "its segments have %u bytes, not %u", segment_bytes,
                      reader->segment_bytes);
    if (block != PAGE)
        return broken(reader, error, "its pages have %u bytes, not %d", block, PAGE);
    return true;
}

static bool check_page(struct wal_reader *reader, guint64 lsn, GError **error)
{
    int version = version_of(wal_get16(reader->page));
    guint16 flags = wal_get16(reader->page + 2);
    guint32 timeline = wal_get32(reader->page + 4);
    guint64 address = wal_get64(reader->page + 8);

    if (version == 0 || (reader->version != 0 && version != reader->version))
        return broken(reader, error, "the page's magic is %04X", wal_get16(reader->page));
    if (address != lsn) {
        g_autofree char *other = wal_lsn_format(address);
        return broken(reader, error, "the page says it is that of %s", other);
    }
    if ((flags & ~ALL_FLAGS) != 0 || ((flags & IS_LONG) != 0) != at_segment(reader, lsn))
        return broken(reader, error, "the page's flags are %04X", flags);
    if (timeline == 0 || timeline < reader->timeline)
        return broken(reader, error, "the page is of timeline %u behind one of %u", timeline,
                      reader->timeline);
    reader->version = version;
    reader->timeline = MAX(reader->timeline, timeline);
    return (flags & IS_LONG) == 0 || check_long(reader, error);
}

/* What the page says about the record that runs into it must be what we know of it. */
static bool join_pages(struct wal_reader *reader, GError **error)
{
    guint16 flags = wal_get16(reader->page + 2);
    guint32 rest = flags & FIRST_IS_CONTINUED ? wal_get32(reader->page + 16) : 0;
    guint64 left = reader->state == READ_CARRIED ? reader->carried_left
                   : reader->have == 0           ? 0
                                                 : reader->total - reader->have;

    if (reader->have == 0 && !reader->begun && rest > 0) {
        reader->state = READ_CARRIED;
        reader->carried = reader->carried_left = rest;
        return true;
    }
    if (flags & FIRST_IS_OVERWRITTEN && rest == 0) {
        reader->anew |= !reader->begun;
        reader->cut |= reader->state == READ_CARRIED;
        reader->have = reader->total = 0;
        reader->carried_left = 0;
        reader->state = READ_RECORDS;
        return true;
    }
    if (rest != left)
        return broken(reader, error,
                      "the page goes on with %u bytes of a record, expected are "
                      "%" G_GUINT64_FORMAT,
                      rest, left);
    return true;
}

static bool take_page(struct wal_reader *reader, GError **error)
{
    guint64 lsn = reader->position - reader->page_have;

    reader->page_have = 0;
    if (reader->state == READ_OVER)
        return true;
    if (reader->state == READ_VOID) {
        if (!at_segment(reader, lsn))
            return true;
        reader->state = READ_RECORDS;
    }
    /* A page that nobody has written yet: the end of WAL. */
    if (reader->begun && wal_get16(reader->page) == 0 && wal_get64(reader->page + 8) == 0) {
        reader->state = READ_OVER;
        return true;
    }
    if (!check_page(reader, lsn, error) || !join_pages(reader, error))
        return false;
    reader->begun = true;
    return true;
}

static gsize feed_header(struct wal_reader *reader, const guint8 *bytes, gsize length,
                         bool *ret_good, GError **error)
{
    guint64 page = reader->position - reader->position % PAGE;
    guint size = at_segment(reader, page) ? LONG_HEADER : SHORT_HEADER;
    gsize take = MIN(length, size - reader->page_have);

    memcpy(reader->page + reader->page_have, bytes, take);
    reader->page_have += (guint) take;
    reader->position += take;
    *ret_good = reader->page_have < size || take_page(reader, error);
    return take;
}

/* ---- records ------------------------------------------------------------------------------ */

/* Behind a switch nothing stands up to the segment's end. */
static void pass_over(struct wal_reader *reader)
{
    reader->state = READ_VOID;
    reader->end = reader->position + reader->segment_bytes - 1 -
                  (reader->position + reader->segment_bytes - 1) % reader->segment_bytes;
}

static bool is_kept(const struct wal_reader *reader)
{
    return reader->have >= WAL_RECORD_HEADER && wal_record_kept(reader->head);
}

static bool end_record(struct wal_reader *reader, GError **error)
{
    guint32 crc = wal_crc(reader->crc, reader->head, WAL_RECORD_CRC);
    struct wal_event event = {.kind = WAL_COMMIT, .lsn = reader->record};
    g_autofree char *name = NULL;

    if (crc != wal_get32(reader->head + WAL_RECORD_CRC)) {
        g_autofree char *lsn = wal_lsn_format(reader->record);
        return broken(reader, error, "the record at %s has another checksum", lsn);
    }
    reader->previous = reader->record;
    reader->checked = reader->position;
    reader->end = (reader->position + 7) & ~(guint64) 7;
    reader->have = 0;
    event.end_lsn = reader->end;
    if (!wal_record_kept(reader->head))
        return true;
    if (!wal_record_read(reader->head, reader->body->data, reader->body->len, reader->version,
                         &event, &name)) {
        g_autofree char *lsn = wal_lsn_format(reader->record);
        return broken(reader, error, "the record at %s cannot be read", lsn);
    }
    if (event.kind == WAL_SWITCH) {
        reader->empty = reader->position;
        pass_over(reader);
        event.end_lsn = reader->end;
    }
    /* A page that a new timeline shares with the old one bears the old one's number. */
    reader->timeline = MAX(reader->timeline, event.timeline);
    event.timeline = reader->timeline;
    event.name = name;
    if (reader->visit != NULL)
        reader->visit(&event, reader->data);
    return true;
}

static bool check_record(struct wal_reader *reader, GError **error)
{
    guint64 previous = wal_get64(reader->head + 8);

    reader->crc = 0;
    g_byte_array_set_size(reader->body, 0);
    if (reader->previous != 0 ? previous != reader->previous : previous >= reader->record)
        return broken(reader, error, "the record does not follow the one before");
    /* Behind a record that was given up stands which one came before that. */
    if (reader->previous == 0 && !reader->cut)
        reader->before_first = previous;
    return reader->total > WAL_RECORD_HEADER || end_record(reader, error);
}

/* The first eight bytes stand on one page: records are aligned. */
static gsize begin_record(struct wal_reader *reader, const guint8 *bytes, gsize length,
                          bool *ret_good, GError **error)
{
    gsize take = MIN(length, WAL_RECORD_HEADER - reader->have);

    if (reader->have == 0)
        reader->record = reader->position;
    memcpy(reader->head + reader->have, bytes, take);
    reader->have += (guint32) take;
    reader->position += take;
    if (reader->have < 4)
        return take;
    reader->total = wal_get32(reader->head);
    if (reader->total == 0) {
        reader->have = 0;
        if (reader->previous == 0 && reader->empty != 0)
            pass_over(reader);
        else
            reader->state = READ_OVER;
    } else if (reader->total < WAL_RECORD_HEADER) {
        *ret_good = broken(reader, error, "a record of %u bytes", reader->total);
    } else if (reader->have == WAL_RECORD_HEADER) {
        *ret_good = check_record(reader, error);
    }
    return take;
}

static gsize feed_records(struct wal_reader *reader, const guint8 *bytes, gsize length,
                          bool *ret_good, GError **error)
{
    gsize padding = (gsize) (-reader->position & 7), take = 0;

    if (reader->have == 0 && padding > 0) {
        take = MIN(length, padding);
        reader->position += take;
        return take;
    }
    if (reader->have < WAL_RECORD_HEADER)
        return begin_record(reader, bytes, length, ret_good, error);
    take = MIN(length, reader->total - reader->have);
    reader->crc = wal_crc(reader->crc, bytes, take);
    if (is_kept(reader))
        g_byte_array_append(reader->body, bytes, (guint) take);
    reader->have += (guint32) take;
    reader->position += take;
    if (reader->have == reader->total)
        *ret_good = end_record(reader, error);
    return take;
}

/* A switch is a header alone, and says what it is in its last eight bytes: so it is known as well where
 * only these, or sixteen, stand behind the border, and nothing else does. */
static void end_carried(struct wal_reader *reader)
{
    reader->state = READ_RECORDS;
    reader->end = (reader->position + 7) & ~(guint64) 7;
    if (reader->carried < WAL_RECORD_HEADER && wal_record_switches(reader->head))
        reader->empty = reader->position;
}

static gsize feed_carried(struct wal_reader *reader, const guint8 *bytes, gsize length)
{
    gsize take = (gsize) MIN(length, reader->carried_left);

    if (reader->carried < WAL_RECORD_HEADER)
        memcpy(reader->head + WAL_RECORD_HEADER - reader->carried_left, bytes, take);
    reader->position += take;
    reader->carried_left -= take;
    if (reader->carried_left == 0)
        end_carried(reader);
    return take;
}

bool wal_reader_feed(struct wal_reader *reader, const void *data, gsize length, GError **error)
{
    const guint8 *bytes = data;

    while (length > 0) {
        gsize in_page = reader->position % PAGE, take = 0;
        gsize header =
            at_segment(reader, reader->position - in_page) ? LONG_HEADER : SHORT_HEADER;
        bool good = true;

        if (reader->state == READ_BROKEN)
            return broken(reader, error, "reading has ended at an earlier fault");
        if (in_page < header) {
            take = feed_header(reader, bytes, length, &good, error);
        } else if (reader->state == READ_CARRIED) {
            take = feed_carried(reader, bytes, MIN(length, PAGE - in_page));
        } else if (reader->state == READ_RECORDS) {
            take = feed_records(reader, bytes, MIN(length, PAGE - in_page), &good, error);
        } else {
            take = MIN(length, PAGE - in_page);
            reader->position += take;
        }
        if (!good)
            return false;
        bytes += take;
        length -= take;
    }
    return true;
}

/* ---- what is known ------------------------------------------------------------------------ */

guint64 wal_reader_end(const struct wal_reader *reader)
{
    return reader->end;
}

guint64 wal_reader_position(const struct wal_reader *reader)
{
    return reader->position;
}

guint64 wal_reader_open(const struct wal_reader *reader, bool *ret_transaction)
{
    if (reader->have == 0 || (reader->state != READ_RECORDS && reader->state != READ_OVER))
        return 0;
    *ret_transaction = reader->have < WAL_RECORD_HEADER || wal_record_marks(reader->head);
    return reader->record;
}

guint64 wal_reader_carried(const struct wal_reader *reader)
{
    return reader->carried;
}

guint64 wal_reader_checked(const struct wal_reader *reader)
{
    return reader->checked;
}

void wal_reader_join(const struct wal_reader *reader, struct wal_join *ret_join)
{
    bool open = reader->have > 0;

    *ret_join = (struct wal_join){
        .anew = reader->anew,
        .carried = reader->carried,
        .previous = reader->before_first,
        .last = open ? reader->record : reader->previous,
        .left = open ? reader->total - reader->have : reader->carried_left,
    };
}

bool wal_join_fits(const struct wal_join *first, const struct wal_join *second)
{
    if (second->anew)
        return true;
    if (second->carried != first->left)
        return false;
    return second->previous == 0 || first->last == 0 || second->previous == first->last;
}

guint32 wal_reader_timeline(const struct wal_reader *reader)
{
    return reader->timeline;
}

int wal_reader_version(const struct wal_reader *reader)
{
    return reader->version;
}

guint64 wal_reader_empty(const struct wal_reader *reader)
{
    return reader->state == READ_VOID ? reader->empty : 0;
}

bool wal_reader_switched(const struct wal_reader *reader)
{
    return reader->state == READ_VOID;
}

bool wal_reader_over(const struct wal_reader *reader)
{
    return reader->state == READ_OVER;
}
