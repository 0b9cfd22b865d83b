/* Records of the managers XLOG and Transaction. */
#include "wal/wal_record.h"

#include <string.h>

enum { MANAGER_XLOG = 0, MANAGER_TRANSACTION = 1 };

enum {
    XLOG_CHECKPOINT_SHUTDOWN = 0x00,
    XLOG_CHECKPOINT_ONLINE = 0x10,
    XLOG_SWITCH = 0x40,
    XLOG_RESTORE_POINT = 0x70,
    XLOG_END_OF_RECOVERY = 0x90,
};

enum {
    XACT_COMMIT = 0x00,
    XACT_ABORT = 0x20,
    XACT_COMMIT_PREPARED = 0x30,
    XACT_ABORT_PREPARED = 0x40,
    XACT_OPERATION = 0x70,
    XACT_HAS_INFO = 0x80,
};

/* What follows the time of a transaction's end, in this order. */
enum {
    INFO_DATABASE = 1 << 0,
    INFO_SUBTRANSACTIONS = 1 << 1,
    INFO_RELATIONS = 1 << 2,
    INFO_INVALIDATIONS = 1 << 3,
    INFO_TWO_PHASE = 1 << 4,
    INFO_DROPPED_STATISTICS = 1 << 8,
};

enum { BLOCK_SHORT = 255, BLOCK_LONG = 254, BLOCK_ORIGIN = 253, BLOCK_TOP_XID = 252 };

/* From 2000 to 1970, in microseconds. */
static const gint64 epoch_us = G_GINT64_CONSTANT(946684800000000);

guint16 wal_get16(const guint8 *bytes)
{
    guint16 value;

    memcpy(&value, bytes, sizeof value);
    return GUINT16_FROM_LE(value);
}

guint32 wal_get32(const guint8 *bytes)
{
    guint32 value;

    memcpy(&value, bytes, sizeof value);
    return GUINT32_FROM_LE(value);
}

guint64 wal_get64(const guint8 *bytes)
{
    guint64 value;

    memcpy(&value, bytes, sizeof value);
    return GUINT64_FROM_LE(value);
}

/* ---- which it is -------------------------------------------------------------------------- */

static guint8 manager_of(const guint8 *head)
{
    return head[17];
}

static guint8 operation_of(const guint8 *head)
{
    return manager_of(head) == MANAGER_TRANSACTION ? head[16] & XACT_OPERATION
                                                   : head[16] & 0xF0;
}

static bool ends_transaction(const guint8 *head)
{
    guint8 operation = operation_of(head);

    return manager_of(head) == MANAGER_TRANSACTION &&
           (operation == XACT_COMMIT || operation == XACT_ABORT ||
            operation == XACT_COMMIT_PREPARED || operation == XACT_ABORT_PREPARED);
}

bool wal_record_marks(const guint8 head[WAL_RECORD_HEADER])
{
    return ends_transaction(head) ||
           (manager_of(head) == MANAGER_XLOG && operation_of(head) == XLOG_RESTORE_POINT);
}

bool wal_record_switches(const guint8 head[WAL_RECORD_HEADER])
{
    return manager_of(head) == MANAGER_XLOG && head[16] == XLOG_SWITCH &&
           wal_get16(head + 18) == 0;
}

bool wal_record_kept(const guint8 head[WAL_RECORD_HEADER])
{
    guint8 operation = operation_of(head);

    return wal_record_marks(head) ||
           (manager_of(head) == MANAGER_XLOG &&
            (operation == XLOG_SWITCH || operation == XLOG_CHECKPOINT_SHUTDOWN ||
             operation == XLOG_CHECKPOINT_ONLINE || operation == XLOG_END_OF_RECOVERY));
}

/* ---- what is inside ----------------------------------------------------------------------- */

struct bytes {
    const guint8 *at;
    gsize left;
};

static bool skip(struct bytes *bytes, guint64 count)
{
    if (count > bytes->left)
        return false;
    bytes->at += count;
    bytes->left -= (gsize) count;
    return true;
}

static bool get32(struct bytes *bytes, guint32 *ret_value)
{
    if (bytes->left < 4)
        return false;
    *ret_value = wal_get32(bytes->at);
    return skip(bytes, 4);
}

