/*
 * A segment's file: its bytes in Zstandard frames, then its index in a skippable frame, so that
 * `zstd -dc` gives the segment and nothing else. Below repo_wal.h.
 */
#ifndef CORE_REPO_SEGMENT_H
#define CORE_REPO_SEGMENT_H

#include "repo/repo_wal.h"

/* The skippable frame of an index. Caller unrefs. */
GByteArray *segment_index_frame(const struct wal_index *index);

/* The index of a file, from its end alone. NULL with an error: there is none, or it is damaged. */
struct wal_index *segment_index_read(const struct repo_reader *file, GError **error);

/* ---- a segment that is there -------------------------------------------------------------- */

/* So many of a partial segment's first bytes are known to be durable, with their CRC-32C. */
struct segment_known {
    gsize length; /* 0: nobody has noted it */
    guint32 crc;
};

/* Opens its file. NULL with an error, also when *ret_missing (may be NULL). */
struct repo_reader *segment_file_open(const struct lineage *lineage,
                                      const struct repo_segment *segment, guint32 segment_bytes,
                                      bool *ret_missing, GError **error);

/* Of a partial one, as noted; of a complete one nothing needs to be. To be asked before it is
 * opened: it grows meanwhile. */
struct segment_known segment_known_of(const struct lineage *lineage,
                                      const struct repo_segment *segment,
                                      guint32 segment_bytes);

/* Reads an open file, which it takes. partial: an end that is cut off is no error, anything else
 * is. known: what must be there. More than segment_bytes is damage. */
struct segment_reader *segment_reader_new(struct repo_reader *file, bool partial,
                                          struct segment_known known, guint32 segment_bytes);

/* Begins once more. */
void segment_reader_rewind(struct segment_reader *reader);

/* Reads both to the end. False with an error when one of them is damaged, however much differs. */
bool segment_readers_same(struct segment_reader *one, struct segment_reader *other,
                          bool *ret_same, GError **error);

/* The first bytes alone; as many as there are, up to room. */
bool segment_beginning(const struct repo_reader *file, void *buffer, gsize room,
                       gsize *ret_length);

/* ---- a segment that arrives --------------------------------------------------------------- */

struct growing;

/* Begins at the segment's first byte. What an earlier partial file has stays until this one has as
 * much; the bytes must be the same. */
struct growing *growing_new(struct lineage *lineage, guint32 timeline, guint64 segment,
                            guint32 segment_bytes, int level, GError **error);

/* Takes and compresses. RUNBOOK_REFUSED: these are other bytes than those that arrived earlier. */
bool growing_put(struct growing *growing, const void *data, gsize length, GError **error);

/* What was put is durable, and readable by others, when it returns. */
bool growing_sync(struct growing *growing, GError **error);

/* All is there: durable under its own name. index NULL: it cannot be told. */
bool growing_end(struct growing *growing, const struct wal_index *index, GError **error);

gsize growing_length(const struct growing *growing);
void growing_free(struct growing *growing);
AUTO_DEFINE(growing, growing_free)

/* As noted. To be asked before the segment is opened: it grows meanwhile. */
struct segment_known segment_partial_known(const struct lineage *lineage, guint32 timeline,
                                           guint64 segment, guint32 segment_bytes);

/* Notes it; what was noted never becomes less. */
bool segment_partial_note(struct lineage *lineage, guint32 timeline, guint64 segment,
                          guint32 segment_bytes, struct segment_known known, GError **error);

void segment_partial_forget(struct lineage *lineage, guint32 timeline, guint64 segment,
                            guint32 segment_bytes);

/* Held by whoever may make or replace partial segments: a stream as long as it has a connection,
 * an archive_command for a moment. Waits so long at most. Negative with an error, RUNBOOK_CONNECT where another has it. */
int segment_partial_lock(const struct lineage *lineage, guint wait_ms, GError **error);
void segment_partial_unlock(int lock);

/* ---- a segment that is there and arrives once more ------------------------------------------ */

struct standing;

/* *ret_standing NULL: no complete one of that name is there. False with an error: it cannot be
 * read, and is not to be taken for stored. */
bool standing_find(struct lineage *lineage, guint32 timeline, guint64 segment,
                   guint32 segment_bytes, struct standing **ret_standing, GError **error);

/* Takes what arrives, from the segment's beginning on. RUNBOOK_REFUSED: what is stored has other
 * bytes there; another error: it is damaged. */
bool standing_put(struct standing *standing, const void *data, gsize length, GError **error);

/* What was put is durable, as it is stored, when it returns. */
bool standing_sync(struct standing *standing, GError **error);

/* The same, and all was put: it is whole. */
bool standing_end(struct standing *standing, GError **error);

void standing_free(struct standing *standing);
AUTO_DEFINE(standing, standing_free)

/* RUNBOOK_REFUSED: a complete one with other bytes is there. False. */
bool repo_another_segment(guint32 timeline, guint64 segment, guint32 segment_bytes,
                          GError **error);

/* The hint where the WAL of two servers of one cluster meets. */
#define REPO_TWO_SERVERS                                                                       \
    "two servers that write to one repository? Give one of them its own (archive_mode = off "  \
    "on a copy), and move the wrong one's files out: \"pgrunbook runbook backup\" says how"

/* ---- histories ---------------------------------------------------------------------------- */

/* The sealed copy of a history file, made where it is missing or another. */
bool repo_history_copy(struct lineage *lineage, const char *name, const guint8 *bytes,
                       gsize length, GError **error);

/* Where a later timeline that the repository knows leaves this one, behind from and up to to; the
 * last of several; 0: none does. */
guint64 repo_history_left(const struct lineage *lineage, guint32 timeline, guint64 from,
                          guint64 to);

/* ---- files and folders -------------------------------------------------------------------- */

/* DIR/SYSTEM/wal or, with a timeline, DIR/SYSTEM/wal/TTTTTTTT. Caller frees. */
char *segment_folder(const struct lineage *lineage, guint32 timeline);

/* The same, made where it is missing, durably. */
char *segment_folder_make(const struct lineage *lineage, guint32 timeline, GError **error);

/* "…/NAME.zst" or "…/NAME.partial.zst". Caller frees. */
char *segment_path(const struct lineage *lineage, guint32 timeline, guint64 segment,
                   guint32 segment_bytes, bool partial);

/* fsync of a file that another has written. */
bool segment_file_sync(const char *path, GError **error);

#endif
