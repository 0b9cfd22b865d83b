/*
 * The repository's WAL: segments that are never overwritten, histories that are kept for ever, what
 * is there without a gap.
 *
 * A segment is its bytes in Zstandard frames, then a skippable frame with its wal_index, so that
 * `zstd -dc` gives the segment and nothing else.
 */
#ifndef CORE_REPO_WAL_H
#define CORE_REPO_WAL_H

#include "repo/repo.h"
#include "wal/wal_history.h"
#include "wal/wal_index.h"
#include "wal/wal_name.h"

/* A segment in the repository. */
struct repo_segment {
    guint32 timeline;
    guint64 segment;
    bool partial; /* it is still arriving: what is of it is durable */
    guint64 stored;
    guint32 segment_bytes; /* 0: to be looked up */
    guint64 end_lsn; /* of a partial one, once measured: behind its last complete record */
};

/* All of them by timeline and number, a partial one only where the complete one is not there. An
 * array of struct repo_segment; caller unrefs. */
GArray *lineage_segments(const struct lineage *lineage, GError **error);

/* Whether a complete one is among them. Pure. */
bool repo_segments_have(const GArray *segments, guint32 timeline, guint64 segment);

/* One of them, without a look at the others: a partial one is measured, where the complete one is not
 * there. False: neither is. */
bool lineage_segment_find(const struct lineage *lineage, guint32 timeline, guint64 segment,
                          guint32 segment_bytes, struct repo_segment *ret_segment);

/* Whether the segment has all that a backup needs of it which ends at stop_lsn. The last one may be
 * partial: on a standby, and on a server at rest, nobody completes it. Pure; a partial one must
 * have been measured. */
bool repo_segment_serves(const struct repo_segment *segment, guint64 stop_lsn);

/* Looks into the partial ones, to learn how far they go; 0: one cannot be read. */
void lineage_segments_measure(const struct lineage *lineage, GArray *segments);

/* The size of its segments, from what is stored; 0: there are none yet. False with an error: there
 * is something, and it cannot be read. */
bool lineage_segment_bytes(const struct lineage *lineage, guint32 *ret_size, GError **error);

/* Its index: as stored, or made from its bytes where it is partial or what is stored is damaged.
 * NULL with an error when the segment is damaged or not there. */
struct wal_index *lineage_segment_index(const struct lineage *lineage,
                                        const struct repo_segment *segment, GError **error);

/* Whether a partial segment has not even all yet that its timeline copies into its first one from its
 * parent, whose own file may have more of it. A recovery that took it would end there. One that has
 * all of that is the better one, also with nothing of its own: what the parent's has behind it is of
 * the timeline that was left. One that cannot be read does not count as such. */
bool lineage_segment_copies(const struct lineage *lineage, const struct repo_segment *segment);

/* Reads a segment a part at a time: what that takes of memory does not grow with
 * wal_segment_size. */
struct segment_reader;
enum { SEGMENT_PART = 1 << 18 }; /* a good size of a part */

/* As it stands now: one that was partial when it was listed may be complete. NULL with an error. */
struct segment_reader *lineage_segment_open(const struct lineage *lineage,
                                            const struct repo_segment *segment,
                                            guint32 segment_bytes, GError **error);

/* The next bytes: as many as there is room for, fewer at the end. *ret_length 0: that was all, and
 * all of it is as it was stored. Before that nothing that was read is known to be true. */
bool segment_reader_next(struct segment_reader *reader, void *buffer, gsize room,
                         gsize *ret_length, GError **error);

/* Reads the rest, to learn whether it is as it was stored. */
bool segment_reader_drain(struct segment_reader *reader, GError **error);

void segment_reader_free(struct segment_reader *reader);
AUTO_DEFINE(segment_reader, segment_reader_free)

/* Reads every byte of it: frames, index, page addresses, record checksums. *ret_usable (also on
 * failure): its WAL is whole, and only what stands beside it is not. */
bool lineage_segment_verify(const struct lineage *lineage, const struct repo_segment *segment,
                            bool *ret_usable, GError **error);

