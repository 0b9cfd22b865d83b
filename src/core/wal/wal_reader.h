/*
 * Reads WAL as a stream of bytes and says what happened in it: commits, aborts, restore points,
 * the switch to another segment. Pure, fuzzed; PostgreSQL 14 to 18 (the page magic tells which).
 * Formats: src/include/access/xlogrecord.h, xlog_internal.h, xact.h of each version.
 */
#ifndef CORE_WAL_READER_H
#define CORE_WAL_READER_H

#include "auto.h"

#include <glib.h>
#include <stdbool.h>

enum wal_event_kind {
    WAL_COMMIT, /* a prepared transaction's commit as well */
    WAL_ABORT,
    WAL_RESTORE_POINT,
    WAL_SWITCH,          /* the rest of the segment is empty */
    WAL_CHECKPOINT,      /* also at shutdown */
    WAL_END_OF_RECOVERY, /* the first record of a new timeline */
};

struct wal_event {
    enum wal_event_kind kind;
    guint64 lsn;     /* where the record begins: what recovery compares a target LSN with */
    guint64 end_lsn; /* the end of the record, aligned: where the next may begin */
    guint32 timeline;
    gint64 time_us;   /* of commits, aborts and restore points; microseconds since 1970 */
    guint32 xid;      /* of commits and aborts; of a prepared one the transaction's own */
    const char *name; /* of a restore point; valid during the call */
};

struct wal_reader;

/* start: an LSN at the beginning of a page, normally of a segment. A record that began before it
 * is passed over. visit gets each event in the order of the WAL. system: the identifier that every
 * long page header must have; 0: any. */
struct wal_reader *wal_reader_new(guint64 start, guint32 segment_bytes, guint64 system,
                                  void (*visit)(const struct wal_event *event, gpointer data),
                                  gpointer data);

/* Takes the bytes that follow. False with an error at the first byte that is no WAL: a wrong magic,
 * address, system identifier or CRC-32C. */
bool wal_reader_feed(struct wal_reader *reader, const void *data, gsize length, GError **error);

/* After an error or zeroes behind the end of WAL: where the last complete record ended. */
guint64 wal_reader_end(const struct wal_reader *reader);

/* Of the next byte to be fed. */
guint64 wal_reader_position(const struct wal_reader *reader);

/* The highest timeline that pages, checkpoints and ends of recovery have named; 0: none yet. */
guint32 wal_reader_timeline(const struct wal_reader *reader);

/* Whether zeroes were met where a record should have begun: the end of what was written. What
 * follows is passed over. */
bool wal_reader_over(const struct wal_reader *reader);

/* Where a record begins that is not complete yet; 0: none. *ret_transaction: it may be a commit,
 * an abort or a restore point (true as well while that cannot be told). */
guint64 wal_reader_open(const struct wal_reader *reader, bool *ret_transaction);

/* The record that began before start: how many of its bytes stood behind it. */
guint64 wal_reader_carried(const struct wal_reader *reader);

/* Behind the last record whose checksum was seen to be right, not aligned; 0: none was. */
guint64 wal_reader_checked(const struct wal_reader *reader);

/* How a stretch of WAL hangs together with what stands before and behind it. */
struct wal_join {
    bool anew;        /* the record that ran into it was given up after a crash */
    guint64 carried;  /* bytes of a record that began before */
    guint64 previous; /* where its first record says that the one before begins; 0: unknown, or
                         not the last that began before */
    guint64 last;     /* where the last record that begins in it does; 0: none does */
    guint64 left; /* bytes of the last record, or of the carried one, that stand behind it */
};

/* As far as it was read. */
void wal_reader_join(const struct wal_reader *reader, struct wal_join *ret_join);

/* Whether the second may be what follows the first, which was read to its end. Of the second not
 * more than its first page need have been read. */
bool wal_join_fits(const struct wal_join *first, const struct wal_join *second);

int wal_reader_version(const struct wal_reader *reader); /* 14 to 18; 0: no page read yet */
bool wal_reader_switched(
    const struct wal_reader *reader); /* behind a switch: the rest is void */

/* Where the void behind that switch begins; 0: not behind one. What a file holds there is no WAL, and
 * on a standby whose connection broke not the primary's zeroes either. */
guint64 wal_reader_empty(const struct wal_reader *reader);
void wal_reader_free(struct wal_reader *reader);
AUTO_DEFINE(wal_reader, wal_reader_free)

#endif
