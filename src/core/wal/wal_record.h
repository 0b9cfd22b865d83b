/*
 * What stands in a WAL record: of the few kinds that a recovery can aim at. Pure.
 * src/include/access/xlogrecord.h, xact.h, src/backend/access/rmgrdesc/xactdesc.c.
 */
#ifndef CORE_WAL_RECORD_H
#define CORE_WAL_RECORD_H

#include "wal/wal_reader.h"

enum {
    WAL_RECORD_HEADER = 24,
    WAL_RECORD_CRC =
        20, /* where the checksum stands; the bytes before are covered by it, last */
};

guint16 wal_get16(const guint8 *bytes);
guint32 wal_get32(const guint8 *bytes);
guint64 wal_get64(const guint8 *bytes);

/* Whether the record of that header is one to be read, and one that recovery can stop at. */
bool wal_record_kept(const guint8 head[WAL_RECORD_HEADER]);
bool wal_record_marks(const guint8 head[WAL_RECORD_HEADER]);

/* Whether it is a switch to another segment; of the header its last eight bytes are enough. */
bool wal_record_switches(const guint8 head[WAL_RECORD_HEADER]);

/* Fills kind, time, xid and (of a checkpoint or an end of recovery) timeline; *ret_name of a
 * restore point, caller frees. body: what follows the header. version: 14 to 18. False: this is no
 * such record. */
bool wal_record_read(const guint8 head[WAL_RECORD_HEADER], const guint8 *body, gsize length,
                     int version, struct wal_event *event, char **ret_name);

#endif