/* Removes it, the partial one beside it as well; what is not there is removed. Not yet durable: a segment that comes back with the power is harmless. */
bool lineage_segment_remove(struct lineage *lineage, const struct repo_segment *segment,
                            GError **error);

/* Removes what else stands before that segment: .backup files, files whose writer died. Removals
 * until now are durable when it returns. */
bool lineage_wal_tidy(struct lineage *lineage, guint64 first, GError **error);

enum repo_put { REPO_PUT_DONE, REPO_PUT_SAME, REPO_PUT_DIFFERENT, REPO_PUT_FAILED };

/* Stores a file of pg_wal: a segment, .partial, .history or .backup, as archive_command gives it.
 * Durable when it returns DONE or SAME. DIFFERENT: another content has that name, which stays;
 * FAILED and DIFFERENT with an error. What is inside is checked against the name. */
enum repo_put lineage_wal_put(struct lineage *lineage, const char *path, const char *name,
                              int level, GError **error);

/* The same for a history that a server has told. */
enum repo_put lineage_history_put(struct lineage *lineage, guint32 timeline, const char *text,
                                  gsize length, GError **error);

/* Removes what writers that died have left among the WAL. */
void lineage_wal_clean(const struct lineage *lineage);

/* The file of that name to path, as restore_command asks for it; a segment that is there only in
 * part is completed with zeroes. *ret_missing: it is not there, or of a partial one there is no more
 * than in the file of that name beside path, which would be replaced, or than its timeline's parent
 * has; false with an error: it is, and cannot be had. */
bool lineage_wal_get(const struct lineage *lineage, const char *name, const char *path,
                     bool *ret_missing, GError **error);

/* What is to be given in place of a segment that is missing, in which a timeline begins, where the file
 * of one that it left is there and goes on behind that place (an old primary that wrote on). A server asks
 * for that one next, and replays all of it: it is given what the two have in common, with zeroes behind.
 * *ret_missing: there is no such file, or what is beside path has as much; then an error need not be set. */
bool lineage_wal_get_common(const struct lineage *lineage, const char *name, const char *path,
                            bool *ret_missing, GError **error);

/* Whether the segment of that name, of which nothing is there, is missing between others: WAL behind it is
 * there, and a recovery that ends before it loses that. Then with an error that says so. */
bool lineage_wal_gap(const struct lineage *lineage, const char *name, GError **error);

/* The bytes of NNNNNNNN.history, of its copy where it is damaged. *ret_note (may be NULL, else NULL
 * before): which of the two is; caller frees both. NULL with an error, also when *ret_missing. */
char *repo_history_read(const struct lineage *lineage, const char *name, gsize *ret_length,
                        bool *ret_missing, char **ret_note, GError **error);

/* The path to a timeline. *ret_missing: its history file is not there. */
GArray *lineage_history(const struct lineage *lineage, guint32 timeline, bool *ret_missing,
                        GError **error);
guint32 lineage_newest_timeline(const struct lineage *lineage); /* 0: there is no WAL */

/* A stretch of WAL that is there in one piece on one timeline, up to what is durable. */
struct repo_range {
    guint32 timeline;
    guint64 first, last; /* segment numbers */
    guint64 end_lsn;     /* behind the last complete record */
    gint64 last_us;      /* the last commit or abort in it; 0: none found */
};

/* The stretches by timeline and number; two of one timeline have a gap between them. Pure apart
 * from reading the last segment of each. */
GArray *lineage_ranges(const struct lineage *lineage, GError **error);

/* WAL of a timeline was lost from an LSN on: what stands behind it cannot be reached from before.
 */
bool lineage_break(struct lineage *lineage, guint32 timeline, guint64 lsn, const char *text,
                   gint64 now_us, GError **error);
/* The LSN, the greatest of several; 0: it is whole. *ret_text (may be NULL): caller frees. */
guint64 lineage_broken(const struct lineage *lineage, guint32 timeline, char **ret_text);

#endif
