/*
 * What a segment holds, in short: kept behind each compressed segment in the repository, so that
 * the segments a target needs are known without reading any other. Pure, fuzzed.
 */
#ifndef CORE_WAL_INDEX_H
#define CORE_WAL_INDEX_H

#include "auto.h"
#include "wal/wal_reader.h"

#include <glib.h>
#include <stdbool.h>

struct wal_point {
    char *name;
    guint64 lsn, end_lsn;
    gint64 time_us;
};

struct wal_index {
    guint32 timeline;
    guint64 segment;
    guint32 segment_bytes;
    guint64 end_lsn;  /* behind the last complete record in it */
    guint64 open_lsn; /* of a record that goes on in the next one, perhaps a commit; 0: none */
    bool whole;       /* of a complete segment; false: of what has arrived so far */
    bool joined;      /* join is known: an index that was made before it was kept has none */
    struct wal_join join;
    guint commits, aborts;
    /* Of commits and aborts, as recovery compares them; lsn: where the record begins. */
    gint64 first_us, last_us; /* of the first and the last one in the order of the WAL */
    gint64 earliest_us, latest_us;
    guint64 first_lsn, last_lsn;
    guint32 first_xid, last_xid;     /* in the order of the WAL */
    guint32 lowest_xid, highest_xid; /* as plain numbers; the wrap is the reader's matter */
    GArray *points;                  /* of struct wal_point */
};

struct wal_index *wal_index_new(guint32 timeline, guint64 segment, guint32 segment_bytes);
void wal_index_free(struct wal_index *index);
AUTO_DEFINE(wal_index, wal_index_free)

/* Adds what the reader said of this segment: events that begin in it. */
void wal_index_add(struct wal_index *index, const struct wal_event *event);

/* The same, as a reader's visit with the index as its data. */
void wal_index_visit(const struct wal_event *event, gpointer index);

/* Notes what the reader knows where it stands now; whole: that was the segment's last byte. */
void wal_index_close(struct wal_index *index, const struct wal_reader *reader, bool whole);

/* The same behind the last of so many bytes that the reader was given from the segment's beginning.
 * False with an error: they are of a later timeline. */
bool wal_index_finish(struct wal_index *index, const struct wal_reader *reader, gsize length,
                      GError **error);

/* Reads a segment's bytes from its beginning (length: what there is of it) and makes its index.
 * system 0: any. NULL with an error where the bytes are no WAL, or of another place; of a timeline
 * they may be an ancestor's up to where it was left. */
struct wal_index *wal_index_of(const guint8 *bytes, gsize length, guint32 timeline,
                               guint64 segment, guint32 segment_bytes, guint64 system,
                               GError **error);

/* As JSON text, and back. Caller frees. */
char *wal_index_text(const struct wal_index *index);
struct wal_index *wal_index_parse(const char *text, gsize length, GError **error);

#endif
