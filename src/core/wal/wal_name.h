/*
 * Names and positions of WAL: segments, timelines, LSNs. Pure.
 */
#ifndef CORE_WAL_NAME_H
#define CORE_WAL_NAME_H

#include <glib.h>
#include <stdbool.h>

enum { WAL_NAME_BYTES = 25 }; /* of a segment's name with its zero */

/* What a file in pg_wal or in the archive may be, by its name. */
enum wal_kind {
    WAL_SEGMENT,        /* 000000010000000000000003 */
    WAL_PARTIAL,        /* ….partial: the last one of a timeline that was left */
    WAL_HISTORY,        /* 00000002.history */
    WAL_BACKUP_HISTORY, /* ….00000028.backup */
    WAL_OTHER,
};

/* What a file name says; segment and timeline where it has them. The segment number is counted in
 * segments of that size from LSN 0. */
struct wal_name {
    enum wal_kind kind;
    guint32 timeline;
    guint64 segment;
};

/* segment_bytes: a power of two from 1 MiB to 1 GiB. */
struct wal_name wal_name_parse(const char *name, guint32 segment_bytes);
void wal_segment_name(guint32 timeline, guint64 segment, guint32 segment_bytes,
                      char ret_name[WAL_NAME_BYTES]);

/* "16/B374D848"; caller frees. And back; false for anything else. */
char *wal_lsn_format(guint64 lsn);
bool wal_lsn_parse(const char *text, guint64 *ret_lsn);

#endif