static bool get_time(struct bytes *bytes, gint64 *ret_us)
{
    gint64 time = 0;

    if (bytes->left < 8)
        return false;
    time = (gint64) wal_get64(bytes->at);
    /* What the server's type can hold, and no overflow here. */
    *ret_us = CLAMP(time, -G_GINT64_CONSTANT(211813488000000000),
                    G_GINT64_CONSTANT(9223371331199999999) - epoch_us) +
              epoch_us;
    return skip(bytes, 8);
}

/* The record's own data, behind the headers. These kinds of records have no blocks. */
static bool main_data(struct bytes *bytes)
{
    while (bytes->left > 0) {
        guint8 id = *bytes->at;
        guint32 length = 0;

        if (!skip(bytes, 1))
            return false;
        if (id == BLOCK_SHORT && bytes->left >= 1) {
            length = *bytes->at;
            return skip(bytes, 1) && length == bytes->left;
        }
        if (id == BLOCK_LONG)
            return get32(bytes, &length) && length == bytes->left;
        if (!(id == BLOCK_ORIGIN && skip(bytes, 2)) && !(id == BLOCK_TOP_XID && skip(bytes, 4)))
            return false;
    }
    return true; /* no data at all: a switch */
}

/* A count, and so many things of a size. */
static bool skip_array(struct bytes *bytes, guint size)
{
    guint32 count = 0;

    return get32(bytes, &count) && skip(bytes, (guint64) count * size);
}

/* The xid of the transaction that was prepared: the record's own is that of COMMIT PREPARED. */
static bool read_prepared(struct bytes *bytes, guint32 info, int version, bool commit,
                          guint32 *ret_xid)
{
    if (info & INFO_DATABASE && !skip(bytes, 8))
        return false;
    if (info & INFO_SUBTRANSACTIONS && !skip_array(bytes, 4))
        return false;
    if (info & INFO_RELATIONS && !skip_array(bytes, 12))
        return false;
    if (info & INFO_DROPPED_STATISTICS && !skip_array(bytes, version >= 18 ? 16 : 12))
        return false;
    if (commit && info & INFO_INVALIDATIONS && !skip_array(bytes, 16))
        return false;
    return info & INFO_TWO_PHASE && get32(bytes, ret_xid);
}

static bool read_end(const guint8 *head, struct bytes *bytes, int version,
                     struct wal_event *event)
{
    guint8 operation = operation_of(head);
    bool commit = operation == XACT_COMMIT || operation == XACT_COMMIT_PREPARED;
    guint32 info = 0;

    event->kind = commit ? WAL_COMMIT : WAL_ABORT;
    event->xid = wal_get32(head + 4);
    if (!get_time(bytes, &event->time_us))
        return false;
    if (operation == XACT_COMMIT || operation == XACT_ABORT)
        return true;
    return head[16] & XACT_HAS_INFO && get32(bytes, &info) &&
           read_prepared(bytes, info, version, commit, &event->xid);
}

static bool read_point(struct bytes *bytes, struct wal_event *event, char **ret_name)
{
    event->kind = WAL_RESTORE_POINT;
    if (!get_time(bytes, &event->time_us))
        return false;
    *ret_name = g_strndup((const char *) bytes->at, bytes->left);
    return true;
}

bool wal_record_read(const guint8 head[WAL_RECORD_HEADER], const guint8 *body, gsize length,
                     int version, struct wal_event *event, char **ret_name)
{
    struct bytes bytes = {body, length};
    guint8 operation = operation_of(head);

    if (!main_data(&bytes))
        return false;
    if (ends_transaction(head))
        return read_end(head, &bytes, version, event);
    if (operation == XLOG_RESTORE_POINT)
        return read_point(&bytes, event, ret_name);
    if (operation == XLOG_SWITCH) {
        event->kind = WAL_SWITCH;
        return true;
    }
    event->kind = operation == XLOG_END_OF_RECOVERY ? WAL_END_OF_RECOVERY : WAL_CHECKPOINT;
    return skip(&bytes, 8) && get32(&bytes, &event->timeline);
}
